/* The rate rule: a call is refused if and only if `limit` calls were accepted in the 1,000 ms before
 * it. Exact, by remembering the times of the last `limit` accepted calls in a ring. */
#ifndef WSCRM_DOMAIN_RATE_WINDOW_H
#define WSCRM_DOMAIN_RATE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RATE_WINDOW_US INT64_C(1000000)

/* Zeroed is empty. The ring grows with the calls in the window, never beyond the limit. */
struct rate_window {
    int64_t *times; /* accepted calls, oldest at `first` */
    uint32_t first, count, capacity;
};

struct rate_verdict {
    bool accepted;
    int64_t left;     /* calls that would be accepted right now, after this one */
    int64_t reset_us; /* until the oldest counted call leaves the window; 0 when none is in it */
};

/* Judges a call at `now_us` (must not run backwards) against `limit` > 0 and counts it when accepted.
 * The window is (now - 1,000 ms, now]. `ret_grown`: bytes by which the ring grew (for the table's
 * maximum). ERR_NOMEM when it could not grow: the call is then not counted. */
int rate_window_call(struct rate_window *window, int64_t now_us, uint32_t limit,
                     struct rate_verdict *ret_verdict, size_t *ret_grown);
/* The verdict a call would get, without counting. */
bool rate_window_full(struct rate_window *window, int64_t now_us, uint32_t limit);
/* True when no accepted call is in the window any more: the ring can be dropped. */
bool rate_window_idle(const struct rate_window *window, int64_t now_us);
void rate_window_free(struct rate_window *window);

#endif
