/* How a message leaves: the one interface between the engine and a transport's driver.
 *
 * All of it is on the engine's thread. A driver never blocks: what takes time it does on a thread or a
 * socket of its own and tells the outcome later. Rules of the drivers: see docs. */
#ifndef WSCRM_TRANSPORT_TRANSPORT_H
#define WSCRM_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/mailbox.h"
#include "base/text.h"
#include "domain/account.h"
#include "domain/content.h"
#include "domain/message.h"
#include "domain/query.h"

struct transport;
struct transport_driver;

/* One hand-over. The engine's from transport_send() until its `outcome`; the driver writes what it made
 * of it. */
struct transport_send {
    int64_t message, tenant_id, account, to; /* `to`: a number */
    const struct content *content;
    struct str text; /* rendered */
    int tries;       /* this one included */
    /* The outcome. */
    enum message_status status; /* SENT or above, FAILED, RETRY */
    enum message_reason reason;
    int code;              /* the provider's; 0: none */
    char reason_text[256]; /* the provider's */
    char provider_id[128];
    int64_t time_ms;        /* when it left, or was refused */
    int64_t retry_after_ms; /* of RETRY: the driver's wish; 0: the engine's back-off */
    bool account_stopped;   /* the account cannot send any more: its tasks pause */
    bool left;              /* it was handed over (or may have been): it costs an interval */
    int follow_code; /* 0: none. Else transport_follow_up() at follow_ms, through any restart */
    int64_t follow_ms;
    char follow_text[4097];
    struct transport_send *next; /* the driver's */
};

/* One question to WhatsApp by an account: the engine's from transport_query() until its answer. */
struct transport_query {
    enum query_kind kind;
    int64_t tenant_id, account;
    int64_t number;                    /* of a check */
    char code[GROUP_CODE_LONGEST + 1]; /* of an info and a join */
    int64_t asked_ms;                  /* not asked before */
    int left; /* transport_query_recall()'s: 1 it was asked, 0 it was not, ERR_UNKNOWN nobody can tell.
               * 1 at transport_query(): nothing is asked again, only the answer is wanted */
    struct query_answer answer;
    int64_t due_ms;                    /* the driver's */
    bool waits;                        /* the driver's */
    TAILQ_ENTRY(transport_query) next; /* the driver's */
};
TAILQ_HEAD(transport_queries, transport_query);

/* What a driver tells; each runs on the engine's thread, from within a call of this header or a letter of
 * the driver's in the engine's mailbox. Texts are valid during the call. */
struct transport_status {
    int64_t message; /* 0: by provider_id */
    int64_t account;
    struct str provider_id;
    enum message_status status;
    enum message_reason reason;
    int code;
    struct str reason_text;
    int64_t time_ms;
    int follow_code; /* as above */
    int64_t follow_ms;
    struct str follow_text;
};
struct transport_incoming {
    int64_t account, from;
    struct str provider_id;
    struct content content;
    int64_t time_ms;
};
struct transport_listener {
    void *context;
    void (*outcome)(void *context, struct transport_send *send);
    void (*answered)(void *context, struct transport_query *query);
    void (*status)(void *context, const struct transport_status *status);
    void (*incoming)(void *context, const struct transport_incoming *incoming);
    void (*online)(void *context, int64_t account, bool online, int64_t since_ms,
                   const char *why); /* why: "" or a short text */
};

struct transport_settings {
    const char *directory;   /* the data directory */
    struct mailbox *mailbox; /* the engine's */
    int64_t (*clock_ms)(void *context);
    void *clock_context;
    bool sandbox_recall;
};

/* All drivers at once. On failure why[] names the place. */
int transport_new(const struct transport_settings *settings,
                  const struct transport_listener *listener, struct transport **ret_transport,
                  char *why, size_t why_size) MUST_USE;
/* Nothing should be under way any more: it waits for what is, tells some of it from within, and forgets the
 * rest. */
void transport_free(struct transport *transport);

/* An account comes, or its settings changed: tells whether it is online, sooner or later. ERR_NOT_FOUND: no
 * such transport in this program. */
int transport_account_set(struct transport *transport, int64_t tenant_id,
                          const struct account *account) MUST_USE;
void transport_account_remove(struct transport *transport, int64_t number);

/* How many of its messages may be under way at once: W. 0: the account is not known. */
int transport_in_flight_max(const struct transport *transport, int64_t account);

void transport_send(struct transport *transport, struct transport_send *send);
/* The answer comes later, or from within, or never. */
void transport_query(struct transport *transport, struct transport_query *query);
/* It was not answered in time. False: its answer is on its way and comes. */
bool transport_query_cancel(struct transport *transport, struct transport_query *query) MUST_USE;
/* After the sends and queries of a turn: hand-overs that can be made together are. */
void transport_flush(struct transport *transport);
/* Hand-overs whose outcome was not told yet, and questions that are being asked; not those that wait for an
 * answer, which may never come. */
size_t transport_under_way(const struct transport *transport);

/* A follow-up is due. */
void transport_follow_up(struct transport *transport, int64_t message, int64_t account, int64_t to,
                         int code, int64_t due_ms, struct str text);

/* After a crash: did these messages leave? All at once, for it may mean to look through a provider's whole
 * history; the caller waits, before it does anything else. Fills in `left`; may change the order. Of an
 * account that is not set nobody can tell. */
struct transport_recall {
    int64_t account, message;
    int left; /* 1 yes, 0 no, ERR_UNKNOWN nobody can tell */
};
void transport_recall(struct transport *transport, struct transport_recall *messages, size_t count);

/* The same for questions: which of them were asked since their asked_ms? Fills in `left`. */
void transport_query_recall(struct transport *transport, struct transport_query *const *queries,
                            size_t count);

/* Does what is due by itself (an account that comes back); returns when it wants to be called again, at
 * most `never_ms`. */
int64_t transport_tick(struct transport *transport, int64_t now_ms, int64_t never_ms);

#endif
