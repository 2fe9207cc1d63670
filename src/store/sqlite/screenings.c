/* Screenings: made, worked on in order of arrival, shown, forgotten. */
#include "store/screenings.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/task_row.h"

#define NUMBER_BYTES 8
/* Numbers that a claim reads at a time. */
#define PIECE_NUMBERS 256
/* What a piece of the sweep deletes. */
#define SWEEP_ROWS 250

static void put_number(int64_t number, uint8_t bytes[NUMBER_BYTES])
{
    for (int i = NUMBER_BYTES; i-- > 0; number >>= 8)
        bytes[i] = (uint8_t)(number & 0xff);
}

static int64_t get_number(const uint8_t bytes[NUMBER_BYTES])
{
    uint64_t number = 0;
    for (int i = 0; i < NUMBER_BYTES; i++)
        number = number << 8 | bytes[i];
    return (int64_t)number;
}

/* --- made */

static int insert(struct store *store, const struct screening_add *op)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *add = connection_statement(connection, STATEMENT_SCREENING_ADD);
    uint8_t *numbers = arena_alloc(&store->writer.arena, op->count * NUMBER_BYTES);
    if (!add || !numbers)
        return add ? ERR_NOMEM : ERR_STORE;
    for (size_t i = 0; i < op->count; i++)
        put_number(op->numbers[i], numbers + i * NUMBER_BYTES);
    bind_i64(add, 1, op->tenant_id);
    bind_blob_or_null(add, 2, op->id, SCREENING_ID_LEN);
    bind_i64(add, 3, (int64_t)op->count);
    bind_i64(add, 4, op->now_ms);
    bind_blob_or_null(add, 5, numbers, op->count * NUMBER_BYTES);
    if (connection_step(connection, add) < 0)
        return ERR_STORE;
    return TASK_RUN(connection, STATEMENT_SCREENING_ANSWERS_ADD,
                    sqlite3_last_insert_rowid(connection->db), (int64_t)op->count);
}

static int run_add(struct store *store, struct store_call *call)
{
    struct screening_add *op = container_of(call, struct screening_add, call);
    struct connection *connection = &store->writer.connection;
    int64_t kept = 0, open = 0;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = connection_look(connection, STATEMENT_SCREENING_COUNT, op->tenant_id, &kept);
    if (result == 0)
        result = connection_look(connection, STATEMENT_SCREENING_COUNT_OPEN, op->tenant_id, &open);
    if (result < 0)
        return result;
    if (kept >= TENANT_MAX_SCREENINGS || open >= TENANT_MAX_SCREENINGS_OPEN)
        return ERR_FULL;
    /* 160 KB lie on as many pages as some 100 rows. */
    (void)writer_take_rows(&store->writer, call, 100);
    return insert(store, op);
}

void store_screening_add(struct store *store, struct screening_add *op)
{
    writer_post(store, &op->call, 100, run_add);
}

/* --- an order that is worked on */

struct order {
    int64_t id, position, total;
    int64_t done, found; /* more than before */
};

static int blob_open(struct connection *connection, const char *table, const char *column,
                     int64_t id, bool writes, sqlite3_blob **ret_blob)
{
    sqlite3_blob *blob = NULL;
    int code = sqlite3_blob_open(connection->db, "main", table, column, id, writes, &blob);
    if (code != SQLITE_OK) {
        sqlite3_blob_close(blob);
        return connection_fault(connection, code);
    }
    *ret_blob = blob;
    return 0;
}

static int read_numbers(struct connection *connection, const struct order *order, int64_t first,
                        size_t count, uint8_t *ret_bytes)
{
    sqlite3_blob *blob = NULL;
    int result = blob_open(connection, "screening", "numbers", order->id, false, &blob);
    if (result < 0)
        return result;
    int code =
        sqlite3_blob_read(blob, ret_bytes, (int)count * NUMBER_BYTES, (int)first * NUMBER_BYTES);
    sqlite3_blob_close(blob);
    return code == SQLITE_OK ? 0 : connection_fault(connection, code);
}

static int read_answers(struct connection *connection, const struct order *order, int64_t first,
                        size_t count, uint8_t *ret_answers)
{
    sqlite3_blob *blob = NULL;
    int result = blob_open(connection, "screening_answers", "answers", order->id, false, &blob);
    if (result < 0)
        return result;
    int code = sqlite3_blob_read(blob, ret_answers, (int)count, (int)first);
    sqlite3_blob_close(blob);
    return code == SQLITE_OK ? 0 : connection_fault(connection, code);
}

static int write_answers(struct connection *connection, const struct order *order, int64_t first,
                         size_t count, const uint8_t *answers)
{
    sqlite3_blob *blob = NULL;
    int result = blob_open(connection, "screening_answers", "answers", order->id, true, &blob);
    if (result < 0)
        return result;
    int code = sqlite3_blob_write(blob, answers, (int)count, (int)first);
    sqlite3_blob_close(blob);
    return code == SQLITE_OK ? 0 : connection_fault(connection, code);
}

static int write_order(struct query_turn *turn, const struct order *order)
{
    return TASK_RUN(turn->connection, STATEMENT_SCREENING_GO_ON, order->id, order->position,
                    order->done, order->found, turn->op->now_ms);
}

static void note(struct order *order, uint8_t *answer, bool exists)
{
    if (*answer != SCREENING_UNKNOWN)
        return;
    *answer = exists ? SCREENING_EXISTS : SCREENING_NOT_THERE;
    order->done++;
    order->found += exists;
}

/* --- claimed */

enum check_state { CHECK_NEEDED, CHECK_ASKED, CHECK_KNOWN };

static int look(struct query_turn *turn, int64_t tenant_id, int64_t number, bool *ret_exists)
{
    sqlite3_stmt *find = connection_statement(turn->connection, STATEMENT_NUMBER_CHECK_FIND);
    if (!find)
        return ERR_STORE;
    turn->known++;
    bind_i64(find, 1, tenant_id);
    bind_i64(find, 2, number);
    int result = connection_step(turn->connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : CHECK_NEEDED;
    bool is_asked = sqlite3_column_type(find, 0) == SQLITE_NULL;
    bool is_old = sqlite3_column_int64(find, 1) <= turn->op->now_ms - NUMBER_CHECK_KEPT_MS;
    *ret_exists = sqlite3_column_int(find, 0) != 0;
    sqlite3_reset(find);
    return is_asked ? CHECK_ASKED : is_old ? CHECK_NEEDED : CHECK_KNOWN;
}

/* 1: the claim is full, or the turn has looked at enough. */
static int take_number(struct query_turn *turn, struct query_claim *claim, struct order *order,
                       int64_t number, uint8_t *answer)
{
    bool exists = false;
    if (turn->known >= CLAIM_KNOWN) {
        claim->more = true;
        return 1;
    }
    int state = look(turn, claim->tenant_id, number, &exists);
    if (state < 0)
        return state;
    if (state == CHECK_KNOWN)
        note(order, answer, exists);
    if (state != CHECK_NEEDED)
        return 0;
    if (claim->count == claim->want)
        return 1;
    (void)query_claim_add(turn, claim, number);
    return TASK_RUN(turn->connection, STATEMENT_NUMBER_CHECK_ASK, claim->tenant_id, number,
                    claim->account, turn->op->now_ms);
}

/* 1 as above, 0: go on with the next piece. */
static int take_piece(struct query_turn *turn, struct query_claim *claim, struct order *order)
{
    uint8_t numbers[PIECE_NUMBERS * NUMBER_BYTES], answers[PIECE_NUMBERS];
    int64_t first = order->position, left = order->total - first, before = order->done;
    size_t count = left < PIECE_NUMBERS ? (size_t)left : PIECE_NUMBERS;
    int result = read_numbers(turn->connection, order, first, count, numbers);
    if (result == 0)
        result = read_answers(turn->connection, order, first, count, answers);
    for (size_t i = 0; i < count && result == 0; i++) {
        if (answers[i] == SCREENING_UNKNOWN)
            result = take_number(turn, claim, order, get_number(numbers + i * NUMBER_BYTES),
                                 &answers[i]);
        if (result == 0)
            order->position++;
    }
    if (result >= 0 && order->done > before &&
        write_answers(turn->connection, order, first, count, answers) < 0)
        return ERR_STORE;
    return result;
}

/* The tenant's first one that is not asked to its end. 1: there is one. */
static int find_order(struct connection *connection, int64_t tenant_id, struct order *ret_order)
{
    sqlite3_stmt *next = connection_statement(connection, STATEMENT_SCREENING_NEXT);
    if (!next)
        return ERR_STORE;
    bind_i64(next, 1, tenant_id);
    int result = connection_step(connection, next);
    if (result != 1)
        return result;
    *ret_order = (struct order){.id = sqlite3_column_int64(next, 0),
                                .position = sqlite3_column_int64(next, 1),
                                .total = sqlite3_column_int64(next, 2)};
    sqlite3_reset(next);
    return 1;
}

int screening_claim(struct query_turn *turn, struct query_claim *claim)
{
    struct order order;
    int found, result = 0;
    while (result == 0 && claim->count < claim->want &&
           (found = find_order(turn->connection, claim->tenant_id, &order)) != 0) {
        if (found < 0)
            return found;
        while (result == 0 && order.position < order.total)
            result = take_piece(turn, claim, &order);
        if (result >= 0 && write_order(turn, &order) < 0)
            return ERR_STORE;
    }
    return result < 0 ? result : 0;
}

/* --- answered */

/* Of an order that is begun, wherever the number stands in what was asked for: the answer, or without one
 * back to its first place. */
static int tell_order(struct query_turn *turn, struct order *order, int64_t number,
                      const bool *exists)
{
    uint8_t wanted[NUMBER_BYTES],
        *numbers = arena_alloc(&turn->store->writer.arena, (size_t)order->position * NUMBER_BYTES);
    int64_t asked = order->position;
    if (!numbers)
        return ERR_NOMEM;
    put_number(number, wanted);
    int result = read_numbers(turn->connection, order, 0, (size_t)asked, numbers);
    for (int64_t i = 0; i < asked && result == 0; i++) {
        uint8_t answer;
        if (memcmp(numbers + i * NUMBER_BYTES, wanted, NUMBER_BYTES) != 0)
            continue;
        result = read_answers(turn->connection, order, i, 1, &answer);
        if (result < 0 || answer != SCREENING_UNKNOWN)
            continue;
        if (!exists) {
            order->position = i;
            break;
        }
        note(order, &answer, *exists);
        result = write_answers(turn->connection, order, i, 1, &answer);
    }
    return result == 0 ? write_order(turn, order) : result;
}

static int list_begun(struct connection *connection, int64_t tenant_id,
                      struct order orders[TENANT_MAX_SCREENINGS_OPEN])
{
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_SCREENINGS_BEGUN);
    int result, count = 0;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, tenant_id);
    while (count < TENANT_MAX_SCREENINGS_OPEN && (result = connection_step(connection, rows)) == 1)
        orders[count++] = (struct order){.id = sqlite3_column_int64(rows, 0),
                                         .position = sqlite3_column_int64(rows, 1),
                                         .total = sqlite3_column_int64(rows, 2)};
    sqlite3_reset(rows);
    return count < TENANT_MAX_SCREENINGS_OPEN && result < 0 ? ERR_STORE : count;
}

int screening_outcome(struct query_turn *turn, const struct query_outcome *outcome)
{
    const struct query_subject *subject = outcome->subject;
    const struct query_answer *answer = outcome->answer;
    bool known = answer->result == QUERY_ANSWERED;
    struct order orders[TENANT_MAX_SCREENINGS_OPEN];
    int result = known ? TASK_RUN(turn->connection, STATEMENT_NUMBER_CHECK_ANSWER,
                                  subject->tenant_id, subject->id, answer->exists, turn->op->now_ms)
                       : TASK_RUN(turn->connection, STATEMENT_NUMBER_CHECK_AGAIN,
                                  subject->tenant_id, subject->id);
    if (result < 0 || connection_changes(turn->connection) == 0)
        return result;
    int count = list_begun(turn->connection, subject->tenant_id, orders);
    for (int i = 0; i < count && result == 0; i++)
        result = tell_order(turn, &orders[i], subject->id, known ? &answer->exists : NULL);
    return count < 0 ? count : result;
}

/* --- shown */

static int show_numbers(struct connection *connection, struct screening_get *op, int64_t id)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_SCREENING_READ);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, id);
    if (connection_step(connection, row) != 1)
        return ERR_STORE;
    const uint8_t *numbers = sqlite3_column_blob(row, 0), *answers = sqlite3_column_blob(row, 1);
    int count = sqlite3_column_bytes(row, 1);
    if (sqlite3_column_bytes(row, 0) != count * NUMBER_BYTES)
        count = 0; /* see store_check() */
    for (int i = 0; i < count; i++)
        op->number(op, get_number(numbers + i * NUMBER_BYTES), answers[i] == SCREENING_EXISTS);
    sqlite3_reset(row);
    return 0;
}

static int read_screening(struct store_reader *reader, struct store_call *call)
{
    struct screening_get *op = container_of(call, struct screening_get, call);
    struct connection *connection = &reader->connection;
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_SCREENING_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_blob_or_null(find, 2, op->id, SCREENING_ID_LEN);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    int64_t id = sqlite3_column_int64(find, 0);
    const struct screening screening = {.total = sqlite3_column_int64(find, 1),
                                        .done = sqlite3_column_int64(find, 2),
                                        .found = sqlite3_column_int64(find, 3),
                                        .created_ms = sqlite3_column_int64(find, 4),
                                        .started_ms = sqlite3_column_int64(find, 5),
                                        .finished_ms = sqlite3_column_int64(find, 6)};
    sqlite3_reset(find);
    op->screening(op, &screening);
    return op->number && screening.finished_ms ? show_numbers(connection, op, id) : 0;
}

void store_screening_get(struct store_reader *reader, struct screening_get *op)
{
    reader_ask(reader, &op->call, read_screening);
}

/* --- forgotten */

int screenings_sweep(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    int64_t before_ms = store->settings.clock_ms() - NUMBER_CHECK_KEPT_MS, id;
    int result = connection_look(connection, STATEMENT_SCREENINGS_OVER, before_ms, &id);
    if (result == 0) {
        result = TASK_RUN(connection, STATEMENT_SCREENING_ANSWERS_DELETE, id);
        if (result == 0)
            result = TASK_RUN(connection, STATEMENT_SCREENING_DELETE, id);
        return result < 0 ? result : WRITER_MORE;
    }
    if (result != ERR_NOT_FOUND)
        return result;
    if (TASK_RUN(connection, STATEMENT_NUMBER_CHECKS_SWEEP, before_ms, SWEEP_ROWS) < 0)
        return ERR_STORE;
    return connection_changes(connection) == SWEEP_ROWS ? WRITER_MORE : 0;
}
