/* The rate limit: calls per second, tenant and endpoint; and failed authentications per address.
 *
 * One table for the process, 64 shards with a mutex each; the time is read inside the mutex, so that
 * a ring never sees it run backwards. Its memory follows the call rate: a pair that made no call for a
 * second is dropped by limit_sweep(). Any thread. */
#ifndef WSCRM_API_LIMIT_H
#define WSCRM_API_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "domain/rate_window.h"

struct limit_table;

/* `clock_us` is clock_mono_us outside tests. Rings and entries together take at most `max_bytes`. */
int limit_table_new(size_t max_bytes, int64_t (*clock_us)(void),
                    struct limit_table **ret_table) MUST_USE;
void limit_table_free(struct limit_table *table);

/* Judges and counts a call. ERR_NOMEM: the table is at its maximum; the call is not counted. */
int limit_call(struct limit_table *table, int64_t tenant_id, size_t route, uint32_t limit,
               struct rate_verdict *ret_verdict) MUST_USE;

/* Notes a failed authentication from an address; true when more than 100 came within a second, so
 * that the failing call is to be answered 429. */
bool limit_failure(struct limit_table *table, struct str peer);

/* Drops what is idle. Once a second is plenty. */
void limit_sweep(struct limit_table *table);

/* Bytes in use, for the metrics and tests. */
size_t limit_table_bytes(const struct limit_table *table);

#endif
