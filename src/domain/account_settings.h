/* The settings of a WhatsApp account: which there are, what they may be, and their values. */
#ifndef WSCRM_DOMAIN_ACCOUNT_SETTINGS_H
#define WSCRM_DOMAIN_ACCOUNT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

enum account_setting_id {
#define ACCOUNT_SETTING(id, key, kind, min, max, standard, help) ACCOUNT_SETTING_##id,
#include "domain/account_settings.def"
#undef ACCOUNT_SETTING
    ACCOUNT_SETTING_COUNT,
};

enum account_setting_kind { ACCOUNT_KIND_INTEGER, ACCOUNT_KIND_DECIMAL, ACCOUNT_KIND_HOURS };

struct account_setting {
    const char *key;
    enum account_setting_kind kind;
    int64_t min, max;
    const char *standard, *help;
};
extern const struct account_setting account_setting_rows[ACCOUNT_SETTING_COUNT];

bool account_setting_allowed(const struct account_setting *row, struct str text);

struct account_settings {
    double speed;
    int in_flight;
    int64_t seed;
    int64_t interval_min_ms, interval_max_ms; /* the first is never above the second */
    int64_t check_interval_ms, info_interval_ms, join_interval_ms;
    int64_t daily_cap;                /* 0: none */
    int quiet_from_min, quiet_to_min; /* minutes of the day; equal: none */
};

/* `json` as account.settings is: an object of texts, or empty. What is not there has its default; of the
 * two intervals the one that is not there follows the other where they would contradict each other.
 * Unknown keys are passed over. ERR_INVALID, ERR_NOMEM. */
int account_settings_read(struct str json, struct account_settings *ret_settings) MUST_USE;

#endif
