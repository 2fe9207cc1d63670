#include "store/sqlite/customers_delete.h"

#include <stdlib.h>

#include "domain/number.h"
#include "store/sqlite/customer_event.h"
#include "store/sqlite/customer_row.h"
#include "store/sqlite/groups.h"
#include "store/sqlite/jobs.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"

/* As many customers as one statement deletes: their numbers are kept on the stack. */
#define STEP_ROWS 100
/* When webhooks are told of each, of which there may be a hundred: 10 ms at most. */
#define STEP_TOLD 10

/* --- rows */

/* Each group may have each number, and then loses it. A list that gets its name later was saved later. */
int customers_remove_step(struct store *store, struct customer_range *range)
{
    int64_t groups;
    if (connection_look(&store->writer.connection, STATEMENT_GROUP_COUNT, range->tenant_id,
                        &groups) < 0)
        return ERR_STORE;
    range->has_groups = groups > 0;
    int step = groups < STEP_ROWS ? STEP_ROWS / (1 + (int)groups) : 1;
    bool tells = outbox_wants(tenants_find(store->tenants, range->tenant_id), EVENT_CUSTOMER);
    return tells && step > STEP_TOLD ? STEP_TOLD : step;
}

int customers_cut(struct store *store, struct customer_range *range, int step)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *piece = connection_statement(connection, STATEMENT_CUSTOMER_PIECE);
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, range->tenant_id);
    bind_i64(piece, 2, range->from);
    bind_i64(piece, 3, step - 1);
    int result = connection_step(connection, piece);
    if (result < 0)
        return ERR_STORE;
    range->to = result == 1 ? sqlite3_column_int64(piece, 0) : INT64_MAX;
    sqlite3_reset(piece);
    return 0;
}

static int delete_rows(struct connection *connection, const struct customer_range *range,
                       int64_t ret_numbers[STEP_ROWS])
{
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_CUSTOMERS_DELETE);
    int result, count = 0;
    if (!delete)
        return ERR_STORE;
    bind_i64(delete, 1, range->tenant_id);
    bind_i64(delete, 2, range->from);
    bind_i64(delete, 3, range->to);
    bind_i64(delete, 4, range->last_id);
    bind_str_or_null(delete, 5, range->owners);
    bind_i64(delete, 6, range->job);
    while ((result = connection_step(connection, delete)) == 1 && count < STEP_ROWS)
        ret_numbers[count++] = sqlite3_column_int64(delete, 0);
    sqlite3_reset(delete);
    /* More rows than the range may have would be a mistake of ours. */
    return result == 0 ? count : ERR_STORE;
}

int customers_remove(struct store *store, const struct customer_range *range)
{
    struct writer *writer = &store->writer;
    int64_t numbers[STEP_ROWS];
    int count = delete_rows(&writer->connection, range, numbers);
    for (int i = 0; range->has_groups && i < count; i++)
        if (groups_forget_number(&writer->connection, range->tenant_id, numbers[i]) < 0)
            return ERR_STORE;
    for (int i = 0; i < count; i++)
        if (customer_event_put(store, range->tenant_id, numbers[i], store->settings.clock_ms(),
                               CUSTOMER_DELETED, NULL) < 0)
            return ERR_STORE;
    if (count > 0)
        writer_count_customers(writer, range->tenant_id, -count);
    return count;
}

/* --- the verb */

/* All customers, or those of agents, are found by a walk over the tenant's, in the order of their
 * numbers: see run_agent_remove() for why owners have no index. */
static int walk(struct store *store, const struct store_call *call, struct job *job)
{
    struct customer_range range = {
        .tenant_id = job->tenant_id, .last_id = job->last_id, .job = job->id, .owners = job->items};
    int step = customers_remove_step(store, &range);
    while (step > 0 && job->position < INT64_MAX) {
        if (!writer_take_rows(&store->writer, call, (size_t)step))
            return WRITER_MORE;
        range.from = job->position;
        int result = customers_cut(store, &range, step);
        if (result == 0)
            result = customers_remove(store, &range);
        if (result < 0)
            return result;
        job->deleted += result;
        job->position = range.to;
    }
    return step < 0 ? step : 0;
}

static int remove_number(struct store *store, struct customer_range *range, int64_t number)
{
    range->from = number - 1;
    range->to = number;
    int result = customers_remove(store, range);
    if (result == 0 && number_variant(number, &range->to)) {
        range->from = range->to - 1;
        result = customers_remove(store, range);
    }
    return result;
}

static int remove_numbers(struct store *store, const struct store_call *call, struct job *job)
{
    struct writer *writer = &store->writer;
    struct customer_range range = {
        .tenant_id = job->tenant_id, .last_id = job->last_id, .job = job->id};
    int64_t *numbers = arena_calloc(&writer->arena, CUSTOMERS_DELETE_MAX, sizeof(*numbers));
    if (!numbers || customers_remove_step(store, &range) < 0)
        return numbers ? ERR_STORE : ERR_NOMEM;
    int count = tag_ids_parse(job->items, numbers, CUSTOMERS_DELETE_MAX);
    while (job->position < count) {
        if (!writer_take_row(writer, call))
            return WRITER_MORE;
        int result = remove_number(store, &range, numbers[job->position]);
        if (result < 0)
            return result;
        job->deleted += result;
        job->position++;
    }
    return count < 0 ? ERR_STORE : 0;
}

static int run_piece(struct store *store, const struct store_call *call, struct job *job)
{
    int result = job->which == CUSTOMERS_BY_NUMBER ? remove_numbers(store, call, job)
                                                   : walk(store, call, job);
    return result == 0 ? jobs_end(store, call, job) : result;
}

static int run_customers_delete(struct store *store, struct store_call *call)
{
    struct customers_delete *op = container_of(call, struct customers_delete, call);
    struct job job;
    int result = op->job != 0 ? jobs_load(store, op->job, &job) : jobs_begin(store, op, &job);
    if (result == 0)
        result = run_piece(store, call, &job);
    if (result == 0)
        return job.deleted < INT32_MAX ? (int)job.deleted : INT32_MAX;
    if (result != WRITER_MORE)
        return result;
    result = jobs_keep(store, &job);
    op->job = job.id; /* should the commit fail, the command is over */
    return result == 0 ? WRITER_MORE : result;
}

void store_customers_delete(struct store *store, struct customers_delete *op)
{
    size_t rows = op->which == CUSTOMERS_BY_NUMBER && op->job == 0 ? op->count : SIZE_MAX;
    writer_post(store, &op->call, rows, run_customers_delete);
}

/* --- going on */

static void resumed_done(struct store_call *call)
{
    /* A failure was logged with its group; the chore tries again. */
    free(container_of(call, struct customers_delete, call));
}

static int resume(struct store *store, int64_t job)
{
    struct customers_delete *op = calloc(1, sizeof(*op));
    if (!op)
        return ERR_NOMEM;
    op->job = job;
    op->call.done = resumed_done; /* home NULL: runs on the writer's thread */
    store_customers_delete(store, op);
    return 0;
}

/* A command that is cut waits in the heavy lane between its pieces, where the chores run. */
static bool is_worked_on(const struct writer *writer, int64_t job)
{
    for (const struct store_call *call = writer->heavy.first; call; call = call->next)
        if (call->run == run_customers_delete &&
            container_of(call, const struct customers_delete, call)->job == job)
            return true;
    return false;
}

int customers_delete_resume(struct store *store)
{
    struct writer *writer = &store->writer;
    sqlite3_stmt *list = connection_statement(&writer->connection, STATEMENT_JOB_LIST);
    int result = list && writer->has_jobs ? 1 : 0;
    if (!list)
        return ERR_STORE;
    while (result == 1 && (result = connection_step(&writer->connection, list)) == 1) {
        int64_t job = sqlite3_column_int64(list, 0);
        if (!is_worked_on(writer, job) && resume(store, job) < 0)
            break; /* no memory: the next time */
    }
    sqlite3_reset(list);
    return result < 0 ? ERR_STORE : 0;
}
