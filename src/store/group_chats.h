/* The store's face, group chats: their links, joins, and who is in which. See store/store.h for how verbs
 * work. */
#ifndef WSCRM_STORE_GROUP_CHATS_H
#define WSCRM_STORE_GROUP_CHATS_H

#include "domain/group_link.h"
#include "store/store.h"

#define TENANT_MAX_GROUP_LINKS 100000
#define TENANT_MAX_GROUP_JOINS 100000
#define GROUP_LINKS_MAX        500 /* of a call */

struct group_link_item {
    struct str link, code;
};

/* Imports links, each code once; those that are there stay as they are, but that one which was `limited` is
 * parsed again. ERR_NOT_FOUND no such tenant, ERR_FULL over TENANT_MAX_GROUP_LINKS. */
struct group_links_add {
    struct store_call call;
    int64_t tenant_id, now_ms;
    const struct group_link_item *items;
    size_t count; /* at most GROUP_LINKS_MAX */
};
void store_group_links_add(struct store *store, struct group_links_add *op);

struct group_link {
    enum group_link_state state;
    struct str reason, name;
    int64_t chat, members; /* 0: not known */
};

/* `each` runs for each code in the order asked; NULL: it was never imported. Valid during the call. */
struct group_links_get {
    struct store_call call;
    int64_t tenant_id;
    const struct group_link_item *items;
    size_t count;
    void (*each)(struct group_links_get *op, size_t index, const struct group_link *link);
};
void store_group_links_get(struct store_reader *reader, struct group_links_get *op);

/* An account of the tenant is to join. One that is pending, joined or waits for approval stays so; one that
 * failed is tried again. ERR_NOT_FOUND the tenant or a link is not there, ERR_FULL over
 * TENANT_MAX_GROUP_JOINS. */
struct group_joins_add {
    struct store_call call;
    int64_t tenant_id, account;
    const struct group_link_item *items;
    size_t count;                  /* at most GROUP_LINKS_MAX */
    enum group_join_state *states; /* [count], the caller's */
    bool parsing;                  /* in `done`: a link is not parsed yet, and nothing was done */
};
void store_group_joins_add(struct store *store, struct group_joins_add *op);

/* `each` runs for each code in the order asked; state -1: it was never asked to join, and `imported` says
 * whether the link is there. */
struct group_join {
    int state; /* enum group_join_state */
    bool imported;
    struct str reason;
};
struct group_joins_get {
    struct store_call call;
    int64_t tenant_id, account;
    const struct group_link_item *items;
    size_t count;
    void (*each)(struct group_joins_get *op, size_t index, const struct group_join *join);
};
void store_group_joins_get(struct store_reader *reader, struct group_joins_get *op);

/* The group chats that an account is in, by id. */
struct group_chat {
    int64_t id, members;
    struct str name, link;
};
struct account_groups_get {
    struct store_call call;
    int64_t tenant_id, account;
    void (*each)(struct account_groups_get *op, const struct group_chat *chat);
};
void store_account_groups_get(struct store_reader *reader, struct account_groups_get *op);

/* Which of the accounts is in the group chat that is named by id or by name: the first of them, and of several
 * chats with the name the one with the smallest id. `account` 0 in `done`: none is. */
struct group_target {
    struct str text;
    const int64_t *accounts;
    size_t account_count;
    int64_t account, chat; /* in `done` */
};
struct group_targets_find {
    struct store_call call;
    int64_t tenant_id;
    struct group_target *targets;
    size_t count;
};
void store_group_targets_find(struct store_reader *reader, struct group_targets_find *op);

#endif
