#include "base/civil.h"

#include <stdio.h>

/* Days are counted in years that start in March, so that a leap day is the last of its year, and in
 * eras of 400 years, which all have the same number of days. */

#define ERA_DAYS   146097
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

bool civil_is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && civil_is_leap(year));
}

int64_t civil_days(int year, int month, int day)
{
    const int64_t y = (int64_t)year - (month <= 2);
    const int64_t era = civil_floor_div(y, 400);
    const int64_t year_of_era = y - era * 400;
    const int64_t month_from_march = (month + 9) % 12;
    /* (153 m + 2) / 5: the days of the first m months from March on (31 30 31 30 31 …). */
    const int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

void civil_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
    const int64_t z = days + EPOCH_DAYS;
    const int64_t era = civil_floor_div(z, ERA_DAYS);
    const int64_t doe = z - era * ERA_DAYS; /* day of the era */
    /* The leap days before it are taken out; then all years are 365 days long. */
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153; /* month from March */
    *ret_day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = (int)(yoe + era * 400 + (mp >= 10));
}

bool civil_is_real(const struct civil *c)
{
    return c->year >= -CIVIL_MAX_YEAR && c->year <= CIVIL_MAX_YEAR && c->month >= 1 &&
           c->month <= 12 && c->day >= 1 && c->day <= civil_month_days(c->year, c->month) &&
           c->hour >= 0 && c->hour <= 23 && c->minute >= 0 && c->minute <= 59 && c->second >= 0 &&
           c->second <= 59;
}

/* `count` digits at p, or -1. */
static int digits(const char *p, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        value = value * 10 + (p[i] - '0');
    }
    return value;
}

int civil_parse(struct str text, struct civil *ret_civil)
{
    const char *p = text.p;
    if (text.len != 19 || p[4] != '-' || p[7] != '-' || p[10] != ' ' || p[13] != ':' ||
        p[16] != ':')
        return ERR_INVALID;
    const struct civil c = {.year = digits(p, 4),
                            .month = digits(p + 5, 2),
                            .day = digits(p + 8, 2),
                            .hour = digits(p + 11, 2),
                            .minute = digits(p + 14, 2),
                            .second = digits(p + 17, 2)};
    if (c.year < 0 || !civil_is_real(&c))
        return ERR_INVALID;
    *ret_civil = c;
    return 0;
}

int64_t civil_seconds(const struct civil *c)
{
    return civil_days(c->year, c->month, c->day) * CIVIL_DAY + c->hour * 3600 + c->minute * 60 +
           c->second;
}

void civil_format(const struct civil *c, char ret_text[CIVIL_TEXT_SIZE])
{
    /* The remainders change nothing; they show the compiler that it fits. */
    snprintf(ret_text, CIVIL_TEXT_SIZE, "%04u-%02u-%02u %02u:%02u:%02u", (unsigned)c->year % 10000,
             (unsigned)c->month % 100, (unsigned)c->day % 100, (unsigned)c->hour % 100,
             (unsigned)c->minute % 100, (unsigned)c->second % 100);
}
