/* The dispatcher: hands actions to the listeners of their agents, each at its time, and fails those that
 * nobody takes or answers. A thread of its own, so that neither the pace of accounts nor a receiver of
 * webhooks comes between an action and its time.
 *
 * It holds in memory what is due within a minute; all else is the store's. An action is marked as handed
 * there before a listener is told, so that none is told twice, whatever breaks off. */
#ifndef WSCRM_ENGINE_DISPATCHER_H
#define WSCRM_ENGINE_DISPATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/actions.h"

/* Actions in memory: some 16 MiB. Beyond it, those that are due later wait until others are over, which
 * is two minutes at most. */
#define DISPATCHER_ACTIONS_MAX 100000

struct dispatcher;

struct dispatcher_settings {
    int64_t patience_ms; /* for a listener, and then for its answer; 60,000 */
    /* The time, which tests make up; NULL: clock_real_ms(). */
    int64_t (*clock_ms)(void *context);
    void *clock_context;
    /* Whoever has the listeners; NULL: nobody listens. Called on the dispatcher's thread. */
    int64_t (*find)(void *listeners, int64_t agent); /* the agent's; 0: nobody listens */
    /* True: it is on its way. False: surely not. */
    bool (*deliver)(void *listeners, int64_t agent, int64_t listener,
                    const struct action_event *event);
    void *listeners;
};
void dispatcher_settings_default(struct dispatcher_settings *settings);

int dispatcher_new(const struct dispatcher_settings *settings, struct store *store,
                   struct dispatcher **ret_dispatcher) MUST_USE;
/* The thread. Without it the caller is the dispatcher's thread and calls dispatcher_run(). */
int dispatcher_start(struct dispatcher *dispatcher) MUST_USE;
/* Nothing more is handed over; what is at the store comes back; the thread ends. */
void dispatcher_stop(struct dispatcher *dispatcher);
void dispatcher_free(
    struct dispatcher *dispatcher); /* stopped, before the store is closed; NULL is fine */

/* Does what is due now and what came in, without waiting; returns the time of the next thing that is due by
 * itself (INT64_MAX: none). */
int64_t dispatcher_run(struct dispatcher *dispatcher);
/* Whether it waits for nothing but time: no command at the store, no letter. */
bool dispatcher_is_idle(const struct dispatcher *dispatcher);
struct mailbox *dispatcher_mailbox(struct dispatcher *dispatcher);

/* --- any thread */

/* Actions were made. Cheap. */
void dispatcher_wake(struct dispatcher *dispatcher);
/* Somebody listens for the agent: what is overdue need not wait. Cheap. */
void dispatcher_listener_came(struct dispatcher *dispatcher, int64_t agent);

#endif
