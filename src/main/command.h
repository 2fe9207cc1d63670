/* The commands: their table, what they take, and what each is given when it runs. */
#ifndef WSCRM_MAIN_COMMAND_H
#define WSCRM_MAIN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/crypto.h"
#include "base/mailbox.h"
#include "base/text.h"
#include "main/settings.h"
#include "main/similar.h"
#include "store/store.h"

/* Exit statuses (contract with scripts). */
enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_WRONG_USE = 2 };

struct arguments;
struct channel;
struct engine;

/* What a command's function is given. The same function runs in the program that was started and,
 * while a server runs, inside the server: it writes to `out` and `err`, never to stdout. */
struct context {
    const struct command *command;
    struct arguments *arguments;
    const struct settings *settings; /* of the process it runs in */
    FILE *out, *err;
    struct crypto *crypto; /* from here on: NULL for LOCAL commands */
    struct store *store;
    struct engine *engine;   /* of a command that runs in the server */
    struct mailbox *mailbox; /* see sync.h */
    /* Of a STREAM command that goes through the control socket: on the server's side beside the store,
     * on the client's instead of it. */
    struct channel *channel;
    void *work; /* of a command that runs session_…() by itself: its own */
};

enum command_kind {
    COMMAND_LOCAL,
    COMMAND_READ,
    COMMAND_CHECK,
    COMMAND_WRITE,
    COMMAND_CREATE,
    COMMAND_STREAM,
    COMMAND_ASK,
};

struct command {
    const char *path; /* "tenant add" */
    enum command_kind kind;
    int (*run)(struct context *context); /* returns the exit status */
    const char *help;
};

enum option_type {
    OPTION_TEXT,
    OPTION_FLAG,
    OPTION_MANY,
    OPTION_SECRET,
    OPTION_HIDDEN,
    OPTION_LINE,
    OPTION_CONTENT,
    OPTION_LIST,
};

struct option {
    const char *command; /* its path */
    const char *name;
    enum option_type type;
    bool required;
    bool positional;
    const char *value; /* its name in the usage line; NULL for flags and positional ones */
    const char *help;
};

/* Rows of a command: start with NULL; NULL at the end. */
const struct option *option_next(const struct command *command, const struct option *after);
static inline bool option_takes_value(const struct option *option)
{
    return option->type != OPTION_FLAG && option->type != OPTION_LINE;
}

/* It stands in no list of processes, log or reply. */
static inline bool option_is_secret(const struct option *option)
{
    return option->type == OPTION_SECRET || option->type == OPTION_HIDDEN ||
           option->type == OPTION_LINE;
}

/* The command that argv[0], argv[1] … name; *ret_words is how many words name it. NULL: none. */
const struct command *command_find(int argc, char *const *argv, int *ret_words);
/* All rows: start with NULL. */
const struct command *command_next(const struct command *after);
/* True when there are commands "group …". */
bool command_group(const char *group);
/* The word most like `word` among the commands (`group` "") or a group's; empty when none is. */
struct similar command_like(const char *group, const char *word);

/* Texts of --help. */
void help_program(FILE *out);
void help_group(FILE *out, const char *group);
void help_command(FILE *out, const struct command *command);
void help_usage(FILE *out, const struct command *command); /* the one line */

/* "wscrm: …\n" on the context's err. */
void complain(struct context *context, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A store's verb's error, unless it means something special to the command. EXIT_FAILED. */
int complain_store(struct context *context, int result);
/* The tenant --tenant or ID names, for reading; ret_tenants holds it. Complains when there is none:
 * EXIT_FAILED or EXIT_WRONG_USE; else EXIT_GOOD. */
int context_tenant(struct context *context, const char *argument_name, struct tenants **ret_tenants,
                   const struct tenant **ret_tenant) MUST_USE;

/* The functions of commands.def. */
#define COMMAND(path, kind, function, help) int function(struct context *context);
#include "main/commands.def"
#undef COMMAND

#endif
