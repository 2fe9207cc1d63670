/* The store's verbs on actions: what is to happen on the screen of an agent, at a time, told to whoever
 * listens for the agent. As in store.h.
 *
 * An action waits until it is handed to a listener, and then for the answer; it ends as done or failed.
 * What a listener is given is marked as handed on disk first: so that whatever breaks off, no two
 * listeners get the same. */
#ifndef WSCRM_STORE_ACTIONS_H
#define WSCRM_STORE_ACTIONS_H

#include "store/store.h"

/* A call makes them all or none, as one light command. */
#define ACTIONS_MAX 500
/* Waiting ones of a tenant: at 10 s from one to the next, eleven days of one agent. */
#define TENANT_MAX_ACTIONS 100000
/* Actions that are over are kept so long. */
#define ACTION_KEPT_MS        INT64_C(604800000)
#define ACTION_REASON_LONGEST 255 /* characters */
#define ACTION_ID_LEN         16

enum action_status { ACTION_FAILED = -1, ACTION_WAITING = 0, ACTION_DONE = 1 };

struct action_id {
    uint8_t bytes[ACTION_ID_LEN]; /* on the wire 32 hexadecimal digits */
};

struct action_new {
    struct action_id id; /* random */
    int64_t agent;
    int64_t account; /* 0: none is named */
    int64_t number;
    int platform, type;
    struct str content;
};

/* Each one is due at once, or interval_ms, and at least 1 ms, after the agent's last one. ERR_NOT_FOUND no such tenant,
 * ERR_NO_AGENT one of the agents is gone, ERR_FULL over TENANT_MAX_ACTIONS. */
struct actions_create {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    int64_t interval_ms;
    const struct action_new *items;
    size_t count; /* at most ACTIONS_MAX */
};
void store_actions_create(struct store *store, struct actions_create *op);

/* The listener's answer, for one that waits, handed over or not. One that is over keeps its status: 0 when
 * it is the same, else ERR_CONFLICT. ERR_NOT_FOUND no such action of the tenant. */
struct action_done {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct action_id id;
    bool good;
    struct str reason;
    enum action_status status; /* in `done`: as it is now */
};
void store_action_done(struct store *store, struct action_done *op);

/* What became of them: `each` runs for those that are there, in the order asked. ERR_STORE. */
#define ACTIONS_RESULT_MAX 1000
struct actions_result {
    struct store_call call;
    int64_t tenant_id;
    const struct action_id *ids;
    size_t count; /* at most ACTIONS_RESULT_MAX */
    void (*each)(struct actions_result *op, size_t index, enum action_status status,
                 struct str reason);
};
void store_actions_result(struct store_reader *reader, struct actions_result *op);

/* --- for whoever hands them out, who sees those of all tenants */

struct action_due {
    int64_t action, agent;
    int64_t due_ms;
    int64_t handed_ms; /* 0: not handed over */
};

/* Those that wait and are due behind (after_ms, after_id) and not later than until_ms, in that order, at
 * most `limit` of them. result: how many. ERR_STORE. */
struct actions_due {
    struct store_call call;
    int64_t after_ms, after_id, until_ms;
    size_t limit;
    void (*each)(struct actions_due *op, const struct action_due *due);
};
void store_actions_due(struct store_reader *reader, struct actions_due *op);

/* Those made behind `after` that are due not later than until_ms, in the order in which they were made.
 * `after` becomes the last that was looked at; it is 0 at first, and becomes the newest that there is, and
 * nothing is shown. `more`: there may be more. ERR_STORE. */
#define ACTIONS_FRESH_MAX 1000
struct actions_fresh {
    struct store_call call;
    int64_t after, until_ms;
    bool more;
    void (*each)(struct actions_fresh *op, const struct action_due *due);
};
void store_actions_fresh(struct store_reader *reader, struct actions_fresh *op);

/* What a listener is told of an action. */
struct action_event {
    struct action_id id;
    int64_t account; /* 0: none */
    int64_t number;
    struct str content;
};

/* A listener is a stream of a session: the session lasts while its client comes again and again, the
 * stream is one connection. Sessions are random, from 1 to ACTION_SESSION_MAX; streams from 1 to
 * ACTION_STREAM_MAX. */
#define ACTION_STREAM_BITS 16
#define ACTION_STREAM_MAX  ((INT64_C(1) << ACTION_STREAM_BITS) - 1)
#define ACTION_SESSION_MAX ((INT64_C(1) << 47) - 1)
static inline int64_t action_listener(int64_t session, int64_t stream)
{
    return session << ACTION_STREAM_BITS | stream;
}

enum action_step {
    ACTION_HAND,   /* it is given to `listener` */
    ACTION_RETURN, /* which has gone, and surely has not seen it */
    ACTION_FAIL,   /* for `reason` */
};
enum action_verdict {
    ACTION_TAKEN, /* it is so now */
    ACTION_OVER,  /* it is over, or not there any more */
    ACTION_HELD,  /* a listener has it: it cannot be handed over, or returned by another */
};
struct action_item {
    int64_t action;
    enum action_step step;
    int64_t listener; /* not 0 */
    int64_t order;    /* of one that is handed: grows from one to the next */
    struct str reason;
    enum action_verdict verdict; /* in `done` */
    struct action_event event;   /* of one that was handed: content is in `text` */
};
#define ACTIONS_TURN_MAX 500
struct actions_turn {
    struct store_call call;
    int64_t now_ms;
    struct action_item *items;
    size_t count;    /* at most ACTIONS_TURN_MAX */
    struct buf text; /* the caller's, empty: holds the contents, at most 4 KiB each */
};
void store_actions_turn(struct store *store, struct actions_turn *op);

/* A listener comes again on a new stream, and says what it has seen last: an action, or, when it has seen
 * none, its session. What was handed to the session behind that, waits, and was handed after after_ms is
 * shown; at most ACTIONS_TAKE_MAX, which is more than there can be at 10 s from one to the next. All that
 * waits of the session is the new stream's then. `each` runs on the writer's thread, in their order. */
#define ACTIONS_TAKE_MAX 64
struct actions_take {
    struct store_call call;
    int64_t tenant_id, agent;
    int64_t session; /* 0: `last` says it; in `done`: that session, or 0 when it says nothing */
    struct action_id last;
    int64_t stream; /* the new one */
    int64_t after_ms;
    void (*each)(struct actions_take *op, const struct action_event *event);
};
void store_actions_take(struct store *store, struct actions_take *op);

#endif
