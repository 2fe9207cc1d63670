/* The one place where rows of customers are deleted. */
#ifndef WSCRM_STORE_SQLITE_CUSTOMERS_DELETE_H
#define WSCRM_STORE_SQLITE_CUSTOMERS_DELETE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct store;

/* Customers of a tenant whose numbers lie between `from` (excluded) and `to`, as far as they are not
 * younger than `last_id`, of one of `owners` ("[1,2]"; len 0: of anybody), and not spared from `job`. */
struct customer_range {
    int64_t tenant_id, from, to, last_id, job;
    struct str owners;
    bool has_groups; /* the tenant, for the numbers to leave */
};

/* First in each piece: how many customers one customers_remove() is to go through, so that it takes
 * some ms at most. ERR_STORE. */
int customers_remove_step(struct store *store, struct customer_range *range) MUST_USE;
/* Sets range->to so that at most `step` customers lie in it; INT64_MAX: with it all are through.
 * ERR_STORE. */
int customers_cut(struct store *store, struct customer_range *range, int step) MUST_USE;
/* Deletes them, and takes their numbers out of the tenant's groups. Returns how many, which are no
 * longer counted; ERR_STORE. */
int customers_remove(struct store *store, const struct customer_range *range) MUST_USE;

/* A chore (writer_chores.c): goes on with jobs (jobs.h) that no command works on. */
int customers_delete_resume(struct store *store);

#endif
