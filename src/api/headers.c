#include "api/headers.h"

#include <stdarg.h>
#include <stdio.h>

#include "api/worker.h"

#define REQUEST_ID_LONGEST 128
#define MADE_ID_LEN        24
/* RateLimit-Policy (41 bytes at most), RateLimit (34), Retry-After (20), Allow (40),
 * Idempotency-Replayed (28); of a stream three more (102). */
#define HEADERS_ROOM ((size_t)328)

static bool is_usable(struct str id)
{
    bool usable = id.len > 0 && id.len <= REQUEST_ID_LONGEST;
    for (size_t i = 0; usable && i < id.len; i++)
        usable = id.p[i] > ' ' && id.p[i] < 0x7f;
    return usable;
}

static void make_id(struct worker *worker, char ret_id[MADE_ID_LEN])
{
    uint64_t bytes[2] = {worker->id_prefix, hash_u64(worker->id_count++, worker->id_prefix)};
    hex_encode((const char *)bytes + 4, MADE_ID_LEN / 2, ret_id);
}

bool headers_begin(struct exchange *x)
{
    static const char name[] = "X-Request-Id: ";
    const size_t name_len = sizeof(name) - 1;
    struct str given = {0};
    if (x->http->has_head)
        given = http_header(&x->http->head, "x-request-id");
    bool usable = is_usable(given);
    size_t id_len = usable ? given.len : MADE_ID_LEN;
    char *lines = arena_alloc(&x->http->arena, name_len + id_len + 2 + HEADERS_ROOM);
    if (!lines)
        return false;
    char *id = mempcpy(lines, name, name_len);
    if (usable)
        memcpy(id, given.p, id_len);
    else
        make_id(x->worker, id);
    memcpy(id + id_len, "\r\n", 2);
    x->request_id = (struct str){id, id_len};
    x->headers = lines;
    x->headers_len = name_len + id_len + 2;
    x->headers_size = x->headers_len + HEADERS_ROOM;
    return true;
}

void headers_add(struct exchange *x, const char *format, ...)
{
    va_list arguments;
    size_t room = x->headers_size - x->headers_len;
    va_start(arguments, format);
    int len = vsnprintf(x->headers + x->headers_len, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len + 2 > room)
        return;
    memcpy(x->headers + x->headers_len + len, "\r\n", 2);
    x->headers_len += (size_t)len + 2;
}

/* IETF draft-ietf-httpapi-ratelimit-headers: q calls in w seconds; r left, t seconds until more. */
void headers_add_limit(struct exchange *x)
{
    if (!x->limited)
        return;
    int64_t seconds = (x->rate.reset_us + 999999) / 1000000;
    headers_add(x, "RateLimit-Policy: \"default\";q=%d;w=1", x->tenant->rate_limit);
    headers_add(x, "RateLimit: \"default\";r=%lld;t=%lld", (long long)x->rate.left,
                (long long)seconds);
    if (x->http_status == 429)
        headers_add(x, "Retry-After: %lld", (long long)(seconds > 0 ? seconds : 1));
}
