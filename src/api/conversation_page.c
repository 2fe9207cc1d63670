/* POST /wscrm-bus-api/open/conversation/page: who talks to whom, newest first, in pages. */
#include "api/account_filter.h"
#include "api/page.h"
#include "api/page_cursor.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"
#include "domain/content.h"
#include "domain/message_json.h"
#include "store/conversations.h"

/* Conversations that a worker looks at, 1.6 ms; see message_page.c. */
#define LOOK_SHORT 4000
/* A summary is one text of a content. */
#define SUMMARY_MAX ((size_t)16 << 10)

struct page_call_input {
    struct page_input page;
    struct str cursor, agent;
    int64_t whats_id;
    struct input_bool unread;
};

static const struct input_field info_fields[] = {
    {.name = "info.whatsId",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct page_call_input, whats_id)},
    {.name = "info.unread", .type = INPUT_BOOL, .offset = offsetof(struct page_call_input, unread)},
    {.name = "info.agentAccount",
     .type = INPUT_NAME,
     .offset = offsetof(struct page_call_input, agent),
     .longest = TENANT_NAME_LONGEST},
};
static const struct input_table info_table = {.fields = info_fields, .count = 3};
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
    struct conversations_page op;
    struct exchange *exchange;
    uint64_t seed; /* of its cursors */
    struct buf summary;
    bool begun, is_slow;
};

/* --- the request --- */

static int read_cursor(struct exchange *x, struct page_call *call)
{
    struct page_call_input *input = x->input;
    struct page_cursor cursor;
    const int64_t key[] = {x->tenant->id, input->whats_id, input->unread.value};
    call->seed = hash_bytes(input->agent.p, input->agent.len, hash_bytes(key, sizeof(key), 1));
    call->op.skip = page_offset(&input->page);
    if (input->cursor.len == 0 && call->op.skip > CONVERSATIONS_SKIP_MAX)
        return refuse_http(x, 400, "current: more than %d conversations before it, use nextCursor",
                           CONVERSATIONS_SKIP_MAX);
    if (input->cursor.len == 0)
        return 0;
    if (page_cursor_read(input->cursor, call->seed, &cursor) < 0)
        return refuse_http(x, 400, "cursor: not one that was given for this tenant and info");
    call->op.after = (struct conversation_key){cursor.after, cursor.also[0], cursor.also[1]};
    call->op.skip = 0;
    input->page.current = (struct input_integer){cursor.current, true};
    return 0;
}

static int read_call(struct exchange *x)
{
    const struct page_call_input *input = x->input;
    struct account_filter filter;
    struct page_call *call = exchange_alloc(x, 1, sizeof(*call));
    if (!call)
        return reply_no_memory(x);
    int result = account_filter_read(x, input->whats_id, input->agent, &filter);
    if (result < 0)
        return result;
    x->state = call;
    call->exchange = x;
    call->op.tenant_id = x->tenant->id;
    call->op.by_account = filter.given;
    call->op.accounts = filter.accounts;
    call->op.account_count = filter.count;
    call->op.unread = input->unread.value;
    call->op.limit = page_size(&input->page);
    return read_cursor(x, call);
}

/* --- the answer --- */

static void begin(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    if (!call->begun)
        (void)page_begin(call->exchange, &input->page, call->op.total);
    call->begun = true;
}

static void each(struct conversations_page *op, const struct conversation *conversation)
{
    struct page_call *call = container_of(op, struct page_call, op);
    struct exchange *x = call->exchange;
    struct buf *b = &x->reply;
    begin(call);
    message_summary(conversation->content, &call->summary);
    buf_add_json_comma(b);
    buf_add_text(b, "{\"whatsId\":");
    reply_add_number(b, conversation->account);
    buf_add_json_name(b, "friendWhatsId");
    reply_add_number(b, conversation->number);
    buf_add_json_text(b, "friendName", conversation->friend_name);
    buf_add_json_text(b, "lastMessage", (struct str){call->summary.data, call->summary.len});
    buf_add_json_i64(b, "lastTime", conversation->last_ms);
    buf_add_json_i64(b, "unread", conversation->unread);
    buf_add_json_text(b, "agentAccount", account_user_name(x->tenant, conversation->account));
    buf_add_char(b, '}');
}

static void end(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    const struct conversation_key *last = &call->op.last;
    char text[PAGE_CURSOR_LEN];
    struct str next = {0};
    begin(call);
    if (call->op.more) {
        const struct page_cursor cursor = {.after = last->last_ms,
                                           .also = {last->number, last->account},
                                           .current = page_current(&input->page) + 1,
                                           .total = call->op.total};
        page_cursor_write(&cursor, call->seed, text);
        next = (struct str){text, sizeof(text)};
    }
    page_end(call->exchange, next);
}

static void answer(struct page_call *call, int result)
{
    if (result >= 0) {
        end(call);
        return;
    }
    buf_free(&call->exchange->reply);
    (void)refuse_store(call->exchange, result);
}

static void ask(struct exchange *x, struct store_reader *reader);

static void done(struct store_call *store_call)
{
    struct page_call *call = store_call->owner;
    if (store_call->result == ERR_TOO_LARGE) {
        call->is_slow = true;
        call->op.look_max = 0;
        call->op.deadline_us = clock_mono_us() + SLOW_READS_DEADLINE_US;
        exchange_read(call->exchange, ask);
        return;
    }
    answer(call, store_call->result);
    buf_free(&call->summary);
    if (!call->is_slow)
        exchange_finish(call->exchange);
}

static void ask(struct exchange *x, struct store_reader *reader)
{
    struct page_call *call = x->state;
    call->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = call};
    store_conversations_page(reader, &call->op);
}

static void start(struct exchange *x)
{
    struct page_call *call = x->state;
    buf_init(&call->summary, SUMMARY_MAX);
    call->op.each = each;
    call->op.look_max = LOOK_SHORT;
    ask(x, x->worker->reader);
}

const struct handler conversation_page = {&page_table, read_call, start};
