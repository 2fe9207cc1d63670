#include "store/sqlite/names_find.h"

#include "store/sqlite/labels.h"
#include "store/sqlite/reader.h"

/* A label's kind stands between tenant and name. */
static sqlite3_stmt *look_for_label(struct connection *connection, enum label_kind kind,
                                    struct str name)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_LABEL_FIND);
    if (find) {
        bind_i64(find, 2, kind);
        bind_str(find, 3, name);
    }
    return find;
}

static sqlite3_stmt *look_for(struct connection *connection, enum statement statement,
                              struct str name)
{
    sqlite3_stmt *find = connection_statement(connection, statement);
    if (find)
        bind_str(find, 2, name);
    return find;
}

static sqlite3_stmt *look_for_kind(struct connection *connection, enum name_kind kind,
                                   struct str name)
{
    switch (kind) {
    case NAME_STAGE: return look_for_label(connection, LABEL_STAGE, name);
    case NAME_SOURCE: return look_for_label(connection, LABEL_SOURCE, name);
    case NAME_TAG: return look_for_label(connection, LABEL_TAG, name);
    case NAME_GROUP: return look_for(connection, STATEMENT_GROUP_FIND, name);
    case NAME_LIST: return look_for(connection, STATEMENT_GROUP_FIND_LIST, name);
    case NAME_TASK: return look_for(connection, STATEMENT_TASK_NAMED, name);
    }
    return NULL;
}

int name_look(struct connection *connection, int64_t tenant_id, enum name_kind kind,
              struct str name, int64_t *ret_id)
{
    sqlite3_stmt *find = look_for_kind(connection, kind, name);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    int result = connection_step(connection, find);
    *ret_id = result == 1 ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return result < 0 ? ERR_STORE : 0;
}

static int read_names(struct store_reader *reader, struct store_call *call)
{
    struct names_find *op = container_of(call, struct names_find, call);
    for (size_t i = 0; i < op->count; i++) {
        int64_t id;
        if (name_look(&reader->connection, op->tenant_id, op->names[i].kind, op->names[i].name,
                      &id) < 0)
            return ERR_STORE;
        op->names[i].found = id != 0;
    }
    return 0;
}

void store_names_find(struct store_reader *reader, struct names_find *op)
{
    reader_ask(reader, &op->call, read_names);
}
