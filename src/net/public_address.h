/* Which addresses belong to the internet at large, and not to this machine, its network, its cloud or
 * nobody: the guard of what strangers may have us call. */
#ifndef WSCRM_NET_PUBLIC_ADDRESS_H
#define WSCRM_NET_PUBLIC_ADDRESS_H

#include <stdbool.h>

#include "net/address.h"

/* By the IANA special-purpose registries (RFC 6890 and what came after it) and the multicast ranges.
 * An IPv6 address that a gateway turns into an IPv4 one (mapped, NAT64, 6to4) is judged by that. */
bool address_is_public(const struct address *address);

#endif
