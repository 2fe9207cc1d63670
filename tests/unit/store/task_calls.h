/* Tasks as calls that wait and as texts; on top of facts.h. */
#ifndef WSCRM_TESTS_UNIT_STORE_TASK_CALLS_H
#define WSCRM_TESTS_UNIT_STORE_TASK_CALLS_H

#include "store/facts.h"
#include "store/tasks.h"

#define SENDER  INT64_C(8613900000001) /* the first of the accounts */
#define SENDERS 3
#define TARGET  INT64_C(491700000000)

static const int64_t senders[SENDERS] = {SENDER, SENDER + 1, SENDER + 2};

static inline int add_account(struct harness *h, int64_t tenant_id, int64_t number)
{
    struct account_write op = {.call = harness_call(h),
                               .tenant_id = tenant_id,
                               .number = number,
                               .agent = STR("ann"),
                               .transport = STR("sandbox"),
                               .platform = STR("pc"),
                               .now_ms = NOW};
    store_account_add(h->store, &op);
    return harness_wait(h, &op.call);
}

/* harness_start() with accounts. */
static inline int start_with_accounts(void **state)
{
    harness_start(state);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(add_account(*state, TENANT, senders[i]), 0);
    return 0;
}

/* --- creating */

#define ONE "[{\"type\":1,\"text\":\"hello\",\"transId\":\"t-1\"}]"
static const struct str one_content[] = {{ONE, sizeof(ONE) - 1}};

/* Of targets, with the contents above and all senders. */
static inline struct task_draft draft_of(const char *name, const struct task_target *targets,
                                         size_t count)
{
    return (struct task_draft){.name = str_of(name),
                               .status = TASK_PENDING,
                               .source = TASK_OF_TARGETS,
                               .interval_min_ms = -1,
                               .interval_max_ms = -1,
                               .senders = senders,
                               .sender_count = SENDERS,
                               .contents = one_content,
                               .contents_count = 1,
                               .parts = 1,
                               .targets = targets,
                               .target_count = count};
}

static inline struct tasks_create create_op(struct harness *h, struct task_draft *drafts,
                                            size_t count)
{
    return (struct tasks_create){.call = harness_call(h),
                                 .tenant_id = TENANT,
                                 .now_ms = NOW,
                                 .cause = STR("test"),
                                 .drafts = drafts,
                                 .count = count};
}

static inline int create(struct harness *h, struct task_draft *drafts, size_t count)
{
    struct tasks_create op = create_op(h, drafts, count);
    store_tasks_create(h->store, &op);
    return harness_wait(h, &op.call);
}

/* A task with the numbers TARGET and up as its recipients; its id. */
static inline int64_t create_range(struct harness *h, const char *name, size_t count)
{
    struct task_target *targets = calloc(count + 1, sizeof(*targets));
    assert_non_null(targets);
    for (size_t i = 0; i < count; i++)
        targets[i] = (struct task_target){.number = TARGET + (int64_t)i};
    struct task_draft draft = draft_of(name, targets, count);
    assert_int_equal(create(h, &draft, 1), 0);
    free(targets);
    return draft.id;
}

/* --- moving and draining */

static inline int move_at(struct harness *h, int64_t tenant_id, int64_t task_id,
                          enum task_status to, int64_t now_ms, enum task_status *ret_status)
{
    struct task_move op = {.call = harness_call(h),
                           .tenant_id = tenant_id,
                           .task_id = task_id,
                           .to = to,
                           .cause = STR("move"),
                           .now_ms = now_ms};
    store_task_move(h->store, &op);
    int result = harness_wait(h, &op.call);
    if (ret_status)
        *ret_status = op.status;
    return result;
}

static inline int move(struct harness *h, int64_t task_id, enum task_status to)
{
    return move_at(h, TENANT, task_id, to, NOW + 5, NULL);
}

static inline int drain(struct harness *h, int64_t task_id, int64_t account, const int64_t *to,
                        size_t to_count, int64_t *ret_left)
{
    struct task_drain op = {.call = harness_call(h),
                            .tenant_id = TENANT,
                            .task_id = task_id,
                            .account = account,
                            .to = to,
                            .to_count = to_count,
                            .reason = REASON_TASK_STOPPED,
                            .now_ms = NOW + 9};
    store_task_drain(h->store, &op);
    int result = harness_wait(h, &op.call);
    *ret_left = op.left;
    return result;
}

static inline int add_recipients(struct harness *h, int64_t task_id, const int64_t *numbers,
                                 size_t count, int64_t position, bool last)
{
    struct task_recipients_add op = {.call = harness_call(h),
                                     .tenant_id = TENANT,
                                     .task_id = task_id,
                                     .numbers = numbers,
                                     .count = count,
                                     .position = position,
                                     .last = last,
                                     .now_ms = NOW};
    store_task_recipients_add(h->store, &op);
    return harness_wait(h, &op.call);
}

/* --- one task as text */

struct task_text {
    struct task_get get;
    struct task task; /* without its texts */
    struct text text, messages;
    size_t count;
    int64_t first, last;   /* ids of the messages shown */
    size_t given[SENDERS]; /* messages of each sender */
};

static inline void text_task(struct task_get *get, const struct task *task)
{
    struct task_text *shown = (struct task_text *)get;
    shown->task = *task;
    text_add(&shown->text, "%.*s %d", (int)task->name.len, task->name.p, (int)task->status);
}

static inline void text_event(struct task_get *get, const struct task_event *event)
{
    struct task_text *shown = (struct task_text *)get;
    if (shown->text.len < 4000)
        text_add(&shown->text, " %d>%d+%d(%.*s)", (int)event->from, (int)event->to,
                 (int)(event->time_ms - NOW), (int)event->cause.len, event->cause.p);
}

static inline void text_message(struct task_get *get, const struct task_message *message)
{
    struct task_text *shown = (struct task_text *)get;
    assert_true(shown->count == 0 || message->id == shown->last + 1);
    shown->first = shown->count++ == 0 ? message->id : shown->first;
    shown->last = message->id;
    for (size_t i = 0; i < SENDERS; i++)
        shown->given[i] += message->account == senders[i];
    if (shown->count > 20)
        return;
    text_add(&shown->messages, "%s%d:%" PRId64 ">%" PRId64, shown->messages.len ? " " : "",
             (int)message->status, message->account - SENDER, message->number);
    if (message->reason)
        text_add(&shown->messages, "!%d", (int)message->reason);
    if (message->trans_id.len)
        text_add(&shown->messages, "(%.*s)", (int)message->trans_id.len, message->trans_id.p);
}

/* Valid until the next call; NULL: there is no such task. */
static inline const struct task_text *task_page(struct harness *h, int64_t tenant_id,
                                                int64_t task_id, int64_t skip, size_t limit)
{
    static struct task_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.get = (struct task_get){.call = harness_call(h),
                                  .tenant_id = tenant_id,
                                  .task_id = task_id,
                                  .skip = skip,
                                  .limit = limit,
                                  .task = text_task,
                                  .event = text_event,
                                  .message = text_message};
    store_task_get(h->reader, &shown.get);
    run_read(h, &shown.get.call);
    if (shown.get.call.result == ERR_NOT_FOUND)
        return NULL;
    assert_int_equal(shown.get.call.result, 0);
    return &shown;
}

static inline const struct task_text *task_of(struct harness *h, int64_t task_id)
{
    const struct task_text *shown = task_page(h, TENANT, task_id, 0, TASK_MAX_TARGETS);
    assert_non_null(shown);
    return shown;
}

/* "status:sender>number!reason(transId) …", of at most 20. */
static inline const char *messages(struct harness *h, int64_t task_id)
{
    return task_of(h, task_id)->messages.bytes;
}

/* --- lists */

struct tasks_text {
    struct tasks_page page;
    struct text text;
};

static inline void text_listed(struct tasks_page *page, const struct task *task)
{
    struct tasks_text *shown = (struct tasks_text *)page;
    assert_int_equal(task->contents.len, 0);
    text_add(&shown->text, "%s%.*s:%d", shown->text.len ? " " : "", (int)task->name.len,
             task->name.p, (int)task->status);
}

/* "name:status …", newest first. */
static inline const char *tasks_page(struct harness *h, int64_t tenant_id, int status,
                                     const char *name, int64_t skip, size_t limit,
                                     int64_t *ret_total)
{
    static struct tasks_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.page = (struct tasks_page){.call = harness_call(h),
                                     .tenant_id = tenant_id,
                                     .status = status,
                                     .name = str_of(name),
                                     .skip = skip,
                                     .limit = limit,
                                     .each = text_listed};
    store_tasks_page(h->reader, &shown.page);
    run_read(h, &shown.page.call);
    assert_int_equal(shown.page.call.result, 0);
    *ret_total = shown.page.total;
    return shown.text.bytes;
}

static inline const char *tasks(struct harness *h)
{
    int64_t total;
    return tasks_page(h, TENANT, 0, NULL, 0, 50, &total);
}

struct open_text {
    struct tasks_open open;
    struct text text;
    int64_t changed;
};

static inline void text_open(struct tasks_open *open, const struct task *task)
{
    struct open_text *shown = (struct open_text *)open;
    assert_true(task->changed > shown->changed);
    assert_true(task->contents.len > 0);
    shown->changed = task->changed;
    text_add(&shown->text, "%s%.*s:%d", shown->text.len ? " " : "", (int)task->name.len,
             task->name.p, (int)task->status);
}

static inline void text_sender(struct tasks_open *open, const struct task *task, int64_t account)
{
    struct open_text *shown = (struct open_text *)open;
    assert_int_equal(task->changed, shown->changed);
    text_add(&shown->text, "+%" PRId64, account - SENDER);
}

/* "name:status+sender+sender …" of those changed behind `changed`, which becomes the last one's. */
static inline const char *tasks_open(struct harness *h, int64_t *changed, size_t limit)
{
    static struct open_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.changed = *changed;
    shown.open = (struct tasks_open){.call = harness_call(h),
                                     .changed = *changed,
                                     .limit = limit,
                                     .each = text_open,
                                     .sender = text_sender};
    store_tasks_open(h->reader, &shown.open);
    run_read(h, &shown.open.call);
    assert_int_equal(shown.open.call.result, 0);
    *changed = shown.changed;
    return shown.text.bytes;
}

/* --- sources */

/* A task as the engine gets it, with its source. */
struct engine_copy {
    struct tasks_open open;
    int64_t id;
    struct task task;
    char source[8192];
};

static inline void copy_task(struct tasks_open *open, const struct task *task)
{
    struct engine_copy *copy = (struct engine_copy *)open;
    if (task->id != copy->id)
        return;
    assert_true(task->source_json.len < sizeof(copy->source));
    copy->task = *task;
    if (task->source_json.len > 0)
        memcpy(copy->source, task->source_json.p, task->source_json.len);
    copy->task.source_json.p = copy->source;
}

static inline struct task *engine_task(struct harness *h, int64_t task_id)
{
    static struct engine_copy copy;
    memset(&copy, 0, sizeof(copy));
    copy.open = (struct tasks_open){.call = harness_call(h), .limit = 1000, .each = copy_task};
    copy.id = task_id;
    store_tasks_open(h->reader, &copy.open);
    run_read(h, &copy.open.call);
    assert_int_equal(copy.task.id, task_id);
    return &copy.task;
}

/* The page behind `position` of a task that is open. Valid until the next call. */
static inline const struct task_source_page *source_page(struct harness *h, int64_t task_id,
                                                         int64_t position)
{
    static struct task_source_page op;
    static int64_t numbers[TASK_RECIPIENTS_MAX];
    struct tenants *tenants = store_tenants(h->store);
    struct task *task = engine_task(h, task_id);
    task->position = position;
    op = (struct task_source_page){.call = harness_call(h),
                                   .tenant = tenants_find(tenants, TENANT),
                                   .task = task,
                                   .numbers = numbers};
    store_task_source_page(h->reader, &op);
    run_read(h, &op.call);
    tenants_unref(tenants);
    return &op;
}

#endif
