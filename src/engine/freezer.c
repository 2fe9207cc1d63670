/* Who the recipients are of a task of a segment or a group: walked on a thread of its own when the task
 * starts, a slice of one task at a time, so that a large one does not keep the others. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/inside.h"

/* Pieces of TASK_RECIPIENTS_MAX numbers in a slice: some 50 to 500 ms. */
#define SLICE_PIECES 16

struct freezer {
    struct engine *engine;
    struct store_reader *reader;
    struct mailbox *mailbox; /* the thread's */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool has_work, is_stopping; /* under the mutex */
    /* The engine's. */
    STAILQ_HEAD(, open_task) line;
    struct open_task *task; /* being worked on */
    struct letter letter;   /* to the engine: the slice is done */
    /* The slice: written by one of the two, then read by the other. */
    int64_t tenant_id, task_id, after, now_ms; /* after: task.changed - 1 */
    int result;
    struct task copy; /* what the walk needs; source_json is `source` */
    struct buf source;
    bool found;
    int64_t numbers[TASK_RECIPIENTS_MAX];
};

/* --- on its thread */

static void is_done(struct store_call *call)
{
    call->owner = NULL;
}

static struct store_call call_of(struct freezer *freezer)
{
    return (struct store_call){.home = freezer->mailbox, .done = is_done, .owner = freezer};
}

static void run_reads(struct freezer *freezer)
{
    while (store_reads_waiting(freezer->reader) > 0)
        store_reads_run(freezer->reader);
}

static void take_task(struct tasks_open *op, const struct task *task)
{
    struct freezer *freezer = op->call.owner;
    if (task->id != freezer->task_id)
        return;
    freezer->found = true;
    freezer->copy = *task;
    buf_clear(&freezer->source);
    buf_add_str(&freezer->source, task->source_json);
    freezer->copy.source_json = (struct str){freezer->source.data, freezer->source.len};
}

static void skip_sender(struct tasks_open *op, const struct task *task, int64_t account)
{
    (void)op, (void)task, (void)account;
}

static int read_task(struct freezer *freezer)
{
    struct tasks_open op = {.call = call_of(freezer),
                            .changed = freezer->after,
                            .limit = 1,
                            .each = take_task,
                            .sender = skip_sender};
    freezer->found = false;
    store_tasks_open(freezer->reader, &op);
    run_reads(freezer);
    if (op.call.result >= 0 && !freezer->found)
        return ERR_NOT_FOUND; /* changed meanwhile: the engine reads it anew */
    return op.call.result >= 0 && freezer->source.failed ? ERR_NOMEM : op.call.result;
}

static int read_page(struct freezer *freezer, const struct tenant *tenant,
                     struct task_source_page *page)
{
    *page = (struct task_source_page){.call = call_of(freezer),
                                      .tenant = tenant,
                                      .task = &freezer->copy,
                                      .numbers = freezer->numbers};
    store_task_source_page(freezer->reader, page);
    run_reads(freezer);
    return page->call.result;
}

/* 1: that was all. */
static int add(struct freezer *freezer, const struct task_source_page *page)
{
    struct task_recipients_add op = {.call = call_of(freezer),
                                     .tenant_id = freezer->tenant_id,
                                     .task_id = freezer->task_id,
                                     .numbers = freezer->numbers,
                                     .count = page->count,
                                     .position = page->position,
                                     .last = !page->more,
                                     .now_ms = freezer->now_ms};
    store_task_recipients_add(freezer->engine->store, &op);
    while (op.call.owner) {
        mailbox_wait(freezer->mailbox, -1);
        mailbox_run(freezer->mailbox);
    }
    freezer->copy.position = page->position;
    if (op.call.result < 0)
        return op.call.result;
    return op.complete || op.last;
}

static bool stops(struct freezer *freezer)
{
    pthread_mutex_lock(&freezer->mutex);
    bool is_stopping = freezer->is_stopping;
    pthread_mutex_unlock(&freezer->mutex);
    return is_stopping;
}

static int walk(struct freezer *freezer)
{
    struct tenants *tenants = store_tenants(freezer->engine->store);
    const struct tenant *tenant = tenants_find(tenants, freezer->tenant_id);
    struct task_source_page page;
    int result = tenant ? read_task(freezer) : ERR_NOT_FOUND;
    for (int piece = 0; result == 0 && piece < SLICE_PIECES && !stops(freezer); piece++) {
        result = read_page(freezer, tenant, &page);
        if (result >= 0)
            result = add(freezer, &page);
    }
    tenants_unref(tenants);
    return result;
}

static bool wait_for_work(struct freezer *freezer)
{
    pthread_mutex_lock(&freezer->mutex);
    while (!freezer->has_work && !freezer->is_stopping)
        pthread_cond_wait(&freezer->changed, &freezer->mutex);
    bool go_on = freezer->has_work;
    freezer->has_work = false;
    pthread_mutex_unlock(&freezer->mutex);
    return go_on;
}

static void *run(void *context)
{
    struct freezer *freezer = context;
    pthread_setname_np(pthread_self(), "freezer");
    while (wait_for_work(freezer)) {
        freezer->result = walk(freezer);
        mailbox_post(freezer->engine->mailbox, &freezer->letter);
    }
    return NULL;
}

/* --- on the engine's */

static void let_go(struct open_task *task)
{
    if (!task)
        return;
    task->freezing = false;
    tasks_release(task);
}

/* The first in line that still wants it. */
static struct open_task *take_first(struct freezer *freezer)
{
    for (struct open_task *task; (task = STAILQ_FIRST(&freezer->line));) {
        STAILQ_REMOVE_HEAD(&freezer->line, line);
        if (task_is_active(task) && !task->complete)
            return task;
        let_go(task);
    }
    return NULL;
}

static void begin_next(struct engine *engine)
{
    struct freezer *freezer = engine->freezer;
    if (freezer->task || atomic_load(&engine->is_stopping))
        return;
    struct open_task *task = freezer->task = take_first(freezer);
    if (!task)
        return;
    freezer->tenant_id = task->tenant_id;
    freezer->task_id = task->id;
    freezer->after = task->changed - 1;
    freezer->now_ms = engine->now_ms;
    pthread_mutex_lock(&freezer->mutex);
    freezer->has_work = true;
    pthread_cond_signal(&freezer->changed);
    pthread_mutex_unlock(&freezer->mutex);
}

/* Whatever came of it: the task is read anew, and asks again while it is not complete. */
static void slice_done(struct letter *letter)
{
    struct freezer *freezer = container_of(letter, struct freezer, letter);
    struct engine *engine = freezer->engine;
    struct open_task *task = freezer->task;
    int result = freezer->result;
    freezer->task = NULL;
    task->freezing = false;
    if (task->gone) {
        tasks_release(task);
    } else if (!task->op &&
               (result == ERR_FULL || result == ERR_NO_AGENT || result == ERR_INVALID)) {
        task_move(engine, task, TASK_STOPPED,
                  result == ERR_FULL ? "too many recipients" : "its recipients cannot be found");
    } else {
        if (result < 0 && result != ERR_NOT_FOUND && result != ERR_CONFLICT) {
            log_line(LOG_ERROR, "engine: recipients of task %lld: %s", (long long)task->id,
                     err_text(result));
            task->retry_at_ms = engine->now_ms + STORE_PAUSE_MS;
        }
        engine->reload = engine->reload || result < 0;
        tasks_stale(engine, task);
    }
    begin_next(engine);
}

void freezer_ask(struct engine *engine, struct open_task *task)
{
    if (task->freezing)
        return;
    task->freezing = true;
    STAILQ_INSERT_TAIL(&engine->freezer->line, task, line);
    begin_next(engine);
}

bool freezer_is_busy(const struct freezer *freezer)
{
    return freezer->task || !STAILQ_EMPTY(&freezer->line);
}

int freezer_new(struct engine *engine, struct freezer **ret_freezer)
{
    struct freezer *freezer = calloc(1, sizeof(*freezer));
    if (!freezer)
        return ERR_NOMEM;
    freezer->engine = engine;
    freezer->letter.open = slice_done;
    buf_init(&freezer->source, (size_t)16 << 20);
    STAILQ_INIT(&freezer->line);
    pthread_mutex_init(&freezer->mutex, NULL);
    pthread_cond_init(&freezer->changed, NULL);
    int result = store_reader_new(engine->store, &freezer->reader);
    if (result == 0)
        result = mailbox_new(&freezer->mailbox);
    if (result == 0 && pthread_create(&freezer->thread, NULL, run, freezer) != 0)
        result = ERR_SYSTEM;
    freezer->has_thread = result == 0;
    if (result < 0)
        freezer_free(freezer);
    else
        *ret_freezer = freezer;
    return result;
}

void freezer_stop(struct freezer *freezer)
{
    if (!freezer || !freezer->has_thread)
        return;
    pthread_mutex_lock(&freezer->mutex);
    freezer->is_stopping = true;
    pthread_cond_signal(&freezer->changed);
    pthread_mutex_unlock(&freezer->mutex);
    pthread_join(freezer->thread, NULL);
    freezer->has_thread = false;
}

void freezer_free(struct freezer *freezer)
{
    if (!freezer)
        return;
    freezer_stop(freezer);
    let_go(freezer->task);
    for (struct open_task *task; (task = STAILQ_FIRST(&freezer->line));) {
        STAILQ_REMOVE_HEAD(&freezer->line, line);
        let_go(task);
    }
    if (freezer->reader)
        store_reader_free(freezer->reader);
    mailbox_free(freezer->mailbox);
    buf_free(&freezer->source);
    pthread_mutex_destroy(&freezer->mutex);
    pthread_cond_destroy(&freezer->changed);
    free(freezer);
}
