/* What answers say of a task. */
#ifndef WSCRM_API_TASK_JSON_H
#define WSCRM_API_TASK_JSON_H

#include "api/input.h"
#include "base/buf.h"
#include "store/tasks.h"

/* `"taskId":…` up to `"failed":…`, the members that all answers begin with. */
void task_json(struct buf *b, const struct task *task);
/* A member whose value is an id, as a text. */
void task_json_id(struct buf *b, const char *name, int64_t id);

/* A taskId as it came; len 0: HTTP 400. What is none is the id of no task. */
int task_id_read(struct exchange *x, struct str text, int64_t *ret_id) MUST_USE;
/* -1 "no such task". */
int refuse_no_task(struct exchange *x);

#endif
