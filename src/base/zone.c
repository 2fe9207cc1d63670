#include "base/zone.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/zone_rule.h"

#define ZONEINFO "/usr/share/zoneinfo/"
#define FILE_MAX ((size_t)256 * 1024) /* the largest of tzdata are 4 KiB */
#define NAME_LEN ((size_t)64)         /* the longest of tzdata has 32 */

/* From `at` on, local time is UTC + offset. */
struct change {
    int64_t at;
    int32_t offset;
};

struct zone {
    struct zone_rule rule;
    int32_t first_offset; /* before the first change */
    size_t count;
    struct change changes[];
};

struct reader {
    const unsigned char *p, *end;
};

struct header {
    unsigned char version;
    uint32_t isut_count, isstd_count, leap_count, time_count, type_count, char_count;
};

static uint32_t get_u32(struct reader *r)
{
    const unsigned char *p = r->p;
    r->p += 4;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* 4 bytes in version 1, 8 from version 2 on. */
static int64_t get_time(struct reader *r, unsigned size)
{
    if (size == 4)
        return (int32_t)get_u32(r);
    const uint64_t high = get_u32(r);
    return (int64_t)(high << 32 | get_u32(r));
}

static uint64_t block_size(const struct header *h, unsigned time_size)
{
    return (uint64_t)h->time_count * (time_size + 1) + (uint64_t)h->type_count * 6 + h->char_count +
           (uint64_t)h->leap_count * (time_size + 4) + h->isstd_count + h->isut_count;
}

/* Reads a header; true when the block behind it is there, too. */
static bool get_header(struct reader *r, unsigned time_size, struct header *h)
{
    if (r->end - r->p < 44 || memcmp(r->p, "TZif", 4) != 0)
        return false;
    h->version = r->p[4];
    r->p += 20; /* 15 reserved bytes behind the version */
    uint32_t *const counts[] = {&h->isut_count, &h->isstd_count, &h->leap_count,
                                &h->time_count, &h->type_count,  &h->char_count};
    for (size_t i = 0; i < 6; i++)
        *counts[i] = get_u32(r);
    return block_size(h, time_size) <= (uint64_t)(r->end - r->p);
}

/* Leap seconds ("right/…") would make all instants differ from the POSIX time that we use. */
static bool counts_fit(const struct header *h)
{
    return h->type_count >= 1 && h->type_count <= 256 && h->char_count >= 1 && h->leap_count == 0 &&
           (h->isut_count == 0 || h->isut_count == h->type_count) &&
           (h->isstd_count == 0 || h->isstd_count == h->type_count);
}

/* Of each local time type the offset; the rest of it (dst or not, abbreviation) is only checked. */
static bool get_offsets(struct reader *r, const struct header *h, int32_t offsets[256])
{
    for (uint32_t i = 0; i < h->type_count; i++) {
        offsets[i] = (int32_t)get_u32(r);
        const unsigned char is_dst = r->p[0], abbreviation = r->p[1];
        r->p += 2;
        if (offsets[i] < ZONE_OFFSET_MIN || offsets[i] > ZONE_OFFSET_MAX || is_dst > 1 ||
            abbreviation >= h->char_count)
            return false;
    }
    return true;
}

/* The block's table; the reader then stands behind the block. */
static bool get_block(struct reader *r, const struct header *h, unsigned time_size,
                      struct zone *zone)
{
    const unsigned char *const end = r->p + block_size(h, time_size);
    for (uint32_t i = 0; i < h->time_count; i++) {
        zone->changes[i].at = get_time(r, time_size);
        if (i > 0 && zone->changes[i].at <= zone->changes[i - 1].at)
            return false;
    }
    const unsigned char *const types = r->p;
    r->p += h->time_count;
    int32_t offsets[256];
    if (!get_offsets(r, h, offsets))
        return false;
    for (uint32_t i = 0; i < h->time_count; i++) {
        if (types[i] >= h->type_count)
            return false;
        zone->changes[i].offset = offsets[types[i]];
    }
    zone->count = h->time_count;
    zone->first_offset = offsets[0];
    r->p = end;
    return true;
}

/* A line of its own; an empty one says that the last change of the table holds for ever. */
static bool get_footer(struct reader *r, struct zone_rule *rule)
{
    if (r->p == r->end || *r->p++ != '\n')
        return false;
    const unsigned char *end = memchr(r->p, '\n', (size_t)(r->end - r->p));
    if (!end)
        return false;
    const struct str text = {(const char *)r->p, (size_t)(end - r->p)};
    return text.len == 0 || zone_rule_parse(text, rule) == 0;
}

int zone_parse(const void *data, size_t len, struct zone **ret_zone)
{
    struct reader r = {data, (const unsigned char *)data + len};
    struct header h;
    unsigned time_size = 4;
    if (!get_header(&r, time_size, &h))
        return ERR_INVALID;
    const unsigned char version = h.version;
    if (version) { /* the table for old readers is followed by the one for us */
        r.p += block_size(&h, time_size);
        time_size = 8;
        if (version < '2' || !get_header(&r, time_size, &h))
            return ERR_INVALID;
    }
    if (!counts_fit(&h))
        return ERR_INVALID;
    struct zone *zone = calloc(1, sizeof(*zone) + h.time_count * sizeof(zone->changes[0]));
    if (!zone)
        return ERR_NOMEM;
    if (!get_block(&r, &h, time_size, zone) || (version && !get_footer(&r, &zone->rule))) {
        free(zone);
        return ERR_INVALID;
    }
    *ret_zone = zone;
    return 0;
}

void zone_free(struct zone *zone)
{
    free(zone);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool name_fits(const char *name)
{
    const size_t len = strlen(name);
    if (len == 0 || len > NAME_LEN || name[0] == '/')
        return false;
    for (size_t i = 0; i < len; i++) {
        const char c = name[i]; /* no dot: so no "..", either */
        if (!is_letter(c) && !(c >= '0' && c <= '9') && !strchr("/_+-", c))
            return false;
    }
    return true;
}

/* The bytes of a regular file into *ret_data (malloc). Returns how many. */
static int read_file(int fd, char **ret_data)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return ERR_SYSTEM;
    if (!S_ISREG(st.st_mode)) /* "Asia" is a folder */
        return ERR_NOT_FOUND;
    if (st.st_size > (off_t)FILE_MAX)
        return ERR_INVALID;
    char *data = malloc(FILE_MAX);
    if (!data)
        return ERR_NOMEM;
    size_t len = 0;
    ssize_t got;
    while ((got = read(fd, data + len, FILE_MAX - len)) > 0)
        len += (size_t)got;
    if (got < 0) {
        free(data);
        return ERR_SYSTEM;
    }
    *ret_data = data;
    return (int)len;
}

int zone_load(const char *name, struct zone **ret_zone)
{
    if (!name_fits(name))
        return ERR_INVALID;
    if (strcmp(name, "UTC") == 0) { /* all zeros: no change, offset 0 */
        struct zone *utc = calloc(1, sizeof(*utc));
        if (!utc)
            return ERR_NOMEM;
        *ret_zone = utc;
        return 0;
    }
    char path[sizeof(ZONEINFO) + NAME_LEN];
    snprintf(path, sizeof(path), ZONEINFO "%s", name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_SYSTEM;
    char *data = NULL;
    int err = read_file(fd, &data);
    close(fd);
    if (err >= 0)
        err = zone_parse(data, (size_t)err, ret_zone);
    free(data);
    return err;
}

/* Without what stands before the name in a path of the zoneinfo folder. */
static const char *name_in_path(const char *path)
{
    const char folder[] = "zoneinfo/";
    const char *found = strstr(path, folder);
    return found ? found + sizeof(folder) - 1 : path;
}

/* The first line of /etc/timezone, which Debian keeps where /etc/localtime is a copy. */
static bool read_timezone_file(char *text, size_t size)
{
    FILE *file = fopen("/etc/timezone", "re");
    if (!file)
        return false;
    const bool got = fgets(text, (int)size, file) != NULL;
    fclose(file);
    text[got ? strcspn(text, " \t\r\n") : 0] = '\0';
    return got && *text;
}

void zone_system_name(char *name, size_t size)
{
    char text[512];
    const char *found = getenv("TZ");
    if (found && *found == ':')
        found++;
    if (found) {
        found = name_in_path(found);
    } else {
        const ssize_t len = readlink("/etc/localtime", text, sizeof(text) - 1);
        text[len > 0 ? len : 0] = '\0';
        found = name_in_path(text);
        if (found == text && read_timezone_file(text, sizeof(text)))
            found = text;
    }
    if (*found == '\0' || *found == '/' || strlen(found) >= size)
        found = "UTC";
    snprintf(name, size, "%s", found);
}

/* Number of changes up to and with t. */
static size_t changes_until(const struct zone *zone, int64_t t)
{
    size_t low = 0, high = zone->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (zone->changes[middle].at <= t)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct zone_span span_at(const struct zone *zone, int64_t t)
{
    const size_t n = changes_until(zone, t);
    const int64_t start = n > 0 ? zone->changes[n - 1].at : INT64_MIN;
    if (n == zone->count && zone->rule.present) {
        struct zone_span span = zone_rule_span(&zone->rule, t);
        if (span.start < start)
            span.start = start;
        return span;
    }
    return (struct zone_span){start, n < zone->count ? zone->changes[n].at : INT64_MAX,
                              n > 0 ? zone->changes[n - 1].offset : zone->first_offset};
}

int zone_instants(const struct zone *zone, const struct civil *local, int64_t ret_ms[2])
{
    assert(civil_is_real(local));
    const int64_t wanted = civil_seconds(local);
    /* The first span begins before the wanted local time, the last one ends behind it: when none holds
     * it, the first that begins behind it is where the clocks jumped over it. */
    int64_t gap_end = INT64_MAX;
    int count = 0;
    struct zone_span span = {.end = wanted - ZONE_OFFSET_MAX - 1};
    while (span.end <= wanted - ZONE_OFFSET_MIN && count < 2) {
        span = span_at(zone, span.end);
        const int64_t t = wanted - span.offset;
        if (t >= span.start && t < span.end)
            ret_ms[count++] = t * 1000;
        else if (t < span.start && gap_end == INT64_MAX)
            gap_end = span.start;
    }
    if (count == 0)
        ret_ms[count++] = gap_end * 1000;
    return count;
}

struct civil zone_civil(const struct zone *zone, int64_t ms)
{
    const int64_t seconds = civil_floor_div(ms, 1000);
    const int64_t local = seconds + span_at(zone, seconds).offset;
    const int64_t days = civil_floor_div(local, CIVIL_DAY);
    const int second = (int)(local - days * CIVIL_DAY);
    struct civil c = {.hour = second / 3600, .minute = second / 60 % 60, .second = second % 60};
    civil_from_days(days, &c.year, &c.month, &c.day);
    return c;
}
