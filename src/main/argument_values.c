/* The arguments as values: what a command's function asks for. */
#include <inttypes.h>
#include <stdlib.h>

#include "domain/number.h"
#include "main/arguments.h"

static const struct option *declared(const struct context *context, const char *name)
{
    const struct option *option = NULL;
    while ((option = option_next(context->command, option)))
        if (strcmp(option->name, name) == 0)
            return option;
    abort();
}

bool argument_next(const struct context *context, const char *name, size_t *index,
                   struct str *ret_text)
{
    const struct option *option = declared(context, name);
    while (*index < context->arguments->count) {
        const struct argument *item = &context->arguments->items[(*index)++];
        if (item->option == option) {
            *ret_text = item->text;
            return true;
        }
    }
    return false;
}

struct str argument(const struct context *context, const char *name)
{
    struct str text = {NULL, 0};
    size_t index = 0;
    argument_next(context, name, &index, &text);
    return text;
}

/* How people wrote it: "--rate-limit", "ID". */
static const char *dashes(const struct context *context, const char *name)
{
    return declared(context, name)->positional ? "" : "--";
}

int argument_number(struct context *context, const char *name, int64_t min, int64_t max,
                    int64_t *ret_value)
{
    struct str text = argument(context, name);
    int64_t value;
    if (!text.p)
        return 0;
    if (str_to_i64(text, &value) < 0 || value < min || value > max) {
        complain(context, "%s%s: a number from %" PRId64 " to %" PRId64 " expected, not \"%.*s\"",
                 dashes(context, name), name, min, max, (int)text.len, text.p);
        return ERR_INVALID;
    }
    *ret_value = value;
    return 0;
}

int argument_text(struct context *context, const char *name, size_t longest, struct str *ret_text)
{
    struct str text = argument(context, name);
    if (!text.p)
        return 0;
    if (utf8_count(text) > longest || str_has_control(text)) {
        complain(context, "%s%s: at most %zu characters, none of them a control character",
                 dashes(context, name), name, longest);
        return ERR_INVALID;
    }
    *ret_text = text;
    return 0;
}

static int add_number(struct context *context, const char *name, struct str text, size_t max,
                      int64_t *numbers, size_t *count)
{
    if (*count == max)
        complain(context, "%s: at most %zu numbers", name, max);
    else if (number_parse(text, &numbers[*count]) < 0)
        complain(context, "%s: %s, not \"%.*s\"", name, NUMBER_FORM, (int)text.len, text.p);
    else
        return (int)++*count;
    return ERR_INVALID;
}

/* Returns how many there are, ERR_INVALID. */
static int add_numbers(struct context *context, const char *name, size_t max, int64_t *numbers)
{
    struct str text;
    size_t index = 0, count = 0;
    while (argument_next(context, name, &index, &text)) {
        while (text.p) {
            struct str line = str_trim(str_split(&text, '\n'));
            if (line.len > 0 && add_number(context, name, line, max, numbers, &count) < 0)
                return ERR_INVALID;
        }
    }
    if (count == 0)
        complain(context, "%s: no number is there", name);
    return count > 0 ? (int)count : ERR_INVALID;
}

int argument_whatsapp_numbers(struct context *context, const char *name, size_t max,
                              int64_t **ret_numbers, size_t *ret_count)
{
    int64_t *numbers = malloc(max * sizeof(*numbers));
    if (!numbers) {
        complain(context, "%s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    int count = add_numbers(context, name, max, numbers);
    if (count < 0) {
        free(numbers);
        return count;
    }
    *ret_numbers = numbers;
    *ret_count = (size_t)count;
    return 0;
}

int argument_tenant_id(struct context *context, const char *name, int64_t *ret_id)
{
    return argument_number(context, name, 1, TENANT_ID_MAX, ret_id);
}
