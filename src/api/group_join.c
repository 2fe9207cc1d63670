/* POST /wscrm-bus-api/open/group/api/join: an account of the tenant is to join group chats.
 * POST /wscrm-bus-api/open/group/api/joinState: what became of it.
 * POST /wscrm-bus-api/open/group/api/list: the group chats that an account is in. */
#include <stdio.h>

#include "api/group_input.h"
#include "api/reply.h"
#include "api/worker.h"

static const struct input_field join_fields[] = {GROUP_ACCOUNT_FIELD, GROUP_LINKS_FIELD};
static const struct input_table join_table = {join_fields, 2, sizeof(struct group_input), NULL};
static const struct input_table list_table = {join_fields, 1, sizeof(struct group_input), NULL};

static void add_state(struct buf *b, struct str link, enum group_join_state state)
{
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_text(b, "groupLink", link);
    buf_add_json_text(b, "state", str_of(group_join_state_name(state)));
}

/* --- join */

struct join {
    struct group_joins_add op;
    struct group_links links;
};

static int read_join(struct exchange *x)
{
    struct join *join = exchange_alloc(x, 1, sizeof(*join));
    x->state = join;
    int result = join ? group_account_read(x, &join->op.account) : reply_no_memory(x);
    if (result == 0)
        result = group_links_read(x, &join->links);
    if (result == 0)
        result = group_links_check(x, &join->links);
    if (result < 0)
        return result;
    join->op.states = exchange_alloc(x, join->links.count + 1, sizeof(*join->op.states));
    return join->op.states ? 0 : reply_no_memory(x);
}

static void refuse_join(struct exchange *x, int result)
{
    switch (result) {
    case ERR_NOT_FOUND: (void)refuse(x, STATUS_GROUP_LINK_UNKNOWN); break;
    case ERR_FULL:
        (void)refuse_with(x, STATUS_REFUSED, "more than 100000 joins of the tenant");
        break;
    default: (void)refuse_store(x, result); break;
    }
}

static void answer_join(struct exchange *x, int result)
{
    const struct join *join = x->state;
    if (result < 0) {
        refuse_join(x, result);
        return;
    }
    if (join->op.parsing) {
        (void)refuse(x, STATUS_GROUP_LINK_PARSING);
        return;
    }
    struct buf *b = reply_begin(x);
    buf_add_char(b, '[');
    for (size_t i = 0; i < join->links.count; i++) {
        add_state(b, join->links.items[i].link, join->op.states[i]);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
    reply_end(x);
}

static void start_join(struct exchange *x)
{
    struct join *join = x->state;
    join->op.tenant_id = x->tenant->id;
    join->op.items = join->links.items;
    join->op.count = join->links.count;
    x->wakes = true;
    exchange_write(x, &join->op.call, answer_join);
    store_group_joins_add(x->worker->shared->store, &join->op);
}

const struct handler group_join = {&join_table, read_join, start_join};

/* --- joinState */

struct join_look {
    struct group_joins_get op;
    struct group_links links;
    struct exchange *exchange;
    size_t missing; /* the first that was not asked for, from 1 on */
    bool is_unknown;
};

static int read_state(struct exchange *x)
{
    struct join_look *look = exchange_alloc(x, 1, sizeof(*look));
    x->state = look;
    int result = look ? group_account_read(x, &look->op.account) : reply_no_memory(x);
    if (result == 0)
        result = group_links_read(x, &look->links);
    return result == 0 ? group_links_check(x, &look->links) : result;
}

static void show_state(struct group_joins_get *op, size_t index, const struct group_join *found)
{
    struct join_look *look = container_of(op, struct join_look, op);
    struct buf *b = &look->exchange->reply;
    look->is_unknown |= !found->imported;
    if (found->state < 0 && look->missing == 0)
        look->missing = index + 1;
    if (found->state < 0)
        return;
    add_state(b, look->links.items[index].link, (enum group_join_state)found->state);
    buf_add_json_text(b, "reason", found->reason);
    buf_add_char(b, '}');
}

static void refuse_missing(struct exchange *x, const struct join_look *look)
{
    char message[64];
    snprintf(message, sizeof(message), "groupLinkList[%zu]: it was not asked to join",
             look->missing - 1);
    if (look->is_unknown)
        (void)refuse(x, STATUS_GROUP_LINK_UNKNOWN);
    else
        (void)refuse_with(x, STATUS_REFUSED, message);
}

static void then_state(struct store_call *call)
{
    struct exchange *x = call->owner;
    const struct join_look *look = x->state;
    if (call->result < 0 || look->missing > 0)
        buf_free(&x->reply);
    if (call->result < 0) {
        (void)refuse_store(x, call->result);
    } else if (look->missing > 0) {
        refuse_missing(x, look);
    } else {
        buf_add_char(&x->reply, ']');
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_state(struct exchange *x)
{
    struct join_look *look = x->state;
    look->exchange = x;
    look->op.call = (struct store_call){.home = x->worker->mailbox, .done = then_state, .owner = x};
    look->op.tenant_id = x->tenant->id;
    look->op.items = look->links.items;
    look->op.count = look->links.count;
    look->op.each = show_state;
    buf_add_char(reply_begin(x), '[');
    store_group_joins_get(x->worker->reader, &look->op);
}

const struct handler group_join_state = {&join_table, read_state, start_state};

/* --- list */

struct list {
    struct account_groups_get op;
    struct exchange *exchange;
};

static int read_list(struct exchange *x)
{
    struct list *list = exchange_alloc(x, 1, sizeof(*list));
    x->state = list;
    return list ? group_account_read(x, &list->op.account) : reply_no_memory(x);
}

static void show_chat(struct account_groups_get *op, const struct group_chat *chat)
{
    struct buf *b = &container_of(op, struct list, op)->exchange->reply;
    buf_add_json_comma(b);
    buf_add_text(b, "{\"groupId\":");
    reply_add_number(b, chat->id);
    buf_add_json_text(b, "groupName", chat->name);
    buf_add_json_i64(b, "memberCount", chat->members);
    buf_add_json_text(b, "groupLink", chat->link);
    buf_add_char(b, '}');
}

static void then_list(struct store_call *call)
{
    struct exchange *x = call->owner;
    reply_end_list(x, call->result);
    exchange_finish(x);
}

static void start_list(struct exchange *x)
{
    struct list *list = x->state;
    list->exchange = x;
    list->op.call = (struct store_call){.home = x->worker->mailbox, .done = then_list, .owner = x};
    list->op.tenant_id = x->tenant->id;
    list->op.each = show_chat;
    buf_add_char(reply_begin(x), '[');
    store_account_groups_get(x->worker->reader, &list->op);
}

const struct handler joined_groups = {&list_table, read_list, start_list};
