/* The clocks. Rules never read them: they are given `now`. Only edges call these. Any thread. */
#ifndef WSCRM_BASE_CLOCK_H
#define WSCRM_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
int64_t clock_real_ms(void);

/* A clock that never jumps, for durations: microseconds and milliseconds since some start. */
int64_t clock_mono_us(void);
int64_t clock_mono_ms(void);

#endif
