/* The store's face, tasks: see store/store.h for how verbs work. */
#ifndef WSCRM_STORE_TASKS_H
#define WSCRM_STORE_TASKS_H

#include "domain/message.h"
#include "domain/segment.h"
#include "domain/task.h"
#include "store/store.h"

/* One recipient that is given with the task. */
struct task_target {
    int64_t account; /* who sends; 0: one of the task's senders */
    int64_t number;
    size_t contents; /* which of task_create.contents */
};

/* Creates tasks, all or none: whoever reads sees all of them or none. Checked in the transaction: the tenant
 * (ERR_NOT_FOUND), each name against the tenant's tasks and the others' (ERR_EXISTS), TENANT_MAX_TASKS
 * (ERR_FULL), that the senders are accounts of the tenant and that there is one for each target
 * (ERR_NO_AGENT), at most TASK_MAX_SENDERS, those of targets counted (ERR_TOO_LARGE); `failed` is then the
 * item at fault. A number that comes twice in a task – in
 * either form – is taken once, the first one. Messages of a task of targets are there at once; the others
 * come with store_task_recipients_add(), when it has started. A target without an account gets the sender
 * who talked to the number last, when that is one of the task's, else the one who has the fewest. */
struct task_draft {
    struct str name;         /* len 0: one is made of the id */
    enum task_status status; /* NOT_STARTED or PENDING */
    enum task_source source;
    int64_t start_ms, end_ms;                 /* real time; 0: none */
    int64_t interval_min_ms, interval_max_ms; /* -1: the account's own */
    const int64_t *senders;                   /* accounts; none when each target has its own */
    size_t sender_count;
    bool may_move; /* recipients of a sender who is away for long go to the others */
    /* JSON arrays of contents (domain/content.h): the first is the task's; a target may have one of its
     * own. All of one length. */
    const struct str *contents;
    size_t contents_count;
    size_t parts;                      /* contents in each array, 1 to TASK_MAX_PARTS */
    const struct task_target *targets; /* of TASK_OF_TARGETS */
    size_t target_count;
    const struct segment *segment; /* of TASK_OF_SEGMENT */
    struct str group;              /* of TASK_OF_GROUP, by name: ERR_INVALID there is none */
    int64_t reached_max;           /* at most so many recipients; 0: all */
    /* In `done`: */
    int64_t id;
};
struct tasks_create {
    struct store_call call;
    int64_t tenant_id;
    int64_t now_ms;
    struct str cause; /* of the first event: the call */
    struct task_draft *drafts;
    size_t count;
    size_t failed;
};
void store_tasks_create(struct store *store, struct tasks_create *op);

/* Moves a task to another state, with an event. ERR_NOT_FOUND no such task of the tenant, ERR_CONFLICT
 * task_may_move() says no, or COMPLETED asked for while messages are left or to come (`status` is what it
 * is in). TASK_PENDING asked for while the start is to come: NOT_STARTED. Of the events of a task the first
 * and the newest are kept, TASK_EVENTS_MAX together. */
#define TASK_EVENTS_MAX 1000
struct task_move {
    struct store_call call;
    int64_t tenant_id, task_id;
    enum task_status to;
    struct str cause;
    int64_t now_ms;
    bool by_engine;          /* struct task's `changed` stays */
    enum task_status status; /* in `done`: what it is in now */
};
void store_task_move(struct store *store, struct task_move *op);

/* Adds recipients to a task of a segment or a group, which has started: in order, each once (see
 * store_tasks_create()). `position` is kept: a walk that was broken off goes on behind it. The last piece
 * has `last`: the task's messages are complete. Numbers that are there already (a repeated piece) change
 * nothing. ERR_NOT_FOUND, ERR_CONFLICT the task is final or complete, ERR_FULL it might come to more than
 * TASK_MAX_MESSAGES, ERR_NO_AGENT it has no senders. */
#define TASK_RECIPIENTS_MAX 1000
struct task_recipients_add {
    struct store_call call;
    int64_t tenant_id, task_id;
    const int64_t *numbers; /* ascending */
    size_t count;           /* at most TASK_RECIPIENTS_MAX */
    int64_t position;
    bool last;
    int64_t now_ms;
    /* In `done`: */
    bool complete; /* that was the last, or reached_max is reached */
    int64_t left;  /* of the task */
};
void store_task_recipients_add(struct store *store, struct task_recipients_add *op);

/* Takes the queued messages of an account in a task from it: to the other accounts, evenly, or – without
 * any – to failed for the reason, together with what waits behind them. For tasks that are stopped, and
 * accounts that are away or gone. A long command, cut into pieces; safe to repeat. result: how many
 * recipients. What is in flight stays. */
struct task_drain {
    struct store_call call;
    int64_t tenant_id, task_id;
    int64_t account;
    const int64_t *to;
    size_t to_count;
    enum message_reason reason; /* without `to` */
    int64_t now_ms;
    int64_t left; /* in `done`: of the task */
};
void store_task_drain(struct store *store, struct task_drain *op);

/* --- reading */

struct task {
    int64_t id, tenant_id;
    struct str name;
    enum task_status status;
    enum task_source source;
    int64_t created_ms, start_ms, end_ms, finished_ms; /* 0: none */
    int64_t started_ms;                                /* when it was PENDING first; 0: not yet */
    int64_t interval_min_ms, interval_max_ms;          /* -1: the account's own */
    bool may_move;
    bool complete; /* all its messages are there */
    size_t parts;
    struct str contents;    /* JSON array: the task's */
    struct str source_json; /* of the segment, or the group's name */
    int64_t reached_max, position;
    struct message_counts counts;
    int64_t changed; /* grows with each change that was not the engine's */
};

/* For the engine: tasks that are not over (not final, or with messages left), and were changed after
 * `changed`, ascending by it, at most `limit`; then the accounts that have messages of them queued or to be
 * retried come by `sender` after their task. Valid during the calls. */
struct tasks_open {
    struct store_call call;
    int64_t changed;
    size_t limit;
    void (*each)(struct tasks_open *op, const struct task *task);
    void (*sender)(struct tasks_open *op, const struct task *task, int64_t account); /* or NULL */
};
void store_tasks_open(struct store_reader *reader, struct tasks_open *op);

/* The accounts that a task is sent from, ascending, whether they have anything left or not. ERR_STORE. */
struct task_senders_get {
    struct store_call call;
    int64_t tenant_id, task_id;
    void (*each)(struct task_senders_get *op, int64_t account);
};
void store_task_senders_get(struct store_reader *reader, struct task_senders_get *op);

struct task_event {
    int64_t time_ms;
    enum task_status from, to; /* from 0: it came into being */
    struct str cause;
};
struct task_message {
    int64_t id, account, number;
    enum message_status status;
    enum message_reason reason;
    int code;               /* the provider's; 0: none */
    struct str reason_text; /* the provider's; len 0: message_reason_text() */
    struct str trans_id;
    int64_t time_ms; /* when it was handed over; 0: it was not */
};
/* A task of the tenant, its events, and a page of its messages in their order, at constant cost wherever
 * the page is. ERR_NOT_FOUND, ERR_STORE. The segment's `source_json` is len 0. */
struct task_get {
    struct store_call call;
    int64_t tenant_id, task_id;
    int64_t skip;
    size_t limit; /* at most TASK_MAX_TARGETS, some 5 ms; 0: none, and `message` may be NULL */
    void (*task)(struct task_get *op, const struct task *task);
    void (*event)(struct task_get *op, const struct task_event *event); /* or NULL */
    void (*message)(struct task_get *op, const struct task_message *message);
};
void store_task_get(struct store_reader *reader, struct task_get *op);

/* The tenant's tasks, newest first, of its newest TASKS_SHOWN_MAX, without `contents` and `source_json`.
 * `total` is right before the first `each`, and in `done`. */
#define TASKS_PAGE_MAX  500
#define TASKS_SHOWN_MAX TENANT_MAX_TASKS
struct tasks_page {
    struct store_call call;
    int64_t tenant_id;
    int status;      /* 0: any */
    struct str name; /* a part of it; len 0: any */
    int64_t skip;
    size_t limit;
    int64_t total;
    void (*each)(struct tasks_page *op, const struct task *task);
    /* The store's own. */
    int64_t at, ids[TASKS_PAGE_MAX];
    size_t looked_at, found, shown;
};
void store_tasks_page(struct store_reader *reader, struct tasks_page *op);
/* True: it is for a worker's loop. Others look at up to TASKS_SHOWN_MAX names, which takes up to 20 ms. */
bool tasks_page_is_short(const struct tasks_page *op);

/* For a thread that has the time: the numbers of a task's source behind task->position, ascending, at most
 * TASK_RECIPIENTS_MAX; customers that came after the task's start are not among them. `more`: there are. A
 * source that names a stage, a source, a tag or a group that is not there has no numbers. Of `task` are used
 * id, source, source_json and position. ERR_NOT_FOUND, ERR_CONFLICT it has not started. */
struct task_source_page {
    struct store_call call;
    const struct tenant *tenant;
    const struct task *task;
    int64_t *numbers; /* [TASK_RECIPIENTS_MAX], the caller's */
    size_t count;     /* in `done` */
    int64_t position; /* in `done`: for the next */
    bool more;
    /* The store's own. */
    struct customers_page page;
    struct segment segment;
    struct json_doc *source;
    struct arena arena;
};
void store_task_source_page(struct store_reader *reader, struct task_source_page *op);

#endif
