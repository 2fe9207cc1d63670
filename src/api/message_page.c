/* POST /wscrm-bus-api/open/message/msgPage: what was sent and received, by time, in pages. */
#include "api/account_filter.h"
#include "api/page.h"
#include "api/page_cursor.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"
#include "domain/content.h"
#include "domain/message_json.h"
#include "store/conversations.h"

/* Messages that a worker looks at: 2 ms at most. Whoever asks for more is answered by a thread for slow reads,
 * which begins anew; so is from the start on who asks for a contentType, which is looked up for each. */
#define LOOK_SHORT 4000

struct page_call_input {
    struct page_input page;
    struct str cursor, agent;
    int64_t whats_id, friend_whats_id;
    struct input_integer chat_type, action_type, content_type, start, end;
};

#define INTEGER(name_, member, min_, max_, wrong_)                                        \
    {                                                                                     \
        .name = "info." name_, .type = INPUT_INTEGER,                                     \
        .offset = offsetof(struct page_call_input, member), .min = (min_), .max = (max_), \
        .wrong = (wrong_)                                                                 \
    }
#define NUMBER(name_, member, groups_)                                           \
    {                                                                            \
        .name = "info." name_, .type = INPUT_NUMBER,                             \
        .offset = offsetof(struct page_call_input, member), .groups = (groups_), \
    }
static const struct input_field info_fields[] = {
    NUMBER("friendWhatsId", friend_whats_id, true),
    NUMBER("whatsId", whats_id, false),
    INTEGER("chatType", chat_type, CHAT_PERSON, CHAT_GROUP, STATUS_GROUP_TYPE),
    INTEGER("actionType", action_type, MESSAGES_SENT, MESSAGES_RECEIVED, 0),
    INTEGER("contentType", content_type, CONTENT_TEXT, CONTENT_ROUTING_LINK, 0),
    INTEGER("startChatTime", start, 0, JSON_MAX_INTEGER, STATUS_TIMESTAMP),
    INTEGER("endChatTime", end, 0, JSON_MAX_INTEGER, STATUS_TIMESTAMP),
    {.name = "info.agentAccount",
     .type = INPUT_NAME,
     .offset = offsetof(struct page_call_input, agent),
     .longest = TENANT_NAME_LONGEST},
};
#undef INTEGER
#undef NUMBER
static const struct input_table info_table = {
    .fields = info_fields, .count = sizeof(info_fields) / sizeof(info_fields[0])};
static const struct input_field page_fields[] = {
    PAGE_FIELDS(struct page_call_input, page),
    {.name = "info", .type = INPUT_OBJECT, .members = &info_table},
    {.name = "cursor",
     .type = INPUT_TEXT,
     .offset = offsetof(struct page_call_input, cursor),
     .longest = PAGE_CURSOR_LEN},
};
static const struct input_table page_table = {page_fields, 4, sizeof(struct page_call_input), NULL};

struct page_call {
    struct messages_page op;
    struct exchange *exchange;
    uint64_t seed; /* of its cursors */
    int64_t total; /* carried by the cursor; -1: the store counts */
    bool begun;
    bool is_slow; /* it runs on a thread for slow reads */
};

/* --- the request --- */

static int read_times(struct exchange *x, struct messages_wanted *wanted)
{
    const struct page_call_input *input = x->input;
    if (input->start.given != input->end.given || input->end.value < input->start.value)
        return refuse(x, STATUS_TIMESTAMP);
    wanted->from_ms = input->start.value;
    wanted->to_ms = input->end.given ? input->end.value : INT64_MAX;
    return 0;
}

static int read_type(struct exchange *x, struct messages_wanted *wanted)
{
    const struct page_call_input *input = x->input;
    int64_t type = input->content_type.value;
    wanted->type = (int)type;
    if (type > CONTENT_CONTACT && type < CONTENT_CARD_LINK)
        return refuse_http(x, 400, "info.contentType: 1 to 6, 10 or 11 expected");
    return 0;
}

static int read_wanted(struct exchange *x, struct messages_wanted *wanted)
{
    const struct page_call_input *input = x->input;
    struct account_filter filter;
    int result = read_times(x, wanted);
    if (result == 0)
        result = read_type(x, wanted);
    if (result == 0)
        result = account_filter_read(x, input->whats_id, input->agent, &filter);
    if (result < 0)
        return result;
    wanted->number = input->friend_whats_id;
    wanted->chat = (enum chat_type)input->chat_type.value;
    wanted->direction = (enum message_direction)input->action_type.value;
    wanted->by_account = filter.given;
    wanted->accounts = filter.accounts;
    wanted->account_count = filter.count;
    return 0;
}

/* Of all that makes a page another one. */
static uint64_t seed_of(const struct exchange *x, const struct messages_wanted *wanted)
{
    const struct page_call_input *input = x->input;
    const int64_t key[] = {x->tenant->id, wanted->number,  input->whats_id, wanted->direction,
                           wanted->type,  wanted->from_ms, wanted->to_ms,   wanted->chat};
    return hash_bytes(input->agent.p, input->agent.len, hash_bytes(key, sizeof(key), 0));
}

static int read_cursor(struct exchange *x, struct page_call *call)
{
    struct page_call_input *input = x->input;
    struct page_cursor cursor;
    call->seed = seed_of(x, &call->op.wanted);
    call->op.skip = page_offset(&input->page);
    if (input->cursor.len == 0)
        return 0;
    if (page_cursor_read(input->cursor, call->seed, &cursor) < 0)
        return refuse_http(x, 400, "cursor: not one that was given for this tenant and info");
    call->op.after_ms = cursor.after;
    call->op.after_id = cursor.also[0];
    call->op.skip = 0;
    call->total = cursor.total;
    input->page.current = (struct input_integer){cursor.current, true};
    return 0;
}

static int read_call(struct exchange *x)
{
    const struct page_call_input *input = x->input;
    struct page_call *call = exchange_alloc(x, 1, sizeof(*call));
    if (!call)
        return reply_no_memory(x);
    x->state = call;
    call->exchange = x;
    call->total = -1;
    call->op.tenant_id = x->tenant->id;
    call->op.limit = page_size(&input->page);
    int result = read_wanted(x, &call->op.wanted);
    if (result == 0)
        result = read_cursor(x, call);
    call->op.counts = call->total < 0;
    return result;
}

/* --- the answer --- */

static void begin(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    if (call->op.counts)
        call->total = call->op.total;
    if (!call->begun)
        (void)page_begin(call->exchange, &input->page, call->total);
    call->begun = true;
}

static void each(struct messages_page *op, const struct message_shown *message)
{
    struct page_call *call = container_of(op, struct page_call, op);
    struct exchange *x = call->exchange;
    const struct message_record record = {
        .id = message->id,
        .account = message->account,
        .number = message->number,
        .user_name = account_user_name(x->tenant, message->account),
        .friend_name = message->friend_name,
        .incoming = message->incoming,
        .status = message->status,
        .time_ms = message->time_ms,
        .content = message->content,
    };
    begin(call);
    buf_add_json_comma(&x->reply);
    message_json(&x->reply, &record);
}

static void end(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    char text[PAGE_CURSOR_LEN];
    struct str next = {0};
    begin(call);
    if (call->op.more) {
        const struct page_cursor cursor = {.after = call->op.last_ms,
                                           .also = {call->op.last_id},
                                           .current = page_current(&input->page) + 1,
                                           .total = call->total};
        page_cursor_write(&cursor, call->seed, text);
        next = (struct str){text, sizeof(text)};
    }
    page_end(call->exchange, next);
}

static void refuse_page(struct page_call *call, int result)
{
    buf_free(&call->exchange->reply);
    (void)refuse_store(call->exchange, result);
}

static void ask(struct exchange *x, struct store_reader *reader);

static void ask_slowly(struct page_call *call)
{
    call->is_slow = true;
    call->op.look_max = 0;
    call->op.deadline_us = clock_mono_us() + SLOW_READS_DEADLINE_US;
    exchange_read(call->exchange, ask);
}

static void done(struct store_call *store_call)
{
    struct page_call *call = store_call->owner;
    if (store_call->result == ERR_TOO_LARGE) { /* nothing was shown yet */
        ask_slowly(call);
        return;
    }
    if (store_call->result < 0)
        refuse_page(call, store_call->result);
    else
        end(call);
    if (!call->is_slow)
        exchange_finish(call->exchange);
}

static void ask(struct exchange *x, struct store_reader *reader)
{
    struct page_call *call = x->state;
    call->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = call};
    store_messages_page(reader, &call->op);
}

static void start(struct exchange *x)
{
    struct page_call *call = x->state;
    call->op.each = each;
    call->op.look_max = LOOK_SHORT;
    if (call->op.wanted.type != 0)
        ask_slowly(call);
    else
        ask(x, x->worker->reader);
}

const struct handler message_page = {&page_table, read_call, start};
