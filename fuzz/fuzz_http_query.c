/* http_query_value() and http_query_decode() on any bytes: what is found stands in the query behind
 * its name, and decoding in place gives what decoding elsewhere does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_query.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void check_decoding(struct str raw)
{
    char *out = malloc(raw.len ? raw.len : 1), *in = malloc(raw.len ? raw.len : 1);
    CHECK(in && out);
    memcpy(in, raw.p, raw.len);
    long len = http_query_decode(raw, out);
    CHECK(len == -400 || (len >= 0 && (size_t)len <= raw.len));
    CHECK(http_query_decode((struct str){in, raw.len}, in) == len);
    if (len > 0) {
        CHECK(memcmp(in, out, (size_t)len) == 0);
        CHECK(memchr(raw.p, '\0', raw.len) || !memchr(out, '\0', (size_t)len));
    }
    free(in);
    free(out);
}

static void check_value(struct str query, const char *name)
{
    struct str value = http_query_value(query, name);
    size_t name_len = strlen(name);
    if (!value.p)
        return;
    CHECK(value.p >= query.p && value.p + value.len <= query.p + query.len);
    CHECK(!value.len || !memchr(value.p, '&', value.len));
    CHECK(value.p + value.len == query.p + query.len || value.p[value.len] == '&');
    bool has_mark = (size_t)(value.p - query.p) > name_len && value.p[-1] == '=';
    const char *start = value.p - name_len - (has_mark ? 1 : 0);
    CHECK(start >= query.p && memcmp(start, name, name_len) == 0);
    CHECK(start == query.p || start[-1] == '&');
    CHECK(has_mark || !value.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1); /* never NULL, which means no query */
    CHECK(copy);
    memcpy(copy, data, size);
    struct str query = {copy, size};
    check_decoding(query);
    check_value(query, "a");
    check_value(query, "page");
    check_value(query, "");
    free(copy);
    return 0;
}
