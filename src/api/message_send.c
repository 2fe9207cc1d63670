/* POST /wscrm-bus-api/open/message/send: messages to one number now, outside tasks. */
#include "api/reply.h"
#include "api/task_calls.h"
#include "api/task_json.h"
#include "api/task_recipients.h"
#include "api/task_senders.h"
#include "api/worker.h"
#include "domain/number.h"
#include "store/conversations.h"

struct send_input {
    const struct json *whats_id, *friend_whats_id, *chat_type, *content;
};

#define VALUE(name_, member)                                                                \
    {                                                                                       \
        .name = (name_), .type = INPUT_VALUE, .offset = offsetof(struct send_input, member) \
    }
static const struct input_field send_fields[] = {
    VALUE("whatsId", whats_id),
    VALUE("friendWhatsId", friend_whats_id),
    VALUE("chatType", chat_type),
    VALUE("content", content),
};
#undef VALUE
static const struct input_table send_table = {send_fields, 4, sizeof(struct send_input), NULL};

/* x->state, a struct task_call, judges the call as one that makes a task for one target. */
struct send {
    struct messages_send op;
    struct str contents[TASK_MAX_PARTS];
    int64_t ids[TASK_MAX_PARTS];
};

/* --- the request */

static struct send *send_of(struct exchange *x)
{
    const struct task_call *call = x->state;
    return call->preview;
}

/* A group chat is looked for as a task's only target. */
static int read_chat(struct exchange *x)
{
    const struct send_input *input = x->input;
    struct task_target *target;
    int result = task_targets_new(x, 1, &target);
    if (result < 0)
        return result;
    target->account = send_of(x)->op.account;
    return task_group_read(x, 0, task_value(x, input->friend_whats_id));
}

static int read_friend(struct exchange *x)
{
    const struct send_input *input = x->input;
    const struct task_call *call = x->state;
    if (call->to_groups)
        return read_chat(x);
    if (!input->friend_whats_id)
        return refuse(x, STATUS_WHATS_ID_NULL);
    if (number_parse(task_value(x, input->friend_whats_id), &send_of(x)->op.number) < 0)
        return refuse_http(x, 400, "friendWhatsId: " NUMBER_FORM);
    return 0;
}

static int write_content(struct exchange *x, const struct content *content, struct str *ret_json)
{
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    content_write(&b, content);
    char *json = b.failed ? NULL : arena_memdup(&x->http->arena, b.data, b.len);
    *ret_json = (struct str){json, b.len};
    buf_free(&b);
    return json ? 0 : reply_no_memory(x);
}

static int read_contents(struct exchange *x)
{
    const struct send_input *input = x->input;
    struct send *send = send_of(x);
    struct task_contents contents;
    int result = task_content_read(x, input->content, "content", &contents);
    if (result < 0)
        return result;
    send->op.count = contents.count;
    for (size_t i = 0; result == 0 && i < contents.count; i++)
        result = write_content(x, &contents.items[i], &send->contents[i]);
    return result;
}

static int read_call(struct exchange *x)
{
    const struct send_input *input = x->input;
    struct send *send = exchange_alloc(x, 1, sizeof(*send));
    int result = send ? task_call_new(x, 1) : reply_no_memory(x);
    if (result < 0)
        return result;
    (void)task_draft_next(x);
    ((struct task_call *)x->state)->preview = send;
    struct str sender = task_value(x, input->whats_id);
    result = task_step(x, task_sender_find(x, sender, (struct str){0}, &send->op.account));
    if (result == 0)
        result = task_step(x, task_target_type_read(x, input->chat_type));
    if (result == 0)
        result = task_step(x, read_friend(x));
    return result == 0 ? task_step(x, read_contents(x)) : result;
}

/* --- the answer */

static void answer_ids(struct exchange *x)
{
    const struct send *send = send_of(x);
    struct buf *b = reply_begin(x);
    buf_add_char(b, '{');
    task_json_id(b, "msgId", send->ids[0]);
    buf_add_json_name(b, "msgIds");
    buf_add_char(b, '[');
    for (size_t i = 0; i < send->op.count; i++) {
        buf_add_json_comma(b);
        buf_add_char(b, '"');
        buf_add_i64(b, send->ids[i]);
        buf_add_char(b, '"');
    }
    buf_add_text(b, "]}");
    reply_end(x);
}

static void answer(struct exchange *x, int result)
{
    if (result == ERR_NO_AGENT)
        (void)refuse(x, STATUS_NO_USER_NAME);
    else if (result == ERR_FULL && send_of(x)->op.waiting > 0)
        (void)refuse_with(x, STATUS_REFUSED, "more than 10000 messages of the account wait");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        answer_ids(x);
}

static void write(struct exchange *x)
{
    struct send *send = send_of(x);
    send->op.tenant_id = x->tenant->id;
    send->op.now_ms = x->now_ms;
    send->op.contents = send->contents;
    send->op.ids = send->ids;
    exchange_write(x, &send->op.call, answer);
    x->wakes = true;
    store_messages_send(x->worker->shared->store, &send->op);
}

static void write_to_chat(struct exchange *x)
{
    const struct task_call *call = x->state;
    send_of(x)->op.number = call->op.drafts[0].targets[0].number;
    write(x);
}

static void start(struct exchange *x)
{
    const struct task_call *call = x->state;
    if (call->fault != 0) {
        (void)refuse(x, (enum status)call->fault);
        exchange_finish(x);
        return;
    }
    if (call->groups.count > 0)
        task_call_look_up(x, write_to_chat);
    else
        write(x);
}

const struct handler message_send = {&send_table, read_call, start};
