/* Deletions of customers that take more than one piece: a row each, which says how far it has come, so
 * that they go on after whatever breaks them off. */
#ifndef WSCRM_STORE_SQLITE_JOBS_H
#define WSCRM_STORE_SQLITE_JOBS_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "store/store.h"

struct connection;

/* A job while one of its pieces runs. */
struct job {
    int64_t id; /* 0: it has no row yet, and needs none when its first piece is its last */
    int64_t tenant_id;
    enum customers_of which;
    struct str items; /* "[1,2]" in the command's arena; len 0: CUSTOMERS_ALL */
    int64_t last_id, position, deleted;
};

/* A deletion that has not begun. ERR_NOT_FOUND, ERR_FULL, ERR_STORE, ERR_NOMEM. */
int jobs_begin(struct store *store, const struct customers_delete *op,
               struct job *ret_job) MUST_USE;
/* The state after its last piece. ERR_NOT_FOUND: it went with its tenant. */
int jobs_load(struct store *store, int64_t id, struct job *ret_job) MUST_USE;
/* After a piece: makes the row (job->id is then its id) or writes it. */
int jobs_keep(struct store *store, struct job *job) MUST_USE;
/* All is deleted: clears up, which may take pieces, too. 0, WRITER_MORE, ERR_STORE. */
int jobs_end(struct store *store, const struct store_call *call, const struct job *job) MUST_USE;

/* --- for those who write customers: what they name is spared */

/* The jobs of a tenant that are under way. */
struct running_jobs {
    size_t count;
    struct running_job {
        int64_t id, last_id;
        int64_t passed; /* numbers up to this are through */
    } jobs[TENANT_MAX_JOBS];
};
/* For a command that writes customers, at the start of each of its pieces. */
int jobs_running(struct store *store, int64_t tenant_id, struct running_jobs *ret_running) MUST_USE;
/* It has named a customer who was there. */
int jobs_spare(struct connection *connection, const struct running_jobs *running,
               int64_t customer_id, int64_t number) MUST_USE;

#endif
