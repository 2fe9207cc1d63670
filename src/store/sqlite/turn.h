/* A turn of the engine while it runs in the writer's transaction: what its files share. */
#ifndef WSCRM_STORE_SQLITE_TURN_H
#define WSCRM_STORE_SQLITE_TURN_H

#include "domain/webhook.h"
#include "store/messages.h"
#include "store/sqlite/store_sqlite.h"

/* A task that the turn touches. Its row is read once; what its messages do to it is written once. */
struct touched_task {
    int64_t id; /* 0: messages outside tasks */
    bool found;
    enum task_status status;
    int64_t parts, left;
    struct message_counts more;
};

/* An event that is to be put: see message_event.h. */
struct told {
    int64_t message;
    enum event_type type;
};

struct turn {
    struct store *store;
    struct connection *connection;
    struct messages_turn *op;
    struct touched_task tasks[TURN_MAX_ITEMS];
    size_t task_count;
    int64_t told_tenant; /* whose webhook_types these are */
    unsigned told_types;
    struct told *told; /* in the command's memory */
    size_t told_count, told_capacity;
    bool opted_out; /* a number, in this turn: the snapshot does not say so yet */
};

/* The task of a message, or of a lane. ERR_STORE; ERR_FULL for claims, which look at more tasks than they
 * have messages (items alone always fit). */
int turn_task(struct turn *turn, int64_t task_id, struct touched_task **ret_task) MUST_USE;

/* A message's row as it was. */
struct message_row {
    int64_t id, tenant_id, account, number, part;
    enum message_status status;
    enum message_reason reason;
};
/* ERR_NOT_FOUND, ERR_STORE. */
int message_row_find(struct connection *connection, int64_t id,
                     struct message_row *ret_row) MUST_USE;

/* Fails the messages from `id` on up to the recipient's last that were not handed over, and counts it.
 * ERR_STORE. */
int turn_fail_rest(struct turn *turn, int64_t tenant_id, struct touched_task *task, int64_t id,
                   int64_t part, enum message_reason reason) MUST_USE;

/* --- message_outcome.c: each writes one item; ERR_STORE */
int turn_outcome(struct turn *turn, struct message_news *news) MUST_USE;
int turn_news(struct turn *turn, struct message_news *news) MUST_USE;
/* A reply shows that the message was read, whatever is known of it. */
int turn_replied(struct turn *turn, int64_t message, int64_t time_ms) MUST_USE;
int turn_follow_up(struct turn *turn, const struct follow_up *follow_up) MUST_USE;

/* --- message_incoming.c */
int turn_incoming(struct turn *turn, struct message_incoming *incoming) MUST_USE;

/* --- message_claim.c */
int turn_claim(struct turn *turn, struct message_claim *claim) MUST_USE;

/* --- message_outside.c */

struct message_outside {
    int64_t tenant_id, account, number, part;
    enum message_status status;
    bool incoming;
    int64_t time_ms; /* 0: it was not handed over yet */
    struct str provider_id, content;
};
/* Gives it the next id. ERR_EXISTS: the account has a message of this provider's id. ERR_STORE. */
int message_outside_add(struct connection *connection, int64_t now_ms,
                        const struct message_outside *outside, int64_t *ret_id) MUST_USE;

/* `part` of a message outside tasks that goes out although its number has opted out: the answer to the
 * opt-out itself. */
#define MESSAGE_PART_EXEMPT (-1)

/* A chore (writer_chores.c): messages that were read and had no reply for settings.not_replied_ms. */
int messages_not_replied(struct store *store);
/* The same: tasks that have been over for settings.message_days, and messages outside tasks as old. */
int messages_forget(struct store *store);

#endif
