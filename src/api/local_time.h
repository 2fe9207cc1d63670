/* Times as people write them: in a time zone that the text does not name. */
#ifndef WSCRM_API_LOCAL_TIME_H
#define WSCRM_API_LOCAL_TIME_H

#include "base/zone.h"

/* `yyyy-MM-dd`, its first instant; `yyyy-MM-dd HH:mm`; `yyyy-MM-dd HH:mm:ss`. Of a local time that occurs
 * twice the first. ERR_INVALID. */
int local_time_parse(const struct zone *zone, struct str text, int64_t *ret_ms) MUST_USE;

#endif
