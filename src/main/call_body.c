#include "main/call_body.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "base/zone.h"
#include "domain/token.h"

/* Whatever a server takes: an import of 16 MiB may have more values than JSON_MAX_VALUES. */
#define CALL_MAX_VALUES ((size_t)10000000)

struct signing {
    char tenant_id[24], create_time[CIVIL_TEXT_SIZE], number[24];
    struct str parts[3]; /* tenantId, userName, createTime, as they are signed */
    bool there[3];       /* stands in the body already */
};

static const char *const names[3] = {"tenantId", "userName", "createTime"};

static void defaults(struct signing *signing, const struct tenant *tenant, struct str user,
                     int64_t now_ms)
{
    struct civil now = zone_civil(tenant->zone, now_ms);
    snprintf(signing->tenant_id, sizeof(signing->tenant_id), "%" PRId64, tenant->id);
    civil_format(&now, signing->create_time);
    signing->parts[0] = str_of(signing->tenant_id);
    signing->parts[1] = user.p ? user : tenant->admin;
    signing->parts[2] = str_of(signing->create_time);
}

/* A member of the body, as the text that is signed. */
static int take_member(struct signing *signing, const struct json *root, size_t index)
{
    const struct json *member = json_member(root, names[index]);
    int64_t number;
    if (!member)
        return 0;
    signing->there[index] = true;
    if (json_type(member) == JSON_STRING) {
        signing->parts[index] = json_text(member);
        return 0;
    }
    if (index != 0 || json_type(member) != JSON_NUMBER || json_integer(member, &number) < 0)
        return ERR_INVALID;
    snprintf(signing->number, sizeof(signing->number), "%" PRId64, number);
    signing->parts[index] = str_of(signing->number);
    return 0;
}

static int take_members(struct signing *signing, const struct json *root, struct str user,
                        char *why, size_t why_size)
{
    for (size_t i = 0; i < 3; i++) {
        if (take_member(signing, root, i) < 0) {
            snprintf(why, why_size, "%s: a text expected", names[i]);
            return ERR_INVALID;
        }
    }
    if (json_member(root, "token")) {
        snprintf(why, why_size, "the body has a token already: leave --body-auth out");
        return ERR_INVALID;
    }
    if (signing->there[1] && user.p && !str_eq(user, signing->parts[1])) {
        snprintf(why, why_size, "--user differs from the userName in the body");
        return ERR_INVALID;
    }
    return 0;
}

/* Everything up to where members can be added. */
static int open_object(const struct json *root, struct str json, struct buf *body)
{
    if (!root) {
        buf_add_char(body, '{');
        return 0;
    }
    if (json_type(root) == JSON_ARRAY) {
        buf_add_text(body, "{\"data\":");
        buf_add_str(body, json);
        return 0;
    }
    if (json_type(root) != JSON_OBJECT)
        return ERR_INVALID;
    struct str head = str_trim(json);
    head.len--; /* the brace */
    buf_add_str(body, str_trim(head));
    return 0;
}

static int close_object(struct digest *digest, const struct tenant *tenant,
                        const struct signing *signing, struct buf *body)
{
    char token[MD5_HEX_LEN];
    int result = token_body(digest, signing->parts[0], signing->parts[1], signing->parts[2],
                            tenant->api_key, token);
    for (size_t i = 0; i < 3; i++) {
        if (!signing->there[i]) {
            buf_add_json_name(body, names[i]);
            buf_add_json_str(body, signing->parts[i]);
        }
    }
    buf_add_json_name(body, "token");
    buf_add_json_str(body, (struct str){token, sizeof(token)});
    buf_add_char(body, '}');
    return result < 0 ? result : (body->failed ? ERR_NOMEM : 0);
}

static int sign(struct digest *digest, const struct tenant *tenant, const struct json *root,
                struct str json, struct str user, int64_t now_ms, struct buf *body, char *why,
                size_t why_size)
{
    struct signing signing = {0};
    if (open_object(root, json, body) < 0) {
        snprintf(why, why_size, "the body: an object or an array expected");
        return ERR_INVALID;
    }
    defaults(&signing, tenant, user, now_ms);
    if (root && take_members(&signing, root, user, why, why_size) < 0)
        return ERR_INVALID;
    int result = close_object(digest, tenant, &signing, body);
    if (result < 0)
        snprintf(why, why_size, "signing: %s", err_text(result));
    return result;
}

int call_body_sign(struct digest *digest, const struct tenant *tenant, struct str json,
                   struct str user, int64_t now_ms, struct buf *ret_body, char *why,
                   size_t why_size)
{
    struct json_doc *doc = NULL;
    struct json_error error = {0};
    if (json.len > 0 && json_parse(json, CALL_MAX_VALUES, &doc, &error) < 0) {
        snprintf(why, why_size, "the body is not JSON: byte %zu: %s", error.offset, error.text);
        return ERR_INVALID;
    }
    int result = sign(digest, tenant, doc ? json_root(doc) : NULL, json, user, now_ms, ret_body,
                      why, why_size);
    json_free(doc);
    return result;
}
