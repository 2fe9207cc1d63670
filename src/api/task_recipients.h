/* Who gets a task's messages: numbers, or customers by stage, tag, group or segment. */
#ifndef WSCRM_API_TASK_RECIPIENTS_H
#define WSCRM_API_TASK_RECIPIENTS_H

#include "api/input.h"
#include "api/task_draft.h"

enum { TASK_TO_PERSONS = 1, TASK_TO_GROUPS = 2 };

/* taskType, targetType; missing: persons. 527; and 528, because no account is in any group chat. */
int task_target_type_read(struct exchange *x, const struct json *value) MUST_USE;

/* Makes room for the draft's targets. 507 over TASK_MAX_TARGETS. */
int task_targets_new(struct exchange *x, size_t count, struct task_target **ret_targets) MUST_USE;

/* The draft goes to these numbers. 507, 534; HTTP 400 what is no number. `place`: "info.friendWhatsIds". */
int task_numbers_read(struct exchange *x, const struct input_names *numbers,
                      const char *place) MUST_USE;

/* customerGroupKey and customerGroupValue. 507, 509, 510; 511 is looked up. */
int task_customer_group_read(struct exchange *x, const struct json *key,
                             const struct json *value) MUST_USE;

/* Ours, beside it: an object with the members of customer/page's `info`. `place`: "data[3].segment.". 511 is
 * looked up; the other codes are those of customer/page. */
int task_segment_read(struct exchange *x, const struct json *object, const char *place) MUST_USE;

#endif
