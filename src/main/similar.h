/* "Did you mean …?" */
#ifndef WSCRM_MAIN_SIMILAR_H
#define WSCRM_MAIN_SIMILAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

#define SIMILAR_NAME_MAX 64

/* The candidate nearest to `word` so far. Start zeroed. */
struct similar {
    char name[SIMILAR_NAME_MAX];
    size_t distance; /* valid when name is not empty */
};

/* Looks at one more candidate; keeps it when it is near enough and nearer than what was kept. */
void similar_try(struct similar *similar, struct str word, struct str candidate);

/* As similar_try(), for names whose letters' case counts: a candidate that differs in nothing else is
 * the nearest of all. */
void similar_try_name(struct similar *similar, struct str word, struct str candidate);

/* The least number of letters to insert, drop or exchange (Levenshtein). Of at most
 * SIMILAR_NAME_MAX - 1 letters each; longer ones are as far away as can be. */
size_t similar_distance(struct str a, struct str b);

#endif
