#include "main/command.h"

#include <inttypes.h>
#include <stdarg.h>

#include "main/arguments.h"

static const struct command commands[] = {
#define COMMAND(path, kind, function, help) {path, COMMAND_##kind, function, help},
#include "main/commands.def"
#undef COMMAND
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct option options[] = {
#define OPTION(command, name, type, required, value, help) \
    {command, name, OPTION_##type, required, false, value, help},
#define ARGUMENT(command, name, type, required, help) \
    {command, name, OPTION_##type, required, true, NULL, help},
#include "main/options.def"
#undef OPTION
#undef ARGUMENT
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

const struct option *option_next(const struct command *command, const struct option *after)
{
    for (size_t i = after ? (size_t)(after - options) + 1 : 0; i < OPTION_COUNT; i++)
        if (strcmp(options[i].command, command->path) == 0)
            return &options[i];
    return NULL;
}

const struct command *command_next(const struct command *after)
{
    const struct command *next = after ? after + 1 : commands;
    return next < commands + COMMAND_COUNT ? next : NULL;
}

/* How many of the words are the path's; 0 when they are not all there. */
static int words_matched(const char *path, int argc, char *const *argv)
{
    struct str rest = str_of(path);
    int words = 0;
    while (rest.p) {
        struct str word = str_split(&rest, ' ');
        if (words == argc || !str_is(word, argv[words]))
            return 0;
        words++;
    }
    return words;
}

const struct command *command_find(int argc, char *const *argv, int *ret_words)
{
    for (const struct command *row = command_next(NULL); row; row = command_next(row)) {
        int words = words_matched(row->path, argc, argv);
        if (words > 0) {
            *ret_words = words;
            return row;
        }
    }
    return NULL;
}

/* The word of a path behind its group; len 0 when the path is not in the group. */
static struct str word_behind(const char *path, const char *group)
{
    struct str rest = str_of(path);
    struct str first = str_split(&rest, ' ');
    if (*group == '\0')
        return first;
    return str_is(first, group) ? rest : (struct str){NULL, 0};
}

bool command_group(const char *group)
{
    for (const struct command *row = command_next(NULL); *group && row; row = command_next(row))
        if (word_behind(row->path, group).len > 0)
            return true;
    return false;
}

struct similar command_like(const char *group, const char *word)
{
    struct similar similar = {0};
    for (const struct command *row = command_next(NULL); row; row = command_next(row)) {
        struct str candidate = word_behind(row->path, group);
        if (candidate.len > 0)
            similar_try(&similar, str_of(word), candidate);
    }
    return similar;
}

void complain(struct context *context, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("wscrm: ", context->err);
    vfprintf(context->err, format, arguments);
    fputc('\n', context->err);
    va_end(arguments);
}

int complain_store(struct context *context, int result)
{
    switch (result) {
    case ERR_BUSY: complain(context, "the server is busy: repeat the command"); break;
    case ERR_CLOSED: complain(context, "the server is shutting down: nothing was done"); break;
    case ERR_UNKNOWN:
        complain(context,
                 "the store failed on the way; whether the command took effect is unknown: "
                 "repeat it");
        break;
    default: complain(context, "%s", err_text(result)); break;
    }
    return EXIT_FAILED;
}

int context_tenant(struct context *context, const char *argument_name, struct tenants **ret_tenants,
                   const struct tenant **ret_tenant)
{
    int64_t id = 0;
    if (argument_tenant_id(context, argument_name, &id) < 0)
        return EXIT_WRONG_USE;
    struct tenants *tenants = store_tenants(context->store);
    const struct tenant *tenant = tenants_find(tenants, id);
    if (!tenant) {
        tenants_unref(tenants);
        complain(context, "there is no tenant %" PRId64, id);
        return EXIT_FAILED;
    }
    *ret_tenants = tenants;
    *ret_tenant = tenant;
    return EXIT_GOOD;
}
