/* Conformance: history, and taking owners off, through store.h, on any back end. */
#include <stdatomic.h>

#include "store/facts.h"

static int import(struct harness *h, int64_t now_ms, const struct customer_change *item,
                  const char *cause)
{
    struct customer_outcome outcome = {.result = 12345};
    struct customers_upsert op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .now_ms = now_ms,
                                  .cause = str_of(cause),
                                  .items = item,
                                  .count = 1,
                                  .outcomes = &outcome};
    store_customers_upsert(h->store, &op);
    int result = harness_wait(h, &op.call);
    return result < 0 ? result : outcome.result;
}

static int set_owner(struct harness *h, int64_t now_ms, int64_t number, const char *owner)
{
    struct customer_change item = {.number = number, .owner = str_of(owner)};
    return import(h, now_ms, &item, "import");
}

static int set_stage(struct harness *h, int64_t now_ms, int64_t number, const char *stage)
{
    struct customer_change item = {.number = number, .fields[CUSTOMER_STAGE] = set_text(stage)};
    if (*stage == '\0')
        item.fields[CUSTOMER_STAGE] = (struct text_change){.kind = CHANGE_CLEAR};
    return import(h, now_ms, &item, "import");
}

static int disown(struct harness *h, int64_t now_ms, const int64_t *numbers, size_t count,
                  int *results)
{
    struct customers_disown op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .now_ms = now_ms,
                                  .cause = STR("disown"),
                                  .numbers = numbers,
                                  .count = count,
                                  .results = results};
    store_customers_disown(h->store, &op);
    return harness_wait(h, &op.call);
}

/* --- what is remembered */

static void coming_into_being_is_not_a_change(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {
        .number = NUMBER, .fields[CUSTOMER_STAGE] = set_text("new"), .owner = STR("ann")};
    assert_int_equal(import(h, NOW, &item, "import"), 0);
    assert_string_equal(history(h, NUMBER), "");
}

static void a_change_of_the_owner_is_remembered_with_its_time_and_cause(void **state)
{
    struct harness *h = *state;
    assert_int_equal(set_owner(h, NOW, NUMBER, ""), 0);
    assert_int_equal(set_owner(h, NOW + 1, NUMBER, "ann"), 0);
    assert_int_equal(set_owner(h, NOW + 2, NUMBER, "bob"), 0);
    assert_int_equal(set_owner(h, NOW + 3, NUMBER, "bob"), 0);
    assert_string_equal(history(h, NUMBER),
                        "+2 agentAccount ann>bob (import)|+1 agentAccount >ann (import)");
}

static void a_change_of_the_stage_is_remembered_by_name(void **state)
{
    struct harness *h = *state;
    assert_int_equal(set_stage(h, NOW, NUMBER, "new"), 0);
    assert_int_equal(set_stage(h, NOW + 1, NUMBER, "won"), 0);
    assert_int_equal(set_stage(h, NOW + 2, NUMBER, "won"), 0);
    assert_int_equal(set_stage(h, NOW + 3, NUMBER, ""), 0);
    assert_int_equal(set_stage(h, NOW + 4, NUMBER, "new"), 0);
    assert_string_equal(history(h, NUMBER), "+4 stage >new (import)|+3 stage won> (import)|"
                                            "+1 stage new>won (import)");
}

static void other_fields_are_not_remembered(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER, .fields[CUSTOMER_EMAIL] = set_text("a@b.c")};
    assert_int_equal(set_stage(h, NOW, NUMBER, "new"), 0);
    assert_int_equal(import(h, NOW + 1, &item, "import"), 0);
    assert_string_equal(history(h, NUMBER), "");
}

static void one_import_may_change_both(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {
        .number = NUMBER, .fields[CUSTOMER_STAGE] = set_text("won"), .owner = STR("bob")};
    assert_int_equal(set_owner(h, NOW, NUMBER, "ann"), 0);
    assert_int_equal(import(h, NOW + 1, &item, "import"), 0);
    assert_string_equal(history(h, NUMBER),
                        "+1 stage >won (import)|+1 agentAccount ann>bob (import)");
}

static void customers_of_a_removed_agent_remember_him(void **state)
{
    struct harness *h = *state;
    enum { CUSTOMERS = 3000 }; /* more than one piece of the sweep */
    for (int64_t i = 0; i < CUSTOMERS; i += CUSTOMERS / 3)
        assert_int_equal(set_owner(h, NOW, NUMBER + i, i == 0 ? "bob" : "ann"), 0);
    struct agent_write op = {.call = harness_call(h),
                             .tenant_id = TENANT,
                             .user_name = STR("ann"),
                             .cause = STR("agent removal"),
                             .now_ms = NOW + 7};
    store_agent_remove(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    assert_string_equal(history(h, NUMBER), "");
    for (int64_t i = CUSTOMERS / 3; i < CUSTOMERS; i += CUSTOMERS / 3)
        assert_string_equal(history(h, NUMBER + i), "+7 agentAccount ann> (agent removal)");
    /* A new owner comes after nobody. */
    assert_int_equal(set_owner(h, NOW + 8, NUMBER + CUSTOMERS / 3, "bob"), 0);
    assert_string_equal(history(h, NUMBER + CUSTOMERS / 3),
                        "+8 agentAccount >bob (import)|+7 agentAccount ann> (agent removal)");
}

static void both_forms_of_a_number_have_one_history(void **state)
{
    struct harness *h = *state;
    assert_int_equal(set_owner(h, NOW, PLAIN, "ann"), 0);
    assert_int_equal(opt_out_one(h, NOW + 1, MARKED, true, ""), 0);
    assert_int_equal(set_owner(h, NOW + 2, MARKED, "bob"), 0);
    const char *changes = "+2 agentAccount ann>bob (import)|+1 optOut false>true (test)";
    assert_string_equal(history(h, PLAIN), changes);
    assert_string_equal(history(h, MARKED), changes);
}

/* --- pages */

static void pages_are_newest_first_and_the_total_is_exact(void **state)
{
    struct harness *h = *state;
    int64_t total = -1;
    for (int i = 0; i <= 7; i++)
        assert_int_equal(set_owner(h, NOW + i, NUMBER, i % 2 ? "ann" : "bob"), 0);
    assert_string_equal(history_page(h, TENANT, NUMBER, 0, 2, &total),
                        "+7 agentAccount bob>ann (import)|+6 agentAccount ann>bob (import)");
    assert_int_equal(total, 7);
    assert_string_equal(history_page(h, TENANT, NUMBER, 6, 2, &total),
                        "+1 agentAccount bob>ann (import)");
    assert_int_equal(total, 7);
    assert_string_equal(history_page(h, TENANT, NUMBER, 7, 2, &total), "");
    assert_int_equal(total, 7);
    assert_string_equal(history_page(h, TENANT, NUMBER + 1, 0, 2, &total), "");
    assert_int_equal(total, 0);
    assert_string_equal(history_page(h, TENANT + 1, NUMBER, 0, 2, &total), "");
    assert_int_equal(total, 0);
}

/* --- retention */

static _Atomic int64_t test_clock_ms;

static int64_t read_clock(void)
{
    return atomic_load(&test_clock_ms);
}

/* Waits for the store's own work, which a start asks for. */
static void assert_becomes(struct harness *h, const char *expected)
{
    int64_t total = -1;
    while (total != (*expected ? 1 : 0))
        (void)history_page(h, TENANT, NUMBER, 0, 1, &total);
    assert_string_equal(history(h, NUMBER), expected);
}

#define DAY_MS INT64_C(86400000)

static void history_is_forgotten_after_its_days(void **state)
{
    struct harness *h = *state;
    h->settings.clock_ms = read_clock;
    h->settings.history_days = 30;
    atomic_store(&test_clock_ms, NOW);
    harness_reopen(h);
    assert_int_equal(set_owner(h, NOW - 1, NUMBER, "ann"), 0);
    for (int i = 0; i < 600; i++) /* more than one piece of the sweep */
        assert_int_equal(set_owner(h, NOW, NUMBER, i % 2 ? "ann" : "bob"), 0);
    assert_int_equal(set_owner(h, NOW + 1, NUMBER, "bob"), 0);
    int64_t total;
    atomic_store(&test_clock_ms, NOW + 30 * DAY_MS); /* not over 30 days yet */
    harness_reopen(h);
    assert_int_equal(opt_out_one(h, NOW, NUMBER + 1, true, ""), 0);
    (void)history_page(h, TENANT, NUMBER, 0, 1, &total);
    assert_int_equal(total, 601);
    atomic_store(&test_clock_ms, NOW + 30 * DAY_MS + 1);
    harness_reopen(h);
    assert_becomes(h, "+1 agentAccount ann>bob (import)");
    assert_string_equal(opt_out_of(h, NUMBER + 1), "0:+0 "); /* its history goes, it stays */
    atomic_store(&test_clock_ms, NOW + 30 * DAY_MS + 2);
    harness_reopen(h);
    assert_becomes(h, "");
}

static void history_days_of_0_keep_it_for_ever(void **state)
{
    struct harness *h = *state;
    h->settings.clock_ms = read_clock;
    h->settings.history_days = 0;
    atomic_store(&test_clock_ms, NOW + 100000 * DAY_MS);
    assert_int_equal(set_owner(h, NOW, NUMBER, "ann"), 0);
    assert_int_equal(set_owner(h, NOW + 1, NUMBER, "bob"), 0);
    harness_reopen(h);
    /* The chores run before the first command that comes after them. */
    for (int i = 0; i < 3; i++)
        assert_int_equal(set_owner(h, NOW + 1, NUMBER, "bob"), 0);
    assert_string_equal(history(h, NUMBER), "+1 agentAccount ann>bob (import)");
}

/* --- taking owners off */

static void a_disowned_customer_has_no_owner_and_remembers_the_last(void **state)
{
    struct harness *h = *state;
    const int64_t numbers[] = {NUMBER, NUMBER + 1, NUMBER + 2, NUMBER};
    int results[4] = {1, 1, 1, 1};
    assert_int_equal(set_owner(h, NOW, NUMBER, "ann"), 0);
    assert_int_equal(set_owner(h, NOW, NUMBER + 2, ""), 0);
    assert_int_equal(disown(h, NOW + 3, numbers, 4, results), 0);
    assert_int_equal(results[0], 0);
    assert_int_equal(results[1], ERR_NOT_FOUND);
    assert_int_equal(results[2], 0);
    assert_int_equal(results[3], 0);
    assert_shown(h, TENANT, NUMBER, "+0~3");
    assert_shown(h, TENANT, NUMBER + 2, "+0~0"); /* it had none: nothing changed */
    assert_string_equal(history(h, NUMBER), "+3 agentAccount ann> (disown)");
    assert_string_equal(history(h, NUMBER + 2), "");
}

static void a_customer_is_disowned_by_either_form_of_the_number(void **state)
{
    struct harness *h = *state;
    const int64_t number = MARKED;
    int result = 1;
    assert_int_equal(set_owner(h, NOW, PLAIN, "ann"), 0);
    assert_int_equal(disown(h, NOW + 1, &number, 1, &result), 0);
    assert_int_equal(result, 0);
    assert_shown(h, TENANT, PLAIN, "+0~1");
    assert_string_equal(history(h, MARKED), "+1 agentAccount ann> (disown)");
}

static void another_tenants_customer_is_not_disowned(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    int result = 1;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT + 1, "ann"), 0);
    struct customer_change item = {.number = NUMBER, .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT + 1, NOW, &item), 0);
    assert_int_equal(disown(h, NOW + 1, &number, 1, &result), 0);
    assert_int_equal(result, ERR_NOT_FOUND);
    assert_shown(h, TENANT + 1, NUMBER, "owner=ann +0~0");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(coming_into_being_is_not_a_change),
        TEST(a_change_of_the_owner_is_remembered_with_its_time_and_cause),
        TEST(a_change_of_the_stage_is_remembered_by_name),
        TEST(other_fields_are_not_remembered),
        TEST(one_import_may_change_both),
        TEST(customers_of_a_removed_agent_remember_him),
        TEST(both_forms_of_a_number_have_one_history),
        TEST(pages_are_newest_first_and_the_total_is_exact),
        TEST(history_is_forgotten_after_its_days),
        TEST(history_days_of_0_keep_it_for_ever),
        TEST(a_disowned_customer_has_no_owner_and_remembers_the_last),
        TEST(a_customer_is_disowned_by_either_form_of_the_number),
        TEST(another_tenants_customer_is_not_disowned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
