/* Who gets a task's messages: numbers, or customers by stage, tag, group or segment. */
#ifndef WSCRM_API_TASK_RECIPIENTS_H
#define WSCRM_API_TASK_RECIPIENTS_H

#include "api/input.h"
#include "api/task_draft.h"

enum { TASK_TO_PERSONS = 1, TASK_TO_GROUPS = 2 };

/* taskType, targetType; missing: persons. Notes in the call whether it is group chats. 527. */
int task_target_type_read(struct exchange *x, const struct json *value) MUST_USE;

/* Makes room for the draft's targets. 507 over TASK_MAX_TARGETS. */
int task_targets_new(struct exchange *x, size_t count, struct task_target **ret_targets) MUST_USE;

/* The draft goes to these numbers. 507, 534; HTTP 400 what is no number. `place`: "info.friendWhatsIds". */
int task_numbers_read(struct exchange *x, const struct input_names *numbers,
                      const char *place) MUST_USE;

/* The draft goes to these group chats, by id or by name. 507; 528 when there is none, or one without a name;
 * the others are looked up. */
int task_groups_read(struct exchange *x, const struct input_names *names) MUST_USE;
/* The draft's target number `index` is this group chat; the targets are there. 528. */
int task_group_read(struct exchange *x, size_t index, struct str text) MUST_USE;
/* Of what was looked up: the targets get their accounts and ids. False: one is not in reach (528). */
bool task_groups_take(struct exchange *x) MUST_USE;

/* customerGroupKey and customerGroupValue. 507, 509, 510; 511 is looked up. */
int task_customer_group_read(struct exchange *x, const struct json *key,
                             const struct json *value) MUST_USE;

/* Ours, beside it: an object with the members of customer/page's `info`. `place`: "data[3].segment.". 511 is
 * looked up; the other codes are those of customer/page. */
int task_segment_read(struct exchange *x, const struct json *object, const char *place) MUST_USE;

#endif
