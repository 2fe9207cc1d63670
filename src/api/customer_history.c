/* POST /wscrm-bus-api/customer/history: what became of a number, newest first. */
#include "api/page.h"
#include "api/reply.h"
#include "api/worker.h"

struct history_input {
    int64_t number;
    struct page_input page;
};

static const struct input_field history_fields[] = {
    {.name = "whatsApp",
     .type = INPUT_NUMBER,
     .offset = offsetof(struct history_input, number),
     .missing = STATUS_WHATS_ID_NULL},
    PAGE_FIELDS(struct history_input, page),
};

static const struct input_table history_table = {history_fields, 3, sizeof(struct history_input),
                                                 NULL};

struct history {
    struct history_page page;
    struct exchange *exchange;
    bool begun;
};

static int read_history(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct history));
    return x->state ? 0 : reply_no_memory(x);
}

static void begin(struct history *history)
{
    const struct history_input *input = history->exchange->input;
    if (!history->begun)
        (void)page_begin(history->exchange, &input->page, history->page.total);
    history->begun = true;
}

static void each(struct history_page *page, const struct history_entry *entry)
{
    struct history *history = container_of(page, struct history, page);
    struct buf *b = &history->exchange->reply;
    begin(history);
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "time", entry->time_ms);
    buf_add_json_text(b, "field", str_of(entry->field));
    buf_add_json_text(b, "from", entry->from);
    buf_add_json_text(b, "to", entry->to);
    buf_add_json_text(b, "cause", entry->cause);
    buf_add_char(b, '}');
}

static void then(struct store_call *call)
{
    struct exchange *x = call->owner;
    if (call->result < 0) {
        buf_free(&x->reply);
        (void)refuse_store(x, call->result);
    } else {
        begin(x->state);
        page_end(x, (struct str){0});
    }
    exchange_finish(x);
}

static void start(struct exchange *x)
{
    const struct history_input *input = x->input;
    struct history *history = x->state;
    history->exchange = x;
    history->page = (struct history_page){
        .call = {.home = x->worker->mailbox, .done = then, .owner = x},
        .tenant_id = x->tenant->id,
        .number = input->number,
        .offset = page_offset(&input->page),
        .limit = page_size(&input->page),
        .each = each,
    };
    store_history_page(x->worker->reader, &history->page);
}

const struct handler customer_history = {&history_table, read_history, start};
