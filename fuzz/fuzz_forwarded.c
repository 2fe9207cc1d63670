/* X-Forwarded-For headers with any values, one a line: the address that is found is written in one of
 * them, or is none. The lines are read as addresses and as lists of networks, too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_internal.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* What is written is read again as the same. */
static void check_address(struct str text)
{
    struct address address, again;
    char written[ADDRESS_TEXT_MAX];
    int result = address_parse(text, &address);
    CHECK(result == 0 || result == ERR_INVALID);
    if (result < 0)
        return;
    size_t len = address_text(&address, written);
    CHECK(len > 0 && len <= sizeof(written));
    CHECK(address_parse((struct str){written, len}, &again) == 0);
    CHECK(memcmp(&address, &again, sizeof(address)) == 0);
}

static void check_list(struct str text)
{
    struct address_list *list;
    struct address address;
    int result = address_list_parse(text, &list);
    CHECK(result == 0 || result == ERR_INVALID);
    if (result < 0)
        return;
    /* One network without bits holds what is written before the '/'. */
    struct str rest = str_trim(text), first = str_trim(str_split(&rest, ','));
    first = str_trim(str_split(&first, '/'));
    if (first.len) {
        CHECK(address_parse(first, &address) == 0);
        CHECK(address_list_holds(list, &address));
    }
    address_list_free(list);
}

static struct address_list *trusted_list(void)
{
    static struct address_list *list; /* reachable to the end: no leak */
    if (!list)
        CHECK(address_list_parse(STR("10.0.0.0/8,::1"), &list) == 0);
    return list;
}

static void check_forwarded(const struct http_head *head)
{
    struct address address, other;
    bool found = forwarded_for(head, trusted_list(), &address);
    if (!found)
        return;
    for (size_t i = 0; i < head->header_count; i++) {
        struct str rest = head->headers[i].value;
        while (rest.p) {
            struct str entry = str_trim(str_split(&rest, ','));
            if (address_parse(entry, &other) == 0 && !memcmp(&address, &other, sizeof(other)))
                return;
        }
    }
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_head head;
    struct str rest = {(const char *)data, size};
    head.header_count = 0;
    while (rest.p && head.header_count < HTTP_MAX_HEADERS) {
        struct str line = str_split(&rest, '\n');
        check_address(line);
        check_list(line);
        if (line.p)
            head.headers[head.header_count++] = (struct http_header){STR("X-Forwarded-For"), line};
    }
    check_forwarded(&head);
    return 0;
}
