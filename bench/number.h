/* The customers of the benchmarks: the i-th has a number of twelve digits that tells nothing of i.
 *
 * bench/lab.py has the same function. */
#ifndef WSCRM_BENCH_NUMBER_H
#define WSCRM_BENCH_NUMBER_H

#include <stdint.h>

#define NUMBER_DIGITS 12

/* An odd factor makes a permutation of 2^30 numbers, scattered as real ones are: numbers in order
 * would flatter every B-tree. */
static inline int64_t number_at(int64_t index)
{
    return INT64_C(861000000000) + (int64_t)((uint64_t)index * 2654435761u % (1u << 30));
}

/* Exactly NUMBER_DIGITS digits, no NUL behind them. */
static inline void number_write(int64_t number, char *to)
{
    for (int i = NUMBER_DIGITS - 1; i >= 0; i--, number /= 10)
        to[i] = (char)('0' + number % 10);
}

#endif
