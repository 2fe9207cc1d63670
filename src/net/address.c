#include "net/address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

static bool is_mapped(const struct address *address)
{
    return memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static struct address map(struct in_addr v4)
{
    struct address address;
    memcpy(address.bytes, mapped_prefix, sizeof(mapped_prefix));
    memcpy(address.bytes + sizeof(mapped_prefix), &v4, sizeof(v4));
    return address;
}

bool address_of(const struct sockaddr *from, struct address *ret_address)
{
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)from;
        *ret_address = map(v4->sin_addr);
        return true;
    }
    if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)from;
        memcpy(ret_address->bytes, &v6->sin6_addr, 16);
        return true;
    }
    return false;
}

/* An address alone. */
static int parse_bare(struct str text, struct address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy) || memchr(text.p, '\0', text.len))
        return ERR_INVALID;
    memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    struct in_addr v4;
    if (inet_pton(AF_INET, copy, &v4) == 1) {
        *ret_address = map(v4);
        return 0;
    }
    return inet_pton(AF_INET6, copy, ret_address->bytes) == 1 ? 0 : ERR_INVALID;
}

int address_parse(struct str text, struct address *ret_address)
{
    const char *colon = text.len ? memchr(text.p, ':', text.len) : NULL;
    if (text.len && text.p[0] == '[') {
        const char *end = memchr(text.p, ']', text.len);
        size_t len = end ? (size_t)(end - text.p) : 0;
        if (!end || (len + 1 < text.len && end[1] != ':'))
            return ERR_INVALID;
        text = (struct str){text.p + 1, len - 1};
    } else if (colon && colon == memrchr(text.p, ':', text.len)) {
        text.len = (size_t)(colon - text.p); /* one colon alone: IPv4 and a port */
    }
    return parse_bare(text, ret_address);
}

size_t address_text(const struct address *address, char ret_text[ADDRESS_TEXT_MAX])
{
    char text[INET6_ADDRSTRLEN] = "";
    if (is_mapped(address))
        inet_ntop(AF_INET, address->bytes + 12, text, sizeof(text));
    else
        inet_ntop(AF_INET6, address->bytes, text, sizeof(text));
    size_t len = strlen(text);
    memcpy(ret_text, text, len);
    return len;
}

size_t address_peer_text(const struct sockaddr *from, char ret_text[ADDRESS_TEXT_MAX])
{
    struct address address;
    if (address_of(from, &address))
        return address_text(&address, ret_text);
    memcpy(ret_text, "unix", 4);
    return 4;
}

bool address_is_loopback(const struct sockaddr *from)
{
    static const struct address v6 = {{[15] = 1}};
    struct address address;
    if (!address_of(from, &address))
        return false;
    return is_mapped(&address) ? address.bytes[12] == 127 : memcmp(&address, &v6, sizeof(v6)) == 0;
}

/* --- networks --- */

struct address_list {
    size_t count;
    struct address_network networks[];
};

static int parse_network(struct str text, struct address_network *ret_network)
{
    struct str rest = text, part = str_trim(str_split(&rest, '/'));
    struct address address;
    int64_t bits;
    if (parse_bare(part, &address) < 0)
        return ERR_INVALID;
    int64_t width = is_mapped(&address) ? 32 : 128;
    bits = width;
    if (rest.p && (str_to_i64(str_trim(rest), &bits) < 0 || bits < 0 || bits > width))
        return ERR_INVALID;
    *ret_network = (struct address_network){address, (unsigned)(128 - width + bits)};
    return 0;
}

int address_list_parse(struct str text, struct address_list **ret_list)
{
    size_t most = 1;
    for (size_t i = 0; i < text.len; i++)
        most += text.p[i] == ',';
    struct address_list *list = calloc(1, sizeof(*list) + most * sizeof(list->networks[0]));
    if (!list)
        return ERR_NOMEM;
    struct str rest = str_trim(text);
    while (rest.len) {
        if (parse_network(str_trim(str_split(&rest, ',')), &list->networks[list->count]) < 0) {
            free(list);
            return ERR_INVALID;
        }
        list->count++;
    }
    *ret_list = list;
    return 0;
}

void address_list_free(struct address_list *list)
{
    free(list);
}

bool address_network_holds(const struct address_network *network, const struct address *address)
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    unsigned differs = rest ? network->address.bytes[whole] ^ address->bytes[whole] : 0;
    return differs >> (8 - rest) == 0;
}

bool address_list_holds(const struct address_list *list, const struct address *address)
{
    for (size_t i = 0; list && i < list->count; i++)
        if (address_network_holds(&list->networks[i], address))
            return true;
    return false;
}

bool address_list_has(const struct address_list *list, const struct sockaddr *from)
{
    struct address address;
    return address_of(from, &address) && address_list_holds(list, &address);
}
