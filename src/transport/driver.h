/* What a transport's driver is: one row in transport.c and the functions behind it. One that cannot ask WhatsApp for something answers
 * QUERY_CANNOT.
 *
 * All on the engine's thread; what takes time is done elsewhere and comes home as a letter in the
 * settings' mailbox. A driver allocates nothing for a message: `send` is the engine's, its `next` is the
 * driver's to keep it in a list with. */
#ifndef WSCRM_TRANSPORT_DRIVER_H
#define WSCRM_TRANSPORT_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#include "domain/account_settings.h"
#include "transport/transport.h"

/* An account that is known; lives from its transport_account_set() to its removal. */
struct transport_account {
    int64_t number, tenant_id;
    struct transport_driver *driver;
    struct account_settings settings;
    int64_t since_ms;                    /* online, or away, since then */
    int64_t back_ms;                     /* the driver's: away until then; 0: online */
    struct transport_account *next_away; /* the driver's */
    struct transport_account *next;      /* in accounts.c */
};

/* A driver's own struct begins with this. */
struct transport_driver {
    const struct transport_driver_kind *kind;
};

struct transport_driver_kind {
    const char *name; /* account.transport */
    /* The settings and the listener live as long as the driver. On failure why[] names the place. */
    int (*open)(const struct transport_settings *settings,
                const struct transport_listener *listener, struct transport_driver **ret_driver,
                char *why, size_t why_size);
    void (*close)(struct transport_driver *driver);
    /* It is new (since_ms 0), or its settings are: tells the listener whether it is online. */
    void (*account_set)(struct transport_driver *driver, struct transport_account *account);
    /* It is gone after this. Sends of its own may be under way: they are told as they end. */
    void (*account_remove)(struct transport_driver *driver, struct transport_account *account);
    int (*in_flight_max)(const struct transport_account *account);
    /* Its outcome is told later, at the earliest by flush. */
    void (*send)(struct transport_driver *driver, struct transport_account *account,
                 struct transport_send *send);
    /* Its answer is told once, by the listener: at once, by flush, or later. */
    void (*query)(struct transport_driver *driver, struct transport_account *account,
                  struct transport_query *query);
    bool (*query_cancel)(struct transport_driver *driver, struct transport_query *query);
    void (*flush)(struct transport_driver *driver);
    size_t (*under_way)(const struct transport_driver *driver);
    void (*follow_up)(struct transport_driver *driver, struct transport_account *account,
                      int64_t message, int64_t to, int code, int64_t due_ms, struct str text);
    /* All of its own that are asked for, `left` set to ERR_UNKNOWN. May change their order. */
    void (*recall)(struct transport_driver *driver, struct transport_recall *messages,
                   size_t count);
    /* `left` set to ERR_UNKNOWN; some may be other drivers'. */
    void (*query_recall)(struct transport_driver *driver, struct transport_query *const *queries,
                         size_t count);
    int64_t (*tick)(struct transport_driver *driver, int64_t now_ms, int64_t never_ms);
};

extern const struct transport_driver_kind sandbox_kind;

#endif
