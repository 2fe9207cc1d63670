/* The calls that make tasks, by their bodies. */
#ifndef WSCRM_API_TASK_CALLS_H
#define WSCRM_API_TASK_CALLS_H

#include "api/task_draft.h"

/* A kind of body: `input` into x->input, then `read` makes x->state, a struct task_call. */
struct task_body {
    const struct input_table *input;
    int (*read)(struct exchange *x);
};
extern const struct task_body task_mark_body;   /* data[] of mark/batchAdd */
extern const struct task_body task_sender_body; /* info of sender/batchAdd */
extern const struct task_body task_single_body; /* soCreate */
extern const struct task_body task_many_body;   /* moscCreate: sendInfos[], content[] */
extern const struct task_body task_own_body; /* momcCreate: sendInfos[], each with its content[] */

#endif
