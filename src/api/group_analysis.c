/* POST /wscrm-bus-api/open/group/api/groupAnalysis: imports links of group chats, which are then looked up.
 * POST /wscrm-bus-api/open/group/api/getInfo: what is known of them. */
#include "api/group_input.h"
#include "api/reply.h"
#include "api/worker.h"

static const struct input_field link_fields[] = {GROUP_LINKS_FIELD};
static const struct input_table link_table = {link_fields, 1, sizeof(struct group_input), NULL};

/* --- groupAnalysis */

struct analysis {
    struct group_links_add op;
    struct group_links links;
    struct group_link_item *good;
};

static int read_analysis(struct exchange *x)
{
    struct analysis *analysis = exchange_alloc(x, 1, sizeof(*analysis));
    x->state = analysis;
    int result = analysis ? group_links_read(x, &analysis->links) : reply_no_memory(x);
    if (result < 0)
        return result;
    analysis->good = exchange_alloc(x, analysis->links.count + 1, sizeof(*analysis->good));
    if (!analysis->good)
        return reply_no_memory(x);
    for (size_t i = 0; i < analysis->links.count; i++)
        if (analysis->links.items[i].code.len > 0)
            analysis->good[analysis->op.count++] = analysis->links.items[i];
    return 0;
}

static void add_list(struct buf *b, const char *name, const struct group_links *links, bool good)
{
    buf_add_json_name(b, name);
    buf_add_char(b, '[');
    for (size_t i = 0; i < links->count; i++) {
        if ((links->items[i].code.len > 0) != good)
            continue;
        buf_add_json_comma(b);
        buf_add_json_str(b, links->items[i].link);
    }
    buf_add_char(b, ']');
}

static void answer_analysis(struct exchange *x, int result)
{
    const struct analysis *analysis = x->state;
    if (result < 0) {
        if (result == ERR_FULL)
            (void)refuse_with(x, STATUS_REFUSED, "more than 100000 group links of the tenant");
        else
            (void)refuse_store(x, result);
        return;
    }
    struct buf *b = reply_begin(x);
    buf_add_char(b, '{');
    add_list(b, "successLink", &analysis->links, true);
    add_list(b, "failLink", &analysis->links, false);
    buf_add_char(b, '}');
    reply_end(x);
}

static void start_analysis(struct exchange *x)
{
    struct analysis *analysis = x->state;
    analysis->op.tenant_id = x->tenant->id;
    analysis->op.now_ms = x->now_ms;
    analysis->op.items = analysis->good;
    x->wakes = true;
    exchange_write(x, &analysis->op.call, answer_analysis);
    store_group_links_add(x->worker->shared->store, &analysis->op);
}

const struct handler group_analysis = {&link_table, read_analysis, start_analysis};

/* --- getInfo */

struct info {
    struct group_links_get op;
    struct group_links links;
    struct exchange *exchange;
    bool is_unknown, is_parsing;
};

static int read_info(struct exchange *x)
{
    struct info *info = exchange_alloc(x, 1, sizeof(*info));
    x->state = info;
    int result = info ? group_links_read(x, &info->links) : reply_no_memory(x);
    return result == 0 ? group_links_check(x, &info->links) : result;
}

static void add_info(struct buf *b, struct str link, const struct group_link *found)
{
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_text(b, "groupLink", link);
    buf_add_json_name(b, "groupId");
    if (found->chat)
        reply_add_number(b, found->chat);
    else
        buf_add_text(b, "\"\"");
    buf_add_json_text(b, "groupName", found->name);
    buf_add_json_i64(b, "memberCount", found->members);
    buf_add_json_text(b, "status", str_of(group_link_state_name(found->state)));
    buf_add_json_text(b, "reason", found->reason);
    buf_add_char(b, '}');
}

static void show_info(struct group_links_get *op, size_t index, const struct group_link *found)
{
    struct info *info = container_of(op, struct info, op);
    info->is_unknown |= !found;
    info->is_parsing |= found && !group_link_is_parsed(found->state);
    if (!info->is_unknown && !info->is_parsing)
        add_info(&info->exchange->reply, info->links.items[index].link, found);
}

static void then_info(struct store_call *call)
{
    struct exchange *x = call->owner;
    const struct info *info = x->state;
    if (call->result < 0 || info->is_unknown || info->is_parsing)
        buf_free(&x->reply);
    if (call->result < 0) {
        (void)refuse_store(x, call->result);
    } else if (info->is_unknown || info->is_parsing) {
        (void)refuse(x, info->is_unknown ? STATUS_GROUP_LINK_UNKNOWN : STATUS_GROUP_LINK_PARSING);
    } else {
        buf_add_char(&x->reply, ']');
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_info(struct exchange *x)
{
    struct info *info = x->state;
    info->exchange = x;
    info->op = (struct group_links_get){
        .call = {.home = x->worker->mailbox, .done = then_info, .owner = x},
        .tenant_id = x->tenant->id,
        .items = info->links.items,
        .count = info->links.count,
        .each = show_info,
    };
    buf_add_char(reply_begin(x), '[');
    store_group_links_get(x->worker->reader, &info->op);
}

const struct handler group_info = {&link_table, read_info, start_info};
