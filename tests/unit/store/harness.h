/* A store in a directory of its own, and its verbs as calls that wait. Written against store.h alone:
 * the tests that include only this hold for every back end. */
#ifndef WSCRM_TESTS_UNIT_STORE_HARNESS_H
#define WSCRM_TESTS_UNIT_STORE_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "store/store.h"

#define TENANT 7
#define NOW    INT64_C(1700000000000)

struct harness {
    char directory[64];
    struct store_settings settings;
    struct crypto *crypto;
    struct mailbox *box;
    struct store *store;
    struct store_reader *reader;
    char why[512];
};

static inline void harness_open(struct harness *h)
{
    int result = store_open(&h->settings, h->crypto, &h->store, h->why, sizeof(h->why));
    if (result < 0)
        fail_msg("store_open: %d %s", result, h->why);
    assert_int_equal(store_reader_new(h->store, &h->reader), 0);
}

static inline void harness_close(struct harness *h)
{
    store_reader_free(h->reader);
    store_close(h->store);
    h->reader = NULL;
    h->store = NULL;
}

static inline void harness_reopen(struct harness *h)
{
    harness_close(h);
    harness_open(h);
}

static inline void harness_problem(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static inline void assert_sound(struct harness *h)
{
    assert_int_equal(store_check(h->store, harness_problem, NULL), 0);
}

/* A directory and everything but the store. */
static inline int harness_prepare(void **state)
{
    const char *why, *tmp = getenv("TMPDIR");
    struct harness *h = calloc(1, sizeof(*h));
    assert_non_null(h);
    *state = h;
    log_init(LOG_ERROR);
    snprintf(h->directory, sizeof(h->directory), "%s/wscrm-store-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(h->directory));
    assert_int_equal(crypto_new(&h->crypto, &why), 0);
    assert_int_equal(mailbox_new(&h->box), 0);
    store_settings_default(&h->settings);
    h->settings.directory = h->directory;
    h->settings.message_days = 0; /* NOW is long ago */
    return 0;
}

static inline int harness_end(void **state)
{
    struct harness *h = *state;
    char command[128];
    if (h->store)
        assert_sound(h);
    harness_close(h);
    mailbox_free(h->box);
    crypto_free(h->crypto);
    snprintf(command, sizeof(command), "rm -rf '%s'", h->directory);
    int status = system(command);
    free(h);
    return status;
}

static inline void harness_done(struct store_call *call)
{
    call->owner = NULL;
}

/* Before a verb: its call is filled, so that harness_wait() sees it done. */
static inline struct store_call harness_call(struct harness *h)
{
    return (struct store_call){.home = h->box, .done = harness_done, .owner = h};
}

static inline int harness_wait(struct harness *h, struct store_call *call)
{
    while (call->owner) {
        mailbox_wait(h->box, -1);
        mailbox_run(h->box);
    }
    return call->result;
}

/* --- verbs */

static inline int add_tenant(struct harness *h, int64_t id)
{
    struct tenant_write op = {.call = harness_call(h),
                              .id = id,
                              .name = STR("Example Ltd"),
                              .admin = STR("admin"),
                              .api_key = STR("QOEAcPj6Tb8XRhwFvYih"),
                              .edition = EDITION_PROFESSIONAL,
                              .rate_limit = -1,
                              .token_window_s = -1,
                              .now_ms = NOW};
    store_tenant_add(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int remove_tenant(struct harness *h, int64_t id)
{
    struct tenant_write op = {.call = harness_call(h), .id = id, .now_ms = NOW};
    store_tenant_remove(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int add_agent(struct harness *h, int64_t tenant_id, const char *user_name)
{
    struct agent_write op = {.call = harness_call(h),
                             .tenant_id = tenant_id,
                             .user_name = str_of(user_name),
                             .nickname = STR("nick"),
                             .now_ms = NOW};
    store_agent_add(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int remove_agent(struct harness *h, int64_t tenant_id, const char *user_name)
{
    struct agent_write op = {.call = harness_call(h),
                             .tenant_id = tenant_id,
                             .user_name = str_of(user_name),
                             .now_ms = NOW + 1};
    store_agent_remove(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int add_field(struct harness *h, int64_t tenant_id, const char *name,
                            enum field_type type)
{
    struct field_write op = {.call = harness_call(h),
                             .tenant_id = tenant_id,
                             .name = str_of(name),
                             .type = (int)type,
                             .now_ms = NOW};
    store_field_add(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int remove_field(struct harness *h, int64_t tenant_id, const char *name)
{
    struct field_write op = {
        .call = harness_call(h), .tenant_id = tenant_id, .name = str_of(name), .now_ms = NOW};
    store_field_remove(h->store, &op);
    return harness_wait(h, &op.call);
}

/* The id of a field, 0 when the tenant does not have it. */
static inline int64_t field_id(struct harness *h, int64_t tenant_id, const char *name)
{
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, tenant_id);
    const struct field *field = tenant ? tenant_field(tenant, str_of(name)) : NULL;
    int64_t id = field ? field->id : 0;
    tenants_unref(tenants);
    return id;
}

static inline int64_t agent_id(struct harness *h, int64_t tenant_id, const char *user_name)
{
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, tenant_id);
    const struct agent *agent = tenant ? tenant_agent(tenant, str_of(user_name)) : NULL;
    int64_t id = agent ? agent->id : 0;
    tenants_unref(tenants);
    return id;
}

static inline int upsert(struct harness *h, int64_t tenant_id, int64_t now_ms,
                         const struct customer_change *items, size_t count,
                         struct customer_outcome *outcomes)
{
    struct customers_upsert op = {.call = harness_call(h),
                                  .tenant_id = tenant_id,
                                  .now_ms = now_ms,
                                  .items = items,
                                  .count = count,
                                  .outcomes = outcomes};
    store_customers_upsert(h->store, &op);
    return harness_wait(h, &op.call);
}

/* One item; its outcome, or the call's error. */
static inline int upsert_one(struct harness *h, int64_t tenant_id, int64_t now_ms,
                             const struct customer_change *item)
{
    struct customer_outcome outcome = {.result = 12345};
    int result = upsert(h, tenant_id, now_ms, item, 1, &outcome);
    return result < 0 ? result : outcome.result;
}

/* A customer as one text, so that a test can say what it expects in a line:
 * "field=text ... sex=1 tags=a,b ext=Faction:x owner=name created updated". */
struct shown {
    struct customers_get get;
    size_t count;
    size_t indexes[1024];
    int64_t ids[1024], numbers[1024];
    char text[16384]; /* of the last one */
};

static inline void show_list(struct shown *shown, size_t *at, const struct customer *customer)
{
    for (size_t i = 0; i < customer->tag_count; i++) {
        *at +=
            (size_t)snprintf(shown->text + *at, sizeof(shown->text) - *at, "%s%.*s",
                             i ? "," : " tags=", (int)customer->tags[i].len, customer->tags[i].p);
    }
    for (size_t i = 0; i < customer->extended_count; i++) {
        const struct field *field =
            tenant_field_by_id(shown->get.tenant, customer->extended[i].field_id);
        *at += (size_t)snprintf(shown->text + *at, sizeof(shown->text) - *at, "%s%.*s:%.*s",
                                i ? "," : " ext=", field ? (int)field->name.len : 1,
                                field ? field->name.p : "?", (int)customer->extended[i].text.len,
                                customer->extended[i].text.p);
    }
}

static inline void show_each(struct customers_get *get, size_t index,
                             const struct customer *customer)
{
    struct shown *shown = (struct shown *)get;
    assert_true(shown->count < 1024);
    shown->indexes[shown->count] = index;
    shown->numbers[shown->count] = customer->number;
    shown->ids[shown->count++] = customer->id;
    size_t at = 0;
    shown->text[0] = '\0';
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        if (customer->fields[i].len > 0) {
            at += (size_t)snprintf(shown->text + at, sizeof(shown->text) - at, " %s=%.*s",
                                   customer_field_rules[i].wire_name, (int)customer->fields[i].len,
                                   customer->fields[i].p);
        }
    }
    if (customer->sex != SEX_UNKNOWN) {
        at += (size_t)snprintf(shown->text + at, sizeof(shown->text) - at, " sex=%s",
                               sex_name(customer->sex));
    }
    show_list(shown, &at, customer);
    if (customer->owner_id != 0) {
        const struct agent *owner = tenant_agent_by_id(get->tenant, customer->owner_id);
        at += (size_t)snprintf(shown->text + at, sizeof(shown->text) - at, " owner=%.*s",
                               (int)owner->user_name.len, owner->user_name.p);
    }
    snprintf(shown->text + at, sizeof(shown->text) - at, " +%d~%d",
             (int)(customer->created_ms - NOW), (int)(customer->updated_ms - NOW));
}

static inline int get(struct harness *h, int64_t tenant_id, const int64_t *numbers, size_t count,
                      struct shown *shown)
{
    struct tenants *tenants = store_tenants(h->store);
    shown->count = 0;
    shown->text[0] = '\0';
    shown->get = (struct customers_get){.call = harness_call(h),
                                        .tenant = tenants_find(tenants, tenant_id),
                                        .numbers = numbers,
                                        .count = count,
                                        .each = show_each};
    assert_non_null(shown->get.tenant);
    store_customers_get(h->reader, &shown->get);
    while (shown->get.call.owner)
        store_reads_run(h->reader);
    tenants_unref(tenants);
    return shown->get.call.result;
}

/* The customer as text, without the leading blank; "none". Valid until the next call. */
static inline const char *show(struct harness *h, int64_t tenant_id, int64_t number)
{
    static struct shown shown;
    assert_int_equal(get(h, tenant_id, &number, 1, &shown), 0);
    return shown.count == 0 ? "none" : shown.text + 1;
}

#define assert_shown(h, tenant_id, number, text) \
    assert_string_equal(show(h, tenant_id, number), text)

/* A tenant with two agents and four extended fields. */
static inline int harness_start(void **state)
{
    harness_prepare(state);
    struct harness *h = *state;
    harness_open(h);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_int_equal(add_agent(h, TENANT, "ann"), 0);
    assert_int_equal(add_agent(h, TENANT, "bob"), 0);
    assert_int_equal(add_field(h, TENANT, "Faction", FIELD_TEXT), 0);
    assert_int_equal(add_field(h, TENANT, "Level", FIELD_NUMBER), 0);
    return 0;
}

static inline struct text_change set_text(const char *text)
{
    return (struct text_change){CHANGE_SET, str_of(text)};
}

#endif
