/* A segment: which of a tenant's customers are meant. Pages of customers and tasks' recipients are walks
 * over one. All that is said has to hold; what is not said (zero) means any. */
#ifndef WSCRM_DOMAIN_SEGMENT_H
#define WSCRM_DOMAIN_SEGMENT_H

#include "domain/customer.h"
#include "domain/keyword.h"

enum segment_choice { SEGMENT_ANY, SEGMENT_ONLY, SEGMENT_NONE };

/* Texts are borrowed from whoever makes it. */
struct segment {
    struct str stage, source;                   /* the whole name */
    const struct str *tags;                     /* all of them */
    size_t tag_count;                           /* at most CUSTOMER_MAX_TAGS */
    int64_t owner_id;                           /* of an agent */
    struct str group;                           /* by name: one of its numbers, in either form */
    const struct extended_value *extended;      /* the whole value of each */
    size_t extended_count;                      /* at most TENANT_MAX_FIELDS */
    int64_t created_from_ms, created_before_ms; /* from <= time < before */
    int64_t updated_from_ms, updated_before_ms;
    enum segment_choice opt_out;
    struct keyword keyword;
};

/* True when it is all customers. */
bool segment_is_all(const struct segment *segment);

/* Whether the customer is in it; `in_group`: his number is in the segment's group. */
bool segment_has(const struct segment *segment, const struct customer *customer, bool in_group);

/* Equal segments have equal hashes, also in another process. */
uint64_t segment_hash(const struct segment *segment, uint64_t seed);

#endif
