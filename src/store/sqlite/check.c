/* store_check(): is what the tables hold in the form that the rest of the store relies on? */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/sqlite/customer_row.h"
#include "store/sqlite/key_file.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/search.h"
#include "store/sqlite/store_sqlite.h"

#define PROBLEMS_MAX 100
/* Customers read in one transaction: short enough not to keep the server's log from starting over. */
#define WALK_ROWS 5000
/* So many customers at most, spread over their ids, are looked up in the search index: a look-up takes
 * 50 us, and some ms where the index is young and many have grams in common. In a store of no more
 * each one is. */
#define SEARCH_SAMPLES 500
/* Labels seen lately: a power of 2. */
#define SEEN_LABELS 1024

struct seen_label {
    int64_t id, tenant_id;
    int kind; /* -1: there is no such label */
};

struct check {
    struct store *store;
    struct connection connection;
    void (*problem)(void *context, const char *text);
    void *context;
    int problems;
    struct arena arena;
    sqlite3_stmt *label, *field;
    bool search_damaged;
    int64_t search_stride; /* between the ids that are looked up */
    struct seen_label seen[SEEN_LABELS];
};

static void __attribute__((format(printf, 2, 3)))
report(struct check *check, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (check->problems++ < PROBLEMS_MAX)
        check->problem(check->context, text);
}

/* Each row of these is a problem, its text the first column. `ok` is integrity_check's good news. */
static const char *const questions[] = {
    "PRAGMA integrity_check(100)",
    "SELECT 'agent ' || id || ': its tenant ' || tenant || ' does not exist' FROM agent"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'action ' || id || ': its tenant ' || tenant || ' does not exist' FROM action"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'action ' || id || ' is not of its form' FROM action WHERE status NOT IN (-1, 0, 1)"
    " OR (over_ms IS NULL) <> (status = 0) OR (listener IS NULL) <> (handed_ms IS NULL)"
    " OR length(token) <> 16 LIMIT 100",
    "SELECT 'account ' || number || ': its tenant ' || tenant || ' does not exist' FROM account"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'account ' || number || ': its agent ' || account.agent || ' is not the tenant''s'"
    " FROM account LEFT JOIN agent ON agent.id = account.agent AND agent.tenant = account.tenant"
    " WHERE account.agent IS NOT NULL AND agent.id IS NULL LIMIT 100",
    "SELECT 'account ' || number || ': its settings are no JSON object' FROM account"
    " WHERE CASE WHEN json_valid(settings) THEN json_type(settings) <> 'object' ELSE 1 END"
    " LIMIT 100",
    "SELECT 'tenant ' || id || ': it counts ' || customers || ' customers' FROM tenant"
    " WHERE removed = 0 AND customers <> (SELECT count(*) FROM customer WHERE tenant = tenant.id)",
    "SELECT 'tenant ' || id || ': it counts ' || opt_outs || ' opt-outs' FROM tenant"
    " WHERE removed = 0 AND opt_outs <> (SELECT count(*) FROM opt_out WHERE tenant = tenant.id)",
    "SELECT 'customer group ' || id || ': it counts ' || size || ' members' FROM customer_group"
    " WHERE size <> (SELECT count(*) FROM group_member WHERE customer_group = customer_group.id)"
    " AND tenant IN (SELECT id FROM tenant WHERE removed = 0) LIMIT 100",
    "SELECT 'customer group ' || id || ': its rule is not of its form' FROM customer_group"
    " WHERE rule IS NOT NULL AND (size <> 0 OR rule_sent IS NULL OR CASE WHEN json_valid(rule)"
    " THEN json_type(rule) <> 'object' ELSE 1 END) LIMIT 100",
    "SELECT 'opt-out ' || number || ': its tenant ' || tenant || ' does not exist' FROM opt_out"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'customer group ' || id || ': its tenant ' || tenant || ' does not exist'"
    " FROM customer_group WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'group member ' || number || ': its group ' || customer_group || ' does not exist'"
    " FROM group_member WHERE customer_group NOT IN (SELECT id FROM customer_group) LIMIT 100",
    "SELECT 'history ' || id || ': its tenant ' || tenant || ' does not exist' FROM history"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'job ' || id || ': its tenant ' || tenant || ' does not exist' FROM job"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'job ' || id || ': not of its form' FROM job WHERE kind NOT IN (1, 2, 3)"
    " OR (kind = 1) <> (items IS NULL) OR position < 0 OR deleted < 0 LIMIT 100",
    "SELECT 'spared number ' || number || ': its job ' || job || ' does not exist' FROM spared"
    " WHERE job NOT IN (SELECT id FROM job) LIMIT 100",
    "SELECT 'answer ' || id || ': its tenant ' || tenant || ' does not exist' FROM answer"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'answer ' || id || ': its key or text is not of its form' FROM answer"
    " WHERE length(key) NOT BETWEEN 1 AND 255 OR length(sealed) <= 60 LIMIT 100",
    "SELECT 'tenant ' || id || ': it counts ' || answers || ' answers of ' || answer_bytes || ' "
    "bytes'"
    " FROM tenant LEFT JOIN (SELECT tenant, count(*) AS rows, sum(length(sealed)) AS bytes FROM "
    "answer"
    " GROUP BY tenant) AS kept ON kept.tenant = id WHERE removed = 0"
    " AND (answers <> ifnull(rows, 0) OR answer_bytes <> ifnull(bytes, 0))",
    "SELECT 'task ' || id || ': its tenant ' || tenant || ' does not exist' FROM task"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'task ' || id || ': not of its form' FROM task WHERE status NOT BETWEEN 0 AND 6"
    " OR source NOT IN (1, 2, 3) OR (source = 1) <> (source_text IS NULL)"
    " OR parts NOT BETWEEN 1 AND 10 OR complete NOT IN (0, 1) OR total % parts <> 0"
    " OR CASE WHEN json_valid(contents) THEN json_array_length(contents) <> parts ELSE 1 END"
    " OR CASE WHEN source <> 2 THEN 0 WHEN json_valid(source_text)"
    " THEN json_type(source_text) <> 'object' ELSE 1 END"
    " OR open <> (status IN (1, 2, 3, 6) OR (status IN (4, 5) AND left > 0)) LIMIT 100",
    "SELECT 'task ' || id || ': it counts ' || total || ' messages, ' || sent || ' sent, ' || left"
    " || ' left' FROM task WHERE status > 0"
    " AND tenant IN (SELECT id FROM tenant WHERE removed = 0)"
    " AND (total, sent, delivered, read, replied, failed, left) <> (SELECT count(*),"
    " ifnull(sum(status BETWEEN 3 AND 7), 0), ifnull(sum(status BETWEEN 4 AND 7), 0),"
    " ifnull(sum(status BETWEEN 5 AND 7), 0), ifnull(sum(status = 6), 0),"
    " ifnull(sum(status = -1), 0), ifnull(sum(status IN (0, 1, 2, 8)), 0)"
    " FROM message WHERE id >= task.id << 28 AND id < (task.id + 1) << 28) LIMIT 100",
    "SELECT 'task ' || id || ': its senders count ' || sum(recipients) || ' recipients'"
    " FROM task JOIN task_sender ON task = id WHERE status > 0"
    " AND tenant IN (SELECT id FROM tenant WHERE removed = 0)"
    " GROUP BY id HAVING sum(recipients) * parts <> total LIMIT 100",
    "SELECT 'sender ' || account || ': its task ' || task || ' does not exist' FROM task_sender"
    " WHERE task NOT IN (SELECT id FROM task) LIMIT 100",
    "SELECT 'event ' || number || ': its task ' || task || ' does not exist' FROM task_event"
    " WHERE task NOT IN (SELECT id FROM task) LIMIT 100",
    "SELECT 'message ' || id || ': its tenant ' || tenant || ' does not exist' FROM message"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'message ' || message.id || ': its task is not one of its tenant''s' FROM message"
    " LEFT JOIN task ON task.id = message.id >> 28 AND task.tenant = message.tenant"
    " WHERE message.id >= 17592186044416 AND task.id IS NULL LIMIT 100",
    "SELECT 'message ' || id || ': not of its form' FROM message"
    " WHERE status NOT BETWEEN -1 AND 8 OR (status = 8 AND retry_ms IS NULL)"
    " OR (status = 2 AND id NOT IN (SELECT message FROM in_flight))"
    " OR own_content <> (id IN (SELECT message FROM message_content)) LIMIT 100",
    "SELECT 'content of message ' || message || ': the message does not exist'"
    " FROM message_content WHERE message NOT IN (SELECT id FROM message) LIMIT 100",
    "SELECT 'content of message ' || message || ': no JSON object' FROM message_content"
    " WHERE CASE WHEN json_valid(content) THEN json_type(content) <> 'object' ELSE 1 END"
    " LIMIT 100",
    "SELECT 'claim of message ' || message || ': the message does not exist' FROM in_flight"
    " WHERE message NOT IN (SELECT id FROM message) LIMIT 100",
    "SELECT 'follow-up ' || id || ': its text is too long' FROM follow_up"
    " WHERE length(text) > 4096 LIMIT 100",
    "SELECT 'pace of account ' || account || ': not of its form' FROM account_pace"
    " WHERE sent < 0 OR day < 0 LIMIT 100",
    "SELECT 'conversation with ' || number || ': its tenant ' || tenant || ' does not exist'"
    " FROM conversation WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'conversation with ' || conversation.number || ': its last message is not one of it'"
    " FROM conversation LEFT JOIN message ON message.id = last_message WHERE unread < 0"
    " OR (conversation.tenant, conversation.account) IS NOT (message.tenant, message.account)"
    " AND conversation.tenant IN (SELECT id FROM tenant WHERE removed = 0) LIMIT 100",
    "SELECT 'group link ' || id || ': its tenant ' || tenant || ' does not exist' FROM group_link"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'group link ' || id || ': not of its form' FROM group_link"
    " WHERE state NOT BETWEEN 0 AND 7 OR length(code) NOT BETWEEN 10 AND 64"
    " OR (state = 1) <> (account IS NOT NULL) OR (state = 1) <> (asked_ms IS NOT NULL) LIMIT 100",
    "SELECT 'group link ' || group_link.id || ': its chat ' || chat || ' does not exist'"
    " FROM group_link LEFT JOIN group_chat ON group_chat.tenant = group_link.tenant"
    " AND group_chat.id = chat WHERE chat IS NOT NULL AND group_chat.id IS NULL"
    " AND group_link.tenant IN (SELECT id FROM tenant WHERE removed = 0) LIMIT 100",
    "SELECT 'group chat ' || id || ': its tenant ' || tenant || ' does not exist' FROM group_chat"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'account ' || account || ': it is in a group ' || chat || ' that does not exist'"
    " FROM account_group LEFT JOIN group_chat ON group_chat.tenant = account_group.tenant"
    " AND group_chat.id = chat WHERE group_chat.id IS NULL LIMIT 100",
    "SELECT 'join ' || id || ': not of its form' FROM group_join WHERE state NOT BETWEEN 0 AND 4"
    " OR (state = 1) <> (asked_ms IS NOT NULL) OR tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'screening ' || id || ': not of its form' FROM screening LEFT JOIN screening_answers"
    " ON screening = id WHERE tenant IN (SELECT id FROM tenant WHERE removed = 0)"
    " AND (length(numbers) <> 8 * total OR ifnull(length(answers), -1) <> total OR done > total"
    " OR found > done OR position > total OR (done = total) <> (finished_ms IS NOT NULL)) LIMIT "
    "100",
    "SELECT 'screening ' || id || ': its tenant ' || tenant || ' does not exist' FROM screening"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'answers of screening ' || screening || ': it does not exist' FROM screening_answers"
    " WHERE screening NOT IN (SELECT id FROM screening) LIMIT 100",
    "SELECT 'check of ' || number || ': not of its form' FROM number_check"
    " WHERE known NOT IN (0, 1) OR tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'webhook ' || id || ': its tenant ' || tenant || ' does not exist' FROM webhook"
    " WHERE removed_ms IS NULL AND tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'webhook ' || id || ': not of its form' FROM webhook WHERE type NOT BETWEEN 0 AND 4"
    " OR enabled NOT IN (0, 1) OR failures < 0 OR (failures = 0) <> (failing_since_ms IS NULL)"
    " OR (secret IS NULL) <> (removed_ms IS NOT NULL)"
    " OR (old_secret IS NOT NULL AND old_until_ms IS NULL) LIMIT 100",
    "SELECT 'event ' || id || ': its tenant ' || tenant || ' does not exist' FROM event"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'event ' || id || ': not of its form' FROM event WHERE type NOT BETWEEN 0 AND 4"
    " OR CASE WHEN json_valid(data) THEN json_type(data) <> 'object' ELSE 1 END LIMIT 100",
    "SELECT 'delivery ' || delivery.id || ': its event, its URL and its tenant do not fit' FROM"
    " delivery LEFT JOIN event ON event.id = delivery.id / 128"
    " LEFT JOIN webhook ON webhook.id = delivery.webhook WHERE event.tenant IS NOT delivery.tenant"
    " OR webhook.tenant IS NOT delivery.tenant OR webhook.type IS NOT event.type LIMIT 100",
    "SELECT 'delivery ' || id || ': not of its form' FROM delivery WHERE state NOT BETWEEN 0 AND 3"
    " OR tries < 0 OR place / 128 > (SELECT seq FROM sqlite_sequence WHERE name = 'event')"
    " LIMIT 100",
    "SELECT 'webhook ' || webhook || ': of the deliveries of key ' || key || ' ' ||"
    " sum(state = 0) || ' are ready' FROM delivery WHERE state <= 1 AND webhook IN"
    " (SELECT id FROM webhook WHERE removed_ms IS NULL) GROUP BY webhook, key"
    " HAVING sum(state = 0) <> 1 LIMIT 100",
    "SELECT 'delivery ' || id || ': it is ready before an earlier one of its key' FROM delivery AS "
    "d"
    " WHERE state <= 1 AND state = 0 AND EXISTS (SELECT 1 FROM delivery AS o"
    " WHERE o.webhook = d.webhook AND o.key = d.key AND o.state <= 1"
    " AND (o.place, o.id) < (d.place, d.id)) LIMIT 100",
    "SELECT 'field ' || id || ': its tenant ' || tenant || ' does not exist' FROM field"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'search index: ' || count(*) || ' states' FROM search_state HAVING count(*) <> 1",
    "SELECT 'search index: ' || count(*) || ' customers to do that it does not hold' FROM "
    "search_todo"
    " WHERE id > (SELECT indexed_to FROM search_state) HAVING count(*) > 0",
    "SELECT 'label ' || id || ': its tenant ' || tenant || ' does not exist' FROM label"
    " WHERE tenant NOT IN (SELECT id FROM tenant) LIMIT 100",
    "SELECT 'label ' || id || ': kind ' || kind || ' or an empty name' FROM label"
    " WHERE kind NOT IN (0, 1, 2) OR name = '' LIMIT 100",
};

static void ask(struct check *check, const char *question)
{
    int result = ERR_STORE;
    sqlite3_stmt *statement = connection_prepare(&check->connection, question);
    while (statement && (result = connection_step(&check->connection, statement)) == 1) {
        struct str text = column_str(statement, 0);
        if (!str_is(text, "ok"))
            report(check, "%.*s", (int)text.len, text.len ? text.p : "");
    }
    if (result < 0) {
        report(check, "check: %s", check->connection.fault_text);
        connection_clear(&check->connection);
    }
    sqlite3_finalize(statement);
}

static void check_key(struct check *check)
{
    struct store *store = check->store;
    uint8_t key[SECRET_KEY_LEN];
    char why[256];
    if (key_file_load(store->key_path, key, why, sizeof(why)) < 0) {
        report(check, "%s", why);
        return;
    }
    if (key_check(&check->connection, store->crypto, key) < 0)
        report(check, "%s: not the key that the database was made with", store->key_path);
    explicit_bzero(key, sizeof(key));
}

/* The snapshot's making opens every ApiKey and reads every option. */
static void check_tenants(struct check *check)
{
    struct tenants *tenants = NULL;
    char why[256];
    if (tenants_load(check->store, &check->connection, &tenants, why, sizeof(why)) < 0)
        report(check, "%s", why);
    tenants_unref(tenants);
}

static void check_secret(struct check *check, int64_t webhook, struct str sealed)
{
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    if (webhook_secret_open(check->store, webhook, sealed, secret) < 0)
        report(check, "webhook %lld: its secret cannot be opened", (long long)webhook);
    explicit_bzero(secret, sizeof(secret));
}

static void check_webhooks(struct check *check)
{
    int result = ERR_STORE;
    sqlite3_stmt *row = connection_prepare(
        &check->connection, "SELECT id, secret, old_secret FROM webhook WHERE removed_ms IS NULL");
    while (row && (result = connection_step(&check->connection, row)) == 1) {
        check_secret(check, sqlite3_column_int64(row, 0), column_str(row, 1));
        if (sqlite3_column_type(row, 2) != SQLITE_NULL)
            check_secret(check, sqlite3_column_int64(row, 0), column_str(row, 2));
    }
    if (result < 0)
        report(check, "check: %s", check->connection.fault_text);
    sqlite3_finalize(row);
}

/* --- customers, row by row */

static const struct seen_label *find_label(struct check *check, int64_t id)
{
    struct seen_label *seen = &check->seen[(size_t)id & (SEEN_LABELS - 1)];
    if (seen->id == id)
        return seen;
    bind_i64(check->label, 1, id);
    *seen = (struct seen_label){.id = id, .kind = -1};
    if (connection_step(&check->connection, check->label) == 1) {
        seen->tenant_id = sqlite3_column_int64(check->label, 0);
        seen->kind = sqlite3_column_int(check->label, 1);
        sqlite3_reset(check->label);
    }
    return seen;
}

static void check_label(struct check *check, int64_t customer_id, int64_t tenant_id,
                        int64_t label_id, enum label_kind kind)
{
    const struct seen_label *seen = find_label(check, label_id);
    if (seen->kind != (int)kind || seen->tenant_id != tenant_id) {
        report(check, "customer %lld: label %lld is not one of its tenant's of kind %d",
               (long long)customer_id, (long long)label_id, (int)kind);
    }
}

static void check_tags(struct check *check, int64_t customer_id, int64_t tenant_id, struct str text)
{
    int64_t ids[CUSTOMER_MAX_TAGS];
    int count = tag_ids_parse(text, ids, CUSTOMER_MAX_TAGS);
    if (count < 0) {
        report(check, "customer %lld: tags are not a list of label ids", (long long)customer_id);
        return;
    }
    for (int i = 0; i < count; i++)
        check_label(check, customer_id, tenant_id, ids[i], LABEL_TAG);
}

/* A field that was removed leaves its values behind; one of another tenant is a fault. */
static void check_field(struct check *check, int64_t customer_id, int64_t tenant_id,
                        int64_t field_id)
{
    bind_i64(check->field, 1, field_id);
    if (connection_step(&check->connection, check->field) != 1)
        return;
    if (sqlite3_column_int64(check->field, 0) != tenant_id) {
        report(check, "customer %lld: extended field %lld is another tenant's",
               (long long)customer_id, (long long)field_id);
    }
    sqlite3_reset(check->field);
}

static void check_extended(struct check *check, int64_t customer_id, int64_t tenant_id,
                           struct str text)
{
    struct extended_raw values[EXTENDED_RAW_MAX];
    int count = extended_parse(text, values, EXTENDED_RAW_MAX);
    for (int i = 0; i < count; i++) {
        struct str value;
        if (extended_unescape(&check->arena, values[i].escaped, &value) < 0 ||
            !utf8_valid(value.p, value.len)) {
            count = ERR_INVALID;
            break;
        }
        check_field(check, customer_id, tenant_id, values[i].field_id);
    }
    arena_reset(&check->arena);
    if (count < 0)
        report(check, "customer %lld: extended is not of its form", (long long)customer_id);
}

/* The walk's statement keeps the state of one moment. */
static void check_search(struct check *check, int64_t customer_id, sqlite3_stmt *row)
{
    if (customer_id % check->search_stride != 0 || check->search_damaged)
        return;
    int result = search_knows(&check->connection, customer_id, sqlite3_column_int64(row, 7),
                              column_str(row, 8));
    if (result == 0)
        report(check, "search index: customer %lld is not found", (long long)customer_id);
    if (result < 0)
        report(check, "search index: damaged; a server makes it anew");
    check->search_damaged = result < 0;
}

static void check_customer(struct check *check, sqlite3_stmt *row)
{
    int64_t id = sqlite3_column_int64(row, 0), tenant_id = sqlite3_column_int64(row, 1);
    check_search(check, id, row);
    if (sqlite3_column_int64(row, 2) != 0)
        check_label(check, id, tenant_id, sqlite3_column_int64(row, 2), LABEL_STAGE);
    if (sqlite3_column_int64(row, 3) != 0)
        check_label(check, id, tenant_id, sqlite3_column_int64(row, 3), LABEL_SOURCE);
    check_tags(check, id, tenant_id, column_str(row, 4));
    check_extended(check, id, tenant_id, column_str(row, 5));
    if (sqlite3_column_type(row, 6) == SQLITE_NULL) {
        report(check, "customer %lld: its tenant %lld does not exist", (long long)id,
               (long long)tenant_id);
    }
}

/* One transaction. Returns the last id, 0 at the end. */
static int64_t walk_piece(struct check *check, sqlite3_stmt *walk, int64_t behind)
{
    int result;
    int64_t last = 0;
    bind_i64(walk, 1, behind);
    bind_i64(walk, 2, WALK_ROWS);
    while ((result = connection_step(&check->connection, walk)) == 1) {
        last = sqlite3_column_int64(walk, 0);
        check_customer(check, walk);
    }
    if (result < 0) {
        report(check, "check: %s", check->connection.fault_text);
        return 0;
    }
    return last;
}

/* Customers that come meanwhile are behind the last id, and few. */
static int64_t search_stride(struct connection *connection)
{
    int64_t ids;
    return connection_ask(connection,
                          "SELECT (SELECT max(id) FROM customer) - (SELECT min(id) FROM customer)",
                          &ids) == 0
               ? ids / SEARCH_SAMPLES + 1
               : 1;
}

static void check_customers(struct check *check)
{
    struct connection *connection = &check->connection;
    check->search_stride = search_stride(connection);
    sqlite3_stmt *walk = connection_prepare(
        connection, "SELECT customer.id, customer.tenant, stage, source, tags, extended, tenant.id,"
                    " number, friend_name"
                    " FROM customer LEFT JOIN tenant ON tenant.id = customer.tenant"
                    " WHERE customer.id > ?1 ORDER BY customer.id LIMIT ?2");
    check->label = connection_prepare(connection, "SELECT tenant, kind FROM label WHERE id = ?1");
    check->field = connection_prepare(connection, "SELECT tenant FROM field WHERE id = ?1");
    if (walk && check->label && check->field)
        for (int64_t last = 0; (last = walk_piece(check, walk, last)) != 0;)
            continue;
    else
        report(check, "check: %s", connection->fault_text);
    sqlite3_finalize(walk);
    sqlite3_finalize(check->label);
    sqlite3_finalize(check->field);
}

int store_check(struct store *store, void (*problem)(void *context, const char *text),
                void *context)
{
    struct check *check = calloc(1, sizeof(*check));
    if (!check) {
        problem(context, "check: out of memory");
        return 1;
    }
    check->store = store;
    check->problem = problem;
    check->context = context;
    arena_init(&check->arena, (size_t)2 << 20);
    if (store_connect(store, &check->connection) < 0) {
        report(check, "%s: %s", store->database_path, check->connection.fault_text);
    } else {
        for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
            ask(check, questions[i]);
        check_key(check);
        check_tenants(check);
        check_webhooks(check);
        check_customers(check);
        connection_close(&check->connection);
    }
    int problems = check->problems;
    arena_free(&check->arena);
    free(check);
    return problems;
}
