/* The search index: the chore that fills it, and empties one that is of no use. */
#include "base/log.h"
#include "store/sqlite/search.h"
#include "store/sqlite/search_words.h"
#include "store/sqlite/store_sqlite.h"

/* Customers of a piece: some 5 us each, 10 ms. Smaller pieces make more and smaller segments, and their
 * merging dearer. */
#define PIECE_ROWS 2000
/* Renamed ones are taken out and put in. */
#define TODO_ROWS 1000
/* A page of the index is some 4 KB and is overwritten with zeros when it goes. */
#define EMPTY_ROWS     500
#define WORDS_MAX      4096
#define MAX_BEGINNINGS 3
#define SAMPLES        32

struct piece {
    struct connection *connection;
    struct buf words;
};

/* --- customers in and out */

static int put(struct piece *piece, enum statement id, int64_t customer_id, int64_t number,
               struct str name)
{
    sqlite3_stmt *statement = connection_statement(piece->connection, id);
    buf_clear(&piece->words);
    search_words(&piece->words, number, name);
    if (piece->words.failed)
        return ERR_NOMEM;
    if (statement) {
        bind_i64(statement, 1, customer_id);
        bind_str(statement, 2, (struct str){piece->words.data, piece->words.len});
    }
    return search_step(piece->connection, statement);
}

/* A customer whose name changed: taken out with the old one, put in with the new one, when he is still
 * there. */
static int put_changed(struct piece *piece, sqlite3_stmt *todo)
{
    int64_t id = sqlite3_column_int64(todo, 0), number = sqlite3_column_int64(todo, 1);
    int result = put(piece, STATEMENT_SEARCH_DELETE, id, number, column_str(todo, 2));
    if (result == 0 && sqlite3_column_type(todo, 3) != SQLITE_NULL)
        result = put(piece, STATEMENT_SEARCH_INSERT, id, number, column_str(todo, 4));
    return result;
}

static int put_fresh(struct piece *piece, sqlite3_stmt *fresh)
{
    return put(piece, STATEMENT_SEARCH_INSERT, sqlite3_column_int64(fresh, 0),
               sqlite3_column_int64(fresh, 1), column_str(fresh, 2));
}

/* Both lists come ascending by id: FTS5 writes a segment for each id that is below the one before. Returns
 * how many rows there were, *ret_last the last one's id. */
static int put_rows(struct piece *piece, sqlite3_stmt *rows,
                    int (*put_row)(struct piece *piece, sqlite3_stmt *row), int64_t *ret_last)
{
    int result, count = 0;
    while ((result = connection_step(piece->connection, rows)) == 1) {
        *ret_last = sqlite3_column_int64(rows, 0);
        count++;
        result = put_row(piece, rows);
        if (result < 0)
            break;
    }
    sqlite3_reset(rows);
    return result < 0 ? result : count;
}

static int set_number(struct connection *connection, enum statement id, int64_t value)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, value);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

static int put_todo(struct piece *piece)
{
    int64_t last = 0;
    sqlite3_stmt *todo = connection_statement(piece->connection, STATEMENT_SEARCH_TODO);
    if (!todo)
        return ERR_STORE;
    bind_i64(todo, 1, TODO_ROWS);
    int count = put_rows(piece, todo, put_changed, &last);
    if (count > 0 && set_number(piece->connection, STATEMENT_SEARCH_TODO_DONE, last) < 0)
        return ERR_STORE;
    return count;
}

static int put_tail(struct piece *piece, int64_t indexed_to)
{
    int64_t last = indexed_to;
    sqlite3_stmt *fresh = connection_statement(piece->connection, STATEMENT_SEARCH_FRESH);
    if (!fresh)
        return ERR_STORE;
    bind_i64(fresh, 1, indexed_to);
    bind_i64(fresh, 2, PIECE_ROWS);
    int count = put_rows(piece, fresh, put_fresh, &last);
    if (count > 0 && set_number(piece->connection, STATEMENT_SEARCH_INDEXED_TO, last) < 0)
        return ERR_STORE;
    return count;
}

/* WRITER_MORE, 0: all is in it. */
static int index_piece(struct store *store, const struct search_state *state)
{
    struct piece piece = {.connection = &store->writer.connection};
    buf_init(&piece.words, WORDS_MAX);
    int todo = put_todo(&piece);
    int fresh = todo < 0 ? todo : todo == TODO_ROWS ? 0 : put_tail(&piece, state->indexed_to);
    buf_free(&piece.words);
    if (fresh < 0)
        return fresh;
    store->writer.group_rows += (size_t)(todo + fresh);
    return todo == TODO_ROWS || fresh == PIECE_ROWS ? WRITER_MORE : 0;
}

/* After each start: damage that FTS5 does not notice shows when customers are not found. */
static int look_at_samples(struct store *store, const struct search_state *state)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *next = connection_statement(connection, STATEMENT_SEARCH_FRESH);
    int result = next ? 0 : ERR_STORE;
    for (int64_t i = 0; result == 0 && i < SAMPLES; i++) {
        bind_i64(next, 1, state->indexed_to / SAMPLES * i);
        bind_i64(next, 2, 1);
        result = connection_step(connection, next);
        if (result == 1) {
            result = search_knows(connection, sqlite3_column_int64(next, 0),
                                  sqlite3_column_int64(next, 1), column_str(next, 2));
            result = result == 1 ? 0 : result == 0 ? ERR_INVALID : result;
        }
        sqlite3_reset(next);
    }
    store->writer.search_looked_at = result == 0;
    return result;
}

/* For the metrics. */
static int note_progress(struct store *store, int result)
{
    struct writer *writer = &store->writer;
    struct search_state state;
    int64_t newest;
    if (search_state_read(&writer->connection, &state) < 0 ||
        connection_look(&writer->connection, STATEMENT_CUSTOMER_NEWEST, 0, &newest) < 0)
        return ERR_STORE;
    atomic_store(&writer->search_behind,
                 newest > state.indexed_to ? (uint64_t)(newest - state.indexed_to) : 0);
    if (result == 0)
        atomic_fetch_add(&writer->search_passes, 1);
    return result;
}

/* --- beginning anew */

static int begin_emptying(struct store *store)
{
    int result = connection_run(&store->writer.connection, STATEMENT_SEARCH_EMPTY);
    return result < 0 ? ERR_STORE : WRITER_MORE;
}

#define FTS5 "fts5 (grams, content = '', detail = none, columnsize = 0, tokenize = 'ascii')"

/* A table whose own tables are not as they should be cannot even be dropped: it gets those of a blank one
 * first. */
static int make_anew(struct connection *connection)
{
    static const char sql[] = "CREATE VIRTUAL TABLE search_blank USING " FTS5 ";"
                              "INSERT OR REPLACE INTO search_data SELECT * FROM search_blank_data;"
                              "INSERT OR REPLACE INTO search_config"
                              " SELECT * FROM search_blank_config;"
                              "DROP TABLE search_blank; DROP TABLE search;"
                              "CREATE VIRTUAL TABLE search USING " FTS5 ";";
    if (connection_exec(connection, sql) < 0 ||
        set_number(connection, STATEMENT_SEARCH_BEGUN, KEYWORD_RULES) < 0)
        return ERR_STORE;
    return WRITER_MORE;
}

/* FTS5 would empty its table in one long transaction. */
static int empty_piece(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    static const enum statement deletes[] = {STATEMENT_SEARCH_EMPTY_TODO,
                                             STATEMENT_SEARCH_EMPTY_DATA};
    for (size_t i = 0; i < sizeof(deletes) / sizeof(deletes[0]); i++) {
        if (set_number(connection, deletes[i], EMPTY_ROWS) < 0)
            return ERR_STORE;
        int64_t deleted = connection_changes(connection);
        store->writer.group_rows += (size_t)deleted;
        if (deleted == EMPTY_ROWS)
            return WRITER_MORE;
    }
    return make_anew(connection);
}

/* Whatever is wrong with it, imports go on, and searches look at the rows. */
static int give_up(struct store *store)
{
    log_line(LOG_ERROR, "store: the search index cannot be made anew: %s",
             store->writer.connection.fault_text);
    connection_clear(&store->writer.connection);
    store->writer.search_given_up = true;
    return 0;
}

static int note_damage(struct store *store)
{
    struct writer *writer = &store->writer;
    if (++writer->search_beginnings > MAX_BEGINNINGS)
        return give_up(store);
    log_line(LOG_WARNING, "store: the search index is damaged and is made anew");
    return begin_emptying(store);
}

/* What failed is undone alone: a damaged index is no fault of the store. */
static int in_savepoint(struct store *store, const struct search_state *state)
{
    struct connection *connection = &store->writer.connection;
    if (connection_run(connection, STATEMENT_SAVEPOINT) < 0)
        return ERR_STORE;
    int result = 0;
    if (state->emptying)
        result = empty_piece(store);
    else if (!store->writer.search_looked_at)
        result = look_at_samples(store, state);
    if (!state->emptying && result == 0)
        result = index_piece(store, state);
    if (result == 0 || result == WRITER_MORE)
        result = note_progress(store, result);
    int code = connection->fault & 0xff;
    bool is_damaged = result == ERR_INVALID ||
                      (state->emptying && (code == SQLITE_CORRUPT || code == SQLITE_ERROR));
    if (is_damaged) {
        connection_clear(connection);
        if (connection_run(connection, STATEMENT_ROLLBACK_TO) < 0)
            return ERR_STORE;
        result = state->emptying ? give_up(store) : note_damage(store);
    }
    if (result < 0 && result != WRITER_MORE)
        return result;
    return connection_run(connection, STATEMENT_RELEASE) < 0 ? ERR_STORE : result;
}

int search_index(struct store *store)
{
    struct search_state state;
    if (store->writer.search_given_up)
        return 0;
    if (search_state_read(&store->writer.connection, &state) < 0)
        return ERR_STORE;
    if (atomic_exchange(&store->search_damaged, false) && state.usable)
        return note_damage(store);
    if (!state.usable && !state.emptying)
        return begin_emptying(store); /* other rules, or none */
    return in_savepoint(store, &state);
}
