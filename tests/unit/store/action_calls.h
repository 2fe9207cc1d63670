/* Actions as calls that wait and as texts; on top of hooks.h, whose clock the store goes by. An action is
 * known by a letter, the first byte of its id. */
#ifndef WSCRM_TESTS_UNIT_STORE_ACTION_CALLS_H
#define WSCRM_TESTS_UNIT_STORE_ACTION_CALLS_H

#include "store/actions.h"
#include "store/hooks.h"

#define SPACING INT64_C(10000)

struct line {
    char data[65536];
    size_t len;
};

static inline void __attribute__((format(printf, 2, 3)))
line_add(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    line->len += (size_t)vsnprintf(line->data + line->len, sizeof(line->data) - line->len, format,
                                   arguments);
    va_end(arguments);
    assert_true(line->len < sizeof(line->data));
}

static inline void finish_read(struct harness *h, struct store_call *call)
{
    while (call->owner)
        store_reads_run(h->reader);
}

static inline struct action_id action_id(char letter)
{
    return (struct action_id){{(uint8_t)letter}};
}

/* One for each letter, of one agent. */
static inline int make_actions(struct harness *h, int64_t tenant_id, int64_t agent,
                               const char *letters, int64_t now_ms)
{
    struct action_new items[ACTIONS_MAX];
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++)
        items[i] = (struct action_new){.id = action_id(letters[i]),
                                       .agent = agent,
                                       .account = i % 2 ? 8618217331411 : 0,
                                       .number = 15266667779,
                                       .platform = 1,
                                       .type = 1,
                                       .content = i % 2 ? STR("hello") : (struct str){0}};
    struct actions_create op = {.call = harness_call(h),
                                .tenant_id = tenant_id,
                                .now_ms = now_ms,
                                .interval_ms = SPACING,
                                .items = items,
                                .count = count};
    store_actions_create(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int answer_action(struct harness *h, int64_t tenant_id, char letter, bool good,
                                const char *reason)
{
    struct action_done op = {.call = harness_call(h),
                             .tenant_id = tenant_id,
                             .now_ms = NOW,
                             .id = action_id(letter),
                             .good = good,
                             .reason = str_of(reason)};
    store_action_done(h->store, &op);
    return harness_wait(h, &op.call);
}

struct results {
    struct actions_result get;
    struct line text;
};

static inline void add_result(struct actions_result *op, size_t index, enum action_status status,
                              struct str reason)
{
    struct results *results = container_of(op, struct results, get);
    line_add(&results->text, "%s%c%d%s%.*s", results->text.len ? " " : "", op->ids[index].bytes[0],
             status, reason.len ? ":" : "", (int)reason.len, reason.p);
}

/* "a0 b1 c-1:no listener", of those that are there. Valid until the next call. */
static inline const char *results_of(struct harness *h, int64_t tenant_id, const char *letters)
{
    static struct results results;
    struct action_id ids[ACTIONS_RESULT_MAX];
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++)
        ids[i] = action_id(letters[i]);
    results = (struct results){.get = {.call = harness_call(h),
                                       .tenant_id = tenant_id,
                                       .ids = ids,
                                       .count = count,
                                       .each = add_result}};
    store_actions_result(h->reader, &results.get);
    finish_read(h, &results.get.call);
    assert_int_equal(results.get.call.result, 0);
    return results.text.data;
}

struct dues {
    union {
        struct actions_due due;
        struct actions_fresh fresh;
    };
    size_t count;
    struct action_due list[ACTIONS_MAX];
};

static inline void note_due(struct actions_due *op, const struct action_due *due)
{
    struct dues *dues = container_of(op, struct dues, due);
    dues->list[dues->count++] = *due;
}

static inline void note_fresh(struct actions_fresh *op, const struct action_due *due)
{
    struct dues *dues = container_of(op, struct dues, fresh);
    dues->list[dues->count++] = *due;
}

/* Those that wait. Valid until the next call. */
static inline const struct dues *due_actions(struct harness *h, int64_t until_ms, size_t limit)
{
    static struct dues dues;
    dues.count = 0;
    dues.due = (struct actions_due){
        .call = harness_call(h), .until_ms = until_ms, .limit = limit, .each = note_due};
    store_actions_due(h->reader, &dues.due);
    finish_read(h, &dues.due.call);
    assert_int_equal(dues.due.call.result, dues.count);
    return &dues;
}

/* Runs a turn of one step. */
static inline struct action_item step_action(struct harness *h, int64_t action,
                                             enum action_step step, int64_t listener,
                                             const char *reason)
{
    static struct buf text;
    struct action_item item = {.action = action,
                               .step = step,
                               .listener = listener,
                               .order = action,
                               .reason = str_of(reason)};
    struct actions_turn op = {
        .call = harness_call(h), .now_ms = NOW + 5, .items = &item, .count = 1};
    buf_free(&text);
    buf_init(&op.text, (size_t)2 << 20);
    store_actions_turn(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    text = op.text; /* the item's content lies there */
    return item;
}

struct taken {
    struct actions_take take;
    struct line text;
};

static inline void add_taken(struct actions_take *op, const struct action_event *event)
{
    line_add(&container_of(op, struct taken, take)->text, "%c", event->id.bytes[0]);
}

/* The letters that the stream takes over. `last`: the letter that was seen last, of no meaning with a
 * session. */
static inline const char *take_over(struct harness *h, int64_t stream, int64_t session, char last,
                                    int64_t after_ms)
{
    static struct taken taken;
    taken = (struct taken){.take = {.call = harness_call(h),
                                    .tenant_id = TENANT,
                                    .agent = agent_id(h, TENANT, "ann"),
                                    .stream = stream,
                                    .session = session,
                                    .last = action_id(last),
                                    .after_ms = after_ms,
                                    .each = add_taken}};
    store_actions_take(h->store, &taken.take);
    assert_int_equal(harness_wait(h, &taken.take.call), 0);
    return taken.text.data;
}

#endif
