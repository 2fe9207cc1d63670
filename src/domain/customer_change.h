/* One place for what an item of an import may say: from names and values, whoever read them, to a
 * struct customer_change. The API's JSON and the command line's CSV share every rule here. */
#ifndef WSCRM_DOMAIN_CUSTOMER_CHANGE_H
#define WSCRM_DOMAIN_CUSTOMER_CHANGE_H

#include "base/arena.h"
#include "domain/customer.h"
#include "domain/tenant.h"

/* What a name in an item means. */
enum item_name_kind {
    NAME_UNKNOWN,
    NAME_NUMBER,
    NAME_BASIC,
    NAME_SEX,
    NAME_ADD_TAGS,
    NAME_REMOVE_TAGS,
    NAME_OWNER,
    NAME_EXTENDED,
    NAME_EXTENSION, /* an object of extended fields: whoever reads it puts its members one by one */
    NAME_SHOWN,     /* what customers show but nobody writes: taken and ignored */
};
struct item_name {
    enum item_name_kind kind;
    enum customer_field basic;    /* of NAME_BASIC */
    const struct field *extended; /* of NAME_EXTENDED: the tenant's */
};

/* `tenant` NULL: extended fields are unknown. */
struct item_name item_name_find(const struct tenant *tenant, struct str name);
/* Inside extensionField. */
struct item_name item_name_extended(const struct tenant *tenant, struct str name);
/* All names that are not a tenant's own, for "did you mean"; len 0 behind the last. */
struct str item_name_at(size_t index);

/* A value as it was written. VALUE_INTEGER carries its digits; VALUE_HUGE is one that a JSON number
 * cannot say; VALUE_OTHER fits no field. */
enum item_value_kind { VALUE_NULL, VALUE_TEXT, VALUE_INTEGER, VALUE_HUGE, VALUE_OTHER };
struct item_value {
    enum item_value_kind kind;
    struct str text;
};

struct item_fault {
    int code; /* a status code; 0: the item is good */
    struct str place;
    const char *what; /* static, or in the arena */
};

struct item_builder {
    const struct tenant *tenant;
    struct arena *arena; /* lists, and texts of faults */
    struct customer_change *change;
    struct item_fault fault; /* the first */
    struct str number_text;  /* what stood for the number */
    bool has_number, no_memory;
    size_t most, extended_max;
};

/* `change` becomes empty; what is put is borrowed by it. `most`: how many values will be put. */
void item_begin(struct item_builder *builder, const struct tenant *tenant, struct arena *arena,
                size_t most, struct customer_change *change);
/* `place` is the name as it was written. An empty text leaves a field alone, null clears it. */
void item_put(struct item_builder *builder, struct str place, struct item_name name,
              struct item_value value);
/* The whole item is there: builder->fault says how it is judged. ERR_NOMEM. */
int item_end(struct item_builder *builder) MUST_USE;

#endif
