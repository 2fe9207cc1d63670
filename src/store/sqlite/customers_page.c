/* Pages of customers: of all of them by the index on their numbers, of a segment by segment_walk.c. */
#include "base/clock.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/segment_walk.h"
#include "store/sqlite/store_sqlite.h"

/* Entries of the index that are left out in one transaction, 31 ns each: 2 ms. */
#define SKIP_PIECE 50000
/* What a worker may leave out: 0.6 ms. */
#define SKIP_SHORT 20000

bool customers_page_is_short(const struct customers_page *op)
{
    return segment_is_all(op->segment) && op->skip <= SKIP_SHORT;
}

static void show(void *context, const struct customer *customer)
{
    struct customers_page *op = context;
    op->each(op, customer);
}

/* 1 done, 0 there are no more customers, READER_MORE. */
static int skip_some(struct store_reader *reader, struct customers_page *op)
{
    sqlite3_stmt *piece = connection_statement(&reader->connection, STATEMENT_CUSTOMER_PIECE);
    int64_t left = op->skip - op->skipped, count = left < SKIP_PIECE ? left : SKIP_PIECE;
    if (count == 0)
        return 1;
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, op->tenant->id);
    bind_i64(piece, 2, op->last);
    bind_i64(piece, 3, count - 1);
    int result = connection_step(&reader->connection, piece);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    op->last = sqlite3_column_int64(piece, 0);
    sqlite3_reset(piece);
    op->skipped += count;
    return op->skipped == op->skip ? 1 : READER_MORE;
}

static int look_for_more(struct store_reader *reader, struct customers_page *op)
{
    sqlite3_stmt *piece = connection_statement(&reader->connection, STATEMENT_CUSTOMER_PIECE);
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, op->tenant->id);
    bind_i64(piece, 2, op->last);
    bind_i64(piece, 3, 0);
    int result = connection_step(&reader->connection, piece);
    op->more = result == 1;
    sqlite3_reset(piece);
    return result < 0 ? ERR_STORE : 0;
}

static int read_all(struct store_reader *reader, struct customers_page *op)
{
    if (op->call.progress == 0 && connection_look(&reader->connection, STATEMENT_TENANT_CUSTOMERS,
                                                  op->tenant->id, &op->total) == ERR_STORE)
        return ERR_STORE;
    op->call.progress = 1;
    int result = skip_some(reader, op);
    if (result == 1) {
        size_t left = op->limit - op->shown;
        result = customers_show_behind(reader, op->tenant, &op->last, &left, show, op);
        op->shown = op->limit - left;
    }
    return result == 1 ? look_for_more(reader, op) : result;
}

static int read_customers_page(struct store_reader *reader, struct store_call *call)
{
    struct customers_page *op = container_of(call, struct customers_page, call);
    if (op->deadline_us != 0 && clock_mono_us() > op->deadline_us)
        return ERR_TIMEOUT;
    return segment_is_all(op->segment) ? read_all(reader, op) : segment_walk_piece(reader, op);
}

void store_customers_page(struct store_reader *reader, struct customers_page *op)
{
    op->last = op->after;
    op->skipped = op->total = 0;
    op->shown = 0;
    op->more = false;
    op->unknown = NULL;
    reader_ask(reader, &op->call, read_customers_page);
}
