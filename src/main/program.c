#include "main/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "main/arguments.h"
#include "main/command.h"
#include "main/session.h"

int version_run(struct context *context)
{
    fprintf(context->out, "wscrm %s\n", WSCRM_VERSION);
    return EXIT_GOOD;
}

static int run_kind(struct context *context)
{
    bool alone = context->command->kind == COMMAND_LOCAL ||
                 context->command->kind == COMMAND_STREAM || context->command->kind == COMMAND_ASK;
    return alone ? context->command->run(context) : session_run(context);
}

/* What was printed must have arrived: a full disk behind `> file` is a failure. */
static int flushed(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    fprintf(stderr, "wscrm: standard output: %s\n", strerror(errno));
    return status == EXIT_GOOD ? EXIT_FAILED : status;
}

static int run_with(const struct command *command, struct arguments *arguments,
                    struct settings *settings)
{
    char why[SETTINGS_WHY_MAX];
    /* The version can be asked for whatever the configuration looks like. */
    if (command->run != version_run && settings_load(settings, why, sizeof(why)) < 0) {
        fprintf(stderr, "wscrm: %s\n", why);
        return EXIT_WRONG_USE;
    }
    if (arguments_resolve(arguments, stderr) < 0)
        return EXIT_FAILED;
    struct context context = {.command = command,
                              .arguments = arguments,
                              .settings = settings,
                              .out = stdout,
                              .err = stderr};
    return flushed(run_kind(&context));
}

static int see_help(const struct command *command)
{
    help_usage(stderr, command);
    fprintf(stderr, "`wscrm %s --help` says more.\n", command->path);
    return EXIT_WRONG_USE;
}

static int run_command(const struct command *command, int argc, char *const *argv,
                       struct settings *settings)
{
    struct arguments arguments;
    int status;
    int result = arguments_parse(command, argc, argv, settings, stderr, &arguments);
    if (result == 0 && arguments.help) {
        help_command(stdout, command);
        status = flushed(EXIT_GOOD);
    } else if (result < 0 || arguments_check(&arguments, stderr) < 0) {
        status = see_help(command);
    } else {
        status = run_with(command, &arguments, settings);
    }
    arguments_free(&arguments);
    return status;
}

static bool asks_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int unknown_command(const char *group, const char *word)
{
    struct similar similar = command_like(group, word);
    fprintf(stderr, "wscrm: unknown command \"%s%s%s\"", group, *group ? " " : "", word);
    if (similar.name[0])
        fprintf(stderr, " (did you mean \"%s%s%s\"?)", group, *group ? " " : "", similar.name);
    fprintf(stderr, "\n`wscrm%s%s --help` lists the commands.\n", *group ? " " : "", group);
    return EXIT_WRONG_USE;
}

/* `wscrm help`, `wscrm help tenant`, `wscrm help tenant add`. */
static int run_help(int argc, char *const *argv)
{
    int words;
    const struct command *command = command_find(argc, argv, &words);
    if (argc == 0 || asks_help(argv[0])) {
        help_program(stdout);
    } else if (command && words == argc) {
        help_command(stdout, command);
    } else if (argc == 1 && command_group(argv[0])) {
        help_group(stdout, argv[0]);
    } else {
        return argc > 1 && command_group(argv[0]) ? unknown_command(argv[0], argv[1])
                                                  : unknown_command("", argv[0]);
    }
    return flushed(EXIT_GOOD);
}

/* argv[0] is a group's name, and the words behind it name no command of the group. */
static int run_group(int argc, char *const *argv)
{
    if (argc > 1 && asks_help(argv[1])) {
        help_group(stdout, argv[0]);
        return flushed(EXIT_GOOD);
    }
    if (argc > 1)
        return unknown_command(argv[0], argv[1]);
    help_group(stderr, argv[0]);
    return EXIT_WRONG_USE;
}

static int run_words(int argc, char *const *argv, struct settings *settings)
{
    int words;
    if (argc == 0) {
        help_program(stderr);
        return EXIT_WRONG_USE;
    }
    const struct command *command = command_find(argc, argv, &words);
    if (command)
        return run_command(command, argc - words, argv + words, settings);
    if (asks_help(argv[0]) || strcmp(argv[0], "help") == 0)
        return run_help(argc - 1, argv + 1);
    if (command_group(argv[0]))
        return run_group(argc, argv);
    return unknown_command("", argv[0]);
}

static int unknown_leading_option(struct str name)
{
    struct similar similar = {0};
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (setting_rows[i].scope == SCOPE_GLOBAL)
            similar_try(&similar, name, str_of(setting_rows[i].key));
    fprintf(stderr, "wscrm: unknown option --%.*s in front of the command", (int)name.len, name.p);
    if (similar.name[0])
        fprintf(stderr, " (did you mean --%s?)", similar.name);
    fputc('\n', stderr);
    return ERR_INVALID;
}

static int leading_fault(struct str name, const struct setting *setting)
{
    if (!setting)
        return unknown_leading_option(name);
    fprintf(stderr, "wscrm: --%s: %s\n", setting->key,
            setting->scope == SCOPE_GLOBAL ? "a value is missing" : "it belongs behind `serve`");
    return ERR_INVALID;
}

/* Options in front of the command: settings of any command. Returns the words used, or ERR_INVALID. */
static int leading_options(int argc, char *const *argv, struct settings *settings)
{
    int at = 0;
    while (at < argc && strncmp(argv[at], "--", 2) == 0 && !asks_help(argv[at])) {
        struct str text = str_of(argv[at] + 2), name = str_split(&text, '=');
        const struct setting *setting = setting_find(name);
        char place[64], why[SETTINGS_WHY_MAX];
        if (!setting || setting->scope != SCOPE_GLOBAL || (!text.p && at + 1 == argc))
            return leading_fault(name, setting);
        text = text.p ? text : str_of(argv[++at]);
        at++;
        snprintf(place, sizeof(place), "--%s", setting->key);
        if (settings_set(settings, setting, text, ORIGIN_OPTION, place, why, sizeof(why)) < 0) {
            fprintf(stderr, "wscrm: %s\n", why);
            return ERR_INVALID;
        }
    }
    return at;
}

int program_run(int argc, char *const *argv)
{
    struct settings settings;
    if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        struct context context = {.out = stdout, .err = stderr};
        return flushed(version_run(&context));
    }
    if (settings_init(&settings) < 0) {
        fprintf(stderr, "wscrm: %s\n", err_text(ERR_NOMEM));
        return EXIT_FAILED;
    }
    int used = argc > 0 ? leading_options(argc - 1, argv + 1, &settings) : 0;
    int status = EXIT_WRONG_USE;
    if (used < 0)
        fprintf(stderr, "`wscrm --help` says more.\n");
    else
        status = run_words(argc - 1 - used, argv + 1 + used, &settings);
    settings_free(&settings);
    return status;
}
