/* The contents of tasks, parsed once for many recipients. */
#include <stdlib.h>

#include "engine/inside.h"

/* So many tasks; with pictures' texts and routes some 20 KiB each. */
#define CONTENTS_MAX 64

struct contents_get {
    struct task_get op;
    struct contents *contents;
    int result;
};

static void done(struct store_call *call)
{
    (void)call;
}

static int read_parts(struct contents *contents)
{
    const struct json *part = json_first(json_root(contents->doc));
    int result = 0;
    for (; part && result == 0 && contents->count < TASK_MAX_PARTS; part = json_next(part)) {
        struct content *content = &contents->parts[contents->count];
        result = content_read(part, &contents->arena, content);
        if (result == 0)
            contents->variables[contents->count++] = content_has_variables(content);
    }
    return result;
}

static void take_task(struct task_get *op, const struct task *task)
{
    struct contents_get *get = container_of(op, struct contents_get, op);
    struct json_error error;
    get->result = json_parse(task->contents, JSON_MAX_VALUES, &get->contents->doc, &error);
    if (get->result == 0)
        get->result = read_parts(get->contents);
}

static void skip_event(struct task_get *op, const struct task_event *event)
{
    (void)op, (void)event;
}

static void skip_message(struct task_get *op, const struct task_message *message)
{
    (void)op, (void)message;
}

static void destroy(struct contents *contents)
{
    json_free(contents->doc);
    arena_free(&contents->arena);
    free(contents);
}

/* Those that no message needs now, oldest first. */
static void make_room(struct engine *engine)
{
    struct contents *contents = TAILQ_FIRST(&engine->contents), *next;
    for (; contents && engine->contents_count >= CONTENTS_MAX; contents = next) {
        next = TAILQ_NEXT(contents, age);
        if (contents->users > 0)
            continue;
        TAILQ_REMOVE(&engine->contents, contents, age);
        engine->contents_count--;
        destroy(contents);
    }
}

static struct contents *load(struct engine *engine, int64_t tenant_id, int64_t task_id)
{
    struct contents *contents = calloc(1, sizeof(*contents));
    if (!contents)
        return NULL;
    contents->task_id = task_id;
    arena_init(&contents->arena, (size_t)4 << 20);
    struct contents_get get = {.op = {.call = {.home = engine->mailbox, .done = done},
                                      .tenant_id = tenant_id,
                                      .task_id = task_id,
                                      .task = take_task,
                                      .event = skip_event,
                                      .message = skip_message},
                               .contents = contents};
    store_task_get(engine->reader, &get.op);
    engine_read(engine);
    if (get.op.call.result < 0 || get.result < 0 || !contents->doc) {
        destroy(contents);
        return NULL;
    }
    make_room(engine);
    engine->contents_count++;
    return contents;
}

/* The list is short, and the newest stands at its end. */
static struct contents *find(const struct engine *engine, int64_t task_id)
{
    struct contents *contents;
    TAILQ_FOREACH_REVERSE(contents, &engine->contents, contents_by_age, age)
    if (contents->task_id == task_id)
        return contents;
    return NULL;
}

struct contents *contents_take(struct engine *engine, int64_t tenant_id, int64_t task_id)
{
    struct contents *contents = find(engine, task_id);
    if (contents)
        TAILQ_REMOVE(&engine->contents, contents, age);
    else
        contents = load(engine, tenant_id, task_id);
    if (!contents)
        return NULL;
    TAILQ_INSERT_TAIL(&engine->contents, contents, age);
    contents->users++;
    return contents;
}

void contents_drop(struct contents *contents)
{
    if (contents)
        contents->users--;
}

void contents_free(struct engine *engine)
{
    for (struct contents *contents; (contents = TAILQ_FIRST(&engine->contents));) {
        TAILQ_REMOVE(&engine->contents, contents, age);
        destroy(contents);
    }
}
