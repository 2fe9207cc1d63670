#include "domain/account_settings.h"

#include "base/json.h"

const struct account_setting account_setting_rows[ACCOUNT_SETTING_COUNT] = {
#define ACCOUNT_SETTING(id, key, kind, min, max, standard, help) \
    [ACCOUNT_SETTING_##id] = {key, ACCOUNT_KIND_##kind, min, max, standard, help},
#include "domain/account_settings.def"
#undef ACCOUNT_SETTING
};

/* Digits with at most one point in between, no more than an int64_t holds behind it. */
static bool take_decimal(struct str text, int64_t *ret_whole, double *ret_fraction)
{
    struct str fraction = text, whole = str_split(&fraction, '.');
    int64_t number, digits = 0;
    if (text.len > 20 || str_to_i64(whole, &number) < 0 || whole.p[0] == '-' ||
        (fraction.p && (str_to_i64(fraction, &digits) < 0 || fraction.p[0] == '-')))
        return false;
    *ret_whole = number;
    *ret_fraction = (double)digits;
    for (size_t i = 0; i < fraction.len; i++)
        *ret_fraction /= 10;
    return true;
}

static bool take_clock(struct str text, int *ret_minutes)
{
    struct str minutes = text, hours = str_split(&minutes, ':');
    int64_t hour, minute;
    if (hours.len != 2 || minutes.len != 2 || str_to_i64(hours, &hour) < 0 || hour < 0 ||
        hour > 23 || str_to_i64(minutes, &minute) < 0 || minute < 0 || minute > 59)
        return false;
    *ret_minutes = (int)(hour * 60 + minute);
    return true;
}

static bool take_hours(struct str text, int *ret_from, int *ret_to)
{
    struct str until = text, from = str_split(&until, '-');
    return take_clock(from, ret_from) && take_clock(until, ret_to) && *ret_from != *ret_to;
}

bool account_setting_allowed(const struct account_setting *row, struct str text)
{
    int from, to;
    int64_t number;
    double fraction;
    switch (row->kind) {
    case ACCOUNT_KIND_INTEGER:
        return str_to_i64(text, &number) == 0 && number >= row->min && number <= row->max;
    case ACCOUNT_KIND_DECIMAL:
        return take_decimal(text, &number, &fraction) && number >= row->min &&
               (number < row->max || (number == row->max && fraction == 0));
    case ACCOUNT_KIND_HOURS: return take_hours(text, &from, &to);
    }
    return false;
}

/* The texts of the object, [ACCOUNT_SETTING_COUNT]; len 0: not there. */
static int find_texts(const struct json *object, struct str *texts)
{
    if (json_type(object) != JSON_OBJECT)
        return ERR_INVALID;
    for (const struct json *value = json_first(object); value; value = json_next(value)) {
        int id = 0;
        while (id < ACCOUNT_SETTING_COUNT &&
               !str_is(json_name(value), account_setting_rows[id].key))
            id++;
        if (id == ACCOUNT_SETTING_COUNT)
            continue;
        if (json_type(value) != JSON_STRING ||
            !account_setting_allowed(&account_setting_rows[id], json_text(value)))
            return ERR_INVALID;
        texts[id] = json_text(value);
    }
    return 0;
}

static struct str text_of(const struct str *texts, enum account_setting_id id)
{
    return texts[id].len ? texts[id] : str_of(account_setting_rows[id].standard);
}

static int64_t integer_of(const struct str *texts, enum account_setting_id id)
{
    int64_t value = 0;
    int result = str_to_i64(text_of(texts, id), &value); /* judged by find_texts() */
    (void)result;
    return value;
}

static void fill_intervals(const struct str *texts, struct account_settings *settings)
{
    int64_t min = integer_of(texts, ACCOUNT_SETTING_INTERVAL_MIN) * 1000;
    int64_t max = integer_of(texts, ACCOUNT_SETTING_INTERVAL_MAX) * 1000;
    bool min_given = texts[ACCOUNT_SETTING_INTERVAL_MIN].len > 0;
    settings->interval_min_ms = min > max && !min_given ? max : min;
    settings->interval_max_ms = min > max && min_given ? min : max;
}

static void fill(const struct str *texts, struct account_settings *settings)
{
    int64_t whole = 0;
    double fraction = 0;
    *settings = (struct account_settings){
        .in_flight = (int)integer_of(texts, ACCOUNT_SETTING_IN_FLIGHT),
        .seed = integer_of(texts, ACCOUNT_SETTING_SEED),
        .check_interval_ms = integer_of(texts, ACCOUNT_SETTING_CHECK_INTERVAL),
        .info_interval_ms = integer_of(texts, ACCOUNT_SETTING_INFO_INTERVAL),
        .join_interval_ms = integer_of(texts, ACCOUNT_SETTING_JOIN_INTERVAL),
        .daily_cap = integer_of(texts, ACCOUNT_SETTING_DAILY_CAP),
    };
    take_decimal(text_of(texts, ACCOUNT_SETTING_SPEED), &whole, &fraction);
    settings->speed = (double)whole + fraction;
    fill_intervals(texts, settings);
    if (texts[ACCOUNT_SETTING_QUIET_HOURS].len > 0)
        take_hours(texts[ACCOUNT_SETTING_QUIET_HOURS], &settings->quiet_from_min,
                   &settings->quiet_to_min);
}

int account_settings_read(struct str json, struct account_settings *ret_settings)
{
    struct str texts[ACCOUNT_SETTING_COUNT] = {{0}};
    struct json_error error;
    struct json_doc *doc = NULL;
    int result = json_parse(json.len ? json : STR("{}"), 1000, &doc, &error);
    if (result == ERR_TOO_LARGE)
        result = ERR_INVALID;
    if (result == 0)
        result = find_texts(json_root(doc), texts);
    if (result == 0)
        fill(texts, ret_settings);
    json_free(doc);
    return result;
}
