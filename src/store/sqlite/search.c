/* The search index: what is looked up in it. */
#include "store/sqlite/search.h"

#include "store/sqlite/file_map.h"
#include "store/sqlite/search_words.h"
#include "store/sqlite/store_sqlite.h"

/* Grams of one alternative that are asked for: more make hardly fewer candidates. */
#define MATCH_MAX_GRAMS 24
/* Those of a customer that search_knows() asks for: in a young index, which is in many segments, each costs
 * some 100 us where all have it. Of the next customer they are others. */
#define KNOWS_GRAMS 3

int search_state_read(struct connection *connection, struct search_state *ret_state)
{
    sqlite3_stmt *read = connection_statement(connection, STATEMENT_SEARCH_STATE);
    if (!read || connection_step(connection, read) != 1)
        return ERR_STORE;
    ret_state->generation = sqlite3_column_int64(read, 0);
    ret_state->indexed_to = sqlite3_column_int64(read, 1);
    ret_state->rules = sqlite3_column_int64(read, 2);
    ret_state->emptying = sqlite3_column_int(read, 3) != 0;
    ret_state->usable = !ret_state->emptying && ret_state->rules == KEYWORD_RULES;
    sqlite3_reset(read);
    return 0;
}

/* --- words */

void word_of_gram(uint32_t gram, char ret_word[WORD_LEN])
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuv";
    for (size_t i = 0; i < WORD_LEN; i++, gram >>= 5)
        ret_word[i] = letters[gram & 31];
}

_Static_assert(5 * WORD_LEN == KEYWORD_GRAM_BITS, "five bits a letter");

static void add_grams(struct buf *out, const uint32_t *grams, size_t count, const char *between)
{
    for (size_t i = 0; i < count; i++) {
        char word[WORD_LEN];
        word_of_gram(grams[i], word);
        if (i > 0)
            buf_add_text(out, between);
        buf_add(out, word, WORD_LEN);
    }
}

void search_words(struct buf *out, int64_t number, struct str name)
{
    uint32_t grams[NAME_GRAMS_MAX + NUMBER_GRAMS_MAX];
    size_t count = name_grams(name, grams);
    count += number_grams(number, grams + count);
    add_grams(out, grams, count, " ");
}

static size_t at_most(size_t count)
{
    return count < MATCH_MAX_GRAMS ? count : MATCH_MAX_GRAMS;
}

void search_match(struct buf *out, const struct keyword_grams *grams)
{
    buf_add_char(out, '(');
    add_grams(out, grams->text, at_most(grams->text_count), " AND ");
    if (grams->digits_count > 0) {
        buf_add_text(out, ") OR (");
        add_grams(out, grams->digits, at_most(grams->digits_count), " AND ");
    }
    buf_add_char(out, ')');
}

/* --- looking up */

int search_step(struct connection *connection, sqlite3_stmt *statement)
{
    int result = statement ? connection_step(connection, statement) : ERR_STORE;
    int code = connection->fault & 0xff;
    /* FTS5 says CORRUPT of what it cannot make sense of, and ERROR when a table of its own is not as it
     * should be. */
    if (result == ERR_STORE && (code == SQLITE_CORRUPT || code == SQLITE_ERROR)) {
        connection_clear(connection);
        return ERR_INVALID;
    }
    return result;
}

static int find(struct connection *connection, struct str match, int64_t after, int64_t to,
                int64_t *ret_ids, size_t max)
{
    size_t count = 0;
    int result;
    sqlite3_stmt *statement = connection_statement(connection, STATEMENT_SEARCH_MATCH);
    if (statement) {
        bind_str(statement, 1, match);
        bind_i64(statement, 2, after);
        bind_i64(statement, 3, to);
        bind_i64(statement, 4, (int64_t)max);
    }
    while ((result = search_step(connection, statement)) == 1)
        ret_ids[count++] = sqlite3_column_int64(statement, 0);
    return result < 0 ? result : (int)count;
}

int search_candidates(struct store *store, struct connection *connection, struct str match,
                      int64_t after, int64_t to, int64_t *ret_ids, size_t max)
{
    int result = find(connection, match, after, to, ret_ids, max);
    if (result == ERR_INVALID && !file_map_failed(connection))
        atomic_store(&store->search_damaged, true);
    return result;
}

int search_todo(struct connection *connection, int64_t *ret_ids, size_t max)
{
    sqlite3_stmt *ids = connection_statement(connection, STATEMENT_SEARCH_TODO_IDS);
    int result = ERR_STORE;
    size_t count = 0;
    if (ids)
        bind_i64(ids, 1, (int64_t)max);
    while (ids && (result = connection_step(connection, ids)) == 1)
        ret_ids[count++] = sqlite3_column_int64(ids, 0);
    return result < 0 ? ERR_STORE : (int)count;
}

static int finds(struct connection *connection, int64_t customer_id, int64_t number,
                 struct str name)
{
    struct keyword_grams grams = {.digits_count = 0};
    uint32_t all[NAME_GRAMS_MAX + NUMBER_GRAMS_MAX];
    struct buf match;
    int64_t id;
    size_t count = name_grams(name, all);
    count += number_grams(number, all + count);
    while (grams.text_count < KNOWS_GRAMS && grams.text_count < count) {
        size_t at = ((size_t)customer_id + grams.text_count * count / KNOWS_GRAMS) % count;
        grams.text[grams.text_count++] = all[at];
    }
    buf_init(&match, MATCH_MAX_LEN);
    search_match(&match, &grams);
    int result = match.failed ? ERR_STORE
                              : find(connection, (struct str){match.data, match.len},
                                     customer_id - 1, customer_id, &id, 1);
    buf_free(&match);
    return result;
}

int search_knows(struct connection *connection, int64_t customer_id, int64_t number,
                 struct str name)
{
    struct search_state state;
    int64_t id;
    if (search_state_read(connection, &state) < 0)
        return ERR_STORE;
    if (!state.usable || customer_id > state.indexed_to)
        return 1;
    int result = finds(connection, customer_id, number, name);
    if (result != 0)
        return result;
    result = connection_look(connection, STATEMENT_SEARCH_TODO_FIND, customer_id, &id);
    return result == ERR_NOT_FOUND ? 0 : result == 0 ? 1 : result;
}

int search_rename(struct connection *connection, int64_t customer_id, int64_t number,
                  struct str old_name)
{
    sqlite3_stmt *rename = connection_statement(connection, STATEMENT_SEARCH_RENAME);
    if (!rename)
        return ERR_STORE;
    bind_i64(rename, 1, customer_id);
    bind_i64(rename, 2, number);
    bind_str_or_null(rename, 3, old_name);
    return connection_step(connection, rename) < 0 ? ERR_STORE : 0;
}
