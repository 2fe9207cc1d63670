/* The store around a command: opened read-only beside a server, or through the server's control
 * socket, or under the store's lock. */
#ifndef WSCRM_MAIN_SESSION_H
#define WSCRM_MAIN_SESSION_H

#include "main/command.h"

/* Runs the context's command (READ, WRITE or CREATE) with all that it needs; the exit status. When root,
 * becomes the data directory's owner for good. */
int session_run(struct context *context);

#endif
