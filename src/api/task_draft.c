#include "api/task_draft.h"

#include "api/input.h"
#include "api/reply.h"
#include "api/task_recipients.h"
#include "api/worker.h"

/* Of one JSON array of contents: TASK_MAX_PARTS times all its texts at their longest, each character of
 * four bytes, or of six when it is escaped. */
#define CONTENTS_MAX ((size_t)4 << 20)

int task_call_new(struct exchange *x, size_t count)
{
    struct task_call *call = exchange_alloc(x, 1, sizeof(*call));
    struct task_draft *drafts = exchange_alloc(x, count, sizeof(*drafts));
    if (!call || !drafts)
        return reply_no_memory(x);
    call->op.tenant_id = x->tenant->id;
    call->op.now_ms = x->now_ms;
    call->op.cause = x->route->path;
    call->op.drafts = drafts;
    call->op.count = count;
    x->state = call;
    return 0;
}

struct task_draft *task_draft_next(struct exchange *x)
{
    struct task_call *call = x->state;
    call->read++;
    return task_draft_of(x);
}

struct task_draft *task_draft_of(struct exchange *x)
{
    struct task_call *call = x->state;
    return &call->op.drafts[call->read - 1];
}

int task_step(struct exchange *x, int result)
{
    struct task_call *call = x->state;
    if (result == 0 || x->http_status != 200)
        return result;
    if (call->fault == 0)
        call->faulty = call->read - 1;
    if (call->faulty == call->read - 1 && (call->fault == 0 || x->code < call->fault))
        call->fault = x->code;
    buf_free(&x->reply);
    x->http_status = x->code = 0;
    return 0;
}

struct str task_value(struct exchange *x, const struct json *value)
{
    struct str text = {0};
    if (value && input_name(x, value, &text) < 0)
        return STR("?");
    return text;
}

void task_look_up(struct exchange *x, enum task_lookup what, enum name_kind kind, struct str name)
{
    struct task_call *call = x->state;
    size_t i = call->find.count++;
    call->names[i] = (struct name_find){.kind = kind, .name = name};
    call->lookups[i].what = what;
    call->lookups[i].draft = call->read - 1;
}

/* --- names and contents */

static bool is_twice(struct exchange *x, struct str name)
{
    const struct task_call *call = x->state;
    for (size_t i = 0; i + 1 < call->read; i++)
        if (str_eq(call->op.drafts[i].name, name))
            return true;
    return false;
}

int task_name_read(struct exchange *x, struct str name, bool required, const char *place)
{
    if (name.len == 0)
        return required ? refuse(x, STATUS_NAME_EMPTY) : 0;
    if (str_has_control(name))
        return refuse_http(x, 400, "%sname: no control characters", place);
    task_draft_of(x)->name = name;
    if (is_twice(x, name))
        return refuse(x, STATUS_TASK_NAME);
    task_look_up(x, LOOKUP_NAME, NAME_TASK, name);
    return 0;
}

static int write_contents(struct exchange *x, const struct task_contents *contents, struct buf *b,
                          struct str *ret_json)
{
    buf_clear(b);
    buf_add_char(b, '[');
    for (size_t i = 0; i < contents->count; i++) {
        buf_add_json_comma(b);
        content_write(b, &contents->items[i]);
    }
    buf_add_char(b, ']');
    char *json = b->failed ? NULL : arena_memdup(&x->http->arena, b->data, b->len);
    if (!json)
        return reply_no_memory(x);
    *ret_json = (struct str){json, b->len};
    return 0;
}

int task_contents_set(struct exchange *x, struct task_contents *contents, size_t count)
{
    struct task_call *call = x->state;
    struct task_draft *draft = task_draft_of(x);
    struct str *texts = exchange_alloc(x, count, sizeof(*texts));
    if (!texts)
        return reply_no_memory(x);
    struct buf b;
    int result = 0;
    buf_init(&b, CONTENTS_MAX);
    for (size_t i = 0; result == 0 && i < count; i++)
        result = write_contents(x, &contents[i], &b, &texts[i]);
    buf_free(&b);
    draft->contents = texts;
    draft->contents_count = count;
    draft->parts = contents[0].count;
    call->contents[call->read - 1] = contents;
    return result;
}

/* --- the start */

static int judge_lookup(struct task_call *call, size_t i)
{
    struct task_draft *draft = &call->op.drafts[call->lookups[i].draft];
    bool found = call->names[i].found;
    switch (call->lookups[i].what) {
    case LOOKUP_VALUE: return found ? 0 : STATUS_GROUP_VALUE;
    case LOOKUP_NAME: return found ? STATUS_TASK_NAME : 0;
    case LOOKUP_GROUP_OR_NUMBERS:
        if (found)
            draft->source = TASK_OF_GROUP;
    }
    return 0;
}

/* The lowest code of the first draft at fault; 0: there is none. */
static int judge(struct task_call *call)
{
    size_t draft = call->fault ? call->faulty : SIZE_MAX;
    int fault = call->fault;
    for (size_t i = 0; i < call->find.count; i++) {
        int code = judge_lookup(call, i);
        size_t of = call->lookups[i].draft;
        if (code != 0 && (of < draft || (of == draft && code < fault))) {
            draft = of;
            fault = code;
        }
    }
    return fault;
}

static void looked_up(struct store_call *store_call)
{
    struct exchange *x = store_call->owner;
    struct task_call *call = x->state;
    int fault = store_call->result < 0 ? 0 : judge(call);
    if (store_call->result < 0)
        (void)refuse_store(x, store_call->result);
    else if (fault != 0)
        (void)refuse(x, (enum status)fault);
    else
        call->then(x);
    if (store_call->result < 0 || fault != 0)
        exchange_finish(x);
}

static void look_up_names(struct exchange *x)
{
    struct task_call *call = x->state;
    call->find.call =
        (struct store_call){.home = x->worker->mailbox, .done = looked_up, .owner = x};
    call->find.tenant_id = x->tenant->id;
    call->find.names = call->names;
    store_names_find(x->worker->reader, &call->find);
}

/* A target without an account of its own is for any of the draft's. */
static void name_accounts(struct task_call *call)
{
    const struct task_draft *draft = &call->op.drafts[0];
    for (size_t i = 0; i < call->groups.count; i++) {
        const struct task_target *target = &draft->targets[i];
        bool has_own = target->account != 0;
        call->groups.targets[i].accounts = has_own ? &target->account : draft->senders;
        call->groups.targets[i].account_count = has_own ? 1 : draft->sender_count;
    }
}

/* Each group chat has to be one that an account which may send is in. */
static void groups_found(struct store_call *store_call)
{
    struct exchange *x = store_call->owner;
    struct task_call *call = x->state;
    if (store_call->result < 0) {
        (void)refuse_store(x, store_call->result);
        exchange_finish(x);
        return;
    }
    if (!task_groups_take(x) && (call->fault == 0 || call->fault > STATUS_GROUP_NULL))
        call->fault = STATUS_GROUP_NULL;
    look_up_names(x);
}

void task_call_look_up(struct exchange *x, void (*then)(struct exchange *x))
{
    struct task_call *call = x->state;
    call->then = then;
    if (call->groups.count == 0) {
        look_up_names(x);
        return;
    }
    call->groups.call =
        (struct store_call){.home = x->worker->mailbox, .done = groups_found, .owner = x};
    call->groups.tenant_id = x->tenant->id;
    name_accounts(call);
    store_group_targets_find(x->worker->reader, &call->groups);
}

static void add_id(struct buf *b, int64_t id)
{
    buf_add_char(b, '"');
    buf_add_i64(b, id);
    buf_add_char(b, '"');
}

static void answer_ids(struct exchange *x)
{
    const struct task_call *call = x->state;
    struct buf *b = reply_begin(x);
    buf_add_text(b, call->has_list ? "[" : "{\"taskId\":");
    for (size_t i = 0; i < call->op.count; i++) {
        if (call->has_list)
            buf_add_json_comma(b);
        add_id(b, call->op.drafts[i].id);
    }
    buf_add_char(b, call->has_list ? ']' : '}');
    reply_end(x);
}

/* What was judged by may have changed since. */
static void answer(struct exchange *x, int result)
{
    const struct task_call *call = x->state;
    switch (result) {
    case ERR_EXISTS: (void)refuse(x, STATUS_TASK_NAME); return;
    case ERR_NO_AGENT: (void)refuse(x, STATUS_NO_USER_NAME); return;
    case ERR_TOO_LARGE: (void)refuse(x, STATUS_DATA_SIZE); return;
    case ERR_INVALID: (void)refuse(x, STATUS_GROUP_VALUE); return;
    default: break;
    }
    if (result == ERR_FULL && call->op.failed < call->op.count)
        (void)refuse_with(x, STATUS_REFUSED, "more than 100000 tasks that are not over");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        answer_ids(x);
}

static void create(struct exchange *x)
{
    struct task_call *call = x->state;
    exchange_write(x, &call->op.call, answer);
    x->wakes = true;
    call->op.failed = SIZE_MAX; /* ERR_FULL may be said of an Idempotency-Key */
    store_tasks_create(x->worker->shared->store, &call->op);
}

void task_call_start(struct exchange *x)
{
    task_call_look_up(x, create);
}
