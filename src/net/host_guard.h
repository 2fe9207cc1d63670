/* May a host that a stranger names be called? It may when every address of it is public or in a network
 * that is allowed. What is dialled later is judged once more: a name may lead elsewhere by then. */
#ifndef WSCRM_NET_HOST_GUARD_H
#define WSCRM_NET_HOST_GUARD_H

#include <stddef.h>

#include "base/err.h"

struct address_list;

/* Looks the name up, which may take seconds: not on a loop's thread. ERR_NOT_FOUND nobody knows the
 * name; ERR_INVALID an address is not allowed; why[] then names it and `option`, which would allow it. */
int host_guard(const char *host, const struct address_list *allowed, const char *option, char *why,
               size_t why_size) MUST_USE;

#endif
