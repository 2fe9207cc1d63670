#include "main/account_settings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "domain/account_settings.h"
#include "main/similar.h"

static void expectation(const struct account_setting *row, char *why, size_t why_size)
{
    if (row->kind == ACCOUNT_KIND_HOURS) {
        snprintf(why, why_size, "%s: hours such as 22:00-08:00 expected", row->key);
    } else {
        snprintf(why, why_size, "%s: a%s number from %" PRId64 " to %" PRId64 " expected", row->key,
                 row->kind == ACCOUNT_KIND_INTEGER ? " whole" : "", row->min, row->max);
    }
}

static const struct account_setting *find(struct str key, struct similar *similar)
{
    for (size_t i = 0; i < ACCOUNT_SETTING_COUNT; i++) {
        similar_try(similar, key, str_of(account_setting_rows[i].key));
        if (str_is(key, account_setting_rows[i].key))
            return &account_setting_rows[i];
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
    unsigned bit = 1U << (row - account_setting_rows);
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
    if (!account_setting_allowed(row, value)) {
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
    for (size_t i = 0; i < ACCOUNT_SETTING_COUNT; i++) {
        const struct account_setting *row = &account_setting_rows[i];
        fprintf(out, "  %-36s %s [%s]\n", row->key, row->help,
                row->standard[0] ? row->standard : "none");
    }
}
