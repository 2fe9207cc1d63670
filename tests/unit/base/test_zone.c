#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/zone.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct zone *load(const char *name)
{
    struct zone *zone = NULL;
    if (zone_load(name, &zone) != 0)
        fail_msg("%s: is tzdata installed?", name);
    return zone;
}

static struct civil civil(const char *text)
{
    struct civil c = {0};
    assert_int_equal(civil_parse(str_of(text), &c), 0);
    return c;
}

static void assert_civil(const struct zone *zone, int64_t ms, const char *expected)
{
    const struct civil c = zone_civil(zone, ms);
    char text[100];
    snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", c.year, c.month, c.day, c.hour,
             c.minute, c.second);
    assert_string_equal(text, expected);
}

/* Expected values: python3's zoneinfo, another implementation, asked for both values of fold; for a
 * time that does not exist the first instant whose local time is later, found by bisection. */
static void local_times_name_their_instants(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local;
        int count;
        int64_t ms[2];
    } rows[] = {
        {"UTC", "2024-02-29 12:00:00", 1, {1709208000000}},
        {"Europe/Berlin", "2024-07-01 12:00:00", 1, {1719828000000}},
        {"Europe/Berlin", "2024-03-31 02:30:00", 1, {1711846800000}}, /* does not exist */
        {"Europe/Berlin", "2024-10-27 02:30:00", 2, {1729989000000, 1729992600000}},
        {"Europe/Berlin", "2024-10-27 03:00:00", 1, {1729994400000}},
        {"Europe/Berlin", "2060-07-01 12:00:00", 1, {2855901600000}},
        {"Europe/Berlin", "2060-03-28 02:30:00", 1, {2847661200000}}, /* does not exist */
        {"Europe/Berlin", "2060-10-31 02:30:00", 2, {2866408200000, 2866411800000}},
        {"America/New_York", "2024-03-10 02:30:00", 1, {1710054000000}}, /* does not exist */
        {"America/New_York", "2024-11-03 01:30:00", 2, {1730611800000, 1730615400000}},
        {"America/New_York", "2060-11-07 01:59:59", 2, {2867032799000, 2867036399000}},
        {"Asia/Shanghai", "2024-02-29 23:59:59", 1, {1709222399000}},
        {"Asia/Shanghai", "1988-04-17 02:30:00", 1, {577216800000}}, /* does not exist */
        {"Asia/Shanghai", "2060-01-01 00:00:00", 1, {2840112000000}},
        {"Asia/Kolkata", "2024-06-01 12:00:00", 1, {1717223400000}},
        /* half an hour of summer time */
        {"Australia/Lord_Howe", "2024-10-06 02:15:00", 1, {1728142200000}}, /* does not exist */
        {"Australia/Lord_Howe", "2024-04-07 01:45:00", 2, {1712414700000, 1712416500000}},
        {"Australia/Lord_Howe", "2060-04-04 01:45:00", 2, {2848229100000, 2848230900000}},
        /* an hour back for Ramadan */
        {"Africa/Casablanca", "2024-03-10 02:30:00", 2, {1710034200000, 1710037800000}},
        {"Africa/Casablanca", "2024-04-14 02:30:00", 1, {1713060000000}}, /* does not exist */
        /* a day was left out */
        {"Pacific/Apia", "2011-12-30 12:00:00", 1, {1325239200000}},
        /* standard time is in summer */
        {"Europe/Dublin", "2060-07-01 12:00:00", 1, {2855905200000}},
        /* the rule's time of day is negative */
        {"America/Nuuk", "2060-03-27 23:30:00", 1, {2847661200000}}, /* does not exist */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *zone = load(rows[i].zone);
        const struct civil local = civil(rows[i].local);
        int64_t ms[2] = {0};
        assert_int_equal(zone_instants(zone, &local, ms), rows[i].count);
        for (int n = 0; n < rows[i].count; n++)
            assert_int_equal(ms[n], rows[i].ms[n]);
        zone_free(zone);
    }
}

/* python3: datetime.fromtimestamp(ms / 1000, ZoneInfo(zone)) */
static void instants_have_a_local_time(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        int64_t ms;
        const char *local;
    } rows[] = {
        {"Europe/Berlin", 1711846799999, "2024-03-31 01:59:59"},
        {"Europe/Berlin", 1711846800000, "2024-03-31 03:00:00"},
        {"Europe/Berlin", -3000000000000, "1874-12-07 19:33:28"}, /* before its first change */
        {"Europe/Berlin", 4117996800000, "2100-06-30 02:00:00"},
        {"America/New_York", -5000000000000, "1811-07-23 10:10:38"},
        {"Asia/Kolkata", 0, "1970-01-01 05:30:00"},
        {"Asia/Shanghai", -1000, "1970-01-01 07:59:59"},
        {"Asia/Shanghai", -1, "1970-01-01 07:59:59"}, /* milliseconds are rounded down */
        {"Australia/Lord_Howe", 1728142200000, "2024-10-06 02:30:00"},
        {"Africa/Casablanca", 4000000000000, "2096-10-02 08:06:40"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zone *zone = load(rows[i].zone);
        assert_civil(zone, rows[i].ms, rows[i].local);
        zone_free(zone);
    }
}

static void the_ends_of_time_are_no_fault(void **state)
{
    (void)state;
    struct zone *zone = load("Europe/Berlin");
    assert_true(zone_civil(zone, INT64_MAX).year == 292278994);
    assert_true(zone_civil(zone, INT64_MIN).year == -292275055);
    int64_t ms[2];
    const struct civil last = {CIVIL_MAX_YEAR, 12, 31, 23, 59, 59};
    const struct civil first = {-CIVIL_MAX_YEAR, 1, 1, 0, 0, 0};
    assert_int_equal(zone_instants(zone, &last, ms), 1);
    assert_int_equal(zone_instants(zone, &first, ms), 1);
    zone_free(zone);
}

static void names_that_could_leave_the_folder_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/etc/passwd",
        "../etc/passwd",
        "Asia/../../passwd",
        "zone.tab",
        "Asia Shanghai",
        "Asia/Shanghai\n",
        "Asia%2FShanghai",
        "\xC3\xA9",
        "A-name-of-more-than-sixty-four-characters-which-no-zone-of-tzdata-has"};
    struct zone *zone = NULL;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(zone_load(bad[i], &zone), ERR_INVALID);
    assert_int_equal(zone_load("Asia/Atlantis", &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_load("UTC/x", &zone), ERR_NOT_FOUND);
    assert_int_equal(zone_load("Asia", &zone), ERR_NOT_FOUND); /* a folder */
    assert_null(zone);
    zone_free(NULL);
}

static void the_system_zone_is_that_of_tz_first(void **state)
{
    (void)state;
    static const struct {
        const char *tz, *name;
    } rows[] = {
        {"Asia/Shanghai", "Asia/Shanghai"},
        {":Asia/Shanghai", "Asia/Shanghai"},
        {"/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata"},
        {":/usr/share/zoneinfo/Asia/Kolkata", "Asia/Kolkata"},
        {"/somewhere/else", "UTC"},
        {"", "UTC"},
        {"A/zone/name/that/does/not/fit/into/the/forty/bytes", "UTC"},
    };
    char name[40];
    for (size_t i = 0; i < COUNT(rows); i++) {
        setenv("TZ", rows[i].tz, 1);
        zone_system_name(name, sizeof(name));
        assert_string_equal(name, rows[i].name);
    }
    unsetenv("TZ");
    zone_system_name(name, sizeof(name)); /* whatever this machine has */
    assert_true(strlen(name) > 0);
}

/* ---- files made here ---- */

struct file {
    unsigned char bytes[1024];
    size_t len;
};

static void put(struct file *file, const void *bytes, size_t len)
{
    memcpy(file->bytes + file->len, bytes, len);
    file->len += len;
}

static void put_number(struct file *file, int64_t number, int size)
{
    for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
        file->bytes[file->len++] = (unsigned char)((uint64_t)number >> shift);
}

static void put_header(struct file *file, char version, int times, int types, int chars)
{
    const char reserved[15] = "";
    put(file, "TZif", 4);
    put(file, &version, 1);
    put(file, reserved, sizeof(reserved));
    const int counts[] = {0, 0, 0, times, types, chars}; /* isut, isstd, leap first */
    for (size_t i = 0; i < 6; i++)
        put_number(file, counts[i], 4);
}

static void put_type(struct file *file, int offset, int is_dst, int abbreviation)
{
    put_number(file, offset, 4);
    put_number(file, is_dst, 1);
    put_number(file, abbreviation, 1);
}

/* An hour from 1,000,000 s on, two from 2,000,000 s on; before that, none. */
static void put_block(struct file *file, char version, int size)
{
    put_header(file, version, 2, 3, 4);
    put_number(file, 1000000, size);
    put_number(file, 2000000, size);
    put(file, "\1\2", 2);
    put_type(file, 0, 0, 0);
    put_type(file, 3600, 0, 0);
    put_type(file, 7200, 1, 0);
    put(file, "ABC", 4);
}

static struct file file_v1(void)
{
    struct file file = {.len = 0};
    put_block(&file, '\0', 4);
    return file;
}

/* As zic writes slim files: nothing for old readers, and a footer. */
static struct file file_v2(const char *footer)
{
    struct file file = {.len = 0};
    put_header(&file, '2', 0, 1, 1);
    put_type(&file, 0, 0, 0);
    put(&file, "", 1);
    put_block(&file, '2', 8);
    put(&file, "\n", 1);
    put(&file, footer, strlen(footer));
    put(&file, "\n", 1);
    return file;
}

/* From exactly as many bytes on the heap: AddressSanitizer sees a read behind them. */
static int parse(const struct file *file, size_t len, struct zone **ret_zone)
{
    unsigned char *copy = malloc(len ? len : 1);
    memcpy(copy, file->bytes, len);
    const int err = zone_parse(copy, len, ret_zone);
    free(copy);
    return err;
}

static struct zone *parsed(const struct file *file)
{
    struct zone *zone = NULL;
    assert_int_equal(parse(file, file->len, &zone), 0);
    return zone;
}

static void files_of_both_versions_are_read(void **state)
{
    (void)state;
    const struct file files[] = {file_v1(), file_v2(""), file_v2("ABC-2")};
    for (size_t i = 0; i < COUNT(files); i++) {
        struct zone *zone = parsed(&files[i]);
        assert_civil(zone, 0, "1970-01-01 00:00:00");
        assert_civil(zone, 999999999, "1970-01-12 13:46:39");
        assert_civil(zone, 1000000000, "1970-01-12 14:46:40");
        assert_civil(zone, 2000000000, "1970-01-24 05:33:20");
        assert_civil(zone, 4000000000000, "2096-10-02 09:06:40");
        zone_free(zone);
    }
}

static void every_cut_file_is_refused(void **state)
{
    (void)state;
    const struct file files[] = {file_v1(), file_v2("ABC-2DEF,M3.5.0,M10.5.0/3")};
    struct zone *zone = NULL;
    for (size_t i = 0; i < COUNT(files); i++)
        for (size_t len = 0; len < files[i].len; len++)
            assert_int_equal(parse(&files[i], len, &zone), ERR_INVALID);
    assert_null(zone);
}

/* One byte of the version-1 file is made wrong at a time. */
static void malformed_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        unsigned char byte;
        const char *what;
    } rows[] = {
        {0, 'X', "magic"},
        {4, '1', "version"},
        {23, 1, "a UT indicator for one of three types"},
        {27, 2, "a standard indicator for two of three types"},
        {31, 1, "leap seconds"},
        {20, 0xFF, "huge count of UT indicators"},
        {32, 0xFF, "huge count of changes"},
        {36, 0xFF, "huge count of types"},
        {40, 0xFF, "huge count of characters"},
        {39, 0, "no type"},
        {43, 0, "no abbreviation"},
        {44, 0x7F, "changes not ascending"},
        {52, 3, "a type that is not there"},
        {54, 0x7F, "an offset of years"},
        {54, 0x80, "an offset of minus years"},
        {58, 2, "neither summer time nor not"},
        {59, 4, "an abbreviation that is not there"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct file file = file_v1();
        struct zone *zone = NULL;
        file.bytes[rows[i].at] = rows[i].byte;
        if (parse(&file, file.len, &zone) != ERR_INVALID)
            fail_msg("%s", rows[i].what);
    }
}

/* Expected values: TZ='the footer' date -d @seconds '+%F %T' (glibc has a reader of its own). */
static void footers_rule_behind_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *footer;
        int64_t s;
        const char *local;
    } rows[] = {
        {"CET-1", 1893456000, "2030-01-01 01:00:00"},
        {"<-0330>3:30", 1893456000, "2029-12-31 20:30:00"},
        {"<+123456>-12:34:56", 1893456000, "2030-01-01 12:34:56"},
        {"ABC+5", 1893456000, "2029-12-31 19:00:00"},
        /* July 1: summer time, an hour ahead when it does not say more */
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1909094400, "2030-07-01 02:00:00"},
        {"ABC-1DEF-3,M3.5.0,M10.5.0", 1909094400, "2030-07-01 03:00:00"},
        /* the southern hemisphere: January is summer, July is not */
        {"ABC-10DEF,M10.1.0,M4.1.0/3", 1893456000, "2030-01-01 11:00:00"},
        {"ABC-10DEF,M10.1.0,M4.1.0/3", 1909094400, "2030-07-01 10:00:00"},
        /* J60 is March 1 in every year, 59 (from zero) as well but in leap years */
        {"ABC0DEF,J60/0,J300", 1898553599, "2030-02-28 23:59:59"},
        {"ABC0DEF,J60/0,J300", 1898553600, "2030-03-01 01:00:00"},
        {"ABC0DEF,59/0,J300", 1898553600, "2030-03-01 01:00:00"},
        {"ABC0DEF,J60/0,J300", 1961711999, "2032-02-29 23:59:59"},
        {"ABC0DEF,59/0,J300", 1961625600, "2032-02-29 01:00:00"},
        /* hours beyond a day and before it: the fourth Monday is the 25th, the fourth Thursday the
         * 28th */
        {"ABC0DEF,M3.4.1/72,M10.5.0", 1900886399, "2030-03-27 23:59:59"},
        {"ABC0DEF,M3.4.1/72,M10.5.0", 1900886400, "2030-03-28 01:00:00"},
        {"ABC0DEF,M3.4.4/-24,M10.5.0", 1900799999, "2030-03-26 23:59:59"},
        {"ABC0DEF,M3.4.4/-24,M10.5.0", 1900800000, "2030-03-27 01:00:00"},
        /* RFC 8536: summer time all the year, also around the turn of it, where glibc 2.36 says
         * 23:59:59 for the first of these */
        {"EST5EDT,0/0,J365/25", 1893473999, "2030-01-01 00:59:59"},
        {"EST5EDT,0/0,J365/25", 1893474000, "2030-01-01 01:00:00"},
        {"EST5EDT,0/0,J365/25", 1909094400, "2030-06-30 20:00:00"},
        {"XXX3EDT4,0/0,J365/23", 1893466800, "2029-12-31 23:00:00"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct file file = file_v2(rows[i].footer);
        struct zone *zone = parsed(&file);
        assert_civil(zone, rows[i].s * 1000, rows[i].local);
        zone_free(zone);
    }
}

static void malformed_footers_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "CE-1",
        "CET",
        "-1",
        "<CET-1",
        "<>-1",
        "CET-25",
        "CET-1:60",
        "CET-1:",
        "CET-1x",
        "CET-1 ",
        "CET-1CEST",
        "CET-1CEST,M3.5.0",
        "CET-1CEST,M3.5.0,",
        "CET-1CEST,M3.5.0,M10.5.0,",
        "CET-1CEST,M3.5.0,M10.5.0/168",
        "CET-1CEST,M3.5.0,M10.5.0/",
        "CET-1CEST,M0.5.0,M10.5.0",
        "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.0.0,M10.5.0",
        "CET-1CEST,M3.6.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5,M10.5.0",
        "CET-1CEST,J0,J10",
        "CET-1CEST,J366,J10",
        "CET-1CEST,366,J10",
        "CET-1CE,J1,J10",
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        const struct file file = file_v2(bad[i]);
        struct zone *zone = NULL;
        if (parse(&file, file.len, &zone) != ERR_INVALID)
            fail_msg("%s", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(local_times_name_their_instants),
        cmocka_unit_test(instants_have_a_local_time),
        cmocka_unit_test(the_ends_of_time_are_no_fault),
        cmocka_unit_test(names_that_could_leave_the_folder_are_refused),
        cmocka_unit_test(the_system_zone_is_that_of_tz_first),
        cmocka_unit_test(files_of_both_versions_are_read),
        cmocka_unit_test(every_cut_file_is_refused),
        cmocka_unit_test(malformed_files_are_refused),
        cmocka_unit_test(footers_rule_behind_the_table),
        cmocka_unit_test(malformed_footers_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
