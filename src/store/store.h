/* The store's face: asynchronous, batch-first domain verbs.
 *
 * A verb is a struct that its caller owns and fills, with a `struct store_call` as its first member.
 * The verb function takes it and returns at once; later `done` runs, exactly once, on the thread that
 * reads the caller's mailbox (`home`), never before the verb function has returned. Until then the
 * struct and all that it points to must stay. All text given is valid UTF-8 within its limits.
 *
 * Writes: a verb answered 0 is on disk (synchronous=FULL) before `done` runs. Errors: ERR_BUSY the
 * queue is full, ERR_CLOSED shutting down (nothing was done); ERR_STORE nothing was changed;
 * ERR_UNKNOWN the commit failed or a long command broke off, the outcome is unknown, repeating is safe;
 * others as each verb says (then nothing was changed), and those of struct idempotency. Every read sees
 * all writes acknowledged before it was asked for. Every verb on tenant data takes the tenant. */
#ifndef WSCRM_STORE_STORE_H
#define WSCRM_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "base/mailbox.h"
#include "base/text.h"
#include "domain/customer.h"
#include "domain/segment.h"
#include "domain/tenant.h"

struct store;
struct store_reader;
struct store_call;

struct store_settings {
    const char *directory; /* exists; holds wscrm.db, wscrm.key */
    size_t queue_max;      /* write commands that may wait; 4,096 */
    size_t cache_kib;      /* page cache of a reading connection; 8,192; the writer has four */
    size_t mmap_mib;       /* address space for mapping the database file; 65,536; 0: none */
    int history_days;      /* how long changes of customers are kept; 365; 0: for ever */
    int message_days;      /* how long messages are kept; 365; 0: for ever */
    int webhook_days;      /* how long webhook deliveries that are done are kept; 7 */
    int64_t
        not_replied_ms; /* a message that was read and had no reply for so long: "not replied"; 24 h */
    int search_pause_ms; /* between two looks for what the search index does not hold; 1,000 */
    int64_t (*clock_ms)(void); /* what the store does by itself goes by it; clock_real_ms */
};
void store_settings_default(struct store_settings *settings);

/* Opens, makes when it is not there, migrates, loads the tenants, starts the writer thread. The caller
 * holds the directory's lock. On failure why[] names the place and the cause. */
int store_open(const struct store_settings *settings, struct crypto *crypto,
               struct store **ret_store, char *why, size_t why_size) MUST_USE;
/* Answers what waits (writes run), then closes. No verb may be called any more. */
void store_close(struct store *store);
/* From now on a command of unknown length (a deletion, a removal) is answered ERR_UNKNOWN after its next
 * piece: an end need not wait for it. Any thread. */
void store_drain(struct store *store);

/* For commands beside a running server: reads only, takes no lock, starts no thread; the verbs on it
 * answer ERR_CLOSED. ERR_NOT_FOUND: no store there. */
int store_open_read_only(const struct store_settings *settings, struct crypto *crypto,
                         struct store **ret_store, char *why, size_t why_size) MUST_USE;
/* The same for store_check(), which tells of tenants that cannot be loaded: here there are none then. */
int store_open_to_check(const struct store_settings *settings, struct crypto *crypto,
                        struct store **ret_store, char *why, size_t why_size) MUST_USE;

/* The current snapshot of all tenants, with a reference for the caller. Any thread. A change of a
 * tenant is in the snapshot before its verb's `done` runs. */
struct tenants *store_tenants(struct store *store);
/* Grows with each new snapshot; cheap to ask for every request. Any thread. */
uint64_t store_tenants_version(const struct store *store);

/* --- writes that are run once ----------------------------------------------------------------- */

#define IDEMPOTENCY_KEY_LONGEST 255
/* How long an answer is kept, and how much of it: at most so many bytes each, so many of a tenant, and
 * so many bytes of a tenant. A million a day is one every 86 ms, all day. */
#define ANSWER_KEPT_MS          INT64_C(86400000)
#define ANSWER_LONGEST          ((size_t)1 << 20)
#define TENANT_MAX_ANSWERS      1000000
#define TENANT_MAX_ANSWER_BYTES ((int64_t)1 << 30)

/* Given to a write, it is run only when no answer is kept of (tenant, route, key); its own is kept in
 * the same transaction. Else, with the same hash, nothing is run: result 0 and `replayed`. Errors:
 * ERR_CONFLICT another hash, ERR_RUNNING a piece of the same call is on disk and more is to come,
 * ERR_FULL as many are kept of the tenant as may be, ERR_CRYPTO what is kept cannot be opened. A call that
 * fails leaves nothing behind. */
struct idempotency {
    int64_t tenant_id;
    struct str route, key;    /* key: 1 to IDEMPOTENCY_KEY_LONGEST bytes */
    uint8_t hash[SHA256_LEN]; /* of what is asked for */
    /* On the writer's thread: the call has run, its result is set, and it will be on disk or fail. What
     * is to be kept, valid until done. With len 0, or over ANSWER_LONGEST, nothing is. */
    struct str (*answer)(struct store_call *call);
    /* Set before done. */
    bool replayed;
    struct buf kept; /* what was kept: the caller's, who frees it */
};

struct store_call {
    struct letter letter; /* the store's until done */
    struct mailbox *home; /* where done is to run */
    void (*done)(struct store_call *call);
    void *owner;                     /* the caller's */
    int result;                      /* set before done: 0 or a count, or an enum err */
    struct idempotency *idempotency; /* of a write that is to run once; else NULL */
    /* the store's own */
    struct store *store;
    int (*run)(struct store *store, struct store_call *call);          /* a write */
    int (*read)(struct store_reader *reader, struct store_call *call); /* a read */
    struct store_call *next;
    size_t progress; /* of a long command: how far it came, 0 at first */
    int64_t subject; /* of a long command: the id it works on */
    size_t rows;     /* upper bound of what it touches; SIZE_MAX: unknown */
    bool begun;      /* a piece of it is on disk */
    bool is_judged;  /* what it writes was judged before and can hardly fail: no savepoint */
};

/* Looks a key up, without a write: result 0 and idempotency->replayed when its answer is kept; ERR_CONFLICT,
 * ERR_CRYPTO, ERR_STORE. What is not on disk yet is found by the write only. */
struct answer_get {
    struct store_call call;
    struct idempotency *idempotency;
};
void store_answer_get(struct store_reader *reader, struct answer_get *op);

/* --- customers ------------------------------------------------------------------------------- */

enum customer_effect { EFFECT_NONE, EFFECT_CREATED, EFFECT_CHANGED };
struct customer_outcome {
    int result; /* 0, or ERR_NO_AGENT (owner unknown), ERR_NOT_FOUND (extended field is gone),
                 * ERR_TOO_LARGE (more than CUSTOMER_MAX_TAGS tags or TENANT_MAX_LABELS names) */
    const char *place; /* the wire name of the field at fault, static, for ERR_TOO_LARGE */
    enum customer_effect effect;
};

/* Creates or changes customers by number, in order, each item judged on its own: a bad one is left
 * out and takes no other along. A number that is stored in its other form (number_variant()) is that
 * customer, who keeps the form that is stored. created_ms/updated_ms = now_ms; an item that changes nothing leaves
 * updated_ms. result: 0 when the good ones are durable. */
struct customers_upsert {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct str cause; /* for the history: the call or command that asks */
    const struct customer_change *items;
    size_t count;
    struct customer_outcome *outcomes; /* [count], the caller's */
};
void store_customers_upsert(struct store *store, struct customers_upsert *op);

/* Looks numbers up, each in its other form too (number_variant()) when the form given is not there.
 * `each` runs on the reader's thread while the read runs, once per customer found,
 * in the order asked; the customer is valid during the call. Then done. ERR_STORE. */
struct customers_get {
    struct store_call call;
    const struct tenant *tenant;
    const int64_t *numbers;
    size_t count;
    void (*each)(struct customers_get *op, size_t index, const struct customer *customer);
};
void store_customers_get(struct store_reader *reader, struct customers_get *op);

/* Takes customers' owners off. results[i]: 0 (also for one who had none, which changes nothing), or
 * ERR_NOT_FOUND. result: 0 when the good ones are durable. */
#define CUSTOMERS_DISOWN_MAX 50
struct customers_disown {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct str cause; /* as in customers_upsert */
    const int64_t *numbers;
    size_t count; /* at most CUSTOMERS_DISOWN_MAX */
    int *results; /* [count], the caller's */
};
void store_customers_disown(struct store *store, struct customers_disown *op);

/* --- what became of a number ------------------------------------------------------------------ */

/* Of one number at most so many of its newest changes are shown: a count of them is a walk over them, and
 * a reader's turn is short. */
#define HISTORY_MAX 100000

struct history_entry {
    int64_t time_ms;
    const char *field; /* its wire name, static: agentAccount, stage, optOut */
    struct str from, to, cause;
};

/* The changes of a number in both of its forms, newest first. `total` is right before the first `each`
 * and in `done`; the entry is valid during the call. ERR_STORE. */
struct history_page {
    struct store_call call;
    int64_t tenant_id;
    int64_t number;
    int64_t offset;
    size_t limit;
    int64_t total;
    void (*each)(struct history_page *op, const struct history_entry *entry);
};
void store_history_page(struct store_reader *reader, struct history_page *op);

/* --- opt-outs --------------------------------------------------------------------------------- */

#define OPT_OUT_REASON_LONGEST 255 /* characters */
#define TENANT_MAX_OPT_OUTS    INT64_C(10000000)

/* Says of each number that it has opted out, or no longer has. A number may be any, a customer's or not,
 * and is one with its other form. Where that is so already nothing changes, but that a reason that is
 * given replaces the one before. ERR_NOT_FOUND no such tenant, ERR_TOO_LARGE over TENANT_MAX_OPT_OUTS. */
struct opt_outs_set {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct str cause; /* as in customers_upsert */
    const int64_t *numbers;
    size_t count;
    bool opt_out;
    struct str reason; /* len 0: none; of no meaning when it is cleared */
};
void store_opt_outs_set(struct store *store, struct opt_outs_set *op);

struct opt_out {
    int64_t number; /* as it is stored, which may be the other form */
    int64_t since_ms;
    struct str reason;
};

/* Looks numbers up, each in both forms. `each` runs for each one that has opted out, in the order asked;
 * the opt-out is valid during the call. ERR_STORE. */
struct opt_outs_get {
    struct store_call call;
    int64_t tenant_id;
    const int64_t *numbers;
    size_t count;
    void (*each)(struct opt_outs_get *op, size_t index, const struct opt_out *opt_out);
};
void store_opt_outs_get(struct store_reader *reader, struct opt_outs_get *op);

/* All of them, ascending by number. Runs at once on the calling thread (commands only, not workers). */
int store_opt_outs_each(struct store *store, int64_t tenant_id,
                        void (*each)(void *context, const struct opt_out *opt_out),
                        void *context) MUST_USE;

/* --- customer groups -------------------------------------------------------------------------- */

#define TENANT_MAX_GROUPS 1000
#define GROUP_MAX_NUMBERS 100000

/* A named list of numbers, which need not be customers. Saving makes it, or puts the numbers in the place
 * of those that it had: whoever reads sees the old ones or the new ones, whole. ERR_NOT_FOUND no such
 * tenant; ERR_TOO_LARGE over TENANT_MAX_GROUPS; ERR_BUSY also when too much of what was replaced is
 * not swept yet. */
struct group_write {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct str name;
    const int64_t *numbers; /* as numbers_unique() leaves them */
    size_t count;           /* at most GROUP_MAX_NUMBERS */
    /* Instead of numbers: a rule, segment_write(), which is evaluated when it is used; and how it was sent,
     * for those who ask. It may not name a group. len 0: none. */
    struct str rule, rule_sent;
};
void store_group_save(struct store *store, struct group_write *op);
void store_group_remove(struct store *store, struct group_write *op); /* ERR_NOT_FOUND */

/* The tenant's groups by name, or one with its numbers, ascending: `group` runs first, then `number` for
 * each. The texts are valid during the call. ERR_NOT_FOUND no such group, ERR_STORE. */
struct groups_get {
    struct store_call call;
    int64_t tenant_id;
    struct str name; /* p NULL: all groups, without their numbers */
    struct str rule; /* of the group that is shown: as it was sent; len 0: it is a list */
    void (*group)(struct groups_get *op, struct str name, int64_t size);
    void (*number)(struct groups_get *op, int64_t number);
};
void store_groups_get(struct store_reader *reader, struct groups_get *op);

/* --- names ------------------------------------------------------------------------------------ */

/* What a tenant has under a name. */
/* NAME_LIST: a group that is a list, no rule. */
enum name_kind { NAME_STAGE, NAME_SOURCE, NAME_TAG, NAME_GROUP, NAME_LIST, NAME_TASK };
#define NAMES_FIND_MAX 200
struct name_find {
    enum name_kind kind;
    struct str name;
    bool found; /* in `done` */
};
/* Looks up whether there are such. A stage, source or tag is there once a customer was given it. ERR_STORE. */
struct names_find {
    struct store_call call;
    int64_t tenant_id;
    struct name_find *names;
    size_t count; /* at most NAMES_FIND_MAX */
};
void store_names_find(struct store_reader *reader, struct names_find *op);

/* One piece of a walk over all customers of a tenant, by number: for exports. `each` runs on the
 * reader's thread, as in customers_get. result: how many were shown; fewer than `limit`: that was the
 * end. A walk is not one moment's state: each customer is as it was when it was shown. ERR_STORE. */
struct customers_walk {
    struct store_call call;
    const struct tenant *tenant;
    int64_t after; /* shows numbers above; becomes the last that was shown */
    size_t limit;
    void (*each)(struct customers_walk *op, const struct customer *customer);
};
void store_customers_walk(struct store_reader *reader, struct customers_walk *op);

/* Which customers: all of the tenant, those of agents, or by number. In the table: never renumber. */
enum customers_of { CUSTOMERS_ALL = 1, CUSTOMERS_OF_AGENTS = 2, CUSTOMERS_BY_NUMBER = 3 };
#define CUSTOMERS_DELETE_MAX 5000
/* Deletions of a tenant that may be under way: each import meanwhile asks all of them. */
#define TENANT_MAX_JOBS 16

/* Deletes customers, and takes their numbers out of the customer groups; opt-outs and history stay. What
 * goes is what there is when it begins and what no import (or disowning) has named since, whether that
 * changed something or not: an acknowledged import never vanishes. result: how many went.
 *
 * A long deletion is cut into short pieces and is durable from the first one on: whatever breaks it off
 * (a crash, a full disk, the end of the program: ERR_UNKNOWN), the store goes on with it by itself, and
 * asking again does no harm. ERR_NOT_FOUND no such tenant, ERR_FULL TENANT_MAX_JOBS. */
struct customers_delete {
    struct store_call call;
    int64_t tenant_id;
    enum customers_of which;
    const int64_t *items; /* ids of agents, or numbers in either form; of CUSTOMERS_ALL none */
    size_t count;         /* 1 to CUSTOMERS_DELETE_MAX */
    int64_t job;          /* the store's own: 0 */
};
void store_customers_delete(struct store *store, struct customers_delete *op);

/* One page of a segment, by number: at constant cost from the end of the page before, whatever the number
 * of customers, when the segment is all of them. `each` runs on the reader's thread, as in customers_get.
 * Pages one after another show every customer who is in the segment throughout exactly once. ERR_TIMEOUT
 * the deadline is over, ERR_STORE. */
#define CUSTOMERS_PAGE_MAX 1000
struct customers_page {
    struct store_call call;
    const struct tenant *tenant;
    const struct segment *segment;
    int64_t after;       /* shows numbers above; 0: from the first on */
    int64_t skip;        /* so many are left out first */
    size_t limit;        /* 1 to CUSTOMERS_PAGE_MAX */
    bool counts;         /* with after 0: how many are in the segment at all */
    int64_t expected;    /* else: how many there are, as far as is known; 0: nobody knows */
    int64_t deadline_us; /* by clock_mono_us(); 0: none */
    void (*each)(struct customers_page *op, const struct customer *customer);
    /* Right before the first `each`, and in `done`: */
    int64_t total; /* of all customers always; of a segment when it counts */
    /* "stage", "source", "tabName", "group": the tenant has none of this name, and the page is empty. */
    const char *unknown; /* or NULL */
    /* In `done`: */
    int64_t last; /* the `after` of the next page */
    bool more;    /* there is one */
    /* The store's own. */
    int64_t skipped;
    size_t shown;
};
void store_customers_page(struct store_reader *reader, struct customers_page *op);
/* True: it is a short read, for a worker's loop. Others take up to seconds, in short transactions: they are
 * for a thread that has the time. */
bool customers_page_is_short(const struct customers_page *op);

/* --- reading ---------------------------------------------------------------------------------- */

/* A connection for the short reads of one thread. Reads asked for are collected; reads_run(), at the
 * end of each turn of the thread's loop, runs all of them in one transaction (at most 256 reads or
 * 2 ms each, then the next) and then their `done`s – directly, no mailbox. No transaction is open
 * when it returns. */
int store_reader_new(struct store *store, struct store_reader **ret_reader) MUST_USE;
void store_reader_free(struct store_reader *reader);
size_t store_reads_run(struct store_reader *reader); /* the number of reads run */
size_t store_reads_waiting(const struct store_reader *reader);

/* --- tenants, agents, accounts, fields -------------------------------------------------------- */

/* A missing text is len 0 (and p NULL); numbers < 0 mean "leave". Stop words and the reply: p NULL is
 * "leave", len 0 is "none"; of a new tenant they are the standard ones. */
struct tenant_write {
    struct store_call call;
    int64_t id;
    struct str name, admin, api_key, time_zone;
    struct str stop_words, stop_reply;
    int edition, rate_limit, token_window_s;
    int64_t now_ms;
};
void store_tenant_add(struct store *store, struct tenant_write *op); /* ERR_EXISTS, ERR_TOO_LARGE */
void store_tenant_set(struct store *store, struct tenant_write *op); /* ERR_NOT_FOUND */
/* The tenant is gone for clients when its first step is on disk; its data follows in short pieces,
 * also after a crash; done runs after the last. ERR_NOT_FOUND. */
void store_tenant_remove(struct store *store, struct tenant_write *op);

struct agent_write {
    struct store_call call;
    int64_t tenant_id;
    struct str user_name, nickname, password_hash; /* hash of crypto's password_hash(), or empty */
    struct str cause;                              /* of a removal, for the customers' history */
    int64_t now_ms;
};
/* ERR_NOT_FOUND no such tenant, ERR_EXISTS (also the admin's name), ERR_TOO_LARGE. */
void store_agent_add(struct store *store, struct agent_write *op);
/* Nickname (p NULL: leave; len 0: none) and password_hash (len 0: leave). ERR_NOT_FOUND. */
void store_agent_set(struct store *store, struct agent_write *op);
/* ERR_NOT_FOUND; ERR_BUSY-free: his customers lose their owner in short pieces, his WhatsApp accounts
 * lose their agent. */
void store_agent_remove(struct store *store, struct agent_write *op);

#define ACCOUNT_MAX_SETTINGS_LEN 4096
struct account_write {
    struct store_call call;
    int64_t tenant_id;
    int64_t number;
    struct str agent; /* user name */
    struct str name;
    struct str transport; /* "sandbox" */
    struct str platform;  /* a platform_name() */
    struct str settings;  /* a JSON object of texts */
    int64_t now_ms;
};
/* ERR_NOT_FOUND no such tenant, ERR_NO_AGENT, ERR_TOO_LARGE the tenant has TENANT_MAX_ACCOUNTS,
 * ERR_EXISTS: the number belongs to an account of this or another tenant (one WhatsApp number, one
 * tenant). */
void store_account_add(struct store *store, struct account_write *op);
/* Leaves what is not given (p NULL). `settings` is a JSON object of texts and nulls: what it names is
 * set, a null takes out, the others stay. ERR_NOT_FOUND, ERR_NO_AGENT. */
void store_account_set(struct store *store, struct account_write *op);
/* ERR_NOT_FOUND. Its messages outside tasks that wait fail before, in short pieces. */
void store_account_remove(struct store *store, struct account_write *op);

struct field_write {
    struct store_call call;
    int64_t tenant_id;
    struct str name;
    int type; /* enum field_type */
    const struct str *options;
    size_t option_count;
    int64_t now_ms;
};
void store_field_add(struct store *store, struct field_write *op); /* ERR_EXISTS, ERR_TOO_LARGE */
/* As store_field_add(); the options take the place of those of a field that is there. ERR_EXISTS: it is of
 * another type. Values that customers have stay, whatever the options are. */
void store_field_set(struct store *store, struct field_write *op);
void store_field_remove(struct store *store, struct field_write *op); /* ERR_NOT_FOUND */

/* --- care ------------------------------------------------------------------------------------- */

/* SQLite's integrity check, foreign references, tag and extended JSON, key file. Calls `problem` for
 * each fault found (at most 100). Returns the number of faults. Any thread, read-only. */
int store_check(struct store *store, void (*problem)(void *context, const char *text),
                void *context);

/* Customers that are stored twice, in both forms of their number (number_variant()): from a time when
 * forms were not looked at. Calls `each` for each pair, `number` the smaller one; tenant_id 0: of all
 * tenants. In short transactions, on the calling thread. Returns the number of pairs; ERR_STORE. */
int store_twins(struct store *store, int64_t tenant_id,
                void (*each)(void *context, int64_t tenant_id, int64_t number, int64_t other),
                void *context) MUST_USE;

struct store_metrics {
    uint64_t groups, commands, rows, failed_groups, checkpoints;
    uint64_t queue_depth, wal_bytes;
    uint64_t search_passes; /* how often the search index was found, or made, complete */
    uint64_t search_behind; /* ids of customers that it had not come to at the last look */
    uint64_t
        events_dropped; /* webhook deliveries that were over their time before anybody took them */
    uint64_t messages_forgotten; /* because they were older than message_days */
    bool healthy; /* the last commit went well, or nothing was asked since the start */
};
void store_metrics(const struct store *store, struct store_metrics *ret_metrics); /* any thread */

#endif
