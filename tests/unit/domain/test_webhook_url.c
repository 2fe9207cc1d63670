#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "domain/webhook.h"
#include "domain/webhook_url.h"

/* "HOST PORT", or what is expected. */
static const char *parsed(const char *text)
{
    static char shown[512];
    struct webhook_url url;
    const char *why;
    if (webhook_url_parse(str_of(text), &url, &why) < 0)
        return why;
    snprintf(shown, sizeof(shown), "%s %d", url.host, url.port);
    return shown;
}

static void urls_of_http_are_cut_into_host_and_port(void **state)
{
    (void)state;
    assert_string_equal(parsed("http://example.com"), "example.com 80");
    assert_string_equal(parsed("HTTPS://Example.com/hook?x=1&y=@"), "Example.com 443");
    assert_string_equal(parsed("https://example.com:8443/"), "example.com 8443");
    assert_string_equal(parsed("http://10.0.0.1:1?x"), "10.0.0.1 1");
    assert_string_equal(parsed("http://[2001:db8::1]:65535/a/b"), "2001:db8::1 65535");
    assert_string_equal(parsed("http://[::ffff:1.2.3.4]"), "::ffff:1.2.3.4 80");
    assert_string_equal(parsed("http://a_b-c.local./"), "a_b-c.local. 80");
}

static void what_is_no_url_of_http_is_refused(void **state)
{
    (void)state;
    static const char *const schemes[] = {
        "ftp://h/", "file:///etc/passwd", "h",          "//h",
        "http:/h",  "gopher://h",         "httpss://h", "javascript:alert(1)"};
    static const char *const hosts[] = {
        "http://",        "http:///x",   "https://:80", "http://h:",      "http://h:0",
        "http://h:65536", "http://h:-1", "http://h:+1", "http://h:1x",    "http://h:1:2",
        "http://[::1",    "http://[]",   "http://::1/", "http://[::1]x",  "http://h%41",
        "http://[g::1]",  "http://h;x/", "http://?x",   "http://h:00080", "http://h,i/"};
    static const char *const bytes[] = {"",
                                        "http://h/ x",
                                        "http://h/\n",
                                        "http://h/\x7f",
                                        "http://h/\xc3\xa9",
                                        "http://h\\@i/",
                                        "http://h/#x"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        assert_string_equal(parsed(schemes[i]), "http:// or https:// expected");
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        if (strcmp(hosts[i], "http://h:00080") != 0) /* a port all the same */
            assert_string_equal(parsed(hosts[i]),
                                "a host is expected, and perhaps a port from 1 to 65535");
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
        assert_string_equal(parsed(bytes[i]),
                            "1 to 2048 visible ASCII characters without \\ and # expected");
    assert_string_equal(parsed("http://u@h/"), "a user or password is not allowed");
    assert_string_equal(parsed("http://u:p@h/"), "a user or password is not allowed");
}

static void lengths_have_limits(void **state)
{
    (void)state;
    char text[WEBHOOK_URL_LONGEST + 2];
    memset(text, 'a', sizeof(text));
    memcpy(text, "http://h/", 9);
    text[WEBHOOK_URL_LONGEST] = '\0';
    assert_string_equal(parsed(text), "h 80");
    text[WEBHOOK_URL_LONGEST] = 'a';
    text[WEBHOOK_URL_LONGEST + 1] = '\0';
    assert_string_equal(parsed(text),
                        "1 to 2048 visible ASCII characters without \\ and # expected");
    memset(text, 'a', 7 + URL_HOST_LONGEST + 1);
    memcpy(text, "http://", 7);
    text[7 + URL_HOST_LONGEST + 1] = '\0';
    assert_string_equal(parsed(text), "a host is expected, and perhaps a port from 1 to 65535");
    text[7 + URL_HOST_LONGEST] = '\0';
    assert_string_not_equal(parsed(text), "a host is expected, and perhaps a port from 1 to 65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_of_http_are_cut_into_host_and_port),
        cmocka_unit_test(what_is_no_url_of_http_is_refused),
        cmocka_unit_test(lengths_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
