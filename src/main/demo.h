/* The demo tenant: what the programs of the Development Guide need to run against this server. */
#ifndef WSCRM_MAIN_DEMO_H
#define WSCRM_MAIN_DEMO_H

#include <stdbool.h>

#include "base/err.h"
#include "main/command.h"

/* Fills an empty store; *ret_made is false when there are tenants, and nothing was changed. `context`
 * has a store and a mailbox. A store verb's error. */
int demo_make(struct context *context, bool *ret_made) MUST_USE;

#endif
