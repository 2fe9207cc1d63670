/* Creating tasks, all or none.
 *
 * The first piece judges all drafts and writes their rows with status 0, which no reader and no engine looks
 * at; senders and messages follow, in as many pieces as it takes; the last one gives all of them their
 * status. So what is refused was never there, and whoever reads sees all or none. Names are taken by the
 * first piece. What a crash or a full disk leaves is swept by a chore (task_remove.c), and gives its name to
 * whoever wants it before that. */
#include "store/sqlite/tasks_create.h"

#include <stdio.h>
#include <stdlib.h>

#include "domain/number.h"
#include "domain/segment_json.h"
#include "store/sqlite/groups.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_recipients.h"
#include "store/sqlite/task_remove.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/task_senders.h"

/* 100 tags, 100 values of 1,000 characters, escaped. */
#define SEGMENT_JSON_MAX ((size_t)4 << 20)

static int run_tasks_create(struct store *store, struct store_call *call);

/* --- names */

/* A creation in pieces waits in the heavy lane between them. Ids of one are given in a row. */
static bool is_being_written(const struct writer *writer, int64_t id)
{
    for (const struct store_call *call = writer->heavy.first; call; call = call->next) {
        const struct tasks_create *op = container_of(call, const struct tasks_create, call);
        if (call->run == run_tasks_create && call->begun && id >= call->subject &&
            id < call->subject + (int64_t)op->count)
            return true;
    }
    return false;
}

int tasks_find_unmade(struct writer *writer, int64_t *ret_id)
{
    struct connection *connection = &writer->connection;
    sqlite3_stmt *unmade = connection_statement(connection, STATEMENT_TASK_UNMADE);
    int result = ERR_STORE;
    while (unmade && (result = connection_step(connection, unmade)) == 1) {
        int64_t id = sqlite3_column_int64(unmade, 0);
        if (!is_being_written(writer, id)) {
            *ret_id = id;
            sqlite3_reset(unmade);
            return 0;
        }
    }
    return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
}

static int rename_task(struct connection *connection, int64_t id)
{
    char name[24];
    /* A control character: nobody can ask for it. */
    int len = snprintf(name, sizeof(name), "\1%lld", (long long)id);
    sqlite3_stmt *rename = connection_statement(connection, STATEMENT_TASK_RENAME);
    if (!rename)
        return ERR_STORE;
    bind_i64(rename, 1, id);
    bind_str(rename, 2, (struct str){name, (size_t)len});
    int result = connection_step(connection, rename);
    sqlite3_clear_bindings(rename);
    return result < 0 ? ERR_STORE : 0;
}

/* 0: the tenant may have a task of the name. `first_id`: those from it on are the same call's. ERR_EXISTS. */
static int take_name(struct writer *writer, int64_t tenant_id, struct str name, int64_t first_id)
{
    struct connection *connection = &writer->connection;
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_TASK_OF_NAME);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    bind_str(find, 2, name);
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : 0;
    int64_t id = sqlite3_column_int64(find, 0);
    bool is_unmade = sqlite3_column_int(find, 1) == 0;
    sqlite3_reset(find);
    if (!is_unmade || id >= first_id || is_being_written(writer, id))
        return ERR_EXISTS;
    return rename_task(connection, id);
}

/* A name for a task without one: "task 65536", or with "-2" and so on behind it when somebody took that. */
#define MADE_NAME_MAX   48
#define MADE_NAME_TRIES 100
static int make_name(struct writer *writer, int64_t tenant_id, int64_t id, int64_t first_id,
                     char name[MADE_NAME_MAX], struct str *ret_name)
{
    int result = ERR_EXISTS;
    for (int i = 1; result == ERR_EXISTS && i <= MADE_NAME_TRIES; i++) {
        int len = i == 1 ? snprintf(name, MADE_NAME_MAX, "task %lld", (long long)id)
                         : snprintf(name, MADE_NAME_MAX, "task %lld-%d", (long long)id, i);
        *ret_name = (struct str){name, (size_t)len};
        result = take_name(writer, tenant_id, *ret_name, first_id);
    }
    return result;
}

/* --- the first piece: judging, and the rows */

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The snapshot is enough: what it does not have yet is not acknowledged, and an account that goes at this
 * moment could go a moment later. */
static int judge_accounts(const struct tenant *tenant, int64_t *accounts, size_t count)
{
    size_t unique = 0;
    qsort(accounts, count, sizeof(*accounts), compare);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && accounts[i] == accounts[i - 1])
            continue;
        if (!tenant || !tenant_account(tenant, accounts[i]))
            return ERR_NO_AGENT;
        unique++;
    }
    return unique > TASK_MAX_SENDERS ? ERR_TOO_LARGE : 0;
}

static size_t target_count(const struct task_draft *draft)
{
    return draft->source == TASK_OF_TARGETS ? draft->target_count : 0;
}

static int judge_senders(struct store *store, const struct tasks_create *op,
                         const struct task_draft *draft)
{
    size_t count = 0;
    const struct tenant *tenant = tenants_find(store->tenants, op->tenant_id);
    int64_t *accounts = arena_calloc(&store->writer.arena,
                                     draft->sender_count + target_count(draft), sizeof(*accounts));
    if (!accounts)
        return ERR_NOMEM;
    for (; count < draft->sender_count; count++)
        accounts[count] = draft->senders[count];
    bool needs_sender = draft->source != TASK_OF_TARGETS;
    for (size_t i = 0; i < target_count(draft); i++) {
        needs_sender |= draft->targets[i].account == 0;
        if (draft->targets[i].account != 0)
            accounts[count++] = draft->targets[i].account;
    }
    if (needs_sender && draft->sender_count == 0)
        return ERR_NO_AGENT;
    return judge_accounts(tenant, accounts, count);
}

static int judge_group(struct writer *writer, int64_t tenant_id, struct str name,
                       struct str *ret_rule)
{
    int64_t id;
    int result = group_find(&writer->connection, tenant_id, name, &id);
    if (result == 0)
        result = group_rule(&writer->connection, id, &writer->arena, ret_rule);
    return result == ERR_NOT_FOUND ? ERR_INVALID : result;
}

static int insert_task(struct connection *connection, const struct tasks_create *op,
                       const struct task_draft *draft, struct str name, struct str source_text)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_TASK_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, draft->id);
    bind_i64(insert, 2, op->tenant_id);
    bind_str(insert, 3, name);
    bind_i64(insert, 4, draft->source);
    bind_str_or_null(insert, 5, source_text);
    bind_i64(insert, 6, op->now_ms);
    bind_i64_or_null(insert, 7, draft->start_ms);
    bind_i64_or_null(insert, 8, draft->end_ms);
    sqlite3_bind_null(insert, 9);
    sqlite3_bind_null(insert, 10);
    if (draft->interval_min_ms >= 0)
        bind_i64(insert, 9, draft->interval_min_ms);
    if (draft->interval_max_ms >= 0)
        bind_i64(insert, 10, draft->interval_max_ms);
    bind_i64(insert, 11, draft->may_move);
    bind_i64(insert, 12, (int64_t)draft->parts);
    bind_str(insert, 13, draft->contents[0]);
    bind_i64(insert, 14, draft->reached_max);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

/* Its name is taken, its source judged. A group that is a rule is a segment from here on. */
static int insert_named(struct connection *connection, const struct tasks_create *op,
                        const struct task_draft *draft, struct str name, struct str rule)
{
    struct buf json;
    if (rule.len > 0) {
        struct task_draft by_rule = *draft;
        by_rule.source = TASK_OF_SEGMENT;
        return insert_task(connection, op, &by_rule, name, rule);
    }
    if (draft->source != TASK_OF_SEGMENT) {
        struct str group = draft->source == TASK_OF_GROUP ? draft->group : (struct str){0};
        return insert_task(connection, op, draft, name, group);
    }
    buf_init(&json, SEGMENT_JSON_MAX);
    segment_write(&json, draft->segment);
    int result = json.failed
                     ? ERR_NOMEM
                     : insert_task(connection, op, draft, name, (struct str){json.data, json.len});
    buf_free(&json);
    return result;
}

static int begin_task(struct store *store, struct tasks_create *op, struct task_draft *draft)
{
    struct writer *writer = &store->writer;
    char made[MADE_NAME_MAX];
    struct str name = draft->name, rule = {0};
    int result = judge_senders(store, op, draft);
    if (result == 0 && draft->source == TASK_OF_GROUP)
        result = judge_group(writer, op->tenant_id, draft->group, &rule);
    if (result == 0 && name.len == 0)
        result = make_name(writer, op->tenant_id, draft->id, op->call.subject, made, &name);
    else if (result == 0)
        result = take_name(writer, op->tenant_id, name, op->call.subject);
    return result == 0 ? insert_named(&writer->connection, op, draft, name, rule) : result;
}

static int begin_tasks(struct store *store, struct tasks_create *op)
{
    struct writer *writer = &store->writer;
    struct connection *connection = &writer->connection;
    int64_t unfinished, id;
    if (connection_look(connection, STATEMENT_TASK_UNFINISHED, op->tenant_id, &unfinished) < 0 ||
        connection_look(connection, STATEMENT_TASK_NEXT_ID, 0, &id) < 0)
        return ERR_STORE;
    op->call.subject = id;
    for (size_t i = 0; i < op->count; i++) {
        op->failed = i;
        op->drafts[i].id = id++;
        if (unfinished + (int64_t)i >= TENANT_MAX_TASKS)
            return ERR_FULL;
        int result = begin_task(store, op, &op->drafts[i]);
        if (result < 0)
            return result;
        (void)writer_take_row(writer, &op->call);
    }
    return 0;
}

/* --- senders and messages */

/* One piece of one draft. */
struct filling {
    struct writer *writer;
    struct tasks_create *op;
    const struct task_draft *draft;
    struct task_senders senders;
    int64_t *seen; /* a hash table of numbers in one of their forms; 0: free */
    size_t seen_mask;
    int64_t total, place; /* of its messages: at the piece's begin, and now */
};

/* False: it is there already. */
static bool see(struct filling *filling, int64_t number)
{
    int64_t other;
    if (number_variant(number, &other) && other < number)
        number = other;
    size_t at = (size_t)hash_u64((uint64_t)number, 0) & filling->seen_mask;
    while (filling->seen[at] != 0 && filling->seen[at] != number)
        at = (at + 1) & filling->seen_mask;
    if (filling->seen[at] == number)
        return false;
    filling->seen[at] = number;
    return true;
}

/* What the pieces before have taken, `done` of the targets, is not kept but made again: 0.1 ms. */
static int begin_filling(struct filling *filling, size_t done)
{
    struct arena *arena = &filling->writer->arena;
    struct connection *connection = &filling->writer->connection;
    int64_t task_id = filling->draft->id;
    filling->seen_mask = 1;
    while (filling->seen_mask < 2 * target_count(filling->draft))
        filling->seen_mask *= 2;
    filling->seen = arena_calloc(arena, filling->seen_mask, sizeof(*filling->seen));
    filling->seen_mask--;
    if (!filling->seen)
        return ERR_NOMEM;
    for (size_t i = 0; i < done; i++)
        (void)see(filling, filling->draft->targets[i].number);
    if (connection_look(connection, STATEMENT_TASK_UNMADE_TOTAL, task_id, &filling->total) < 0)
        return ERR_STORE;
    filling->place = filling->total;
    return task_senders_load(connection, task_id, arena, TASK_MAX_SENDERS, &filling->senders);
}

static int end_filling(const struct filling *filling)
{
    struct connection *connection = &filling->writer->connection;
    int64_t task_id = filling->draft->id;
    int result = task_senders_save(&filling->senders, connection, task_id);
    return result == 0
               ? TASK_RUN(connection, STATEMENT_TASK_GROW, task_id, filling->place - filling->total)
               : result;
}

static bool is_full(const struct filling *filling)
{
    return filling->draft->reached_max > 0 &&
           filling->place / (int64_t)filling->draft->parts >= filling->draft->reached_max;
}

static int add_target(struct filling *filling, const struct task_target *target)
{
    const struct task_draft *draft = filling->draft;
    struct connection *connection = &filling->writer->connection;
    if (is_full(filling) || !see(filling, target->number))
        return 0;
    struct task_recipient recipient = {.tenant_id = filling->op->tenant_id,
                                       .task_id = draft->id,
                                       .place = filling->place,
                                       .number = target->number,
                                       .parts = draft->parts};
    if (target->contents > 0)
        recipient.contents = draft->contents[target->contents];
    int result = task_senders_give(&filling->senders, connection, filling->op->tenant_id,
                                   target->number, target->account, &recipient.account);
    filling->place += (int64_t)draft->parts;
    return result < 0 ? result : task_recipient_insert(connection, &recipient);
}

/* call->progress goes on with each target. */
static int add_targets(struct filling *filling, size_t at)
{
    struct store_call *call = &filling->op->call;
    int result = begin_filling(filling, at);
    while (result == 0 && at < target_count(filling->draft)) {
        if (writer_take_rows(filling->writer, call, filling->draft->parts)) {
            result = add_target(filling, &filling->draft->targets[at++]);
            call->progress++;
        } else {
            result = WRITER_MORE;
        }
    }
    if (result < 0 && result != WRITER_MORE)
        return result;
    return end_filling(filling) < 0 ? ERR_STORE : result;
}

/* `at`: how many of its senders and targets were written before. */
static int fill_task(struct filling *filling, size_t at)
{
    struct store_call *call = &filling->op->call;
    const struct task_draft *draft = filling->draft;
    for (; at < draft->sender_count; at++, call->progress++) {
        if (!writer_take_row(filling->writer, call))
            return WRITER_MORE;
        if (TASK_RUN(&filling->writer->connection, STATEMENT_TASK_SENDER_ADD, draft->id,
                     draft->senders[at], 0) < 0)
            return ERR_STORE;
    }
    at -= draft->sender_count;
    return at < target_count(draft) ? add_targets(filling, at) : 0;
}

/* call->progress counts the senders and targets of all drafts, one behind the other. */
static int fill_tasks(struct store *store, struct tasks_create *op)
{
    size_t before = 0;
    int result = 0;
    for (size_t i = 0; result == 0 && i < op->count; i++) {
        struct filling filling = {.writer = &store->writer, .op = op, .draft = &op->drafts[i]};
        size_t steps = op->drafts[i].sender_count + target_count(&op->drafts[i]);
        if (op->call.progress < before + steps)
            result = fill_task(&filling, op->call.progress - before);
        before += steps;
    }
    return result;
}

/* --- the last piece */

static int show_task(struct store *store, const struct tasks_create *op,
                     const struct task_draft *draft)
{
    struct connection *connection = &store->writer.connection;
    int64_t started_ms = draft->status == TASK_PENDING ? op->now_ms : 0;
    sqlite3_stmt *show = connection_statement(connection, STATEMENT_TASK_SHOW);
    if (!show)
        return ERR_STORE;
    bind_i64(show, 1, draft->id);
    bind_i64(show, 2, draft->status);
    bind_i64(show, 3, draft->source == TASK_OF_TARGETS);
    bind_i64_or_null(show, 4, started_ms);
    bind_i64(show, 5, task_changed_next(store));
    if (connection_step(connection, show) < 0)
        return ERR_STORE;
    /* Gone with its tenant, whose id may be in use again. */
    if (connection_changes(connection) == 0)
        return ERR_NOT_FOUND;
    return task_event_add(connection, draft->id, op->now_ms, (enum task_status)0, draft->status,
                          op->cause);
}

static int show_tasks(struct store *store, const struct tasks_create *op)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < op->count; i++)
        result = show_task(store, op, &op->drafts[i]);
    return result;
}

static int run_tasks_create(struct store *store, struct store_call *call)
{
    struct tasks_create *op = container_of(call, struct tasks_create, call);
    int result = tenant_check(&store->writer.connection, op->tenant_id);
    if (result == 0 && call->subject == 0)
        result = begin_tasks(store, op);
    if (result == 0)
        result = fill_tasks(store, op);
    if (result == 0)
        result = show_tasks(store, op);
    if (result < 0 && result != WRITER_MORE && call->begun)
        store->writer.chores.due_us[CHORE_TASKS] = 0; /* earlier pieces are on disk */
    return result;
}

void store_tasks_create(struct store *store, struct tasks_create *op)
{
    size_t rows = 0;
    for (size_t i = 0; i < op->count; i++) {
        const struct task_draft *draft = &op->drafts[i];
        size_t kinds = draft->contents_count > 1 ? 2 : 1; /* contents of its own */
        rows += 3 + draft->sender_count + target_count(draft) * draft->parts * kinds;
    }
    op->failed = 0;
    writer_post(store, &op->call, rows, run_tasks_create);
}
