/* Civil time: what calendars and clocks on the wall say, without a zone. Pure functions: any thread. */
#ifndef WSCRM_BASE_CIVIL_H
#define WSCRM_BASE_CIVIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define CIVIL_DAY INT64_C(86400) /* seconds */

/* month 1-12, day 1-31 */
struct civil {
    int year, month, day, hour, minute, second;
};

#define CIVIL_MAX_YEAR 999999 /* so that milliseconds and years stay within their types */

/* A day that exists (proleptic Gregorian), year within ±CIVIL_MAX_YEAR, h:m:s in range. */
bool civil_is_real(const struct civil *c);
/* "yyyy-MM-dd HH:mm:ss" with a NUL, of a year from 0 to 9999. */
#define CIVIL_TEXT_SIZE 20
void civil_format(const struct civil *c, char ret_text[CIVIL_TEXT_SIZE]);
int64_t civil_days(int year, int month, int day); /* days since 1970-01-01 */
/* "yyyy-MM-dd HH:mm:ss", digits exactly so. ERR_INVALID otherwise or when not real. */
int civil_parse(struct str text, struct civil *ret_civil) MUST_USE;
void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day);
/* Seconds since 1970-01-01 00:00:00 of the same clock. */
int64_t civil_seconds(const struct civil *c);

bool civil_is_leap(int year);
int civil_month_days(int year, int month);

/* Rounds down, as days before 1970 need it. b > 0. */
static inline int64_t civil_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

#endif
