/* Random numbers for pacing and back-off, from a seed: the same seed, the same numbers. Not for
 * secrets. Belongs to one thread. */
#ifndef WSCRM_BASE_RANDOM_H
#define WSCRM_BASE_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

void random_init(struct random *random, uint64_t seed);
uint64_t random_next(struct random *random);
/* Evenly from [least, most], both included; least <= most. */
int64_t random_between(struct random *random, int64_t least, int64_t most);

#endif
