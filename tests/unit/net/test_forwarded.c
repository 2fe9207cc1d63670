#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_internal.h"

static struct address_list *trusted;

static int trust(void **state)
{
    (void)state;
    return address_list_parse(STR("10.0.0.0/8,127.0.0.1,2001:db8:1::/48"), &trusted);
}

static int distrust(void **state)
{
    (void)state;
    address_list_free(trusted);
    return 0;
}

/* Header lines; NULL ends them. `expected` NULL: none is found. */
static void assert_found(const char *expected, const char *const values[])
{
    static struct http_head head;
    struct address address;
    char text[ADDRESS_TEXT_MAX];
    head.header_count = 0;
    for (; values[head.header_count]; head.header_count++)
        head.headers[head.header_count] =
            (struct http_header){STR("x-forwarded-FOR"), str_of(values[head.header_count])};
    bool found = forwarded_for(&head, trusted, &address);
    assert_int_equal(found, expected != NULL);
    if (found)
        assert_true(str_is((struct str){text, address_text(&address, text)}, expected));
}

#define LINES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void the_client_is_what_our_proxy_was_called_from(void **state)
{
    (void)state;
    assert_found("192.0.2.1", LINES("192.0.2.1"));
    assert_found("192.0.2.1", LINES("192.0.2.1:1234"));
    assert_found("2001:db8::1", LINES("[2001:db8::1]:1234"));
    assert_found("192.0.2.1", LINES(" 192.0.2.1 , 10.0.0.1,\t10.0.0.2 "));
    assert_found("192.0.2.1", LINES("192.0.2.1,2001:db8:1::7"));
}

static void what_strangers_have_written_to_the_left_does_not_count(void **state)
{
    (void)state;
    assert_found("192.0.2.1", LINES("198.51.100.7, 192.0.2.1"));
    assert_found("192.0.2.1", LINES("127.0.0.1, 192.0.2.1"));
    assert_found("192.0.2.1", LINES("198.51.100.7, 10.0.0.9, 192.0.2.1, 10.0.0.1"));
    assert_found("192.0.2.1", LINES("anything, at all, 192.0.2.1"));
}

static void several_headers_are_one_list(void **state)
{
    (void)state;
    assert_found("192.0.2.1", LINES("198.51.100.7", "192.0.2.1"));
    assert_found("192.0.2.1", LINES("192.0.2.1", "10.0.0.1", "10.0.0.2"));
    assert_found("192.0.2.1", LINES("198.51.100.7, 192.0.2.1", "10.0.0.1"));
}

static void when_all_are_our_proxies_the_left_most_counts(void **state)
{
    (void)state;
    assert_found("10.0.0.1", LINES("10.0.0.1"));
    assert_found("10.0.0.1", LINES("10.0.0.1, 10.0.0.2", "10.0.0.3"));
}

static void an_entry_that_is_no_address_ends_the_search(void **state)
{
    (void)state;
    assert_found(NULL, LINES("unknown"));
    assert_found(NULL, LINES(""));
    assert_found(NULL, LINES("192.0.2.1,"));
    assert_found(NULL, LINES("192.0.2.1", ""));
    assert_found("10.0.0.1", LINES("192.0.2.1, unknown, 10.0.0.1"));
    assert_found("10.0.0.1", LINES("192.0.2.1,, 10.0.0.1"));
    assert_found("10.0.0.1", LINES("192.0.2.1", "unknown", "10.0.0.1"));
}

static void other_headers_do_not_count(void **state)
{
    (void)state;
    static struct http_head head;
    struct address address;
    head.headers[0] = (struct http_header){STR("X-Forwarded-Fo"), STR("192.0.2.1")};
    head.headers[1] = (struct http_header){STR("Forwarded"), STR("for=192.0.2.1")};
    assert_false(forwarded_for(&head, trusted, &address)); /* no header at all */
    head.header_count = 2;
    assert_false(forwarded_for(&head, trusted, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_what_our_proxy_was_called_from),
        cmocka_unit_test(what_strangers_have_written_to_the_left_does_not_count),
        cmocka_unit_test(several_headers_are_one_list),
        cmocka_unit_test(when_all_are_our_proxies_the_left_most_counts),
        cmocka_unit_test(an_entry_that_is_no_address_ends_the_search),
        cmocka_unit_test(other_headers_do_not_count),
    };
    return cmocka_run_group_tests(tests, trust, distrust);
}
