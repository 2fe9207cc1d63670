/* Conformance: opt-outs through store.h, on any back end. */
#include "store/facts.h"

static bool shown_opt_out;

static void note_opt_out(struct customers_get *get, size_t index, const struct customer *customer)
{
    (void)get, (void)index;
    shown_opt_out = customer->opt_out;
}

/* What a look at the customer says. */
static bool customer_opt_out(struct harness *h, int64_t number)
{
    struct tenants *tenants = store_tenants(h->store);
    struct customers_get get = {.call = harness_call(h),
                                .tenant = tenants_find(tenants, TENANT),
                                .numbers = &number,
                                .count = 1,
                                .each = note_opt_out};
    shown_opt_out = false;
    store_customers_get(h->reader, &get);
    run_read(h, &get.call);
    tenants_unref(tenants);
    return shown_opt_out;
}

static int import_one(struct harness *h, int64_t number)
{
    struct customer_change item = {.number = number};
    return upsert_one(h, TENANT, NOW, &item);
}

static void a_number_that_is_no_customer_may_opt_out(void **state)
{
    struct harness *h = *state;
    assert_string_equal(opt_out_of(h, NUMBER), "");
    assert_int_equal(opt_out_one(h, NOW + 5, NUMBER, true, "asked us"), 0);
    assert_string_equal(opt_out_of(h, NUMBER), "0:+5 asked us");
    harness_reopen(h);
    assert_string_equal(opt_out_of(h, NUMBER), "0:+5 asked us");
    assert_shown(h, TENANT, NUMBER, "none");
    assert_int_equal(import_one(h, NUMBER), 0);
    assert_true(customer_opt_out(h, NUMBER));
}

static void a_customer_shows_the_opt_out_from_its_acknowledgement_on(void **state)
{
    struct harness *h = *state;
    assert_int_equal(import_one(h, NUMBER), 0);
    for (int turn = 0; turn < 3; turn++) {
        assert_false(customer_opt_out(h, NUMBER));
        assert_int_equal(opt_out_one(h, NOW, NUMBER, true, ""), 0);
        assert_true(customer_opt_out(h, NUMBER));
        assert_false(customer_opt_out(h, NUMBER + 1));
        assert_int_equal(opt_out_one(h, NOW, NUMBER, false, ""), 0);
    }
}

static void setting_what_is_set_keeps_its_time_and_takes_a_new_reason(void **state)
{
    struct harness *h = *state;
    assert_int_equal(opt_out_one(h, NOW, NUMBER, true, "first"), 0);
    assert_int_equal(opt_out_one(h, NOW + 1, NUMBER, true, ""), 0);
    assert_string_equal(opt_out_of(h, NUMBER), "0:+0 first");
    assert_int_equal(opt_out_one(h, NOW + 2, NUMBER, true, "second"), 0);
    assert_string_equal(opt_out_of(h, NUMBER), "0:+0 second");
    assert_string_equal(history(h, NUMBER), "+0 optOut false>true (test)");
}

static void clearing_what_is_not_set_changes_nothing(void **state)
{
    struct harness *h = *state;
    assert_int_equal(opt_out_one(h, NOW, NUMBER, false, "why"), 0);
    assert_string_equal(opt_out_of(h, NUMBER), "");
    assert_string_equal(history(h, NUMBER), "");
}

static void each_change_is_one_entry_of_the_history(void **state)
{
    struct harness *h = *state;
    int64_t twice[] = {NUMBER, NUMBER};
    assert_int_equal(opt_out(h, TENANT, NOW + 1, twice, 2, true, "x"), 0);
    assert_int_equal(opt_out(h, TENANT, NOW + 2, twice, 2, false, ""), 0);
    assert_string_equal(history(h, NUMBER),
                        "+2 optOut true>false (test)|+1 optOut false>true (test)");
}

static void both_forms_of_a_number_are_one(void **state)
{
    struct harness *h = *state;
    int64_t both[] = {MARKED, PLAIN};
    assert_int_equal(import_one(h, PLAIN), 0);
    assert_int_equal(opt_out_one(h, NOW + 3, MARKED, true, "x"), 0);
    assert_true(customer_opt_out(h, PLAIN));
    assert_int_equal(opt_out_one(h, NOW + 4, PLAIN, true, ""), 0);
    assert_string_equal(opt_outs(h, TENANT, both, 2), "0:+3 x|1:+3 x");
    assert_int_equal(opt_out_one(h, NOW + 5, PLAIN, false, ""), 0);
    assert_string_equal(opt_outs(h, TENANT, both, 2), "");
    assert_false(customer_opt_out(h, PLAIN));
    const char *changes = "+5 optOut true>false (test)|+3 optOut false>true (test)";
    assert_string_equal(history(h, PLAIN), changes);
    assert_string_equal(history(h, MARKED), changes);
}

static void tenants_do_not_see_each_others_opt_outs(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(opt_out(h, TENANT + 1, NOW, &number, 1, true, "theirs"), 0);
    assert_string_equal(opt_outs(h, TENANT, &number, 1), "");
    assert_string_equal(opt_outs(h, TENANT + 1, &number, 1), "0:+0 theirs");
    assert_string_equal(history(h, NUMBER), "");
    assert_int_equal(opt_out_one(h, NOW, NUMBER, false, ""), 0);
    assert_string_equal(opt_outs(h, TENANT + 1, &number, 1), "0:+0 theirs");
}

static void an_unknown_tenant_is_refused(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    assert_int_equal(opt_out(h, TENANT + 9, NOW, &number, 1, true, ""), ERR_NOT_FOUND);
}

static void opt_outs_go_with_their_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(opt_out_one(h, NOW, NUMBER, true, ""), 0);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_string_equal(opt_out_of(h, NUMBER), "");
    assert_string_equal(history(h, NUMBER), "");
}

struct list {
    int64_t count, last;
};

static void count_listed(void *context, const struct opt_out *opt_out)
{
    struct list *list = context;
    assert_true(opt_out->number > list->last);
    list->last = opt_out->number;
    list->count++;
}

static void more_than_one_piece_is_set_listed_and_cleared(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 20000 };
    int64_t *numbers = calloc(COUNT, sizeof(*numbers));
    struct list list = {0};
    for (int64_t i = 0; i < COUNT; i++)
        numbers[i] = NUMBER + (i * 7919) % COUNT;
    assert_int_equal(opt_out(h, TENANT, NOW, numbers, COUNT, true, "all"), 0);
    assert_sound(h);
    assert_int_equal(store_opt_outs_each(h->store, TENANT, count_listed, &list), 0);
    assert_int_equal(list.count, COUNT);
    assert_int_equal(list.last, NUMBER + COUNT - 1);
    assert_int_equal(opt_out(h, TENANT, NOW, numbers, COUNT, false, ""), 0);
    list = (struct list){0};
    assert_int_equal(store_opt_outs_each(h->store, TENANT, count_listed, &list), 0);
    assert_int_equal(list.count, 0);
    free(numbers);
}

/* Numbers of three lines, two of them in two forms, against an array of who has opted out. */
static void random_changes_give_what_a_naive_model_says(void **state)
{
    struct harness *h = *state;
    const int64_t numbers[] = {NUMBER, PLAIN, MARKED, 5511987654321, 551187654321};
    const int line_of[] = {0, 1, 1, 2, 2};
    bool model[3] = {false};
    uint64_t seed = 7;
    for (int turn = 0; turn < 300; turn++) {
        seed = hash_u64((uint64_t)turn, seed);
        size_t which = seed % 5;
        bool on = seed >> 20 & 1;
        assert_int_equal(opt_out_one(h, NOW, numbers[which], on, ""), 0);
        model[line_of[which]] = on;
        for (size_t i = 0; i < 5; i++)
            assert_string_equal(opt_out_of(h, numbers[i]), model[line_of[i]] ? "0:+0 " : "");
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_that_is_no_customer_may_opt_out),
        TEST(a_customer_shows_the_opt_out_from_its_acknowledgement_on),
        TEST(setting_what_is_set_keeps_its_time_and_takes_a_new_reason),
        TEST(clearing_what_is_not_set_changes_nothing),
        TEST(each_change_is_one_entry_of_the_history),
        TEST(both_forms_of_a_number_are_one),
        TEST(tenants_do_not_see_each_others_opt_outs),
        TEST(an_unknown_tenant_is_refused),
        TEST(opt_outs_go_with_their_tenant),
        TEST(more_than_one_piece_is_set_listed_and_cleared),
        TEST(random_changes_give_what_a_naive_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
