/* Conformance: what webhooks of the type customer are told, on any back end. */
#include "store/hooks.h"

#define EVENT(change, fields) \
    "{\"whatsApp\":\"8618217331411\",\"change\":\"" change "\",\"fields\":[" fields "]}"

static void a_new_customer_is_told_with_the_fields_that_it_has(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    struct str tags[] = {STR("vip")};
    struct extended_change red = {field_id(h, TENANT, "Faction"), set_text("red")};
    struct customer_change item = {.number = NUMBER,
                                   .owner = STR("ann"),
                                   .add_tags = tags,
                                   .add_tag_count = 1,
                                   .extended = &red,
                                   .extended_count = 1,
                                   .sex_change = CHANGE_SET,
                                   .sex = SEX_MALE};
    item.fields[CUSTOMER_FRIEND_NAME] = set_text("lee");
    item.fields[CUSTOMER_STAGE] = set_text("new");
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_string_equal(told(h, id),
                        EVENT("created", "\"friendName\",\"stage\",\"sex\",\"tabName\","
                                         "\"agentAccount\",\"Faction\""));
    struct customer_change bare = {.number = NUMBER + 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &bare), 0);
    assert_string_equal(told(h, id),
                        "{\"whatsApp\":\"8618217331412\",\"change\":\"created\",\"fields\":[]}");
}

static void a_change_is_told_with_what_differs_and_none_with_nothing(void **state)
{
    struct harness *h = *state;
    struct extended_change values[] = {{field_id(h, TENANT, "Faction"), set_text("red")},
                                       {field_id(h, TENANT, "Level"), set_text("1")}};
    struct customer_change item = {
        .number = NUMBER, .owner = STR("ann"), .extended = values, .extended_count = 2};
    item.fields[CUSTOMER_STAGE] = set_text("new");
    item.fields[CUSTOMER_EMAIL] = set_text("a@b.c");
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &item), 0);
    assert_string_equal(told(h, id), "");
    values[1].change = set_text("2");
    item.fields[CUSTOMER_STAGE] = set_text("won");
    item.fields[CUSTOMER_EMAIL].kind = CHANGE_CLEAR;
    assert_int_equal(upsert_one(h, TENANT, NOW + 2, &item), 0);
    assert_string_equal(told(h, id), EVENT("changed", "\"email\",\"stage\",\"Level\""));
    values[0].change.kind = CHANGE_CLEAR;
    assert_int_equal(upsert_one(h, TENANT, NOW + 3, &item), 0);
    assert_string_equal(told(h, id), EVENT("changed", "\"Faction\""));
}

static void an_item_that_is_refused_is_not_told(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    struct customer_change item = {.number = NUMBER, .owner = STR("nobody")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), ERR_NO_AGENT);
    assert_string_equal(told(h, id), "");
}

static void losing_the_owner_is_told_once(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER, .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    const int64_t numbers[] = {NUMBER, NUMBER + 1};
    int results[2];
    for (int turn = 0; turn < 2; turn++) {
        struct customers_disown op = {.call = harness_call(h),
                                      .tenant_id = TENANT,
                                      .now_ms = NOW + 1,
                                      .numbers = numbers,
                                      .count = 2,
                                      .results = results};
        store_customers_disown(h->store, &op);
        assert_int_equal(harness_wait(h, &op.call), 0);
        assert_string_equal(told(h, id), turn ? "" : EVENT("changed", "\"agentAccount\""));
    }
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_string_equal(told(h, id), EVENT("changed", "\"agentAccount\""));
    assert_int_equal(remove_agent(h, TENANT, "ann"), 0);
    assert_string_equal(told(h, id), EVENT("changed", "\"agentAccount\""));
}

static void a_deletion_is_told_for_each_customer(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 250 };
    struct customer_change items[COUNT];
    struct customer_outcome outcomes[COUNT];
    for (int i = 0; i < COUNT; i++)
        items[i] = (struct customer_change){.number = NUMBER + i, .owner = STR("ann")};
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    struct customers_delete op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .which = CUSTOMERS_BY_NUMBER,
                                  .items = (const int64_t[]){NUMBER, NUMBER - 1},
                                  .count = 2};
    store_customers_delete(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 1);
    assert_string_equal(told(h, id), EVENT("deleted", ""));
    op = (struct customers_delete){
        .call = harness_call(h), .tenant_id = TENANT, .which = CUSTOMERS_ALL};
    store_customers_delete(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), COUNT - 1);
    assert_int_equal(next(h, id, INT64_MAX - 1)->count, COUNT - 1);
}

static void an_opt_out_is_told_when_it_changes_also_of_nobodys_number(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    for (int turn = 0; turn < 4; turn++) {
        assert_int_equal(opt_out_one(h, NOW, NUMBER, turn < 2, "asked"), 0);
        assert_string_equal(told(h, id), turn % 2 ? "" : EVENT("changed", "\"optOut\""));
    }
}

static void a_customers_events_are_of_one_key_and_so_in_order(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    struct customer_change item = {.number = MARKED};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    item.number = PLAIN; /* the same customer */
    item.fields[CUSTOMER_STAGE] = set_text("won");
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(next(h, id, NOW)->count, 1);
    assert_string_equal(
        told(h, id),
        "{\"whatsApp\":\"5215512345678\",\"change\":\"created\",\"fields\":[]}|"
        "{\"whatsApp\":\"5215512345678\",\"change\":\"changed\",\"fields\":[\"stage\"]}");
}

static void a_large_import_is_told_whole(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 3000 };
    static struct customer_change items[COUNT];
    static struct customer_outcome outcomes[COUNT];
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    for (int i = 0; i < COUNT; i++)
        items[i] = (struct customer_change){.number = NUMBER + i};
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    assert_int_equal(next(h, id, NOW)->count, COUNT);
}

static int start(void **state)
{
    hooks_start(state);
    assert_int_equal(add_field(*state, TENANT, "Faction", FIELD_TEXT), 0);
    assert_int_equal(add_field(*state, TENANT, "Level", FIELD_NUMBER), 0);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_customer_is_told_with_the_fields_that_it_has),
        TEST(a_change_is_told_with_what_differs_and_none_with_nothing),
        TEST(an_item_that_is_refused_is_not_told),
        TEST(losing_the_owner_is_told_once),
        TEST(a_deletion_is_told_for_each_customer),
        TEST(an_opt_out_is_told_when_it_changes_also_of_nobodys_number),
        TEST(a_customers_events_are_of_one_key_and_so_in_order),
        TEST(a_large_import_is_told_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
