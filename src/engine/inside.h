/* The engine's inside: what its files share. All of it belongs to the engine's thread, but what is
 * marked. */
#ifndef WSCRM_ENGINE_INSIDE_H
#define WSCRM_ENGINE_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

#include "base/random.h"
#include "domain/account_settings.h"
#include "engine/alarms.h"
#include "engine/engine.h"
#include "engine/number_map.h"
#include "engine/queries.h"
#include "store/messages.h"
#include "store/tasks.h"
#include "transport/transport.h"

/* Hand-overs under way, their outcomes not on disk yet counted in: some 5 KiB each. At 20,000 messages a
 * second and 20 ms from claim to outcome there are 400. */
#define FLIGHTS_MAX 2048
/* Turns at the writer: one that commits, one behind it whose hand-overs are told, one that is filled. */
#define TURNS_MAX 3
/* Tasks that a claim may take from; the next claim goes on with others. */
#define CLAIM_LANES 16
#define TURN_LANES  1024
/* Commands on tasks at the writer (moves, drains). */
#define TASK_OPS_MAX 32
/* News, incoming messages and follow-ups that wait for a turn; above it no more follow-ups are begun. */
#define ITEMS_BUSY 2048
/* News for messages that are not known (yet), and how long they are kept and how often they are tried. */
#define LIMBO_MAX      10000
#define LIMBO_MS       60000
#define LIMBO_PAUSE_MS 5000
/* The next follow-ups that are held in memory. */
#define FOLLOW_UPS_MAX 1024
/* After a store that refused. */
#define STORE_PAUSE_MS 1000
/* Accounts' events at the writer. */
#define ACCOUNT_OPS_MAX 64
#define WATCHDOG_MS     10000

/* --- one account */

/* A task that an account has messages of. */
struct lane {
    struct open_task *task;
    bool paced;  /* its interval, as it is for this account, is above 0 */
    bool asleep; /* nothing is queued, but something is to be retried */
};

struct lanes {
    struct lane *lanes;
    size_t count, room;
    int64_t last; /* the task that came first in the last claim */
    size_t paced; /* how many of them are */
    size_t awake;
};

struct flight;
STAILQ_HEAD(flights, flight);
struct item;
STAILQ_HEAD(items, item);

enum told { TOLD_NOTHING, TOLD_OFFLINE, TOLD_ONLINE };

#define RATE_SLOTS   12
#define RATE_SLOT_MS 5000

/* Of one kind of questions. */
struct sender_queries {
    int64_t due_ms; /* none before */
    size_t in_flight;
    bool cannot; /* its transport does not have them */
};

struct sender {
    int64_t number, tenant_id;
    uint64_t hash; /* of what the transport and the pace are made of */
    uint64_t seen; /* in this version of the tenants */
    bool known;    /* the transport takes it */
    bool gone;     /* the account was removed */
    bool online;
    bool in_turn;  /* has something in a turn at the writer */
    bool is_ready; /* in engine->ready */
    bool outside;  /* has messages outside tasks queued */
    bool retry_paced;
    bool
        disturbed; /* messages came to it while a claim was at the writer: it may not have seen them */
    bool is_dirty; /* in engine->dirty */
    int64_t since_ms;
    struct account_settings settings;
    const struct zone *zone; /* of the snapshot that the engine holds */
    struct account_pace pace;
    struct lanes lanes;
    struct sender_queries queries[QUERY_KINDS];
    int64_t retry_ms;        /* of the next message to be retried; 0: none */
    size_t in_flight;        /* claimed, and not told */
    size_t pauses;           /* of its tasks, because it cannot send any more, that are under way */
    struct flights outcomes; /* told, and in no turn */
    struct items held;       /* what came of the account since, which does not overtake them */
    struct alarm alarm;      /* when it may claim */
    struct alarm away;       /* when it has been offline for long */
    enum told told;          /* to webhooks, as far as any are there */
    bool is_untold;          /* in engine->untold */
    STAILQ_ENTRY(sender) ready, dirty, leaving, untold;
    const char *waits_for;
    int64_t due_ms; /* when it may claim next, as far as known; 0 */
    int64_t last_task, handed_over, last_error_ms;
    char last_error[128];
    int64_t rate_slot; /* number of the newest slot */
    uint32_t rate[RATE_SLOTS];
    /* Under engine->mutex: */
    struct engine_account shown;
    uint32_t shown_rate[RATE_SLOTS];
    int64_t shown_slot;
};

/* --- one task that is not over */

struct task_op;

struct open_task {
    int64_t id, tenant_id, changed;
    enum task_status status;
    enum task_source source;
    bool may_move, complete;
    bool gone;     /* over, or removed: freed with its last lane */
    bool look;     /* some of its accounts are gone or away, or it is stopped: see task_drain.c */
    bool stale;    /* to be read anew */
    bool freezing; /* in the freezer, or in its line */
    bool waiting;  /* in engine->attention */
    bool watched;
    int64_t start_ms, end_ms, interval_min_ms, interval_max_ms;
    size_t parts;
    int64_t left;
    int64_t retry_at_ms;  /* the store refused: not before */
    struct sender *pause; /* the account that makes it pause */
    struct task_op *op;
    size_t lanes, in_flight;
    struct alarm alarm;
    TAILQ_ENTRY(open_task) attention;
    STAILQ_ENTRY(open_task) line;
};

/* --- contents */

/* The contents of a task, parsed; shared by its hand-overs. */
struct contents {
    int64_t task_id;
    size_t users, count;
    struct json_doc *doc;
    struct arena arena;
    struct content parts[TASK_MAX_PARTS];
    bool variables[TASK_MAX_PARTS];
    TAILQ_ENTRY(contents) age;
};

/* --- one message under way, from its claim until its outcome is on disk */

struct flight {
    struct transport_send send;
    struct sender *sender;
    int64_t task_id;
    size_t part;
    bool has_content;
    bool is_handed_over; /* to the transport */
    bool plain;          /* its text is its content's */
    bool variables;      /* it is to be rendered */
    bool rendered, too_long;
    bool is_recovered;         /* handed over by a process that ended */
    struct contents *contents; /* of its task; NULL: of its own */
    struct json_doc *doc;
    struct arena arena;
    struct content own;
    struct buf text, kept; /* rendered; the content with it, for the store */
    int64_t interval_min_ms, interval_max_ms;
    int64_t retry_ms;
    STAILQ_ENTRY(flight) next;
    LIST_ENTRY(flight) all;
};

/* --- what came in */

enum item_kind { ITEM_NEWS, ITEM_INCOMING, ITEM_FOLLOWED };

struct item {
    enum item_kind kind;
    bool more; /* the next one belongs to it: both go into one turn */
    union {
        struct message_news news;
        struct message_incoming incoming;
        int64_t followed;
    };
    int64_t since_ms; /* of news: when it came */
    struct buf text;  /* what the texts above point into */
    STAILQ_ENTRY(item) next;
};

/* --- one turn at the writer */

struct turn {
    struct messages_turn op;
    struct engine *engine;
    bool busy;
    size_t room;
    struct sender *senders[TURN_MAX_ITEMS];
    size_t sender_count;
    struct flight *flights[TURN_MAX_ITEMS];
    struct item *items[TURN_MAX_ITEMS];
    size_t item_count;
    struct sender *claimers[TURN_MAX_ITEMS];
    struct message_news outcomes[TURN_MAX_ITEMS], news[TURN_MAX_ITEMS];
    struct item *news_items[TURN_MAX_ITEMS];
    struct message_incoming incoming[TURN_MAX_ITEMS];
    int64_t followed[TURN_MAX_ITEMS];
    struct account_pace paces[TURN_MAX_ITEMS];
    struct message_claim claims[TURN_MAX_ITEMS];
    struct message_claimed claimed[TURN_MAX_ITEMS];
    size_t claimed_count;
    int64_t lanes[TURN_LANES];
    struct open_task *lane_tasks[TURN_LANES];
    bool lane_empty[TURN_LANES];
    size_t lane_count;
    struct turn_task tasks[TURN_MAX_ITEMS];
};

struct follow_ups {
    struct follow_up next[FOLLOW_UPS_MAX]; /* by time; texts are each one's own */
    size_t at, count;
    bool more;                 /* the store has some behind these */
    int64_t unread_ms;         /* the earliest that came since they were read; ALARM_NEVER: none */
    struct number_map in_hand; /* ids: begun, and not done with in the store */
    int64_t now;               /* the id of the one that is at work; 0: none */
    struct item *last_item;    /* of what it caused */
};

struct freezer;
struct event;
struct event_base;

struct engine {
    struct engine_settings settings;
    struct store *store;
    struct store_reader *reader;
    struct mailbox *mailbox;
    struct transport *transport;
    struct tenants *tenants;
    uint64_t tenants_version;
    struct random random;
    int64_t now_ms; /* of this run */

    /* Readers of other threads hold the mutex; it is held here while these change. */
    pthread_mutex_t mutex;
    pthread_cond_t adopted;    /* tenants_version grew */
    struct number_map senders; /* by number */
    uint64_t adopted_version;

    struct number_map tasks; /* by id */
    int64_t changed;         /* of tasks: all up to it were read */
    struct alarms alarms;
    STAILQ_HEAD(, sender) ready, dirty, leaving, untold;
    size_t account_ops;
    struct alarm untold_alarm; /* set: the store refused, nothing is told */
    TAILQ_HEAD(, open_task) attention;
    size_t task_ops;

    LIST_HEAD(, flight) taken;
    struct flights free_flights, made; /* made: claimed, to be handed over in this run */
    size_t flight_count;               /* taken */
    size_t reserved;                   /* of claims at the writer */
    struct turn *turns[TURNS_MAX];
    size_t turns_out;
    bool unsure; /* a turn's outcome is unknown: look at what is in flight */
    int64_t pause_until_ms;

    struct items items, limbo;
    size_t item_count, limbo_count;
    struct alarm limbo_alarm, watchdog_alarm;
    size_t found_resting; /* tasks, by the watchdog, since the start */
    struct follow_ups follow_ups;

    TAILQ_HEAD(contents_by_age, contents) contents; /* oldest first */
    size_t contents_count;

    struct freezer *freezer;
    struct queries *queries;

    struct letter wake_letter;
    atomic_bool is_woken, is_stopping, is_stuck;
    bool reload;
    int64_t outside_last;    /* id of the last message outside tasks that was looked at */
    struct event_base *base; /* of the thread */
    struct event *mail, *timer;
    pthread_t thread;
    bool has_thread;
    _Atomic int64_t stop_by_ms; /* monotonic */
};

/* sender.c: one account */
/* How many it may claim now; else 0, and its alarm is set. */
size_t sender_may_claim(struct engine *engine, struct sender *sender);
/* Something about it changed: it is made ready, or its alarm is set. */
void sender_touch(struct engine *engine, struct sender *sender);
void sender_ring(void *engine, struct alarm *alarm);
void sender_dirty(struct engine *engine, struct sender *sender);
void sender_told(struct engine *engine, struct flight *flight); /* its outcome is there */
void sender_failed(struct engine *engine, struct sender *sender, const char *why);
bool sender_is_paced(const struct sender *sender, const struct open_task *task);
bool sender_keeps_pace(const struct sender *sender, int64_t interval_max_ms);

/* senders.c: all accounts, as the tenants' snapshot has them */
int senders_adopt(struct engine *engine); /* logs, and goes on with the others at the next */
struct sender *senders_find(const struct engine *engine, int64_t number);
void senders_online(void *engine, int64_t account, bool online, int64_t since_ms, const char *why);
/* For messages of an account that is gone. NULL: no memory. */
struct sender *senders_stand_in(struct engine *engine, int64_t tenant_id, int64_t number);
void senders_sweep(struct engine *engine);   /* frees those that are gone for good */
void senders_publish(struct engine *engine); /* whoever waits for the snapshot goes on */
void senders_free(struct engine *engine);

/* lanes.c */
int lanes_add(struct sender *sender, struct open_task *task) MUST_USE; /* or wakes it */
void lanes_remove(struct sender *sender, size_t at);
void lanes_empty(struct sender *sender, struct open_task *task); /* nothing is queued in it */
void lanes_drop_asleep(struct sender *sender);
void lanes_repace(struct sender *sender); /* the account's settings changed */
/* Writes those that may be claimed from, the next in turn first; drops lanes of tasks that are over or
 * pause. */
size_t lanes_pick(struct sender *sender, int64_t *ids, struct open_task **tasks, size_t max);
void lanes_free(struct sender *sender);

/* tasks.c: those that are open, read from the store */
int tasks_reload(struct engine *engine); /* logs; tried again in the next run */
/* Reads one anew; false: it is not open any more, and forgotten. */
bool tasks_refresh(struct engine *engine, struct open_task *task);
struct open_task *tasks_find(const struct engine *engine, int64_t id);
bool task_is_active(const struct open_task *task);
void tasks_stale(struct engine *engine, struct open_task *task);  /* read it anew, then attend */
void tasks_attend(struct engine *engine, struct open_task *task); /* later in this run */
void tasks_run(struct engine *engine);                            /* attends to those */
void tasks_forget(struct engine *engine, struct open_task *task);
void tasks_release(struct open_task *task); /* frees it when nobody uses it */
void tasks_progress(struct engine *engine, const struct turn_task *told);
void tasks_free(struct engine *engine);

/* task_moves.c, task_drain.c: commands on tasks, one at a time for each */
void task_move(struct engine *engine, struct open_task *task, enum task_status to,
               const char *cause);
bool task_drain(struct engine *engine,
                struct open_task *task); /* false: there is nothing to drain */

/* turn.c, turn_done.c */
void turns_send(struct engine *engine);
void turn_done(struct store_call *call);

/* flights.c */
struct flight *flight_take(struct engine *engine, struct sender *sender, int64_t message);
void flight_free(struct engine *engine, struct flight *flight);
void flights_free(struct engine *engine);

/* hand_over.c: renders and sends what was claimed */
void hand_over(struct engine *engine);
void hand_over_outcome(void *engine, struct transport_send *send);

/* contents.c */
struct contents *contents_take(struct engine *engine, int64_t tenant_id, int64_t task_id);
void contents_drop(struct contents *contents); /* NULL is fine */
void contents_free(struct engine *engine);

/* items.c: what the transports tell, until it is in a turn */
void items_status(void *engine, const struct transport_status *status);
void items_incoming(void *engine, const struct transport_incoming *incoming);
void items_limbo(struct engine *engine, struct item *item);
void items_retry(void *engine, struct alarm *alarm);
void items_add(struct engine *engine, struct item *item);
void item_free(struct item *item);
struct item *item_new(enum item_kind kind);
void items_release(struct engine *engine, struct sender *sender); /* those that it holds */
void items_free(struct engine *engine);

/* follow_ups.c */
void follow_ups_run(struct engine *engine);
int64_t follow_ups_due(const struct engine *engine); /* when the next is due; ALARM_NEVER */
void follow_ups_finish(struct engine *engine, int64_t id);
void follow_ups_added(struct engine *engine, const struct follow_up *follow_up);
void follow_ups_free(struct engine *engine);

/* freezer.c: the thread that walks segments and groups */
int freezer_new(struct engine *engine, struct freezer **ret_freezer) MUST_USE;
void freezer_ask(struct engine *engine, struct open_task *task);
bool freezer_is_busy(const struct freezer *freezer);
void freezer_stop(struct freezer *freezer); /* waits for its thread; NULL is fine */
void freezer_free(struct freezer *freezer);

/* load.c: the start, and after a turn whose outcome is unknown */
int load_all(struct engine *engine) MUST_USE;
/* Messages outside tasks that were queued since they were last looked for. ERR_STORE. */
int load_outside(struct engine *engine) MUST_USE;
void load_unsure(struct engine *engine);

/* watchdog.c */
void watchdog_ring(void *engine, struct alarm *alarm);

/* account_events.c */
void account_events_note(struct engine *engine, struct sender *sender); /* it may be news */
void account_events_run(struct engine *engine);
void account_events_ring(void *engine, struct alarm *alarm);

/* look.c */
void look_update(struct engine *engine);
void look_count(struct sender *sender, int64_t time_ms); /* one was handed over */

/* Runs what was asked of the engine's reader, to its end. */
static inline void engine_read(struct engine *engine)
{
    while (store_reads_waiting(engine->reader) > 0)
        store_reads_run(engine->reader);
}

#endif
