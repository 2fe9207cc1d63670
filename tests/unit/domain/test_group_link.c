#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/group_link.h"
#include "domain/number.h"

#define CODE "AbCdEfGh1234_-"

static void assert_code(const char *link, const char *code)
{
    struct str found = {0};
    int result = group_link_code(str_of(link), &found);
    if (result < 0 || !str_is(found, code))
        fail_msg("%s: %d %.*s", link, result, (int)found.len, found.p ? found.p : "");
}

static void a_link_is_recognised_in_all_its_written_forms(void **state)
{
    static const char *const links[] = {
        "https://chat.whatsapp.com/" CODE,
        "http://chat.whatsapp.com/" CODE,
        "chat.whatsapp.com/" CODE,
        "HTTPS://Chat.WhatsApp.COM/" CODE,
        "https://chat.whatsapp.com/invite/" CODE,
        "chat.whatsapp.com/invite/" CODE "/",
        "https://chat.whatsapp.com/" CODE "/",
        "https://chat.whatsapp.com/" CODE "?mode=ac_t",
        "https://chat.whatsapp.com/" CODE "/?a=b",
        "https://chat.whatsapp.com/" CODE "#x",
        "  https://chat.whatsapp.com/" CODE "\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
        assert_code(links[i], CODE);
}

static void case_counts_in_the_code(void **state)
{
    (void)state;
    assert_code("chat.whatsapp.com/abcdefghij", "abcdefghij");
    assert_code("chat.whatsapp.com/ABCDEFGHIJ", "ABCDEFGHIJ");
}

static void what_is_no_link_is_refused(void **state)
{
    static const char *const links[] = {
        "",
        "https://chat.whatsapp.com/",
        "https://chat.whatsapp.com/short",
        "https://chat.whatsapp.com/invite/",
        "https://chat.whatsapp.org/" CODE,
        "https://evil.com/chat.whatsapp.com/" CODE,
        "https://chat.whatsapp.com.evil.com/" CODE,
        "https://x@chat.whatsapp.com/" CODE,
        "https://chat.whatsapp.com:443/" CODE,
        "https:/chat.whatsapp.com/" CODE,
        "ftp://chat.whatsapp.com/" CODE,
        "https://https://chat.whatsapp.com/" CODE,
        "https://chat.whatsapp.com/" CODE "!",
        "https://chat.whatsapp.com/" CODE " x",
        "https://chat.whatsapp.com/" CODE "?a b",
        "https://chat.whatsapp.com/" CODE "/more",
        "https://chat.whatsapp.com/invite/invite/" CODE,
        CODE,
    };
    (void)state;
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        struct str code;
        if (group_link_code(str_of(links[i]), &code) != ERR_INVALID)
            fail_msg("taken: %s", links[i]);
    }
}

static void a_code_has_10_to_64_characters(void **state)
{
    char link[128] = "chat.whatsapp.com/";
    size_t before = strlen(link);
    struct str code;
    (void)state;
    for (size_t len = 1; len <= 70; len++) {
        memset(link + before, 'a', len);
        int result = group_link_code((struct str){link, before + len}, &code);
        assert_int_equal(result, len >= 10 && len <= 64 ? 0 : ERR_INVALID);
    }
}

static void a_link_of_more_than_512_bytes_is_refused(void **state)
{
    char link[600] = "chat.whatsapp.com/abcdefghij?";
    struct str code;
    (void)state;
    memset(link + strlen(link), 'x', 520 - strlen(link));
    assert_int_equal(group_link_code((struct str){link, 512}, &code), 0);
    assert_int_equal(group_link_code((struct str){link, 513}, &code), ERR_INVALID);
}

static void a_group_s_id_is_told_from_a_number(void **state)
{
    int64_t id;
    (void)state;
    assert_int_equal(group_id_parse(STR("120363000000000001"), &id), 0);
    assert_int_equal(id, INT64_C(120363000000000001));
    assert_true(number_is_group(id));
    assert_int_equal(group_id_parse(STR("120363000000000001@g.us"), &id), 0);
    assert_int_equal(group_id_parse(STR("8613800000001@g.us"), &id), ERR_INVALID);
    assert_int_equal(group_id_parse(STR("8613800000001"), &id), ERR_INVALID);
    assert_int_equal(group_id_parse(STR("0000000000000000001"), &id), ERR_INVALID);
    assert_int_equal(group_id_parse(STR("12036300000000000x"), &id), ERR_INVALID);
    assert_int_equal(group_id_parse(STR("1203630000000000011"), &id), ERR_INVALID);
    assert_false(number_is_group(INT64_C(999999999999999)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_is_recognised_in_all_its_written_forms),
        cmocka_unit_test(case_counts_in_the_code),
        cmocka_unit_test(what_is_no_link_is_refused),
        cmocka_unit_test(a_code_has_10_to_64_characters),
        cmocka_unit_test(a_link_of_more_than_512_bytes_is_refused),
        cmocka_unit_test(a_group_s_id_is_told_from_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
