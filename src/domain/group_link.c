#include "domain/group_link.h"

static bool is_code_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool take_prefix(struct str *text, struct str prefix)
{
    if (text->len < prefix.len || !str_eq_nocase((struct str){text->p, prefix.len}, prefix))
        return false;
    text->p += prefix.len;
    text->len -= prefix.len;
    return true;
}

/* What may stand behind the code. */
static bool is_tail(struct str rest)
{
    if (rest.len > 0 && rest.p[0] == '/') {
        rest.p++;
        rest.len--;
    }
    if (rest.len > 0 && rest.p[0] != '?' && rest.p[0] != '#')
        return false;
    for (size_t i = 0; i < rest.len; i++)
        if ((unsigned char)rest.p[i] <= ' ' || rest.p[i] == 0x7f)
            return false;
    return true;
}

int group_link_code(struct str link, struct str *ret_code)
{
    struct str rest = str_trim(link);
    if (link.len > GROUP_LINK_LONGEST)
        return ERR_INVALID;
    if (!take_prefix(&rest, STR("https://")))
        (void)take_prefix(&rest, STR("http://"));
    if (!take_prefix(&rest, STR("chat.whatsapp.com/")))
        return ERR_INVALID;
    (void)take_prefix(&rest, STR("invite/"));
    size_t len = 0;
    while (len < rest.len && is_code_char(rest.p[len]))
        len++;
    if (len < GROUP_CODE_SHORTEST || len > GROUP_CODE_LONGEST ||
        !is_tail((struct str){rest.p + len, rest.len - len}))
        return ERR_INVALID;
    *ret_code = (struct str){rest.p, len};
    return 0;
}

const char *group_link_state_name(enum group_link_state state)
{
    switch (state) {
    case GROUP_LINK_PARSING:
    case GROUP_LINK_ASKED: return "parsing";
    case GROUP_LINK_OK: return "ok";
    case GROUP_LINK_INVALID: return "invalid";
    case GROUP_LINK_REVOKED: return "revoked";
    case GROUP_LINK_FULL: return "full";
    case GROUP_LINK_APPROVAL: return "approval";
    case GROUP_LINK_LIMITED: return "limited";
    }
    return "";
}

const char *group_join_state_name(enum group_join_state state)
{
    switch (state) {
    case GROUP_JOIN_PENDING:
    case GROUP_JOIN_ASKED: return "pending";
    case GROUP_JOIN_JOINED: return "joined";
    case GROUP_JOIN_APPROVAL: return "approval";
    case GROUP_JOIN_FAILED: return "failed";
    }
    return "";
}
