/* Who sends a task: WhatsApp accounts, named by themselves or by their agents. */
#ifndef WSCRM_API_TASK_SENDERS_H
#define WSCRM_API_TASK_SENDERS_H

#include "api/input.h"
#include "api/task_draft.h"

/* All accounts of these agents become the draft's senders, and recipients may move between them. `source`:
 * of this platform only; 0: any. 508 an agent the tenant does not have, or one without an account; 507 over
 * TASK_MAX_SENDERS. */
int task_senders_of_agents(struct exchange *x, const struct input_names *agents,
                           int64_t source) MUST_USE;

/* An account of the tenant by its number, of this agent when `agent` has a name. 508. */
int task_sender_find(struct exchange *x, struct str number, struct str agent,
                     int64_t *ret_account) MUST_USE;

/* One account that sends all; or, with `number` empty, all of the agent's. 508. */
int task_senders_read(struct exchange *x, struct str number, struct str agent,
                      int64_t source) MUST_USE;

#endif
