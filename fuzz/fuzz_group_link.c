/* group_link_code() on any bytes. Beyond not crashing: a code is of its form, lies within the link, and the
 * plain link of it is one with the same code. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/group_link.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str link = {(const char *)data, size}, code, again;
    char plain[128];
    if (group_link_code(link, &code) < 0)
        return 0;
    CHECK(code.len >= GROUP_CODE_SHORTEST && code.len <= GROUP_CODE_LONGEST);
    CHECK(code.p >= link.p && code.p + code.len <= link.p + link.len);
    snprintf(plain, sizeof(plain), "https://chat.whatsapp.com/%.*s", (int)code.len, code.p);
    CHECK(group_link_code(str_of(plain), &again) == 0 && str_eq(code, again));
    return 0;
}
