/* Conformance: deleting customers, through store.h alone. */
#include "store/deletion.h"

#define OTHER (TENANT + 1)
#define MANY  ((size_t)30000) /* several pieces, on any machine */

static void add_other(struct harness *h)
{
    assert_int_equal(add_tenant(h, OTHER), 0);
    assert_int_equal(add_agent(h, OTHER, "ann"), 0);
    assert_int_equal(add_agent(h, OTHER, "bob"), 0);
}

static void all_customers_of_the_tenant_go_and_no_others(void **state)
{
    struct harness *h = *state;
    add_other(h);
    fill(h, TENANT, 0, 10);
    fill(h, OTHER, 0, 10);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 10);
    assert_int_equal(count_there(h, TENANT, 0, 10), 0);
    assert_int_equal(count_there(h, OTHER, 0, 10), 10);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 0);
    assert_int_equal(delete_customers(h, 999, CUSTOMERS_ALL, NULL, 0), ERR_NOT_FOUND);
}

static void the_customers_of_agents_go_and_no_others(void **state)
{
    struct harness *h = *state;
    fill(h, TENANT, 0, 10);
    struct customer_change nobodys = {.number = NUMBER + 10};
    assert_int_equal(upsert_one(h, TENANT, NOW, &nobodys), 0);
    const int64_t agents[] = {INT64_C(987654), agent_id(h, TENANT, "bob")};
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_OF_AGENTS, agents, 1), 0);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_OF_AGENTS, agents, 2), 5);
    for (int64_t i = 0; i < 10; i++)
        assert_int_equal(is_there(h, TENANT, NUMBER + i), i % 2 == 0);
    assert_true(is_there(h, TENANT, NUMBER + 10));
}

static void customers_go_by_number_in_either_form(void **state)
{
    struct harness *h = *state;
    add_other(h);
    const int64_t brazil = INT64_C(5511987654321), short_brazil = INT64_C(551187654321);
    struct customer_change item = {.number = brazil};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(upsert_one(h, OTHER, NOW, &item), 0);
    fill(h, TENANT, 0, 4);
    const int64_t numbers[] = {NUMBER + 1, NUMBER + 77, short_brazil, NUMBER + 3, NUMBER + 1};
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_BY_NUMBER, numbers, 5), 3);
    assert_false(is_there(h, TENANT, brazil));
    assert_true(is_there(h, OTHER, brazil));
    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(is_there(h, TENANT, NUMBER + i), i % 2 == 0);
}

static void a_number_can_come_back(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    struct customer_change item = {.number = NUMBER,
                                   .fields[CUSTOMER_FRIEND_NAME] = set_text("first")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_BY_NUMBER, &number, 1), 1);
    struct customer_change again = {.number = NUMBER};
    assert_int_equal(upsert_one(h, TENANT, NOW + 5, &again), 0);
    assert_shown(h, TENANT, NUMBER, "+5~5");
}

/* Whatever their clock said: it may have been set back since. */
static void times_do_not_matter(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER};
    assert_int_equal(upsert_one(h, TENANT, NOW * 2, &item), 0);
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 1);
}

/* --- while a long one is under way: mostly, that is, for nobody waits for time here */

/* A simple generator: the same imports each time. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

struct model {
    bool named[2 * MANY]; /* by an import, since the deletion began */
    uint32_t seed;
};

/* 1 to 700 numbers at random, half of them new ones; some change something, some do not. */
static void import_some(struct harness *h, struct model *model)
{
    static struct customer_change items[700];
    static struct customer_outcome outcomes[700];
    size_t most = next_random(&model->seed) % 10 == 0 ? 700 : 5;
    size_t count = 1 + next_random(&model->seed) % most;
    for (size_t i = 0; i < count; i++) {
        size_t at = next_random(&model->seed) % (2 * MANY);
        model->named[at] = true;
        items[i] = (struct customer_change){.number = NUMBER + (int64_t)at};
        if (next_random(&model->seed) % 2)
            items[i].fields[CUSTOMER_EMAIL] = set_text("a@example.com");
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, count, outcomes), 0);
}

/* There is what imports have named, and nothing else. Returns how many of these rows are old ones. */
static size_t compare(struct harness *h, const struct model *model, int64_t newest_id)
{
    static struct shown shown;
    size_t old = 0;
    int64_t numbers[1000];
    for (size_t at = 0; at < 2 * MANY; at += 1000) {
        size_t expected = 0;
        for (size_t i = 0; i < 1000; i++) {
            numbers[i] = NUMBER + (int64_t)(at + i);
            expected += model->named[at + i];
        }
        assert_int_equal(get(h, TENANT, numbers, 1000, &shown), 0);
        assert_int_equal(shown.count, expected);
        for (size_t i = 0; i < shown.count; i++) {
            assert_true(model->named[at + shown.indexes[i]]);
            old += shown.ids[i] <= newest_id;
        }
    }
    return old;
}

static int64_t newest_id(struct harness *h)
{
    static struct shown shown;
    const int64_t number = NUMBER + (int64_t)MANY - 1;
    assert_int_equal(get(h, TENANT, &number, 1, &shown), 0);
    return shown.ids[0];
}

static void imports_beside_a_deletion_stay_and_all_else_goes(void **state)
{
    struct harness *h = *state;
    struct model *model = calloc(1, sizeof(*model));
    for (uint32_t round = 1; round <= 3; round++) {
        struct customers_delete op;
        *model = (struct model){.seed = round};
        fill(h, TENANT, 0, MANY);
        int64_t newest = newest_id(h);
        begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
        while (op.call.owner) {
            import_some(h, model);
            mailbox_run(h->box);
        }
        size_t old = compare(h, model, newest);
        assert_int_equal(op.call.result, MANY - old);
        assert_sound(h);
        assert_true(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0) > 0);
    }
    free(model);
}

static void a_deletion_by_number_spares_what_is_imported_meanwhile(void **state)
{
    struct harness *h = *state;
    enum { COUNT = CUSTOMERS_DELETE_MAX };
    struct customers_delete op;
    int64_t *numbers = calloc(COUNT, sizeof(*numbers));
    fill(h, TENANT, 0, COUNT);
    for (int i = 0; i < COUNT; i++)
        numbers[i] = NUMBER + i;
    begin_deletion(h, &op, TENANT, CUSTOMERS_BY_NUMBER, numbers, COUNT);
    struct customer_change last = {.number = NUMBER + COUNT - 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &last), 0);
    bool meanwhile = op.call.owner != NULL;
    int deleted = harness_wait(h, &op.call);
    assert_true(deleted == COUNT || deleted == COUNT - 1);
    assert_true(meanwhile || deleted == COUNT);
    assert_int_equal(count_there(h, TENANT, 0, COUNT), 1);
    assert_true(is_there(h, TENANT, last.number));
    free(numbers);
}

static void two_deletions_at_once_delete_each_customer_once(void **state)
{
    struct harness *h = *state;
    struct customers_delete ops[3];
    fill(h, TENANT, 0, MANY);
    for (int i = 0; i < 3; i++)
        post_deletion(h, &ops[i], TENANT, CUSTOMERS_ALL, NULL, 0);
    int deleted = 0;
    for (int i = 0; i < 3; i++) {
        int result = harness_wait(h, &ops[i].call);
        assert_true(result >= 0);
        deleted += result;
    }
    assert_int_equal(deleted, MANY);
    assert_int_equal(count_there(h, TENANT, 0, MANY), 0);
}

static void done_second(struct store_call *call)
{
    struct store_call **other = call->owner;
    assert_null((*other)->owner); /* the import has its answer already */
    call->owner = NULL;
}

static void a_single_import_does_not_wait_for_a_deletion(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER + (int64_t)MANY};
    struct customer_outcome outcome;
    struct customers_upsert import = {.call = harness_call(h),
                                      .tenant_id = TENANT,
                                      .now_ms = NOW,
                                      .items = &item,
                                      .count = 1,
                                      .outcomes = &outcome};
    struct store_call *first = &import.call;
    struct customers_delete op = {
        .call = {.home = h->box, .done = done_second, .owner = &first},
        .tenant_id = TENANT,
        .which = CUSTOMERS_ALL,
    };
    fill(h, TENANT, 0, MANY);
    store_customers_delete(h->store, &op);
    store_customers_upsert(h->store, &import);
    assert_int_equal(harness_wait(h, &import.call), 0);
    assert_true(harness_wait(h, &op.call) >= (int)MANY);
}

/* --- broken off */

static void wait_until_gone(struct harness *h, int64_t number)
{
    while (is_there(h, TENANT, number))
        usleep(1000);
}

static void a_deletion_goes_on_after_the_store_was_closed(void **state)
{
    struct harness *h = *state;
    struct customers_delete op;
    fill(h, TENANT, 0, MANY);
    begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
    struct customer_change spared = {.number = NUMBER + (int64_t)MANY - 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &spared), 0);
    harness_close(h);
    int result = harness_wait(h, &op.call);
    assert_true(result == ERR_UNKNOWN || result == MANY - 1);
    harness_open(h);
    struct customer_change later = {.number = NUMBER + (int64_t)MANY - 3};
    assert_int_equal(upsert_one(h, TENANT, NOW, &later), 0);
    wait_until_gone(h, NUMBER + (int64_t)MANY - 2);
    assert_int_equal(count_there(h, TENANT, 0, MANY), 2);
    assert_true(is_there(h, TENANT, spared.number) && is_there(h, TENANT, later.number));
    assert_int_equal(delete_customers(h, TENANT, CUSTOMERS_ALL, NULL, 0), 2);
}

static void an_end_need_not_wait_for_a_deletion(void **state)
{
    struct harness *h = *state;
    struct customers_delete op;
    fill(h, TENANT, 0, MANY);
    begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
    store_drain(h->store);
    int result = harness_wait(h, &op.call);
    assert_true(result == ERR_UNKNOWN || result == MANY);
    struct customer_change item = {.number = NUMBER - 1}; /* others are still served */
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    harness_reopen(h);
    wait_until_gone(h, NUMBER + (int64_t)MANY - 1);
    assert_true(is_there(h, TENANT, item.number));
}

static void a_deletion_ends_with_its_tenant(void **state)
{
    struct harness *h = *state;
    struct customers_delete op;
    fill(h, TENANT, 0, MANY);
    begin_deletion(h, &op, TENANT, CUSTOMERS_ALL, NULL, 0);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    int result = harness_wait(h, &op.call);
    assert_true(result == ERR_UNKNOWN || result == MANY);
    assert_int_equal(add_tenant(h, TENANT), 0);
    struct customer_change item = {.number = NUMBER + (int64_t)MANY - 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_sound(h);
    harness_reopen(h);
    assert_true(is_there(h, TENANT, item.number));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_customers_of_the_tenant_go_and_no_others),
        TEST(the_customers_of_agents_go_and_no_others),
        TEST(customers_go_by_number_in_either_form),
        TEST(a_number_can_come_back),
        TEST(times_do_not_matter),
        TEST(imports_beside_a_deletion_stay_and_all_else_goes),
        TEST(a_deletion_by_number_spares_what_is_imported_meanwhile),
        TEST(two_deletions_at_once_delete_each_customer_once),
        TEST(a_single_import_does_not_wait_for_a_deletion),
        TEST(a_deletion_goes_on_after_the_store_was_closed),
        TEST(an_end_need_not_wait_for_a_deletion),
        TEST(a_deletion_ends_with_its_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
