/* The smallest of many numbers: a heap of at most so many, whose root is the largest. For the pages of
 * what comes in another order than it is shown in. One thread. */
#ifndef WSCRM_BASE_SMALLEST_H
#define WSCRM_BASE_SMALLEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct smallest {
    int64_t *numbers; /* [count]; a heap until smallest_sort() */
    size_t count, most, room;
};

/* Zeroed is ready for this: empty, keeps the `most` smallest. ERR_NOMEM. */
int smallest_begin(struct smallest *smallest, size_t most) MUST_USE;
void smallest_free(struct smallest *smallest); /* ready for smallest_begin() again */

/* Whether smallest_add() would keep it. */
static inline bool smallest_wants(const struct smallest *smallest, int64_t number)
{
    return smallest->count < smallest->most ||
           (smallest->most > 0 && number < smallest->numbers[0]);
}
void smallest_add(struct smallest *smallest, int64_t number);

/* Ascending, in numbers[]. Nothing may be added any more. */
void smallest_sort(struct smallest *smallest);

#endif
