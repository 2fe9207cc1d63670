/* The envelope: {"code":…,"message":…,"data":…}, keys in this order. Business errors travel with HTTP
 * status 200; other statuses are for HTTP's own matters and then stand in `code` too. */
#ifndef WSCRM_API_REPLY_H
#define WSCRM_API_REPLY_H

#include "api/exchange.h"

/* A good answer: everything up to `"data":` is written; append the data to the returned buffer, then
 * reply_end(). */
struct buf *reply_begin(struct exchange *x);
/* Closes the envelope. When the answer outgrew its maximum it becomes a refusal instead. */
void reply_end(struct exchange *x);
/* Of an answer that is an array: closes it, or refuses for the store's error in its place. */
void reply_end_list(struct exchange *x, int result);

/* "data":null */
void reply_nothing(struct exchange *x);

/* A WhatsApp number as a JSON text. */
void reply_add_number(struct buf *b, int64_t number);

/* Refusals; each returns ERR_INVALID, so that `return refuse(…)` stops a chain of checks. */
int refuse(struct exchange *x, enum status status); /* documented code and message */
int refuse_with(struct exchange *x, enum status status,
                const char *message); /* code, own message */
int refuse_http(struct exchange *x, int http_status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A store verb's error as the client's answer (517; 503, also for the deadline of a slow read; 422 and
 * 409 to an Idempotency-Key). */
int refuse_store(struct exchange *x, int result);
int reply_no_memory(struct exchange *x);

/* An envelope for errors that are answered before there is an exchange. */
void envelope_error(struct buf *out, int code, struct str message);

#endif
