#include "engine/alarms.h"

#include <stdlib.h>

void alarms_free(struct alarms *alarms)
{
    free(alarms->heap);
    *alarms = (struct alarms){0};
}

int alarms_reserve(struct alarms *alarms, size_t count)
{
    size_t room = alarms->room ? alarms->room : 64;
    while (room < count + 1)
        room *= 2;
    if (room == alarms->room)
        return 0;
    struct alarm **heap = realloc(alarms->heap, room * sizeof(struct alarm *));
    if (!heap)
        return ERR_NOMEM;
    alarms->heap = heap;
    alarms->room = room;
    return 0;
}

static void put(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    alarms->heap[place] = alarm;
    alarm->place = place;
}

static void rise(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    for (; place > 1 && alarms->heap[place / 2]->at_ms > alarm->at_ms; place /= 2)
        put(alarms, place, alarms->heap[place / 2]);
    put(alarms, place, alarm);
}

static void sink(struct alarms *alarms, size_t place, struct alarm *alarm)
{
    for (;;) {
        size_t child = place * 2;
        if (child < alarms->count && alarms->heap[child + 1]->at_ms < alarms->heap[child]->at_ms)
            child++;
        if (child > alarms->count || alarms->heap[child]->at_ms >= alarm->at_ms)
            break;
        put(alarms, place, alarms->heap[child]);
        place = child;
    }
    put(alarms, place, alarm);
}

static void take_out(struct alarms *alarms, struct alarm *alarm)
{
    size_t place = alarm->place;
    struct alarm *last = alarms->heap[alarms->count--];
    alarm->place = 0;
    if (last == alarm)
        return;
    if (place > 1 && alarms->heap[place / 2]->at_ms > last->at_ms)
        rise(alarms, place, last);
    else
        sink(alarms, place, last);
}

void alarm_set(struct alarms *alarms, struct alarm *alarm, int64_t at_ms)
{
    if (alarm->place && alarm->at_ms == at_ms)
        return;
    if (alarm->place)
        take_out(alarms, alarm);
    alarm->at_ms = at_ms;
    if (at_ms != ALARM_NEVER)
        rise(alarms, ++alarms->count, alarm);
}

int64_t alarms_next(const struct alarms *alarms)
{
    return alarms->count ? alarms->heap[1]->at_ms : ALARM_NEVER;
}

void alarms_ring(struct alarms *alarms, int64_t now_ms, void *context)
{
    while (alarms_next(alarms) <= now_ms) {
        struct alarm *alarm = alarms->heap[1];
        take_out(alarms, alarm);
        alarm->ring(context, alarm);
    }
}
