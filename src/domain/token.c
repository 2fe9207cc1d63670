#include "domain/token.h"

int token_header(struct digest *digest, struct str tenant_id, struct str timestamp,
                 struct str api_key, char ret_hex[MD5_HEX_LEN])
{
    const struct str parts[] = {tenant_id, timestamp, api_key};
    return digest_md5_hex(digest, parts, sizeof(parts) / sizeof(parts[0]), ret_hex);
}

int token_body(struct digest *digest, struct str tenant_id, struct str user_name,
               struct str create_time, struct str api_key, char ret_hex[MD5_HEX_LEN])
{
    const struct str parts[] = {tenant_id, user_name, create_time, api_key};
    return digest_md5_hex(digest, parts, sizeof(parts) / sizeof(parts[0]), ret_hex);
}

bool token_fresh(int64_t now_ms, int64_t time_ms, int window_s)
{
    if (window_s == 0)
        return true;
    /* Compared without a subtraction that a hostile timestamp could overflow. */
    int64_t window_ms = (int64_t)window_s * 1000;
    return time_ms >= now_ms - window_ms && time_ms <= now_ms + window_ms;
}

bool token_fresh_local(int64_t now_ms, const struct civil *local, const struct zone *zone,
                       int window_s)
{
    if (window_s == 0)
        return true;
    int64_t instants[2];
    int count = zone_instants(zone, local, instants);
    for (int i = 0; i < count; i++)
        if (token_fresh(now_ms, instants[i], window_s))
            return true;
    return false;
}
