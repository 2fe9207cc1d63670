#include "store/sqlite/segment_plan.h"

#include <stdio.h>

#include "store/sqlite/customer_row.h"
#include "store/sqlite/names_find.h"
#include "store/sqlite/opt_outs.h"

#define WHERE_MAX ((size_t)1 << 10)
/* A value that is looked for is escaped six bytes for one at worst. */
#define VALUES_MAX ((size_t)3 << 20)

static int add_label(struct segment_plan *plan, struct connection *connection, enum name_kind kind,
                     struct str name, const char *column)
{
    int64_t id;
    if (name.len == 0)
        return 0;
    int result = name_look(connection, plan->tenant->id, kind, name, &id);
    if (result < 0)
        return result;
    if (id == 0)
        plan->unknown = column; /* both are called as on the wire */
    buf_printf(&plan->where, " AND %s = %lld", column, (long long)id);
    return 0;
}

static int add_tag(struct segment_plan *plan, struct connection *connection, size_t i)
{
    int result = name_look(connection, plan->tenant->id, NAME_TAG, plan->segment->tags[i],
                           &plan->tag_ids[i]);
    if (result == 0 && plan->tag_ids[i] == 0)
        plan->unknown = "tabName";
    return result;
}

static int add_labels(struct segment_plan *plan, struct connection *connection)
{
    const struct segment *segment = plan->segment;
    int result = add_label(plan, connection, NAME_STAGE, segment->stage, "stage");
    if (result == 0)
        result = add_label(plan, connection, NAME_SOURCE, segment->source, "source");
    for (size_t i = 0; result == 0 && i < segment->tag_count; i++)
        result = add_tag(plan, connection, i);
    return result;
}

static int find_group(struct segment_plan *plan, struct connection *connection)
{
    if (plan->segment->group.len == 0)
        return 0;
    int result =
        name_look(connection, plan->tenant->id, NAME_LIST, plan->segment->group, &plan->group_id);
    if (result == 0 && plan->group_id == 0)
        plan->unknown = "group";
    return result;
}

static void add_time(struct segment_plan *plan, const char *column, const char *operator,
                     int64_t time_ms)
{
    if (time_ms != 0)
        buf_printf(&plan->where, " AND %s %s %lld", column, operator,(long long) time_ms);
}

static void add_times(struct segment_plan *plan)
{
    const struct segment *segment = plan->segment;
    add_time(plan, "created_ms", ">=", segment->created_from_ms);
    add_time(plan, "created_ms", "<", segment->created_before_ms);
    add_time(plan, "updated_ms", ">=", segment->updated_from_ms);
    add_time(plan, "updated_ms", "<", segment->updated_before_ms);
    if (segment->owner_id != 0)
        buf_printf(&plan->where, " AND owner = %lld", (long long)segment->owner_id);
}

/* extended is {"12":"text",…}. Inside a text a quote is escaped, so that `"12":"text"` stands nowhere but
 * where it is the field's whole value. */
static void add_values(struct segment_plan *plan)
{
    const struct segment *segment = plan->segment;
    for (size_t i = 0; i < segment->extended_count; i++) {
        buf_add_char(&plan->values, '"');
        buf_add_i64(&plan->values, segment->extended[i].field_id);
        buf_add(&plan->values, "\":", 2);
        buf_add_json_str(&plan->values, segment->extended[i].text);
        plan->value_ends[i] = plan->values.len;
    }
}

int segment_plan_make(struct segment_plan *plan, struct connection *connection,
                      const struct tenant *tenant, const struct segment *segment)
{
    plan->tenant = tenant;
    plan->segment = segment;
    plan->unknown = NULL;
    plan->group_id = 0;
    buf_init(&plan->where, WHERE_MAX);
    buf_init(&plan->values, VALUES_MAX);
    int result = add_labels(plan, connection);
    if (result == 0)
        result = find_group(plan, connection);
    add_times(plan);
    add_values(plan);
    buf_add_char(&plan->where, '\0');
    return result == 0 && (plan->where.failed || plan->values.failed) ? ERR_NOMEM : result;
}

void segment_plan_free(struct segment_plan *plan)
{
    buf_free(&plan->where);
    buf_free(&plan->values);
}

sqlite3_stmt *segment_plan_prepare(const struct segment_plan *plan, struct connection *connection,
                                   const char *head, const char *tail)
{
    char sql[WHERE_MAX + 512];
    int len = snprintf(sql, sizeof(sql), SEGMENT_ROWS "%s%s%s", head, plan->where.data, tail);
    if (len < 0 || (size_t)len >= sizeof(sql))
        return NULL;
    sqlite3_stmt *statement = connection_prepare(connection, sql);
    if (statement)
        bind_i64(statement, 1, plan->tenant->id);
    return statement;
}

static int has_tags(const struct segment_plan *plan, struct str text)
{
    int64_t ids[CUSTOMER_MAX_TAGS];
    int count = tag_ids_parse(text, ids, CUSTOMER_MAX_TAGS);
    if (count < 0)
        return ERR_STORE;
    for (size_t i = 0; i < plan->segment->tag_count; i++) {
        int at = 0;
        while (at < count && ids[at] != plan->tag_ids[i])
            at++;
        if (at == count)
            return 0;
    }
    return 1;
}

static bool has_values(const struct segment_plan *plan, struct str text)
{
    for (size_t i = 0, start = 0; i < plan->segment->extended_count; i++) {
        size_t len = plan->value_ends[i] - start;
        if (text.len < len || !memmem(text.p, text.len, plan->values.data + start, len))
            return false;
        start = plan->value_ends[i];
    }
    return true;
}

static int has_opt_out(const struct segment_plan *plan, struct connection *connection,
                       int64_t number)
{
    bool opt_out = false;
    if (plan->tenant->has_opt_outs &&
        opt_out_look(connection, plan->tenant->id, number, &opt_out) < 0)
        return ERR_STORE;
    return opt_out;
}

int segment_plan_takes(const struct segment_plan *plan, struct connection *connection,
                       sqlite3_stmt *row)
{
    const struct segment *segment = plan->segment;
    int64_t number = sqlite3_column_int64(row, 0);
    int result = 1;
    if (!keyword_matches(&segment->keyword, column_str(row, 1), number))
        return 0;
    if (segment->tag_count > 0)
        result = has_tags(plan, column_str(row, 2));
    if (result == 1 && segment->extended_count > 0)
        result = has_values(plan, column_str(row, 3));
    if (result == 1 && segment->opt_out != SEGMENT_ANY) {
        int opt_out = has_opt_out(plan, connection, number);
        result = opt_out < 0 ? opt_out : opt_out == (segment->opt_out == SEGMENT_ONLY);
    }
    return result;
}
