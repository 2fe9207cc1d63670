#include "api/idempotency.h"

#include "api/headers.h"
#include "api/reply.h"
#include "api/worker.h"

/* A call with a key, in request memory. */
struct keyed {
    struct idempotency call;
    struct answer_get get;
    void (*next)(struct exchange *x);
};

/* --- the key */

/* The value of the one header, len 0 without it; ERR_INVALID: two of them. */
static int find_key(const struct http_head *head, struct str *ret_key, bool *ret_given)
{
    *ret_given = false;
    for (size_t i = 0; i < head->header_count; i++) {
        if (!str_eq_nocase(head->headers[i].name, STR("idempotency-key")))
            continue;
        if (*ret_given)
            return ERR_INVALID;
        *ret_given = true;
        *ret_key = head->headers[i].value;
    }
    return 0;
}

static bool is_key(struct str key)
{
    bool good = key.len > 0 && key.len <= IDEMPOTENCY_KEY_LONGEST;
    for (size_t i = 0; good && i < key.len; i++)
        good = key.p[i] > ' ' && key.p[i] < 0x7f;
    return good;
}

/* --- what is asked for, as a hash */

static void hash_text(struct digest *digest, struct str text)
{
    uint64_t len = text.len;
    digest_sha256_add(digest, &len, sizeof(len));
    digest_sha256_add(digest, text.p, text.len);
}

/* Every value begins with its type, so that no two trees give the same bytes. The nesting has a bound:
 * JSON_MAX_DEPTH. */
static void hash_value(struct digest *digest, const struct json *value)
{
    const char type = (char)json_type(value), end = '.';
    digest_sha256_add(digest, &type, 1);
    if (type == JSON_STRING)
        hash_text(digest, json_text(value));
    if (type == JSON_NUMBER) {
        double number = json_number(value);
        digest_sha256_add(digest, &number, sizeof(number));
    }
    for (const struct json *child = json_first(value); child; child = json_next(child)) {
        if (type == JSON_OBJECT)
            hash_text(digest, json_name(child));
        hash_value(digest, child);
    }
    digest_sha256_add(digest, &end, 1);
}

static bool is_signature(struct str name)
{
    return str_is(name, "token") || str_is(name, "createTime");
}

static int hash_call(const struct exchange *x, struct digest *digest, uint8_t ret_hash[SHA256_LEN])
{
    digest_sha256_begin(digest);
    hash_text(digest, x->http->head.method_text);
    hash_text(digest, x->http->head.query);
    if (x->body && json_type(x->body) == JSON_OBJECT) {
        for (const struct json *m = json_first(x->body); m; m = json_next(m)) {
            if (is_signature(json_name(m)))
                continue;
            hash_text(digest, json_name(m));
            hash_value(digest, m);
        }
    } else if (x->body) {
        hash_value(digest, x->body);
    }
    return digest_sha256_end(digest, ret_hash);
}

/* On the writer's thread: the worker does not touch the exchange until the store's letter is back. */
static struct str answer_early(struct store_call *call)
{
    struct exchange *x = call->owner;
    x->answer(x, call->result);
    x->answered = true;
    bool good = x->code == STATUS_OK && !x->reply.failed;
    return good ? (struct str){x->reply.data, x->reply.len} : (struct str){0}; /* a refusal */
}

int idempotency_read(struct exchange *x, struct digest *digest)
{
    struct str key;
    bool given;
    if (find_key(&x->http->head, &key, &given) < 0)
        return refuse_http(x, 400, "Idempotency-Key: sent twice");
    if (!given)
        return 0;
    if (!is_key(key))
        return refuse_http(x, 400, "Idempotency-Key: 1 to 255 visible ASCII characters expected");
    struct keyed *keyed = exchange_alloc(x, 1, sizeof(*keyed));
    if (!keyed)
        return reply_no_memory(x);
    struct idempotency *call = &keyed->call;
    call->tenant_id = x->tenant->id;
    call->route = x->route->path;
    call->key = key;
    call->answer = answer_early;
    if (hash_call(x, digest, call->hash) < 0)
        return refuse_http(x, 503, "out of memory, try again");
    x->idempotency = call;
    return 0;
}

/* --- its answer */

static void replay(struct exchange *x)
{
    buf_free(&x->reply);
    x->reply = x->idempotency->kept;
    x->http_status = 200;
    x->code = STATUS_OK;
    headers_add(x, "Idempotency-Replayed: true");
}

static void looked(struct store_call *call)
{
    struct exchange *x = call->owner;
    struct keyed *keyed = container_of(x->idempotency, struct keyed, call);
    if (keyed->call.replayed) {
        replay(x);
    } else if (call->result == ERR_CONFLICT || (call->result < 0 && x->http_status == 0)) {
        buf_free(&x->reply);
        (void)refuse_store(x, call->result);
    } else if (x->http_status == 0) {
        keyed->next(x);
        return;
    }
    exchange_finish(x);
}

void idempotency_look(struct exchange *x, void (*next)(struct exchange *x))
{
    struct keyed *keyed = container_of(x->idempotency, struct keyed, call);
    keyed->next = next;
    keyed->get =
        (struct answer_get){.call = {.home = x->worker->mailbox, .done = looked, .owner = x},
                            .idempotency = &keyed->call};
    store_answer_get(x->worker->reader, &keyed->get);
}

/* --- the write */

static void written(struct store_call *call)
{
    struct exchange *x = call->owner;
    bool replayed = x->idempotency && x->idempotency->replayed;
    if (replayed && call->result >= 0) {
        replay(x);
    } else if (!x->answered || call->result < 0) {
        if (replayed)
            buf_free(&x->idempotency->kept);
        buf_free(&x->reply);
        x->answer(x, call->result);
    }
    const struct api_settings *settings = &x->worker->shared->settings;
    if (x->wakes && call->result >= 0 && settings->wake)
        settings->wake(settings->wake_context);
    if (x->makes_actions && call->result >= 0 && settings->actions_made)
        settings->actions_made(settings->actions_context);
    exchange_finish(x);
}

void exchange_write(struct exchange *x, struct store_call *call,
                    void (*answer)(struct exchange *x, int result))
{
    x->answer = answer;
    *call = (struct store_call){
        .home = x->worker->mailbox, .done = written, .owner = x, .idempotency = x->idempotency};
}
