#include "api/local_time.h"

int local_time_parse(const struct zone *zone, struct str text, int64_t *ret_ms)
{
    char whole[] = "yyyy-MM-dd 00:00:00";
    struct civil local;
    int64_t instants[2];
    if (text.len == strlen("yyyy-MM-dd") || text.len == strlen("yyyy-MM-dd HH:mm")) {
        memcpy(whole, text.p, text.len);
        text = str_of(whole);
    }
    if (civil_parse(text, &local) < 0)
        return ERR_INVALID;
    (void)zone_instants(zone, &local, instants);
    *ret_ms = instants[0];
    return 0;
}
