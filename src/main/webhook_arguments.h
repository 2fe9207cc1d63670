/* What the commands on webhooks take. */
#ifndef WSCRM_MAIN_WEBHOOK_ARGUMENTS_H
#define WSCRM_MAIN_WEBHOOK_ARGUMENTS_H

#include "main/command.h"

/* --type; leaves *ret_type alone when it was not given. ERR_INVALID: complained. */
int argument_event_type(struct context *context, int *ret_type) MUST_USE;

#endif
