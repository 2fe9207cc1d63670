#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/segment.h"

static const struct str tags[] = {{"vip", 3}, {"2026", 4}};
static const struct extended_value values[] = {{3, {"red", 3}}, {4, {"7", 1}}};

static struct customer someone(void)
{
    struct customer customer = {.number = 8618217331411,
                                .tags = tags,
                                .tag_count = 2,
                                .extended = values,
                                .extended_count = 2,
                                .owner_id = 5,
                                .opt_out = true,
                                .created_ms = 1000,
                                .updated_ms = 2000};
    customer.fields[CUSTOMER_FRIEND_NAME] = STR("Wang");
    customer.fields[CUSTOMER_STAGE] = STR("new");
    customer.fields[CUSTOMER_SOURCE] = STR("fair");
    return customer;
}

static struct segment of_keyword(const char *text)
{
    struct segment segment = {0};
    assert_int_equal(keyword_parse(str_of(text), &segment.keyword), 0);
    return segment;
}

static const struct str vip[] = {{"vip", 3}}, both[] = {{"2026", 4}, {"vip", 3}},
                        cold[] = {{"vip", 3}, {"cold", 4}};
static const struct extended_value red[] = {{3, {"red", 3}}}, wrong[] = {{3, {"7", 1}}},
                                   other[] = {{3, {"red", 3}}, {9, {"7", 1}}};

static const struct segment holds[] = {
    {.stage = {"new", 3}},
    {.source = {"fair", 4}},
    {.tags = vip, .tag_count = 1},
    {.tags = both, .tag_count = 2},
    {.owner_id = 5},
    {.extended = red, .extended_count = 1},
    {.created_from_ms = 1000, .created_before_ms = 1001},
    {.updated_from_ms = 2000, .updated_before_ms = 2001},
    {.opt_out = SEGMENT_ONLY},
    {.stage = {"new", 3}, .source = {"fair", 4}, .owner_id = 5},
};
static const struct segment fails[] = {
    {.stage = {"New", 3}},
    {.stage = {"ne", 2}},
    {.source = {"new", 3}},
    {.tags = cold, .tag_count = 2},
    {.owner_id = 6},
    {.extended = wrong, .extended_count = 1},
    {.extended = other, .extended_count = 2},
    {.created_from_ms = 1001},
    {.created_before_ms = 1000},
    {.updated_from_ms = 2001},
    {.updated_before_ms = 2000},
    {.opt_out = SEGMENT_NONE},
    {.stage = {"new", 3}, .source = {"fair", 4}, .owner_id = 6},
};
#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

static void all_that_a_segment_says_has_to_hold(void **state)
{
    (void)state;
    const struct customer customer = someone();
    for (size_t i = 0; i < COUNT_OF(holds); i++) {
        assert_true(segment_has(&holds[i], &customer, false));
        assert_false(segment_is_all(&holds[i]));
    }
    for (size_t i = 0; i < COUNT_OF(fails); i++)
        assert_false(segment_has(&fails[i], &customer, false));
    const struct segment named = of_keyword("WANG"), numbered = of_keyword("1733"),
                         neither = of_keyword("li");
    assert_true(segment_has(&named, &customer, false));
    assert_true(segment_has(&numbered, &customer, false));
    assert_false(segment_has(&neither, &customer, false));
}

static void nothing_said_is_all_customers(void **state)
{
    (void)state;
    const struct customer customer = someone(), nobody = {.number = 1234567};
    const struct segment all = {0}, group = {.group = STR("party")}, word = of_keyword("x");
    assert_true(segment_is_all(&all));
    assert_true(segment_has(&all, &customer, false));
    assert_true(segment_has(&all, &nobody, false));
    assert_false(segment_is_all(&group));
    assert_false(segment_is_all(&word));
    assert_true(segment_has(&group, &customer, true));
    assert_false(segment_has(&group, &customer, false));
}

static void different_segments_have_different_hashes(void **state)
{
    (void)state;
    struct segment list[COUNT_OF(holds) + COUNT_OF(fails) + 5];
    size_t count = 0;
    for (size_t i = 0; i < COUNT_OF(holds); i++)
        list[count++] = holds[i];
    for (size_t i = 0; i < COUNT_OF(fails); i++)
        list[count++] = fails[i];
    list[count++] = of_keyword("new");
    list[count++] = of_keyword("a");
    list[count++] = (struct segment){.group = STR("new")};
    list[count++] = (struct segment){.stage = STR("a"), .source = STR("bc")};
    list[count] = (struct segment){.stage = STR("ab"), .source = STR("c")};
    for (size_t i = 0; i <= count; i++) {
        assert_int_equal(segment_hash(&list[i], 7), segment_hash(&list[i], 7));
        assert_int_not_equal(segment_hash(&list[i], 7), segment_hash(&list[i], 8));
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(segment_hash(&list[i], 7), segment_hash(&list[j], 7));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_segment_says_has_to_hold),
        cmocka_unit_test(nothing_said_is_all_customers),
        cmocka_unit_test(different_segments_have_different_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
