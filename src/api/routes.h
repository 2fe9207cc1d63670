/* The table of endpoints, and how a request finds its row. Static, any thread. */
#ifndef WSCRM_API_ROUTES_H
#define WSCRM_API_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "domain/tenant.h"
#include "net/http_parse.h"

struct exchange;
struct input_table;

/* What an endpoint does. `input` is read into exchange->input before anything else runs; then `read`
 * (may be NULL) turns big inputs into domain structs: both may run on a helper thread and touch nothing
 * but the exchange. `start` runs on the worker; it ends in a reply, at once or in a then. */
struct handler {
    const struct input_table *input; /* NULL: the body is not looked at */
    int (*read)(struct exchange *exchange);
    void (*start)(struct exchange *exchange);
};

enum access { ACCESS_TENANT, ACCESS_OPEN };
enum body_class { BODY_SMALL, BODY_LARGE, BODY_IMPORT, BODY_CLASS_COUNT };
enum creates { CREATES_NO, CREATES_YES };

struct route {
    enum http_method method;
    struct str path;
    const struct handler *handler;
    enum access access;
    enum edition edition;
    enum body_class body;
    bool creates; /* takes an Idempotency-Key */
};

enum {
#define ROUTE(method, path, name, access, edition, body, creates) ROUTE_INDEX_##name,
#include "api/routes.def"
#undef ROUTE
    ROUTE_COUNT,
};

const struct route *route_at(size_t index);
size_t route_index(const struct route *route);

#define ROUTE_ALLOW_MAX 32

/* 0 and the row, and what stands for its last segment when that is one in braces (else len 0), which points
 * into the path; or 404; or 405, then ret_allow is the text for `Allow`. HEAD finds GET. */
int route_find(enum http_method method, struct str path, const struct route **ret_route,
               struct str *ret_parameter, char ret_allow[ROUTE_ALLOW_MAX]);

#endif
