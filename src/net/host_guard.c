#include "net/host_guard.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/public_address.h"

static int judge(const char *host, const struct addrinfo *info, const struct address_list *allowed,
                 const char *option, char *why, size_t why_size)
{
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    if (!address_of(info->ai_addr, &address) || address_is_public(&address) ||
        address_list_holds(allowed, &address))
        return 0;
    size_t len = address_text(&address, text);
    snprintf(why, why_size,
             "%s leads to %.*s, which is not a public address; the server's %s may allow it", host,
             (int)len, text, option);
    return ERR_INVALID;
}

int host_guard(const char *host, const struct address_list *allowed, const char *option, char *why,
               size_t why_size)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all;
    int code = getaddrinfo(host, NULL, &hints, &all);
    if (code != 0) {
        snprintf(why, why_size, "%s: %s", host, gai_strerror(code));
        return ERR_NOT_FOUND;
    }
    int result = 0;
    for (const struct addrinfo *info = all; info && result == 0; info = info->ai_next)
        result = judge(host, info, allowed, option, why, why_size);
    freeaddrinfo(all);
    return result;
}
