/* POST /group-dispatch-api/gsTask/preview: what customers would read. The body is that of a call that makes
 * tasks, judged as there, and the numbers; nothing is written. */
#include "api/reply.h"
#include "api/task_calls.h"
#include "api/worker.h"
#include "domain/number.h"

#define PREVIEW_MAX 20
/* A text whose CONTENT_MAX_INSERTS values are at their longest, before it is found too long. */
#define TEXT_MAX ((size_t)1 << 20)

struct preview_input {
    struct input_numbers friends;
};

static const struct input_field preview_fields[] = {
    {.name = "friendWhatsIds",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct preview_input, friends),
     .longest = PREVIEW_MAX,
     .missing = STATUS_WHATS_IDS_NULL,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table preview_table = {preview_fields, 1, sizeof(struct preview_input),
                                                 NULL};

struct preview {
    struct customers_get get;
    struct exchange *exchange;
    size_t shown;
    int result; /* of rendering */
};

/* --- which call it is the body of */

static bool has_content(const struct json *body)
{
    return json_member(body, "content") != NULL;
}

static const struct task_body *find_body(const struct json *body)
{
    if (json_member(body, "data"))
        return &task_mark_body;
    if (json_member(body, "info"))
        return &task_sender_body;
    if (json_member(body, "sendInfos"))
        return has_content(body) ? &task_many_body : &task_own_body;
    if (json_member(body, "friendWhatsApp") || has_content(body))
        return &task_single_body;
    return NULL;
}

/* x->input becomes the other call's. */
static int read_preview(struct exchange *x)
{
    const struct preview_input *input = x->input;
    const struct task_body *body = find_body(x->body);
    if (!body)
        return refuse_http(x, 400, "data, info, sendInfos or friendWhatsApp expected");
    int result = input_read(x, body->input);
    if (result == 0)
        result = body->read(x);
    if (result < 0)
        return result;
    struct task_call *call = x->state;
    struct preview *preview = exchange_alloc(x, 1, sizeof(*preview));
    if (!preview)
        return reply_no_memory(x);
    if (call->op.count > 1)
        return refuse(x, STATUS_DATA_SIZE); /* whose contents? */
    preview->exchange = x;
    preview->get.numbers = input->friends.items;
    preview->get.count = input->friends.count;
    call->preview = preview;
    return 0;
}

/* --- what they would read */

/* Targets may have contents of their own: a number gets its own, or else the first target's. */
static const struct task_contents *contents_for(const struct task_call *call, int64_t number)
{
    const struct task_draft *draft = &call->op.drafts[0];
    size_t own = 0;
    for (size_t i = 0; i < draft->target_count; i++) {
        if (draft->targets[i].number == number) {
            own = draft->targets[i].contents;
            break;
        }
    }
    return &call->contents[0][own];
}

/* A content without a text is shown by where it is. */
static void add_content(struct buf *b, const struct content *content, struct str text)
{
    if (text.len == 0)
        text = content->url.len ? content->url : content->link;
    buf_add_json_comma(b);
    buf_add_json_str(b, text);
}

static void show_contents(struct preview *preview, size_t index, const struct customer *customer)
{
    struct exchange *x = preview->exchange;
    int64_t number = preview->get.numbers[index];
    const struct task_contents *contents = contents_for(x->state, number);
    struct buf *b = &x->reply, text;
    buf_init(&text, TEXT_MAX);
    buf_add_json_comma(b);
    buf_add_text(b, "{\"whatsApp\":");
    reply_add_number(b, number);
    buf_add_text(b, ",\"contents\":[");
    for (size_t i = 0; preview->result == 0 && i < contents->count; i++) {
        buf_clear(&text);
        preview->result = content_render(&contents->items[i], x->tenant, number, customer, &text);
        if (preview->result == 0)
            add_content(b, &contents->items[i], (struct str){text.data, text.len});
    }
    buf_add_text(b, "]}");
    buf_free(&text);
}

/* Up to the customer that was found at `index`: those before it are no customers. */
static void each(struct customers_get *get, size_t index, const struct customer *customer)
{
    struct preview *preview = container_of(get, struct preview, get);
    while (preview->shown < index)
        show_contents(preview, preview->shown++, NULL);
    show_contents(preview, preview->shown++, customer);
}

static void done(struct store_call *store_call)
{
    struct preview *preview = store_call->owner;
    struct exchange *x = preview->exchange;
    while (store_call->result >= 0 && preview->shown < preview->get.count)
        show_contents(preview, preview->shown++, NULL);
    if (store_call->result >= 0 && preview->result == 0) {
        buf_add_char(&x->reply, ']');
        reply_end(x);
    } else {
        buf_free(&x->reply);
        if (preview->result == ERR_TOO_LARGE)
            (void)refuse(x, STATUS_CONTENT_NULL);
        else if (preview->result < 0)
            (void)reply_no_memory(x);
        else
            (void)refuse_store(x, store_call->result);
    }
    exchange_finish(x);
}

static void show(struct exchange *x)
{
    const struct task_call *call = x->state;
    struct preview *preview = call->preview;
    preview->get.call =
        (struct store_call){.home = x->worker->mailbox, .done = done, .owner = preview};
    preview->get.tenant = x->tenant;
    preview->get.each = each;
    buf_add_char(reply_begin(x), '[');
    store_customers_get(x->worker->reader, &preview->get);
}

static void start(struct exchange *x)
{
    task_call_look_up(x, show);
}

const struct handler task_preview = {&preview_table, read_preview, start};
