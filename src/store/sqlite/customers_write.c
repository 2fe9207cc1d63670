/* Customers: the import. Each item is judged fully before anything of it is written, and so needs no
 * savepoint of its own. */
#include <string.h>

#include "store/sqlite/customer_event.h"
#include "store/sqlite/customers_upsert.h"
#include "store/sqlite/history.h"
#include "store/sqlite/outbox.h"
#include "store/sqlite/search.h"
#include "store/sqlite/store_sqlite.h"

/* 200 values of 1,000 characters of 4 bytes, escaped six for one at worst. */
#define EXTENDED_MAX_LEN ((size_t)6 << 20)

/* --- what is there */

/* Puts `find` on the row of the number, or of its other form. 1 found, 0 not. */
static int find_number(struct upsert *up, int64_t number)
{
    bind_i64(up->find, 1, up->tenant->id);
    up->old.number = number;
    int result = connection_step_number(up->connection, up->find, 2, number, &up->old.number);
    return result < 0 ? ERR_STORE : result;
}

/* The texts stay valid until `find` is reset, which whoever calls this does at the item's end. */
static int find_row(struct upsert *up, int64_t number)
{
    struct row *old = &up->old;
    memset(old, 0, sizeof(*old));
    int result = find_number(up, number);
    if (result != 1)
        return result;
    old->id = sqlite3_column_int64(up->find, COLUMN_ID);
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (customer_field_rules[i].kind != CUSTOMER_KIND_LABEL)
            old->texts[i] = column_str(up->find, COLUMN_FIELDS + i);
    old->stage_id = sqlite3_column_int64(up->find, COLUMN_FIELDS + CUSTOMER_STAGE);
    old->source_id = sqlite3_column_int64(up->find, COLUMN_FIELDS + CUSTOMER_SOURCE);
    old->sex = sqlite3_column_int64(up->find, COLUMN_SEX);
    old->tags = column_str(up->find, COLUMN_TAGS);
    old->extended = column_str(up->find, COLUMN_EXTENDED);
    old->owner_id = sqlite3_column_int64(up->find, COLUMN_OWNER);
    return 0;
}

/* --- the new row */

static int make_label(struct upsert *up, enum label_kind kind, struct str name, int64_t *id)
{
    return *id != 0 ? 0 : labels_create(up->labels, up->connection, up->tenant->id, kind, name, id);
}

static int make_tags(struct upsert *up)
{
    struct label_plan *plan = &up->plan;
    for (size_t i = 0; i < plan->tag_count; i++) {
        if (plan->tag_ids[i] < 0) {
            int64_t id = 0;
            int result = make_label(up, LABEL_TAG, plan->new_tags[-1 - plan->tag_ids[i]], &id);
            if (result < 0)
                return result;
            plan->tag_ids[i] = id;
        }
    }
    size_t len =
        plan->tag_count ? tag_ids_format(plan->tag_ids, plan->tag_count, up->tags_text) : 0;
    up->row.tags = (struct str){up->tags_text, len};
    return 0;
}

static int make_labels(struct upsert *up, const struct customer_change *item)
{
    struct label_plan *plan = &up->plan;
    int result = 0;
    if (plan->sets_stage)
        result = make_label(up, LABEL_STAGE, item->fields[CUSTOMER_STAGE].text, &plan->stage_id);
    if (result == 0 && plan->sets_source)
        result = make_label(up, LABEL_SOURCE, item->fields[CUSTOMER_SOURCE].text, &plan->source_id);
    up->row.stage_id = plan->stage_id;
    up->row.source_id = plan->source_id;
    if (result == 0 && plan->sets_tags)
        return make_tags(up);
    up->row.tags = up->old.tags;
    return result;
}

static const struct text_change *extended_change(const struct customer_change *item, int64_t id)
{
    for (size_t i = item->extended_count; i > 0; i--)
        if (item->extended[i - 1].field_id == id &&
            item->extended[i - 1].change.kind != CHANGE_KEEP)
            return &item->extended[i - 1].change;
    return NULL;
}

static void put_extended(struct buf *out, int64_t field_id, struct str text, bool is_escaped)
{
    buf_add(out, out->len == 0 ? "{\"" : ",\"", 2);
    buf_add_i64(out, field_id);
    buf_add(out, "\":\"", 3);
    if (is_escaped)
        buf_add_str(out, text);
    else
        buf_add_json_part(out, text);
    buf_add_char(out, '"');
}

/* Old values in their order, changed in place or left out, then the new ones. `all`: also the values
 * of fields that are gone. */
static void write_extended(struct upsert *up, const struct customer_change *item,
                           const struct extended_raw *old, size_t old_count, bool all)
{
    struct buf *out = &up->extended;
    buf_clear(out);
    for (size_t i = 0; i < old_count; i++) {
        const struct text_change *change = extended_change(item, old[i].field_id);
        if (change && change->kind == CHANGE_SET)
            put_extended(out, old[i].field_id, change->text, false);
        else if (!change && (all || tenant_field_by_id(up->tenant, old[i].field_id)))
            put_extended(out, old[i].field_id, old[i].escaped, true);
    }
    for (size_t i = 0; i < item->extended_count; i++) {
        const struct extended_change *fresh = &item->extended[i];
        bool there = fresh->change.kind != CHANGE_SET ||
                     extended_change(item, fresh->field_id) != &fresh->change;
        for (size_t at = 0; !there && at < old_count; at++)
            there = old[at].field_id == fresh->field_id;
        if (!there)
            put_extended(out, fresh->field_id, fresh->change.text, false);
    }
    if (out->len > 0)
        buf_add_char(out, '}');
}

static int make_extended(struct upsert *up, const struct customer_change *item)
{
    struct extended_raw old[EXTENDED_RAW_MAX];
    up->row.extended = up->old.extended;
    if (item->extended_count == 0)
        return 0;
    int count = extended_parse(up->old.extended, old, EXTENDED_RAW_MAX);
    if (count < 0)
        return ERR_STORE;
    write_extended(up, item, old, (size_t)count, true);
    struct str text = {up->extended.data, up->extended.len};
    if (!up->extended.failed && str_eq(text, up->old.extended))
        return 0;
    /* The row is written anyway: leave out what nobody can see any more. */
    write_extended(up, item, old, (size_t)count, false);
    if (up->extended.failed)
        return ERR_NOMEM;
    up->row.extended = (struct str){up->extended.data, up->extended.len};
    return 0;
}

static void make_texts(struct upsert *up, const struct customer_change *item)
{
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        const struct text_change *change = &item->fields[i];
        up->row.texts[i] = change->kind == CHANGE_KEEP  ? up->old.texts[i]
                           : change->kind == CHANGE_SET ? change->text
                                                        : (struct str){0};
    }
    up->row.sex = item->sex_change == CHANGE_KEEP  ? up->old.sex
                  : item->sex_change == CHANGE_SET ? (int64_t)item->sex
                                                   : 0;
}

static bool row_changed(const struct row *old, const struct row *row)
{
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (customer_field_rules[i].kind != CUSTOMER_KIND_LABEL &&
            !str_eq(old->texts[i], row->texts[i]))
            return true;
    return old->stage_id != row->stage_id || old->source_id != row->source_id ||
           old->sex != row->sex || old->owner_id != row->owner_id ||
           !str_eq(old->tags, row->tags) || !str_eq(old->extended, row->extended);
}

/* --- writing */

static int keep_text(struct arena *arena, struct str old, struct str *text)
{
    if (text->len > 0 && text->p == old.p) {
        text->p = arena_memdup(arena, old.p, old.len);
        return text->p ? 0 : ERR_NOMEM;
    }
    return 0;
}

/* What the new row took over from the old one still lies in `find`: it is copied, because a cursor
 * that is open on a table makes every change of the table dearer. */
static int keep_texts(struct upsert *up)
{
    int result = 0;
    for (int i = 0; result == 0 && i < CUSTOMER_FIELD_COUNT; i++)
        result = keep_text(up->arena, up->old.texts[i], &up->row.texts[i]);
    if (result == 0)
        result = keep_text(up->arena, up->old.tags, &up->row.tags);
    if (result == 0)
        result = keep_text(up->arena, up->old.extended, &up->row.extended);
    sqlite3_reset(up->find);
    return result;
}

/* Parameters ?1 to ?20 of both statements; each leaves out what it has no use for. */
static int write_row(struct upsert *up, int64_t number)
{
    const struct row *row = &up->row;
    sqlite3_stmt *statement = up->old.id != 0 ? up->update : up->insert;
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (customer_field_rules[i].kind != CUSTOMER_KIND_LABEL)
            bind_str_or_null(statement, 3 + i, row->texts[i]);
    bind_i64_or_null(statement, 3 + CUSTOMER_STAGE, row->stage_id);
    bind_i64_or_null(statement, 3 + CUSTOMER_SOURCE, row->source_id);
    bind_i64_or_null(statement, 14, row->sex);
    bind_str_or_null(statement, 15, row->tags);
    bind_str_or_null(statement, 16, row->extended);
    bind_i64_or_null(statement, 17, row->owner_id);
    bind_i64(statement, 19, up->now_ms);
    if (up->old.id != 0) {
        bind_i64(statement, 20, up->old.id);
    } else {
        bind_i64(statement, 1, up->tenant->id);
        bind_i64(statement, 2, number);
        bind_i64(statement, 18, up->now_ms);
    }
    return connection_step(up->connection, statement) < 0 ? ERR_STORE : 0;
}

_Static_assert(CUSTOMER_FIELD_COUNT == 11, "statements.def numbers its parameters for 11 fields");

/* --- what is remembered of it */

static struct str agent_name(const struct upsert *up, int64_t id)
{
    const struct agent *agent = id != 0 ? tenant_agent_by_id(up->tenant, id) : NULL;
    return agent ? agent->user_name : (struct str){0};
}

static int add_history(struct upsert *up, enum history_field field, struct str from, struct str to)
{
    const struct history_change change = {.tenant_id = up->tenant->id,
                                          .number = up->old.number,
                                          .time_ms = up->now_ms,
                                          .field = field,
                                          .from = from,
                                          .to = to,
                                          .cause = up->cause};
    return history_add(up->connection, &change);
}

static int add_stage_history(struct upsert *up, const struct customer_change *item)
{
    struct str from = {0}, to = item->fields[CUSTOMER_STAGE].text; /* empty when it is cleared */
    sqlite3_stmt *name = connection_statement(up->connection, STATEMENT_LABEL_NAME);
    if (!name)
        return ERR_STORE;
    bind_i64(name, 1, up->old.stage_id);
    int result = connection_step(up->connection, name);
    if (result < 0)
        return ERR_STORE;
    if (result == 1)
        from = column_str(name, 0);
    result = add_history(up, HISTORY_STAGE, from, to);
    sqlite3_reset(name);
    return result;
}

/* An owner who is gone was taken off with an entry of his own. */
static int remember(struct upsert *up, const struct customer_change *item)
{
    int result = 0;
    struct str from = agent_name(up, up->old.owner_id), to = agent_name(up, up->row.owner_id);
    if (up->old.owner_id != up->row.owner_id && !str_eq(from, to))
        result = add_history(up, HISTORY_OWNER, from, to);
    if (result == 0 && up->old.stage_id != up->row.stage_id)
        result = add_stage_history(up, item);
    return result;
}

/* While the old name is still there. */
static int note_rename(struct upsert *up)
{
    struct str old = up->old.texts[CUSTOMER_FRIEND_NAME];
    if (str_eq(old, up->row.texts[CUSTOMER_FRIEND_NAME]))
        return 0;
    return search_rename(up->connection, up->old.id, up->old.number, old);
}

static int change_row(struct upsert *up, const struct customer_change *item)
{
    if (note_rename(up) < 0 || customer_event_note(up, up->old.number) < 0) {
        sqlite3_reset(up->find);
        return ERR_STORE;
    }
    int result = keep_texts(up);
    if (result == 0)
        result = write_row(up, item->number);
    if (result == 0)
        result = remember(up, item);
    return result < 0 ? result : customer_event_send(up, up->old.number);
}

static int create_row(struct upsert *up, const struct customer_change *item)
{
    up->created++;
    int result = write_row(up, item->number);
    if (result == 0)
        result = customer_event_note(up, item->number);
    return result < 0 ? result : customer_event_send(up, item->number);
}

static int upsert_item(struct upsert *up, const struct customer_change *item,
                       struct customer_outcome *outcome)
{
    int result = find_row(up, item->number);
    if (result == 0)
        result = upsert_judge(up, item, outcome);
    if (result == GO_ON)
        result = make_labels(up, item);
    if (result == 0)
        result = make_extended(up, item);
    if (result == 0) {
        outcome->result = 0;
        make_texts(up, item);
        if (up->old.id == 0) {
            outcome->effect = EFFECT_CREATED;
            return create_row(up, item);
        }
        if (row_changed(&up->old, &up->row)) {
            outcome->effect = EFFECT_CHANGED;
            result = change_row(up, item);
        } else {
            sqlite3_reset(up->find);
        }
        return result < 0 ? result
                          : jobs_spare(up->connection, &up->running, up->old.id, up->old.number);
    }
    sqlite3_reset(up->find);
    return result < 0 ? result : 0;
}

static int upsert_items(struct upsert *up, struct customers_upsert *op)
{
    struct store_call *call = &op->call;
    while (call->progress < op->count) {
        if (!writer_take_row(&up->store->writer, call))
            return WRITER_MORE;
        op->outcomes[call->progress] = (struct customer_outcome){0};
        int result = upsert_item(up, &op->items[call->progress], &op->outcomes[call->progress]);
        arena_reset(up->arena);
        if (result < 0)
            return result;
        call->progress++;
    }
    return 0;
}

static int run_customers_upsert(struct store *store, struct store_call *call)
{
    struct customers_upsert *op = container_of(call, struct customers_upsert, call);
    struct connection *connection = &store->writer.connection;
    struct upsert up;
    up.store = store;
    up.connection = connection;
    up.labels = &store->writer.labels;
    up.arena = &store->writer.arena;
    up.tenant = tenants_find(store->tenants, op->tenant_id);
    up.now_ms = op->now_ms;
    up.cause = op->cause;
    up.created = 0;
    up.tells = outbox_wants(up.tenant, EVENT_CUSTOMER);
    up.find = connection_statement(connection, STATEMENT_CUSTOMER_FIND);
    up.insert = connection_statement(connection, STATEMENT_CUSTOMER_INSERT);
    up.update = connection_statement(connection, STATEMENT_CUSTOMER_UPDATE);
    up.owner_name = (struct str){0};
    if (!up.tenant)
        return ERR_NOT_FOUND;
    if (!up.find || !up.insert || !up.update || jobs_running(store, op->tenant_id, &up.running) < 0)
        return ERR_STORE;
    buf_init(&up.extended, EXTENDED_MAX_LEN);
    buf_init(&up.event, CUSTOMER_EVENT_LONGEST);
    int result = upsert_items(&up, op);
    buf_free(&up.event);
    buf_free(&up.extended);
    if (result == 0 || result == WRITER_MORE)
        writer_count_customers(&store->writer, op->tenant_id, (int64_t)up.created);
    return result;
}

void store_customers_upsert(struct store *store, struct customers_upsert *op)
{
    op->call.is_judged = op->count == 1; /* of several, some may be written already */
    writer_post(store, &op->call, op->count, run_customers_upsert);
}
