/* The tasks that are not over: read from the store, attended to when something is due or has changed. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"

/* Tasks read at once; a reader's turn is short. */
#define TASKS_READ 256

struct open_task *tasks_find(const struct engine *engine, int64_t id)
{
    return id ? number_map_find(&engine->tasks, id) : NULL;
}

bool task_is_active(const struct open_task *task)
{
    return (task->status == TASK_PENDING || task->status == TASK_SENDING) && !task->gone &&
           !task->pause;
}

/* --- coming and going */

static void ring(void *context, struct alarm *alarm)
{
    tasks_attend(context, container_of(alarm, struct open_task, alarm));
}

static struct open_task *make(struct engine *engine, int64_t id)
{
    struct open_task *task = calloc(1, sizeof(*task));
    if (!task ||
        alarms_reserve(&engine->alarms, 2 * engine->senders.count + engine->tasks.count + 9) < 0 ||
        number_map_add(&engine->tasks, id, task) < 0) {
        free(task);
        log_line(LOG_ERROR, "engine: task %lld: %s", (long long)id, err_text(ERR_NOMEM));
        return NULL;
    }
    task->id = id;
    task->alarm.ring = ring;
    return task;
}

void tasks_release(struct open_task *task)
{
    if (task->gone && task->lanes == 0 && !task->op && !task->freezing && !task->waiting)
        free(task);
}

void tasks_forget(struct engine *engine, struct open_task *task)
{
    task->gone = true;
    alarm_set(&engine->alarms, &task->alarm, ALARM_NEVER);
    number_map_remove(&engine->tasks, task->id);
    if (task->pause) {
        task->pause->pauses--;
        sender_touch(engine, task->pause);
        task->pause = NULL;
    }
    tasks_release(task);
}

void tasks_attend(struct engine *engine, struct open_task *task)
{
    if (task->waiting || task->gone)
        return;
    task->waiting = true;
    TAILQ_INSERT_TAIL(&engine->attention, task, attention);
}

void tasks_stale(struct engine *engine, struct open_task *task)
{
    task->stale = true;
    tasks_attend(engine, task);
}

/* --- reading */

struct reading {
    struct tasks_open op;
    struct engine *engine;
    struct open_task *task; /* whose senders come; NULL: nobody's that we know */
    int64_t only;           /* the one that is asked for; 0: all */
    int64_t changed;        /* of the last one */
    size_t count;
    bool found;
};

static void take(struct open_task *task, const struct task *read)
{
    task->tenant_id = read->tenant_id;
    task->changed = read->changed;
    task->status = read->status;
    task->source = read->source;
    task->may_move = read->may_move;
    task->complete = read->complete;
    task->parts = read->parts;
    task->start_ms = read->start_ms;
    task->end_ms = read->end_ms;
    task->interval_min_ms = read->interval_min_ms;
    task->interval_max_ms = read->interval_max_ms;
    task->left = read->counts.left;
    task->look = task->look || (task_is_final(task->status) && task->left > 0);
    task->stale = false;
}

static void each(struct tasks_open *op, const struct task *read)
{
    struct reading *reading = container_of(op, struct reading, op);
    struct engine *engine = reading->engine;
    struct open_task *task = tasks_find(engine, read->id);
    reading->count++;
    reading->changed = read->changed;
    reading->found = reading->found || read->id == reading->only;
    if (!task)
        task = make(engine, read->id);
    reading->task = task;
    if (!task)
        return;
    take(task, read);
    tasks_attend(engine, task);
}

/* An account with messages of the task queued, or to be retried. */
static void each_sender(struct tasks_open *op, const struct task *read, int64_t account)
{
    struct reading *reading = container_of(op, struct reading, op);
    struct open_task *task = reading->task;
    struct sender *sender = senders_find(reading->engine, account);
    (void)read;
    if (!task || task_is_final(task->status))
        return;
    if (!sender || lanes_add(sender, task) < 0) {
        task->look = true;
        return;
    }
    /* Some may be to be retried: the claim says when. */
    if (sender->retry_ms == 0 && task_is_active(task))
        sender->retry_ms = reading->engine->now_ms;
    sender->retry_paced = sender->retry_paced || sender_is_paced(sender, task);
    sender_touch(reading->engine, sender);
}

static void done(struct store_call *call)
{
    (void)call;
}

static int read_tasks(struct engine *engine, struct reading *reading)
{
    reading->engine = engine;
    reading->op.call = (struct store_call){.home = engine->mailbox, .done = done};
    reading->op.each = each;
    reading->op.sender = each_sender;
    store_tasks_open(engine->reader, &reading->op);
    engine_read(engine);
    if (reading->op.call.result < 0)
        log_line(LOG_ERROR, "engine: tasks: %s", err_text(reading->op.call.result));
    return reading->op.call.result;
}

int tasks_reload(struct engine *engine)
{
    struct reading reading;
    int result;
    do {
        reading = (struct reading){.op = {.changed = engine->changed, .limit = TASKS_READ}};
        result = read_tasks(engine, &reading);
        if (result >= 0)
            engine->changed = reading.count ? reading.changed : engine->changed;
    } while (result >= 0 && reading.count == TASKS_READ);
    engine->reload = result < 0;
    return result;
}

bool tasks_refresh(struct engine *engine, struct open_task *task)
{
    struct reading reading = {.op = {.changed = task->changed - 1, .limit = 1}, .only = task->id};
    int result = read_tasks(engine, &reading);
    if (result < 0 || reading.found)
        return result >= 0;
    /* It is over, or was changed meanwhile and comes with all the others. */
    tasks_forget(engine, task);
    engine->reload = true;
    return false;
}

void tasks_progress(struct engine *engine, const struct turn_task *told)
{
    struct open_task *task = tasks_find(engine, told->task_id);
    if (!task)
        return;
    task->left = told->left;
    if (task->status == TASK_PENDING && told->status == TASK_SENDING)
        task->status = TASK_SENDING;
    if (task->status != told->status)
        task->stale = true;
    if (task->stale || task->left == 0)
        tasks_attend(engine, task);
}

void tasks_free(struct engine *engine)
{
    for (struct open_task *task; (task = TAILQ_FIRST(&engine->attention));) {
        TAILQ_REMOVE(&engine->attention, task, attention);
        task->waiting = false;
        tasks_release(task);
    }
    size_t at = 0;
    for (struct open_task *task; (task = number_map_next(&engine->tasks, &at));) {
        alarm_set(&engine->alarms, &task->alarm, ALARM_NEVER);
        free(task->op);
        free(task);
    }
    number_map_free(&engine->tasks);
}
