/* Customer groups: named lists of numbers.
 *
 * A save writes a list without a name, in as many pieces as it takes, and then gives it the name, taking
 * it from the list that had it. Whoever reads finds lists by name: so sees the old one or the new one,
 * never a part. What has no name is swept by a chore, also what a crash left; so a save need not wait for
 * the deletion of what it replaced. A group's id is thus that of one list, and changes with each save. */
#include "store/sqlite/groups.h"

#include "base/clock.h"
#include "domain/number.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

/* A list of at most so many members goes with its name, at once; longer ones are swept. Half of what a
 * light command may touch: the other half is for the list that replaces it. */
#define SMALL_SIZE (WRITER_LIGHT_ROWS / 2)
/* Members of a tenant that wait for the sweep, at most: ten of the largest groups. Beyond it a save is
 * refused until some are gone. */
#define UNSWEPT_MAX (10 * GROUP_MAX_NUMBERS)
/* Members a statement of the sweep, and how long a piece of it goes on. */
#define SWEEP_ROWS 250
#define SWEEP_US   8000

/* A statement with one or two numbers, without a row. */
static int run(struct connection *connection, enum statement id, int64_t first, int64_t second)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (!statement)
        return ERR_STORE;
    bind_i64(statement, 1, first);
    if (sqlite3_bind_parameter_count(statement) > 1)
        bind_i64(statement, 2, second);
    return connection_step(connection, statement) < 0 ? ERR_STORE : 0;
}

struct found {
    int64_t id, size, created_ms;
};

/* ERR_NOT_FOUND: the tenant has no group of the name. */
static int find_group(struct connection *connection, int64_t tenant_id, struct str name,
                      struct found *ret_found)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_GROUP_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    bind_str(find, 2, name);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_found = (struct found){.id = sqlite3_column_int64(find, 0),
                                .size = sqlite3_column_int64(find, 1),
                                .created_ms = sqlite3_column_int64(find, 2)};
    sqlite3_reset(find);
    return 0;
}

int group_find(struct connection *connection, int64_t tenant_id, struct str name, int64_t *ret_id)
{
    struct found group;
    int result = find_group(connection, tenant_id, name, &group);
    if (result == 0)
        *ret_id = group.id;
    return result;
}

int group_rule(struct connection *connection, int64_t id, struct arena *arena, struct str *ret_rule)
{
    sqlite3_stmt *rule = connection_statement(connection, STATEMENT_GROUP_RULE);
    if (!rule)
        return ERR_STORE;
    bind_i64(rule, 1, id);
    if (connection_step(connection, rule) != 1)
        return ERR_STORE;
    struct str text = column_str(rule, 0);
    char *copy = arena_memdup(arena, text.len ? text.p : "", text.len);
    sqlite3_reset(rule);
    if (!copy)
        return ERR_NOMEM;
    *ret_rule = (struct str){copy, text.len};
    return 0;
}

/* Returns how many members were deleted, at most SWEEP_ROWS, which are no longer counted either. */
static int delete_members(struct connection *connection, int64_t id)
{
    if (run(connection, STATEMENT_MEMBER_DELETE, id, SWEEP_ROWS) < 0)
        return ERR_STORE;
    int64_t deleted = connection_changes(connection);
    if (run(connection, STATEMENT_GROUP_GROW, id, -deleted) < 0)
        return ERR_STORE;
    return (int)deleted;
}

_Static_assert(SMALL_SIZE <= SWEEP_ROWS, "a small list goes with one statement");

/* Nobody finds the list any more. */
static int drop(struct writer *writer, const struct found *group)
{
    struct connection *connection = &writer->connection;
    if (group->size > SMALL_SIZE) {
        writer->chores.due_us[CHORE_GROUPS] = 0;
        return run(connection, STATEMENT_GROUP_UNNAME, group->id, 0);
    }
    if (delete_members(connection, group->id) < 0)
        return ERR_STORE;
    return run(connection, STATEMENT_GROUP_DELETE, group->id, 0);
}

/* --- saving */

/* Whether the tenant may have the name: ret_old is the list that has it, or of id 0. */
static int check_name(struct connection *connection, const struct group_write *op,
                      struct found *ret_old)
{
    int64_t count;
    int result = find_group(connection, op->tenant_id, op->name, ret_old);
    if (result != ERR_NOT_FOUND)
        return result;
    if (connection_look(connection, STATEMENT_GROUP_COUNT, op->tenant_id, &count) < 0)
        return ERR_STORE;
    *ret_old = (struct found){.created_ms = op->now_ms};
    return count >= TENANT_MAX_GROUPS ? ERR_TOO_LARGE : 0;
}

static int check_unswept(struct connection *connection, int64_t tenant_id)
{
    int64_t size;
    if (connection_look(connection, STATEMENT_GROUP_UNNAMED_SIZE, tenant_id, &size) < 0)
        return ERR_STORE;
    return size > UNSWEPT_MAX ? ERR_BUSY : 0;
}

/* An empty list without a name; its id becomes the command's subject. */
static int begin_list(struct connection *connection, struct group_write *op)
{
    struct found old;
    int result = check_name(connection, op, &old); /* rather before the work than after it */
    if (result == 0)
        result = check_unswept(connection, op->tenant_id);
    if (result == 0)
        result = run(connection, STATEMENT_GROUP_INSERT, op->tenant_id, op->now_ms);
    if (result == 0)
        op->call.subject = sqlite3_last_insert_rowid(connection->db);
    return result;
}

/* WRITER_MORE, or 0 when all are in. */
static int add_members(struct writer *writer, struct group_write *op)
{
    struct store_call *call = &op->call;
    size_t before = call->progress;
    int result = 0;
    while (result == 0 && call->progress < op->count)
        if (writer_take_row(writer, call))
            result = run(&writer->connection, STATEMENT_MEMBER_INSERT, call->subject,
                         op->numbers[call->progress++]);
        else
            result = WRITER_MORE;
    if (result != 0 && result != WRITER_MORE)
        return result;
    if (run(&writer->connection, STATEMENT_GROUP_GROW, call->subject,
            (int64_t)(call->progress - before)) < 0)
        return ERR_STORE;
    /* Gone with its tenant, whose id may be in use again. */
    return connection_changes(&writer->connection) == 0 ? ERR_NOT_FOUND : result;
}

static int name_list(struct writer *writer, struct group_write *op)
{
    struct connection *connection = &writer->connection;
    struct found old;
    int result = check_name(connection, op, &old);
    if (result == 0 && old.id != 0)
        result = drop(writer, &old);
    sqlite3_stmt *name = connection_statement(connection, STATEMENT_GROUP_NAME);
    if (result < 0 || !name)
        return result < 0 ? result : ERR_STORE;
    bind_i64(name, 1, op->call.subject);
    bind_str(name, 2, op->name);
    bind_i64(name, 3, old.created_ms);
    bind_str_or_null(name, 4, op->rule);
    bind_str_or_null(name, 5, op->rule_sent);
    return connection_step(connection, name) < 0 ? ERR_STORE : 0;
}

static int run_group_save(struct store *store, struct store_call *call)
{
    struct group_write *op = container_of(call, struct group_write, call);
    struct writer *writer = &store->writer;
    int result = tenant_check(&writer->connection, op->tenant_id);
    if (result == 0 && call->subject == 0)
        result = begin_list(&writer->connection, op);
    if (result == 0)
        result = add_members(writer, op);
    if (result == 0)
        result = name_list(writer, op);
    if (result < 0 && result != WRITER_MORE && call->begun)
        writer->chores.due_us[CHORE_GROUPS] = 0; /* earlier pieces are on disk */
    return result;
}

void store_group_save(struct store *store, struct group_write *op)
{
    /* A long one takes turns with all others. */
    size_t rows = op->count <= SMALL_SIZE ? op->count + SMALL_SIZE : SIZE_MAX;
    writer_post(store, &op->call, rows, run_group_save);
}

/* --- removing */

static int run_group_remove(struct store *store, struct store_call *call)
{
    struct group_write *op = container_of(call, struct group_write, call);
    struct writer *writer = &store->writer;
    struct found group;
    int result = tenant_check(&writer->connection, op->tenant_id);
    if (result == 0)
        result = find_group(&writer->connection, op->tenant_id, op->name, &group);
    (void)writer_take_row(writer, call);
    return result < 0 ? result : drop(writer, &group);
}

void store_group_remove(struct store *store, struct group_write *op)
{
    writer_post(store, &op->call, SMALL_SIZE, run_group_remove);
}

int groups_forget_number(struct connection *connection, int64_t tenant_id, int64_t number)
{
    int64_t forms[2] = {number, number};
    int count = number_variant(number, &forms[1]) ? 2 : 1;
    for (int i = 0; i < count; i++)
        if (run(connection, STATEMENT_GROUP_FORGET, tenant_id, forms[i]) < 0 ||
            run(connection, STATEMENT_MEMBER_FORGET, tenant_id, forms[i]) < 0)
            return ERR_STORE;
    return 0;
}

/* --- the sweep */

/* A save in pieces waits in the heavy lane between them, where the chores run. */
static bool is_being_written(const struct writer *writer, int64_t id)
{
    for (const struct store_call *call = writer->heavy.first; call; call = call->next)
        if (call->run == run_group_save && call->subject == id)
            return true;
    return false;
}

/* ERR_NOT_FOUND: nothing is to be swept. */
static int find_unnamed(struct writer *writer, int64_t *ret_id)
{
    struct connection *connection = &writer->connection;
    sqlite3_stmt *unnamed = connection_statement(connection, STATEMENT_GROUP_UNNAMED);
    int result = ERR_STORE;
    while (unnamed && (result = connection_step(connection, unnamed)) == 1) {
        int64_t id = sqlite3_column_int64(unnamed, 0);
        if (!is_being_written(writer, id)) {
            *ret_id = id;
            sqlite3_reset(unnamed);
            return 0;
        }
    }
    return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
}

int groups_sweep(struct store *store)
{
    struct writer *writer = &store->writer;
    int64_t id, until_us = clock_mono_us() + SWEEP_US;
    int result = find_unnamed(writer, &id);
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    do {
        result = delete_members(&writer->connection, id);
        writer->group_rows += result > 0 ? (size_t)result : 0;
    } while (result == SWEEP_ROWS && clock_mono_us() < until_us);
    if (result >= 0 && result < SWEEP_ROWS)
        result = run(&writer->connection, STATEMENT_GROUP_DELETE, id, 0);
    return result < 0 ? result : WRITER_MORE;
}

/* --- reading */

static int read_all(struct connection *connection, struct groups_get *op)
{
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_GROUP_LIST);
    int result = ERR_STORE;
    if (list)
        bind_i64(list, 1, op->tenant_id);
    while (list && (result = connection_step(connection, list)) == 1) {
        op->rule = column_str(list, 2);
        op->group(op, column_str(list, 0), sqlite3_column_int64(list, 1));
    }
    return result < 0 ? ERR_STORE : 0;
}

static int show_rule(struct connection *connection, struct groups_get *op,
                     const struct found *group)
{
    sqlite3_stmt *rule = connection_statement(connection, STATEMENT_GROUP_RULE);
    if (!rule)
        return ERR_STORE;
    bind_i64(rule, 1, group->id);
    if (connection_step(connection, rule) != 1)
        return ERR_STORE;
    op->rule = column_str(rule, 1);
    op->group(op, op->name, group->size);
    sqlite3_reset(rule);
    return 0;
}

static int read_one(struct connection *connection, struct groups_get *op)
{
    struct found group;
    sqlite3_stmt *list = connection_statement(connection, STATEMENT_MEMBER_LIST);
    int result = find_group(connection, op->tenant_id, op->name, &group);
    if (result < 0 || !list)
        return result < 0 ? result : ERR_STORE;
    if (show_rule(connection, op, &group) < 0)
        return ERR_STORE;
    bind_i64(list, 1, group.id);
    while ((result = connection_step(connection, list)) == 1)
        op->number(op, sqlite3_column_int64(list, 0));
    return result < 0 ? ERR_STORE : 0;
}

/* One piece: the members are those of one save. 100,000 of them take some 10 ms. */
static int read_groups_get(struct store_reader *reader, struct store_call *call)
{
    struct groups_get *op = container_of(call, struct groups_get, call);
    return op->name.p ? read_one(&reader->connection, op) : read_all(&reader->connection, op);
}

void store_groups_get(struct store_reader *reader, struct groups_get *op)
{
    reader_ask(reader, &op->call, read_groups_get);
}
