#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/customer.h"
#include "domain/tenant.h"

static struct tenants *make(const int64_t *ids, size_t count)
{
    struct tenants *tenants;
    assert_int_equal(tenants_new(&tenants), 0);
    for (size_t i = 0; i < count; i++) {
        struct tenant tenant = {.id = ids[i], .name = STR("t")};
        assert_int_equal(tenants_zone(tenants, "UTC", &tenant.zone), 0);
        assert_int_equal(tenants_add(tenants, &tenant), 0);
    }
    assert_int_equal(tenants_seal(tenants), 0);
    return tenants;
}

static void a_tenant_is_found_by_its_id(void **state)
{
    (void)state;
    const int64_t ids[] = {1, 5, 7, 500975};
    struct tenants *tenants = make(ids, 4);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(tenants_find(tenants, ids[i])->id, ids[i]);
    assert_null(tenants_find(tenants, 0));
    assert_null(tenants_find(tenants, 6));
    assert_null(tenants_find(tenants, INT64_MAX));
    tenants_unref(tenants);
}

static void an_empty_snapshot_finds_nothing(void **state)
{
    (void)state;
    struct tenants *tenants = make(NULL, 0);
    assert_null(tenants_find(tenants, 1));
    tenants_unref(tenants);
}

static void a_snapshot_lives_until_its_last_reference(void **state)
{
    (void)state;
    const int64_t ids[] = {1};
    struct tenants *tenants = make(ids, 1);
    struct tenants *other = tenants_ref(tenants);
    tenants_unref(tenants);
    assert_int_equal(tenants_count(other), 1);
    tenants_unref(other);
}

static void agents_and_fields_are_found_by_name_and_id(void **state)
{
    (void)state;
    struct tenants *tenants;
    assert_int_equal(tenants_new(&tenants), 0);
    struct agent agents[] = {{.id = 2, .user_name = STR("zoe")},
                             {.id = 3, .user_name = STR("a")},
                             {.id = 9, .user_name = STR("ab")}};
    struct field fields[] = {{.id = 4, .name = STR("Faction")}, {.id = 6, .name = STR("Age")}};
    struct tenant tenant = {
        .id = 1, .agents = agents, .agent_count = 3, .fields = fields, .field_count = 2};
    assert_int_equal(tenants_add(tenants, &tenant), 0);
    assert_int_equal(tenants_seal(tenants), 0);
    const struct tenant *found = tenants_find(tenants, 1);
    assert_int_equal(tenant_agent(found, STR("zoe"))->id, 2);
    assert_int_equal(tenant_agent(found, STR("ab"))->id, 9);
    assert_null(tenant_agent(found, STR("abc")));
    assert_null(tenant_agent(found, STR("Zoe")));
    assert_true(str_is(tenant_agent_by_id(found, 3)->user_name, "a"));
    assert_null(tenant_agent_by_id(found, 4));
    assert_int_equal(tenant_field(found, STR("Age"))->id, 6);
    assert_null(tenant_field(found, STR("age")));
    assert_true(str_is(tenant_field_by_id(found, 4)->name, "Faction"));
    tenants_unref(tenants);
}

static void accounts_are_found_by_number_and_stand_together_by_agent(void **state)
{
    (void)state;
    struct tenants *tenants;
    assert_int_equal(tenants_new(&tenants), 0);
    struct agent agents[] = {{.id = 2, .user_name = STR("zoe")}, {.id = 3, .user_name = STR("a")}};
    struct account accounts[] = {{.number = 8613800000001, .agent_id = 3},
                                 {.number = 8613800000002, .agent_id = 2},
                                 {.number = 8613800000003},
                                 {.number = 8613800000004, .agent_id = 3}};
    struct tenant tenant = {.id = 1,
                            .admin = STR("boss"),
                            .agents = agents,
                            .agent_count = 2,
                            .accounts = accounts,
                            .account_count = 4};
    struct tenant other = {.id = 2};
    assert_int_equal(tenants_add(tenants, &tenant), 0);
    assert_int_equal(tenants_add(tenants, &other), 0);
    assert_int_equal(tenants_seal(tenants), 0);
    const struct tenant *found = tenants_find(tenants, 1);
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(tenant_account(found, accounts[i].number), &accounts[i]);
    assert_null(tenant_account(found, 8613800000005));
    assert_null(tenant_account(tenants_find(tenants, 2), 8613800000001));
    static const size_t order[] = {2, 1, 0, 3};
    for (size_t i = 0; i < 4; i++)
        assert_ptr_equal(found->accounts_by_agent[i], &accounts[order[i]]);
    const struct account *const *run;
    assert_int_equal(tenant_accounts_of(found, 3, &run), 2);
    assert_ptr_equal(run[0], &accounts[0]);
    assert_ptr_equal(run[1], &accounts[3]);
    assert_int_equal(tenant_accounts_of(found, 2, &run), 1);
    assert_int_equal(tenant_accounts_of(found, 0, &run), 1);
    assert_int_equal(tenant_accounts_of(found, 1, &run), 0);
    assert_int_equal(tenant_accounts_of(found, 4, &run), 0);
    assert_int_equal(tenant_accounts_of(tenants_find(tenants, 2), 0, &run), 0);
    assert_true(str_is(tenant_agent_name(found, 3), "a"));
    assert_int_equal(tenant_agent_name(found, 0).len, 0);
    assert_true(tenant_has_user(found, STR("boss")) && tenant_has_user(found, STR("zoe")));
    assert_false(tenant_has_user(found, STR("b")));
    tenants_unref(tenants);
}

static void a_password_has_6_to_128_characters(void **state)
{
    (void)state;
    char text[3 * PASSWORD_LONGEST + 4];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "\xe4\xbd\xa0"[i % 3];
    assert_false(password_allowed((struct str){NULL, 0}));
    assert_false(password_allowed(STR("12345")));
    assert_true(password_allowed(STR("123456")));
    assert_false(password_allowed((struct str){text, 15})); /* 5 characters */
    assert_true(password_allowed((struct str){text, 18}));
    assert_true(password_allowed((struct str){text, 3 * PASSWORD_LONGEST}));
    assert_false(password_allowed((struct str){text, 3 * PASSWORD_LONGEST + 3}));
}

static void a_field_takes_only_values_of_its_type(void **state)
{
    (void)state;
    const struct str options[] = {STR("red"), STR("blue")};
    const struct field text = {.type = FIELD_TEXT}, number = {.type = FIELD_NUMBER},
                       date = {.type = FIELD_DATE},
                       option = {.type = FIELD_OPTION, .options = options, .option_count = 2};
    assert_true(field_accepts(&text, STR("anything, really")));
    assert_true(field_accepts(&number, STR("-12.50")));
    assert_true(field_accepts(&number, STR("0")));
    assert_false(field_accepts(&number, STR("12.")));
    assert_false(field_accepts(&number, STR(".5")));
    assert_false(field_accepts(&number, STR("1e5")));
    assert_false(field_accepts(&number, STR("12 ")));
    assert_false(field_accepts(&number, STR("-")));
    assert_true(field_accepts(&date, STR("2024/02/29")));
    assert_false(field_accepts(&date, STR("2023/02/29")));
    assert_true(field_accepts(&option, STR("blue")));
    assert_false(field_accepts(&option, STR("Blue")));
}

static void an_option_is_a_line_that_is_not_there_yet(void **state)
{
    (void)state;
    const struct str others[] = {STR("red"), STR("blue")};
    char longest[CUSTOMER_EXTENDED_LONGEST + 2];
    memset(longest, 'x', sizeof(longest));
    assert_true(field_option_allowed(STR("green"), others, 2));
    assert_true(field_option_allowed(STR("blue"), others, 1));
    assert_true(field_option_allowed((struct str){longest, CUSTOMER_EXTENDED_LONGEST}, others, 2));
    assert_false(field_option_allowed(STR("blue"), others, 2));
    assert_false(field_option_allowed(STR(""), others, 2));
    assert_false(field_option_allowed(STR("a\nb"), others, 2));
    assert_false(
        field_option_allowed((struct str){longest, CUSTOMER_EXTENDED_LONGEST + 1}, others, 2));
}

static void names_that_customers_have_already_are_no_extended_fields(void **state)
{
    (void)state;
    assert_true(field_name_allowed(STR("Faction")));
    assert_false(field_name_allowed(STR("friendName")));
    assert_false(field_name_allowed(STR("whatsApp")));
    assert_false(field_name_allowed(STR("agentAccount")));
    assert_false(field_name_allowed(STR("")));
    assert_false(field_name_allowed(STR("a\nb")));
}

static void a_user_name_has_no_commas_controls_or_blanks_around_it(void **state)
{
    (void)state;
    assert_true(user_name_allowed(STR("kubrick101")));
    assert_true(user_name_allowed(STR("李 雷")));
    assert_false(user_name_allowed(STR("")));
    assert_false(user_name_allowed(STR("a,b")));
    assert_false(user_name_allowed(STR(" a")));
    assert_false(user_name_allowed(STR("a\x7f")));
    assert_false(user_name_allowed(STR("\xff")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tenant_is_found_by_its_id),
        cmocka_unit_test(an_empty_snapshot_finds_nothing),
        cmocka_unit_test(a_snapshot_lives_until_its_last_reference),
        cmocka_unit_test(agents_and_fields_are_found_by_name_and_id),
        cmocka_unit_test(accounts_are_found_by_number_and_stand_together_by_agent),
        cmocka_unit_test(a_password_has_6_to_128_characters),
        cmocka_unit_test(a_field_takes_only_values_of_its_type),
        cmocka_unit_test(an_option_is_a_line_that_is_not_there_yet),
        cmocka_unit_test(names_that_customers_have_already_are_no_extended_fields),
        cmocka_unit_test(a_user_name_has_no_commas_controls_or_blanks_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
