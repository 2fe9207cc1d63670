#include "domain/task.h"

bool task_is_final(enum task_status status)
{
    return status == TASK_STOPPED || status == TASK_COMPLETED;
}

bool task_may_move(enum task_status from, enum task_status to)
{
    if (from == to || task_is_final(from))
        return false;
    switch (to) {
    case TASK_NOT_STARTED: return from == TASK_PAUSED;
    case TASK_PENDING: return from == TASK_NOT_STARTED || from == TASK_PAUSED;
    case TASK_SENDING: return from == TASK_PENDING;
    case TASK_COMPLETED: return from == TASK_PENDING || from == TASK_SENDING;
    case TASK_PAUSED:
    case TASK_STOPPED: return true;
    }
    return false;
}
