/* POST /wscrm-bus-api/customer/page: customers in pages, all or those of a segment. */
#include "api/customer_json.h"
#include "api/page.h"
#include "api/page_cursor.h"
#include "api/reply.h"
#include "api/segment_input.h"
#include "api/worker.h"
#include "base/clock.h"

struct page_call_input {
    struct segment_input info;
    struct page_input page;
    struct str cursor;
};

static const struct input_field page_fields[] = {
    PAGE_FIELDS(struct page_call_input, page),
    {.name = "info", .type = INPUT_OBJECT, .members = &segment_table},
    {.name = "cursor",
     .type = INPUT_TEXT,
     .offset = offsetof(struct page_call_input, cursor),
     .longest = PAGE_CURSOR_LEN},
};

static const struct input_table page_table = {
    .fields = page_fields,
    .count = sizeof(page_fields) / sizeof(page_fields[0]),
    .size = sizeof(struct page_call_input),
};

_Static_assert(offsetof(struct page_call_input, info) == 0, "the fields of info count from there");

struct page_call {
    struct customers_page op;
    struct exchange *exchange;
    struct segment segment;
    uint64_t seed; /* of its cursors */
    int64_t total; /* carried by the cursor; -1: the store counts */
    bool begun;
};

/* --- the request --- */

static int read_cursor(struct exchange *x, struct page_call *call)
{
    struct page_call_input *input = x->input;
    struct page_cursor cursor;
    call->op.skip = page_offset(&input->page);
    if (input->cursor.len == 0)
        return 0;
    if (page_cursor_read(input->cursor, call->seed, &cursor) < 0)
        return refuse_http(x, 400, "cursor: not one that was given for this tenant and info");
    call->op.after = cursor.after;
    call->op.skip = 0;
    call->total = call->op.expected = cursor.total;
    input->page.current = (struct input_integer){cursor.current, true};
    return 0;
}

static int read_call(struct exchange *x)
{
    const struct page_call_input *input = x->input;
    struct page_call *call = exchange_alloc(x, 1, sizeof(*call));
    if (!call)
        return reply_no_memory(x);
    int result = segment_input_read(x, &input->info, &call->segment);
    if (result < 0)
        return result;
    call->exchange = x;
    call->seed = segment_hash(&call->segment, hash_u64((uint64_t)x->tenant->id, 0));
    call->total = -1;
    call->op.tenant = x->tenant;
    call->op.segment = &call->segment;
    call->op.limit = page_size(&input->page);
    x->state = call;
    result = read_cursor(x, call);
    call->op.counts = call->total < 0;
    return result;
}

/* --- the answer --- */

/* Of all customers the store always knows how many there are. */
static int64_t total_of(const struct page_call *call)
{
    bool is_carried = call->total >= 0 && !segment_is_all(&call->segment);
    return is_carried ? call->total : call->op.total;
}

static void begin(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    if (!call->begun)
        (void)page_begin(call->exchange, &input->page, total_of(call));
    call->begun = true;
}

static void each(struct customers_page *op, const struct customer *customer)
{
    struct page_call *call = container_of(op, struct page_call, op);
    begin(call);
    buf_add_json_comma(&call->exchange->reply);
    customer_json(&call->exchange->reply, op->tenant, customer);
}

static void end(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    char text[PAGE_CURSOR_LEN];
    struct str next = {0};
    begin(call);
    if (call->op.more) {
        const struct page_cursor cursor = {.after = call->op.last,
                                           .current = page_current(&input->page) + 1,
                                           .total = total_of(call)};
        page_cursor_write(&cursor, call->seed, text);
        next = (struct str){text, sizeof(text)};
    }
    page_end(call->exchange, next);
}

static void answer(struct page_call *call)
{
    struct exchange *x = call->exchange;
    int result = call->op.call.result;
    if (result >= 0 && !(call->op.unknown && strcmp(call->op.unknown, "group") == 0)) {
        end(call);
        return;
    }
    buf_free(&x->reply);
    if (result >= 0)
        (void)refuse(x, STATUS_GROUP_VALUE);
    else
        (void)refuse_store(x, result);
}

static void done(struct store_call *store_call)
{
    struct page_call *call = store_call->owner;
    answer(call);
    if (customers_page_is_short(&call->op))
        exchange_finish(call->exchange);
}

static void ask(struct exchange *x, struct store_reader *reader)
{
    struct page_call *call = x->state;
    call->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = call};
    store_customers_page(reader, &call->op);
}

static void start(struct exchange *x)
{
    struct page_call *call = x->state;
    call->op.each = each;
    if (customers_page_is_short(&call->op)) {
        ask(x, x->worker->reader);
        return;
    }
    call->op.deadline_us = clock_mono_us() + SLOW_READS_DEADLINE_US;
    exchange_read(x, ask);
}

const struct handler customer_page = {&page_table, read_call, start};
