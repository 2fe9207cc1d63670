/* The store around a command: opened read-only beside a server, or through the server's control
 * socket, or under the store's lock. */
#ifndef WSCRM_MAIN_SESSION_H
#define WSCRM_MAIN_SESSION_H

#include "main/command.h"

/* Runs the context's command (READ, CHECK, WRITE or CREATE) with all that it needs; the exit status. When root,
 * becomes the data directory's owner for good. */
int session_run(struct context *context);

/* For commands that do something of their own first, such as opening a file with the privileges that they
 * were started with. `work` is run as session_run() runs a READ command. */
int session_read(struct context *context, int (*work)(struct context *context));
/* `work` is run with the store, under its lock; or, beside a server, with context->channel, whose other
 * end is the command's function in the server. */
int session_stream(struct context *context, int (*work)(struct context *context));

/* Asks the server, which runs the context's command; without one `work` is run as session_read() does. */
int session_ask(struct context *context, int (*work)(struct context *context));

#endif
