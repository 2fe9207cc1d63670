#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_query.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void a_value_is_found_by_its_exact_name(void **state)
{
    (void)state;
    static const struct {
        const char *query, *name, *value; /* value NULL: not there */
    } rows[] = {
        {"a=1", "a", "1"},     {"a=1&b=2&c=3", "b", "2"}, {"a=1&b=2&c=3", "c", "3"},
        {"a=1&a=2", "a", "1"}, /* the first */
        {"a", "a", ""},        {"a=", "a", ""},           {"b&a&c", "a", ""},
        {"a=b=c", "a", "b=c"}, {"a=%26&b", "a", "%26"}, /* raw */
        {"&&a=1&&", "a", "1"}, {"=1", "", "1"},           {"a=1&", "", ""},
        {"aa=1&b", "a", NULL}, {"a=1", "aa", NULL},       {"A=1", "a", NULL},
        {"%61=1", "a", NULL},  {"b=a", "a", NULL},        {"", "a", NULL},
        {NULL, "a", NULL},     {NULL, "", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct str value = http_query_value(str_of(rows[i].query), rows[i].name);
        assert_int_equal(value.p != NULL, rows[i].value != NULL);
        if (rows[i].value && !str_is(value, rows[i].value))
            fail_msg("%s: %.*s", rows[i].query, (int)value.len, value.p);
    }
}

/* Exactly `len` bytes on the heap: AddressSanitizer sees a read or write behind them. */
static long decode_exact(const char *text, size_t len, bool in_place, char *ret_out)
{
    char *in = malloc(len ? len : 1), *out = in_place ? in : malloc(len ? len : 1);
    memcpy(in, text, len);
    long result = http_query_decode((struct str){in, len}, out);
    if (result > 0)
        memcpy(ret_out, out, (size_t)result);
    if (out != in)
        free(out);
    free(in);
    return result;
}

static void escapes_and_plus_signs_are_decoded_in_place_or_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *text, *decoded;
    } rows[] = {
        {"", ""},
        {"abc", "abc"},
        {"a+b", "a b"},
        {"%2B", "+"},
        {"%41%4a%4A", "AJJ"},
        {"%C3%a9+%25", "\xC3\xA9 %"},
        {"%01%10%ff", "\x01\x10\xff"},
        {"%2541", "%41"}, /* once */
        {"a&b=c", "a&b=c"},
        {"\x80", "\x80"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (int in_place = 0; in_place < 2; in_place++) {
            char out[64];
            long len = decode_exact(rows[i].text, strlen(rows[i].text), in_place, out);
            assert_int_equal(len, strlen(rows[i].decoded));
            assert_memory_equal(out, rows[i].decoded, (size_t)len);
        }
    }
}

static void a_bad_escape_or_an_escaped_nul_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {"%",   "%4",  "a%",  "a%4", "%%41", "%g1", "%1g", "%-1",
                                       "%+1", "% 1", "%0x", "%00", "a%00", "%@1", "%1`", "%u0041"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[64];
        if (decode_exact(rows[i], strlen(rows[i]), true, out) != -400)
            fail_msg("%s is taken", rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_found_by_its_exact_name),
        cmocka_unit_test(escapes_and_plus_signs_are_decoded_in_place_or_elsewhere),
        cmocka_unit_test(a_bad_escape_or_an_escaped_nul_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
