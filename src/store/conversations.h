/* The store's face, what was said: messages in pages, conversations, messages outside tasks. See
 * store/store.h for how verbs work. */
#ifndef WSCRM_STORE_CONVERSATIONS_H
#define WSCRM_STORE_CONVERSATIONS_H

#include "domain/message.h"
#include "store/store.h"

/* --- messages */

enum message_direction { MESSAGES_ALL, MESSAGES_SENT, MESSAGES_RECEIVED };

struct messages_wanted {
    int64_t number; /* in both of its forms; 0: any */
    enum chat_type chat;
    bool by_account;         /* only those of `accounts` */
    const int64_t *accounts; /* ascending */
    size_t account_count;
    enum message_direction direction;
    int type;               /* enum content_type; 0: any */
    int64_t from_ms, to_ms; /* both included */
};

struct message_shown {
    int64_t id, account, number;
    bool incoming;
    enum message_status status;
    enum message_reason reason;
    int64_t time_ms;
    struct str content;     /* as content_write(); `{}` where it is gone */
    struct str friend_name; /* of the customer of that number; len 0: there is none */
};

/* A page of the tenant's messages that were handed over or came in, by (time, id), at constant cost from
 * the end of the page before; `counts`, `skip`, and a filter that few fit, look at all entries of an index in
 * the span of time: 0.2 us a message, 0.5 us with a filter, 3 us with `type`. `each` runs on the reader's thread while the read runs; what it gets is valid during the call.
 * ERR_TOO_LARGE over `look_max`, ERR_TIMEOUT, ERR_STORE. */
#define MESSAGES_PAGE_MAX 500
struct messages_page {
    struct store_call call;
    int64_t tenant_id;
    struct messages_wanted wanted;
    int64_t after_ms, after_id; /* shows those behind */
    int64_t skip;
    size_t limit;    /* 1 to MESSAGES_PAGE_MAX */
    bool counts;     /* goes on to the last one, for `total` */
    size_t look_max; /* messages that are looked at; 0: without a limit, on a thread with time */
    int64_t deadline_us; /* by clock_mono_us(); 0: none */
    void (*each)(struct messages_page *op, const struct message_shown *message);
    /* Right before the first `each`, and in `done`: */
    int64_t total;            /* when it counts */
    int64_t last_ms, last_id; /* for the next page */
    bool more;                /* there is one */
    /* The store's own. */
    int64_t at_ms, at_id, ids[MESSAGES_PAGE_MAX];
    size_t looked_at, found, shown;
    int64_t variant;    /* of the number that is wanted */
    int64_t task, part; /* of `task_type` */
    int task_type;
};
void store_messages_page(struct store_reader *reader, struct messages_page *op);

/* --- conversations */

struct conversation {
    int64_t number, account, last_ms, unread;
    struct str content;     /* of the last message, as above */
    struct str friend_name; /* as above */
};

/* A page of the tenant's conversations, newest first. Each page looks at all of them, 0.4 us each, so that
 * messages pay for no index. At most CONVERSATIONS_SKIP_MAX can be left out; what lies further behind is
 * reached from the page before (`after`). Otherwise as messages_page. */
#define CONVERSATIONS_PAGE_MAX 500
#define CONVERSATIONS_SKIP_MAX 100000
struct conversation_key {
    int64_t last_ms, number, account;
};
struct conversations_page {
    struct store_call call;
    int64_t tenant_id;
    bool by_account;
    const int64_t *accounts; /* ascending */
    size_t account_count;
    bool unread;                   /* only those with messages that nobody read */
    struct conversation_key after; /* number 0: from the newest on */
    int64_t skip;                  /* at most CONVERSATIONS_SKIP_MAX */
    size_t limit;                  /* 1 to CONVERSATIONS_PAGE_MAX */
    size_t look_max;
    int64_t deadline_us;
    void (*each)(struct conversations_page *op, const struct conversation *conversation);
    /* Right before the first `each`, and in `done`: */
    int64_t total; /* those before `after` counted in */
    struct conversation_key last;
    bool more;
    /* The store's own. */
    int64_t at_number, at_account;
    size_t looked_at, shown;
};
void store_conversations_page(struct store_reader *reader, struct conversations_page *op);

/* Nothing in the conversation is unread any more. ERR_NOT_FOUND no such conversation. */
struct conversation_read {
    struct store_call call;
    int64_t tenant_id, account, number; /* the number in either form */
};
void store_conversation_read(struct store *store, struct conversation_read *op);

/* --- messages outside tasks */

/* So many of an account may wait to be sent. */
#define ACCOUNT_MAX_OUTSIDE 10000

/* Queues messages of an account to a number, outside tasks, in this order: each is handed over when its turn
 * in the account's pace has come, before the messages of tasks. ERR_NO_AGENT no such account of the tenant,
 * ERR_FULL over ACCOUNT_MAX_OUTSIDE (or of an Idempotency-Key, then `waiting` is 0). */
struct messages_send {
    struct store_call call;
    int64_t tenant_id, now_ms;
    int64_t account, number;
    const struct str *contents; /* JSON objects, content_write() */
    size_t count;
    int64_t *ids;    /* [count], the caller's; set before `done` */
    int64_t waiting; /* in `done`: how many waited before */
};
void store_messages_send(struct store *store, struct messages_send *op);

/* For the engine: the accounts for which messages outside tasks were queued behind the id `after`; `after`
 * becomes the last id that was given. 0.1 us for each message that came in since. */
struct outside_queued {
    struct store_call call;
    int64_t after;
    void (*each)(struct outside_queued *op, int64_t account);
};
void store_outside_queued(struct store_reader *reader, struct outside_queued *op);

#endif
