/* The texts of --help, made from the tables. */
#include <string.h>

#include "main/account_settings.h"
#include "main/command.h"

#define LEFT_WIDTH 36

static void usage_item(FILE *out, const struct option *option)
{
    fputs(option->required ? " " : " [", out);
    if (option->positional) {
        fputs(option->name, out);
    } else {
        fprintf(out, "--%s", option->name);
        if (option->value)
            fprintf(out, " %s", option->value);
    }
    fputs(option->required ? "" : "]", out);
    fputs(option->type == OPTION_MANY || option->type == OPTION_LIST ? "…" : "", out);
}

void help_usage(FILE *out, const struct command *command)
{
    fprintf(out, "usage: wscrm %s", command->path);
    for (const struct option *option = option_next(command, NULL); option;
         option = option_next(command, option))
        usage_item(out, option);
    fputs(command->run == serve_run ? " [--KEY VALUE]…\n" : "\n", out);
}

static void global_options(FILE *out)
{
    fputs("\nGlobal options (--key=value is the same as --key value):\n", out);
    settings_help(out, SCOPE_GLOBAL);
    fprintf(out, "  %-*s %s\n", LEFT_WIDTH, "--help", "this text");
}

void help_command(FILE *out, const struct command *command)
{
    help_usage(out, command);
    fprintf(out, "\nwscrm %s: %s.\n", command->path, command->help);
    if (option_next(command, NULL))
        fputc('\n', out);
    for (const struct option *option = option_next(command, NULL); option;
         option = option_next(command, option)) {
        char left[128];
        snprintf(left, sizeof(left), "%s%s%s%s", option->positional ? "" : "--", option->name,
                 option->value ? " " : "", option->value ? option->value : "");
        fprintf(out, "  %-*s %s\n", LEFT_WIDTH, left, option->help);
    }
    if (command->run == account_add || command->run == account_set) {
        fputs("\nSettings of an account:\n", out);
        account_settings_help(out);
    }
    if (command->run == serve_run) {
        fputs("\nSettings (option --key, environment WSCRM_KEY, or `key = value` in the file; an\n"
              "option beats the environment, which beats the file; [default]; those with (SIGHUP)\n"
              "are read again on that signal). SIZE is 65536, 64K, 16M or 1G; TIME 10, 10s or "
              "500ms or 5m:\n",
              out);
        settings_help(out, SCOPE_SERVE);
    }
    global_options(out);
}

static void command_lines(FILE *out, const char *group)
{
    size_t len = strlen(group);
    for (const struct command *row = command_next(NULL); row; row = command_next(row))
        if (len == 0 || (strncmp(row->path, group, len) == 0 && row->path[len] == ' '))
            fprintf(out, "  %-*s %s\n", 18, row->path, row->help);
}

void help_group(FILE *out, const char *group)
{
    fprintf(out, "usage: wscrm %s COMMAND …\n\n", group);
    command_lines(out, group);
    fprintf(out, "\n`wscrm %s COMMAND --help` says more.\n", group);
}

void help_program(FILE *out)
{
    fputs("usage: wscrm COMMAND …\n\n"
          "A self-hosted server for the WhatsApp-SCRM Open API.\n\n",
          out);
    command_lines(out, "");
    global_options(out);
    fputs("\n`wscrm COMMAND --help` says more. Exit status: 0 good, 1 failed, 2 wrong use.\n", out);
}
