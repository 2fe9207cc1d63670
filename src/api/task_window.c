#include "api/task_window.h"

#include "api/local_time.h"
#include "api/reply.h"

/* mark/batchAdd: a start that is further past is a mistake, and no network's delay. */
#define START_PAST_MS INT64_C(60000)

enum { TYPE_AT_ONCE = 1 };

static int read_time(struct exchange *x, const struct json *value, int64_t *ret_ms)
{
    struct str text = task_value(x, value);
    if (value && local_time_parse(x->tenant->zone, str_trim(text), ret_ms) < 0)
        return refuse(x, STATUS_START_TIME);
    return 0;
}

static void set_start(struct exchange *x, int64_t start_ms)
{
    struct task_draft *draft = task_draft_of(x);
    draft->status = start_ms > x->now_ms ? TASK_NOT_STARTED : TASK_PENDING;
    draft->start_ms = start_ms != 0 && start_ms < x->now_ms ? x->now_ms : start_ms;
}

int task_start_read(struct exchange *x, int64_t type, const struct json *start)
{
    int64_t start_ms = 0;
    if (type == TYPE_AT_ONCE && start)
        return refuse(x, STATUS_START_TIME_GIVEN);
    if (type != TYPE_AT_ONCE && !start)
        return refuse(x, STATUS_START_TIME);
    int result = read_time(x, start, &start_ms);
    if (result == 0 && start && start_ms < x->now_ms - START_PAST_MS)
        result = refuse(x, STATUS_START_TIME);
    set_start(x, start_ms);
    return result;
}

int task_window_read(struct exchange *x, const struct json *start, const struct json *end)
{
    struct task_draft *draft = task_draft_of(x);
    int64_t start_ms = 0, end_ms = 0;
    int result = read_time(x, start, &start_ms);
    if (result == 0)
        result = read_time(x, end, &end_ms);
    if (result < 0)
        return result;
    set_start(x, start_ms);
    draft->end_ms = end_ms;
    int64_t from_ms = draft->start_ms ? draft->start_ms : x->now_ms;
    return end && end_ms <= from_ms ? refuse(x, STATUS_START_TIME) : 0;
}

static int read_seconds(struct exchange *x, const struct json *value, int64_t *ret_ms)
{
    int64_t seconds;
    if (str_to_i64(task_value(x, value), &seconds) < 0 || seconds < 0 ||
        seconds > TASK_INTERVAL_MAX_S)
        return ERR_INVALID;
    *ret_ms = seconds * 1000;
    return 0;
}

int task_interval_read(struct exchange *x, const struct json *min, const struct json *max,
                       int64_t missing_ms)
{
    struct task_draft *draft = task_draft_of(x);
    bool is_required = missing_ms == TASK_INTERVAL_REQUIRED;
    draft->interval_min_ms = draft->interval_max_ms = missing_ms;
    if (!min && !max && !is_required)
        return 0;
    if (!is_required && !min)
        min = max;
    if (!is_required && !max)
        max = min;
    if (read_seconds(x, min, &draft->interval_min_ms) < 0 ||
        read_seconds(x, max, &draft->interval_max_ms) < 0 ||
        draft->interval_min_ms > draft->interval_max_ms)
        return refuse(x, STATUS_INTERVAL);
    return 0;
}
