/* An engine on a real store and the real sandbox, with a clock that the test moves. */
#ifndef WSCRM_TESTS_UNIT_ENGINE_WORLD_H
#define WSCRM_TESTS_UNIT_ENGINE_WORLD_H

#include "store/harness.h"

#include <string.h>

#include "base/json.h"
#include "engine/inside.h"

#define ACCOUNT INT64_C(8613900000001) /* the first */
#define TARGET  INT64_C(491700000000)  /* the first recipient */
#define TEXT    "[{\"type\":1,\"text\":\"hello\"}]"
#define MINUTE  INT64_C(60000)
#define HOUR    (60 * MINUTE)

struct world {
    struct harness *h;
    struct engine *engine;
    struct engine_settings settings;
    int64_t now_ms, tick_ms;
};

static inline int64_t world_clock(void *context)
{
    return ((struct world *)context)->now_ms;
}

static inline void world_engine(struct world *w)
{
    char why[256];
    w->settings.directory = w->h->directory;
    w->settings.clock_ms = world_clock;
    w->settings.clock_context = w;
    int result = engine_new(&w->settings, w->h->store, &w->engine, why, sizeof(why));
    if (result < 0)
        fail_msg("engine_new: %d %s", result, why);
}

/* What is due now, and all that follows from it at once. */
static inline int64_t world_settle(struct world *w)
{
    int64_t next_ms = engine_run(w->engine);
    while (!engine_is_idle(w->engine)) {
        mailbox_wait(engine_mailbox(w->engine), 10);
        next_ms = engine_run(w->engine);
    }
    return next_ms;
}

/* The clock goes from one thing that is due to the next; a tick is how late the engine may be. */
static inline void world_run_until(struct world *w, int64_t until_ms)
{
    for (;;) {
        int64_t next_ms = world_settle(w);
        next_ms = (next_ms + w->tick_ms - 1) / w->tick_ms * w->tick_ms;
        if (next_ms > until_ms)
            break;
        w->now_ms = next_ms > w->now_ms ? next_ms : w->now_ms + w->tick_ms;
    }
    w->now_ms = until_ms;
    world_settle(w);
}

static inline int world_start(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    setenv("TMPDIR", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", 0);
    harness_start(state);
    w->h = *state;
    w->now_ms = NOW;
    w->tick_ms = 1;
    engine_settings_default(&w->settings);
    *state = w;
    return 0;
}

static inline int world_end(void **state)
{
    struct world *w = *state;
    engine_free(w->engine);
    *state = w->h;
    free(w);
    return harness_end(state);
}

static inline void world_restart(struct world *w)
{
    engine_free(w->engine);
    harness_reopen(w->h);
    world_engine(w);
}

/* --- accounts and tasks */

/* `settings`: a JSON object of texts. */
static inline void world_account(struct world *w, int64_t number, const char *settings)
{
    struct account_write op = {.call = harness_call(w->h),
                               .tenant_id = TENANT,
                               .number = number,
                               .agent = STR("ann"),
                               .transport = STR("sandbox"),
                               .platform = STR("pc"),
                               .settings = str_of(settings),
                               .now_ms = w->now_ms};
    store_account_add(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
}

static inline void world_account_remove(struct world *w, int64_t number)
{
    struct account_write op = {
        .call = harness_call(w->h), .tenant_id = TENANT, .number = number, .now_ms = w->now_ms};
    store_account_remove(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    if (w->engine)
        engine_wake(w->engine);
}

static inline struct task_draft world_draft(const struct world *w, const int64_t *senders,
                                            size_t sender_count, const struct task_target *targets,
                                            size_t target_count)
{
    static const struct str contents = {TEXT, sizeof(TEXT) - 1};
    return (struct task_draft){.status = TASK_PENDING,
                               .source = TASK_OF_TARGETS,
                               .start_ms = w->now_ms,
                               .interval_min_ms = -1,
                               .interval_max_ms = -1,
                               .senders = senders,
                               .sender_count = sender_count,
                               .contents = &contents,
                               .contents_count = 1,
                               .parts = 1,
                               .targets = targets,
                               .target_count = target_count};
}

static inline int64_t world_create(struct world *w, struct task_draft *draft)
{
    struct tasks_create op = {.call = harness_call(w->h),
                              .tenant_id = TENANT,
                              .now_ms = w->now_ms,
                              .cause = STR("test"),
                              .drafts = draft,
                              .count = 1};
    store_tasks_create(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    if (w->engine)
        engine_wake(w->engine);
    return draft->id;
}

/* A task of `count` recipients from TARGET + first on, from one account each in turn. */
static inline int64_t world_task(struct world *w, const int64_t *senders, size_t sender_count,
                                 int64_t first, size_t count)
{
    struct task_target *targets = calloc(count + 1, sizeof(*targets));
    assert_non_null(targets);
    for (size_t i = 0; i < count; i++)
        targets[i].number = TARGET + first + (int64_t)i;
    struct task_draft draft = world_draft(w, senders, sender_count, targets, count);
    int64_t id = world_create(w, &draft);
    free(targets);
    return id;
}

static inline int world_move(struct world *w, int64_t task_id, enum task_status to)
{
    struct task_move op = {.call = harness_call(w->h),
                           .tenant_id = TENANT,
                           .task_id = task_id,
                           .to = to,
                           .cause = STR("call"),
                           .now_ms = w->now_ms};
    store_task_move(w->h->store, &op);
    int result = harness_wait(w->h, &op.call);
    engine_wake(w->engine);
    return result;
}

/* --- what came of it */

#define SHOWN_MAX 5000

struct shown_task {
    struct task_get get;
    struct task task; /* without its texts */
    struct task_message messages[SHOWN_MAX];
    size_t count;
    char cause[256]; /* of the last event */
};

static inline void shown_task(struct task_get *get, const struct task *task)
{
    ((struct shown_task *)get)->task = *task;
}

static inline void shown_event(struct task_get *get, const struct task_event *event)
{
    snprintf(((struct shown_task *)get)->cause, 256, "%.*s", (int)event->cause.len, event->cause.p);
}

static inline void shown_message(struct task_get *get, const struct task_message *message)
{
    struct shown_task *shown = (struct shown_task *)get;
    shown->messages[shown->count++] = *message;
}

/* Valid until the next call. */
static inline const struct shown_task *world_look(struct world *w, int64_t task_id)
{
    static struct shown_task shown;
    memset(&shown, 0, sizeof(shown));
    shown.get = (struct task_get){.call = harness_call(w->h),
                                  .tenant_id = TENANT,
                                  .task_id = task_id,
                                  .limit = SHOWN_MAX,
                                  .task = shown_task,
                                  .event = shown_event,
                                  .message = shown_message};
    store_task_get(w->h->reader, &shown.get);
    while (shown.get.call.owner)
        store_reads_run(w->h->reader);
    assert_int_equal(shown.get.call.result, 0);
    return &shown;
}

/* One hand-over, as the journal has it. */
struct hand_over {
    int64_t time_ms, account, to, message;
};

static inline int64_t journal_number(const struct json *line, const char *name)
{
    const struct json *member = json_member(line, name);
    int64_t number = 0;
    assert_non_null(member);
    if (json_type(member) == JSON_STRING)
        assert_int_equal(str_to_i64(json_text(member), &number), 0);
    else
        assert_int_equal(json_integer(member, &number), 0);
    return number;
}

/* All hand-overs, in their order; the caller frees it. */
static inline struct hand_over *world_journal(struct world *w, size_t *ret_count)
{
    char path[128], *line = NULL;
    size_t size = 0, count = 0, room = 64;
    struct hand_over *all = calloc(room, sizeof(*all));
    snprintf(path, sizeof(path), "%s/sandbox.journal", w->h->directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    for (ssize_t len; (len = getline(&line, &size, file)) > 0;) {
        struct json_doc *doc;
        struct json_error error;
        assert_int_equal(json_parse((struct str){line, (size_t)len}, 100, &doc, &error), 0);
        if (count == room)
            all = realloc(all, (room *= 2) * sizeof(*all));
        assert_non_null(all);
        const struct json *root = json_root(doc);
        all[count++] =
            (struct hand_over){journal_number(root, "time"), journal_number(root, "from"),
                               journal_number(root, "to"), journal_number(root, "msgId")};
        json_free(doc);
    }
    free(line);
    fclose(file);
    *ret_count = count;
    return all;
}

#endif
