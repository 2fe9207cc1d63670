#include "main/account_settings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "main/similar.h"

enum setting_kind { KIND_INTEGER, KIND_DECIMAL, KIND_HOURS };

struct account_setting {
    const char *key;
    enum setting_kind kind;
    int64_t min, max;
    const char *help;
};

static const struct account_setting rows[] = {
#define ACCOUNT_SETTING(key, kind, min, max, help) {key, KIND_##kind, min, max, help},
#include "main/account_settings.def"
#undef ACCOUNT_SETTING
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

/* Digits with at most one point in between. */
static bool decimal_allowed(const struct account_setting *row, struct str text)
{
    struct str fraction = text, whole = str_split(&fraction, '.');
    int64_t number, digits = 0;
    if (text.len > 20 || str_to_i64(whole, &number) < 0 || whole.p[0] == '-' ||
        (fraction.p && (str_to_i64(fraction, &digits) < 0 || fraction.p[0] == '-')))
        return false;
    return number >= row->min && (number < row->max || (number == row->max && digits == 0));
}

static bool clock_allowed(struct str text)
{
    struct str minutes = text, hours = str_split(&minutes, ':');
    int64_t hour, minute;
    return hours.len == 2 && minutes.len == 2 && str_to_i64(hours, &hour) == 0 && hour >= 0 &&
           hour <= 23 && str_to_i64(minutes, &minute) == 0 && minute >= 0 && minute <= 59;
}

static bool value_allowed(const struct account_setting *row, struct str text)
{
    struct str until = text, from;
    int64_t number;
    switch (row->kind) {
    case KIND_INTEGER:
        return str_to_i64(text, &number) == 0 && number >= row->min && number <= row->max;
    case KIND_DECIMAL: return decimal_allowed(row, text);
    case KIND_HOURS:
        from = str_split(&until, '-');
        return clock_allowed(from) && clock_allowed(until) && !str_eq(from, until);
    }
    return false;
}

static void expectation(const struct account_setting *row, char *why, size_t why_size)
{
    if (row->kind == KIND_HOURS) {
        snprintf(why, why_size, "%s: hours such as 22:00-08:00 expected", row->key);
    } else {
        snprintf(why, why_size, "%s: a%s number from %" PRId64 " to %" PRId64 " expected", row->key,
                 row->kind == KIND_INTEGER ? " whole" : "", row->min, row->max);
    }
}

static const struct account_setting *find(struct str key, struct similar *similar)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        similar_try(similar, key, str_of(rows[i].key));
        if (str_is(key, rows[i].key))
            return &rows[i];
    }
    return NULL;
}

/* Splits "KEY=VALUE"; the row of the key, marked as seen. NULL with why[]. */
static const struct account_setting *take_key(struct str text, struct str *ret_value,
                                              unsigned *seen, char *why, size_t why_size)
{
    struct similar similar = {0};
    struct str value = text, key = str_split(&value, '=');
    const struct account_setting *row = find(key, &similar);
    if (!value.p || !row) {
        bool guess = value.p && similar.name[0];
        snprintf(why, why_size, "%s \"%.*s\"%s%s%s",
                 value.p ? "unknown setting" : "KEY=VALUE expected, not",
                 (int)(key.len < 64 ? key.len : 64), key.p, guess ? " (did you mean " : "",
                 guess ? similar.name : "", guess ? "?)" : "");
        return NULL;
    }
    unsigned bit = 1U << (row - rows);
    if (*seen & bit) {
        snprintf(why, why_size, "%s: given twice", row->key);
        return NULL;
    }
    *seen |= bit;
    *ret_value = value;
    return row;
}

static int add_value(struct buf *object, const struct account_setting *row, struct str value,
                     char *why, size_t why_size)
{
    if (!value_allowed(row, value)) {
        expectation(row, why, why_size);
        return ERR_INVALID;
    }
    buf_add_json_name(object, row->key);
    buf_add_json_str(object, value);
    return 0;
}

int account_settings_add(struct buf *object, struct str text, unsigned *seen, char *why,
                         size_t why_size)
{
    struct str value;
    const struct account_setting *row = take_key(text, &value, seen, why, why_size);
    return row ? add_value(object, row, value, why, why_size) : ERR_INVALID;
}

int account_settings_change(struct buf *object, struct str text, unsigned *seen, char *why,
                            size_t why_size)
{
    struct str value;
    const struct account_setting *row = take_key(text, &value, seen, why, why_size);
    if (!row || value.len > 0)
        return row ? add_value(object, row, value, why, why_size) : ERR_INVALID;
    buf_add_json_name(object, row->key);
    buf_add_text(object, "null");
    return 0;
}

void account_settings_help(FILE *out)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        fprintf(out, "  %-36s %s\n", rows[i].key, rows[i].help);
}
