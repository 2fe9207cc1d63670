#include "main/arguments.h"

#include <inttypes.h>
#include <stdlib.h>

#include "main/similar.h"
#include "main/value.h"

struct parse {
    const struct command *command;
    int argc, at;
    char *const *argv;
    struct settings *settings;
    FILE *err;
    struct arguments *arguments;
};

static int wrong(const struct parse *parse, const char *what, struct str subject, const char *hint)
{
    fprintf(parse->err, "wscrm %s: %s%.*s%s%s%s\n", parse->command->path, what, (int)subject.len,
            subject.len ? subject.p : "", *hint ? " (did you mean " : "", hint, *hint ? "?)" : "");
    return ERR_INVALID;
}

static int add(const struct parse *parse, const struct option *option, struct str text)
{
    struct arguments *arguments = parse->arguments;
    if (!utf8_valid(text.p, text.len))
        return wrong(parse, "not valid UTF-8: the value of ", str_of(option->name), "");
    bool may_repeat = option->type == OPTION_MANY || option->type == OPTION_LIST;
    for (size_t i = 0; !may_repeat && i < arguments->count; i++)
        if (arguments->items[i].option == option)
            return wrong(parse, "given twice: --", str_of(option->name), "");
    if (arguments->count == ARGUMENTS_MAX)
        return wrong(parse, "too many arguments", STR(""), "");
    arguments->items[arguments->count++] = (struct argument){.option = option, .text = text};
    return 0;
}

/* The command's positional argument number `index`; NULL beyond the last. */
static const struct option *positional_at(const struct command *command, size_t index)
{
    const struct option *option = NULL;
    while ((option = option_next(command, option)))
        if (option->positional && index-- == 0)
            return option;
    return NULL;
}

static const struct option *option_named(const struct command *command, struct str name)
{
    const struct option *option = NULL;
    while ((option = option_next(command, option)))
        if (!option->positional && str_is(name, option->name))
            return option;
    return NULL;
}

static bool setting_taken(const struct parse *parse, const struct setting *setting)
{
    return parse->settings && setting &&
           (setting->scope == SCOPE_GLOBAL || parse->command->run == serve_run);
}

static int unknown_option(const struct parse *parse, struct str name)
{
    struct similar similar = {0};
    const struct option *option = NULL;
    while ((option = option_next(parse->command, option)))
        if (!option->positional)
            similar_try(&similar, name, str_of(option->name));
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (setting_taken(parse, &setting_rows[i]))
            similar_try(&similar, name, str_of(setting_rows[i].key));
    char hint[SIMILAR_NAME_MAX + 2] = "";
    if (similar.name[0])
        snprintf(hint, sizeof(hint), "--%s", similar.name);
    return wrong(parse, "unknown option --", name, hint);
}

/* The value of --name=value, or the next word. */
static int take_value(struct parse *parse, struct str name, struct str inside, struct str *ret_text)
{
    if (inside.p) {
        *ret_text = inside;
        return 0;
    }
    if (parse->at == parse->argc)
        return wrong(parse, "a value is missing behind --", name, "");
    const char *next = parse->argv[parse->at];
    if (strncmp(next, "--", 2) == 0)
        return wrong(parse, "a value is missing between this option and the next: --", name, "");
    *ret_text = str_of(next);
    parse->at++;
    return 0;
}

static int parse_setting(struct parse *parse, const struct setting *setting, struct str name,
                         struct str inside)
{
    struct str text;
    int result = take_value(parse, name, inside, &text);
    if (result < 0)
        return result;
    char place[SIMILAR_NAME_MAX], why[SETTINGS_WHY_MAX];
    snprintf(place, sizeof(place), "--%s", setting->key);
    result = settings_set(parse->settings, setting, text, ORIGIN_OPTION, place, why, sizeof(why));
    return result < 0 ? wrong(parse, "", str_of(why), "") : 0;
}

static int parse_option(struct parse *parse, struct str word)
{
    struct str inside = word;
    struct str name = str_split(&inside, '=');
    const struct option *option = option_named(parse->command, name);
    const struct setting *setting = setting_find(name);
    if (!option && setting_taken(parse, setting))
        return parse_setting(parse, setting, name, inside);
    if (!option)
        return unknown_option(parse, name);
    struct str text = STR("");
    if (option_takes_value(option)) {
        int result = take_value(parse, name, inside, &text);
        if (result < 0)
            return result;
    } else if (inside.p) {
        return wrong(parse, "takes no value: --", name, "");
    }
    if (option->type == OPTION_HIDDEN && !str_is(text, "-") && !(text.len > 0 && text.p[0] == '@'))
        return wrong(parse, "@FILE or - expected, for the command line can be seen: --", name, "");
    return add(parse, option, text);
}

static int parse_words(struct parse *parse, char **ret_words, size_t *ret_count)
{
    bool options_over = false;
    while (parse->at < parse->argc) {
        char *word = parse->argv[parse->at++];
        int result = 0;
        if (options_over || word[0] != '-' || strcmp(word, "-") == 0) {
            ret_words[(*ret_count)++] = word;
        } else if (strcmp(word, "--") == 0) {
            options_over = true;
        } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
            parse->arguments->help = true;
            return 0;
        } else if (strncmp(word, "--", 2) == 0) {
            result = parse_option(parse, str_of(word + 2));
        } else {
            result = wrong(parse, "unknown option ", str_of(word), "");
        }
        if (result < 0)
            return result;
    }
    return 0;
}

static size_t positional_count(const struct command *command)
{
    size_t count = 0;
    while (positional_at(command, count))
        count++;
    return count;
}

/* An optional argument in front of a required one ("[METHOD] PATH"): when it is left out, the words
 * shift by one. PATHs start with a slash, and nothing else here does; a word alone is the PATH, too, so
 * that whoever forgets the slash is told so. */
static size_t first_position(const struct command *command, char *const *words, size_t count)
{
    const struct option *first = positional_at(command, 0), *second = positional_at(command, 1);
    bool may_skip = first && second && !first->required && second->required;
    return may_skip && count > 0 && (count == 1 || words[0][0] == '/') ? 1 : 0;
}

static int place_words(struct parse *parse, char *const *words, size_t count)
{
    size_t position = first_position(parse->command, words, count);
    size_t places = positional_count(parse->command);
    bool is_list = places > 0 && positional_at(parse->command, places - 1)->type == OPTION_LIST;
    for (size_t i = 0; i < count; i++, position++) {
        if (position == places && is_list)
            position--;
        if (position >= places)
            return wrong(parse, "one argument too many: ", str_of(words[i]), "");
        int result = add(parse, positional_at(parse->command, position), str_of(words[i]));
        if (result < 0)
            return result;
    }
    return 0;
}

int arguments_parse(const struct command *command, int argc, char *const *argv,
                    struct settings *settings, FILE *err, struct arguments *ret_arguments)
{
    *ret_arguments = (struct arguments){.command = command};
    struct parse parse = {command, argc, 0, argv, settings, err, ret_arguments};
    char **words = calloc((size_t)argc + 1, sizeof(*words));
    size_t count = 0;
    ret_arguments->items = calloc(ARGUMENTS_MAX, sizeof(*ret_arguments->items));
    int result = ERR_NOMEM;
    if (words && ret_arguments->items)
        result = parse_words(&parse, words, &count);
    if (result == 0 && !ret_arguments->help)
        result = place_words(&parse, words, count);
    free(words);
    return result;
}

void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        struct argument *item = &arguments->items[i];
        if (item->owned) {
            explicit_bzero(item->owned, item->text.len);
            free(item->owned);
        }
    }
    free(arguments->items);
    *arguments = (struct arguments){0};
}

static const struct argument *item_of(const struct arguments *arguments,
                                      const struct option *option)
{
    for (size_t i = 0; i < arguments->count; i++)
        if (arguments->items[i].option == option)
            return &arguments->items[i];
    return NULL;
}

int arguments_check(const struct arguments *arguments, FILE *err)
{
    const struct option *option = NULL;
    while ((option = option_next(arguments->command, option))) {
        if (option->required && !item_of(arguments, option)) {
            fprintf(err, "wscrm %s: %s%s is missing\n", arguments->command->path,
                    option->positional ? "" : "--", option->name);
            return ERR_INVALID;
        }
    }
    return 0;
}

int arguments_set(struct arguments *arguments, struct str name, struct str text)
{
    const struct option *option = option_named(arguments->command, name);
    if (!option || !option_is_secret(option) || item_of(arguments, option) ||
        arguments->count == ARGUMENTS_MAX)
        return ERR_NOT_FOUND;
    char *copy = value_copy(text);
    if (!copy)
        return ERR_NOMEM;
    arguments->items[arguments->count++] =
        (struct argument){.option = option, .text = {copy, text.len}, .owned = copy};
    return 0;
}
