/* The program's settings: one row each in settings.def; an option beats the environment, which beats
 * the file, which beats the default. One thread at a time. */
#ifndef WSCRM_MAIN_SETTINGS_H
#define WSCRM_MAIN_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "api/api.h"
#include "base/err.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/webhooks.h"
#include "store/store.h"

enum setting_id {
#define SETTING(id, ...) SETTING_##id,
#include "main/settings.def"
#undef SETTING
    SETTING_COUNT,
};

enum setting_type { TYPE_TEXT, TYPE_INTEGER, TYPE_SIZE, TYPE_DURATION, TYPE_CHOICE };
enum setting_scope { SCOPE_GLOBAL, SCOPE_SERVE };
enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_OPTION };

struct setting {
    const char *key;
    enum setting_type type;
    const char *standard;
    int64_t min, max; /* of a text: its length */
    const char *choices;
    enum setting_scope scope;
    bool reload; /* may change on SIGHUP */
    const char *value, *help;
};
extern const struct setting setting_rows[SETTING_COUNT];

struct setting_value {
    char *text;     /* as written */
    int64_t number; /* a CHOICE: its index */
    enum setting_origin origin;
    char *place; /* see settings_place() */
};

struct settings {
    struct setting_value values[SETTING_COUNT];
    struct address_list *trusted_proxies, *webhook_allow; /* made by settings_load(); NULL: none */
};

#define SETTINGS_WHY_MAX 1280 /* holds a path of usual length and more */

/* All defaults. ERR_NOMEM. */
int settings_init(struct settings *settings) MUST_USE;
void settings_free(struct settings *settings);

/* The row of a key, or NULL. */
const struct setting *setting_find(struct str key);

/* Sets a value unless a stronger origin did. On failure why[] says "PLACE: what is expected", with
 * `place` as given ("--listen", "WSCRM_LISTEN"). ERR_INVALID, ERR_NOMEM. */
int settings_set(struct settings *settings, const struct setting *setting, struct str text,
                 enum setting_origin origin, const char *place, char *why,
                 size_t why_size) MUST_USE;

/* After the options: reads the environment, then the file that `config` names, and checks what
 * belongs together. */
int settings_load(struct settings *settings, char *why, size_t why_size) MUST_USE;

/* What settings_load() would make now of the same options and the same environment. `ret_fresh` need
 * not be initialised; on failure there is nothing to free. */
int settings_reload(const struct settings *running, struct settings *ret_fresh, char *why,
                    size_t why_size) MUST_USE;

static inline const char *settings_text(const struct settings *settings, enum setting_id id)
{
    return settings->values[id].text;
}

static inline int64_t settings_number(const struct settings *settings, enum setting_id id)
{
    return settings->values[id].number;
}

/* Where a value was set, for messages: "--listen", "WSCRM_LISTEN", "FILE:3: listen"; its key for a
 * default. */
const char *settings_place(const struct settings *settings, enum setting_id id);

const char *settings_directory(const struct settings *settings); /* of the embedded store */

/* What the floors below are started with; borrows texts from `settings`. */
void settings_api(const struct settings *settings, struct api_settings *ret_api);
void settings_engine(const struct settings *settings, struct engine_settings *ret_engine);
void settings_store(const struct settings *settings, struct store_settings *ret_store);
void settings_webhooks(const struct settings *settings, struct webhooks_settings *ret_webhooks);

/* One line per row of the scope, for --help. */
void settings_help(FILE *out, enum setting_scope scope);

#endif
