/* The list of group links that five calls have in common. */
#ifndef WSCRM_API_GROUP_INPUT_H
#define WSCRM_API_GROUP_INPUT_H

#include "api/input.h"
#include "store/group_chats.h"

struct group_input {
    struct str whats_id;
    struct input_list links;
};

#define GROUP_LINKS_FIELD                                                          \
    {                                                                              \
        .name = "groupLinkList", .type = INPUT_LIST,                               \
        .offset = offsetof(struct group_input, links), .longest = GROUP_LINKS_MAX, \
        .missing = STATUS_GROUP_LINKS_NULL, .longer = STATUS_DATA_SIZE             \
    }
#define GROUP_ACCOUNT_FIELD                                                                      \
    {                                                                                            \
        .name = "whatsId", .type = INPUT_NAME, .offset = offsetof(struct group_input, whats_id), \
        .longest = 64, .missing = STATUS_NO_USER_NAME, .longer = STATUS_NO_USER_NAME             \
    }

/* The links as they were sent, and their codes; of what is no link the code has len 0. */
struct group_links {
    struct group_link_item *items;
    size_t count;
};
int group_links_read(struct exchange *x, struct group_links *ret_links) MUST_USE;
/* 537 when one is no link, which was therefore never imported. */
int group_links_check(struct exchange *x, const struct group_links *links) MUST_USE;
/* 508 when the tenant has no such WhatsApp account. */
int group_account_read(struct exchange *x, int64_t *ret_account) MUST_USE;

#endif
