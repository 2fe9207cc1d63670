/* Extended fields: what a tenant may name one, and what may stand in it. */
#include "domain/customer_change.h"
#include "domain/tenant.h"

static const char *const type_names[] = {
    [FIELD_TEXT] = "text",
    [FIELD_NUMBER] = "number",
    [FIELD_DATE] = "date",
    [FIELD_OPTION] = "option",
};

const char *field_type_name(enum field_type type)
{
    return type_names[type];
}

int field_type_parse(struct str text, enum field_type *ret_type)
{
    for (int type = FIELD_TEXT; type <= FIELD_OPTION; type++) {
        if (str_is(text, type_names[type])) {
            *ret_type = (enum field_type)type;
            return 0;
        }
    }
    return ERR_INVALID;
}

static size_t digits_from(struct str text, size_t at)
{
    size_t count = 0;
    while (at + count < text.len && text.p[at + count] >= '0' && text.p[at + count] <= '9')
        count++;
    return count;
}

/* `-12`, `3.50`: a sign, digits, and a fraction; no exponent, no blanks. */
static bool is_decimal(struct str text)
{
    size_t at = text.len > 0 && (text.p[0] == '-' || text.p[0] == '+') ? 1 : 0;
    size_t whole = digits_from(text, at);
    if (whole == 0)
        return false;
    at += whole;
    if (at < text.len && text.p[at] == '.') {
        size_t fraction = digits_from(text, at + 1);
        if (fraction == 0)
            return false;
        at += 1 + fraction;
    }
    return at == text.len;
}

static bool is_option(const struct field *field, struct str text)
{
    for (size_t i = 0; i < field->option_count; i++)
        if (str_eq(field->options[i], text))
            return true;
    return false;
}

bool field_accepts(const struct field *field, struct str text)
{
    if (utf8_count(text) > CUSTOMER_EXTENDED_LONGEST)
        return false;
    switch (field->type) {
    case FIELD_TEXT: return true;
    case FIELD_NUMBER: return is_decimal(text);
    case FIELD_DATE: return birthday_valid(text);
    case FIELD_OPTION: return is_option(field, text);
    }
    return false;
}

bool field_option_allowed(struct str text, const struct str *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(text, others[i]))
            return false;
    return text.len > 0 && utf8_count(text) <= CUSTOMER_EXTENDED_LONGEST && !str_has_control(text);
}

bool field_name_allowed(struct str name)
{
    return user_name_allowed(name) && item_name_find(NULL, name).kind == NAME_UNKNOWN;
}
