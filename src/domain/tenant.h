/* A tenant: a customer company with its admin account, agents, WhatsApp accounts and extended fields; and
 * the immutable snapshot of all tenants that requests are judged by.
 *
 * A snapshot is made whole by the store, never changed, shared by threads, and freed with its last
 * reference. Everything in it lives as long as it. */
#ifndef WSCRM_DOMAIN_TENANT_H
#define WSCRM_DOMAIN_TENANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "base/zone.h"
#include "domain/account.h"

#define TENANTS_MAX         10000
#define TENANT_MAX_AGENTS   10000
#define TENANT_MAX_ACCOUNTS 10000
#define TENANT_MAX_FIELDS   100
/* Characters: tenant names, admins, agents, nicknames, account names, field names. */
#define TENANT_NAME_LONGEST     255
#define TENANT_MAX_RATE         10000 /* calls a second and API */
#define TENANT_DEFAULT_RATE     50    /* Development Guide: 50 times/1s per single API */
#define TENANT_MAX_WINDOW_S     86400
#define TENANT_MAX_STOP_WORDS   20
#define STOP_WORD_LONGEST       64 /* characters */
#define TENANT_DEFAULT_WINDOW_S 300

enum edition { EDITION_STANDARD, EDITION_PROFESSIONAL };
const char *edition_name(enum edition edition);
int edition_parse(struct str text, enum edition *ret_edition) MUST_USE;

struct agent {
    int64_t id;
    struct str user_name, nickname;
};

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_DATE, FIELD_OPTION };
const char *field_type_name(enum field_type type);
int field_type_parse(struct str text, enum field_type *ret_type) MUST_USE;

struct field {
    int64_t id;
    struct str name;
    enum field_type type;
    const struct str *options; /* of FIELD_OPTION */
    size_t option_count;
};
#define FIELD_MAX_OPTIONS 200

/* Whether `text` may be a value of the field: number a decimal number, date `yyyy/MM/dd`, option one
 * of its options; at most CUSTOMER_EXTENDED_LONGEST characters. */
bool field_accepts(const struct field *field, struct str text);

/* Whether `text` may be an option beside those that are there: 1 to CUSTOMER_EXTENDED_LONGEST characters,
 * no control characters, and none of those. */
bool field_option_allowed(struct str text, const struct str *others, size_t count);

/* True when `name` may name an extended field: 1 to TENANT_NAME_LONGEST characters, no control
 * characters, and none of the names that customers have on the wire already. */
bool field_name_allowed(struct str name);
/* A user name, admin name, name of a customer group: 1 to TENANT_NAME_LONGEST characters, no control characters or commas, no
 * blanks at its ends (lists of executors are comma separated). */
bool user_name_allowed(struct str name);
/* An agent's password has so many characters. */
#define PASSWORD_SHORTEST 6
#define PASSWORD_LONGEST  128
bool password_allowed(struct str password);

struct tenant {
    int64_t id;
    struct str name, admin, time_zone;
    struct str api_key; /* secret; len 0: none */
    enum edition edition;
    int rate_limit;     /* calls per second and endpoint; 0: none */
    int token_window_s; /* 0: the check is off */
    bool has_opt_outs;  /* false: no number has opted out */
    /* Words, separated by commas, that opt a number out when it sends one as a message (len 0: none), and
     * what is answered then, once (len 0: nothing). */
    struct str stop_words, stop_reply;
    unsigned webhook_types; /* bit 1 << enum event_type: a URL of it is switched on */
    const struct zone *zone;
    struct agent *agents; /* ascending by id */
    size_t agent_count;
    struct account *accounts; /* ascending by number */
    size_t account_count;
    struct field *fields; /* ascending by id */
    size_t field_count;
    /* The same in another order; tenants_seal() makes these. Names are ascending by memcmp. */
    const struct agent **agents_by_name;
    const struct account **accounts_by_agent; /* ascending by agent_id, then by number */
    const struct field **fields_by_name;
};

const struct agent *tenant_agent(const struct tenant *tenant, struct str user_name); /* or NULL */
/* Whether it is the name of the admin account or of an agent. */
bool tenant_has_user(const struct tenant *tenant, struct str user_name);
const struct agent *tenant_agent_by_id(const struct tenant *tenant, int64_t id); /* or NULL */
struct str tenant_agent_name(const struct tenant *tenant, int64_t id); /* len 0: no such agent */
const struct account *tenant_account(const struct tenant *tenant, int64_t number); /* or NULL */
/* The accounts that an agent works with, ascending by number; 0: those without one. Returns how many. */
size_t tenant_accounts_of(const struct tenant *tenant, int64_t agent_id,
                          const struct account *const **ret_accounts);
const struct field *tenant_field(const struct tenant *tenant, struct str name);  /* or NULL */
const struct field *tenant_field_by_id(const struct tenant *tenant, int64_t id); /* or NULL */

/* Whether `text` may be the tenant's stop_words. */
bool stop_words_allowed(struct str text);
/* Whether a message's text is one of them: the whole of it but blanks around it, in any case. */
bool tenant_has_stop_word(const struct tenant *tenant, struct str text);

struct tenants;

/* Making one: new, then fill through the arena and tenants_add() in ascending order of id, then seal.
 * Zones are loaded once per name (tenants_zone). */
int tenants_new(struct tenants **ret_tenants) MUST_USE;
struct arena *tenants_arena(struct tenants *tenants);
int tenants_zone(struct tenants *tenants, const char *name, const struct zone **ret_zone) MUST_USE;
int tenants_add(struct tenants *tenants,
                const struct tenant *tenant) MUST_USE; /* copies the struct */
int tenants_seal(struct tenants *tenants) MUST_USE;

/* Any thread. tenants_unref(NULL) is fine. The last reference wipes the ApiKeys and frees. */
struct tenants *tenants_ref(struct tenants *tenants);
void tenants_unref(struct tenants *tenants);

size_t tenants_count(const struct tenants *tenants);
const struct tenant *tenants_at(const struct tenants *tenants, size_t index);
const struct tenant *tenants_find(const struct tenants *tenants, int64_t id); /* or NULL */

#endif
