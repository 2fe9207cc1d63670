#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/customer_change.h"
#include "domain/status.h"

struct bench {
    struct tenants *tenants;
    const struct tenant *tenant;
    struct arena arena;
    struct customer_change change;
    struct item_builder builder;
};

static struct field fields[] = {
    {.id = 3, .name = {"Faction", 7}, .type = FIELD_TEXT},
    {.id = 5, .name = {"Level", 5}, .type = FIELD_NUMBER},
};

static int start(void **state)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct tenant tenant = {.id = 7, .fields = fields, .field_count = 2};
    assert_non_null(bench);
    arena_init(&bench->arena, 1 << 20);
    assert_int_equal(tenants_new(&bench->tenants), 0);
    assert_int_equal(tenants_add(bench->tenants, &tenant), 0);
    assert_int_equal(tenants_seal(bench->tenants), 0);
    bench->tenant = tenants_find(bench->tenants, 7);
    item_begin(&bench->builder, bench->tenant, &bench->arena, 8, &bench->change);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    arena_free(&bench->arena);
    tenants_unref(bench->tenants);
    free(bench);
    return 0;
}

static void put(struct bench *bench, const char *name, enum item_value_kind kind, const char *text)
{
    item_put(&bench->builder, str_of(name), item_name_find(bench->tenant, str_of(name)),
             (struct item_value){kind, str_of(text)});
}

static void put_text(struct bench *bench, const char *name, const char *text)
{
    put(bench, name, VALUE_TEXT, text);
}

static void assert_fault(struct bench *bench, int code, const char *place, const char *what)
{
    assert_int_equal(item_end(&bench->builder), 0);
    assert_int_equal(bench->builder.fault.code, code);
    assert_true(str_is(bench->builder.fault.place, place));
    assert_string_equal(bench->builder.fault.what, what);
}

static void an_item_becomes_a_change(void **state)
{
    struct bench *bench = *state;
    const struct customer_change *change = &bench->change;
    put_text(bench, "whatsApp", "+86 182 1733 1411");
    put_text(bench, "friendName", "\xe7\x8e\x8b");
    put(bench, "desc", VALUE_NULL, NULL);
    put_text(bench, "sex", "Female");
    put_text(bench, "tabName", "a, b");
    put_text(bench, "cancelTabName", "c");
    put(bench, "Level", VALUE_INTEGER, "12");
    put_text(bench, "agentAccount", "lsl001");
    put_text(bench, "createTime", "whatever");
    assert_int_equal(item_end(&bench->builder), 0);
    assert_int_equal(bench->builder.fault.code, 0);
    assert_int_equal(change->number, 8618217331411);
    assert_int_equal(change->fields[CUSTOMER_FRIEND_NAME].kind, CHANGE_SET);
    assert_int_equal(change->fields[CUSTOMER_DESC].kind, CHANGE_CLEAR);
    assert_int_equal(change->fields[CUSTOMER_EMAIL].kind, CHANGE_KEEP);
    assert_int_equal(change->sex, SEX_FEMALE);
    assert_int_equal(change->add_tag_count, 2);
    assert_int_equal(change->remove_tag_count, 1);
    assert_int_equal(change->extended_count, 1);
    assert_int_equal(change->extended[0].field_id, 5);
    assert_true(str_is(change->owner, "lsl001"));
}

static void an_empty_text_leaves_a_field_alone(void **state)
{
    struct bench *bench = *state;
    put_text(bench, "whatsApp", "8618217331411");
    for (size_t i = 0; item_name_at(i).len > 0; i++)
        if (!str_is(item_name_at(i), "whatsApp"))
            item_put(&bench->builder, item_name_at(i),
                     item_name_find(bench->tenant, item_name_at(i)),
                     (struct item_value){VALUE_TEXT, STR("")});
    put_text(bench, "Faction", "");
    struct customer_change empty = {.number = 8618217331411, .owner = {"", 0}};
    assert_int_equal(item_end(&bench->builder), 0);
    assert_int_equal(bench->builder.fault.code, 0);
    bench->change.owner = empty.owner;
    assert_memory_equal(&bench->change, &empty, sizeof(empty));
}

static void the_first_fault_is_told_unless_the_number_is_missing(void **state)
{
    struct bench *bench = *state;
    put_text(bench, "birthday", "2020/02/30");
    put_text(bench, "sex", "other");
    bench->builder.has_number = true;
    assert_fault(bench, STATUS_BAD_INPUT, "birthday", "a day as yyyy/MM/dd expected");
    bench->builder.has_number = false;
    assert_fault(bench, STATUS_WHATS_ID_NULL, "whatsApp", "customer whats id is null");
}

static void an_unknown_name_is_an_extended_field_that_is_not_defined(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(item_name_find(bench->tenant, STR("friendname")).kind, NAME_UNKNOWN);
    assert_int_equal(item_name_extended(bench->tenant, STR("friendName")).kind, NAME_UNKNOWN);
    put_text(bench, "whatsApp", "8618217331411");
    put_text(bench, "friendname", "x");
    assert_fault(bench, STATUS_EXTENDED_FIELD, "friendname", "extended field format error");
}

static void an_extended_value_is_of_its_fields_type(void **state)
{
    struct bench *bench = *state;
    put_text(bench, "whatsApp", "8618217331411");
    put(bench, "Faction", VALUE_INTEGER, "12");
    assert_fault(bench, STATUS_EXTENDED_FIELD, "Faction", "extended field format error");
}

static void more_values_than_promised_are_left_out(void **state)
{
    struct bench *bench = *state;
    item_begin(&bench->builder, bench->tenant, &bench->arena, 1, &bench->change);
    put_text(bench, "Faction", "a");
    put_text(bench, "Level", "1");
    assert_int_equal(bench->change.extended_count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_item_becomes_a_change, start, end),
        cmocka_unit_test_setup_teardown(an_empty_text_leaves_a_field_alone, start, end),
        cmocka_unit_test_setup_teardown(the_first_fault_is_told_unless_the_number_is_missing, start,
                                        end),
        cmocka_unit_test_setup_teardown(an_unknown_name_is_an_extended_field_that_is_not_defined,
                                        start, end),
        cmocka_unit_test_setup_teardown(an_extended_value_is_of_its_fields_type, start, end),
        cmocka_unit_test_setup_teardown(more_values_than_promised_are_left_out, start, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
