/* The store's face, messages: what the engine does with them, one transaction a turn. See
 * store/store.h for how verbs work.
 *
 * A message goes QUEUED → SENDING by a claim, which is on disk before it is handed to its transport, and
 * from there by an outcome. What is SENDING stands in `in_flight` too, so that a start finds it. */
#ifndef WSCRM_STORE_MESSAGES_H
#define WSCRM_STORE_MESSAGES_H

#include "domain/message.h"
#include "domain/task.h"
#include "store/store.h"

/* A thing that a transport wants to be told of later, through any restart. */
struct follow_up {
    int64_t id; /* the store's */
    int64_t due_ms;
    int64_t account, message;
    int64_t number;  /* of the message; set when it is read */
    int code;        /* the transport's own meaning; 0: none */
    struct str text; /* the transport's own; at most 4096 bytes */
};

/* What is told of a message, by whoever knows it: an id of ours, or the provider's. */
struct message_news {
    int64_t message; /* 0: look provider_id up among the account's */
    int64_t account;
    struct str provider_id;     /* of an outcome: it is kept; len 0: none */
    enum message_status status; /* SENT to NOT_REPLIED, FAILED; of an outcome RETRY too */
    enum message_reason reason;
    int code;
    struct str reason_text;
    int64_t time_ms;
    int64_t retry_ms; /* of RETRY: not before */
    struct str
        rendered; /* of an outcome: its content as sent (content_write()); len 0: as the task has it */
    struct follow_up follow_up; /* code 0: none */
    /* Set before `done`. */
    bool changed; /* false: it was so already, or is older news */
    bool unknown; /* no such message (yet) */
};

/* An incoming message. */
struct message_incoming {
    int64_t account, number;
    struct str provider_id;
    struct str content; /* content_write() */
    struct str text;    /* for keywords; len 0: none */
    int64_t time_ms;
    struct follow_up follow_up;
    /* Set before `done`: */
    bool opted_out; /* the text was one of the tenant's keywords */
};

/* One message that is claimed. */
struct message_claimed {
    int64_t id, number;
    size_t part;
    int tries;        /* this one included */
    bool has_content; /* one of its own, see store_message_contents() */
};

/* Up to `want` messages of an account: those to be retried whose time has come first, then lane by lane in
 * the order given. Numbers that have opted out fail on the way, at most CLAIM_SKIPS of them. */
#define CLAIM_SKIPS 64
struct message_claim {
    int64_t tenant_id, account;
    const int64_t *lanes; /* task ids; 0: messages outside tasks */
    size_t lane_count;
    size_t want;
    struct message_claimed *messages; /* [want], the caller's */
    /* Set before `done`: */
    size_t count;
    bool *lane_empty; /* [lane_count], the caller's: nothing is queued there now */
    /* CLAIM_SKIPS failed, or the turn had seen TURN_MAX_ITEMS tasks: ask again. */
    bool skipped_many;
    int64_t retry_ms; /* of the next one to be retried; 0: none */
};

/* What an account's pace is; kept for the next start. */
struct account_pace {
    int64_t account;
    int64_t due_ms; /* nothing before */
    int64_t day;    /* days since 1970 in the tenant's zone, and how many were handed over in it */
    int64_t sent;
};

/* What a turn did to a task. */
struct turn_task {
    int64_t task_id;
    int64_t left;
    enum task_status status;
};

/* One turn of the engine: outcomes of hand-overs, news, incoming messages, follow-ups that are done, paces;
 * then claims. All in one transaction; a task's first claim moves it from PENDING to SENDING. Of a task
 * that is paused, stopped or gone nothing is claimed. The next content of a recipient is queued by the
 * outcome of the one before; when that failed, or its task is stopped, the rest fails with it. */
#define TURN_MAX_ITEMS 256 /* of all kinds together, a claim's `want` counted */
struct messages_turn {
    struct store_call call;
    int64_t now_ms;
    struct message_news *outcomes;
    size_t outcome_count;
    struct message_news *news;
    size_t news_count;
    struct message_incoming *incoming;
    size_t incoming_count;
    const int64_t *followed; /* ids of follow-ups that are done with */
    size_t followed_count;
    const struct account_pace *paces;
    size_t pace_count;
    struct message_claim *claims;
    size_t claim_count;
    struct turn_task *tasks; /* [TURN_MAX_ITEMS], the caller's: what was touched */
    size_t task_count;
};
void store_messages_turn(struct store *store, struct messages_turn *op);

/* Contents that messages have of their own, JSON objects, in the order of `messages`; of one without, len
 * 0. Valid during `each`. */
struct message_contents {
    struct store_call call;
    const int64_t *messages;
    size_t count;
    void (*each)(struct message_contents *op, size_t index, struct str content);
};
void store_message_contents(struct store_reader *reader, struct message_contents *op);

/* What an engine has to know at its start. */
struct in_flight {
    int64_t message, tenant_id, account, claimed_ms;
};
struct engine_load {
    struct store_call call;
    void (*in_flight)(struct engine_load *op, const struct in_flight *message);
    void (*pace)(struct engine_load *op, const struct account_pace *pace);
    void (*retry)(struct engine_load *op, int64_t account, int64_t retry_ms); /* the next of each */
    void (*outside)(struct engine_load *op,
                    int64_t account); /* has messages outside tasks queued */
    int64_t outside_last; /* in `done`: the last id of those; for store_outside_queued() */
};
void store_engine_load(struct store_reader *reader, struct engine_load *op);

/* The next follow-ups by time, behind (after_ms, after_id). */
struct follow_ups_next {
    struct store_call call;
    int64_t after_ms, after_id;
    size_t limit;
    void (*each)(struct follow_ups_next *op, const struct follow_up *follow_up);
};
void store_follow_ups_next(struct store_reader *reader, struct follow_ups_next *op);

#endif
