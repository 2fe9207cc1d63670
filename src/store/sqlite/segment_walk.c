/* One page of a segment. The source that costs least is chosen, and left for another when it turns out to
 * cost more; whatever order its rows come in, the smallest numbers that belong to the page are kept.
 *
 * A page far behind others keeps the numbers of all before it; when they are more than KEEP_MAX there is
 * another pass, behind the largest that was kept. */
#include "store/sqlite/segment_walk.h"

#include <stdlib.h>

#include "store/sqlite/store_sqlite.h"

#define KEEP_MAX ((int64_t)1 << 16)
/* When nobody knows how many a segment has: a customer of so many. */
#define UNKNOWN_ROWS 40
/* As many look-ups are worth a try in any case: 5 ms. */
#define BUDGET_MIN 2000

static void forget(struct segment_walk *walk)
{
    sqlite3_finalize(walk->statement);
    walk->statement = NULL;
    segment_plan_free(&walk->plan);
    buf_free(&walk->match);
    walk->op = NULL;
}

void segment_walk_free(struct segment_walk *walk)
{
    if (!walk)
        return;
    forget(walk);
    smallest_free(&walk->kept);
    free(walk);
}

/* --- choosing a source */

static void start_source(struct segment_walk *walk, enum walk_source source, int64_t at,
                         int64_t end, int64_t budget)
{
    sqlite3_finalize(walk->statement);
    walk->statement = NULL;
    walk->source = source;
    walk->at = at;
    walk->end = end;
    walk->budget = budget;
    walk->looked_up = 0;
}

/* What look-ups may cost before reading all rows would have cost less. */
static int64_t lookup_budget(const struct segment_walk *walk)
{
    int64_t budget = walk->newest / LOOKUP_ROWS;
    return budget > BUDGET_MIN ? budget : BUDGET_MIN;
}

static void start_all(struct segment_walk *walk)
{
    /* A small tenant of a large store. */
    if (walk->customers < walk->newest / LOOKUP_ROWS)
        start_source(walk, WALK_NUMBERS, walk->after, 0, INT64_MAX);
    else
        start_source(walk, WALK_SCAN, 0, walk->newest, 0);
}

static void start_candidates(struct segment_walk *walk)
{
    start_source(walk, WALK_CANDIDATES, 0, walk->search.indexed_to, lookup_budget(walk));
}

/* For a page that need not count. `rows`: by number so many are looked at until it is full. */
static void start_page(struct segment_walk *walk)
{
    int64_t keep = (int64_t)walk->kept.most, expected = walk->op->expected;
    int64_t rows = expected > 0 ? keep * walk->customers / expected : keep * UNKNOWN_ROWS;
    if (walk->indexed && expected > 0 && expected < rows)
        start_candidates(walk);
    else if (rows < lookup_budget(walk))
        start_source(walk, WALK_NUMBERS, walk->after, 0, 2 * rows + BUDGET_MIN);
    else if (walk->indexed)
        start_candidates(walk);
    else
        start_all(walk);
}

static void start_first(struct segment_walk *walk)
{
    if (walk->plan.group_id != 0)
        start_source(walk, WALK_MEMBERS, 0, 0, 0);
    else if (!walk->counting)
        start_page(walk);
    else if (walk->indexed)
        start_candidates(walk);
    else
        start_all(walk);
}

/* The source's budget is used up: begins again with another. */
static void start_other(struct segment_walk *walk)
{
    walk->kept.count = 0;
    walk->matches = 0;
    if (walk->source == WALK_NUMBERS && walk->indexed)
        start_candidates(walk);
    else
        start_all(walk);
}

/* The source is at its end. False: it was the last. */
static bool start_next(struct segment_walk *walk)
{
    if (walk->source == WALK_CANDIDATES)
        start_source(walk, WALK_TODO, 0, (int64_t)walk->todo_count, 0);
    else if (walk->source == WALK_TODO)
        start_source(walk, WALK_SCAN, walk->search.indexed_to, walk->newest, 0);
    else
        return false;
    return true;
}

/* --- passes */

static int begin_pass(struct segment_walk *walk)
{
    /* One more than the page has shows that there is more. */
    int64_t keep = walk->skip + (int64_t)walk->op->limit + 1;
    walk->matches = 0;
    int result = smallest_begin(&walk->kept, (size_t)(keep < KEEP_MAX ? keep : KEEP_MAX));
    if (result == 0)
        start_first(walk);
    return result;
}

/* Whether the page may go on behind the numbers that are kept. */
static bool needs_pass(const struct segment_walk *walk)
{
    return walk->kept.count == (size_t)KEEP_MAX &&
           walk->skip + (int64_t)walk->op->limit + 1 > KEEP_MAX;
}

static int end_pass(struct segment_walk *walk)
{
    struct customers_page *op = walk->op;
    smallest_sort(&walk->kept);
    if (walk->counting)
        op->total = walk->matches;
    walk->counting = false;
    if (needs_pass(walk)) {
        int64_t skipped = walk->skip < KEEP_MAX ? walk->skip : KEEP_MAX;
        walk->after = walk->kept.numbers[skipped - 1];
        walk->skip -= skipped;
        return begin_pass(walk);
    }
    start_source(walk, WALK_SHOW, 0, 0, 0);
    return 0;
}

/* --- beginning */

/* What the search index can do for the segment. */
static int ask_index(struct segment_walk *walk, struct connection *connection)
{
    struct keyword_grams grams;
    walk->indexed = false;
    walk->todo_count = 0;
    if (walk->plan.segment->keyword.len == 0 ||
        !keyword_to_grams(&walk->plan.segment->keyword, &grams))
        return 0;
    int count = search_state_read(connection, &walk->search);
    if (count == 0)
        count = search_todo(connection, walk->todo, WALK_TODO_MAX + 1);
    if (count < 0)
        return ERR_STORE;
    search_match(&walk->match, &grams);
    walk->todo_count = (size_t)count;
    walk->indexed = walk->search.usable && count <= WALK_TODO_MAX && !walk->match.failed;
    return 0;
}

static int ask_sizes(struct segment_walk *walk, struct connection *connection)
{
    int64_t tenant_id = walk->plan.tenant->id;
    walk->customers = walk->newest = 0;
    int result = connection_look(connection, STATEMENT_CUSTOMER_NEWEST, 0, &walk->newest);
    if (result == 0)
        result =
            connection_look(connection, STATEMENT_TENANT_CUSTOMERS, tenant_id, &walk->customers);
    return result == ERR_STORE ? ERR_STORE : 0;
}

static int begin(struct store_reader *reader, struct segment_walk *walk, struct customers_page *op)
{
    struct connection *connection = &reader->connection;
    forget(walk); /* of a page that a fault ended */
    walk->op = op;
    walk->after = op->after;
    walk->skip = op->skip;
    walk->counting = op->counts;
    buf_init(&walk->match, MATCH_MAX_LEN);
    int result = segment_plan_make(&walk->plan, connection, op->tenant, op->segment);
    op->unknown = walk->plan.unknown;
    if (result < 0 || op->unknown)
        return result;
    result = ask_sizes(walk, connection);
    if (result == 0)
        result = ask_index(walk, connection);
    return result == 0 ? begin_pass(walk) : result;
}

/* --- showing */

static void show(void *context, const struct customer *customer)
{
    struct customers_page *op = context;
    op->each(op, customer);
}

/* A customer who is gone meanwhile is left out. */
static int show_one(struct store_reader *reader, struct customers_page *op, int64_t number)
{
    sqlite3_stmt *find = connection_statement(&reader->connection, STATEMENT_CUSTOMER_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant->id);
    bind_i64(find, 2, number);
    int result = connection_step(&reader->connection, find);
    if (result == 1)
        result = customer_show(reader, op->tenant, number, find, show, op);
    sqlite3_reset(find);
    return result < 0 ? ERR_STORE : 0;
}

static int show_page(struct store_reader *reader, const struct segment_walk *walk)
{
    struct customers_page *op = walk->op;
    const struct smallest *kept = &walk->kept;
    size_t first = (size_t)walk->skip;
    for (; op->shown < op->limit && first + op->shown < kept->count; op->shown++) {
        if (!reader_take(reader))
            return READER_MORE;
        op->last = kept->numbers[first + op->shown];
        if (show_one(reader, op, op->last) < 0)
            return ERR_STORE;
    }
    op->more = first + op->limit < kept->count;
    return 0;
}

static int go_on(struct store_reader *reader, struct segment_walk *walk)
{
    if (walk->source == WALK_SHOW)
        return show_page(reader, walk);
    int result = segment_source_piece(reader, walk);
    if (result == ERR_RANGE)
        start_other(walk);
    else if (result != 0)
        return result;
    else if (!start_next(walk))
        result = end_pass(walk);
    return result == 0 || result == ERR_RANGE ? READER_MORE : result;
}

int segment_walk_piece(struct store_reader *reader, struct customers_page *op)
{
    if (!reader->walk)
        reader->walk = calloc(1, sizeof(*reader->walk));
    if (!reader->walk)
        return ERR_NOMEM;
    int result = READER_MORE;
    if (op->call.progress++ > 0)
        result = go_on(reader, reader->walk);
    else if (begin(reader, reader->walk, op) < 0)
        result = ERR_STORE;
    else if (op->unknown)
        result = 0;
    if (result != READER_MORE)
        forget(reader->walk);
    return result;
}
