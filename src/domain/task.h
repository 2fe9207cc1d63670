/* A mass-sending task: its states, and how they follow each other. Rules only. */
#ifndef WSCRM_DOMAIN_TASK_H
#define WSCRM_DOMAIN_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* As on the wire (`status`). In the table: never renumber. */
enum task_status {
    TASK_NOT_STARTED = 1, /* its start time is to come */
    TASK_PENDING = 2,     /* started; nothing has been handed over yet */
    TASK_SENDING = 3,
    TASK_STOPPED = 4, /* final: by a call, its end time, or what makes it impossible */
    TASK_COMPLETED = 5,
    TASK_PAUSED = 6,
};

/* Whether a task may go from one state to the other. Nothing follows STOPPED and COMPLETED, nothing
 * follows itself, and nothing goes back to NOT_STARTED but a paused task whose start is to come. */
bool task_may_move(enum task_status from, enum task_status to);
bool task_is_final(enum task_status status);

/* Where the recipients come from. In the table: never renumber. */
enum task_source {
    TASK_OF_TARGETS = 1, /* given one by one with the task */
    TASK_OF_SEGMENT = 2, /* customers in it when the task starts */
    TASK_OF_GROUP = 3, /* the numbers of a customer group, customers or not, when the task starts */
};

#define TASK_MAX_PARTS     10     /* contents of a recipient */
#define TASK_MAX_SENDERS   1000   /* WhatsApp accounts of a task */
#define TASK_MAX_TARGETS   5000   /* given one by one */
#define TENANT_MAX_TASKS   100000 /* that are not over */
#define TASK_CAUSE_LONGEST 255    /* characters */

/* A message of a task is numbered TASK_MESSAGE(task, recipient * parts + part): a task's messages lie
 * together and in order, and the id tells the task. Ids below those of the first task belong to messages
 * outside tasks. 2^28 is 268 million messages a task; 2^35 tasks fit. */
#define TASK_MESSAGE_BITS          28
#define TASK_MAX_MESSAGES          (INT64_C(1) << TASK_MESSAGE_BITS)
#define TASK_FIRST_ID              INT64_C(65536)
#define TASK_MESSAGE(task, number) (((int64_t)(task) << TASK_MESSAGE_BITS) + (number))
#define MESSAGE_TASK(message) \
    ((message) >> TASK_MESSAGE_BITS < TASK_FIRST_ID ? 0 : (message) >> TASK_MESSAGE_BITS)

#endif
