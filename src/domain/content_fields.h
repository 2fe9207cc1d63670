/* The basic fields of a customer under the names that mass sending gives them, and their values as text. */
#ifndef WSCRM_DOMAIN_CONTENT_FIELDS_H
#define WSCRM_DOMAIN_CONTENT_FIELDS_H

#include "domain/content.h"

/* Whose values they are. `customer` NULL: only the number is known. */
struct content_recipient {
    const struct tenant *tenant;
    int64_t number;
    const struct customer *customer;
};

/* Appends the value of a basic field (any case). ERR_NOT_FOUND: no such basic field. */
int content_basic_value(struct str name, const struct content_recipient *recipient,
                        struct buf *b) MUST_USE;
/* Appends the value of an extended field of the tenant (exact case). ERR_NOT_FOUND: it has none. */
int content_extended_value(struct str name, const struct content_recipient *recipient,
                           struct buf *b) MUST_USE;

#endif
