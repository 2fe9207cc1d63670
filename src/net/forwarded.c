#include "net/http_internal.h"

/* Takes the last entry off a list. */
static struct str take_last(struct str *list)
{
    const char *comma = list->len ? memrchr(list->p, ',', list->len) : NULL;
    struct str entry = *list;
    if (comma) {
        entry = (struct str){comma + 1, (size_t)(list->p + list->len - comma - 1)};
        list->len = (size_t)(comma - list->p);
    } else {
        *list = (struct str){0};
    }
    return str_trim(entry);
}

/* Each proxy appends the address it was called from, so what is right of an untrusted address was
 * written by proxies of ours, and what is left of it by strangers. */
bool forwarded_for(const struct http_head *head, const struct address_list *trusted,
                   struct address *ret_address)
{
    bool found = false;
    for (size_t i = head->header_count; i-- > 0;) {
        struct str list = head->headers[i].value;
        if (!str_eq_nocase(head->headers[i].name, STR("X-Forwarded-For")))
            continue;
        while (list.p) {
            struct address address;
            if (address_parse(take_last(&list), &address) < 0)
                return found;
            *ret_address = address;
            found = true;
            if (!address_list_holds(trusted, &address))
                return true;
        }
    }
    return found;
}
