/* A command on a task that is at the writer. */
#ifndef WSCRM_ENGINE_TASK_OP_H
#define WSCRM_ENGINE_TASK_OP_H

#include "engine/inside.h"

/* Accounts whose recipients are taken away one after the other. */
#define TASK_OP_ACCOUNTS 64

struct task_op {
    struct engine *engine;
    struct open_task *task;
    union {
        struct task_move move;
        struct task_drain drain;
    };
    char cause[TASK_CAUSE_LONGEST + 1];
    int64_t accounts[TASK_OP_ACCOUNTS]; /* to drain */
    size_t account_count, at;
    int64_t *others; /* online, or at least there */
    size_t other_count;
};

/* NULL: not now; the task is attended to later. */
struct task_op *task_op_begin(struct engine *engine, struct open_task *task);
void task_op_end(struct task_op *op); /* and frees a task that is gone */
/* What a failed command means for the task. */
void task_op_failed(struct task_op *op, int result);

#endif
