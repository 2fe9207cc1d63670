#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/http_server.h"

/* What comes in one go when 10,000 clients connect at once; the kernel cuts it to somaxconn. */
#define BACKLOG  4096
#define HOST_MAX 253 /* of a DNS name */

struct name {
    char host[HOST_MAX + 1], port[6];
};

/* HOST:PORT or [V6]:PORT. */
static int split(struct str address, struct name *ret_name)
{
    const char *colon = address.len ? memrchr(address.p, ':', address.len) : NULL;
    int64_t port;
    if (!colon)
        return ERR_INVALID;
    struct str host = {address.p, (size_t)(colon - address.p)};
    struct str digits = {colon + 1, address.len - host.len - 1};
    if (str_to_i64(digits, &port) < 0 || port < 0 || port > 65535)
        return ERR_INVALID;
    bool bracketed = host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']';
    if (bracketed)
        host = (struct str){host.p + 1, host.len - 2};
    if (host.len == 0 || host.len > HOST_MAX || memchr(host.p, '\0', host.len) ||
        bracketed != (memchr(host.p, ':', host.len) != NULL))
        return ERR_INVALID;
    memcpy(ret_name->host, host.p, host.len);
    ret_name->host[host.len] = '\0';
    snprintf(ret_name->port, sizeof(ret_name->port), "%u", (unsigned)(uint16_t)port);
    return 0;
}

/* IPv4 first: "localhost" is 127.0.0.1, which is what most clients are told. */
static int resolve(const struct name *name, struct addrinfo **ret_info)
{
    struct addrinfo hints = {
        .ai_family = AF_INET, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    if (getaddrinfo(name->host, name->port, &hints, ret_info) == 0)
        return 0;
    hints.ai_family = AF_INET6;
    return getaddrinfo(name->host, name->port, &hints, ret_info) == 0 ? 0 : ERR_INVALID;
}

static int set_options(int fd, const struct addrinfo *info, bool reuse_port)
{
    int on = 1, off = 0;
    /* [::] serves IPv4 too, whatever the system's default. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (reuse_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) ||
        (info->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0))
        return ERR_SYSTEM;
    return 0;
}

static int bound_port(int fd, int *ret_port)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof(own);
    if (getsockname(fd, (struct sockaddr *)&own, &size) != 0)
        return ERR_SYSTEM;
    in_port_t port = own.ss_family == AF_INET ? ((struct sockaddr_in *)(void *)&own)->sin_port
                                              : ((struct sockaddr_in6 *)(void *)&own)->sin6_port;
    *ret_port = ntohs(port);
    return 0;
}

static int open_socket(const struct addrinfo *info, bool reuse_port, int *ret_fd, int *ret_port)
{
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_SYSTEM;
    int result = set_options(fd, info, reuse_port);
    if (result == 0 && (bind(fd, info->ai_addr, info->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0))
        result = errno == EADDRINUSE ? ERR_EXISTS : ERR_SYSTEM;
    if (result == 0)
        result = bound_port(fd, ret_port);
    if (result < 0) {
        int why = errno;
        close(fd);
        errno = why;
        return result;
    }
    *ret_fd = fd;
    return 0;
}

int http_listen(struct str address, bool reuse_port, int *ret_fd, int *ret_port)
{
    struct name name;
    struct addrinfo *info;
    int result = split(address, &name);
    if (result == 0)
        result = resolve(&name, &info);
    if (result == 0) {
        result = open_socket(info, reuse_port, ret_fd, ret_port);
        freeaddrinfo(info);
    }
    return result;
}
