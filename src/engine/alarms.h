/* What is to happen at a time: a heap of alarms that are embedded in what they are about. One thread. */
#ifndef WSCRM_ENGINE_ALARMS_H
#define WSCRM_ENGINE_ALARMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define ALARM_NEVER INT64_MAX

struct alarm {
    int64_t at_ms;
    size_t place; /* in the heap, from 1 on; 0: not set */
    void (*ring)(void *context, struct alarm *alarm);
};

struct alarms {
    struct alarm **heap; /* [1 … count] */
    size_t count, room;
};

void alarms_free(struct alarms *alarms);
/* Room for so many alarms at once, so that setting one cannot fail. ERR_NOMEM. */
int alarms_reserve(struct alarms *alarms, size_t count) MUST_USE;
/* Sets it, or to another time; ALARM_NEVER takes it out. */
void alarm_set(struct alarms *alarms, struct alarm *alarm, int64_t at_ms);
int64_t alarms_next(const struct alarms *alarms); /* ALARM_NEVER: there is none */
/* Rings what is due, each after it was taken out. */
void alarms_ring(struct alarms *alarms, int64_t now_ms, void *context);

#endif
