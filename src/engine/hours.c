#include "engine/hours.h"

static struct civil at_minute(int64_t day, int minute)
{
    struct civil local = {.hour = minute / 60, .minute = minute % 60};
    civil_from_days(day, &local.year, &local.month, &local.day);
    return local;
}

static int64_t first_instant(const struct zone *zone, int64_t day, int minute)
{
    int64_t instants[2];
    const struct civil local = at_minute(day, minute);
    (void)zone_instants(zone, &local, instants);
    return instants[0];
}

static int64_t last_instant(const struct zone *zone, int64_t day, int minute)
{
    int64_t instants[2];
    const struct civil local = at_minute(day, minute);
    return instants[zone_instants(zone, &local, instants) - 1];
}

int64_t hours_quiet_end(const struct zone *zone, int from_minute, int until_minute, int64_t now_ms)
{
    int64_t today = hours_day(zone, now_ms);
    for (int64_t day = today - 1; day <= today; day++) {
        int64_t from_ms = first_instant(zone, day, from_minute);
        int64_t until_ms = last_instant(zone, day + (until_minute <= from_minute), until_minute);
        if (from_ms <= now_ms && now_ms < until_ms)
            return until_ms;
    }
    return now_ms;
}

int64_t hours_day(const struct zone *zone, int64_t now_ms)
{
    struct civil local = zone_civil(zone, now_ms);
    return civil_days(local.year, local.month, local.day);
}

int64_t hours_day_start(const struct zone *zone, int64_t day)
{
    return first_instant(zone, day, 0);
}
