#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Exactly `len` bytes on the heap: AddressSanitizer sees a read behind them. */
static int scan_exact(const char *text, size_t len, size_t max_values, struct json_error *error)
{
    char *copy = malloc(len ? len : 1);
    memcpy(copy, text, len);
    const int err = json_scan((struct str){copy, len}, max_values, error);
    free(copy);
    return err;
}

static int scan(const char *text, struct json_error *error)
{
    return scan_exact(text, strlen(text), JSON_MAX_VALUES, error);
}

static struct json_doc *parse(const char *text)
{
    struct json_doc *doc = NULL;
    struct json_error error;
    assert_int_equal(json_parse(str_of(text), JSON_MAX_VALUES, &doc, &error), 0);
    return doc;
}

static void every_form_of_rfc_8259_is_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "12",
        "-12.50",
        "1e5",
        "1E+05",
        "0.0e-0",
        "\"\"",
        "[]",
        "{}",
        " \t\r\n[ ] ",
        "[[],{},[[]]]",
        "{\"\":0}",
        "[1 , 2\n,\t3]",
        "{ \"a\" : 1 , \"b\" : [ { } ] }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\\ud83d\\ude00\"",
        "\"\xC3\xA9\xF0\x9F\x98\x80\x7f\"",
        "\"\\u0001\\u001f\"",
        "\"\\uD7FF\\uE000\\uFFFF\"",
    };
    struct json_error error;
    for (size_t i = 0; i < COUNT(good); i++) {
        assert_int_equal(scan(good[i], &error), 0);
        json_free(parse(good[i])); /* cJSON takes all that the scan takes */
    }
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t offset;
        const char *why;
    } bad[] = {
        {"", 0, "empty"},
        {" \n", 2, "empty"},
        {"\xEF\xBB\xBF{}", 0, "byte order mark at the start (send JSON without one)"},
        {"\"a\xFF\"", 2, "not UTF-8"},
        {"\"\xED\xA0\x80\"", 1, "not UTF-8"},
        {"nul", 0, "expected a value"},
        {"True", 0, "expected a value"},
        {"NaN", 0, "expected a value"},
        {"'a'", 0, "expected a value"},
        {"[1,]", 3, "expected a value"},
        {"[,1]", 1, "expected a value"},
        {"[", 1, "expected a value"},
        {"]", 0, "expected a value"},
        {"[1", 2, "expected ',' or ']'"},
        {"[1 2]", 3, "expected ',' or ']'"},
        {"[1}", 2, "expected ',' or ']'"},
        {"{\"a\":1]", 6, "expected ',' or '}'"},
        {"{\"a\":1", 6, "expected ',' or '}'"},
        {"{\"a\" 1}", 5, "expected ':'"},
        {"{\"a\":}", 5, "expected a value"},
        {"{a:1}", 1, "expected a name in quotes"},
        {"{1:1}", 1, "expected a name in quotes"},
        {"{\"a\":1,}", 7, "expected a name in quotes"},
        {"{", 1, "expected a name in quotes"},
        {"1 2", 2, "something behind the value"},
        {"{}x", 2, "something behind the value"},
        {"01", 1, "something behind the value"},
        {"[01]", 2, "expected ',' or ']'"},
        {"nullx", 4, "something behind the value"},
        {"[nullx]", 5, "expected ',' or ']'"},
        {"-", 1, "expected a digit"},
        {"-a", 1, "expected a digit"},
        {"+1", 0, "expected a value"},
        {".5", 0, "expected a value"},
        {"1.", 2, "expected a digit behind '.'"},
        {"1.e5", 2, "expected a digit behind '.'"},
        {"1e", 2, "expected a digit in the exponent"},
        {"1e+", 3, "expected a digit in the exponent"},
        {"0x10", 1, "something behind the value"},
        {"\"abc", 0, "string without an end"},
        {"[\"abc]", 1, "string without an end"},
        {"\"a\\", 2, "unknown escape in a string"},
        {"\"\\x\"", 1, "unknown escape in a string"},
        {"\"\\U0041\"", 1, "unknown escape in a string"},
        {"\"a\nb\"", 2, "control character in a string"},
        {"\"a\tb\"", 2, "control character in a string"},
        {"\"\\u12\"", 1, "\\u without four hex digits"},
        {"\"\\u12g4\"", 1, "\\u without four hex digits"},
        {"\"\\u 123\"", 1, "\\u without four hex digits"},
        {"\"\\u", 1, "\\u without four hex digits"},
        {"\"a\\u0000b\"", 2, "\\u0000 in a string"},
        {"{\"\\u0000\":1}", 2, "\\u0000 in a string"},
        {"\"\\uD800\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uDC00\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uD800x\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uD800\\n\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uD800\\uD800\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uD800\\u0041\"", 1, "lone surrogate in a \\u escape"},
        {"\"\\uD800\\u", 1, "lone surrogate in a \\u escape"},
        {"/* */ 1", 0, "expected a value"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct json_error error = {.offset = 4711};
        struct json_doc *doc = NULL;
        assert_int_equal(scan(bad[i].text, &error), ERR_INVALID);
        assert_string_equal(error.text, bad[i].why);
        assert_int_equal(error.offset, bad[i].offset);
        assert_int_equal(json_parse(str_of(bad[i].text), 100, &doc, &error), ERR_INVALID);
        assert_null(doc);
    }
}

static void a_nul_byte_is_an_error_wherever_it_stands(void **state)
{
    (void)state;
    struct json_error error;
    assert_int_equal(scan_exact("1\0", 2, 100, &error), ERR_INVALID);
    assert_int_equal(error.offset, 1);
    assert_int_equal(scan_exact("\"\0\"", 3, 100, &error), ERR_INVALID);
    assert_string_equal(error.text, "control character in a string");
    assert_int_equal(scan_exact("\0", 1, 100, &error), ERR_INVALID);
    assert_int_equal(scan_exact("\"\\\0\"", 4, 100, &error), ERR_INVALID);
    assert_int_equal(json_scan((struct str){NULL, 0}, 100, &error), ERR_INVALID);
    assert_string_equal(error.text, "empty");
}

/* All beginnings of a text with everything in it: each is refused, none is read beyond. */
static void every_cut_text_is_refused(void **state)
{
    (void)state;
    const char text[] = "{\"a\":[1,-2.5e+3,\"x\\n\\uD83D\\uDE00\xF0\x9F\x98\x80\",{\"b\":null}],"
                        "\"long enough for the fast path\":[true,false]}";
    struct json_error error;
    for (size_t len = 0; len < sizeof(text) - 1; len++)
        assert_int_equal(scan_exact(text, len, 100, &error), ERR_INVALID);
    assert_int_equal(scan_exact(text, sizeof(text) - 1, 100, &error), 0);
}

static void nesting_ends_at_64(void **state)
{
    (void)state;
    struct json_error error;
    char text[400];
    memset(text, '[', 64);
    memset(text + 64, ']', 64);
    assert_int_equal(scan_exact(text, 128, 100, &error), 0);
    memset(text, '[', 65);
    memset(text + 65, ']', 65);
    assert_int_equal(scan_exact(text, 130, 100, &error), ERR_TOO_LARGE);
    assert_string_equal(error.text, "nesting deeper than 64");
    assert_int_equal(error.offset, 64);
    for (size_t i = 0; i < 64; i++)
        memcpy(text + 5 * i, "{\"a\":", 5);
    text[320] = '0';
    memset(text + 321, '}', 64);
    text[385] = '\0';
    assert_int_equal(scan(text, &error), 0);
    json_free(parse(text));
}

/* The kind of each level is a bit: after a level has closed, its bit must not stick. */
static void each_level_remembers_whether_it_is_an_object(void **state)
{
    (void)state;
    struct json_error error;
    assert_int_equal(scan("[{\"a\":1},[1,2],{\"a\":[{},[]]},3]", &error), 0);
    assert_int_equal(scan("[{\"a\":1},[1,\"b\":2]]", &error), ERR_INVALID);
    assert_int_equal(scan("[[1],{\"a\":1,2}]", &error), ERR_INVALID);
}

static void values_are_counted_names_are_not(void **state)
{
    (void)state;
    struct json_error error;
    const char *text = "{\"a\":[1,2],\"b\":null}"; /* {} [] 1 2 null */
    assert_int_equal(scan_exact(text, strlen(text), 5, &error), 0);
    assert_int_equal(scan_exact(text, strlen(text), 4, &error), ERR_TOO_LARGE);
    assert_string_equal(error.text, "more than 4 values");
    assert_int_equal(error.offset, 15);
    assert_int_equal(scan_exact("1", 1, 0, &error), ERR_TOO_LARGE);
}

static void numbers_are_at_most_63_characters(void **state)
{
    (void)state;
    char text[65];
    struct json_error error;
    memset(text, '1', sizeof(text));
    assert_int_equal(scan_exact(text, 63, 100, &error), 0);
    assert_int_equal(scan_exact(text, 64, 100, &error), ERR_INVALID);
    assert_string_equal(error.text, "number too long (send it as a string)");
    text[63] = '\0';
    struct json_doc *doc = parse(text);
    int64_t value;
    assert_int_equal(json_integer(json_root(doc), &value), ERR_RANGE);
    json_free(doc);
}

static void a_tree_is_walked_in_order(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"n\":1.5,\"s\":\"x\\u00e9\",\"a\":[true,false,null],\"o\":{}}");
    const struct json *root = json_root(doc);
    assert_int_equal(json_type(root), JSON_OBJECT);
    assert_int_equal(json_count(root), 4);
    const struct json *child = json_first(root);
    assert_true(str_is(json_name(child), "n"));
    assert_int_equal(json_type(child), JSON_NUMBER);
    assert_true(json_number(child) == 1.5);
    child = json_next(child);
    assert_int_equal(json_type(child), JSON_STRING);
    assert_true(str_is(json_text(child), "x\xC3\xA9"));
    child = json_next(child);
    assert_int_equal(json_type(child), JSON_ARRAY);
    assert_int_equal(json_count(child), 3);
    const struct json *item = json_first(child);
    assert_int_equal(json_type(item), JSON_TRUE);
    item = json_next(item);
    assert_int_equal(json_type(item), JSON_FALSE);
    item = json_next(item);
    assert_int_equal(json_type(item), JSON_NULL);
    assert_null(json_next(item));
    child = json_next(child);
    assert_int_equal(json_type(child), JSON_OBJECT);
    assert_null(json_first(child));
    assert_null(json_next(child));
    json_free(doc);
    json_free(NULL);
}

static void members_are_found_by_their_exact_name(void **state)
{
    (void)state;
    struct json_doc *doc = parse("{\"whatsApp\":1,\"WhatsApp\":2,\"list\":[1]}");
    const struct json *root = json_root(doc);
    assert_true(json_number(json_member(root, "whatsApp")) == 1);
    assert_true(json_number(json_member(root, "WhatsApp")) == 2);
    assert_null(json_member(root, "whatsapp"));
    assert_null(json_member(json_member(root, "list"), "x"));
    assert_null(json_first(json_member(root, "whatsApp")));
    json_free(doc);
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    struct json_doc *doc =
        parse("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e9\\u4e2D\\uD83D\\uDE00\"]");
    const struct json *item = json_first(json_root(doc));
    assert_true(str_is(json_text(item), "\"\\/\b\f\n\r\t"));
    assert_true(str_is(json_text(json_next(item)), "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"));
    json_free(doc);
}

static void integers_are_exact_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int result;
        int64_t value;
    } rows[] = {
        {"0", 0, 0},
        {"-0", 0, 0},
        {"1.0", 0, 1},
        {"1e2", 0, 100},
        {"8613800138000", 0, 8613800138000},
        {"9007199254740991", 0, 9007199254740991},
        {"-9007199254740991", 0, -9007199254740991},
        {"9007199254740992", ERR_RANGE, 0},
        {"9007199254740993", ERR_RANGE, 0}, /* a double reads it as …992 */
        {"120363000000000001", ERR_RANGE, 0},
        {"1e999", ERR_RANGE, 0},
        {"-1e999", ERR_RANGE, 0},
        {"1.5", ERR_INVALID, 0},
        {"-0.5", ERR_INVALID, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json_doc *doc = parse(rows[i].text);
        int64_t value = 4711;
        assert_int_equal(json_integer(json_root(doc), &value), rows[i].result);
        assert_int_equal(value, rows[i].result == 0 ? rows[i].value : 4711);
        json_free(doc);
    }
}

static void assert_duplicate(const char *text, const char *why)
{
    struct json_error error = {.offset = 4711};
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse(str_of(text), JSON_MAX_VALUES, &doc, &error), ERR_INVALID);
    assert_null(doc);
    assert_string_equal(error.text, why);
    assert_int_equal(error.offset, 0);
}

static void a_member_named_twice_is_refused_at_every_depth(void **state)
{
    (void)state;
    assert_duplicate("{\"whatsApp\":1,\"whatsApp\":2}", "duplicate member \"whatsApp\"");
    assert_duplicate("{\"a\":1,\"b\":2,\"\\u0061\":3}", "duplicate member \"a\"");
    assert_duplicate("{\"\":1,\"\":2}", "duplicate member \"\"");
    assert_duplicate("[0,{\"x\":[{\"y\":{\"z\":1,\"z\":1}}]}]", "duplicate member \"z\"");
    json_free(parse("[{\"a\":1},{\"a\":1,\"b\":{\"a\":1}}]"));
}

static void a_long_duplicate_is_named_up_to_a_whole_code_point(void **state)
{
    (void)state;
    char text[400] = "{\"";
    for (int i = 0; i < 40; i++)
        strcat(text, "\xE4\xB8\xAD");
    strcat(text, "\":1,\"");
    for (int i = 0; i < 40; i++)
        strcat(text, "\xE4\xB8\xAD");
    strcat(text, "\":2}");
    struct json_error error;
    struct json_doc *doc;
    assert_int_equal(json_parse(str_of(text), 100, &doc, &error), ERR_INVALID);
    assert_true(utf8_valid(error.text, strlen(error.text)));
    assert_non_null(strstr(error.text, "..."));
}

/* `count` members m0, m1, …; the last one named like number `same`, or itself. */
static char *many_members(int count, int same)
{
    char *text = malloc((size_t)count * 16 + 16);
    int len = sprintf(text, "{");
    for (int i = 0; i < count; i++)
        len += sprintf(text + len, "%s\"m%d\":0", i ? "," : "", i == count - 1 ? same : i);
    sprintf(text + len, "}");
    return text;
}

static void duplicates_are_found_in_objects_of_every_size(void **state)
{
    (void)state;
    for (int count = 2; count < 40; count++) {
        for (int same = 0; same < count - 1; same += 5) {
            char *text = many_members(count, same), why[64];
            sprintf(why, "duplicate member \"m%d\"", same);
            assert_duplicate(text, why);
            free(text);
        }
        char *text = many_members(count, count - 1);
        json_free(parse(text));
        free(text);
    }
}

/* Comparing all pairs of these would be 2 * 10^10 steps and run into the test's time limit. */
static void objects_of_very_many_members_take_no_quadratic_time(void **state)
{
    (void)state;
    char *text = many_members(199999, 199998);
    json_free(parse(text));
    free(text);
    text = many_members(199999, 0);
    assert_duplicate(text, "duplicate member \"m0\"");
    free(text);
}

static void the_scan_refuses_a_flood_of_values_before_a_tree_is_made(void **state)
{
    (void)state;
    const size_t len = 16 << 20;
    char *text = malloc(len);
    for (size_t i = 0; i < len; i += 2)
        memcpy(text + i, "0,", 2);
    text[0] = '[';
    text[1] = ' ';
    struct json_error error;
    struct json_doc *doc = NULL;
    assert_int_equal(json_parse((struct str){text, len}, JSON_MAX_VALUES, &doc, &error),
                     ERR_TOO_LARGE);
    assert_string_equal(error.text, "more than 200000 values");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_rfc_8259_is_taken),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(a_nul_byte_is_an_error_wherever_it_stands),
        cmocka_unit_test(every_cut_text_is_refused),
        cmocka_unit_test(nesting_ends_at_64),
        cmocka_unit_test(each_level_remembers_whether_it_is_an_object),
        cmocka_unit_test(values_are_counted_names_are_not),
        cmocka_unit_test(numbers_are_at_most_63_characters),
        cmocka_unit_test(a_tree_is_walked_in_order),
        cmocka_unit_test(members_are_found_by_their_exact_name),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(integers_are_exact_or_refused),
        cmocka_unit_test(a_member_named_twice_is_refused_at_every_depth),
        cmocka_unit_test(a_long_duplicate_is_named_up_to_a_whole_code_point),
        cmocka_unit_test(duplicates_are_found_in_objects_of_every_size),
        cmocka_unit_test(objects_of_very_many_members_take_no_quadratic_time),
        cmocka_unit_test(the_scan_refuses_a_flood_of_values_before_a_tree_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
