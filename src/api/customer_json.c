#include "api/customer_json.h"

#include "api/reply.h"

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

static void add_extended(struct buf *b, const struct tenant *tenant,
                         const struct customer *customer)
{
    for (size_t i = 0; i < tenant->field_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, tenant->fields[i].name);
        buf_add_char(b, ':');
        buf_add_json_str(b, customer_extended(customer, tenant->fields[i].id));
    }
}

void customer_json(struct buf *b, const struct tenant *tenant, const struct customer *customer)
{
    buf_add_char(b, '{');
    buf_add_json_name(b, "whatsApp");
    reply_add_number(b, customer->number);
    for (size_t i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        buf_add_json_text(b, customer_field_rules[i].wire_name, customer->fields[i]);
        if (i == CUSTOMER_FRIEND_NAME)
            buf_add_json_text(b, "sex",
                              str_of(sex_name(customer->sex))); /* its place in the contract */
        if (i == CUSTOMER_DESC)
            add_tags(b, customer);
    }
    add_extended(b, tenant, customer);
    buf_add_json_text(b, "agentAccount", tenant_agent_name(tenant, customer->owner_id));
    buf_add_json_name(b, "optOut");
    buf_add_text(b, customer->opt_out ? "true" : "false");
    buf_add_json_i64(b, "createTime", customer->created_ms);
    buf_add_json_i64(b, "updateTime", customer->updated_ms);
    buf_add_char(b, '}');
}
