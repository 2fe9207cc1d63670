#include "main/value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit sizes[] = {
    {"G", INT64_C(1) << 30}, {"M", INT64_C(1) << 20}, {"K", INT64_C(1) << 10}, {"", 1}};
static const struct unit durations[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"", 1000}};

static bool ends_with(struct str text, struct str end)
{
    return text.len >= end.len &&
           str_eq_nocase((struct str){text.p + (text.len - end.len), end.len}, end);
}

static int with_unit(struct str text, const struct unit *units, int64_t *ret_value)
{
    const struct unit *unit = units;
    while (!ends_with(text, str_of(unit->name)))
        unit++; /* the last unit is "", which fits all */
    int64_t count;
    int result = str_to_i64((struct str){text.p, text.len - strlen(unit->name)}, &count);
    if (result < 0)
        return result;
    if (count < 0)
        return ERR_INVALID;
    return __builtin_mul_overflow(count, unit->factor, ret_value) ? ERR_RANGE : 0;
}

int value_size(struct str text, int64_t *ret_bytes)
{
    return with_unit(text, sizes, ret_bytes);
}

int value_duration(struct str text, int64_t *ret_ms)
{
    return with_unit(text, durations, ret_ms);
}

int value_choice(struct str text, const char *choices, int64_t *ret_index)
{
    struct str rest = str_of(choices);
    for (int64_t index = 0; rest.p; index++) {
        if (str_eq(text, str_split(&rest, '|'))) {
            *ret_index = index;
            return 0;
        }
    }
    return ERR_INVALID;
}

char *value_copy(struct str text)
{
    char *copy = malloc(text.len + 1);
    if (!copy)
        return NULL;
    if (text.len > 0)
        memcpy(copy, text.p, text.len);
    copy[text.len] = '\0';
    return copy;
}

void value_size_text(int64_t bytes, char ret_text[VALUE_TEXT_MAX])
{
    const struct unit *unit = sizes;
    while (bytes == 0 ? unit->factor != 1 : bytes % unit->factor != 0)
        unit++;
    snprintf(ret_text, VALUE_TEXT_MAX, "%" PRId64 "%s", bytes / unit->factor, unit->name);
}

void value_duration_text(int64_t ms, char ret_text[VALUE_TEXT_MAX])
{
    bool seconds = ms % 1000 == 0;
    snprintf(ret_text, VALUE_TEXT_MAX, "%" PRId64 "%s", seconds ? ms / 1000 : ms,
             seconds ? "s" : "ms");
}
