#include "main/settings.h"

#include <inttypes.h>
#include <stdlib.h>

#include "main/settings_file.h"
#include "main/value.h"

#define DATABASE_PREFIX     STR("sqlite:")
#define ENVIRONMENT_KEY_MAX 64

const struct setting setting_rows[SETTING_COUNT] = {
#define SETTING(id, key, type, standard, min, max, choices, scope, reload, value, help) \
    [SETTING_##                                                                         \
        id] = {key, TYPE_##type, standard, min, max, choices, SCOPE_##scope, reload, value, help},
#include "main/settings.def"
#undef SETTING
};

const struct setting *setting_find(struct str key)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (str_is(key, setting_rows[i].key))
            return &setting_rows[i];
    return NULL;
}

/* A length stands in for the value, so that one range check does for all types. */
static int parse_text(struct str text, int64_t *ret_number)
{
    *ret_number = (int64_t)text.len;
    return utf8_valid(text.p, text.len) ? 0 : ERR_INVALID;
}

static int parse(const struct setting *setting, struct str text, int64_t *ret_number)
{
    switch (setting->type) {
    case TYPE_TEXT: return parse_text(text, ret_number);
    case TYPE_INTEGER: return str_to_i64(text, ret_number);
    case TYPE_SIZE: return value_size(text, ret_number);
    case TYPE_DURATION: return value_duration(text, ret_number);
    case TYPE_CHOICE: return value_choice(text, setting->choices, ret_number);
    }
    return ERR_INVALID;
}

static bool in_range(const struct setting *setting, int64_t number)
{
    return setting->type == TYPE_CHOICE || (number >= setting->min && number <= setting->max);
}

/* "a size from 1K to 1M", "none, errors or all" */
static void expectation(const struct setting *setting, char *text, size_t size)
{
    char min[VALUE_TEXT_MAX], max[VALUE_TEXT_MAX];
    switch (setting->type) {
    case TYPE_TEXT:
        snprintf(text, size, "a text of %" PRId64 " to %" PRId64 " bytes", setting->min,
                 setting->max);
        return;
    case TYPE_INTEGER:
        snprintf(text, size, "a number from %" PRId64 " to %" PRId64, setting->min, setting->max);
        return;
    case TYPE_SIZE:
        value_size_text(setting->min, min);
        value_size_text(setting->max, max);
        snprintf(text, size, "a size from %s to %s", min, max);
        return;
    case TYPE_DURATION:
        value_duration_text(setting->min, min);
        value_duration_text(setting->max, max);
        snprintf(text, size, "a time from %s to %s", min, max);
        return;
    case TYPE_CHOICE: snprintf(text, size, "one of %s", setting->choices); return;
    }
}

static void value_free(struct setting_value *value)
{
    free(value->text);
    free(value->place);
}

int settings_set(struct settings *settings, const struct setting *setting, struct str text,
                 enum setting_origin origin, const char *place, char *why, size_t why_size)
{
    int64_t number = 0;
    if (parse(setting, text, &number) < 0 || !in_range(setting, number)) {
        char expected[96];
        expectation(setting, expected, sizeof(expected));
        snprintf(why, why_size, "%s: %s expected, not \"%.*s\"", place, expected,
                 (int)(text.len < 80 ? text.len : 80), text.len ? text.p : "");
        return ERR_INVALID;
    }
    struct setting_value *value = &settings->values[setting - setting_rows];
    if (value->text && origin < value->origin)
        return 0;
    struct setting_value fresh = {value_copy(text), number, origin, value_copy(str_of(place))};
    if (!fresh.text || !fresh.place) {
        value_free(&fresh);
        snprintf(why, why_size, "%s: %s", place, err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    value_free(value);
    *value = fresh;
    return 0;
}

int settings_init(struct settings *settings)
{
    *settings = (struct settings){0};
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char why[SETTINGS_WHY_MAX];
        int result = settings_set(settings, &setting_rows[i], str_of(setting_rows[i].standard),
                                  ORIGIN_DEFAULT, setting_rows[i].key, why, sizeof(why));
        if (result < 0) {
            settings_free(settings);
            return result;
        }
    }
    return 0;
}

void settings_free(struct settings *settings)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        value_free(&settings->values[i]);
    address_list_free(settings->trusted_proxies);
    address_list_free(settings->webhook_allow);
    *settings = (struct settings){0};
}

static void environment_key(const struct setting *setting, char name[ENVIRONMENT_KEY_MAX])
{
    snprintf(name, ENVIRONMENT_KEY_MAX, "WSCRM_%s", setting->key);
    for (char *c = name; *c; c++)
        *c = *c == '-' ? '_' : (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
}

/* An empty variable counts as none, as in systemd's EnvironmentFile= templates. */
static int read_environment(struct settings *settings, char *why, size_t why_size)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char name[ENVIRONMENT_KEY_MAX];
        environment_key(&setting_rows[i], name);
        const char *text = getenv(name);
        if (!text || !*text)
            continue;
        int result = settings_set(settings, &setting_rows[i], str_of(text), ORIGIN_ENVIRONMENT,
                                  name, why, why_size);
        if (result < 0)
            return result;
    }
    return 0;
}

static int check_database(const struct settings *settings, char *why, size_t why_size)
{
    struct str database = str_of(settings_text(settings, SETTING_DATABASE));
    struct str prefix = DATABASE_PREFIX;
    if (database.len == 0 ||
        (database.len > prefix.len && memcmp(database.p, prefix.p, prefix.len) == 0))
        return 0;
    struct str scheme = str_split(&database, ':');
    snprintf(why, why_size, "%s: %.*s is not built in; sqlite:DIR is",
             settings_place(settings, SETTING_DATABASE), (int)scheme.len, scheme.p);
    return ERR_INVALID;
}

static int check_budget(const struct settings *settings, char *why, size_t why_size)
{
    static const enum setting_id bodies[] = {SETTING_MAX_BODY, SETTING_MAX_BODY_LARGE,
                                             SETTING_MAX_BODY_IMPORT};
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        if (settings_number(settings, bodies[i]) <= settings_number(settings, SETTING_BODY_BUDGET))
            continue;
        /* Told where it was written, not where it was left alone. */
        bool budget_written = settings->values[SETTING_BODY_BUDGET].origin != ORIGIN_DEFAULT;
        enum setting_id at = budget_written ? SETTING_BODY_BUDGET : bodies[i];
        enum setting_id other = budget_written ? bodies[i] : SETTING_BODY_BUDGET;
        snprintf(why, why_size, "%s: it must be at %s %s (%s)", settings_place(settings, at),
                 budget_written ? "least" : "most", setting_rows[other].key,
                 settings_text(settings, other));
        return ERR_INVALID;
    }
    return 0;
}

static int read_networks(const struct settings *settings, enum setting_id id,
                         struct address_list **ret_list, char *why, size_t why_size)
{
    struct str text = str_of(settings_text(settings, id));
    int result = text.len > 0 ? address_list_parse(text, ret_list) : 0;
    if (result < 0) {
        snprintf(why, why_size, "%s: networks such as 10.0.0.0/8,::1 expected, not \"%.*s\"",
                 settings_place(settings, id), (int)(text.len < 80 ? text.len : 80), text.p);
    }
    return result;
}

static int check(struct settings *settings, char *why, size_t why_size)
{
    int result = check_database(settings, why, why_size);
    if (result == 0)
        result = check_budget(settings, why, why_size);
    if (result == 0)
        result = read_networks(settings, SETTING_TRUSTED_PROXIES, &settings->trusted_proxies, why,
                               why_size);
    if (result == 0)
        result =
            read_networks(settings, SETTING_WEBHOOK_ALLOW, &settings->webhook_allow, why, why_size);
    return result;
}

static int read_file_and_check(struct settings *settings, char *why, size_t why_size)
{
    const char *path = settings_text(settings, SETTING_CONFIG);
    int result = *path ? settings_file_read(settings, path, why, why_size) : 0;
    return result < 0 ? result : check(settings, why, why_size);
}

int settings_load(struct settings *settings, char *why, size_t why_size)
{
    int result = read_environment(settings, why, why_size);
    return result < 0 ? result : read_file_and_check(settings, why, why_size);
}

static int copy_stronger(const struct settings *from, struct settings *to, char *why,
                         size_t why_size)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting_value *value = &from->values[i];
        int result = value->origin <= ORIGIN_FILE
                         ? 0
                         : settings_set(to, &setting_rows[i], str_of(value->text), value->origin,
                                        value->place, why, why_size);
        if (result < 0)
            return result;
    }
    return 0;
}

int settings_reload(const struct settings *running, struct settings *ret_fresh, char *why,
                    size_t why_size)
{
    struct settings fresh;
    int result = settings_init(&fresh);
    if (result < 0) {
        snprintf(why, why_size, "%s", err_text(result));
        return result;
    }
    result = copy_stronger(running, &fresh, why, why_size);
    if (result == 0)
        result = read_file_and_check(&fresh, why, why_size);
    if (result < 0) {
        settings_free(&fresh);
        return result;
    }
    *ret_fresh = fresh;
    return 0;
}

const char *settings_place(const struct settings *settings, enum setting_id id)
{
    return settings->values[id].place;
}

const char *settings_directory(const struct settings *settings)
{
    const char *database = settings_text(settings, SETTING_DATABASE);
    return *database ? database + DATABASE_PREFIX.len : settings_text(settings, SETTING_DATA);
}

static void settings_http(const struct settings *settings, struct http_settings *http)
{
    http->max_connections = (int)settings_number(settings, SETTING_CONNECTIONS);
    http->max_connections_per_peer = (int)settings_number(settings, SETTING_PEER_CONNECTIONS);
    http->max_head = (size_t)settings_number(settings, SETTING_MAX_HEADER);
    http->body_budget = (size_t)settings_number(settings, SETTING_BODY_BUDGET);
    http->head_timeout_ms = (int)settings_number(settings, SETTING_HEADER_TIMEOUT);
    http->body_timeout_ms = (int)settings_number(settings, SETTING_BODY_TIMEOUT);
    http->budget_timeout_ms = (int)settings_number(settings, SETTING_BUDGET_TIMEOUT);
    http->idle_timeout_ms = (int)settings_number(settings, SETTING_IDLE_TIMEOUT);
    http->write_timeout_ms = (int)settings_number(settings, SETTING_WRITE_TIMEOUT);
    http->trusted_proxies = settings->trusted_proxies;
}

void settings_api(const struct settings *settings, struct api_settings *ret_api)
{
    api_settings_default(ret_api);
    ret_api->listen = settings_text(settings, SETTING_LISTEN);
    ret_api->workers = (int)settings_number(settings, SETTING_WORKERS);
    ret_api->helpers = (int)settings_number(settings, SETTING_HELPERS);
    settings_http(settings, &ret_api->http);
    ret_api->webhook_allow = settings->webhook_allow;
    ret_api->max_body_small = (size_t)settings_number(settings, SETTING_MAX_BODY);
    ret_api->max_body_large = (size_t)settings_number(settings, SETTING_MAX_BODY_LARGE);
    ret_api->max_body_import = (size_t)settings_number(settings, SETTING_MAX_BODY_IMPORT);
    ret_api->rate_table_max = (size_t)settings_number(settings, SETTING_RATE_TABLE);
    ret_api->request_log = (enum request_log)settings_number(settings, SETTING_LOG_REQUESTS);
    ret_api->action_interval_ms = settings_number(settings, SETTING_ACTION_INTERVAL);
    ret_api->action_heartbeat_ms = settings_number(settings, SETTING_ACTION_HEARTBEAT);
}

void settings_engine(const struct settings *settings, struct engine_settings *ret_engine)
{
    engine_settings_default(ret_engine);
    ret_engine->directory = settings_directory(settings);
    ret_engine->offline_move_ms = settings_number(settings, SETTING_OFFLINE_MOVE);
    ret_engine->sandbox_recall = settings_number(settings, SETTING_SANDBOX_RECALL) == 1;
}

void settings_store(const struct settings *settings, struct store_settings *ret_store)
{
    store_settings_default(ret_store);
    ret_store->directory = settings_directory(settings);
    ret_store->queue_max = (size_t)settings_number(settings, SETTING_STORE_QUEUE);
    ret_store->cache_kib = (size_t)settings_number(settings, SETTING_STORE_CACHE) >> 10;
    ret_store->not_replied_ms = settings_number(settings, SETTING_NOT_REPLIED);
    ret_store->history_days = (int)settings_number(settings, SETTING_HISTORY_DAYS);
    ret_store->webhook_days = (int)settings_number(settings, SETTING_WEBHOOK_DAYS);
    ret_store->message_days = (int)settings_number(settings, SETTING_MESSAGE_DAYS);
    ret_store->mmap_mib = (size_t)settings_number(settings, SETTING_STORE_MMAP) >> 20;
}

void settings_webhooks(const struct settings *settings, struct webhooks_settings *ret_webhooks)
{
    webhooks_settings_default(ret_webhooks);
    ret_webhooks->allow = settings->webhook_allow;
    ret_webhooks->timeout_ms = (int)settings_number(settings, SETTING_WEBHOOK_TIMEOUT);
    ret_webhooks->retry_percent = (int)settings_number(settings, SETTING_WEBHOOK_RETRY);
}

void settings_help(FILE *out, enum setting_scope scope)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = &setting_rows[i];
        if (row->scope != scope)
            continue;
        char left[96];
        snprintf(left, sizeof(left), "--%s %s", row->key, row->choices ? row->choices : row->value);
        fprintf(out, "  %-36s %s", left, row->help);
        if (*row->standard)
            fprintf(out, " [%s]", row->standard);
        fputs(row->reload ? " (SIGHUP)\n" : "\n", out);
    }
}
