/* Addresses of peers: as text, and lists of networks. */
#ifndef WSCRM_NET_ADDRESS_H
#define WSCRM_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct sockaddr;

/* Room for any address as text, without a NUL: "ffff:…:ffff" and IPv4. */
#define ADDRESS_TEXT_MAX 46

/* An IPv4 or IPv6 address; IPv4 as ::ffff:a.b.c.d, so that both compare alike. */
struct address {
    uint8_t bytes[16];
};

/* False for anything but AF_INET and AF_INET6. */
bool address_of(const struct sockaddr *from, struct address *ret_address);
/* An address as clients and proxies write it: with or without a port, IPv6 with or without
 * brackets. ERR_INVALID else. */
int address_parse(struct str text, struct address *ret_address) MUST_USE;
/* Returns the length of the text, without a NUL. */
size_t address_text(const struct address *address, char ret_text[ADDRESS_TEXT_MAX]);
/* The same for a socket's peer; "unix" for one that has no IP address. */
size_t address_peer_text(const struct sockaddr *from, char ret_text[ADDRESS_TEXT_MAX]);
bool address_is_loopback(const struct sockaddr *from);

/* The first `bits` of 128 are its own: of an IPv4 network 96 more than one writes behind the stroke. */
struct address_network {
    struct address address;
    unsigned bits;
};
bool address_network_holds(const struct address_network *network, const struct address *address);

/* "127.0.0.0/8,::1" and the like; an empty text is an empty list. Immutable: any thread may read. */
struct address_list;
int address_list_parse(struct str text, struct address_list **ret_list) MUST_USE;
void address_list_free(struct address_list *list);
bool address_list_has(const struct address_list *list, const struct sockaddr *from);
bool address_list_holds(const struct address_list *list, const struct address *address);

#endif
