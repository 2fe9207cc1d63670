/* A customer: the person written to, unique by number within a tenant. Fields, limits, and what an
 * import changes. */
#ifndef WSCRM_DOMAIN_CUSTOMER_H
#define WSCRM_DOMAIN_CUSTOMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

enum customer_field {
#define CUSTOMER_FIELD(id, wire, kind, longest) CUSTOMER_##id,
#include "domain/customer_fields.def"
#undef CUSTOMER_FIELD
    CUSTOMER_FIELD_COUNT,
};

enum customer_field_kind { CUSTOMER_KIND_TEXT, CUSTOMER_KIND_LABEL, CUSTOMER_KIND_DATE };

struct customer_field_rule {
    const char *wire_name;
    struct str wire; /* the same, with its length */
    enum customer_field_kind kind;
    size_t longest; /* characters */
};
extern const struct customer_field_rule customer_field_rules[CUSTOMER_FIELD_COUNT];

#define CUSTOMER_MAX_TAGS         100
#define CUSTOMER_TAG_LONGEST      64   /* characters */
#define CUSTOMER_EXTENDED_LONGEST 1000 /* characters */
/* Different names a tenant may use, each kind on its own. */
#define TENANT_MAX_LABELS 10000

enum sex { SEX_UNKNOWN, SEX_MALE, SEX_FEMALE };
const char *sex_name(enum sex sex);                         /* "unknown", … */
int sex_parse(struct str text, enum sex *ret_sex) MUST_USE; /* any case; ERR_INVALID */

/* `yyyy/MM/dd` with exactly these digits, and a day that exists. */
bool birthday_valid(struct str text);

/* What an import does to one field: a missing key and an empty text keep it, null clears it. */
enum change_kind { CHANGE_KEEP, CHANGE_SET, CHANGE_CLEAR };

struct text_change {
    enum change_kind kind;
    struct str text; /* valid UTF-8 within the field's limits, for CHANGE_SET */
};

struct extended_change {
    int64_t field_id; /* of the tenant's field definitions */
    struct text_change change;
};

/* One item of an import: everything is borrowed from the request. */
struct customer_change {
    int64_t number;
    struct text_change fields[CUSTOMER_FIELD_COUNT];
    enum change_kind sex_change;
    enum sex sex;
    bool clear_tags;      /* before the two lists */
    struct str *add_tags; /* trimmed, not empty, no doubles needed */
    size_t add_tag_count;
    struct str *remove_tags; /* wins over add_tags */
    size_t remove_tag_count;
    struct extended_change *extended;
    size_t extended_count;
    struct str owner; /* user name of the agent who becomes the owner; len 0: keep */
};

struct extended_value {
    int64_t field_id;
    struct str text;
};

/* A customer as read: everything is borrowed from whoever shows it. */
struct customer {
    int64_t id, number;
    struct str fields[CUSTOMER_FIELD_COUNT]; /* len 0: never set */
    enum sex sex;
    const struct str *tags;
    size_t tag_count;
    const struct extended_value *extended;
    size_t extended_count;
    int64_t owner_id; /* agent id, 0: none */
    bool opt_out;     /* the number's: wants no messages */
    int64_t created_ms, updated_ms;
};

/* The value of an extended field; len 0: never set. */
struct str customer_extended(const struct customer *customer, int64_t field_id);

/* Cuts a comma separated list into trimmed, non-empty tags: writes at most `max` into ret_tags and
 * returns the count, ERR_TOO_LARGE for more than `max` tags, ERR_RANGE for a tag longer than
 * CUSTOMER_TAG_LONGEST characters. */
int tags_split(struct str text, struct str *ret_tags, size_t max) MUST_USE;

#endif
