/* What the store does by itself: each chore is a function that does a piece of at most some 10 ms in a
 * transaction of its own and says whether there is more. A rest of three times a piece's length keeps
 * three quarters of the writer for commands, whatever a chore has to do. */
#include "base/clock.h"
#include "store/sqlite/actions.h"
#include "store/sqlite/answers.h"
#include "store/sqlite/customers_delete.h"
#include "store/sqlite/groups.h"
#include "store/sqlite/history.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/search.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_remove.h"
#include "store/sqlite/turn.h"

#define HOUR_US    INT64_C(3600000000)
#define MINUTE_US  INT64_C(60000000)
#define SOON_US    INT64_C(2000000) /* for what a full disk has broken off */
#define REST_TIMES 3

static const struct chore {
    int (*run)(
        struct store *store); /* 0 done, WRITER_MORE, or an error: tried again when next due */
    int64_t every_us;         /* 0: settings.search_pause_ms */
} chores[CHORE_COUNT] = {
    [CHORE_HISTORY] = {history_sweep, HOUR_US},
    [CHORE_GROUPS] = {groups_sweep, HOUR_US},
    [CHORE_ANSWERS] = {answers_sweep, HOUR_US},
    [CHORE_JOBS] = {customers_delete_resume, SOON_US},
    [CHORE_SEARCH] = {search_index, 0},
    [CHORE_TASKS] = {tasks_sweep, HOUR_US},
    [CHORE_OUTBOX] = {outbox_sweep, HOUR_US},
    [CHORE_NOT_REPLIED] = {messages_not_replied, MINUTE_US},
    [CHORE_MESSAGES] = {messages_forget, HOUR_US},
    [CHORE_ACTIONS] = {actions_sweep, HOUR_US},
    [CHORE_SCREENINGS] = {screenings_sweep, HOUR_US},
};

/* The search index has time: what it does not hold yet is found all the same. It leaves an import, whose
 * pace somebody waits for, nineteen of twenty parts of the writer, and hurries when nobody waits. */
static int rest_times(const struct writer *writer, enum chore_id id)
{
    if (id != CHORE_SEARCH)
        return REST_TIMES;
    return writer->heavy.first ? 19 : atomic_load(&writer->waiting) > 0 ? REST_TIMES : 1;
}

static void run_one(struct store *store, enum chore_id id, int64_t now_us)
{
    struct chores *state = &store->writer.chores;
    int result = writer_transact(store, chores[id].run);
    int64_t end_us = clock_mono_us();
    int64_t every_us =
        id == CHORE_SEARCH ? store->settings.search_pause_ms * INT64_C(1000) : chores[id].every_us;
    state->due_us[id] = result == WRITER_MORE ? end_us : end_us + every_us;
    state->rest_until_us = end_us + rest_times(&store->writer, id) * (end_us - now_us);
}

int chores_run(struct store *store)
{
    const struct chores *state = &store->writer.chores;
    int64_t now_us = clock_mono_us(), next_us = now_us + HOUR_US;
    if (now_us >= state->rest_until_us) {
        for (int id = 0; id < CHORE_COUNT; id++) {
            if (now_us >= state->due_us[id]) {
                run_one(store, (enum chore_id)id, now_us);
                break; /* commands first */
            }
        }
    }
    for (int id = 0; id < CHORE_COUNT; id++)
        next_us = state->due_us[id] < next_us ? state->due_us[id] : next_us;
    if (next_us < state->rest_until_us)
        next_us = state->rest_until_us;
    now_us = clock_mono_us();
    return next_us <= now_us ? 0 : (int)((next_us - now_us + 999) / 1000);
}
