/* The dispatcher's inside: what its files share. All of it belongs to its thread, but what is marked. */
#ifndef WSCRM_ENGINE_DISPATCHER_INSIDE_H
#define WSCRM_ENGINE_DISPATCHER_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "engine/alarms.h"
#include "engine/dispatcher.h"
#include "engine/number_map.h"

/* How far ahead is held in memory, and how long before its end more is read. */
#define WINDOW_MS INT64_C(60000)
#define AHEAD_MS  INT64_C(30000)
/* Rows that one run reads: some 5 ms. */
#define READ_ROWS 1000
/* After a store that refused. */
#define REFUSED_PAUSE_MS 1000
/* Agents that somebody listens for since the last look; one more, and all that wait are looked at. */
#define CAME_MAX 256

enum state {
    STATE_EARLY,   /* its time has not come */
    STATE_OVERDUE, /* nobody listens */
    STATE_QUEUED,  /* a step of it is to be written, or is at the writer */
    STATE_HANDED,  /* the answer is waited for */
};

struct held {
    int64_t action, agent, due_ms, listener;
    enum state state;
    enum action_step step;
    const char *reason;
    struct alarm alarm;
    struct agent_line *line;
    STAILQ_ENTRY(held) queue;
    TAILQ_ENTRY(held) overdue;
};

/* The overdue actions of an agent, in order. */
struct agent_line {
    int64_t agent;
    TAILQ_HEAD(, held) actions;
};

struct dispatcher {
    struct dispatcher_settings settings;
    struct store *store;
    struct store_reader *reader;
    struct mailbox *mailbox;
    int64_t now_ms, start_ms;
    int64_t
        order; /* of the last that was handed: by the clock, so that it grows through restarts */

    struct number_map held;  /* by action */
    struct number_map lines; /* by agent */
    struct alarms alarms;
    struct actions_due due;     /* where the reading ahead is; until_ms: as far as it goes */
    struct actions_fresh fresh; /* where the reading of new ones is */
    bool reads_due, reads_fresh;
    int64_t pause_until_ms;

    STAILQ_HEAD(queue, held) queue;
    struct actions_turn turn;
    struct action_item items[ACTIONS_TURN_MAX];
    struct held *in_turn[ACTIONS_TURN_MAX];
    bool turn_out;

    struct letter wake_letter;
    atomic_bool is_woken, is_stopping, made;
    pthread_mutex_t mutex; /* over the agents that came */
    int64_t came[CAME_MAX];
    size_t came_count;
    bool came_many;
    pthread_t thread;
    bool has_thread;
};

/* dispatcher_held.c: one action */
void held_queue(struct dispatcher *d, struct held *held, enum action_step step);
void held_drop(struct dispatcher *d, struct held *held);
void held_wait_listener(struct dispatcher *d, struct held *held);
void held_wait_answer(struct dispatcher *d, struct held *held, int64_t handed_ms);
/* To whoever listens; else it waits. */
void held_offer(struct dispatcher *d, struct held *held);
void held_ring(void *dispatcher, struct alarm *alarm);
/* Offers what waits for the listeners that came. */
void dispatcher_look_who_came(struct dispatcher *d);

/* dispatcher_read.c */
void dispatcher_read(struct dispatcher *d);
bool dispatcher_is_full(const struct dispatcher *d);
void dispatcher_pause(struct dispatcher *d, int result); /* the store refused */

/* dispatcher_turn.c: the queue is written, a turn at a time, and what became of it is told */
void dispatcher_send(struct dispatcher *d);

#endif
