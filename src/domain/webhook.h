/* Webhooks: what is told, how it is signed, when it is tried again. Rules only.
 * Sources: the Open API's event names and token; Standard Webhooks (standardwebhooks.com) for the
 * signature of the body. */
#ifndef WSCRM_DOMAIN_WEBHOOK_H
#define WSCRM_DOMAIN_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mailbox.h"
#include "base/random.h"
#include "base/text.h"

/* In the table, and as bits of tenant.webhook_types: never renumber. */
enum event_type {
    EVENT_CUSTOMER = 0, /* a customer's profile changed */
    EVENT_ACCOUNT = 1,  /* online, offline */
    EVENT_MESSAGE = 2,  /* sent or received */
    EVENT_STATUS = 3,   /* of a message */
    EVENT_TASK = 4,     /* over */
    EVENT_TYPE_COUNT = 5,
};
const char *event_type_name(enum event_type type);
int event_type_parse(struct str text, enum event_type *ret_type) MUST_USE; /* ERR_INVALID */

#define WEBHOOK_URL_LONGEST     2048 /* bytes */
#define WEBHOOK_SECRET_SHORTEST 24   /* bytes, decoded */
#define WEBHOOK_SECRET_LONGEST  64
#define WEBHOOK_SECRET_TEXT_MAX 96 /* "whsec_" and base64, with a NUL */

/* "whsec_" + base64. ERR_INVALID: not of that form or length. Returns the number of bytes. */
int webhook_secret_decode(struct str text, uint8_t ret_secret[WEBHOOK_SECRET_LONGEST]) MUST_USE;
void webhook_secret_encode(const uint8_t *secret, size_t len,
                           char ret_text[WEBHOOK_SECRET_TEXT_MAX]);

/* `access_token`: lower-case hex HMAC-SHA256 of tenantId + timestamp with the ApiKey. */
int webhook_access_token(struct crypto *crypto, struct str api_key, int64_t tenant_id,
                         int64_t timestamp_ms, char ret_hex[2 * SHA256_LEN + 1]) MUST_USE;
/* `webhook-signature`: "v1," + base64 HMAC-SHA256 of `id.timestamp.body`, appended to `b`. */
int webhook_sign(struct crypto *crypto, const uint8_t *secret, size_t secret_len, struct str id,
                 int64_t timestamp_s, struct str body, struct buf *b) MUST_USE;

/* `{"id","type","tenantId","time","data":…}`; ids are "evt_" and the event's number. `data` is JSON. */
#define EVENT_ID_MAX 32
void event_id_text(int64_t event, char ret_text[EVENT_ID_MAX]);
int event_id_parse(struct str text, int64_t *ret_event) MUST_USE; /* ERR_INVALID */
void event_body(struct buf *b, int64_t event, enum event_type type, int64_t tenant_id,
                int64_t time_ms, struct str data);

/* The wait before try number `tries` + 1: 10 s, 30 s, 3 min, 5 min, 30 min, 2 h, each ± 10 % (drawn);
 * ERR_RANGE: there is none left, the delivery is parked. */
int webhook_retry_ms(int tries, struct random *random, int64_t *ret_wait_ms) MUST_USE;
#define WEBHOOK_TIMEOUT_MS     10000
#define WEBHOOK_SLOW_AFTER     10 /* failures in a row: one try at a time from then on */
#define WEBHOOK_IN_FLIGHT_MAX  8  /* of a URL that works */
#define WEBHOOK_ANSWER_LONGEST ((size_t)64 << 10) /* of the receiver's answer; more is a failure */
#define WEBHOOK_SECRET_OVERLAP_MS \
    INT64_C(86400000) /* the secret before is signed with for so long */

/* HTTP 200 and a JSON object whose `code` is 200 or 0 (a number, or a text that is one). */
bool webhook_acknowledged(int http_status, struct str body);

/* A test-fire: asked by the API through a callback, answered by the engine. */
struct webhook_probe {
    struct letter letter;
    struct mailbox *home;
    void (*done)(struct webhook_probe *probe);
    void *owner;
    void *answerer; /* its own */
    int64_t tenant_id, webhook_id;
    /* Set before `done`: */
    int result; /* 0: it answered (whatever that was); ERR_NOT_FOUND, ERR_TIMEOUT, ERR_CLOSED,
                             * ERR_SYSTEM no connection, ERR_INVALID an address that is not allowed */
    int http_status;
    bool acknowledged;
    char error[160];
    struct buf body; /* at most WEBHOOK_ANSWER_LONGEST; the asker frees it */
};

#endif
