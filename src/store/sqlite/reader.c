#include "store/sqlite/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/file_map.h"
#include "store/sqlite/segment_walk.h"
#include "store/sqlite/store_sqlite.h"

/* One customer's texts: 200 values of 4,000 bytes. */
#define CUSTOMER_ARENA_MAX ((size_t)2 << 20)

static int reader_connect(struct store_reader *reader)
{
    int result = store_connect(reader->store, &reader->connection);
    if (result == 0)
        result = file_map_use(reader->store->map, &reader->connection);
    if (result < 0 && reader->connection.db)
        connection_close(&reader->connection);
    return result;
}

int store_reader_new(struct store *store, struct store_reader **ret_reader)
{
    struct store_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return ERR_NOMEM;
    reader->store = store;
    label_names_init(&reader->labels);
    arena_init(&reader->arena, CUSTOMER_ARENA_MAX);
    int result = reader_connect(reader);
    if (result < 0) {
        store_reader_free(reader);
        return result;
    }
    *ret_reader = reader;
    return 0;
}

void store_reader_free(struct store_reader *reader)
{
    if (!reader)
        return;
    if (reader->connection.db)
        connection_close(&reader->connection);
    segment_walk_free(reader->walk);
    free(reader->newest);
    label_names_free(&reader->labels);
    arena_free(&reader->arena);
    free(reader);
}

size_t store_reads_waiting(const struct store_reader *reader)
{
    return reader->waiting;
}

void reader_ask(struct store_reader *reader, struct store_call *call,
                int (*read)(struct store_reader *reader, struct store_call *call))
{
    call->store = reader->store;
    call->read = read;
    call->next = NULL;
    call->progress = 0;
    if (reader->last)
        reader->last->next = call;
    else
        reader->first = call;
    reader->last = call;
    reader->waiting++;
}

bool reader_take(struct store_reader *reader)
{
    if (reader->reads >= READS_MAX ||
        (reader->reads % 32 == 31 && clock_mono_us() - reader->start_us >= READS_MAX_US))
        return false;
    reader->reads++;
    return true;
}

/* --- one transaction */

static int reader_begin(struct store_reader *reader)
{
    reader->reads = 0;
    reader->start_us = clock_mono_us();
    if (reader->connection.db && file_map_failed(&reader->connection))
        connection_close(&reader->connection); /* another reader has found out */
    if (!reader->connection.db && reader_connect(reader) < 0)
        return ERR_STORE;
    return connection_run(&reader->connection, STATEMENT_BEGIN_READ);
}

/* After a fault the connection is opened anew: whatever it was, nothing of it stays. */
static void reader_end(struct store_reader *reader)
{
    struct connection *connection = &reader->connection;
    if (connection->db && !connection->fault && connection_run(connection, STATEMENT_COMMIT) == 0) {
        reader->failing = false;
        return;
    }
    if (!reader->failing) {
        log_line(LOG_ERROR, "store: reading failed: %s", connection->fault_text);
        reader->failing = true;
    }
    if (connection->db)
        connection_close(connection);
    connection_clear(connection);
}

/* Runs calls from the list's front until the transaction is over. Returns the first call that is not
 * done yet; those before it have their results. */
static struct store_call *run_calls(struct store_reader *reader, struct store_call *call)
{
    while (call) {
        int result = call->read(reader, call);
        if (result == READER_MORE)
            return call;
        call->result = result == ERR_NOMEM ? ERR_STORE : result;
        call = call->next;
        if (reader->connection.fault)
            return call; /* the others may do better on a new connection */
    }
    return NULL;
}

static struct store_call *fail_calls(struct store_call *call)
{
    for (; call; call = call->next)
        call->result = ERR_STORE;
    return NULL;
}

/* The mapping has failed meanwhile. What the calls have read and what was kept of it may be zeros; those
 * that have not begun are not told apart. */
static struct store_call *distrust(struct store_reader *reader, struct store_call *call)
{
    struct connection *connection = &reader->connection;
    connection->fault = SQLITE_IOERR_READ;
    snprintf(connection->fault_text, sizeof(connection->fault_text),
             "the mapped database is unreadable in places; it is read without mapping now");
    label_names_free(&reader->labels);
    label_names_init(&reader->labels);
    return fail_calls(call);
}

size_t store_reads_run(struct store_reader *reader)
{
    struct store_call *call = reader->first;
    size_t count = 0;
    /* What a done asks for waits for the next run. */
    reader->first = reader->last = NULL;
    while (call) {
        struct store_call *rest =
            reader_begin(reader) == 0 ? run_calls(reader, call) : fail_calls(call);
        if (file_map_failed(&reader->connection))
            rest = distrust(reader, call);
        reader_end(reader);
        while (call != rest) {
            struct store_call *next = call->next;
            reader->waiting--;
            count++;
            call->done(call);
            call = next;
        }
    }
    return count;
}
