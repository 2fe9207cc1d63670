#include "store/sqlite/writer.h"

#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/sqlite/answers.h"
#include "store/sqlite/store_sqlite.h"

/* A run function's memory; an import's items come one after the other, so it is little. */
#define COMMAND_ARENA_MAX ((size_t)8 << 20)

/* --- the verbs' side */

static void call_done(struct letter *letter)
{
    struct store_call *call = container_of(letter, struct store_call, letter);
    call->done(call);
}

static void call_answer(struct store_call *call, int result)
{
    call->result = result;
    if (!call->home) {
        call->done(call); /* the store's own: see tenants_resume_removals() */
        return;
    }
    call->letter.open = call_done;
    mailbox_post(call->home, &call->letter);
}

void writer_post(struct store *store, struct store_call *call, size_t rows,
                 int (*run)(struct store *store, struct store_call *call))
{
    struct writer *writer = &store->writer;
    call->store = store;
    call->run = run;
    call->next = NULL;
    call->progress = 0;
    call->subject = 0;
    call->rows = rows;
    call->begun = false;
    if (store->read_only) {
        call_answer(call, ERR_CLOSED);
    } else if (atomic_fetch_add(&writer->waiting, 1) >= store->settings.queue_max && call->home) {
        atomic_fetch_sub(&writer->waiting, 1);
        call_answer(call, ERR_BUSY);
    } else {
        mailbox_post(writer->inbox, &call->letter);
    }
}

/* --- one command */

bool writer_take_rows(struct writer *writer, const struct store_call *call, size_t rows)
{
    if (call->rows > WRITER_LIGHT_ROWS) {
        /* A look at the clock costs a hundredth of a row: every 64th sees 20 ms well enough. */
        bool looks = rows > 1 || writer->group_rows - writer->looked_at >= 63;
        if (looks)
            writer->looked_at = writer->group_rows;
        int64_t max_us = call->rows == SIZE_MAX ? SWEEP_MAX_US : GROUP_MAX_US;
        if (writer->group_rows >= GROUP_MAX_ROWS ||
            (looks && clock_mono_us() - writer->group_start_us >= max_us))
            return false;
    }
    writer->group_rows += rows;
    return true;
}

bool writer_take_row(struct writer *writer, const struct store_call *call)
{
    return writer_take_rows(writer, call, 1);
}

void writer_count_customers(struct writer *writer, int64_t tenant_id, int64_t customers)
{
    writer->gained.tenant_id = tenant_id;
    writer->gained.customers += customers;
}

/* The command is good: what it counted is the group's. */
static void keep_count(struct writer *writer)
{
    const struct tally *gained = &writer->gained;
    size_t at = 0;
    if (gained->customers == 0)
        return;
    while (at < writer->tally_count && writer->tallies[at].tenant_id != gained->tenant_id)
        at++;
    /* A tally a command at most: there is room. */
    if (at == writer->tally_count)
        writer->tallies[writer->tally_count++] = (struct tally){gained->tenant_id, 0};
    writer->tallies[at].customers += gained->customers;
}

/* For statements whose failure need not be looked at here: it stands in connection->fault. */
static void run_statement(struct connection *connection, enum statement id)
{
    int result = connection_run(connection, id);
    (void)result;
}

/* A command with a key is run only when its answer is not kept, and keeps it. */
static int run_once(struct store *store, struct store_call *call)
{
    int result = call->begun ? 0 : answers_find(store, call);
    if (result != 0)
        return result < 0 ? result : 0;
    call->result = call->run(store, call);
    return call->result < 0 ? call->result : answers_keep(store, call);
}

/* Runs a command; what it answers is in call->result afterwards. */
static void run_command(struct store *store, struct store_call *call)
{
    struct writer *writer = &store->writer;
    writer->gained = (struct tally){0};
    int result = call->idempotency ? run_once(store, call) : call->run(store, call);
    if (result >= 0 || result == WRITER_MORE)
        keep_count(writer);
    /* Its own lack of memory is one failed command; SQLite's is a fault of the whole group. */
    call->result = result == ERR_NOMEM ? ERR_STORE : result;
    arena_reset(&writer->arena);
}

/* A savepoint keeps a copy of each page that is touched in it, which a single import need not pay for.
 * Should it fail half-way after all, it takes the group along: nothing of it is kept. */
static void run_judged(struct store *store, struct store_call *call)
{
    struct connection *connection = &store->writer.connection;
    run_command(store, call);
    if (call->result == ERR_STORE && !connection->fault)
        (void)connection_fault(connection, SQLITE_ABORT);
}

static void run_in_savepoint(struct store *store, struct store_call *call)
{
    struct writer *writer = &store->writer;
    struct connection *connection = &writer->connection;
    call->result = ERR_STORE;
    if (connection_run(connection, STATEMENT_SAVEPOINT) < 0)
        return;
    run_command(store, call);
    if (connection->fault)
        return;
    if (call->result < 0) {
        run_statement(connection, STATEMENT_ROLLBACK_TO);
        if (writer->labels.created)
            labels_forget(&writer->labels);
    }
    run_statement(connection, STATEMENT_RELEASE);
}

/* --- one group: begin, commands, then end */

static void take_mail(struct writer *writer)
{
    struct letter *letter = mailbox_take(writer->inbox);
    while (letter) {
        struct letter *next = letter->next;
        if (letter == &writer->stop) {
            writer->stopping = true;
        } else if (letter == &writer->copier.done) {
            writer->copier.busy = false;
        } else {
            struct store_call *call = container_of(letter, struct store_call, letter);
            lane_put(call->rows > WRITER_LIGHT_ROWS ? &writer->heavy : &writer->light, call);
        }
        letter = next;
    }
}

/* A new connection before the old one is closed: as long as one of ours is open, the log's index in
 * shared memory stays, and with it the knowledge that a failed commit did not happen; the last one's
 * close would make the next opening read the log again, with whatever the failed commit left in it. */
static int writer_connect(struct store *store)
{
    struct writer *writer = &store->writer;
    struct connection fresh;
    int result = connection_open(store->database_path, CONNECTION_WRITE, &store->settings, &fresh);
    connection_close(&writer->connection);
    writer->connection = fresh;
    if (result < 0)
        return result;
    checkpoint_watch(writer);
    if (checkpoint_all(writer) < 0) {
        connection_close(&writer->connection);
        return ERR_STORE;
    }
    return 0;
}

static int group_begin(struct store *store)
{
    struct writer *writer = &store->writer;
    writer->group_rows = 0;
    writer->looked_at = 0;
    writer->group_start_us = clock_mono_us();
    writer->tenants_changed = false;
    writer->events_written = false;
    writer->tally_count = 0;
    if (!writer->connection.db && writer_connect(store) < 0)
        return ERR_STORE;
    return connection_run(&writer->connection, STATEMENT_BEGIN_WRITE);
}

static void group_answer(struct writer *writer, struct lane *group)
{
    struct store_call *call;
    while ((call = lane_take(group))) {
        atomic_fetch_sub(&writer->waiting, 1);
        call_answer(call, call->result);
    }
}

static void writer_say(struct writer *writer, bool healthy, const char *step)
{
    bool before = atomic_exchange(&writer->healthy, healthy);
    if (before && !healthy)
        log_line(LOG_ERROR, "store: %s failed: %s", step, writer->connection.fault_text);
    else if (!before && healthy)
        log_line(LOG_INFO, "store: writing works again");
}

/* Nothing of the group is kept, or, after an error of COMMIT itself, nobody knows. */
static void group_fail(struct store *store, struct lane *group, int result, const char *step)
{
    struct writer *writer = &store->writer;
    struct connection *connection = &writer->connection;
    atomic_fetch_add_explicit(&writer->failed_groups, 1, memory_order_relaxed);
    writer_say(writer, false, step);
    labels_forget(&writer->labels);
    bool usable = false;
    if (connection->db) {
        if (!sqlite3_get_autocommit(connection->db))
            run_statement(connection, STATEMENT_ROLLBACK);
        usable = sqlite3_get_autocommit(connection->db) && result != ERR_UNKNOWN;
    }
    if (!usable)
        (void)writer_connect(store); /* else the next group tries again */
    connection_clear(connection);
    for (struct store_call *call = group->first; call; call = call->next)
        call->result = call->begun ? ERR_UNKNOWN : result;
    group_answer(writer, group);
}

static int group_count(struct writer *writer)
{
    sqlite3_stmt *count =
        connection_statement(&writer->connection, STATEMENT_TENANT_COUNT_CUSTOMERS);
    if (!count)
        return ERR_STORE;
    for (size_t i = 0; i < writer->tally_count; i++) {
        bind_i64(count, 1, writer->tallies[i].tenant_id);
        bind_i64(count, 2, writer->tallies[i].customers);
        if (connection_step(&writer->connection, count) < 0)
            return ERR_STORE;
    }
    return 0;
}

static int group_snapshot(struct store *store, struct tenants **ret_tenants)
{
    char why[160];
    int result = tenants_load(store, &store->writer.connection, ret_tenants, why, sizeof(why));
    if (result < 0)
        log_line(LOG_ERROR, "store: %s", why);
    return result;
}

/* Ends a group whose commands have all run. True: it is on disk; its calls are then still unanswered
 * in `group`. */
static bool group_commit(struct store *store, struct lane *group)
{
    struct writer *writer = &store->writer;
    struct tenants *tenants = NULL;
    if (writer->connection.fault || group_count(writer) < 0) {
        group_fail(store, group, ERR_STORE, "writing");
        return false;
    }
    if (writer->tenants_changed && group_snapshot(store, &tenants) < 0) {
        group_fail(store, group, ERR_STORE, "the tenants' snapshot");
        return false;
    }
    if (connection_run(&writer->connection, STATEMENT_COMMIT) < 0) {
        tenants_unref(tenants);
        group_fail(store, group, ERR_UNKNOWN, "COMMIT");
        return false;
    }
    labels_keep(&writer->labels);
    if (tenants)
        tenants_publish(store, tenants);
    if (writer->group_rows > 0)
        writer_say(writer, true, NULL);
    atomic_fetch_add_explicit(&writer->groups, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&writer->rows, writer->group_rows, memory_order_relaxed);
    if (writer->events_written)
        events_tell(store);
    return true;
}

static bool group_over(const struct writer *writer, size_t commands)
{
    return commands >= GROUP_MAX_COMMANDS || writer->group_rows >= GROUP_MAX_ROWS ||
           clock_mono_us() - writer->group_start_us >= GROUP_MAX_US;
}

static void run_light_group(struct store *store)
{
    struct writer *writer = &store->writer;
    struct lane group = {0};
    size_t commands = 0;
    bool begun = group_begin(store) == 0;
    do {
        struct store_call *call = lane_take(&writer->light);
        lane_put(&group, call);
        commands++;
        if (begun && call->is_judged)
            run_judged(store, call);
        else if (begun)
            run_in_savepoint(store, call);
        if (!writer->light.first)
            take_mail(writer); /* what came meanwhile still rides along */
    } while (writer->light.first && !writer->connection.fault && !group_over(writer, commands));
    atomic_fetch_add_explicit(&writer->commands, commands, memory_order_relaxed);
    if (!begun)
        group_fail(store, &group, ERR_STORE, "BEGIN");
    else if (group_commit(store, &group))
        group_answer(writer, &group);
}

/* A refusal of a heavy command: its transaction is its savepoint. */
static void heavy_refuse(struct store *store, struct lane *group)
{
    struct writer *writer = &store->writer;
    int result = group->first->result;
    run_statement(&writer->connection, STATEMENT_ROLLBACK);
    labels_forget(&writer->labels);
    if (writer->connection.fault) {
        group_fail(store, group, ERR_STORE, "ROLLBACK");
        return;
    }
    group->first->result = group->first->begun ? ERR_UNKNOWN : result;
    group_answer(writer, group);
}

/* A piece is on disk: the next one's turn comes when the light ones had theirs. */
static void heavy_goes_on(struct writer *writer, struct store_call *call)
{
    call->begun = true;
    if (call->rows < SIZE_MAX) {
        lane_put_first(&writer->heavy, call);
    } else if (!writer->stopping && !atomic_load(&writer->draining)) {
        lane_put(&writer->heavy, call);
    } else {
        struct lane group = {0};
        lane_put(&group, call);
        call->result = ERR_UNKNOWN; /* the end does not wait for a sweep */
        group_answer(writer, &group);
    }
}

static void run_heavy_piece(struct store *store)
{
    struct writer *writer = &store->writer;
    struct store_call *call = lane_take(&writer->heavy);
    struct lane group = {0};
    lane_put(&group, call);
    if (group_begin(store) < 0) {
        group_fail(store, &group, ERR_STORE, "BEGIN");
        return;
    }
    run_command(store, call);
    if (call->result < 0 && call->result != WRITER_MORE && !writer->connection.fault) {
        heavy_refuse(store, &group);
    } else if (group_commit(store, &group)) {
        if (call->result == WRITER_MORE) {
            heavy_goes_on(writer, call);
        } else {
            atomic_fetch_add_explicit(&writer->commands, 1, memory_order_relaxed);
            group_answer(writer, &group);
        }
    }
}

int writer_transact(struct store *store, int (*run)(struct store *store))
{
    struct lane nobody = {0};
    if (group_begin(store) < 0) {
        group_fail(store, &nobody, ERR_STORE, "BEGIN");
        return ERR_STORE;
    }
    int result = run(store);
    arena_reset(&store->writer.arena);
    if (result < 0 && result != WRITER_MORE) {
        group_fail(store, &nobody, ERR_STORE, "a chore");
        return result;
    }
    return group_commit(store, &nobody) ? result : ERR_STORE;
}

/* --- the thread */

static void *writer_thread(void *argument)
{
    struct store *store = argument;
    struct writer *writer = &store->writer;
    for (;;) {
        take_mail(writer);
        if (writer->light.first)
            run_light_group(store);
        if (writer->heavy.first && !checkpoint_holds(writer))
            run_heavy_piece(store);
        if (writer->connection.db)
            checkpoint_if_due(writer);
        bool is_idle = !writer->light.first && (!writer->heavy.first || checkpoint_holds(writer));
        if (is_idle && !writer->heavy.first && writer->stopping)
            return NULL;
        int wait_ms = writer->stopping ? -1 : chores_run(store);
        if (is_idle && wait_ms != 0)
            mailbox_wait(writer->inbox, wait_ms);
    }
}

int writer_init(struct writer *writer)
{
    memset(writer, 0, sizeof(*writer));
    atomic_init(&writer->healthy, true);
    writer->has_jobs = true;
    labels_init(&writer->labels);
    arena_init(&writer->arena, COMMAND_ARENA_MAX);
    int result = copier_init(&writer->copier);
    return result == 0 ? mailbox_new(&writer->inbox) : result;
}

int writer_start(struct store *store)
{
    sigset_t all, before;
    sigfillset(&all);
    /* Signals belong to main's thread. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = copier_start(store);
    if (result == 0 && pthread_create(&store->writer.thread, NULL, writer_thread, store) != 0)
        result = ERR_SYSTEM;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    store->writer.started = result == 0;
    return result;
}

/* The thread never ran: what store_open() asked of it is not done. */
static void refuse_mail(struct writer *writer)
{
    struct store_call *call;
    take_mail(writer);
    while ((call = lane_take(&writer->light)) || (call = lane_take(&writer->heavy)))
        call_answer(call, ERR_CLOSED);
}

void writer_stop(struct store *store)
{
    struct writer *writer = &store->writer;
    if (writer->started) {
        mailbox_post(writer->inbox, &writer->stop);
        pthread_join(writer->thread, NULL);
        writer->started = false;
    } else if (writer->inbox) {
        refuse_mail(writer);
    }
    copier_stop(&writer->copier);
    if (writer->inbox)
        take_mail(writer); /* the copier's last word */
    if (writer->connection.db) {
        /* Only to leave one file behind: what is not copied now is at the next start. */
        int result = checkpoint_all(writer);
        (void)result;
        connection_close(&writer->connection);
    }
    labels_free(&writer->labels);
    arena_free(&writer->arena);
    copier_free(&writer->copier);
    if (writer->inbox) {
        mailbox_free(writer->inbox);
        writer->inbox = NULL;
    }
}
