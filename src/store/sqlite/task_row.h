/* Rows of `task` and of what hangs on one, for whoever reads or changes them. */
#ifndef WSCRM_STORE_SQLITE_TASK_ROW_H
#define WSCRM_STORE_SQLITE_TASK_ROW_H

#include "store/sqlite/connection.h"
#include "store/tasks.h"

struct store;

/* The tenant's task; one that is being written is not found. Its texts lie in the row until
 * task_row_done(). ERR_NOT_FOUND, ERR_STORE. */
int task_row_find(struct connection *connection, int64_t tenant_id, int64_t task_id,
                  struct task *ret_task) MUST_USE;
void task_row_done(struct connection *connection);
/* The same without its texts, for who writes: nothing is to be done afterwards. */
int task_row_look(struct connection *connection, int64_t tenant_id, int64_t task_id,
                  struct task *ret_task) MUST_USE;

/* Adds to what the task counts of its messages; the last one of a task that is final closes it (`open`).
 * ERR_STORE. */
int task_row_count(struct connection *connection, int64_t task_id,
                   const struct message_counts *more) MUST_USE;

/* ERR_STORE. `from` 0: it came into being. */
int task_event_add(struct connection *connection, int64_t task_id, int64_t now_ms,
                   enum task_status from, enum task_status to, struct str cause) MUST_USE;

/* The next number for task.changed: greater than all that a reader has seen. It is kept in memory, from the
 * open tasks on at the start, since what was seen is asked for within one process only. */
int64_t task_changed_next(struct store *store);
int task_changed_begin(struct store *store) MUST_USE; /* before the first write; ERR_STORE */

/* A statement that binds numbers and gives no row. ERR_STORE. */
int task_run(struct connection *connection, enum statement id, const int64_t *values,
             int count) MUST_USE;
#define TASK_RUN(connection, id, ...)                        \
    task_run(connection, id, (const int64_t[]){__VA_ARGS__}, \
             (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

#endif
