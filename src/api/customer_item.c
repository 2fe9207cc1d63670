#include "api/customer_item.h"

static int read_value(const struct json *value, struct arena *arena, struct item_value *ret_value)
{
    int64_t integer;
    int result;
    *ret_value = (struct item_value){.kind = VALUE_OTHER};
    switch (json_type(value)) {
    case JSON_NULL: ret_value->kind = VALUE_NULL; break;
    case JSON_STRING: *ret_value = (struct item_value){VALUE_TEXT, json_text(value)}; break;
    case JSON_NUMBER:
        result = json_integer(value, &integer);
        if (result == ERR_RANGE)
            ret_value->kind = VALUE_HUGE;
        if (result < 0)
            break;
        char *digits = arena_printf(arena, "%lld", (long long)integer);
        if (!digits)
            return ERR_NOMEM;
        *ret_value = (struct item_value){VALUE_INTEGER, str_of(digits)};
        break;
    default: break;
    }
    return 0;
}

static int each_member(const struct json *value, bool is_extension, struct arena *arena,
                       void (*each)(void *context, const struct item_member *member), void *context)
{
    struct item_member member = {json_name(value), is_extension, {0}};
    int result = read_value(value, arena, &member.value);
    if (result == 0)
        each(context, &member);
    return result;
}

int customer_item_each(const struct json *item, struct arena *arena,
                       void (*each)(void *context, const struct item_member *member), void *context)
{
    int result = 0;
    for (const struct json *m = json_first(item); result == 0 && m; m = json_next(m)) {
        if (json_type(m) != JSON_OBJECT || !str_is(json_name(m), "extensionField")) {
            result = each_member(m, false, arena, each, context);
            continue;
        }
        for (const struct json *inner = json_first(m); result == 0 && inner;
             inner = json_next(inner))
            result = each_member(inner, true, arena, each, context);
    }
    return result;
}

size_t customer_item_count(const struct json *item)
{
    const struct json *extension = json_member(item, "extensionField");
    return json_count(item) + (extension ? json_count(extension) : 0);
}

struct item_fault customer_outcome_fault(const struct customer_outcome *outcome)
{
    switch (outcome->result) {
    case 0: return (struct item_fault){0};
    case ERR_NO_AGENT:
        return (struct item_fault){STATUS_USER_NAME, STR("agentAccount"),
                                   status_message(STATUS_USER_NAME)};
    case ERR_NOT_FOUND:
        return (struct item_fault){STATUS_EXTENDED_FIELD, STR("extensionField"),
                                   status_message(STATUS_EXTENDED_FIELD)};
    default:
        return (struct item_fault){
            STATUS_BAD_INPUT, str_of(outcome->place),
            "more than 100 tags of a customer, or 10000 different names of the tenant"};
    }
}

/* --- an item of a call */

void item_fault(struct exchange *x, struct item_verdict *verdict, size_t index, struct str place,
                int code, const char *what)
{
    if (verdict->code != 0)
        return; /* the first fault is told */
    verdict->code = code;
    verdict->message =
        arena_printf(&x->http->arena, "data[%zu].%.*s: %s", index, (int)place.len, place.p, what);
    if (!verdict->message)
        verdict->message = what;
}

static void put(void *context, const struct item_member *member)
{
    struct item_builder *builder = context;
    struct item_name name = member->is_extension ? item_name_extended(builder->tenant, member->name)
                                                 : item_name_find(builder->tenant, member->name);
    item_put(builder, member->name, name, member->value);
}

int customer_item_read(struct exchange *x, const struct json *item, size_t index,
                       struct customer_change *ret_change, struct item_verdict *ret_verdict)
{
    struct item_builder builder;
    item_begin(&builder, x->tenant, &x->http->arena, customer_item_count(item), ret_change);
    int result = customer_item_each(item, builder.arena, put, &builder);
    if (result == 0)
        result = item_end(&builder);
    if (result < 0)
        return result;
    ret_verdict->whats_id = builder.number_text;
    const struct item_fault *fault = &builder.fault;
    if (fault->code != 0)
        item_fault(x, ret_verdict, index, fault->place, fault->code, fault->what);
    return 0;
}
