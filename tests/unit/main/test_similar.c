#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/similar.h"

static const char *guess(const char *word)
{
    static struct similar similar;
    similar = (struct similar){0};
    similar_try(&similar, str_of(word), STR("tenant"));
    similar_try(&similar, str_of(word), STR("agent"));
    similar_try(&similar, str_of(word), STR("rate-limit"));
    similar_try(&similar, str_of(word), STR("add"));
    return similar.name;
}

static void the_distance_counts_letters_to_change(void **state)
{
    (void)state;
    assert_int_equal(similar_distance(STR(""), STR("")), 0);
    assert_int_equal(similar_distance(STR("abc"), STR("")), 3);
    assert_int_equal(similar_distance(STR(""), STR("abc")), 3);
    assert_int_equal(similar_distance(STR("kitten"), STR("sitting")), 3);
    assert_int_equal(similar_distance(STR("same"), STR("same")), 0);
}

static void a_slip_is_understood_and_another_word_is_not(void **state)
{
    (void)state;
    assert_string_equal(guess("tennant"), "tenant");
    assert_string_equal(guess("agnt"), "agent");
    assert_string_equal(guess("ratelimit"), "rate-limit");
    assert_string_equal(guess("ad"), "add");
    assert_string_equal(guess("zebra"), "");
    assert_string_equal(guess(""), "");
}

static void a_word_without_end_is_far_away(void **state)
{
    (void)state;
    char word[500];
    memset(word, 'a', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    assert_true(similar_distance(str_of(word), STR("add")) > 1000);
    assert_string_equal(guess(word), "");
}

static void a_name_that_differs_by_case_alone_is_the_nearest(void **state)
{
    (void)state;
    struct similar similar = {0};
    similar_try_name(&similar, STR("WHATSAPP"), STR("stage"));
    assert_string_equal(similar.name, "");
    similar_try_name(&similar, STR("WHATSAPP"), STR("whatsApp"));
    similar_try_name(&similar, STR("WHATSAPP"), STR("WHATSAP"));
    assert_string_equal(similar.name, "whatsApp");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_differs_by_case_alone_is_the_nearest),
        cmocka_unit_test(the_distance_counts_letters_to_change),
        cmocka_unit_test(a_slip_is_understood_and_another_word_is_not),
        cmocka_unit_test(a_word_without_end_is_far_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
