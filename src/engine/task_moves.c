/* What is due with a task: its start, its end, its completion, a pause; and the commands for it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "engine/task_op.h"

/* --- commands */

static void later(struct engine *engine, struct open_task *task)
{
    task->retry_at_ms = engine->now_ms + STORE_PAUSE_MS;
    alarm_set(&engine->alarms, &task->alarm, task->retry_at_ms);
}

struct task_op *task_op_begin(struct engine *engine, struct open_task *task)
{
    struct task_op *op = calloc(1, sizeof(*op));
    if (!op) {
        later(engine, task);
        return NULL;
    }
    op->engine = engine;
    op->task = task;
    task->op = op;
    engine->task_ops++;
    return op;
}

void task_op_end(struct task_op *op)
{
    struct open_task *task = op->task;
    task->op = NULL;
    op->engine->task_ops--;
    free(op->others);
    free(op);
    tasks_release(task);
}

void task_op_failed(struct task_op *op, int result)
{
    struct open_task *task = op->task;
    if (task->gone)
        return;
    if (result == ERR_NOT_FOUND) {
        tasks_forget(op->engine, task);
        return;
    }
    if (result != ERR_CLOSED && result != ERR_BUSY)
        log_line(LOG_ERROR, "engine: task %lld: %s", (long long)task->id, err_text(result));
    later(op->engine, task);
}

static void end_pause(struct engine *engine, struct open_task *task)
{
    struct sender *sender = task->pause;
    if (!sender)
        return;
    task->pause = NULL;
    sender->pauses--;
    sender_touch(engine, sender);
}

/* Another state may mean other accounts, which the store knows. */
static void moved(struct engine *engine, struct open_task *task, enum task_status status)
{
    task->status = status;
    end_pause(engine, task);
    if (status == TASK_COMPLETED)
        tasks_forget(engine, task);
    else
        tasks_stale(engine, task);
}

static void move_done(struct store_call *call)
{
    struct task_op *op = call->owner;
    struct open_task *task = op->task;
    int result = call->result;
    if (!task->gone && (result == 0 || result == ERR_CONFLICT))
        moved(op->engine, task, op->move.status);
    else
        task_op_failed(op, result);
    task_op_end(op);
}

void task_move(struct engine *engine, struct open_task *task, enum task_status to,
               const char *cause)
{
    struct task_op *op = task_op_begin(engine, task);
    if (!op)
        return;
    snprintf(op->cause, sizeof(op->cause), "%s", cause);
    op->move = (struct task_move){
        .call = {.home = engine->mailbox, .done = move_done, .owner = op},
        .tenant_id = task->tenant_id,
        .task_id = task->id,
        .to = to,
        .cause = str_of(op->cause),
        .now_ms = engine->now_ms,
        .by_engine = true,
    };
    store_task_move(engine->store, &op->move);
}

/* --- what is due */

static void pause(struct engine *engine, struct open_task *task)
{
    char cause[TASK_CAUSE_LONGEST + 1];
    snprintf(cause, sizeof(cause), "account %lld cannot send: %.128s",
             (long long)task->pause->number, task->pause->last_error);
    task_move(engine, task, TASK_PAUSED, cause);
}

static bool is_due(const struct engine *engine, int64_t at_ms)
{
    return at_ms > 0 && at_ms <= engine->now_ms;
}

/* True: something was begun. */
static bool act(struct engine *engine, struct open_task *task)
{
    if (task_is_final(task->status)) {
        if (task->left == 0) {
            tasks_forget(engine, task);
            return true;
        }
    } else if (is_due(engine, task->end_ms)) {
        task_move(engine, task, TASK_STOPPED, "end time");
        return true;
    } else if (task->pause) {
        pause(engine, task);
        return true;
    } else if (task->status == TASK_NOT_STARTED && task->start_ms <= engine->now_ms) {
        task_move(engine, task, TASK_PENDING, "start time");
        return true;
    } else if (task_is_active(task) && task->complete && task->left == 0) {
        task_move(engine, task, TASK_COMPLETED, "all messages handed over");
        return true;
    }
    return task->look && task_drain(engine, task);
}

static int64_t next_time(const struct open_task *task)
{
    if (task_is_final(task->status))
        return ALARM_NEVER;
    int64_t next_ms = task->end_ms > 0 ? task->end_ms : ALARM_NEVER;
    if (task->status == TASK_NOT_STARTED && task->start_ms < next_ms)
        next_ms = task->start_ms;
    return next_ms;
}

static void attend(struct engine *engine, struct open_task *task)
{
    if (task->gone || task->op) {
        tasks_release(task);
        return;
    }
    if (task->retry_at_ms > engine->now_ms) {
        alarm_set(&engine->alarms, &task->alarm, task->retry_at_ms);
        return;
    }
    task->retry_at_ms = 0;
    if (task->stale && !tasks_refresh(engine, task))
        return;
    if (act(engine, task))
        return;
    alarm_set(&engine->alarms, &task->alarm, next_time(task));
    if (task_is_active(task) && !task->complete)
        freezer_ask(engine, task);
}

void tasks_run(struct engine *engine)
{
    if (engine->reload && load_outside(engine) >= 0)
        (void)tasks_reload(engine);
    for (struct open_task *task;
         engine->task_ops < TASK_OPS_MAX && (task = TAILQ_FIRST(&engine->attention));) {
        TAILQ_REMOVE(&engine->attention, task, attention);
        task->waiting = false;
        attend(engine, task);
    }
}
