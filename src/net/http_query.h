/* The query of a request target: name=value&name=value, percent-encoded as forms are. */
#ifndef WSCRM_NET_HTTP_QUERY_H
#define WSCRM_NET_HTTP_QUERY_H

#include "base/text.h"

/* The raw (undecoded) value of `name` in a query string; p == NULL when it is not there. */
struct str http_query_value(struct str query, const char *name);

/* Decodes percent escapes, and '+' as blank, into `out` (in.len bytes suffice; `out` may be the
 * bytes of `in`). Returns the length, or -400 for a bad escape or %00. */
long http_query_decode(struct str in, char *out);

#endif
