#include "base/zone_rule.h"

#include "base/civil.h"

/* Reads a number of 1 to 3 digits up to `max`; -1 when there is none. */
static int read_number(struct str *s, int max)
{
    int value = 0;
    size_t n = 0;
    while (n < s->len && n < 3 && s->p[n] >= '0' && s->p[n] <= '9')
        value = value * 10 + (s->p[n++] - '0');
    if (n == 0 || value > max)
        return -1;
    *s = (struct str){s->p + n, s->len - n};
    return value;
}

static bool skip_char(struct str *s, char c)
{
    if (s->len == 0 || *s->p != c)
        return false;
    *s = (struct str){s->p + 1, s->len - 1};
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool read_time(struct str *s, int max_hours, int32_t *ret_seconds)
{
    const bool minus = skip_char(s, '-');
    if (!minus)
        skip_char(s, '+');
    int part[3] = {read_number(s, max_hours), 0, 0};
    for (int i = 1; i < 3 && part[i - 1] >= 0 && skip_char(s, ':'); i++)
        part[i] = read_number(s, 59);
    if (part[0] < 0 || part[1] < 0 || part[2] < 0)
        return false;
    const int32_t seconds = part[0] * 3600 + part[1] * 60 + part[2];
    *ret_seconds = minus ? -seconds : seconds;
    return true;
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A zone's abbreviation, which nothing here needs: "CET" or "<+0330>". */
static bool skip_abbreviation(struct str *s)
{
    if (skip_char(s, '<')) {
        const char *end = memchr(s->p, '>', s->len);
        const size_t len = end ? (size_t)(end - s->p) : 0;
        *s = (struct str){s->p + len, s->len - len};
        return len > 0 && skip_char(s, '>');
    }
    size_t len = 0;
    while (len < s->len && is_letter(s->p[len]))
        len++;
    *s = (struct str){s->p + len, s->len - len};
    return len >= 3;
}

/* Mm.w.d: the d-th day of the week (0: Sunday) in its w-th week of month m; week 5 is the last. */
static bool read_day_of_week(struct str *s, struct zone_rule_day *day)
{
    day->kind = DAY_OF_WEEK;
    day->month = read_number(s, 12);
    day->week = skip_char(s, '.') ? read_number(s, 5) : -1;
    day->day = skip_char(s, '.') ? read_number(s, 6) : -1;
    return day->month >= 1 && day->week >= 1 && day->day >= 0;
}

/* ,date[/time] */
static bool read_rule_day(struct str *s, struct zone_rule_day *day)
{
    bool good = skip_char(s, ',');
    if (skip_char(s, 'M')) {
        good = good && read_day_of_week(s, day);
    } else {
        day->kind = skip_char(s, 'J') ? DAY_JULIAN : DAY_ZERO_BASED;
        day->day = read_number(s, 365);
        good = good && day->day >= (day->kind == DAY_JULIAN ? 1 : 0);
    }
    day->second = 2 * 3600;
    return good && (!skip_char(s, '/') || read_time(s, 167, &day->second));
}

/* dst[offset],start,end; without an offset it is an hour ahead. */
static bool read_dst(struct str *s, struct zone_rule *rule)
{
    int32_t west = -(rule->std_offset + 3600);
    if (!skip_abbreviation(s) || (s->len && *s->p != ',' && !read_time(s, 24, &west)))
        return false;
    rule->has_dst = true;
    rule->dst_offset = -west;
    return read_rule_day(s, &rule->start) && read_rule_day(s, &rule->end);
}

/* The offsets of the text are the other way round: what to add to local time to get UTC. */
int zone_rule_parse(struct str text, struct zone_rule *ret_rule)
{
    struct zone_rule rule = {.present = true};
    int32_t west;
    if (!skip_abbreviation(&text) || !read_time(&text, 24, &west))
        return ERR_INVALID;
    rule.std_offset = -west;
    if (text.len && (!read_dst(&text, &rule) || text.len))
        return ERR_INVALID;
    *ret_rule = rule;
    return 0;
}

/* The local second at which a rule's day begins its change, in `year`. */
static int64_t rule_second(const struct zone_rule_day *rule, int year)
{
    int64_t day;
    if (rule->kind == DAY_OF_WEEK) {
        const int64_t first = civil_days(year, rule->month, 1);
        /* 1970-01-01 was a Thursday (4). */
        const int64_t weekday = first + 4 - civil_floor_div(first + 4, 7) * 7;
        day = first + (rule->day - weekday + 7) % 7 + (rule->week - 1) * 7;
        if (day >= first + civil_month_days(year, rule->month))
            day -= 7; /* there is no fifth: the last */
    } else {
        day = civil_days(year, 1, 1) + rule->day;
        /* Jn: 1 is January 1, and February 29 has no number. */
        if (rule->kind == DAY_JULIAN)
            day -= !(civil_is_leap(year) && rule->day >= 60);
    }
    return day * CIVIL_DAY + rule->second;
}

/* Makes `span`, which is to hold t, end or start at a change of offset. Of two changes at one instant
 * the one given last wins: summer time all the year is written as a year's end of it at the instant
 * of the next year's start. */
static void narrow(struct zone_span *span, int64_t t, int64_t change, int32_t offset)
{
    if (change > t) {
        if (change < span->end)
            span->end = change;
    } else if (change >= span->start) {
        span->start = change;
        span->offset = offset;
    }
}

static void narrow_by_year(struct zone_span *span, int64_t t, const struct zone_rule *rule,
                           int year)
{
    const int64_t start = rule_second(&rule->start, year) - rule->std_offset;
    const int64_t end = rule_second(&rule->end, year) - rule->dst_offset;
    if (start <= end)
        narrow(span, t, start, rule->dst_offset);
    narrow(span, t, end, rule->std_offset);
    if (start > end) /* the southern hemisphere */
        narrow(span, t, start, rule->dst_offset);
}

/* A change may be up to a week outside its year, so two years on either side are enough. */
struct zone_span zone_rule_span(const struct zone_rule *rule, int64_t t)
{
    struct zone_span span = {INT64_MIN, INT64_MAX, rule->std_offset};
    if (!rule->has_dst)
        return span;
    int year, month, day;
    civil_from_days(civil_floor_div(t, CIVIL_DAY), &year, &month, &day);
    for (int y = year - 2; y <= year + 2; y++)
        narrow_by_year(&span, t, rule, y);
    return span;
}
