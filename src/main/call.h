/* A signed call to the server that is running on the data directory, for commands that only it can do. */
#ifndef WSCRM_MAIN_CALL_H
#define WSCRM_MAIN_CALL_H

#include "main/command.h"

/* POSTs the JSON; prints the answer; the exit status, as `wscrm call` has it. */
int call_server(struct context *context, const struct tenant *tenant, struct str path,
                struct str json);

#endif
