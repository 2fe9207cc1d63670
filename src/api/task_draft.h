/* A call that makes tasks: what all of them share, from the request to the answer.
 *
 * All is checked before anything is written. The first task at fault is told, by the lowest of its codes,
 * which is the order of the status table: so each check of a task is a step, whatever its order. What only
 * the store knows – whether there is such a group, such a task – is looked up when all else is known. */
#ifndef WSCRM_API_TASK_DRAFT_H
#define WSCRM_API_TASK_DRAFT_H

#include "api/exchange.h"
#include "api/task_content_input.h"
#include "store/group_chats.h"
#include "store/tasks.h"

#define TASKS_MAX         100 /* of one call */
#define TASK_NAME_LONGEST 255 /* characters */

/* What a name that is looked up is for. */
enum task_lookup {
    LOOKUP_VALUE,            /* has to be there: 511 */
    LOOKUP_GROUP_OR_NUMBERS, /* there: the group is meant; else the targets */
    LOOKUP_NAME,             /* must not be there: 521 */
};

/* x->state of such a call. */
struct task_call {
    struct tasks_create op;
    struct task_contents *contents[TASKS_MAX]; /* of each draft, as its `contents` */
    size_t read;                               /* drafts that were looked at */
    size_t faulty;                             /* the first of them at fault */
    int fault;                                 /* its lowest code; 0: there is none */
    struct names_find find;
    struct name_find names[NAMES_FIND_MAX];
    struct {
        enum task_lookup what;
        size_t draft;
    } lookups[NAMES_FIND_MAX];
    bool to_groups;                   /* the one draft's targets are group chats … */
    struct group_targets_find groups; /* … each of which is looked up */
    bool has_list;                    /* the answer is an array of ids */
    void *preview;                    /* of a call that only looks */
    void (*then)(struct exchange *x); /* when all is known to be good */
};
_Static_assert(NAMES_FIND_MAX >= 2 * TASKS_MAX, "a value and a name each");

/* Makes x->state with room for `count` drafts, 1 to TASKS_MAX. Refuses and returns an error. */
int task_call_new(struct exchange *x, size_t count) MUST_USE;
/* The draft that is being read, and the next one. */
struct task_draft *task_draft_next(struct exchange *x);
struct task_draft *task_draft_of(struct exchange *x);

/* What a check of the draft that is being read returned: a refusal with a code is noted and taken back, and
 * the next check may run: 0. Anything else (HTTP 400, no memory) stands. */
int task_step(struct exchange *x, int result) MUST_USE;

/* A member as a text, for what is judged with a code of its own: len 0 without it; what is neither a text nor
 * an integer becomes a text that nothing takes. */
struct str task_value(struct exchange *x, const struct json *value);

/* Notes a name of the draft to be looked up. */
void task_look_up(struct exchange *x, enum task_lookup what, enum name_kind kind, struct str name);

/* The draft's name: 503 where it has to have one; 521 is looked up. HTTP 400. `place`: "data[3].". */
int task_name_read(struct exchange *x, struct str name, bool required, const char *place) MUST_USE;

/* Gives the draft its contents: those of the task and of targets with some of their own. */
int task_contents_set(struct exchange *x, struct task_contents *contents, size_t count) MUST_USE;

/* The handlers' start: looks up, then makes the tasks and answers their ids. */
void task_call_start(struct exchange *x);
/* The first half of it: looks up, then `then` runs, or the call is refused. */
void task_call_look_up(struct exchange *x, void (*then)(struct exchange *x));

#endif
