#include "domain/customer.h"

#include "base/zone.h"

const struct customer_field_rule customer_field_rules[CUSTOMER_FIELD_COUNT] = {
#define CUSTOMER_FIELD(id, wire, kind, longest) \
    [CUSTOMER_##id] = {(wire), {(wire), sizeof(wire) - 1}, CUSTOMER_KIND_##kind, (longest)},
#include "domain/customer_fields.def"
#undef CUSTOMER_FIELD
};

static const char *const sex_names[] = {
    [SEX_UNKNOWN] = "unknown",
    [SEX_MALE] = "male",
    [SEX_FEMALE] = "female",
};

const char *sex_name(enum sex sex)
{
    return sex_names[sex];
}

int sex_parse(struct str text, enum sex *ret_sex)
{
    for (int sex = SEX_UNKNOWN; sex <= SEX_FEMALE; sex++) {
        if (str_eq_nocase(text, str_of(sex_names[sex]))) {
            *ret_sex = (enum sex)sex;
            return 0;
        }
    }
    return ERR_INVALID;
}

/* Exactly `count` digits at text[at], as a number; -1 when one is none. */
static int digits_at(struct str text, size_t at, size_t count)
{
    int value = 0;
    for (size_t i = at; i < at + count; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        value = value * 10 + (text.p[i] - '0');
    }
    return value;
}

bool birthday_valid(struct str text)
{
    if (text.len != 10 || text.p[4] != '/' || text.p[7] != '/')
        return false;
    struct civil day = {
        .year = digits_at(text, 0, 4),
        .month = digits_at(text, 5, 2),
        .day = digits_at(text, 8, 2),
    };
    return day.year > 0 && day.month > 0 && day.day > 0 && civil_is_real(&day);
}

struct str customer_extended(const struct customer *customer, int64_t field_id)
{
    for (size_t i = 0; i < customer->extended_count; i++)
        if (customer->extended[i].field_id == field_id)
            return customer->extended[i].text;
    return (struct str){0};
}

int tags_split(struct str text, struct str *ret_tags, size_t max)
{
    size_t count = 0;
    while (text.p) {
        struct str tag = str_trim(str_split(&text, ','));
        if (tag.len == 0)
            continue;
        if (utf8_count(tag) > CUSTOMER_TAG_LONGEST)
            return ERR_RANGE;
        if (count == max)
            return ERR_TOO_LARGE;
        ret_tags[count++] = tag;
    }
    return (int)count;
}
