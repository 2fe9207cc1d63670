/* Links of group chats: imported, looked up, shown. */
#include "store/group_chats.h"
#include "store/sqlite/queries.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/task_row.h"

/* --- imported */

static int add_link(struct connection *connection, const struct group_links_add *op,
                    const struct group_link_item *item)
{
    sqlite3_stmt *add = connection_statement(connection, STATEMENT_GROUP_LINK_ADD);
    if (!add)
        return ERR_STORE;
    bind_i64(add, 1, op->tenant_id);
    bind_str(add, 2, item->code);
    bind_str(add, 3, item->link);
    bind_i64(add, 4, op->now_ms);
    if (connection_step(connection, add) < 0)
        return ERR_STORE;
    return connection_changes(connection) > 0;
}

static int run_links_add(struct store *store, struct store_call *call)
{
    struct group_links_add *op = container_of(call, struct group_links_add, call);
    struct connection *connection = &store->writer.connection;
    int64_t count = 0, added = 0;
    int result = tenant_check(connection, op->tenant_id);
    (void)writer_take_rows(&store->writer, call, op->count);
    for (size_t i = 0; i < op->count && result >= 0; i++) {
        result = add_link(connection, op, &op->items[i]);
        added += result > 0;
    }
    if (result >= 0 && added > 0)
        result = connection_look(connection, STATEMENT_GROUP_LINK_COUNT, op->tenant_id, &count);
    if (result < 0)
        return result;
    return count > TENANT_MAX_GROUP_LINKS ? ERR_FULL : 0;
}

void store_group_links_add(struct store *store, struct group_links_add *op)
{
    writer_post(store, &op->call, op->count, run_links_add);
}

/* --- shown */

static int show_link(struct connection *connection, struct group_links_get *op, size_t index)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_GROUP_LINK_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, op->tenant_id);
    bind_str(find, 2, op->items[index].code);
    int result = connection_step(connection, find);
    if (result != 1) {
        op->each(op, index, NULL);
        return result < 0 ? ERR_STORE : 0;
    }
    const struct group_link link = {.state = (enum group_link_state)sqlite3_column_int(find, 0),
                                    .reason = column_str(find, 1),
                                    .chat = sqlite3_column_int64(find, 2),
                                    .name = column_str(find, 3),
                                    .members = sqlite3_column_int64(find, 4)};
    op->each(op, index, &link);
    sqlite3_reset(find);
    return 0;
}

static int read_links(struct store_reader *reader, struct store_call *call)
{
    struct group_links_get *op = container_of(call, struct group_links_get, call);
    int result = 0;
    for (; call->progress < op->count && result == 0; call->progress++) {
        if (!reader_take(reader))
            return READER_MORE;
        result = show_link(&reader->connection, op, call->progress);
    }
    return result;
}

void store_group_links_get(struct store_reader *reader, struct group_links_get *op)
{
    reader_ask(reader, &op->call, read_links);
}

/* --- looked up */

int group_chat_set(struct connection *connection, int64_t tenant_id,
                   const struct query_answer *answer)
{
    sqlite3_stmt *set = connection_statement(connection, STATEMENT_GROUP_CHAT_SET);
    if (!set || answer->group == 0)
        return set ? 0 : ERR_STORE;
    bind_i64(set, 1, tenant_id);
    bind_i64(set, 2, answer->group);
    bind_str(set, 3, str_of(answer->name));
    bind_i64(set, 4, answer->members);
    return connection_step(connection, set) < 0 ? ERR_STORE : 0;
}

static int answer_link(struct query_turn *turn, const struct query_outcome *outcome)
{
    const struct query_answer *answer = outcome->answer;
    bool cannot = answer->result == QUERY_CANNOT;
    sqlite3_stmt *set = connection_statement(turn->connection, STATEMENT_GROUP_LINK_ANSWER);
    if (!set)
        return ERR_STORE;
    bind_i64(set, 1, outcome->subject->id);
    bind_i64(set, 2, cannot ? GROUP_LINK_INVALID : answer->link);
    bind_str(set, 3,
             cannot ? STR("the account's transport cannot look up links") : str_of(answer->reason));
    bind_i64_or_null(set, 4, cannot ? 0 : answer->group);
    if (connection_step(turn->connection, set) < 0)
        return ERR_STORE;
    if (cannot || connection_changes(turn->connection) == 0)
        return 0; /* too late, or gone with its tenant */
    return group_chat_set(turn->connection, outcome->subject->tenant_id, answer);
}

int group_link_outcome(struct query_turn *turn, const struct query_outcome *outcome)
{
    if (outcome->answer->result == QUERY_AGAIN)
        return TASK_RUN(turn->connection, STATEMENT_GROUP_LINK_AGAIN, outcome->subject->id,
                        outcome->retry_ms);
    return answer_link(turn, outcome);
}

/* --- claimed */

static int find_waiting(struct query_turn *turn, struct query_claim *claim)
{
    sqlite3_stmt *rows = connection_statement(turn->connection, STATEMENT_GROUP_LINKS_WAITING);
    int result;
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, claim->tenant_id);
    bind_i64(rows, 2, turn->op->now_ms);
    bind_i64(rows, 3, (int64_t)claim->want);
    while ((result = connection_step(turn->connection, rows)) == 1) {
        struct query_subject *subject = query_claim_add(turn, claim, sqlite3_column_int64(rows, 0));
        query_code(subject, column_str(rows, 1));
        subject->tries = sqlite3_column_int(rows, 2) + 1;
    }
    return result;
}

int group_link_claim(struct query_turn *turn, struct query_claim *claim)
{
    int result = find_waiting(turn, claim);
    for (size_t i = 0; i < claim->count && result == 0; i++)
        result = TASK_RUN(turn->connection, STATEMENT_GROUP_LINK_ASK, claim->subjects[i].id,
                          claim->account, turn->op->now_ms);
    if (result == 0 && claim->count < claim->want)
        result = connection_look(turn->connection, STATEMENT_GROUP_LINK_NEXT, claim->tenant_id,
                                 &claim->next_ms);
    return result == ERR_NOT_FOUND ? 0 : result;
}
