/* Time zones: the system's TZif files (RFC 8536) read into an immutable table, because setenv(TZ)
 * and localtime() are not for threads. */
#ifndef WSCRM_BASE_ZONE_H
#define WSCRM_BASE_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/civil.h"
#include "base/err.h"
#include "base/text.h"

struct zone; /* immutable after zone_load(): any thread may read */

/* Loads `name` ("Asia/Shanghai", "UTC") from /usr/share/zoneinfo. Refused (ERR_INVALID): an empty
 * name, one that starts with '/', has "..", or bytes outside [A-Za-z0-9/_+-]. ERR_NOT_FOUND: no such
 * file. "UTC" works without any file. */
int zone_load(const char *name, struct zone **ret_zone) MUST_USE;
/* The same from bytes (the fuzz target and tests call it). ERR_INVALID on any malformed file. */
int zone_parse(const void *data, size_t len, struct zone **ret_zone) MUST_USE;
void zone_free(struct zone *zone);

/* The server's own zone by name: $TZ, else the target of /etc/localtime, else the line of
 * /etc/timezone, else "UTC". Writes into name[size]. It need not be one that zone_load() takes ($TZ
 * may say anything). */
void zone_system_name(char *name, size_t size);

/* The instants (epoch ms) that a local time names: 1 normally; 2 where clocks went back (earlier
 * first); a time that does not exist is the instant after the gap (1). Returns the count. `local`
 * must be real. */
int zone_instants(const struct zone *zone, const struct civil *local, int64_t ret_ms[2]);

/* Local civil time of an instant. */
struct civil zone_civil(const struct zone *zone, int64_t ms);

#endif
