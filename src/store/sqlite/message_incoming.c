/* Messages that come in: they are kept, answer what was sent, and may opt their number out. */
#include "domain/content.h"
#include "domain/number.h"
#include "store/sqlite/message_event.h"
#include "store/sqlite/opt_outs.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/turn.h"

/* A content as JSON: each byte of the longest texts escaped, at worst. */
#define CONTENT_JSON_MAX ((size_t)64 << 10)

/* --- keywords */

/* Once, and although the number has opted out just now. */
static int confirm(struct turn *turn, const struct tenant *tenant,
                   const struct message_incoming *incoming)
{
    int64_t id;
    struct buf json;
    const struct content content = {.type = CONTENT_TEXT, .text = tenant->stop_reply};
    if (tenant->stop_reply.len == 0)
        return 0;
    buf_init(&json, CONTENT_JSON_MAX);
    content_write(&json, &content);
    const struct message_outside reply = {.tenant_id = tenant->id,
                                          .account = incoming->account,
                                          .number = incoming->number,
                                          .part = MESSAGE_PART_EXEMPT,
                                          .status = MESSAGE_QUEUED,
                                          .content = (struct str){json.data, json.len}};
    int result = json.failed ? ERR_NOMEM
                             : message_outside_add(turn->connection, turn->op->now_ms, &reply, &id);
    buf_free(&json);
    return result;
}

static int opt_out(struct turn *turn, const struct tenant *tenant,
                   struct message_incoming *incoming)
{
    bool is_new = false;
    const struct opt_outs_set op = {.tenant_id = tenant->id,
                                    .now_ms = turn->op->now_ms,
                                    .cause = STR("message"),
                                    .numbers = &incoming->number,
                                    .count = 1,
                                    .opt_out = true,
                                    .reason = str_trim(incoming->text)};
    int result = opt_out_add(turn->store, &op, &is_new);
    if (result < 0)
        return result;
    incoming->opted_out = true;
    turn->opted_out = true;
    return is_new ? confirm(turn, tenant, incoming) : 0;
}

/* --- the conversation */

/* The conversation's form of the number, and the message that this one answers; 0: none. */
static int find_sent(struct turn *turn, int64_t tenant_id, const struct message_incoming *incoming,
                     int64_t *ret_number, int64_t *ret_message)
{
    int64_t number;
    sqlite3_stmt *row = connection_statement(turn->connection, STATEMENT_CONVERSATION_LAST_SENT);
    if (!row)
        return ERR_STORE;
    bind_i64(row, 1, tenant_id);
    bind_i64(row, 3, incoming->account);
    int result = connection_step_number(turn->connection, row, 2, incoming->number, &number);
    *ret_number = result == 1 ? number : incoming->number;
    *ret_message = result == 1 ? sqlite3_column_int64(row, 0) : 0;
    if (result == 1)
        sqlite3_reset(row);
    return result < 0 ? ERR_STORE : 0;
}

static int keep(struct turn *turn, int64_t tenant_id, struct message_incoming *incoming)
{
    int64_t id, number, sent;
    const struct message_outside outside = {.tenant_id = tenant_id,
                                            .account = incoming->account,
                                            .number = incoming->number,
                                            .status = MESSAGE_DELIVERED,
                                            .incoming = true,
                                            .time_ms = incoming->time_ms,
                                            .provider_id = incoming->provider_id,
                                            .content = incoming->content};
    int result = message_outside_add(turn->connection, turn->op->now_ms, &outside, &id);
    if (result == 0)
        result = find_sent(turn, tenant_id, incoming, &number, &sent);
    if (result == 0)
        result = TASK_RUN(turn->connection, STATEMENT_CONVERSATION_CAME, tenant_id, number,
                          incoming->account, incoming->time_ms, id);
    if (result == 0)
        result = turn_tell(turn, tenant_id, id, EVENT_MESSAGE);
    return result == 0 && sent ? turn_replied(turn, sent, incoming->time_ms) : result;
}

int turn_incoming(struct turn *turn, struct message_incoming *incoming)
{
    int64_t tenant_id;
    incoming->opted_out = false;
    int result =
        connection_look(turn->connection, STATEMENT_ACCOUNT_FIND, incoming->account, &tenant_id);
    const struct tenant *tenant =
        result == 0 ? tenants_find(turn->store->tenants, tenant_id) : NULL;
    if (!tenant)
        return result == ERR_STORE ? result : 0; /* an account that went meanwhile */
    result = keep(turn, tenant_id, incoming);
    if (result == ERR_EXISTS)
        return 0; /* it was told twice */
    if (result == 0 && tenant_has_stop_word(tenant, incoming->text))
        result = opt_out(turn, tenant, incoming);
    return result == 0 ? turn_follow_up(turn, &incoming->follow_up) : result;
}
