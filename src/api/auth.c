#include "api/auth.h"

#include "api/reply.h"
#include "domain/token.h"

/* What a call brings to prove who it is, as text; p is NULL where it brings nothing. */
struct credentials {
    struct str tenant_id, timestamp, user_name, create_time, token;
};

static bool has_any_header(const struct credentials *headers)
{
    return headers->tenant_id.p || headers->timestamp.p || headers->token.p;
}

/* A body member as text: a string as it is, an integer as its digits, all else as missing. */
static struct str member_text(struct exchange *x, const char *name)
{
    const struct json *member = x->body ? json_member(x->body, name) : NULL;
    if (!member)
        return (struct str){0};
    if (json_type(member) == JSON_STRING)
        return json_text(member);
    int64_t integer;
    if (json_type(member) != JSON_NUMBER || json_integer(member, &integer) < 0)
        return (struct str){0};
    char *text = arena_printf(&x->http->arena, "%lld", (long long)integer);
    return text ? str_of(text) : (struct str){0};
}

/* Body scheme when the body is an object with `token` or `createTime`, or when none of the three
 * headers is there and the body is an object (an empty body is one); else header scheme. */
static enum scheme choose_scheme(const struct exchange *x, const struct credentials *headers)
{
    bool is_object = !x->is_no_object && (!x->body || json_type(x->body) == JSON_OBJECT);
    if (!is_object)
        return SCHEME_HEADER;
    bool signs_in_body =
        x->body && (json_member(x->body, "token") || json_member(x->body, "createTime"));
    return signs_in_body || !has_any_header(headers) ? SCHEME_BODY : SCHEME_HEADER;
}

static struct credentials from_headers(const struct exchange *x)
{
    const struct http_head *head = &x->http->head;
    return (struct credentials){
        .tenant_id = http_header(head, "tenant_id"),
        .timestamp = http_header(head, "timestamp"),
        .token = http_header(head, "token"),
    };
}

static struct credentials from_body(struct exchange *x)
{
    return (struct credentials){
        .tenant_id = member_text(x, "tenantId"),
        .user_name = member_text(x, "userName"),
        .create_time = member_text(x, "createTime"),
        .token = member_text(x, "token"),
    };
}

/* The time the token was made at, as either scheme writes it. */
struct moment {
    int64_t ms;         /* header scheme */
    struct civil local; /* body scheme */
};

static int check_header_form(struct exchange *x, const struct credentials *given,
                             struct moment *ret_moment)
{
    if (given->timestamp.len == 0)
        return refuse(x, STATUS_TIMESTAMP_NULL);
    if (str_to_i64(given->timestamp, &ret_moment->ms) < 0)
        return refuse(x, STATUS_TIMESTAMP);
    return 0;
}

static int check_body_form(struct exchange *x, const struct credentials *given,
                           struct moment *ret_moment)
{
    if (given->user_name.len == 0)
        return refuse(x, STATUS_USER_NAME_NULL);
    if (given->create_time.len == 0)
        return refuse(x, STATUS_CREATE_TIME_NULL);
    if (civil_parse(given->create_time, &ret_moment->local) < 0)
        return refuse(x, STATUS_TIMESTAMP);
    return 0;
}

static bool is_fresh(const struct exchange *x, const struct tenant *tenant,
                     const struct zone *server_zone, const struct moment *moment)
{
    /* A tenant that does not exist has the defaults, so that 502 comes before 501 for it too. */
    int window_s = tenant ? tenant->token_window_s : TENANT_DEFAULT_WINDOW_S;
    if (x->scheme == SCHEME_HEADER)
        return token_fresh(x->now_ms, moment->ms, window_s);
    const struct zone *zone = tenant ? tenant->zone : server_zone;
    return token_fresh_local(x->now_ms, &moment->local, zone, window_s);
}

static int check_token(struct exchange *x, struct digest *digest, const struct tenant *tenant,
                       const struct credentials *given)
{
    char hex[MD5_HEX_LEN];
    int result = x->scheme == SCHEME_HEADER ? token_header(digest, given->tenant_id,
                                                           given->timestamp, tenant->api_key, hex)
                                            : token_body(digest, given->tenant_id, given->user_name,
                                                         given->create_time, tenant->api_key, hex);
    if (result < 0)
        return refuse_http(x, 503, "cannot compute md5: %s", err_text(result));
    if (!constant_time_eq((struct str){hex, sizeof(hex)}, given->token))
        return refuse(x, STATUS_ACCESS_TOKEN);
    return 0;
}

/* A tenantId in the body beside header authentication must name the same tenant. */
static int check_body_tenant(struct exchange *x, int64_t tenant_id)
{
    bool is_object = x->body && json_type(x->body) == JSON_OBJECT;
    if (x->scheme == SCHEME_BODY || !is_object || !json_member(x->body, "tenantId"))
        return 0;
    struct str text = member_text(x, "tenantId");
    const struct json *member = json_member(x->body, "tenantId");
    bool is_absent =
        json_type(member) == JSON_NULL || (json_type(member) == JSON_STRING && !text.len);
    int64_t id;
    if (!is_absent && (str_to_i64(text, &id) < 0 || id != tenant_id))
        return refuse(x, STATUS_ACCESS_TOKEN);
    return 0;
}

/* What can be judged without the tenant: is everything there, and of its form? */
static int check_form(struct exchange *x, const struct credentials *given,
                      struct moment *ret_moment)
{
    if (str_to_i64(given->tenant_id, &x->tenant_id) < 0)
        return refuse(x, STATUS_TENANT_ID_NULL);
    int result = x->scheme == SCHEME_HEADER ? check_header_form(x, given, ret_moment)
                                            : check_body_form(x, given, ret_moment);
    if (result == 0 && given->token.len == 0)
        return refuse(x, STATUS_TOKEN_NULL);
    return result;
}

static int check_tenant(struct exchange *x, const struct tenant *tenant,
                        const struct credentials *given)
{
    if (!tenant || tenant->api_key.len == 0)
        return refuse(x, STATUS_APP_SECRET);
    if (x->scheme == SCHEME_BODY && !tenant_has_user(tenant, given->user_name))
        return refuse(x, STATUS_MAIN_USER);
    return 0;
}

int auth_check(struct exchange *x, struct digest *digest, const struct zone *server_zone)
{
    struct credentials given = from_headers(x);
    x->scheme = choose_scheme(x, &given);
    if (x->scheme == SCHEME_BODY)
        given = from_body(x);
    struct moment moment = {0};
    int result = check_form(x, &given, &moment);
    if (result < 0)
        return result;
    const struct tenant *tenant = tenants_find(x->tenants, x->tenant_id);
    if (!is_fresh(x, tenant, server_zone, &moment))
        return refuse(x, STATUS_TIMESTAMP_TIMEOUT);
    result = check_tenant(x, tenant, &given);
    if (result == 0)
        result = check_token(x, digest, tenant, &given);
    if (result == 0)
        result = check_body_tenant(x, x->tenant_id);
    if (result < 0)
        return result;
    if (x->route->edition > tenant->edition)
        return refuse(x, STATUS_EDITION);
    x->tenant = tenant;
    x->user_name = given.user_name;
    return 0;
}
