/* Threads for reads that take up to seconds: pages of a segment, pages far behind the first. Each has a
 * reader of its own. In line are at most SLOW_READS_MAX, of one tenant SLOW_READS_TENANT_MAX: so one who
 * asks for many leaves room for the others. */
#ifndef WSCRM_API_SLOW_READS_H
#define WSCRM_API_SLOW_READS_H

#include <stdint.h>

#include "api/helpers.h"
#include "store/store.h"

#define SLOW_READS_THREADS    2
#define SLOW_READS_MAX        64
#define SLOW_READS_TENANT_MAX 8
/* From the request to the answer, the time in line included. */
#define SLOW_READS_DEADLINE_US INT64_C(5000000)

struct slow_reads;

int slow_reads_new(struct store *store, struct crypto *crypto,
                   struct slow_reads **ret_slow) MUST_USE;
void slow_reads_free(struct slow_reads *slow); /* with nothing in line; NULL is fine */

/* Any thread. The job's `run` calls slow_reads_run(), its `open` slow_reads_leave(). ERR_BUSY: no room. */
int slow_reads_submit(struct slow_reads *slow, int64_t tenant_id, struct job *job) MUST_USE;
void slow_reads_leave(struct slow_reads *slow, int64_t tenant_id);
/* With a reader that nobody else uses, until all that `read` asked of it is done. */
void slow_reads_run(struct slow_reads *slow,
                    void (*read)(void *context, struct store_reader *reader), void *context);

#endif
