/* Recipients of accounts that are gone, away for long, or of a stopped task: to the task's other accounts,
 * or failed. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/task_op.h"

/* --- who is to be drained */

struct looking {
    struct tasks_open op;
    struct task_op *task_op;
    bool found, more;
};

static void each(struct tasks_open *op, const struct task *read)
{
    struct looking *looking = container_of(op, struct looking, op);
    looking->found = read->id == looking->task_op->task->id;
}

static bool is_away(const struct engine *engine, const struct sender *sender)
{
    return !sender->online && engine->now_ms - sender->since_ms >= engine->settings.offline_move_ms;
}

static bool others_online(const struct task_op *op)
{
    for (size_t i = 0; i < op->other_count; i++) {
        const struct sender *sender = senders_find(op->engine, op->others[i]);
        if (sender && sender->online)
            return true;
    }
    return false;
}

static bool is_to_drain(const struct task_op *op, int64_t account)
{
    const struct sender *sender = senders_find(op->engine, account);
    if (!sender || task_is_final(op->task->status))
        return true;
    return op->task->may_move && is_away(op->engine, sender) && others_online(op);
}

static void each_sender(struct tasks_open *op, const struct task *read, int64_t account)
{
    struct looking *looking = container_of(op, struct looking, op);
    struct task_op *task_op = looking->task_op;
    (void)read;
    if (!looking->found || !is_to_drain(task_op, account))
        return;
    if (task_op->account_count < TASK_OP_ACCOUNTS)
        task_op->accounts[task_op->account_count++] = account;
    else
        looking->more = true;
}

static void nothing(struct store_call *call)
{
    (void)call;
}

static int look(struct engine *engine, struct task_op *op)
{
    struct looking looking = {.op = {.call = {.home = engine->mailbox, .done = nothing},
                                     .changed = op->task->changed - 1,
                                     .limit = 1,
                                     .each = each,
                                     .sender = each_sender},
                              .task_op = op};
    store_tasks_open(engine->reader, &looking.op);
    engine_read(engine);
    op->task->look = looking.more;
    return looking.op.call.result;
}

/* --- to whom */

struct others {
    struct task_senders_get op;
    struct task_op *task_op;
};

static void each_other(struct task_senders_get *op, int64_t account)
{
    struct others *others = container_of(op, struct others, op);
    struct task_op *task_op = others->task_op;
    if (senders_find(task_op->engine, account) && task_op->other_count < TASK_MAX_SENDERS)
        task_op->others[task_op->other_count++] = account;
}

/* The task's accounts that are there. */
static int read_others(struct engine *engine, struct task_op *op)
{
    struct others others = {.op = {.call = {.home = engine->mailbox, .done = nothing},
                                   .tenant_id = op->task->tenant_id,
                                   .task_id = op->task->id,
                                   .each = each_other},
                            .task_op = op};
    op->others = malloc(TASK_MAX_SENDERS * sizeof(*op->others));
    if (!op->others)
        return ERR_NOMEM;
    store_task_senders_get(engine->reader, &others.op);
    engine_read(engine);
    return others.op.call.result;
}

/* Those who are online, if there are such; never those who are drained. */
static void choose_others(struct task_op *op)
{
    bool online = others_online(op);
    size_t count = 0;
    for (size_t i = 0; i < op->other_count; i++) {
        const struct sender *sender = senders_find(op->engine, op->others[i]);
        bool is_drained = false;
        for (size_t j = 0; j < op->account_count; j++)
            is_drained = is_drained || op->accounts[j] == op->others[i];
        if (!is_drained && (sender->online || !online))
            op->others[count++] = op->others[i];
    }
    op->other_count = count;
}

/* --- the commands, one account after the other */

static void drain_next(struct task_op *op);

static void drain_done(struct store_call *call)
{
    struct task_op *op = call->owner;
    struct open_task *task = op->task;
    int result = call->result;
    if (result >= 0 && !task->gone) {
        task->left = op->drain.left;
        log_line(LOG_INFO, "engine: task %lld: %d recipients of account %lld %s",
                 (long long)task->id, result, (long long)op->drain.account,
                 op->drain.to_count ? "go to others" : "fail");
        if (++op->at < op->account_count && !atomic_load(&op->engine->is_stopping)) {
            drain_next(op);
            return;
        }
        tasks_stale(op->engine, task);
    } else {
        task->look = true;
        task_op_failed(op, result);
    }
    task_op_end(op);
}

static void drain_next(struct task_op *op)
{
    struct engine *engine = op->engine;
    const struct open_task *task = op->task;
    bool is_final = task_is_final(task->status);
    bool move = task->may_move && !is_final && op->other_count > 0;
    op->drain = (struct task_drain){
        .call = {.home = engine->mailbox, .done = drain_done, .owner = op},
        .tenant_id = task->tenant_id,
        .task_id = task->id,
        .account = op->accounts[op->at],
        .to = op->others,
        .to_count = move ? op->other_count : 0,
        .reason = is_final ? REASON_TASK_STOPPED : REASON_NO_SENDER,
        .now_ms = engine->now_ms,
    };
    store_task_drain(engine->store, &op->drain);
}

bool task_drain(struct engine *engine, struct open_task *task)
{
    struct task_op *op = task_op_begin(engine, task);
    if (!op)
        return true;
    int result = task_is_final(task->status) ? 0 : read_others(engine, op);
    if (result >= 0)
        result = look(engine, op);
    if (result < 0) {
        task_op_failed(op, result);
        task_op_end(op);
        return true;
    }
    if (op->account_count == 0) {
        task_op_end(op);
        return false;
    }
    choose_others(op);
    drain_next(op);
    return true;
}
