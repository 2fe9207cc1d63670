/* POST /group-dispatch-api/gsTask/pause, …/resume, …/stop. What is so already is no refusal: a client that
 * lost the answer repeats the call. */
#include <stdio.h>

#include "api/reply.h"
#include "api/task_json.h"
#include "api/worker.h"

#define ID_LONGEST 32

struct control_input {
    struct str task_id;
};

static const struct input_field control_fields[] = {
    {.name = "taskId",
     .type = INPUT_NAME,
     .offset = offsetof(struct control_input, task_id),
     .longest = ID_LONGEST},
};
static const struct input_table control_table = {control_fields, 1, sizeof(struct control_input),
                                                 NULL};

static int read_control(struct exchange *x)
{
    const struct control_input *input = x->input;
    struct task_move *op = exchange_alloc(x, 1, sizeof(*op));
    if (!op)
        return reply_no_memory(x);
    x->state = op;
    return task_id_read(x, input->task_id, &op->task_id);
}

static const char *name_of(enum task_status status)
{
    static const char *const names[] = {
        [TASK_NOT_STARTED] = "not started", [TASK_PENDING] = "pending",
        [TASK_SENDING] = "sending",         [TASK_STOPPED] = "stopped",
        [TASK_COMPLETED] = "completed",     [TASK_PAUSED] = "paused",
    };
    return names[status];
}

/* A task that goes on is not paused, whatever it does. */
static bool is_so_already(const struct task_move *op)
{
    if (op->to == TASK_PENDING)
        return !task_is_final(op->status);
    return op->status == op->to;
}

static void answer(struct exchange *x, int result)
{
    const struct task_move *op = x->state;
    char why[64];
    if (result == ERR_NOT_FOUND) {
        (void)refuse_no_task(x);
    } else if (result == ERR_CONFLICT && !is_so_already(op)) {
        snprintf(why, sizeof(why), "the task is %s", name_of(op->status));
        (void)refuse_with(x, STATUS_REFUSED, why);
    } else if (result < 0 && result != ERR_CONFLICT) {
        (void)refuse_store(x, result);
    } else {
        struct buf *b = reply_begin(x);
        buf_add_char(b, '{');
        task_json_id(b, "taskId", op->task_id);
        buf_add_json_i64(b, "status", op->status);
        buf_add_char(b, '}');
        reply_end(x);
    }
}

static void start(struct exchange *x, enum task_status to)
{
    struct task_move *op = x->state;
    op->tenant_id = x->tenant->id;
    op->to = to;
    op->cause = x->route->path;
    op->now_ms = x->now_ms;
    exchange_write(x, &op->call, answer);
    x->wakes = true;
    store_task_move(x->worker->shared->store, op);
}

static void start_pause(struct exchange *x)
{
    start(x, TASK_PAUSED);
}

static void start_resume(struct exchange *x)
{
    start(x, TASK_PENDING);
}

static void start_stop(struct exchange *x)
{
    start(x, TASK_STOPPED);
}

const struct handler task_pause = {&control_table, read_control, start_pause};
const struct handler task_resume = {&control_table, read_control, start_resume};
const struct handler task_stop = {&control_table, read_control, start_stop};
