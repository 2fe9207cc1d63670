#include "api/pipeline.h"

#include <assert.h>
#include <stdio.h>

#include "api/auth.h"
#include "api/headers.h"
#include "api/idempotency.h"
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"
#include "base/log.h"

/* --- the head: which row, and may its body come? --- */

static bool is_json_type(struct str type)
{
    struct str media = str_trim(str_split(&type, ';'));
    static const char *const known[] = {"application/json", "text/json"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (str_eq_nocase(media, str_of(known[i])))
            return true;
    struct str suffix = STR("+json");
    return media.len > suffix.len &&
           str_eq_nocase((struct str){media.p + media.len - suffix.len, suffix.len}, suffix);
}

static size_t body_limit(const struct api_settings *settings, enum body_class body)
{
    switch (body) {
    case BODY_LARGE: return settings->max_body_large;
    case BODY_IMPORT: return settings->max_body_import;
    default: return settings->max_body_small;
    }
}

static int refuse_method(struct exchange *x, const char *allow, const char **why)
{
    headers_add(x, "Allow: %s", allow);
    char *message = arena_printf(&x->http->arena, "method not allowed, allowed: %s", allow);
    *why = message ? message : "method not allowed";
    return 405;
}

/* Every request has one, also that of which no head could be read: its reply and its log line carry
 * an id. */
static struct exchange *exchange_new(struct worker *worker, struct http_request *request)
{
    struct exchange *x = arena_calloc(&request->arena, 1, sizeof(*x));
    if (!x)
        return NULL;
    x->http = request;
    x->worker = worker;
    if (!headers_begin(x))
        return NULL;
    request->owner = x;
    return x;
}

/* 0, or the HTTP status to refuse with. */
static int judge_head(struct exchange *x, const char **why)
{
    struct http_request *request = x->http;
    const struct http_head *head = &request->head;
    char allow[ROUTE_ALLOW_MAX];
    int status = route_find(head->method, head->path, &x->route, &x->parameter, allow);
    if (status == 405)
        return refuse_method(x, allow, why);
    if (status != 0) {
        *why = "no such path";
        return status;
    }
    struct str type = str_trim(http_header(head, "content-type"));
    bool has_body = head->chunked || head->content_length > 0;
    if (has_body && type.len > 0 && !is_json_type(type)) {
        *why = "Content-Type: application/json expected";
        return 415;
    }
    request->max_body = body_limit(&x->worker->shared->settings, x->route->body);
    return 0;
}

static int on_head(void *context, struct http_request *request, const char **why)
{
    struct exchange *x = exchange_new(context, request);
    if (x)
        return judge_head(x, why);
    *why = "out of memory, try again";
    return 503;
}

/* --- the front: from bytes to the handler's input --- */

static int parse_body(struct exchange *x)
{
    if (x->http->body.len == 0 || !x->route->handler->input)
        return 0;
    struct json_error error;
    int result = json_parse(x->http->body, JSON_MAX_VALUES, &x->json, &error);
    if (result == ERR_NOMEM)
        return reply_no_memory(x);
    if (result < 0)
        return refuse_http(x, 400, "body: %s at byte %zu", error.text, error.offset);
    x->body = json_root(x->json);
    return 0;
}

/* Failed authentications do not use up a tenant's allowance; too many from one address get 429. */
static int check_auth(struct exchange *x, struct digest *digest)
{
    struct shared *shared = x->worker->shared;
    int result = auth_check(x, digest, shared->zone);
    if (result < 0 && x->http_status == 200 && limit_failure(shared->limits, x->http->peer)) {
        buf_free(&x->reply);
        return refuse_http(x, 429, "request limit exceeded");
    }
    return result;
}

static int check_limit(struct exchange *x)
{
    if (x->tenant->rate_limit == 0)
        return 0;
    int result = limit_call(x->worker->shared->limits, x->tenant->id, route_index(x->route),
                            (uint32_t)x->tenant->rate_limit, &x->rate);
    if (result < 0)
        return refuse_http(x, 503, "the rate limit's table is full, try again");
    x->limited = true;
    return x->rate.accepted ? 0 : refuse_http(x, 429, "request limit exceeded");
}

/* The order of the checks stands here and nowhere else. It may run on a helper thread. */
static void pipeline_front(struct exchange *x, struct digest *digest)
{
    const struct handler *handler = x->route->handler;
    int result = parse_body(x);
    if (result == 0 && x->route->access == ACCESS_TENANT) {
        result = check_auth(x, digest);
        if (result == 0)
            result = check_limit(x);
        if (result == 0 && x->route->creates)
            result = idempotency_read(x, digest);
    }
    if (result == 0 && handler->input)
        result = input_read(x, handler->input);
    if (result == 0 && handler->read)
        result = handler->read(x);
    /* A refusal has set x->http_status; front_done() looks at that. */
    (void)result;
}

/* --- a large body that has just begun --- */

/* The first sign of a JSON text; 0: not there yet. */
static char first_sign(struct str text)
{
    text = str_trim(text);
    return text.len ? text.p[0] : '\0';
}

/* Only an object can sign itself, at its very end if it likes. All else is signed in the header, so a
 * stranger's megabytes need not be read to know him for one. */
static bool on_body(void *context, struct http_request *request)
{
    struct worker *worker = context;
    struct exchange *x = request->owner;
    const struct http_head *head = &request->head;
    char sign = first_sign(request->body);
    bool is_small = !head->chunked && head->content_length <= LARGE_BODY;
    if (is_small || x->route->access != ACCESS_TENANT || sign == '{' || sign == '\0')
        return true;
    x->now_ms = clock_real_ms();
    x->tenants = worker_tenants(worker);
    x->is_no_object = true;
    int result = check_auth(x, worker->digest);
    /* The client may be gone before the rest is there: nothing is held until then. */
    tenants_unref(x->tenants);
    x->tenants = NULL;
    x->tenant = NULL;
    return result == 0;
}

/* --- on the worker again --- */

static void go_on(struct exchange *x, void (*next)(struct exchange *x))
{
    if (x->http_status != 0)
        exchange_finish(x);
    else
        next(x);
}

static void run_front(struct job *job, struct digest *digest)
{
    pipeline_front(container_of(job, struct exchange, job), digest);
}

static void front_done(struct exchange *x)
{
    if (x->idempotency)
        idempotency_look(x, x->route->handler->start);
    else
        go_on(x, x->route->handler->start);
}

static void on_front_done(struct letter *letter)
{
    front_done(container_of(letter, struct exchange, job.letter));
}

static void run_work(struct job *job, struct digest *digest)
{
    (void)digest;
    struct exchange *x = container_of(job, struct exchange, job);
    x->work(x);
}

static void on_work_done(struct letter *letter)
{
    struct exchange *x = container_of(letter, struct exchange, job.letter);
    go_on(x, x->then);
}

static void help(struct exchange *x, bool large,
                 void (*run)(struct job *job, struct digest *digest),
                 void (*open)(struct letter *letter))
{
    x->job =
        (struct job){.letter.open = open, .home = x->worker->mailbox, .run = run, .large = large};
    if (helpers_submit(x->worker->shared->helpers, &x->job) < 0) {
        (void)refuse_http(x, 503, "busy, try again");
        exchange_finish(x);
    }
}

void exchange_help(struct exchange *x, void (*work)(struct exchange *x),
                   void (*then)(struct exchange *x))
{
    x->work = work;
    x->then = then;
    help(x, false, run_work, on_work_done);
}

static void ask_reader(void *context, struct store_reader *reader)
{
    struct exchange *x = context;
    x->read(x, reader);
}

static void run_read(struct job *job, struct digest *digest)
{
    (void)digest;
    struct exchange *x = container_of(job, struct exchange, job);
    slow_reads_run(x->worker->shared->slow_reads, ask_reader, x);
}

static void on_read_done(struct letter *letter)
{
    struct exchange *x = container_of(letter, struct exchange, job.letter);
    slow_reads_leave(x->worker->shared->slow_reads, x->tenant->id);
    exchange_finish(x);
}

void exchange_read(struct exchange *x,
                   void (*read)(struct exchange *x, struct store_reader *reader))
{
    x->read = read;
    x->job = (struct job){.letter.open = on_read_done, .home = x->worker->mailbox, .run = run_read};
    if (slow_reads_submit(x->worker->shared->slow_reads, x->tenant->id, &x->job) < 0) {
        (void)refuse_http(x, 503, "too many searches at once, try again");
        exchange_finish(x);
    }
}

static void on_request(void *context, struct http_request *request)
{
    struct worker *worker = context;
    struct exchange *x = request->owner;
    x->now_ms = clock_real_ms();
    x->tenants = worker_tenants(worker);
    worker->exchanges++;
    if (x->http_status != 0) { /* see on_body() */
        exchange_finish(x);
        return;
    }
    if (request->body.len > LARGE_BODY && x->route->handler->input) {
        x->large = true;
        help(x, true, run_front, on_front_done);
        return;
    }
    pipeline_front(x, worker->digest);
    front_done(x);
}

void *exchange_alloc(struct exchange *x, size_t count, size_t size)
{
    return arena_calloc(&x->http->arena, count, size);
}

/* What it holds beyond its request's memory. */
static void let_go(struct exchange *x)
{
    json_free(x->json);
    tenants_unref(x->tenants);
    if (x->large)
        helpers_release(x->worker->shared->helpers);
    x->worker->exchanges--;
}

int exchange_stream(struct exchange *x, void (*on_closed)(void *owner), void *owner,
                    struct http_stream **ret_stream)
{
    size_t before = x->headers_len;
    x->http_status = 200;
    headers_add_limit(x);
    struct str headers = {x->headers, x->headers_len};
    int result = http_stream_open(x->http, headers, on_closed, owner, ret_stream);
    if (result < 0) {
        x->headers_len = before;
        x->http_status = 0;
        return result;
    }
    x->code = STATUS_OK;
    let_go(x);
    return 0;
}

void exchange_finish(struct exchange *x)
{
    /* What creates goes through exchange_write(), or its key would not hold. */
    assert(!x->idempotency || x->code != STATUS_OK || x->answer || x->idempotency->replayed);
    if (x->reply.failed) {
        buf_free(&x->reply);
        (void)reply_no_memory(x);
    }
    headers_add_limit(x);
    let_go(x);
    struct buf body = x->reply;
    http_reply(x->http, x->http_status, (struct str){x->headers, x->headers_len}, &body);
}

static void write_error(void *context, struct http_request *request, int status, const char *why,
                        struct buf *out)
{
    struct exchange *x = request->owner ? request->owner : exchange_new(context, request);
    envelope_error(out, status, str_of(why));
    if (!x)
        return;
    x->code = status;
    request->extra_headers = (struct str){x->headers, x->headers_len};
}

/* --- log and counters --- */

static void count(struct worker *worker, const struct exchange *x)
{
    struct counters *counters = &worker->counters;
    if (!x || !x->route) {
        atomic_fetch_add_explicit(&counters->errors, 1, memory_order_relaxed);
        return;
    }
    size_t index = route_index(x->route);
    atomic_fetch_add_explicit(&counters->requests[index], 1, memory_order_relaxed);
    if (x->code != STATUS_OK)
        atomic_fetch_add_explicit(&counters->refused[index], 1, memory_order_relaxed);
}

static void log_field(struct buf *b, const char *name, int64_t value)
{
    buf_add_text(b, name);
    buf_add_i64(b, value);
}

static void log_request(struct worker *worker, const struct http_request *request, int status,
                        size_t bytes)
{
    const struct exchange *x = request->owner;
    struct buf *b = &worker->log;
    log_prefix(b, LOG_INFO, clock_real_ms());
    buf_add_text(b, "request");
    if (request->has_head) {
        buf_add_char(b, ' ');
        log_value(b, request->head.method_text);
        buf_add_char(b, ' ');
        log_value(b, request->head.path);
    }
    log_field(b, " status=", status);
    if (x) {
        log_field(b, " code=", x->code);
        log_field(b, " tenant=", x->tenant_id);
        buf_add_text(b, " id=");
        log_value(b, x->request_id);
    }
    log_field(b, " bytes=", (int64_t)bytes);
    if (request->has_head)
        log_field(b, " us=", clock_mono_us() - request->start_us);
    buf_add_text(b, " peer=");
    log_value(b, request->peer);
    buf_add_char(b, '\n');
}

static void on_replied(void *context, struct http_request *request, int status, size_t bytes)
{
    struct worker *worker = context;
    const struct exchange *x = request->owner;
    count(worker, x);
    enum request_log what =
        atomic_load_explicit(&worker->shared->request_log, memory_order_relaxed);
    bool is_error = status != 200 || (x && x->code != STATUS_OK);
    if (what == REQUEST_LOG_ALL || (what == REQUEST_LOG_ERRORS && is_error))
        log_request(worker, request, status, bytes);
}

struct http_handlers pipeline_handlers(struct worker *worker)
{
    return (struct http_handlers){
        .context = worker,
        .on_head = on_head,
        .on_body = on_body,
        .on_request = on_request,
        .write_error = write_error,
        .on_replied = on_replied,
    };
}
