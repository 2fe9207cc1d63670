/* The last line of a time zone's file: what holds behind its table, as a POSIX TZ text
 * ("CET-1CEST,M3.5.0,M10.5.0/3") with the extensions of RFC 8536. Of use to zone.c only; pure
 * functions: any thread. */
#ifndef WSCRM_BASE_ZONE_RULE_H
#define WSCRM_BASE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* The range of offsets that RFC 8536 names (section 3.2): more than -25 h, less than 26 h. */
#define ZONE_OFFSET_MIN (-89999)
#define ZONE_OFFSET_MAX 93599

/* A day of the year of a footer's rule, and the local second of it. */
struct zone_rule_day {
    enum { DAY_JULIAN, DAY_ZERO_BASED, DAY_OF_WEEK } kind; /* Jn, n, Mm.w.d */
    int day, week, month;                                  /* day: n or the day of the week */
    int32_t second;                                        /* -167 h to 167 h */
};

/* The footer: what holds behind the table. */
struct zone_rule {
    bool present; /* the file has a footer */
    bool has_dst; /* else std_offset holds for ever */
    int32_t std_offset, dst_offset;
    struct zone_rule_day start, end; /* of dst */
};

/* The stretch of time around an instant in which one offset holds: start <= t < end. */
struct zone_span {
    int64_t start, end;
    int32_t offset;
};

/* ERR_INVALID when `text` is not such a rule. */
int zone_rule_parse(struct str text, struct zone_rule *ret_rule) MUST_USE;

/* The span around `t`, in seconds since 1970. */
struct zone_span zone_rule_span(const struct zone_rule *rule, int64_t t);

#endif
