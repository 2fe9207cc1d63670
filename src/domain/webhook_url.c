#include "domain/webhook_url.h"

#include "domain/webhook.h"

static bool is_visible(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '\\' || text.p[i] == '#')
            return false;
    return true;
}

static bool take_scheme(struct str *rest, struct str scheme)
{
    if (rest->len < scheme.len || !str_eq_nocase((struct str){rest->p, scheme.len}, scheme))
        return false;
    *rest = (struct str){rest->p + scheme.len, rest->len - scheme.len};
    return true;
}

/* What stands between the scheme and the path. */
static struct str authority(struct str rest)
{
    size_t len = 0;
    while (len < rest.len && rest.p[len] != '/' && rest.p[len] != '?')
        len++;
    return (struct str){rest.p, len};
}

static bool in_host(char c, bool in_brackets)
{
    return in_brackets ? hex_value(c) >= 0 || c == ':' || c == '.'
                       : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                             (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
}

/* Cuts the host off *rest, which becomes what is behind it. */
static bool take_host(struct str *rest, char ret_host[URL_HOST_LONGEST + 1])
{
    bool in_brackets = rest->len > 0 && rest->p[0] == '[';
    size_t from = in_brackets, to = from;
    while (to < rest->len && to - from < URL_HOST_LONGEST && in_host(rest->p[to], in_brackets))
        to++;
    if (to == from || (in_brackets && (to == rest->len || rest->p[to] != ']')))
        return false;
    memcpy(ret_host, rest->p + from, to - from);
    ret_host[to - from] = '\0';
    to += in_brackets;
    *rest = (struct str){rest->p + to, rest->len - to};
    return true;
}

static bool take_port(struct str rest, int *port)
{
    int64_t value;
    if (rest.len == 0)
        return true;
    struct str digits = {rest.p + 1, rest.len - 1};
    if (rest.p[0] != ':' || digits.len == 0 || digits.len > 5 || digits.p[0] == '-' ||
        str_to_i64(digits, &value) < 0 || value < 1 || value > 65535)
        return false;
    *port = (int)value;
    return true;
}

int webhook_url_parse(struct str text, struct webhook_url *ret_url, const char **ret_why)
{
    struct webhook_url url = {.port = 80};
    struct str rest = text;
    *ret_why = "1 to 2048 visible ASCII characters without \\ and # expected";
    if (text.len == 0 || text.len > WEBHOOK_URL_LONGEST || !is_visible(text))
        return ERR_INVALID;
    *ret_why = "http:// or https:// expected";
    if (!take_scheme(&rest, STR("http://"))) {
        if (!take_scheme(&rest, STR("https://")))
            return ERR_INVALID;
        url.port = 443;
    }
    struct str host = authority(rest);
    *ret_why = "a user or password is not allowed";
    if (host.len > 0 && memchr(host.p, '@', host.len))
        return ERR_INVALID;
    *ret_why = "a host is expected, and perhaps a port from 1 to 65535";
    if (!take_host(&host, url.host) || !take_port(host, &url.port))
        return ERR_INVALID;
    *ret_url = url;
    return 0;
}
