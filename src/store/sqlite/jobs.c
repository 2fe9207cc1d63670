#include "store/sqlite/jobs.h"

#include "store/sqlite/customer_row.h"
#include "store/sqlite/store_sqlite.h"

/* Spared numbers that one statement deletes. */
#define SPARED_ROWS 250

/* --- the row */

static int check_tenant(struct connection *connection, int64_t tenant_id)
{
    int64_t count;
    int result = tenant_check(connection, tenant_id);
    if (result == 0)
        result = connection_look(connection, STATEMENT_JOB_COUNT, tenant_id, &count);
    return result == 0 && count >= TENANT_MAX_JOBS ? ERR_FULL : result;
}

int jobs_begin(struct store *store, const struct customers_delete *op, struct job *ret_job)
{
    struct connection *connection = &store->writer.connection;
    struct job job = {.tenant_id = op->tenant_id, .which = op->which};
    int result = check_tenant(connection, op->tenant_id);
    if (result == 0)
        result = connection_look(connection, STATEMENT_CUSTOMER_NEWEST, 0, &job.last_id);
    if (result == 0 && op->which != CUSTOMERS_ALL) {
        char *text = arena_alloc(&store->writer.arena, TAG_IDS_LONGEST(op->count));
        if (!text)
            return ERR_NOMEM;
        job.items = (struct str){text, tag_ids_format(op->items, op->count, text)};
    }
    if (result == 0)
        *ret_job = job;
    return result;
}

/* `find` stands on the row. */
static int read_row(struct store *store, sqlite3_stmt *find, struct job *job)
{
    struct str items = column_str(find, 2);
    char *copy = arena_memdup(&store->writer.arena, items.len ? items.p : "", items.len);
    if (!copy)
        return ERR_NOMEM;
    job->tenant_id = sqlite3_column_int64(find, 0);
    job->which = (enum customers_of)sqlite3_column_int(find, 1);
    job->items = (struct str){copy, items.len};
    job->last_id = sqlite3_column_int64(find, 3);
    job->position = sqlite3_column_int64(find, 4);
    job->deleted = sqlite3_column_int64(find, 5);
    return 0;
}

int jobs_load(struct store *store, int64_t id, struct job *ret_job)
{
    struct connection *connection = &store->writer.connection;
    struct job job = {.id = id};
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_JOB_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, id);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    result = read_row(store, find, &job);
    sqlite3_reset(find);
    if (result == 0)
        result = tenant_check(connection, job.tenant_id);
    if (result == 0)
        *ret_job = job;
    return result;
}

static int insert_row(struct store *store, struct job *job)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_JOB_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, job->tenant_id);
    bind_i64(insert, 2, job->which);
    bind_str_or_null(insert, 3, job->items);
    bind_i64(insert, 4, job->last_id);
    bind_i64(insert, 5, job->position);
    bind_i64(insert, 6, job->deleted);
    if (connection_step(connection, insert) < 0)
        return ERR_STORE;
    job->id = sqlite3_last_insert_rowid(connection->db);
    store->writer.has_jobs = true;
    return 0;
}

int jobs_keep(struct store *store, struct job *job)
{
    struct connection *connection = &store->writer.connection;
    if (job->id == 0)
        return insert_row(store, job);
    sqlite3_stmt *update = connection_statement(connection, STATEMENT_JOB_UPDATE);
    if (!update)
        return ERR_STORE;
    bind_i64(update, 1, job->id);
    bind_i64(update, 2, job->position);
    bind_i64(update, 3, job->deleted);
    return connection_step(connection, update) < 0 ? ERR_STORE : 0;
}

/* Returns how many were deleted, at most SPARED_ROWS. */
static int delete_spared(struct connection *connection, int64_t job_id)
{
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_SPARED_DELETE);
    if (!delete)
        return ERR_STORE;
    bind_i64(delete, 1, job_id);
    bind_i64(delete, 2, SPARED_ROWS);
    if (connection_step(connection, delete) < 0)
        return ERR_STORE;
    return (int)connection_changes(connection);
}

int jobs_end(struct store *store, const struct store_call *call, const struct job *job)
{
    struct connection *connection = &store->writer.connection;
    int deleted = SPARED_ROWS;
    if (job->id == 0)
        return 0;
    while (deleted == SPARED_ROWS) {
        if (!writer_take_rows(&store->writer, call, SPARED_ROWS))
            return WRITER_MORE;
        deleted = delete_spared(connection, job->id);
    }
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_JOB_DELETE);
    if (deleted < 0 || !delete)
        return ERR_STORE;
    bind_i64(delete, 1, job->id);
    return connection_step(connection, delete) < 0 ? ERR_STORE : 0;
}

/* --- sparing */

static int list_running(struct connection *connection, int64_t tenant_id,
                        struct running_jobs *ret_running)
{
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_JOB_OF_TENANT);
    int result = ERR_STORE;
    if (list)
        bind_i64(list, 1, tenant_id);
    while (list && (result = connection_step(connection, list)) == 1 &&
           ret_running->count < TENANT_MAX_JOBS) {
        bool walks = sqlite3_column_int(list, 1) != CUSTOMERS_BY_NUMBER;
        ret_running->jobs[ret_running->count++] =
            (struct running_job){.id = sqlite3_column_int64(list, 0),
                                 .last_id = sqlite3_column_int64(list, 2),
                                 .passed = walks ? sqlite3_column_int64(list, 3) : 0};
    }
    return result < 0 ? ERR_STORE : 0;
}

/* Mostly nobody deletes: then it costs nothing. */
int jobs_running(struct store *store, int64_t tenant_id, struct running_jobs *ret_running)
{
    struct writer *writer = &store->writer;
    int64_t any = 1;
    ret_running->count = 0;
    if (!writer->has_jobs)
        return 0;
    int result = list_running(&writer->connection, tenant_id, ret_running);
    if (result == 0 && ret_running->count == 0)
        result = connection_look(&writer->connection, STATEMENT_JOB_ANY, 0, &any);
    /* Only a deletion's own transaction makes or ends a job, and no other command runs in that: what is
     * seen here is on disk. */
    writer->has_jobs = any != 0;
    return result;
}

int jobs_spare(struct connection *connection, const struct running_jobs *running,
               int64_t customer_id, int64_t number)
{
    for (size_t i = 0; i < running->count; i++) {
        const struct running_job *job = &running->jobs[i];
        if (customer_id > job->last_id || number <= job->passed)
            continue;
        sqlite3_stmt *insert = connection_statement(connection, STATEMENT_SPARED_INSERT);
        if (!insert)
            return ERR_STORE;
        bind_i64(insert, 1, job->id);
        bind_i64(insert, 2, number);
        if (connection_step(connection, insert) < 0)
            return ERR_STORE;
    }
    return 0;
}
