/* POST /wscrm-bus-api/open/webhook/log, …/replay: what became of events, and trying them again. */
#include "api/page.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"
#include "store/webhooks.h"

#define REPLAY_MAX 1000

/* --- log --- */

struct log_input {
    struct input_integer id;
    struct str type, state;
    struct page_input page;
};

static const struct input_field log_fields[] = {
    {.name = "id",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct log_input, id),
     .min = 1,
     .max = JSON_MAX_INTEGER},
    {.name = "type", .type = INPUT_TEXT, .offset = offsetof(struct log_input, type), .longest = 32},
    {.name = "state",
     .type = INPUT_TEXT,
     .offset = offsetof(struct log_input, state),
     .longest = 32},
    PAGE_FIELDS(struct log_input, page),
};
static const struct input_table log_table = {log_fields, 5, sizeof(struct log_input), NULL};

/* A record has a URL, an error and little else; a quote takes two bytes. */
#define RECORD_LONGEST (2 * WEBHOOK_URL_LONGEST + 2048)

struct log_call {
    struct deliveries_page op;
    struct exchange *exchange;
    struct buf records; /* the total, which stands before them, comes last */
};

static const char *state_name(enum delivery_state state)
{
    return state == DELIVERY_DONE ? "done" : state == DELIVERY_PARKED ? "parked" : "pending";
}

static int read_state(struct str text, int *ret_state)
{
    static const enum delivery_state states[] = {DELIVERY_READY, DELIVERY_DONE, DELIVERY_PARKED};
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (str_is(text, state_name(states[i]))) {
            *ret_state = (int)states[i];
            return 0;
        }
    }
    return ERR_INVALID;
}

static int read_log(struct exchange *x)
{
    const struct log_input *input = x->input;
    struct log_call *call = exchange_alloc(x, 1, sizeof(*call));
    enum event_type type;
    if (!call)
        return reply_no_memory(x);
    call->op.type = call->op.state = -1;
    if (input->type.len > 0 && event_type_parse(input->type, &type) < 0)
        return refuse_http(x, 400, "type: customer, account, message, status or task expected");
    if (input->type.len > 0)
        call->op.type = (int)type;
    if (input->state.len > 0 && read_state(input->state, &call->op.state) < 0)
        return refuse_http(x, 400, "state: pending, done or parked expected");
    call->op.webhook = input->id.value;
    x->state = call;
    return 0;
}

static void show(struct deliveries_page *op, const struct delivery_entry *entry)
{
    struct buf *b = &container_of(op, struct log_call, op)->records;
    char event[EVENT_ID_MAX];
    event_id_text(entry->event, event);
    buf_add(b, ",", b->len > 0);
    buf_add_char(b, '{');
    buf_add_json_text(b, "eventId", str_of(event));
    buf_add_json_i64(b, "id", entry->webhook);
    buf_add_json_text(b, "type", str_of(event_type_name(entry->type)));
    buf_add_json_text(b, "url", entry->url);
    buf_add_json_text(b, "state", str_of(state_name(entry->state)));
    buf_add_json_i64(b, "tries", entry->tries);
    buf_add_json_i64(b, "lastStatus", entry->last_status);
    buf_add_json_text(b, "lastError", entry->last_error);
    buf_add_json_i64(b, "nextTime", entry->state == DELIVERY_READY ? entry->next_ms : 0);
    buf_add_json_i64(b, "time", entry->time_ms);
    buf_add_char(b, '}');
}

static void done_log(struct store_call *store_call)
{
    struct exchange *x = store_call->owner;
    struct log_call *call = x->state;
    const struct log_input *input = x->input;
    if (store_call->result < 0) {
        (void)refuse_store(x, store_call->result);
    } else if (call->records.failed) {
        (void)reply_no_memory(x);
    } else {
        struct buf *b = page_begin(x, &input->page, call->op.total);
        buf_add(b, call->records.data, call->records.len);
        page_end(x, (struct str){0});
    }
    buf_free(&call->records);
}

static void ask_log(struct exchange *x, struct store_reader *reader)
{
    const struct log_input *input = x->input;
    struct log_call *call = x->state;
    struct deliveries_page *op = &call->op;
    buf_init(&call->records, PAGE_MAX_SIZE * (size_t)RECORD_LONGEST);
    op->call = (struct store_call){.home = x->worker->mailbox, .done = done_log, .owner = x};
    op->tenant_id = x->tenant->id;
    op->skip = page_offset(&input->page);
    op->limit = page_size(&input->page);
    op->each = show;
    store_deliveries_page(reader, op);
}

static void start_log(struct exchange *x)
{
    struct log_call *call = x->state;
    call->op.deadline_us = clock_mono_us() + SLOW_READS_DEADLINE_US;
    exchange_read(x, ask_log);
}

const struct handler webhook_log = {&log_table, read_log, start_log};

/* --- replay --- */

struct replay_input {
    struct input_list events;
    struct input_integer id, from, to;
};

static const struct input_field replay_fields[] = {
    {.name = "eventIds",
     .type = INPUT_LIST,
     .offset = offsetof(struct replay_input, events),
     .longest = REPLAY_MAX,
     .longer = STATUS_DATA_SIZE},
    {.name = "id",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct replay_input, id),
     .min = 1,
     .max = JSON_MAX_INTEGER},
    {.name = "from",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct replay_input, from),
     .max = JSON_MAX_INTEGER},
    {.name = "to",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct replay_input, to),
     .max = JSON_MAX_INTEGER},
};
static const struct input_table replay_table = {replay_fields, 4, sizeof(struct replay_input),
                                                NULL};

static int read_events(struct exchange *x, struct deliveries_replay *op)
{
    const struct replay_input *input = x->input;
    int64_t *events = exchange_alloc(x, input->events.count, sizeof(*events));
    if (!events)
        return reply_no_memory(x);
    for (const struct json *item = input->events.first; item; item = json_next(item)) {
        if (json_type(item) != JSON_STRING ||
            event_id_parse(json_text(item), &events[op->count]) < 0)
            return refuse_http(x, 400, "eventIds[%zu]: an id such as evt_12 expected", op->count);
        op->count++;
    }
    op->events = events;
    return 0;
}

static int read_replay(struct exchange *x)
{
    const struct replay_input *input = x->input;
    struct deliveries_replay *op = exchange_alloc(x, 1, sizeof(*op));
    if (!op)
        return reply_no_memory(x);
    x->state = op;
    if ((input->events.count > 0) == input->id.given)
        return refuse_http(x, 400, "eventIds, or id with from and to, expected");
    op->webhook = input->id.value;
    op->from_ms = input->from.value;
    op->to_ms = input->to.given ? input->to.value : INT64_MAX;
    return input->id.given ? 0 : read_events(x, op);
}

static void answer_replay(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND) {
        (void)refuse_with(x, STATUS_REFUSED, "id: the tenant has no such webhook");
    } else if (result < 0) {
        (void)refuse_store(x, result);
    } else {
        buf_add_i64(reply_begin(x), result);
        reply_end(x);
    }
}

static void start_replay(struct exchange *x)
{
    struct deliveries_replay *op = x->state;
    op->tenant_id = x->tenant->id;
    op->now_ms = x->now_ms;
    exchange_write(x, &op->call, answer_replay);
    store_deliveries_replay(x->worker->shared->store, op);
}

const struct handler webhook_replay = {&replay_table, read_replay, start_replay};
