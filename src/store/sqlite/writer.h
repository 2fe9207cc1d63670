/* The one thread that writes: takes commands from its mailbox and runs all that wait as one
 * transaction (group commit), each in a savepoint of its own, then answers all of them.
 *
 * Two lanes. Light commands (at most WRITER_LIGHT_ROWS rows) share a group. A heavy one (an import of
 * thousands, the removal of a tenant) is run in pieces, each a transaction of its own, in turns with
 * the light groups: so neither waits long for the other, and a piece needs no savepoint, which would
 * keep a copy of every page that it touches. Imports are finished in the order they came; sweeps of
 * unknown length (rows SIZE_MAX) go to the end of the lane after each piece. */
#ifndef WSCRM_STORE_SQLITE_WRITER_H
#define WSCRM_STORE_SQLITE_WRITER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/mailbox.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/labels.h"
#include "store/sqlite/lane.h"
#include "store/sqlite/outbox.h"
#include "store/store.h"

/* A group ends at the first of these. 20 ms is what the first of a group waits for the last. */
#define GROUP_MAX_COMMANDS 1000
#define GROUP_MAX_ROWS     10000
#define GROUP_MAX_US       20000
/* A piece of a sweep: its rows lie anywhere, so that its commit takes longer than it did. */
#define SWEEP_MAX_US 3000
/* The most that a command may overrun a group that was nearly over: some 5 ms. */
#define WRITER_LIGHT_ROWS 500

/* What a heavy command's run returns to be called again in a later transaction: it has kept its
 * place in call->progress. */
#define WRITER_MORE INT32_MIN

/* How many customers a tenant gained or lost in this group. */
struct tally {
    int64_t tenant_id, customers;
};

/* What the store does by itself, in pieces between the groups; see writer_chores.c. */
enum chore_id {
    CHORE_HISTORY,
    CHORE_GROUPS,
    CHORE_ANSWERS,
    CHORE_JOBS,
    CHORE_SEARCH,
    CHORE_TASKS,
    CHORE_OUTBOX,
    CHORE_NOT_REPLIED,
    CHORE_MESSAGES,
    CHORE_ACTIONS,
    CHORE_SCREENINGS,
    CHORE_COUNT,
};
struct chores {
    int64_t due_us[CHORE_COUNT]; /* monotonic */
    int64_t rest_until_us;       /* after a piece, so that commands have most of the time */
};

/* The thread that copies the log into the database; see writer_checkpoint.c. */
struct copier {
    pthread_t thread;
    bool started;
    struct mailbox *inbox;
    struct letter work, stop, done; /* the last goes to the writer */
    bool busy;                      /* the writer's: asked, and not done yet */
    pthread_mutex_t mutex;          /* one checkpoint at a time; and over what follows: */
    bool fails;                     /* said once */
};

struct writer {
    struct mailbox *inbox;
    struct letter stop;
    atomic_size_t waiting; /* commands accepted and not answered yet */
    pthread_t thread;
    bool started;

    /* The writer thread's own from here on (store_open()'s before it starts). */
    struct connection connection;
    struct lane light, heavy;
    bool stopping;
    bool has_jobs; /* false: surely no deletion is under way (jobs.h) */
    struct labels labels;
    struct arena arena;   /* of the running command */
    int64_t task_changed; /* the greatest that was given: see task_row.h */
    bool tenants_changed; /* by this group: a new snapshot is made before its commit */
    bool
        events_written; /* by this group, or URLs changed: whoever watches is told after its commit */
    size_t group_rows;
    size_t looked_at; /* the clock, at so many rows */
    int64_t group_start_us;
    struct tally tallies[GROUP_MAX_COMMANDS];
    size_t tally_count;
    struct tally gained; /* by the running command */
    struct chores chores;
    struct copier copier;
    struct outbox_walk outbox_walk;
    int64_t
        forgotten_to; /* messages outside tasks: how far messages_forget() is, 0: at the front */
    bool search_looked_at; /* the search index, since the start */
    int search_beginnings; /* of the search index, because it was damaged */
    bool search_given_up;  /* until the next start */
    int log_pages;         /* length of the write-ahead log after the last commit */
    int log_pages_copied;  /* when the copying was last asked for */
    int log_pages_retry;   /* the log could not start over: not again before it is so long */

    atomic_uint_fast64_t groups, commands, rows, failed_groups, checkpoints;
    atomic_uint_fast64_t search_passes, search_behind;
    atomic_uint_fast64_t events_dropped;
    atomic_uint_fast64_t messages_forgotten;
    atomic_bool healthy;
    atomic_bool draining; /* see store_drain() */
};

int writer_init(struct writer *writer) MUST_USE;
/* The connection is open and migrated. ERR_SYSTEM, ERR_NOMEM. */
int writer_start(struct store *store) MUST_USE;
/* Runs what waits and ends the thread, when there is one; closes the connection. */
void writer_stop(struct store *store);

/* For the verbs: posts the call to the writer, or its refusal to its home. `rows` is an upper bound of
 * the rows that it touches; SIZE_MAX: unknown. */
void writer_post(struct store *store, struct store_call *call, size_t rows,
                 int (*run)(struct store *store, struct store_call *call));

/* For run functions: counts a row. False: the piece is over, return WRITER_MORE before this row.
 * Light commands are never cut. */
bool writer_take_row(struct writer *writer, const struct store_call *call);
/* The same for a statement that touches up to `rows` rows. */
bool writer_take_rows(struct writer *writer, const struct store_call *call, size_t rows);

/* For run functions: it goes into tenant.customers with the group, unless the command fails. */
void writer_count_customers(struct writer *writer, int64_t tenant_id, int64_t customers);

/* Runs `run` as a transaction of its own. What it returns, or ERR_STORE. */
int writer_transact(struct store *store, int (*run)(struct store *store));

/* --- writer_chores.c */

/* Between groups: one piece of a chore that is due. Returns the milliseconds until the next is, at
 * most an hour; 0: at once. */
int chores_run(struct store *store);

/* --- writer_checkpoint.c */

int copier_init(struct copier *copier) MUST_USE;
int copier_start(struct store *store) MUST_USE; /* ERR_SYSTEM */
void copier_stop(struct copier *copier);        /* also one that was not started */
void copier_free(struct copier *copier);
/* Watches the log's length from now on. After each opening of the connection. */
void checkpoint_watch(struct writer *writer);
/* Whether heavy commands are to wait: the log is long and is being copied, and what is written meanwhile
 * would keep it from starting over. */
bool checkpoint_holds(const struct writer *writer);
/* Between groups: has the log copied into the database when it is long enough. */
void checkpoint_if_due(struct writer *writer);
/* What can be copied now, and the log cut to nothing when nobody reads it. Before the first command on
 * a connection, because a log that was written and not synced (by a killed process, by a commit that
 * failed) reads as committed: a command that finds its change already there would be acknowledged
 * without a sync. Also at the end. ERR_STORE. */
int checkpoint_all(struct writer *writer) MUST_USE;

#endif
