/* Opening and closing; what belongs to the whole store. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/file_map.h"
#include "store/sqlite/key_file.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

struct why {
    char *text;
    size_t size;
};

void store_settings_default(struct store_settings *settings)
{
    *settings = (struct store_settings){
        .directory = "/var/lib/wscrm",
        .queue_max = 4096,
        .cache_kib = 8192,
        .mmap_mib = (size_t)64 << 10,
        .history_days = 365,
        .message_days = 365,
        .webhook_days = 7,
        .not_replied_ms = INT64_C(86400000),
        .search_pause_ms = 1000,
        .clock_ms = clock_real_ms,
    };
}

static int say(struct why why, int result, const char *place, const char *cause)
{
    snprintf(why.text, why.size, "%s: %s", place, cause);
    return result;
}

static int say_system(struct why why, const char *place)
{
    return say(why, ERR_SYSTEM, place, strerror(errno));
}

/* --- the struct */

static void store_free(struct store *store)
{
    writer_stop(store);
    file_map_free(store->map);
    tenants_unref(store->tenants);
    pthread_mutex_destroy(&store->tenants_lock);
    pthread_mutex_destroy(&store->watch_lock);
    explicit_bzero(store->key, sizeof(store->key));
    free(store->database_path);
    free(store->key_path);
    free(store);
}

static int store_new(const struct store_settings *settings, struct crypto *crypto,
                     struct store **ret_store)
{
    struct store *store = calloc(1, sizeof(*store));
    if (!store)
        return ERR_NOMEM;
    store->settings = *settings;
    store->settings.directory = NULL; /* the caller's; the paths hold it */
    store->crypto = crypto;
    pthread_mutex_init(&store->tenants_lock, NULL);
    pthread_mutex_init(&store->watch_lock, NULL);
    int result = writer_init(&store->writer);
    if (result == 0 && (asprintf(&store->database_path, "%s/wscrm.db", settings->directory) < 0 ||
                        asprintf(&store->key_path, "%s/wscrm.key", settings->directory) < 0))
        result = ERR_NOMEM;
    if (result < 0) {
        store_free(store);
        return result;
    }
    *ret_store = store;
    return 0;
}

/* --- files */

static int sync_directory(const char *directory, struct why why)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 || fsync(fd) < 0 ? say_system(why, directory) : 0;
    if (fd >= 0)
        close(fd);
    return result;
}

/* An empty file with the mode that SQLite then gives to the log and its index too. */
static int create_database(const char *path, struct why why)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0 || fsync(fd) < 0) {
        int result = say_system(why, path);
        if (fd >= 0)
            close(fd);
        return result;
    }
    close(fd);
    return 0;
}

/* Looks at what is there, changing nothing: *ret_version 0 when there is no database yet (no file, or
 * an empty one: a start was killed early), and then no key is needed. Else the key is loaded and is
 * the database's. */
static int examine_version(struct store *store, int *ret_version, struct connection *connection,
                           struct why why)
{
    int version = migrations_version(connection);
    if (version == ERR_INVALID)
        return say(why, ERR_INVALID, store->database_path, "a database, but not wscrm's");
    if (version < 0)
        return say(why, ERR_STORE, store->database_path, connection->fault_text);
    if (version > migrations_newest()) {
        char cause[120];
        snprintf(cause, sizeof(cause),
                 "its schema version %d is newer than this program's %d: use a newer wscrm",
                 version, migrations_newest());
        return say(why, ERR_INVALID, store->database_path, cause);
    }
    *ret_version = version;
    return 0;
}

static int examine_key(struct store *store, struct connection *connection, struct why why)
{
    int result = key_file_load(store->key_path, store->key, why.text, why.size);
    if (result == ERR_NOT_FOUND) {
        return say(why, ERR_CRYPTO, store->key_path,
                   "missing, and the database beside it was made with it: put it back");
    }
    if (result < 0)
        return result;
    result = key_check(connection, store->crypto, store->key);
    if (result == ERR_CRYPTO) {
        return say(why, ERR_CRYPTO, store->key_path,
                   "not the key that the database beside it was made with");
    }
    if (result == ERR_NOT_FOUND) {
        /* The first start was killed between the schema and the mark: open_writer() makes up for it. */
        int64_t tenants;
        result = connection_ask(connection, "SELECT count(*) FROM tenant", &tenants);
        if (result == 0 && tenants > 0)
            return say(why, ERR_STORE, store->database_path, "the key's check value is missing");
    }
    return result < 0 ? say(why, ERR_STORE, store->database_path, connection->fault_text) : 0;
}

static int examine(struct store *store, int *ret_version, struct why why)
{
    struct stat status;
    struct connection connection;
    *ret_version = 0;
    if (stat(store->database_path, &status) < 0)
        return errno == ENOENT ? 0 : say_system(why, store->database_path);
    if (status.st_size == 0)
        return 0;
    if (connection_open(store->database_path, CONNECTION_READ, &store->settings, &connection) < 0)
        return say(why, ERR_STORE, store->database_path, connection.fault_text);
    int result = examine_version(store, ret_version, &connection, why);
    if (result == 0 && *ret_version > 0)
        result = examine_key(store, &connection, why);
    connection_close(&connection);
    return result;
}

/* --- opening */

static int create(struct store *store, const char *directory, struct why why)
{
    int result = key_file_load(store->key_path, store->key, why.text, why.size);
    if (result == ERR_NOT_FOUND)
        result = key_file_create(store->key_path, store->key, why.text, why.size);
    if (result == 0)
        result = create_database(store->database_path, why);
    return result < 0 ? result : sync_directory(directory, why);
}

/* Not needed for anything but speed. Readers beside a server have none: what they export leaves at once,
 * before anybody knows that the mapping failed. */
static void map_file(struct store *store)
{
    size_t len = store->settings.mmap_mib << 20;
    int result = len == 0 ? 0 : file_map_new(store->database_path, len, &store->map);
    if (result < 0) {
        log_line(LOG_WARNING, "store: %s is not mapped: %s", store->database_path,
                 err_text(result));
    }
}

static int migrate(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    if (migrations_run(connection) < 0)
        return ERR_STORE;
    int result = key_check(connection, store->crypto, store->key);
    return result == ERR_NOT_FOUND ? key_mark(connection, store->crypto, store->key) : result;
}

static int open_writer(struct store *store, struct why why)
{
    struct writer *writer = &store->writer;
    if (connection_open(store->database_path, CONNECTION_WRITE, &store->settings,
                        &writer->connection) < 0)
        return say(why, ERR_STORE, store->database_path, writer->connection.fault_text);
    checkpoint_watch(writer);
    if (migrate(store) < 0)
        return say(why, ERR_STORE, store->database_path, writer->connection.fault_text);
    if (checkpoint_all(writer) < 0)
        return say(why, ERR_STORE, store->database_path, sqlite3_errmsg(writer->connection.db));
    if (task_changed_begin(store) < 0)
        return say(why, ERR_STORE, store->database_path, writer->connection.fault_text);
    int result = tenants_load(store, &writer->connection, &store->tenants, why.text, why.size);
    if (result < 0)
        return result;
    atomic_store(&store->tenants_version, 1);
    result = tenants_resume_removals(store);
    if (result == 0)
        result = writer_start(store);
    return result < 0 ? say(why, result, store->database_path, err_text(result)) : 0;
}

int store_open(const struct store_settings *settings, struct crypto *crypto,
               struct store **ret_store, char *why_text, size_t why_size)
{
    struct why why = {why_text, why_size};
    struct store *store;
    int version;
    int result = store_new(settings, crypto, &store);
    if (result < 0)
        return say(why, result, settings->directory, err_text(result));
    result = examine(store, &version, why);
    if (result == 0 && version == 0)
        result = create(store, settings->directory, why);
    if (result == 0) {
        map_file(store);
        result = open_writer(store, why);
    }
    if (result < 0) {
        store_free(store);
        return result;
    }
    *ret_store = store;
    return 0;
}

static int no_tenants(struct tenants **ret_tenants)
{
    struct tenants *tenants;
    int result = tenants_new(&tenants);
    if (result == 0)
        result = tenants_seal(tenants);
    if (result == 0)
        *ret_tenants = tenants;
    return result;
}

static int open_reading(struct store *store, bool needs_tenants, struct why why)
{
    struct connection connection;
    int version;
    int result = examine(store, &version, why);
    if (result < 0)
        return result;
    if (version == 0)
        return say(why, ERR_NOT_FOUND, store->database_path, "no store there");
    if (version < migrations_newest()) {
        return say(why, ERR_INVALID, store->database_path,
                   "its schema is older than this program: start the server, or `wscrm migrate`");
    }
    if (store_connect(store, &connection) < 0)
        return say(why, ERR_STORE, store->database_path, connection.fault_text);
    result = tenants_load(store, &connection, &store->tenants, why.text, why.size);
    connection_close(&connection);
    return result < 0 && !needs_tenants ? no_tenants(&store->tenants) : result;
}

static int open_read_only(const struct store_settings *settings, struct crypto *crypto,
                          bool needs_tenants, struct store **ret_store, struct why why)
{
    struct store *store;
    int result = store_new(settings, crypto, &store);
    if (result < 0)
        return say(why, result, settings->directory, err_text(result));
    store->read_only = true;
    result = open_reading(store, needs_tenants, why);
    if (result < 0) {
        store_free(store);
        return result;
    }
    atomic_store(&store->tenants_version, 1);
    *ret_store = store;
    return 0;
}

int store_open_read_only(const struct store_settings *settings, struct crypto *crypto,
                         struct store **ret_store, char *why_text, size_t why_size)
{
    return open_read_only(settings, crypto, true, ret_store, (struct why){why_text, why_size});
}

int store_open_to_check(const struct store_settings *settings, struct crypto *crypto,
                        struct store **ret_store, char *why_text, size_t why_size)
{
    return open_read_only(settings, crypto, false, ret_store, (struct why){why_text, why_size});
}

void store_close(struct store *store)
{
    if (store)
        store_free(store);
}

void store_drain(struct store *store)
{
    atomic_store(&store->writer.draining, true);
}

int store_connect(struct store *store, struct connection *ret_connection)
{
    return connection_open(store->database_path, CONNECTION_READ, &store->settings, ret_connection);
}

/* --- what anybody may ask */

struct tenants *store_tenants(struct store *store)
{
    pthread_mutex_lock(&store->tenants_lock);
    struct tenants *tenants = tenants_ref(store->tenants);
    pthread_mutex_unlock(&store->tenants_lock);
    return tenants;
}

uint64_t store_tenants_version(const struct store *store)
{
    return atomic_load_explicit(&store->tenants_version, memory_order_acquire);
}

static uint64_t log_bytes(const struct store *store)
{
    char path[PATH_MAX];
    struct stat status;
    int len = snprintf(path, sizeof(path), "%s-wal", store->database_path);
    return len > 0 && (size_t)len < sizeof(path) && stat(path, &status) == 0
               ? (uint64_t)status.st_size
               : 0;
}

void store_metrics(const struct store *store, struct store_metrics *ret_metrics)
{
    const struct writer *writer = &store->writer;
    *ret_metrics = (struct store_metrics){
        .groups = atomic_load(&writer->groups),
        .commands = atomic_load(&writer->commands),
        .rows = atomic_load(&writer->rows),
        .failed_groups = atomic_load(&writer->failed_groups),
        .checkpoints = atomic_load(&writer->checkpoints),
        .queue_depth = atomic_load(&writer->waiting),
        .search_passes = atomic_load(&writer->search_passes),
        .search_behind = atomic_load(&writer->search_behind),
        .events_dropped = atomic_load(&writer->events_dropped),
        .messages_forgotten = atomic_load(&writer->messages_forgotten),
        .wal_bytes = log_bytes(store),
        .healthy = atomic_load(&writer->healthy),
    };
}
