/* When an account may send by the clock on the wall of its tenant: quiet hours and days. Pure. */
#ifndef WSCRM_ENGINE_HOURS_H
#define WSCRM_ENGINE_HOURS_H

#include <stdint.h>

#include "base/zone.h"

/* When the quiet hours that `now_ms` lies in are over; `now_ms` when it lies in none. From and until are
 * minutes of the day, until the smaller one: over midnight. A time that does not exist is the instant after
 * the gap; of one that occurs twice, quiet hours begin at the first and end at the second. */
int64_t hours_quiet_end(const struct zone *zone, int from_minute, int until_minute, int64_t now_ms);

int64_t hours_day(const struct zone *zone, int64_t now_ms); /* days since 1970 */
int64_t hours_day_start(const struct zone *zone, int64_t day);

#endif
