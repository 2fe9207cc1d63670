/* GET and POST /group-dispatch-api/gsTask/queryExecuteStatus: a task, what became of it, and of each of its
 * messages. */
#include "api/reply.h"
#include "api/task_json.h"
#include "api/worker.h"

#define ID_LONGEST 32
/* What a worker reads: 500 messages take 0.5 ms. Who asks for more than there are, as most do, is answered
 * by that; a longer answer is begun anew on a thread for slow reads. */
#define SHORT_PAGE 500

struct status_input {
    struct str task_id;
    struct input_integer current, size;
};

static const struct input_field status_fields[] = {
    {.name = "taskId",
     .type = INPUT_NAME,
     .offset = offsetof(struct status_input, task_id),
     .longest = ID_LONGEST},
    {.name = "current",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct status_input, current),
     .min = 1,
     .max = TASK_MAX_MESSAGES},
    {.name = "pageSize",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct status_input, size),
     .min = 1,
     .max = TASK_MAX_TARGETS},
};
static const struct input_table status_table = {status_fields, 3, sizeof(struct status_input),
                                                NULL};

/* The answer has events and messages in lists of their own, whichever are shown first. */
struct status_call {
    struct task_get op;
    struct exchange *exchange;
    struct buf events;
    size_t limit;  /* as asked for */
    int64_t total; /* messages of the task */
    bool is_slow;  /* it runs on a thread for slow reads */
};

static int read_status(struct exchange *x)
{
    const struct status_input *input = x->input;
    struct status_call *call = exchange_alloc(x, 1, sizeof(*call));
    if (!call)
        return reply_no_memory(x);
    call->exchange = x;
    call->limit = input->size.given ? (size_t)input->size.value : TASK_MAX_TARGETS;
    call->op.limit = call->limit < SHORT_PAGE ? call->limit : SHORT_PAGE;
    int64_t current = input->current.given ? input->current.value : 1;
    call->op.skip = (current - 1) * (int64_t)call->limit;
    x->state = call;
    return task_id_read(x, input->task_id, &call->op.task_id);
}

/* --- the answer */

static struct exchange *exchange_of(struct task_get *op)
{
    return container_of(op, struct status_call, op)->exchange;
}

static void show_task(struct task_get *op, const struct task *task)
{
    struct buf *b = reply_begin(exchange_of(op));
    container_of(op, struct status_call, op)->total = task->counts.total;
    buf_add_char(b, '{');
    task_json(b, task);
    buf_add_json_i64(b, "startTime", task->start_ms);
    buf_add_json_i64(b, "endTime", task->end_ms);
    buf_add_json_name(b, "info");
    buf_add_char(b, '[');
}

static void show_event(struct task_get *op, const struct task_event *event)
{
    struct buf *b = &container_of(op, struct status_call, op)->events;
    buf_add_text(b, b->len ? ",{" : "{");
    buf_add_json_i64(b, "time", event->time_ms);
    buf_add_json_i64(b, "from", event->from);
    buf_add_json_i64(b, "to", event->to);
    buf_add_json_text(b, "cause", event->cause);
    buf_add_char(b, '}');
}

static struct str reason_of(const struct task_message *message)
{
    return message->reason_text.len ? message->reason_text
                                    : str_of(message_reason_text(message->reason));
}

static void show_message(struct task_get *op, const struct task_message *message)
{
    struct buf *b = &exchange_of(op)->reply;
    buf_add_json_comma(b);
    buf_add_text(b, "{\"sendWhatsApp\":");
    reply_add_number(b, message->account);
    buf_add_json_name(b, "friendWhatsApp");
    reply_add_number(b, message->number);
    buf_add_json_text(b, "transId", message->trans_id);
    task_json_id(b, "msgId", message->id);
    buf_add_json_i64(b, "status", message_status_wire(message->status));
    buf_add_json_i64(b, "code", message->code);
    buf_add_json_text(b, "reason", reason_of(message));
    buf_add_json_i64(b, "sendTime", message->time_ms);
    buf_add_char(b, '}');
}

static void end(struct status_call *call)
{
    struct buf *b = &call->exchange->reply;
    buf_add_char(b, ']');
    buf_add_json_name(b, "events");
    buf_add_char(b, '[');
    buf_add(b, call->events.data, call->events.len);
    buf_add_text(b, "]}");
    b->failed |= call->events.failed;
    reply_end(call->exchange);
}

static bool is_cut(const struct status_call *call)
{
    return call->op.limit < call->limit && call->total > call->op.skip + (int64_t)call->op.limit;
}

static void ask(struct exchange *x, struct store_reader *reader);

static void ask_for_all(struct status_call *call)
{
    struct exchange *x = call->exchange;
    buf_free(&x->reply);
    buf_free(&call->events);
    x->http_status = x->code = 0;
    call->op.limit = call->limit;
    call->is_slow = true;
    exchange_read(x, ask);
}

static void done(struct store_call *store_call)
{
    struct status_call *call = store_call->owner;
    struct exchange *x = call->exchange;
    if (store_call->result >= 0 && is_cut(call)) {
        ask_for_all(call);
        return;
    }
    if (store_call->result >= 0) {
        end(call);
    } else {
        buf_free(&x->reply);
        if (store_call->result == ERR_NOT_FOUND)
            (void)refuse_no_task(x);
        else
            (void)refuse_store(x, store_call->result);
    }
    buf_free(&call->events);
    if (!call->is_slow)
        exchange_finish(x);
}

static void ask(struct exchange *x, struct store_reader *reader)
{
    struct status_call *call = x->state;
    call->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = call};
    store_task_get(reader, &call->op);
}

static void start(struct exchange *x)
{
    struct status_call *call = x->state;
    buf_init(&call->events, (size_t)TASK_EVENTS_MAX * 2048);
    call->op.tenant_id = x->tenant->id;
    call->op.task = show_task;
    call->op.event = show_event;
    call->op.message = show_message;
    ask(x, x->worker->reader);
}

const struct handler task_status_get = {&status_table, read_status, start};
const struct handler task_status_post = {&status_table, read_status, start};
