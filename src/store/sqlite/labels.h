/* Names that a tenant's customers share (stages, sources, tags) and their integer ids. */
#ifndef WSCRM_STORE_SQLITE_LABELS_H
#define WSCRM_STORE_SQLITE_LABELS_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "store/sqlite/connection.h"

/* In the table: never renumber. */
enum label_kind { LABEL_STAGE = 0, LABEL_SOURCE = 1, LABEL_TAG = 2 };

/* The writer's cache from (tenant, kind, name) to id. Zeroed is empty. When its maximum is reached it
 * forgets everything and starts again; whoever rolls back a transaction calls labels_forget(). */
struct label_entry;
struct labels {
    struct label_entry *entries;
    size_t count, capacity; /* a power of 2 */
    struct arena names;
    bool created; /* a label came into being since the last labels_keep() */
};
void labels_init(struct labels *labels);
void labels_free(struct labels *labels);
void labels_forget(struct labels *labels); /* everything */
/* The transaction that created labels is committed / a savepoint is to be rolled back alone. */
void labels_keep(struct labels *labels);

/* *ret_id 0: the tenant has no such label. ERR_STORE, ERR_NOMEM. */
int labels_find(struct labels *labels, struct connection *connection, int64_t tenant_id,
                enum label_kind kind, struct str name, int64_t *ret_id) MUST_USE;
/* How many labels of the kind the tenant has. */
int labels_count(struct labels *labels, struct connection *connection, int64_t tenant_id,
                 enum label_kind kind, int64_t *ret_count) MUST_USE;
/* The tenant must not have it yet. */
int labels_create(struct labels *labels, struct connection *connection, int64_t tenant_id,
                  enum label_kind kind, struct str name, int64_t *ret_id) MUST_USE;

/* A reader's cache from id to name. A label's name never changes and its id is never used again, so
 * what it holds stays true. Zeroed is empty. */
struct label_name;
struct label_names {
    struct label_name *entries;
    size_t count, capacity; /* a power of 2 */
    struct arena texts;
};
void label_names_init(struct label_names *names);
void label_names_free(struct label_names *names);
/* Makes room for `count` more names, by forgetting all if it must: texts given out before are then
 * gone. ERR_NOMEM. */
int label_names_reserve(struct label_names *names, size_t count) MUST_USE;
/* After label_names_reserve(). A label that does not exist: len 0. ERR_STORE, ERR_NOMEM. */
int label_names_get(struct label_names *names, struct connection *connection, int64_t id,
                    struct str *ret_name) MUST_USE;

#endif
