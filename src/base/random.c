#include "base/random.h"

/* SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014). */
uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

void random_init(struct random *random, uint64_t seed)
{
    random->state = seed;
}

int64_t random_between(struct random *random, int64_t least, int64_t most)
{
    uint64_t range = (uint64_t)most - (uint64_t)least + 1;
    if (range == 0)
        return (int64_t)random_next(random);
    /* What lies above the last whole multiple of the range would make small results likelier. */
    uint64_t limit = UINT64_MAX - UINT64_MAX % range, drawn;
    do
        drawn = random_next(random);
    while (drawn >= limit);
    return (int64_t)((uint64_t)least + drawn % range);
}
