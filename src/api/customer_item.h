/* One item of an import: from JSON to what changes in a customer. */
#ifndef WSCRM_API_CUSTOMER_ITEM_H
#define WSCRM_API_CUSTOMER_ITEM_H

#include <stdbool.h>

#include "api/exchange.h"
#include "base/json.h"
#include "domain/customer_change.h"
#include "store/store.h"

/* One member of an item as JSON has it. What stands in an object extensionField comes one by one. */
struct item_member {
    struct str name;
    bool is_extension; /* it stood in extensionField */
    struct item_value value;
};
/* Calls `each` for all members of an object, in their order. Texts are the tree's or the arena's.
 * ERR_NOMEM. */
int customer_item_each(const struct json *item, struct arena *arena,
                       void (*each)(void *context, const struct item_member *member),
                       void *context) MUST_USE;
/* How many they are at most. */
size_t customer_item_count(const struct json *item);

/* What the store says of an item; code 0: it is good. */
struct item_fault customer_outcome_fault(const struct customer_outcome *outcome);

/* How an item was judged: code 0 is good; else a status code and the message for it, which names the
 * place. */
struct item_verdict {
    int code;
    const char *message;
    struct str whats_id; /* what was sent as the number */
    int64_t number;      /* of a good one */
};

/* Reads item `index`, a JSON object, with the rules of the import (see docs/API.md). All is borrowed
 * from the request. May run on a helper thread. ERR_NOMEM; else 0, whatever the verdict. */
int customer_item_read(struct exchange *x, const struct json *item, size_t index,
                       struct customer_change *ret_change,
                       struct item_verdict *ret_verdict) MUST_USE;

/* A bad verdict: "data[3].birthday: what", in request memory. */
void item_fault(struct exchange *x, struct item_verdict *verdict, size_t index, struct str place,
                int code, const char *what);

#endif
