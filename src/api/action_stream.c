/* GET /wscrm-bus-api/open/action/stream: what is to happen on an agent's screen, as server-sent events. */
#include <stdio.h>
#include <stdlib.h>

#include "api/action_id.h"
#include "api/action_streams.h"
#include "api/headers.h"
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"

/* A client that was cut off comes again after it. */
#define RETRY_MS 3000
/* What was handed over may be replayed for so long. */
#define REPLAY_MS INT64_C(60000)
/* Names of sessions: "s" and 12 hexadecimal digits. */
#define SESSION_DIGITS 12
/* What is replayed at most: 64 events as long as they may be, which is more than the outbox holds. */
#define REPLAY_MAX (HTTP_STREAM_OUTBOX - 256)

struct stream_input {
    struct str agent;
};
static const struct input_field stream_fields[] = {
    {.name = "agentAccount",
     .type = INPUT_NAME,
     .offset = offsetof(struct stream_input, agent),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_USER_NAME,
     .longer = STATUS_ACTION_USER},
};
static const struct input_table stream_table = {stream_fields, 1, sizeof(struct stream_input),
                                                NULL};

struct opening {
    struct actions_take take;
    struct exchange *exchange;
    int64_t agent;
    bool is_new; /* its session */
    struct buf replay;
};

/* --- open --- */

static int parse_session(struct str text, int64_t *ret_session)
{
    int64_t session = 0;
    if (text.len != 1 + SESSION_DIGITS || text.p[0] != 's')
        return ERR_INVALID;
    for (size_t i = 1; i < text.len; i++) {
        int digit = hex_value(text.p[i]);
        if (digit < 0)
            return ERR_INVALID;
        session = session << 4 | digit;
    }
    if (session < 1 || session > ACTION_SESSION_MAX)
        return ERR_INVALID;
    *ret_session = session;
    return 0;
}

static int read_stream(struct exchange *x)
{
    const struct stream_input *input = x->input;
    struct opening *opening = exchange_alloc(x, 1, sizeof(*opening));
    if (!opening)
        return reply_no_memory(x);
    const struct agent *agent = tenant_agent(x->tenant, input->agent);
    if (!agent)
        return refuse(x, STATUS_ACTION_USER);
    opening->exchange = x;
    opening->agent = agent->id;
    buf_init(&opening->replay, REPLAY_MAX);
    x->state = opening;
    return 0;
}

static uint64_t hash_key(const struct tenant *tenant)
{
    return hash_bytes(tenant->api_key.p, tenant->api_key.len, (uint64_t)tenant->id);
}

static void on_closed(void *owner)
{
    struct action_stream *stream = owner;
    TAILQ_REMOVE(&stream->worker->streams, stream, beat);
    action_streams_remove(stream->worker->shared->settings.action_streams, stream);
    free(stream);
}

void action_stream_end(struct action_stream *stream)
{
    http_stream_close(stream->http);
    on_closed(stream);
}

static struct action_stream *new_stream(struct exchange *x, const struct opening *opening)
{
    struct action_stream *stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    stream->worker = x->worker;
    stream->tenant_id = x->tenant->id;
    stream->agent = opening->agent;
    stream->listener = action_listener(opening->take.session, opening->take.stream);
    stream->key_hash = hash_key(x->tenant);
    return stream;
}

/* A client that has seen nothing yet learns the name of its session, as what it saw last. */
static void greet(struct action_stream *stream, const struct opening *opening)
{
    char text[64];
    int64_t session = stream->listener >> ACTION_STREAM_BITS;
    int len = opening->is_new ? snprintf(text, sizeof(text), "retry: %d\nid: s%0*llx\n\n", RETRY_MS,
                                         SESSION_DIGITS, (unsigned long long)session)
                              : snprintf(text, sizeof(text), "retry: %d\n\n", RETRY_MS);
    (void)http_stream_write(stream->http, (struct str){text, (size_t)len});
    /* What is behind the outbox' size is replayed when the client comes again. */
    if (opening->replay.len)
        (void)http_stream_write(stream->http,
                                (struct str){opening->replay.data, opening->replay.len});
}

static void begin(struct action_stream *stream, struct opening *opening)
{
    const struct api_settings *settings = &stream->worker->shared->settings;
    stream->beat_ms = clock_mono_ms() + settings->action_heartbeat_ms;
    TAILQ_INSERT_TAIL(&stream->worker->streams, stream, beat);
    greet(stream, opening);
    buf_free(&opening->replay);
    if (settings->listener_came)
        settings->listener_came(settings->actions_context, stream->agent);
}

static void refuse_stream(struct exchange *x, int result)
{
    if (result == ERR_FULL)
        (void)refuse_http(x, 503, "too many streams are open, of an agent at most %d",
                          ACTION_STREAMS_OF_AGENT);
    else if (result == ERR_INVALID)
        (void)refuse_http(x, 400, "a stream is opened by GET, and nothing is sent behind it");
    else if (result == ERR_CLOSED)
        reply_nothing(x); /* to nobody */
    else
        (void)reply_no_memory(x);
}

static int open_stream(struct exchange *x, struct opening *opening)
{
    const struct api_settings *settings = &x->worker->shared->settings;
    struct action_stream *stream = new_stream(x, opening);
    if (!stream)
        return ERR_NOMEM;
    int result = action_streams_add(settings->action_streams, stream,
                                    (size_t)settings->http.max_connections / 2);
    if (result < 0) {
        free(stream);
        return result;
    }
    /* Nothing that the engine tells it arrives before this turn of the loop is over. */
    size_t before = x->headers_len;
    headers_add(x, "Content-Type: text/event-stream; charset=utf-8");
    headers_add(x, "Cache-Control: no-store");
    headers_add(x, "X-Accel-Buffering: no");
    result = exchange_stream(x, on_closed, stream, &stream->http);
    if (result < 0) {
        x->headers_len = before;
        action_streams_remove(settings->action_streams, stream);
        free(stream);
        return result;
    }
    action_streams_replace(settings->action_streams, stream);
    begin(stream, opening);
    return 0;
}

static void go_on(struct exchange *x, struct opening *opening)
{
    int result = 0;
    if (opening->take.session == 0) {
        uint64_t random;
        opening->is_new = true;
        result = random_bytes(&random, sizeof(random));
        opening->take.session = (int64_t)(random % (uint64_t)ACTION_SESSION_MAX) + 1;
    }
    if (result == 0)
        result = open_stream(x, opening);
    if (result == 0)
        return;
    buf_free(&opening->replay);
    refuse_stream(x, result);
    exchange_finish(x);
}

/* --- what its session was handed before --- */

/* On the writer's thread. */
static void each(struct actions_take *take, const struct action_event *event)
{
    struct buf *replay = &container_of(take, struct opening, take)->replay;
    size_t before = replay->len;
    action_event_add(replay, event);
    if (!replay->failed)
        return;
    replay->failed = false; /* it has no room: the events before it are whole */
    replay->len = before;
}

static void taken(struct store_call *call)
{
    struct exchange *x = call->owner;
    struct opening *opening = x->state;
    if (call->result == 0) {
        go_on(x, opening);
        return;
    }
    buf_free(&opening->replay);
    (void)refuse_store(x, call->result);
    exchange_finish(x);
}

/* What was handed over shortly before a restart counts from it: nobody could come again before. */
static int64_t replayed_after(const struct exchange *x)
{
    bool is_young = x->now_ms - x->worker->shared->start_ms < REPLAY_MS;
    return is_young ? 0 : x->now_ms - REPLAY_MS;
}

static void start_stream(struct exchange *x)
{
    struct opening *opening = x->state;
    struct actions_take *take = &opening->take;
    struct str last = http_header(&x->http->head, "last-event-id");
    take->stream = action_streams_number(x->worker->shared->settings.action_streams);
    if (parse_session(last, &take->session) < 0 && action_id_parse(last, &take->last) < 0) {
        go_on(x, opening);
        return;
    }
    take->call = (struct store_call){.home = x->worker->mailbox, .done = taken, .owner = x};
    take->tenant_id = x->tenant->id;
    take->agent = opening->agent;
    take->after_ms = replayed_after(x);
    take->each = each;
    store_actions_take(x->worker->shared->store, take);
}

const struct handler action_stream_open = {&stream_table, read_stream, start_stream};

/* --- heartbeats --- */

/* What opened it still holds. */
static bool is_allowed(const struct action_stream *stream, const struct tenants *tenants)
{
    const struct tenant *tenant = tenants_find(tenants, stream->tenant_id);
    return tenant && tenant->edition >= EDITION_PROFESSIONAL &&
           hash_key(tenant) == stream->key_hash && tenant_agent_by_id(tenant, stream->agent);
}

static void beat(struct action_stream *stream, const struct tenants *tenants, int64_t now_ms)
{
    struct worker *worker = stream->worker;
    if (!is_allowed(stream, tenants)) {
        action_stream_end(stream);
        return;
    }
    TAILQ_REMOVE(&worker->streams, stream, beat);
    TAILQ_INSERT_TAIL(&worker->streams, stream, beat);
    stream->beat_ms = now_ms + worker->shared->settings.action_heartbeat_ms;
    (void)http_stream_write(stream->http, STR(":\n\n"));
}

void action_streams_beat(struct worker *worker)
{
    struct action_stream *stream;
    int64_t now_ms = clock_mono_ms();
    if (TAILQ_EMPTY(&worker->streams))
        return;
    struct tenants *tenants = worker_tenants(worker);
    while ((stream = TAILQ_FIRST(&worker->streams)) && stream->beat_ms <= now_ms)
        beat(stream, tenants, now_ms);
    tenants_unref(tenants);
}
