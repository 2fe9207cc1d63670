#include "store/sqlite/message_event.h"

#include "domain/message_json.h"
#include "store/sqlite/message_show.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/turn.h"

/* A content has texts of some 2,000 characters, escaped six for one at worst; the rest is little. */
#define EVENT_LONGEST ((size_t)256 << 10)

/* The columns of MESSAGE_TOLD. */
enum column {
    COLUMN_TENANT,
    COLUMN_ACCOUNT,
    COLUMN_NUMBER,
    COLUMN_STATUS,
    COLUMN_REASON,
    COLUMN_REASON_TEXT,
    COLUMN_INCOMING,
    COLUMN_TIME,
    COLUMN_STATUS_TIME,
    COLUMN_CONTENT,
    COLUMN_TRANS_ID,
};

static void add_id(struct buf *b, const char *name, int64_t id)
{
    buf_add_json_name(b, name);
    buf_add_char(b, '"');
    if (id != 0)
        buf_add_i64(b, id);
    buf_add_char(b, '"');
}

static struct str agent_name(struct store *store, int64_t tenant_id, int64_t number)
{
    const struct tenant *tenant = tenants_find(store->tenants, tenant_id);
    const struct account *account = tenant ? tenant_account(tenant, number) : NULL;
    return account ? tenant_agent_name(tenant, account->agent_id) : (struct str){0};
}

/* As msgPage shows it. */
static int write_message(struct store *store, struct buf *b, int64_t message, sqlite3_stmt *row)
{
    int64_t tenant_id = sqlite3_column_int64(row, COLUMN_TENANT);
    struct shown_texts texts = {0};
    struct message_record record = {
        .id = message,
        .account = sqlite3_column_int64(row, COLUMN_ACCOUNT),
        .number = sqlite3_column_int64(row, COLUMN_NUMBER),
        .incoming = sqlite3_column_int(row, COLUMN_INCOMING) != 0,
        .status = (enum message_status)sqlite3_column_int(row, COLUMN_STATUS),
        .time_ms = sqlite3_column_int64(row, COLUMN_TIME),
        .content = column_str(row, COLUMN_CONTENT),
    };
    record.user_name = agent_name(store, tenant_id, record.account);
    int result = friend_name(&store->writer.connection, tenant_id, record.number, &texts,
                             &record.friend_name);
    message_json(b, &record);
    message_show_done(&texts);
    return result;
}

static void write_status(struct buf *b, int64_t message, sqlite3_stmt *row)
{
    int64_t task = MESSAGE_TASK(message);
    struct str reason = column_str(row, COLUMN_REASON_TEXT);
    if (reason.len == 0)
        reason = str_of(
            message_reason_text((enum message_reason)sqlite3_column_int(row, COLUMN_REASON)));
    buf_add_char(b, '{');
    add_id(b, "taskId", task);
    add_id(b, "msgId", message);
    buf_add_json_text(b, "transId", column_str(row, COLUMN_TRANS_ID));
    add_id(b, "whatsId", sqlite3_column_int64(row, COLUMN_ACCOUNT));
    add_id(b, "friendWhatsId", sqlite3_column_int64(row, COLUMN_NUMBER));
    buf_add_json_i64(
        b, "status",
        message_status_wire((enum message_status)sqlite3_column_int(row, COLUMN_STATUS)));
    buf_add_json_text(b, "reason", reason);
    buf_add_json_i64(b, "time", sqlite3_column_int64(row, COLUMN_STATUS_TIME));
    buf_add_char(b, '}');
}

static int put(struct store *store, int64_t message, enum event_type type, sqlite3_stmt *row,
               struct buf *b)
{
    int64_t tenant_id = sqlite3_column_int64(row, COLUMN_TENANT);
    int64_t key = outbox_conversation(sqlite3_column_int64(row, COLUMN_ACCOUNT),
                                      sqlite3_column_int64(row, COLUMN_NUMBER));
    int64_t time_ms = sqlite3_column_int64(row, COLUMN_STATUS_TIME);
    int result = 0;
    if (type == EVENT_MESSAGE)
        result = write_message(store, b, message, row);
    else
        write_status(b, message, row);
    if (result == 0 && b->failed)
        result = ERR_NOMEM;
    return result < 0
               ? result
               : outbox_put(store, tenant_id, type, key, time_ms, (struct str){b->data, b->len});
}

int message_event_put(struct store *store, int64_t message, enum event_type type)
{
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *row = connection_statement(connection, STATEMENT_MESSAGE_TOLD);
    struct buf b;
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, message);
    int result = connection_step(connection, row);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    buf_init(&b, EVENT_LONGEST);
    result = put(store, message, type, row, &b);
    buf_free(&b);
    sqlite3_reset(row);
    return result;
}

/* --- within a turn */

bool turn_tells(struct turn *turn, int64_t tenant_id, enum event_type type)
{
    if (turn->told_tenant != tenant_id) {
        const struct tenant *tenant = tenants_find(turn->store->tenants, tenant_id);
        turn->told_tenant = tenant_id;
        turn->told_types = tenant ? tenant->webhook_types : 0;
    }
    return turn->told_types >> type & 1;
}

static int grow(struct turn *turn)
{
    size_t capacity = turn->told_capacity ? 2 * turn->told_capacity : 64;
    struct told *told = arena_calloc(&turn->store->writer.arena, capacity, sizeof(*told));
    if (!told)
        return ERR_NOMEM;
    if (turn->told_count > 0)
        memcpy(told, turn->told, turn->told_count * sizeof(*told));
    turn->told = told;
    turn->told_capacity = capacity;
    return 0;
}

int turn_tell(struct turn *turn, int64_t tenant_id, int64_t message, enum event_type type)
{
    if (!turn_tells(turn, tenant_id, type))
        return 0;
    for (size_t i = turn->told_count; i-- > 0;)
        if (turn->told[i].message == message && turn->told[i].type == type)
            return 0;
    if (turn->told_count == turn->told_capacity && grow(turn) < 0)
        return ERR_NOMEM;
    turn->told[turn->told_count++] = (struct told){message, type};
    return 0;
}

int turn_tell_all(struct turn *turn)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < turn->told_count; i++)
        result = message_event_put(turn->store, turn->told[i].message, turn->told[i].type);
    return result;
}
