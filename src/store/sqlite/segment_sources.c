/* Where the rows of a segment's page come from, a piece at a time. */
#include <stdlib.h>

#include "domain/number.h"
#include "store/sqlite/segment_walk.h"
#include "store/sqlite/store_sqlite.h"

/* Each takes some 2 ms. */
#define NUMBERS_PIECE 800
#define LOOKUP_PIECE  500
#define SCAN_PIECE    15000

/* --- one row */

static bool may_be_kept(const struct segment_walk *walk, int64_t number)
{
    return number > walk->after && smallest_wants(&walk->kept, number);
}

static int take_row(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t number = sqlite3_column_int64(walk->statement, 0);
    if (!walk->counting && !may_be_kept(walk, number))
        return 0;
    int takes = segment_plan_takes(&walk->plan, &reader->connection, walk->statement);
    if (takes != 1)
        return takes;
    walk->matches++;
    if (number > walk->after)
        smallest_add(&walk->kept, number);
    return 0;
}

/* All rows of the source's statement, as it is bound. */
static int take_rows(struct store_reader *reader, struct segment_walk *walk)
{
    int result;
    while ((result = connection_step(&reader->connection, walk->statement)) == 1) {
        result = take_row(reader, walk);
        if (result < 0)
            break;
    }
    sqlite3_reset(walk->statement);
    return result < 0 ? ERR_STORE : 0;
}

static int look_up(struct store_reader *reader, struct segment_walk *walk, int64_t key)
{
    bind_i64(walk->statement, 2, key);
    return take_rows(reader, walk);
}

/* --- the sources */

/* The number that ends the next piece; INT64_MAX: it is the last. */
static int find_end(struct store_reader *reader, const struct segment_walk *walk, int64_t *ret_end)
{
    sqlite3_stmt *piece = connection_statement(&reader->connection, STATEMENT_CUSTOMER_PIECE);
    if (!piece)
        return ERR_STORE;
    bind_i64(piece, 1, walk->plan.tenant->id);
    bind_i64(piece, 2, walk->at);
    bind_i64(piece, 3, NUMBERS_PIECE - 1);
    int result = connection_step(&reader->connection, piece);
    *ret_end = result == 1 ? sqlite3_column_int64(piece, 0) : INT64_MAX;
    sqlite3_reset(piece);
    return result < 0 ? ERR_STORE : 0;
}

static int numbers_piece(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t end;
    if (find_end(reader, walk, &end) < 0)
        return ERR_STORE;
    bind_i64(walk->statement, 2, walk->at);
    bind_i64(walk->statement, 3, end);
    if (take_rows(reader, walk) < 0)
        return ERR_STORE;
    walk->at = end;
    walk->budget -= NUMBERS_PIECE;
    /* They come in order: what is behind them is of no use. */
    bool is_enough = !walk->counting && walk->kept.count == walk->kept.most;
    if (end == INT64_MAX || is_enough)
        return 0;
    return walk->budget <= 0 ? ERR_RANGE : READER_MORE;
}

static int look_member_up(struct store_reader *reader, struct segment_walk *walk, int64_t number)
{
    if (!walk->counting && !may_be_kept(walk, number))
        return 0;
    return look_up(reader, walk, number);
}

static int members_piece(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t other;
    int result, count = 0;
    sqlite3_stmt *members = connection_statement(&reader->connection, STATEMENT_MEMBER_PIECE);
    if (!members)
        return ERR_STORE;
    bind_i64(members, 1, walk->plan.group_id);
    bind_i64(members, 2, walk->at);
    bind_i64(members, 3, LOOKUP_PIECE);
    while ((result = connection_step(&reader->connection, members)) == 1) {
        walk->at = sqlite3_column_int64(members, 0);
        count++;
        result = look_member_up(reader, walk, walk->at);
        if (result == 0 && number_variant(walk->at, &other))
            result = look_member_up(reader, walk, other);
        if (result < 0)
            break;
    }
    sqlite3_reset(members);
    return result < 0 ? ERR_STORE : count == LOOKUP_PIECE ? READER_MORE : 0;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static bool is_todo(const struct segment_walk *walk, int64_t id)
{
    return bsearch(&id, walk->todo, walk->todo_count, sizeof(id), compare) != NULL;
}

/* The index may have been begun anew since the walk began: then it holds no longer what it has to. */
static int index_is_same(struct store_reader *reader, const struct segment_walk *walk)
{
    struct search_state state;
    if (search_state_read(&reader->connection, &state) < 0)
        return ERR_STORE;
    return state.usable && state.generation == walk->search.generation;
}

/* Candidates come by id, and ids tell nothing of names: what has been found so far tells what is to come. */
static bool will_be_many(const struct segment_walk *walk)
{
    return (double)walk->looked_up * (double)walk->end / (double)walk->at > (double)walk->budget;
}

static int candidates_piece(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t ids[LOOKUP_PIECE];
    int same = index_is_same(reader, walk);
    if (same < 0)
        return same;
    int count = same == 0 ? ERR_INVALID
                          : search_candidates(reader->store, &reader->connection,
                                              (struct str){walk->match.data, walk->match.len},
                                              walk->at, walk->end, ids, LOOKUP_PIECE);
    if (count == ERR_INVALID) {
        walk->indexed = false;
        return ERR_RANGE;
    }
    for (int i = 0; i < count; i++)
        if (!is_todo(walk, ids[i]) && look_up(reader, walk, ids[i]) < 0)
            return ERR_STORE;
    if (count < LOOKUP_PIECE)
        return count < 0 ? ERR_STORE : 0;
    walk->at = ids[count - 1];
    walk->looked_up += count;
    return will_be_many(walk) ? ERR_RANGE : READER_MORE;
}

static int todo_piece(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t end = walk->at + LOOKUP_PIECE < walk->end ? walk->at + LOOKUP_PIECE : walk->end;
    for (; walk->at < end; walk->at++)
        if (look_up(reader, walk, walk->todo[walk->at]) < 0)
            return ERR_STORE;
    return walk->at < walk->end ? READER_MORE : 0;
}

static int scan_piece(struct store_reader *reader, struct segment_walk *walk)
{
    int64_t end = walk->end - walk->at > SCAN_PIECE ? walk->at + SCAN_PIECE : walk->end;
    bind_i64(walk->statement, 2, walk->at);
    bind_i64(walk->statement, 3, end);
    bind_i64(walk->statement, 4, walk->after);
    if (take_rows(reader, walk) < 0)
        return ERR_STORE;
    walk->at = end;
    return end < walk->end ? READER_MORE : 0;
}

static int (*const pieces[])(struct store_reader *reader, struct segment_walk *walk) = {
    [WALK_NUMBERS] = numbers_piece,
    [WALK_MEMBERS] = members_piece,
    [WALK_CANDIDATES] = candidates_piece,
    [WALK_TODO] = todo_piece,
    [WALK_SCAN] = scan_piece,
};

static const struct {
    const char *head, *tail;
} statements[] = {
    [WALK_NUMBERS] = {" WHERE tenant = ?1 AND number > ?2 AND number <= ?3", " ORDER BY number"},
    [WALK_MEMBERS] = {" WHERE tenant = ?1 AND number = ?2", ""},
    [WALK_CANDIDATES] = {" WHERE id = ?2 AND tenant = ?1", ""},
    [WALK_TODO] = {" WHERE id = ?2 AND tenant = ?1", ""},
    [WALK_SCAN] = {" NOT INDEXED WHERE id > ?2 AND id <= ?3 AND tenant = ?1 AND number > ?4", ""},
};

int segment_source_piece(struct store_reader *reader, struct segment_walk *walk)
{
    if (!walk->statement) {
        walk->statement =
            segment_plan_prepare(&walk->plan, &reader->connection, statements[walk->source].head,
                                 statements[walk->source].tail);
    }
    return walk->statement ? pieces[walk->source](reader, walk) : ERR_STORE;
}
