/* The control socket DIR/control: commands that write run inside the server, by the very functions
 * that run without one, so that they go through its writer and are in force at once.
 *
 * A request is {"argv":[…],"secrets":{name:text}}; the server answers an empty frame when it begins,
 * and {"status":n,"out":"…","err":"…"} at the end. Between the two a STREAM command's sides talk as they
 * like, in frames that do not begin with a brace. Only the server's own user and root may ask. */
#ifndef WSCRM_MAIN_CONTROL_H
#define WSCRM_MAIN_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/crypto.h"
#include "engine/engine.h"
#include "main/command.h"
#include "store/store.h"

#define CONTROL_SOCKET      "control"
#define CONTROL_REQUEST_MAX ((size_t)4 << 20) /* LIST_MAX_BYTES, escaped */

struct control;

/* Connections that are served at the same time, each by a thread of its own; more wait in the backlog. */
#define CONTROL_MAX 8
/* Of them STREAM commands, so that those that are short find a place; more are refused. An import takes
 * some 10 MiB. */
#define STREAMS_MAX 4

/* The server's end: a thread that accepts. Replaces the socket that a killed server left; the caller
 * holds the directory's lock. Commands see the settings, which outlive it. Commands on accounts and tenants
 * are answered when the engine knows of them. ERR_SYSTEM, ERR_NOMEM with why[]. */
int control_start(const struct settings *settings, struct store *store, struct crypto *crypto,
                  struct engine *engine, struct control **ret_control, char *why,
                  size_t why_size) MUST_USE;
/* No new commands; waits for those that run. False: one did not end in time, and goes on using the
 * store and `control`; the socket is gone either way. */
bool control_stop(struct control *control, int timeout_ms) MUST_USE;

/* One request, from text to reply. The context has settings, store, crypto, engine, mailbox and channel. */
void control_answer(struct str request, struct context *context, struct buf *ret_reply);

/* The client's end: has the server run the context's command; what it prints goes to the context's out
 * and err. ERR_NOT_FOUND: nobody listens (yet). Other errors: why[] says what happened. */
int control_call(const char *directory, struct context *context, int *ret_status, char *why,
                 size_t why_size) MUST_USE;
/* The same for a STREAM command: the server runs its own side, `work` is ours, with context->channel. It
 * reads until the reply, which it gives to control_take_reply(). */
int control_stream(const char *directory, struct context *context,
                   int (*work)(struct context *context), int *ret_status, char *why,
                   size_t why_size) MUST_USE;
/* What the reply printed goes to the context's out and err. ERR_PROTOCOL, ERR_INVALID, ERR_NOMEM. */
int control_take_reply(struct str reply, struct context *context, int *ret_status) MUST_USE;

#endif
