#include "domain/content_fields.h"

#include "domain/number.h"

/* What is no plain text of the customer's row stands behind its fields. */
enum { VALUE_SEX = CUSTOMER_FIELD_COUNT, VALUE_NUMBER, VALUE_TAGS };

static const struct basic {
    struct str name;
    int value; /* enum customer_field, or one of the above */
} basics[] = {
    {{"Name", 4}, CUSTOMER_FRIEND_NAME},
    {{"Gender", 6}, VALUE_SEX},
    {{"DOB", 3}, CUSTOMER_BIRTHDAY},
    {{"WhatsApp", 8}, VALUE_NUMBER},
    {{"Address", 7}, CUSTOMER_ADDRESS},
    {{"Email", 5}, CUSTOMER_EMAIL},
    {{"Position", 8}, CUSTOMER_PROFESSION},
    {{"Income", 6}, CUSTOMER_INCOME},
    {{"Description", 11}, CUSTOMER_DESC},
    {{"From", 4}, CUSTOMER_SOURCE},
    {{"State", 5}, CUSTOMER_STAGE},
    {{"Language", 8}, CUSTOMER_LANGUAGE_TAG},
    {{"Tags", 4}, VALUE_TAGS},
};

static const struct basic *find(struct str name)
{
    for (size_t i = 0; i < sizeof(basics) / sizeof(basics[0]); i++)
        if (str_eq_nocase(basics[i].name, name))
            return &basics[i];
    return NULL;
}

bool content_field_is_basic(struct str field)
{
    return find(field) != NULL;
}

static void add_number(struct buf *b, int64_t number)
{
    char digits[NUMBER_MAX_DIGITS + 4];
    buf_add(b, digits, number_format(number, digits));
}

static void add_tags(struct buf *b, const struct customer *customer)
{
    for (size_t i = 0; i < customer->tag_count; i++) {
        if (i > 0)
            buf_add_char(b, ',');
        buf_add_str(b, customer->tags[i]);
    }
}

int content_basic_value(struct str name, const struct content_recipient *recipient, struct buf *b)
{
    const struct basic *basic = find(name);
    const struct customer *customer = recipient->customer;
    if (!basic)
        return ERR_NOT_FOUND;
    if (basic->value == VALUE_NUMBER)
        add_number(b, recipient->number);
    else if (!customer)
        return 0;
    else if (basic->value == VALUE_TAGS)
        add_tags(b, customer);
    else if (basic->value == VALUE_SEX)
        buf_add_text(b, customer->sex == SEX_UNKNOWN ? "" : sex_name(customer->sex));
    else
        buf_add_str(b, customer->fields[basic->value]);
    return 0;
}

int content_extended_value(struct str name, const struct content_recipient *recipient,
                           struct buf *b)
{
    const struct field *field = tenant_field(recipient->tenant, name);
    if (!field)
        return ERR_NOT_FOUND;
    if (recipient->customer)
        buf_add_str(b, customer_extended(recipient->customer, field->id));
    return 0;
}
