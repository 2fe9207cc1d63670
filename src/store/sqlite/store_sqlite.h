/* The SQLite back end's inside: what its files share. */
#ifndef WSCRM_STORE_SQLITE_STORE_SQLITE_H
#define WSCRM_STORE_SQLITE_STORE_SQLITE_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/sqlite/connection.h"
#include "store/sqlite/writer.h"
#include "store/store.h"

struct store {
    struct store_settings settings;
    char *database_path, *key_path;
    struct crypto *crypto;
    uint8_t key[SECRET_KEY_LEN]; /* immutable after store_open() */
    bool read_only;
    struct file_map *map; /* for the readers; NULL: there is none */

    /* The published snapshot. The writer alone exchanges it, so it reads it without the lock. */
    pthread_mutex_t tenants_lock;
    struct tenants *tenants;
    atomic_uint_fast64_t tenants_version;

    atomic_bool search_damaged; /* somebody found the search index so */

    /* Who is told of events: see store_events_watch(). */
    pthread_mutex_t watch_lock;
    void (*watch)(void *context);
    void *watch_context;

    struct writer writer;
};

/* --- tenants_load.c */

/* The text that binds a tenant's sealed ApiKey to its row. Returns it in buffer[]. */
#define API_KEY_CONTEXT_MAX 48
struct str tenant_key_context(int64_t tenant_id, char buffer[API_KEY_CONTEXT_MAX]);
/* A snapshot of what the connection sees. ERR_STORE, ERR_NOMEM, ERR_CRYPTO (an ApiKey is not sealed
 * with our key), ERR_NOT_FOUND (a time zone is not on this machine); why[] names the tenant. */
int tenants_load(struct store *store, struct connection *connection, struct tenants **ret_tenants,
                 char *why, size_t why_size) MUST_USE;
/* Makes it the current one and takes over the caller's reference. */
void tenants_publish(struct store *store, struct tenants *tenants);

/* --- tenants.c */

/* A row's state for the writer, which may be ahead of the snapshot: 0 in use, 1 being removed,
 * ERR_NOT_FOUND, ERR_STORE. */
int tenant_state(struct connection *connection, int64_t tenant_id) MUST_USE;
/* 0 in use, else ERR_NOT_FOUND, ERR_STORE. */
int tenant_check(struct connection *connection, int64_t tenant_id) MUST_USE;

/* --- agents.c */

/* ERR_NOT_FOUND, ERR_STORE. */
int agent_find(struct connection *connection, int64_t tenant_id, struct str user_name,
               int64_t *ret_id) MUST_USE;

/* --- tenants_remove.c */

/* Asks the writer to go on with removals that a stop interrupted. Before the writer starts. */
int tenants_resume_removals(struct store *store) MUST_USE;

/* --- store.c */

/* Opens a connection of the calling thread for reading. */
int store_connect(struct store *store, struct connection *ret_connection) MUST_USE;

#endif
