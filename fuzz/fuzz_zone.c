/* zone_parse() on any bytes, and the two questions to what it takes. The first eight bytes are the
 * instant to ask about. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/zone.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static bool same(const struct civil *a, const struct civil *b)
{
    return civil_seconds(a) == civil_seconds(b);
}

/* An instant's local time names that instant again, unless the file holds three of them. */
static void check_instant(const struct zone *zone, int64_t ms)
{
    const struct civil local = zone_civil(zone, ms);
    if (!civil_is_real(&local))
        return; /* a year that zone_instants() does not take */
    int64_t again[2];
    const int count = zone_instants(zone, &local, again);
    CHECK(count == 1 || (count == 2 && again[0] < again[1]));
    for (int i = 0; i < count; i++) {
        const struct civil back = zone_civil(zone, again[i]);
        CHECK(same(&back, &local));
    }
    const int64_t second = civil_floor_div(ms, 1000) * 1000;
    CHECK(again[0] == second || count == 2);
}

/* Any local time: each instant it names has it, and a gap's end is not before it. */
static void check_local(const struct zone *zone, int64_t seconds)
{
    struct civil local = {.second = (int)(seconds & 31), .minute = (int)(seconds >> 5 & 31)};
    civil_from_days(seconds % 365000, &local.year, &local.month, &local.day);
    int64_t ms[2];
    const int count = zone_instants(zone, &local, ms);
    for (int i = 0; i < count; i++) {
        const struct civil back = zone_civil(zone, ms[i]);
        CHECK(same(&back, &local) || (count == 1 && civil_seconds(&back) > civil_seconds(&local)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t ms;
    if (size < sizeof(ms))
        return 0;
    memcpy(&ms, data, sizeof(ms));
    struct zone *zone = NULL;
    const int err = zone_parse(data + sizeof(ms), size - sizeof(ms), &zone);
    CHECK(err == 0 || err == ERR_INVALID);
    if (err < 0)
        return 0;
    check_instant(zone, ms);
    check_instant(zone, ms % 8000000000000); /* within 250 years of 1970 */
    check_local(zone, ms);
    zone_free(zone);
    return 0;
}
