#include "domain/rate_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define FIRST_CAPACITY 8

static int64_t time_at(const struct rate_window *window, uint32_t index)
{
    return window->times[(window->first + index) % window->capacity];
}

/* Forgets calls that have left the window (now - 1,000 ms, now]. */
static void forget_old(struct rate_window *window, int64_t now_us)
{
    while (window->count > 0 && time_at(window, 0) <= now_us - RATE_WINDOW_US) {
        window->first = (window->first + 1) % window->capacity;
        window->count--;
    }
}

/* Doubles the ring, at most to `limit` (a lowered limit never shrinks it: it is dropped when idle). */
static int grow(struct rate_window *window, uint32_t limit, size_t *ret_grown)
{
    uint32_t capacity = window->capacity ? window->capacity * 2 : FIRST_CAPACITY;
    if (capacity > limit)
        capacity = limit;
    int64_t *times = malloc(capacity * sizeof(*times));
    if (!times)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < window->count; i++)
        times[i] = time_at(window, i);
    free(window->times);
    *ret_grown = (capacity - window->capacity) * sizeof(*times);
    window->times = times;
    window->first = 0;
    window->capacity = capacity;
    return 0;
}

int rate_window_call(struct rate_window *window, int64_t now_us, uint32_t limit,
                     struct rate_verdict *ret_verdict, size_t *ret_grown)
{
    *ret_grown = 0;
    forget_old(window, now_us);
    bool accepted = window->count < limit;
    if (accepted) {
        if (window->count == window->capacity) {
            int result = grow(window, limit, ret_grown);
            if (result < 0)
                return result;
        }
        window->times[(window->first + window->count) % window->capacity] = now_us;
        window->count++;
    }
    *ret_verdict = (struct rate_verdict){
        .accepted = accepted,
        .left = window->count < limit ? (int64_t)limit - window->count : 0,
        .reset_us = window->count ? time_at(window, 0) + RATE_WINDOW_US - now_us : 0,
    };
    return 0;
}

bool rate_window_full(struct rate_window *window, int64_t now_us, uint32_t limit)
{
    forget_old(window, now_us);
    return window->count >= limit;
}

bool rate_window_idle(const struct rate_window *window, int64_t now_us)
{
    return window->count == 0 || time_at(window, window->count - 1) <= now_us - RATE_WINDOW_US;
}

void rate_window_free(struct rate_window *window)
{
    free(window->times);
    memset(window, 0, sizeof(*window));
}
