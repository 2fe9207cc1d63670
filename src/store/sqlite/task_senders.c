#include "store/sqlite/task_senders.h"

#include "domain/number.h"
#include "store/sqlite/task_row.h"

/* --- the heap */

static bool is_before(const struct task_sender *a, const struct task_sender *b)
{
    return a->recipients < b->recipients ||
           (a->recipients == b->recipients && a->account < b->account);
}

static void swap(struct task_senders *senders, size_t i, size_t j)
{
    struct task_sender kept = senders->items[i];
    senders->items[i] = senders->items[j];
    senders->items[j] = kept;
}

static void sift_down(struct task_senders *senders, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < senders->count; child++)
            if (is_before(&senders->items[child], &senders->items[least]))
                least = child;
        if (least == at)
            return;
        swap(senders, at, least);
        at = least;
    }
}

static void sift_up(struct task_senders *senders, size_t at)
{
    for (size_t parent;
         at > 0 && is_before(&senders->items[at], &senders->items[parent = (at - 1) / 2]);
         at = parent)
        swap(senders, at, parent);
}

static void add(struct task_senders *senders, int64_t account, int64_t recipients)
{
    senders->items[senders->count++] =
        (struct task_sender){.account = account, .recipients = recipients, .before = recipients};
    sift_up(senders, senders->count - 1);
}

/* A walk: at most TASK_MAX_SENDERS, some 0.5 us. senders->count: it is none of them. */
static size_t find(const struct task_senders *senders, int64_t account)
{
    size_t at = 0;
    while (at < senders->count && senders->items[at].account != account)
        at++;
    return at;
}

/* --- the table */

int task_senders_load(struct connection *connection, int64_t task_id, struct arena *arena,
                      size_t more, struct task_senders *ret_senders)
{
    int64_t count;
    sqlite3_stmt *rows = connection_statement(connection, STATEMENT_TASK_SENDERS);
    if (!rows || connection_look(connection, STATEMENT_TASK_SENDER_COUNT, task_id, &count) < 0)
        return ERR_STORE;
    struct task_senders senders = {
        .items = arena_calloc(arena, (size_t)count + more, sizeof(*senders.items))};
    if (!senders.items)
        return ERR_NOMEM;
    bind_i64(rows, 1, task_id);
    int result;
    while ((result = connection_step(connection, rows)) == 1)
        add(&senders, sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1));
    if (result == 0)
        *ret_senders = senders;
    return result;
}

int task_senders_save(const struct task_senders *senders, struct connection *connection,
                      int64_t task_id)
{
    for (size_t i = 0; i < senders->count; i++) {
        const struct task_sender *sender = &senders->items[i];
        if (sender->recipients != sender->before &&
            TASK_RUN(connection, STATEMENT_TASK_SENDER_ADD, task_id, sender->account,
                     sender->recipients - sender->before) < 0)
            return ERR_STORE;
    }
    return 0;
}

/* --- the choice */

/* Who talked to the number last; senders->count: nobody of them. */
static int find_talked(const struct task_senders *senders, struct connection *connection,
                       int64_t tenant_id, int64_t number, size_t *ret_at)
{
    int64_t other = number;
    sqlite3_stmt *accounts = connection_statement(connection, STATEMENT_CONVERSATION_ACCOUNTS);
    if (!accounts)
        return ERR_STORE;
    (void)number_variant(number, &other);
    bind_i64(accounts, 1, tenant_id);
    bind_i64(accounts, 2, number);
    bind_i64(accounts, 3, other);
    int result;
    size_t at = senders->count;
    while ((result = connection_step(connection, accounts)) == 1) {
        at = find(senders, sqlite3_column_int64(accounts, 0));
        if (at < senders->count)
            break;
    }
    sqlite3_reset(accounts);
    if (result >= 0)
        *ret_at = at;
    return result < 0 ? ERR_STORE : 0;
}

int task_senders_give(struct task_senders *senders, struct connection *connection,
                      int64_t tenant_id, int64_t number, int64_t account, int64_t *ret_account)
{
    size_t at;
    if (account != 0 && find(senders, account) == senders->count)
        add(senders, account, 0);
    if (senders->count == 0)
        return ERR_NO_AGENT;
    if (account != 0)
        at = find(senders, account);
    else if (find_talked(senders, connection, tenant_id, number, &at) < 0)
        return ERR_STORE;
    if (at == senders->count)
        at = 0;
    *ret_account = senders->items[at].account;
    senders->items[at].recipients++;
    sift_down(senders, at);
    return 0;
}
