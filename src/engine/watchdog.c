/* The proof, again and again, that no task rests without a reason. */
#include "base/log.h"
#include "engine/inside.h"

/* Something will happen to it by itself, or it waits for what has a name. */
static bool moves(const struct engine *engine, const struct sender *sender)
{
    return sender->is_ready || sender->in_turn || sender->in_flight > 0 || sender->alarm.place ||
           !STAILQ_EMPTY(&sender->outcomes) || *sender->waits_for ||
           (sender->retry_ms && sender->lanes.awake == 0) ||
           engine->pause_until_ms > engine->now_ms;
}

static void watch_senders(struct engine *engine)
{
    size_t at = 0;
    for (struct sender *sender; (sender = number_map_next(&engine->senders, &at));) {
        bool is_moving = moves(engine, sender);
        for (size_t i = 0; i < sender->lanes.count && is_moving; i++)
            sender->lanes.lanes[i].task->watched = true;
    }
}

static bool rests(const struct open_task *task)
{
    bool is_busy = task->op || task->freezing || task->waiting || task->in_flight > 0 ||
                   task->look || task->retry_at_ms;
    return task_is_active(task) && !task->watched && !is_busy;
}

static void wake(struct engine *engine, struct open_task *task)
{
    log_line(LOG_ERROR, "engine: task %lld was found resting with %lld messages left, and is woken",
             (long long)task->id, (long long)task->left);
    engine->found_resting++;
    tasks_stale(engine, task);
}

void watchdog_ring(void *context, struct alarm *alarm)
{
    struct engine *engine = context;
    size_t at = 0;
    watch_senders(engine);
    for (struct open_task *task; (task = number_map_next(&engine->tasks, &at));) {
        if (rests(task))
            wake(engine, task);
        task->watched = false;
    }
    engine->reload = true; /* whatever nobody told of */
    alarm_set(&engine->alarms, alarm, engine->now_ms + WATCHDOG_MS);
}
