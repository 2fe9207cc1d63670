/* The engine: everything that time causes. One thread; the API wakes it, and asks it which accounts are
 * online. It knows tasks and messages through the store, and the world through the transports. */
#ifndef WSCRM_ENGINE_ENGINE_H
#define WSCRM_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

struct engine;

struct engine_settings {
    const char *directory;
    uint64_t seed; /* of pacing and back-off; tests give one */
    int64_t
        offline_move_ms; /* a sender away for longer: its recipients go to the task's others; 600,000 */
    bool sandbox_recall;
    /* The time, which tests make up; NULL: clock_real_ms(). */
    int64_t (*clock_ms)(void *context);
    void *clock_context;
    /* Each interval as it is drawn, for tests; NULL: nobody looks. */
    void (*drawn)(void *context, int64_t account, int64_t left_ms, int64_t interval_ms);
    void *drawn_context;
};
void engine_settings_default(struct engine_settings *settings);

/* Loads what is open, resolves what was in flight when the last process ended, and is ready to run. On
 * failure why[] names the place and the cause. */
int engine_new(const struct engine_settings *settings, struct store *store,
               struct engine **ret_engine, char *why, size_t why_size) MUST_USE;
/* The thread. Without it the caller is the engine's thread and calls engine_run(). */
int engine_start(struct engine *engine) MUST_USE;
/* What is in flight gets its outcome (at most timeout_ms), nothing more is claimed; the thread ends. */
void engine_stop(struct engine *engine, int timeout_ms);
void engine_free(struct engine *engine); /* before the store is closed */

/* Does all that is due now and whatever came in; returns the time of the next thing that is due by itself
 * (INT64_MAX: none). */
int64_t engine_run(struct engine *engine);
/* Whether it waits for nothing but time: no command at the store, no hand-over under way, no letter. */
bool engine_is_idle(const struct engine *engine);
struct mailbox *engine_mailbox(struct engine *engine);

/* --- any thread */

/* Something was changed in the store that it may not know of: tasks, accounts. Cheap. */
void engine_wake(struct engine *engine);

/* The same, and waits until the accounts are known as they are in the store now, at most so long. */
void engine_sync(struct engine *engine, int timeout_ms);

/* False: the store refuses what it has to write, so that nothing is sent. */
bool engine_is_ready(struct engine *engine);

/* Whether a WhatsApp account is online, and since when. False for one that is not known. */
bool engine_account_online(struct engine *engine, int64_t number, int64_t *ret_since_ms);

/* A look at the accounts, for people. */
struct engine_account {
    int64_t tenant_id, number;
    bool online;
    int64_t since_ms;
    int64_t task_id;     /* whose message was claimed last; 0: none */
    int64_t due_ms;      /* of its next message; 0: it has nothing to do, or waits for a person */
    int64_t handed_over; /* since the start */
    double rate;         /* messages a minute, over the last minute */
    size_t in_flight, lanes;
    const char *waits_for; /* "", "pace", "quiet hours", "daily cap", "offline", "stopped" */
    char last_error[128];
    int64_t last_error_ms;
};
/* Calls `each` for every account with something to show, in order of (tenant, number), from a copy. */
void engine_look(struct engine *engine,
                 void (*each)(void *context, const struct engine_account *account), void *context);

#endif
