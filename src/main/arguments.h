/* What a command was called with, by the names in options.def. */
#ifndef WSCRM_MAIN_ARGUMENTS_H
#define WSCRM_MAIN_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "main/command.h"

#define ARGUMENTS_MAX     1024
#define SECRET_MAX_BYTES  4096
#define CONTENT_MAX_BYTES ((size_t)64 << 20)
/* 100,000 numbers, each in a line of 30 characters. Goes through the control socket as one request. */
#define LIST_MAX_BYTES ((size_t)3 << 20)

struct argument {
    const struct option *option;
    struct str text; /* borrowed from argv, or `owned` */
    char *owned;     /* wiped before it is freed */
};

struct arguments {
    const struct command *command;
    struct argument *items; /* [ARGUMENTS_MAX] */
    size_t count;
    bool help; /* --help stood among them; nothing was checked then */
};

/* Reads the words behind the command's name. Settings go into `settings` (NULL: they are unknown
 * options). Faults go to `err`, with a hint; ERR_INVALID, ERR_NOMEM. arguments_free() in any case. */
int arguments_parse(const struct command *command, int argc, char *const *argv,
                    struct settings *settings, FILE *err, struct arguments *ret_arguments) MUST_USE;
void arguments_free(struct arguments *arguments);

/* Whether all that is required is there and nothing is too much; ERR_INVALID with the fault on `err`.
 * After arguments_resolve() or arguments_set(). */
int arguments_check(const struct arguments *arguments, FILE *err) MUST_USE;

/* Reads @FILE, - and secret lines into the arguments, of a secret the first line; a literal secret
 * earns a warning. Before privileges are dropped. ERR_INVALID, ERR_SYSTEM. */
int arguments_resolve(struct arguments *arguments, FILE *err) MUST_USE;

/* The control socket's way in: a secret that the client has resolved. The text is copied.
 * ERR_NOT_FOUND: the command has no such secret. */
int arguments_set(struct arguments *arguments, struct str name, struct str text) MUST_USE;

/* The value; p NULL when it was not given; of a flag: not NULL when given. `name` must stand in
 * options.def for this command: it is a mistake of ours otherwise, and aborts. */
struct str argument(const struct context *context, const char *name);
/* The values of a MANY or a LIST: start with 0, false at the end. */
bool argument_next(const struct context *context, const char *name, size_t *index,
                   struct str *ret_text);

/* The value as a number; leaves *ret_value alone when it was not given. ERR_INVALID: complained. */
int argument_number(struct context *context, const char *name, int64_t min, int64_t max,
                    int64_t *ret_value) MUST_USE;

/* A text that may be shown in one line of a list: at most `longest` characters, no control characters.
 * ERR_INVALID: complained. */
int argument_text(struct context *context, const char *name, size_t longest,
                  struct str *ret_text) MUST_USE;

/* The WhatsApp numbers of a LIST, one a line, blank lines left out: at most `max`, at least one, in
 * memory that the caller frees. ERR_INVALID, ERR_NOMEM: complained. */
int argument_whatsapp_numbers(struct context *context, const char *name, size_t max,
                              int64_t **ret_numbers, size_t *ret_count) MUST_USE;

#define TENANT_ID_MAX (INT64_C(1) << 53)
/* "ID" or "tenant". */
int argument_tenant_id(struct context *context, const char *name, int64_t *ret_id) MUST_USE;

#endif
