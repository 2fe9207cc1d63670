/* POST /group-dispatch-api/gsTask/page: the tenant's tasks, newest first, in pages. */
#include "api/page.h"
#include "api/reply.h"
#include "api/task_json.h"
#include "api/worker.h"

struct page_call_input {
    struct page_input page;
    struct input_integer status;
    struct str name;
};

static const struct input_field info_fields[] = {
    {.name = "info.status",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct page_call_input, status),
     .min = TASK_NOT_STARTED,
     .max = TASK_PAUSED},
    {.name = "info.name",
     .type = INPUT_NAME,
     .offset = offsetof(struct page_call_input, name),
     .longest = TENANT_NAME_LONGEST},
};
static const struct input_table info_table = {.fields = info_fields, .count = 2};
static const struct input_field page_fields[] = {
    PAGE_FIELDS(struct page_call_input, page),
    {.name = "info", .type = INPUT_OBJECT, .members = &info_table},
};
static const struct input_table page_table = {page_fields, 3, sizeof(struct page_call_input), NULL};

struct page_call {
    struct tasks_page op;
    struct exchange *exchange;
    bool begun;
};

static int read_page(struct exchange *x)
{
    const struct page_call_input *input = x->input;
    struct page_call *call = exchange_alloc(x, 1, sizeof(*call));
    if (!call)
        return reply_no_memory(x);
    call->exchange = x;
    call->op.tenant_id = x->tenant->id;
    call->op.status = (int)input->status.value;
    call->op.name = input->name;
    call->op.skip = page_offset(&input->page);
    call->op.limit = page_size(&input->page);
    x->state = call;
    return 0;
}

static void begin(struct page_call *call)
{
    const struct page_call_input *input = call->exchange->input;
    if (!call->begun)
        (void)page_begin(call->exchange, &input->page, call->op.total);
    call->begun = true;
}

static void each(struct tasks_page *op, const struct task *task)
{
    struct page_call *call = container_of(op, struct page_call, op);
    struct buf *b = &call->exchange->reply;
    begin(call);
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    task_json(b, task);
    buf_add_json_i64(b, "createTime", task->created_ms);
    buf_add_json_i64(b, "startTime", task->start_ms);
    buf_add_json_i64(b, "endTime", task->end_ms);
    buf_add_json_i64(b, "finishTime", task->finished_ms);
    buf_add_char(b, '}');
}

static void done(struct store_call *store_call)
{
    struct page_call *call = store_call->owner;
    struct exchange *x = call->exchange;
    if (store_call->result < 0) {
        buf_free(&x->reply);
        (void)refuse_store(x, store_call->result);
    } else {
        begin(call);
        page_end(x, (struct str){0});
    }
    if (tasks_page_is_short(&call->op))
        exchange_finish(x);
}

static void ask(struct exchange *x, struct store_reader *reader)
{
    struct page_call *call = x->state;
    call->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = call};
    store_tasks_page(reader, &call->op);
}

static void start(struct exchange *x)
{
    struct page_call *call = x->state;
    call->op.each = each;
    if (tasks_page_is_short(&call->op))
        ask(x, x->worker->reader);
    else
        exchange_read(x, ask);
}

const struct handler task_page = {&page_table, read_page, start};
