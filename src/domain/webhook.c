#include "domain/webhook.h"

#include <stdio.h>

#include "base/json.h"

#define SECRET_PREFIX STR("whsec_")
#define EVENT_PREFIX  STR("evt_")

static const char *const type_names[EVENT_TYPE_COUNT] = {
    [EVENT_CUSTOMER] = "customer", [EVENT_ACCOUNT] = "account", [EVENT_MESSAGE] = "message",
    [EVENT_STATUS] = "status",     [EVENT_TASK] = "task",
};

const char *event_type_name(enum event_type type)
{
    return type_names[type];
}

int event_type_parse(struct str text, enum event_type *ret_type)
{
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        if (str_is(text, type_names[i])) {
            *ret_type = (enum event_type)i;
            return 0;
        }
    }
    return ERR_INVALID;
}

static bool take_prefix(struct str *text, struct str prefix)
{
    if (text->len < prefix.len || memcmp(text->p, prefix.p, prefix.len) != 0)
        return false;
    *text = (struct str){text->p + prefix.len, text->len - prefix.len};
    return true;
}

/* --- secrets and signatures */

int webhook_secret_decode(struct str text, uint8_t ret_secret[WEBHOOK_SECRET_LONGEST])
{
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    if (!take_prefix(&text, SECRET_PREFIX))
        return ERR_INVALID;
    int len = base64_decode(text, sizeof(secret), secret);
    if (len >= WEBHOOK_SECRET_SHORTEST)
        memcpy(ret_secret, secret, (size_t)len);
    explicit_bzero(secret, sizeof(secret));
    return len >= WEBHOOK_SECRET_SHORTEST || len == ERR_NOMEM ? len : ERR_INVALID;
}

_Static_assert(sizeof("whsec_") - 1 + BASE64_SIZE(WEBHOOK_SECRET_LONGEST) <=
                   WEBHOOK_SECRET_TEXT_MAX,
               "a secret's text has room");

void webhook_secret_encode(const uint8_t *secret, size_t len,
                           char ret_text[WEBHOOK_SECRET_TEXT_MAX])
{
    memcpy(ret_text, SECRET_PREFIX.p, SECRET_PREFIX.len);
    (void)base64_encode(secret, len, ret_text + SECRET_PREFIX.len);
}

int webhook_access_token(struct crypto *crypto, struct str api_key, int64_t tenant_id,
                         int64_t timestamp_ms, char ret_hex[2 * SHA256_LEN + 1])
{
    char text[48];
    uint8_t mac[SHA256_LEN];
    int len =
        snprintf(text, sizeof(text), "%lld%lld", (long long)tenant_id, (long long)timestamp_ms);
    int result = hmac_sha256(crypto, api_key, &(struct str){text, (size_t)len}, 1, mac);
    if (result < 0)
        return result;
    hex_encode(mac, sizeof(mac), ret_hex);
    ret_hex[2 * SHA256_LEN] = '\0';
    return 0;
}

int webhook_sign(struct crypto *crypto, const uint8_t *secret, size_t secret_len, struct str id,
                 int64_t timestamp_s, struct str body, struct buf *b)
{
    char time[32], text[BASE64_SIZE(SHA256_LEN)];
    uint8_t mac[SHA256_LEN];
    int len = snprintf(time, sizeof(time), ".%lld.", (long long)timestamp_s);
    const struct str parts[] = {id, {time, (size_t)len}, body};
    int result = hmac_sha256(crypto, (struct str){(const char *)secret, secret_len}, parts, 3, mac);
    if (result < 0)
        return result;
    buf_add_text(b, "v1,");
    buf_add(b, text, base64_encode(mac, sizeof(mac), text));
    return b->failed ? ERR_NOMEM : 0;
}

/* --- events */

void event_id_text(int64_t event, char ret_text[EVENT_ID_MAX])
{
    snprintf(ret_text, EVENT_ID_MAX, "evt_%lld", (long long)event);
}

int event_id_parse(struct str text, int64_t *ret_event)
{
    int64_t event;
    if (!take_prefix(&text, EVENT_PREFIX) || text.len == 0 || text.p[0] < '1' || text.p[0] > '9' ||
        str_to_i64(text, &event) < 0)
        return ERR_INVALID;
    *ret_event = event;
    return 0;
}

void event_body(struct buf *b, int64_t event, enum event_type type, int64_t tenant_id,
                int64_t time_ms, struct str data)
{
    char id[EVENT_ID_MAX];
    event_id_text(event, id);
    buf_add_char(b, '{');
    buf_add_json_text(b, "id", str_of(id));
    buf_add_json_text(b, "type", str_of(event_type_name(type)));
    buf_add_json_i64(b, "tenantId", tenant_id);
    buf_add_json_i64(b, "time", time_ms);
    buf_add_json_name(b, "data");
    buf_add_str(b, data);
    buf_add_char(b, '}');
}

/* --- deliveries */

int webhook_retry_ms(int tries, struct random *random, int64_t *ret_wait_ms)
{
    static const int64_t waits_s[] = {10, 30, 180, 300, 1800, 7200};
    if (tries > (int)(sizeof(waits_s) / sizeof(waits_s[0])))
        return ERR_RANGE;
    if (tries < 1) {
        *ret_wait_ms = 0;
        return 0;
    }
    int64_t wait_ms = waits_s[tries - 1] * 1000;
    *ret_wait_ms = random_between(random, wait_ms - wait_ms / 10, wait_ms + wait_ms / 10);
    return 0;
}

/* Each value takes two bytes at least. */
#define ANSWER_MAX_VALUES (WEBHOOK_ANSWER_LONGEST / 2)

static bool is_good_code(const struct json *code)
{
    int64_t value;
    int result = ERR_INVALID;
    if (code && json_type(code) == JSON_NUMBER)
        result = json_integer(code, &value);
    else if (code && json_type(code) == JSON_STRING)
        result = str_to_i64(json_text(code), &value);
    return result == 0 && (value == 200 || value == 0);
}

bool webhook_acknowledged(int http_status, struct str body)
{
    struct json_doc *doc;
    struct json_error error;
    if (http_status != 200 || body.len > WEBHOOK_ANSWER_LONGEST ||
        json_parse(body, ANSWER_MAX_VALUES, &doc, &error) < 0)
        return false;
    bool good = is_good_code(json_member(json_root(doc), "code"));
    json_free(doc);
    return good;
}
