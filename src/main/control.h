/* The control socket DIR/control: commands that write run inside the server, by the very functions
 * that run without one, so that they go through its writer and are in force at once.
 *
 * A request is {"argv":[…],"secrets":{name:text}}; the server answers an empty frame when it begins,
 * and {"status":n,"out":"…","err":"…"} at the end. Only the server's own user and root may ask. */
#ifndef WSCRM_MAIN_CONTROL_H
#define WSCRM_MAIN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "main/command.h"
#include "store/store.h"

#define CONTROL_SOCKET      "control"
#define CONTROL_REQUEST_MAX ((size_t)4 << 20) /* LIST_MAX_BYTES, escaped */

struct control;

/* The server's end: a thread that takes one connection at a time. Replaces the socket that a killed
 * server left; the caller holds the directory's lock. ERR_SYSTEM, ERR_NOMEM with why[]. */
int control_start(const char *directory, struct store *store, struct crypto *crypto,
                  struct control **ret_control, char *why, size_t why_size) MUST_USE;
/* No new commands; waits for a running one. False: it did not end in time, and goes on using the
 * store and `control`; the socket is gone either way. */
bool control_stop(struct control *control, int timeout_ms) MUST_USE;

/* One request, from text to reply. */
void control_answer(struct str request, struct store *store, struct crypto *crypto,
                    struct mailbox *mailbox, struct buf *ret_reply);

/* The client's end: has the server run the context's command; what it prints goes to the context's out
 * and err. ERR_NOT_FOUND: nobody listens (yet). Other errors: why[] says what happened. */
int control_call(const char *directory, struct context *context, int *ret_status, char *why,
                 size_t why_size) MUST_USE;

#endif
