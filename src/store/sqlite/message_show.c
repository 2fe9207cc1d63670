#include "store/sqlite/message_show.h"

#include "domain/task.h"

int message_parts(struct connection *connection, int64_t id, bool *ret_own, int64_t *ret_part)
{
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_MESSAGE_PARTS);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, id);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    *ret_own = sqlite3_column_int(row, 0) != 0;
    *ret_part = sqlite3_column_int64(row, 1);
    sqlite3_reset(row);
    return 0;
}

int message_content(struct connection *connection, int64_t id, struct shown_texts *texts,
                    struct str *ret_content)
{
    bool own = false;
    int64_t part;
    int result = message_parts(connection, id, &own, &part);
    *ret_content = STR("{}");
    if (result < 0)
        return result == ERR_NOT_FOUND ? 0 : result;
    sqlite3_stmt *row =
        connection_statement(connection, own ? STATEMENT_MESSAGE_CONTENT : STATEMENT_TASK_PART);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, own ? id : MESSAGE_TASK(id));
    if (!own)
        bind_i64(row, 2, part);
    result = connection_step(connection, row);
    texts->content = row;
    if (result == 1 && sqlite3_column_type(row, 0) != SQLITE_NULL)
        *ret_content = column_str(row, 0);
    return result < 0 ? ERR_STORE : 0;
}

int friend_name(struct connection *connection, int64_t tenant_id, int64_t number,
                struct shown_texts *texts, struct str *ret_name)
{
    int64_t found;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_CUSTOMER_NAME);
    *ret_name = (struct str){0};
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, tenant_id);
    int result = connection_step_number(connection, row, 2, number, &found);
    texts->name = row;
    if (result == 1)
        *ret_name = column_str(row, 0);
    return result < 0 ? ERR_STORE : 0;
}

void message_show_done(struct shown_texts *texts)
{
    if (texts->content)
        sqlite3_reset(texts->content);
    if (texts->name)
        sqlite3_reset(texts->name);
    *texts = (struct shown_texts){0};
}

bool is_of_accounts(const int64_t *accounts, size_t count, int64_t account)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = low + (count - low) / 2;
        if (accounts[middle] == account)
            return true;
        if (accounts[middle] < account)
            low = middle + 1;
        else
            count = middle;
    }
    return false;
}
