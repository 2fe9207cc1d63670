#include "api/routes.h"

#include <stdio.h>

#define ROUTE(method, path, name, access, edition, body, creates) extern const struct handler name;
#include "api/routes.def"
#undef ROUTE

static const struct route routes[ROUTE_COUNT] = {
#define ROUTE(method_, path_, handler_, access_, edition_, body_, creates_) \
    [ROUTE_INDEX_##handler_] = {                                            \
        .method = HTTP_##method_,                                           \
        .path = {(path_), sizeof(path_) - 1},                               \
        .handler = &handler_,                                               \
        .access = ACCESS_##access_,                                         \
        .edition = EDITION_##edition_,                                      \
        .body = BODY_##body_,                                               \
        .creates = CREATES_##creates_,                                      \
    },
#include "api/routes.def"
#undef ROUTE
};

const struct route *route_at(size_t index)
{
    return &routes[index];
}

size_t route_index(const struct route *route)
{
    return (size_t)(route - routes);
}

static const char *method_name(enum http_method method)
{
    switch (method) {
    case HTTP_GET: return "GET, HEAD";
    case HTTP_PUT: return "PUT";
    default: return "POST";
    }
}

/* Whether the row's path is this one; *ret_parameter is what stands for its segment in braces. */
static bool is_path(const struct route *route, struct str path, struct str *ret_parameter)
{
    struct str row = route->path;
    *ret_parameter = (struct str){0};
    if (row.p[row.len - 1] != '}')
        return str_eq(row, path);
    size_t fixed = (size_t)((const char *)memrchr(row.p, '{', row.len) - row.p);
    if (path.len <= fixed || memcmp(row.p, path.p, fixed) != 0 ||
        memchr(path.p + fixed, '/', path.len - fixed))
        return false;
    *ret_parameter = (struct str){path.p + fixed, path.len - fixed};
    return true;
}

int route_find(enum http_method method, struct str path, const struct route **ret_route,
               struct str *ret_parameter, char ret_allow[ROUTE_ALLOW_MAX])
{
    struct str parameter;
    int allowed = 0;
    ret_allow[0] = '\0';
    if (method == HTTP_HEAD)
        method = HTTP_GET;
    /* A few dozen rows: most fall at their length. */
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (!is_path(&routes[i], path, &parameter))
            continue;
        if (routes[i].method == method) {
            *ret_route = &routes[i];
            *ret_parameter = parameter;
            return 0;
        }
        allowed += snprintf(ret_allow + allowed, ROUTE_ALLOW_MAX - (size_t)allowed, "%s%s",
                            allowed ? ", " : "", method_name(routes[i].method));
    }
    return allowed ? 405 : 404;
}
