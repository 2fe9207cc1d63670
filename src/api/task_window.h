/* When a task sends: from when until when, and with what rests between two messages of an account. */
#ifndef WSCRM_API_TASK_WINDOW_H
#define WSCRM_API_TASK_WINDOW_H

#include "api/task_draft.h"

#define TASK_INTERVAL_MAX_S 86400

/* mark/batchAdd: `type` 1 at once, 2 at the start. 512, 513. */
int task_start_read(struct exchange *x, int64_t type, const struct json *start) MUST_USE;
/* The assign calls: a start that is past is now. 513. */
int task_window_read(struct exchange *x, const struct json *start, const struct json *end) MUST_USE;

/* Seconds, both or one for both. Neither: 520 when `missing_ms` is TASK_INTERVAL_REQUIRED, else that. */
#define TASK_INTERVAL_REQUIRED   (-2)
#define TASK_INTERVAL_OF_ACCOUNT (-1)
int task_interval_read(struct exchange *x, const struct json *min, const struct json *max,
                       int64_t missing_ms) MUST_USE;

#endif
