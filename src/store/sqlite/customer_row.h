/* A customer as the table keeps it: the columns, and the two columns that hold lists as JSON.
 *
 * The lists are read and written by hand, in exactly the form described here, because a tree per row
 * would cost more than the row. Anything else in these columns is a fault that store_check() shows. */
#ifndef WSCRM_STORE_SQLITE_CUSTOMER_ROW_H
#define WSCRM_STORE_SQLITE_CUSTOMER_ROW_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "domain/customer.h"
#include "domain/tenant.h"

/* The columns of STATEMENT_CUSTOMER_FIND. The basic fields stand in the order of
 * customer_fields.def, the labels among them as ids. */
enum customer_column {
    COLUMN_ID,
    COLUMN_FIELDS,
    COLUMN_SEX = COLUMN_FIELDS + CUSTOMER_FIELD_COUNT,
    COLUMN_TAGS,
    COLUMN_EXTENDED,
    COLUMN_OWNER,
    COLUMN_CREATED,
    COLUMN_UPDATED,
    COLUMN_NUMBER, /* of STATEMENT_CUSTOMER_WALK alone */
};

/* tags: `[3,17,4]`, ids of labels. Returns the count, ERR_INVALID for any other form or more than
 * `max`. A len of 0 is none. */
int tag_ids_parse(struct str text, int64_t *ret_ids, size_t max) MUST_USE;
/* Bytes that `count` ids need at most. */
#define TAG_IDS_LONGEST(count) (2 + 20 * (count))
size_t tag_ids_format(const int64_t *ids, size_t count, char *ret_text);

/* extended: `{"12":"text","7":"text"}`, ids of fields. A value is its escaped text, as it stands
 * between the quotes. */
struct extended_raw {
    int64_t field_id;
    struct str escaped;
};
/* A row may hold values of fields that were removed meanwhile, beside all that can be set. */
#define EXTENDED_RAW_MAX (2 * TENANT_MAX_FIELDS)
int extended_parse(struct str text, struct extended_raw *ret_values, size_t max) MUST_USE;
/* The text itself; borrowed from `escaped` when nothing in it is escaped, else in the arena.
 * ERR_INVALID, ERR_NOMEM. */
int extended_unescape(struct arena *arena, struct str escaped, struct str *ret_text) MUST_USE;

#endif
