#include "api/customer_json.h"

#include "domain/number.h"

static void add_text(struct buf *b, const char *name, struct str text)
{
    buf_add_json_name(b, name);
    buf_add_json_str(b, text);
}

static void add_number(struct buf *b, int64_t number)
{
    char digits[NUMBER_MAX_DIGITS + 4];
    size_t count = number_format(number, digits);
    add_text(b, "whatsApp", (struct str){digits, count});
}

static void add_tags(struct buf *b, const struct customer *customer)
{
    buf_add_json_name(b, "tabName");
    buf_add_char(b, '"');
    for (size_t i = 0; i < customer->tag_count; i++) {
        if (i > 0)
            buf_add_char(b, ',');
        buf_add_json_part(b, customer->tags[i]);
    }
    buf_add_char(b, '"');
}

static struct str extended_text(const struct customer *customer, int64_t field_id)
{
    for (size_t i = 0; i < customer->extended_count; i++)
        if (customer->extended[i].field_id == field_id)
            return customer->extended[i].text;
    return (struct str){0};
}

static void add_extended(struct buf *b, const struct tenant *tenant,
                         const struct customer *customer)
{
    for (size_t i = 0; i < tenant->field_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, tenant->fields[i].name);
        buf_add_char(b, ':');
        buf_add_json_str(b, extended_text(customer, tenant->fields[i].id));
    }
}

static void add_owner(struct buf *b, const struct tenant *tenant, const struct customer *customer)
{
    const struct agent *owner =
        customer->owner_id ? tenant_agent_by_id(tenant, customer->owner_id) : NULL;
    add_text(b, "agentAccount", owner ? owner->user_name : (struct str){0});
}

static void add_time(struct buf *b, const char *name, int64_t time_ms)
{
    buf_add_json_name(b, name);
    buf_add_i64(b, time_ms);
}

void customer_json(struct buf *b, const struct tenant *tenant, const struct customer *customer)
{
    buf_add_char(b, '{');
    add_number(b, customer->number);
    for (size_t i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        add_text(b, customer_field_rules[i].wire_name, customer->fields[i]);
        if (i == CUSTOMER_FRIEND_NAME)
            add_text(b, "sex", str_of(sex_name(customer->sex))); /* its place in the contract */
        if (i == CUSTOMER_DESC)
            add_tags(b, customer);
    }
    add_extended(b, tenant, customer);
    add_owner(b, tenant, customer);
    add_time(b, "createTime", customer->created_ms);
    add_time(b, "updateTime", customer->updated_ms);
    buf_add_char(b, '}');
}
