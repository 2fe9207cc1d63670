#include "net/http_query.h"

long http_query_decode(struct str in, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < in.len; i++) {
        char c = in.p[i] == '+' ? ' ' : in.p[i];
        if (c == '%') {
            int high = in.len - i > 2 ? hex_value(in.p[i + 1]) : -1;
            int low = high >= 0 ? hex_value(in.p[i + 2]) : -1;
            if (low < 0 || high + low == 0)
                return -400;
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[len++] = c;
    }
    return (long)len;
}

struct str http_query_value(struct str query, const char *name)
{
    struct str wanted = str_of(name);
    while (query.p) {
        struct str part = str_split(&query, '&');
        const char *mark = part.len ? memchr(part.p, '=', part.len) : NULL;
        size_t name_len = mark ? (size_t)(mark - part.p) : part.len;
        if (wanted.len == name_len && (name_len == 0 || memcmp(part.p, name, name_len) == 0)) {
            const char *value = part.p + name_len + (mark ? 1 : 0);
            return (struct str){value, (size_t)(part.p + part.len - value)};
        }
    }
    return (struct str){0};
}
