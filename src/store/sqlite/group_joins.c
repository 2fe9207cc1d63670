/* Joins of group chats, and who is in which. */
#include "domain/number.h"
#include "store/group_chats.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/task_row.h"

static sqlite3_stmt *of_account(struct connection *connection, enum statement id, int64_t tenant_id,
                                int64_t account)
{
    sqlite3_stmt *statement = connection_statement(connection, id);
    if (statement) {
        bind_i64(statement, 1, tenant_id);
        bind_i64(statement, 2, account);
    }
    return statement;
}

/* enum group_link_state; ERR_NOT_FOUND. */
static int link_state(struct connection *connection, int64_t tenant_id, struct str code)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_GROUP_LINK_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    bind_str(find, 2, code);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    result = sqlite3_column_int(find, 0);
    sqlite3_reset(find);
    return result;
}

/* --- asked for */

/* A link that is missing goes before one that is not parsed. */
static int check_links(struct connection *connection, const struct group_joins_add *op)
{
    int fault = 0;
    for (size_t i = 0; i < op->count; i++) {
        int state = link_state(connection, op->tenant_id, op->items[i].code);
        if (state < 0)
            return state;
        if (!group_link_is_parsed((enum group_link_state)state))
            fault = ERR_RUNNING;
    }
    return fault;
}

static int join_state(struct connection *connection, const struct group_joins_add *op,
                      struct str code, enum group_join_state *ret_state)
{
    sqlite3_stmt *find =
        of_account(connection, STATEMENT_GROUP_JOIN_FIND, op->tenant_id, op->account);
    if (!find)
        return ERR_STORE;
    bind_str(find, 3, code);
    if (connection_step(connection, find) != 1)
        return ERR_STORE;
    *ret_state = (enum group_join_state)sqlite3_column_int(find, 0);
    sqlite3_reset(find);
    return 0;
}

static int add_join(struct connection *connection, struct group_joins_add *op, size_t index)
{
    sqlite3_stmt *add =
        of_account(connection, STATEMENT_GROUP_JOIN_ADD, op->tenant_id, op->account);
    if (!add)
        return ERR_STORE;
    bind_str(add, 3, op->items[index].code);
    if (connection_step(connection, add) < 0)
        return ERR_STORE;
    return join_state(connection, op, op->items[index].code, &op->states[index]);
}

static int run_joins_add(struct store *store, struct store_call *call)
{
    struct group_joins_add *op = container_of(call, struct group_joins_add, call);
    struct connection *connection = &store->writer.connection;
    int64_t count = 0;
    int result = tenant_check(connection, op->tenant_id);
    if (result == 0)
        result = check_links(connection, op);
    op->parsing = result == ERR_RUNNING;
    if (op->parsing)
        return 0;
    (void)writer_take_rows(&store->writer, call, op->count);
    for (size_t i = 0; i < op->count && result == 0; i++)
        result = add_join(connection, op, i);
    if (result == 0)
        result = connection_look(connection, STATEMENT_GROUP_JOIN_COUNT, op->tenant_id, &count);
    return result == 0 && count > TENANT_MAX_GROUP_JOINS ? ERR_FULL : result;
}

void store_group_joins_add(struct store *store, struct group_joins_add *op)
{
    writer_post(store, &op->call, op->count, run_joins_add);
}

/* --- shown */

static int show_join(struct connection *connection, struct group_joins_get *op, size_t index)
{
    struct str code = op->items[index].code;
    int link = link_state(connection, op->tenant_id, code);
    sqlite3_stmt *find =
        of_account(connection, STATEMENT_GROUP_JOIN_FIND, op->tenant_id, op->account);
    if (!find || (link < 0 && link != ERR_NOT_FOUND))
        return ERR_STORE;
    bind_str(find, 3, code);
    int result = connection_step(connection, find);
    struct group_join join = {.state = -1, .imported = link >= 0};
    if (result == 1) {
        join.state = sqlite3_column_int(find, 0);
        join.reason = column_str(find, 1);
    }
    op->each(op, index, &join);
    sqlite3_reset(find);
    return result < 0 ? ERR_STORE : 0;
}

static int read_joins(struct store_reader *reader, struct store_call *call)
{
    struct group_joins_get *op = container_of(call, struct group_joins_get, call);
    int result = 0;
    for (; call->progress < op->count && result == 0; call->progress++) {
        if (!reader_take(reader))
            return READER_MORE;
        result = show_join(&reader->connection, op, call->progress);
    }
    return result;
}

void store_group_joins_get(struct store_reader *reader, struct group_joins_get *op)
{
    reader_ask(reader, &op->call, read_joins);
}

/* --- who is in which */

static int read_groups(struct store_reader *reader, struct store_call *call)
{
    struct account_groups_get *op = container_of(call, struct account_groups_get, call);
    struct connection *connection = &reader->connection;
    sqlite3_stmt *rows =
        of_account(connection, STATEMENT_ACCOUNT_GROUPS, op->tenant_id, op->account);
    int result;
    if (!rows)
        return ERR_STORE;
    while ((result = connection_step(connection, rows)) == 1) {
        const struct group_chat chat = {.id = sqlite3_column_int64(rows, 0),
                                        .name = column_str(rows, 1),
                                        .members = sqlite3_column_int64(rows, 2),
                                        .link = column_str(rows, 3)};
        op->each(op, &chat);
    }
    return result;
}

void store_account_groups_get(struct store_reader *reader, struct account_groups_get *op)
{
    reader_ask(reader, &op->call, read_groups);
}

/* 1: it is in it. */
static int find_by_id(struct connection *connection, int64_t tenant_id, int64_t account,
                      int64_t chat)
{
    sqlite3_stmt *find = of_account(connection, STATEMENT_ACCOUNT_GROUP_FIND, tenant_id, account);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 3, chat);
    int result = connection_step(connection, find);
    sqlite3_reset(find);
    return result;
}

static int find_by_name(struct connection *connection, int64_t tenant_id, int64_t account,
                        struct str name, int64_t *ret_chat)
{
    sqlite3_stmt *find = of_account(connection, STATEMENT_ACCOUNT_GROUP_NAMED, tenant_id, account);
    if (!find)
        return ERR_STORE;
    bind_str(find, 3, name);
    int result = connection_step(connection, find);
    if (result == 1)
        *ret_chat = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return result;
}

static int find_target(struct connection *connection, int64_t tenant_id,
                       struct group_target *target)
{
    int64_t chat = 0;
    bool is_id = group_id_parse(target->text, &chat) == 0;
    for (size_t i = 0; i < target->account_count; i++) {
        int64_t account = target->accounts[i];
        int result = is_id ? find_by_id(connection, tenant_id, account, chat) : 0;
        if (result == 0) /* a name may look like an id */
            result = find_by_name(connection, tenant_id, account, target->text, &chat);
        if (result < 0)
            return ERR_STORE;
        if (result == 1) {
            target->account = account;
            target->chat = chat;
            return 0;
        }
    }
    return 0;
}

static int read_targets(struct store_reader *reader, struct store_call *call)
{
    struct group_targets_find *op = container_of(call, struct group_targets_find, call);
    int result = 0;
    for (; call->progress < op->count && result == 0; call->progress++) {
        if (!reader_take(reader))
            return READER_MORE;
        op->targets[call->progress].account = 0;
        result = find_target(&reader->connection, op->tenant_id, &op->targets[call->progress]);
    }
    return result;
}

void store_group_targets_find(struct store_reader *reader, struct group_targets_find *op)
{
    reader_ask(reader, &op->call, read_targets);
}

/* --- claimed and answered */

int group_join_claim(struct query_turn *turn, struct query_claim *claim)
{
    sqlite3_stmt *rows = connection_statement(turn->connection, STATEMENT_GROUP_JOINS_WAITING);
    int result;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, claim->account);
    bind_i64(rows, 2, claim->tenant_id);
    bind_i64(rows, 3, (int64_t)claim->want);
    while ((result = connection_step(turn->connection, rows)) == 1)
        query_code(query_claim_add(turn, claim, sqlite3_column_int64(rows, 0)),
                   column_str(rows, 1));
    for (size_t i = 0; i < claim->count && result == 0; i++)
        result = TASK_RUN(turn->connection, STATEMENT_GROUP_JOIN_ASK, claim->subjects[i].id,
                          turn->op->now_ms);
    return result;
}

static int add_member(struct query_turn *turn, const struct query_outcome *outcome)
{
    const struct query_subject *subject = outcome->subject;
    sqlite3_stmt *add = of_account(turn->connection, STATEMENT_ACCOUNT_GROUP_ADD,
                                   subject->tenant_id, subject->account);
    if (!add)
        return ERR_STORE;
    bind_i64_or_null(add, 3, outcome->answer->group);
    bind_str(add, 4, str_of(subject->code));
    bind_i64(add, 5, turn->op->now_ms);
    return connection_step(turn->connection, add) < 0 ? ERR_STORE : 0;
}

int group_join_outcome(struct query_turn *turn, const struct query_outcome *outcome)
{
    const struct query_answer *answer = outcome->answer;
    bool cannot = answer->result == QUERY_CANNOT;
    if (answer->result == QUERY_AGAIN)
        return TASK_RUN(turn->connection, STATEMENT_GROUP_JOIN_AGAIN, outcome->subject->id);
    sqlite3_stmt *set = connection_statement(turn->connection, STATEMENT_GROUP_JOIN_ANSWER);
    if (!set)
        return ERR_STORE;
    bind_i64(set, 1, outcome->subject->id);
    bind_i64(set, 2, cannot ? GROUP_JOIN_FAILED : answer->join);
    bind_str(set, 3,
             cannot ? STR("the account's transport cannot join groups") : str_of(answer->reason));
    if (connection_step(turn->connection, set) < 0)
        return ERR_STORE;
    if (cannot || answer->join != GROUP_JOIN_JOINED || connection_changes(turn->connection) == 0)
        return 0;
    int result = group_chat_set(turn->connection, outcome->subject->tenant_id, answer);
    return result == 0 ? add_member(turn, outcome) : result;
}
