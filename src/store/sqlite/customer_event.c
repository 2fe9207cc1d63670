#include "store/sqlite/customer_event.h"

#include "store/sqlite/outbox.h"
#include "store/sqlite/store_sqlite.h"

static const char *const names[] = {
    [CUSTOMER_CREATED] = "created",
    [CUSTOMER_CHANGED] = "changed",
    [CUSTOMER_DELETED] = "deleted",
};

static void begin(struct buf *b, int64_t number, enum customer_event what)
{
    buf_add_text(b, "{\"whatsApp\":\"");
    buf_add_i64(b, number);
    buf_add_char(b, '"');
    buf_add_json_text(b, "change", str_of(names[what]));
    buf_add_json_name(b, "fields");
    buf_add_char(b, '[');
}

static void add_field(struct buf *b, struct str name)
{
    buf_add_json_comma(b);
    buf_add_json_str(b, name);
}

static int put(struct store *store, int64_t tenant_id, int64_t number, int64_t time_ms,
               struct buf *b)
{
    buf_add_text(b, "]}");
    return b->failed ? ERR_NOMEM
                     : outbox_put(store, tenant_id, EVENT_CUSTOMER, number, time_ms,
                                  (struct str){b->data, b->len});
}

int customer_event_put(struct store *store, int64_t tenant_id, int64_t number, int64_t time_ms,
                       enum customer_event what, const char *field)
{
    struct buf b;
    if (!outbox_wants(tenants_find(store->tenants, tenant_id), EVENT_CUSTOMER))
        return 0;
    buf_init(&b, CUSTOMER_EVENT_LONGEST);
    begin(&b, number, what);
    if (field)
        add_field(&b, str_of(field));
    int result = put(store, tenant_id, number, time_ms, &b);
    buf_free(&b);
    return result;
}

/* --- of an import */

static bool differs(const struct upsert *up, int field)
{
    if (field == CUSTOMER_STAGE)
        return up->old.stage_id != up->row.stage_id;
    if (field == CUSTOMER_SOURCE)
        return up->old.source_id != up->row.source_id;
    return !str_eq(up->old.texts[field], up->row.texts[field]);
}

static void note_basic(struct upsert *up)
{
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++)
        if (differs(up, i))
            add_field(&up->event, str_of(customer_field_rules[i].wire_name));
    if (up->old.sex != up->row.sex)
        add_field(&up->event, STR("sex"));
    if (!str_eq(up->old.tags, up->row.tags))
        add_field(&up->event, STR("tabName"));
    if (up->old.owner_id != up->row.owner_id)
        add_field(&up->event, STR("agentAccount"));
}

static struct str value_of(const struct extended_raw *values, int count, int64_t field_id)
{
    for (int i = 0; i < count; i++)
        if (values[i].field_id == field_id)
            return values[i].escaped;
    return (struct str){0};
}

static int note_extended(struct upsert *up)
{
    struct extended_raw old[EXTENDED_RAW_MAX], row[EXTENDED_RAW_MAX];
    if (str_eq(up->old.extended, up->row.extended))
        return 0;
    int old_count = extended_parse(up->old.extended, old, EXTENDED_RAW_MAX);
    int row_count = extended_parse(up->row.extended, row, EXTENDED_RAW_MAX);
    if (old_count < 0 || row_count < 0)
        return ERR_STORE;
    for (size_t i = 0; i < up->tenant->field_count; i++) {
        const struct field *field = &up->tenant->fields[i];
        if (!str_eq(value_of(old, old_count, field->id), value_of(row, row_count, field->id)))
            add_field(&up->event, field->name);
    }
    return 0;
}

int customer_event_note(struct upsert *up, int64_t number)
{
    if (!up->tells)
        return 0;
    buf_clear(&up->event);
    begin(&up->event, number, up->old.id != 0 ? CUSTOMER_CHANGED : CUSTOMER_CREATED);
    note_basic(up);
    return note_extended(up);
}

int customer_event_send(struct upsert *up, int64_t number)
{
    return up->tells ? put(up->store, up->tenant->id, number, up->now_ms, &up->event) : 0;
}
