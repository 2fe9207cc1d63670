#include "api/group_input.h"

#include "api/reply.h"
#include "api/task_senders.h"

static int read_link(struct exchange *x, const struct json *value, size_t index,
                     struct group_link_item *item)
{
    if (input_name(x, value, &item->link) < 0)
        return refuse_http(x, 400, "groupLinkList[%zu]: text expected", index);
    if (group_link_code(item->link, &item->code) < 0)
        item->code = (struct str){0};
    return 0;
}

int group_links_read(struct exchange *x, struct group_links *ret_links)
{
    const struct group_input *input = x->input;
    struct group_links links = {exchange_alloc(x, input->links.count + 1, sizeof(*links.items)), 0};
    int result = links.items ? 0 : reply_no_memory(x);
    for (const struct json *value = input->links.first; result == 0 && value;
         value = json_next(value), links.count++)
        result = read_link(x, value, links.count, &links.items[links.count]);
    if (result == 0)
        *ret_links = links;
    return result;
}

int group_links_check(struct exchange *x, const struct group_links *links)
{
    for (size_t i = 0; i < links->count; i++)
        if (links->items[i].code.len == 0)
            return refuse(x, STATUS_GROUP_LINK_UNKNOWN);
    return 0;
}

int group_account_read(struct exchange *x, int64_t *ret_account)
{
    const struct group_input *input = x->input;
    return task_sender_find(x, input->whats_id, (struct str){0}, ret_account);
}
