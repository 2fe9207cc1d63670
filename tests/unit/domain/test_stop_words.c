#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/tenant.h"

static bool stops(const char *words, const char *text)
{
    const struct tenant tenant = {.stop_words = str_of(words)};
    return tenant_has_stop_word(&tenant, str_of(text));
}

static void the_whole_message_is_the_word_in_any_case(void **state)
{
    (void)state;
    assert_true(stops("STOP", "STOP"));
    assert_true(stops("STOP", " stop\r\n"));
    assert_true(stops("unsubscribe, стоп", "СТОП"));
    assert_true(stops("退订", "退订"));
    assert_false(stops("STOP", "please stop"));
    assert_false(stops("STOP", "stopp"));
    assert_false(stops("STOP", ""));
    assert_false(stops("", ""));
    assert_false(stops("", "STOP"));
}

static void a_list_is_within_its_limits(void **state)
{
    (void)state;
    char many[3 * TENANT_MAX_STOP_WORDS + 2], longest[STOP_WORD_LONGEST + 2];
    for (int i = 0; i <= TENANT_MAX_STOP_WORDS; i++)
        memcpy(many + 2 * i, "a,", 3);
    memset(longest, 'x', sizeof(longest));
    assert_true(stop_words_allowed(STR("")));
    assert_true(stop_words_allowed(STR("STOP, no more")));
    assert_false(stop_words_allowed(STR("STOP,,END")));
    assert_false(stop_words_allowed(STR("S\nTOP")));
    assert_true(stop_words_allowed((struct str){many, 2 * TENANT_MAX_STOP_WORDS - 1}));
    assert_false(stop_words_allowed((struct str){many, 2 * TENANT_MAX_STOP_WORDS + 1}));
    assert_true(stop_words_allowed((struct str){longest, STOP_WORD_LONGEST}));
    assert_false(stop_words_allowed((struct str){longest, STOP_WORD_LONGEST + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_message_is_the_word_in_any_case),
        cmocka_unit_test(a_list_is_within_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
