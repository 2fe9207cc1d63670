#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "net/address.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* A socket's address, as accept() gives it. */
static const struct sockaddr *socket_address(const char *text)
{
    static struct sockaddr_in v4;
    static struct sockaddr_in6 v6;
    v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(80)};
    v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(80)};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return (const struct sockaddr *)&v4;
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return (const struct sockaddr *)&v6;
}

static const struct sockaddr *unix_address(void)
{
    static const struct sockaddr_un local = {.sun_family = AF_UNIX};
    return (const struct sockaddr *)&local;
}

static void assert_written_as(const struct address *address, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];
    size_t len = address_text(address, text);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(text, expected, len);
}

static void an_address_is_read_with_or_without_port_and_brackets(void **state)
{
    (void)state;
    static const struct {
        const char *text, *written;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1"},
        {"192.0.2.1:8080", "192.0.2.1"},
        {"0.0.0.0", "0.0.0.0"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"[2001:db8::1]:8080", "2001:db8::1"},
        {"::", "::"},
        {"::1", "::1"},
        {"::ffff:192.0.2.1", "192.0.2.1"}, /* both forms of IPv4 are one address */
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address;
        assert_int_equal(address_parse(str_of(rows[i].text), &address), 0);
        assert_written_as(&address, rows[i].written);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const struct str rows[] = {
        {NULL, 0},
        STR(""),
        STR(" 192.0.2.1"),
        STR("192.0.2.1 "),
        STR("192.0.2"),
        STR("192.0.2.256"),
        STR("192.0.2.1.1"),
        STR("192.0.2.1\0"),
        STR("192.0.2.1\0.example"),
        STR("0x7f000001"),
        STR(":80"),
        STR("["),
        STR("[]"),
        STR("[]:80"),
        STR("[::1"),
        STR("[::1]80"),
        STR("[::1]x"),
        STR("::1]"),
        STR("2001:db8"),
        STR("2001:db8:::1"),
        STR("1:2:3:4:5:6:7:8:9"),
        STR("fe80::1%eth0"),
        STR("unknown"),
        STR("_hidden"),
        STR("localhost"),
        STR("0000000000000000000000000000000000000000000000000000000000000000"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address address = {{0xa5}};
        if (address_parse(rows[i], &address) != ERR_INVALID)
            fail_msg("%s is an address", rows[i].p);
        assert_int_equal(address.bytes[0], 0xa5); /* untouched */
    }
}

static void a_socket_address_becomes_one_and_any_other_family_does_not(void **state)
{
    (void)state;
    struct address address, other;
    char text[ADDRESS_TEXT_MAX];
    assert_true(address_of(socket_address("192.0.2.1"), &address));
    assert_written_as(&address, "192.0.2.1");
    assert_true(address_of(socket_address("::ffff:192.0.2.1"), &other));
    assert_memory_equal(&address, &other, sizeof(address));
    assert_true(address_of(socket_address("2001:db8::1"), &address));
    assert_written_as(&address, "2001:db8::1");
    assert_false(address_of(unix_address(), &address));
    assert_int_equal(address_peer_text(socket_address("192.0.2.1"), text), 9);
    assert_memory_equal(text, "192.0.2.1", 9);
    assert_int_equal(address_peer_text(unix_address(), text), 4);
    assert_memory_equal(text, "unix", 4);
}

static void loopback_is_127_and_its_ipv6_forms(void **state)
{
    (void)state;
    assert_true(address_is_loopback(socket_address("127.0.0.1")));
    assert_true(address_is_loopback(socket_address("127.255.255.254")));
    assert_true(address_is_loopback(socket_address("::1")));
    assert_true(address_is_loopback(socket_address("::ffff:127.0.0.1")));
    assert_false(address_is_loopback(socket_address("128.0.0.1")));
    assert_false(address_is_loopback(socket_address("0.0.0.0")));
    assert_false(address_is_loopback(socket_address("::")));
    assert_false(address_is_loopback(socket_address("::127.0.0.1")));
    assert_false(address_is_loopback(unix_address()));
}

/* --- lists */

static struct address_list *list_of(const char *text)
{
    struct address_list *list = NULL;
    assert_int_equal(address_list_parse(str_of(text), &list), 0);
    return list;
}

static bool is_in(const char *networks, const char *text)
{
    struct address_list *list = list_of(networks);
    bool result = address_list_has(list, socket_address(text));
    address_list_free(list);
    return result;
}

static void a_network_holds_the_addresses_that_share_its_bits(void **state)
{
    (void)state;
    static const struct {
        const char *networks, *first, *last, *before, *behind;
    } rows[] = {
        {"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.0", "192.0.2.2"},
        {"192.0.2.1/32", "192.0.2.1", "192.0.2.1", "192.0.2.0", "192.0.2.2"},
        {"192.0.2.77/24", "192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0"},
        {"10.32.0.0/11", "10.32.0.0", "10.63.255.255", "10.31.255.255", "10.64.0.0"},
        {"128.0.0.0/1", "128.0.0.0", "255.255.255.255", "127.255.255.255", "2001:db8::1"},
        {"0.0.0.0/0", "0.0.0.0", "255.255.255.255", "::1", "2001:db8::1"},
        {"::ffff:192.0.2.0/31", "192.0.2.0", "192.0.2.1", "192.0.1.255", "192.0.2.2"},
        {"2001:db8::/33", "2001:db8::", "2001:db8:7fff:ffff::", "2001:db7::", "2001:db8:8000::"},
        {"2001:db8::1/127", "2001:db8::", "2001:db8::1", "2001:db8::2", "192.0.2.1"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_true(is_in(rows[i].networks, rows[i].first));
        assert_true(is_in(rows[i].networks, rows[i].last));
        assert_false(is_in(rows[i].networks, rows[i].before));
        assert_false(is_in(rows[i].networks, rows[i].behind));
    }
}

static void a_list_holds_what_one_of_its_networks_holds(void **state)
{
    (void)state;
    static const char networks[] = " 127.0.0.0/8 ,::1,\t192.0.2.0 / 24,";
    assert_true(is_in(networks, "127.0.0.1"));
    assert_true(is_in(networks, "::1"));
    assert_true(is_in(networks, "192.0.2.9"));
    assert_false(is_in(networks, "192.0.3.9"));
    assert_false(is_in("", "127.0.0.1"));
    assert_false(is_in(" ", "127.0.0.1"));
    struct address address;
    assert_true(address_of(socket_address("127.0.0.1"), &address));
    assert_false(address_list_holds(NULL, &address));
    struct address_list *all = list_of("::/0");
    assert_true(address_list_holds(all, &address));
    assert_false(address_list_has(all, unix_address()));
    address_list_free(all);
    address_list_free(NULL);
}

static void what_is_no_network_is_refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        ",",
        "127.0.0.1,,::1",
        ",127.0.0.1",
        "127.0.0.1 ::1",
        "127.0.0.1;::1",
        "localhost",
        "127.0.0.1:80",
        "[::1]",
        "127.0.0.0/",
        "127.0.0.0/33",
        "127.0.0.0/-1",
        "127.0.0.0/+8",
        "127.0.0.0/8/8",
        "127.0.0.0/255.0.0.0",
        "127.0.0.0/99999999999999999999",
        "::/129",
        "::ffff:127.0.0.0/104", /* the bits of IPv4 count, in both forms */
        "/8",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct address_list *list = NULL;
        if (address_list_parse(str_of(rows[i]), &list) != ERR_INVALID)
            fail_msg("\"%s\" is a list", rows[i]);
        assert_null(list);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_read_with_or_without_port_and_brackets),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_socket_address_becomes_one_and_any_other_family_does_not),
        cmocka_unit_test(loopback_is_127_and_its_ipv6_forms),
        cmocka_unit_test(a_network_holds_the_addresses_that_share_its_bits),
        cmocka_unit_test(a_list_holds_what_one_of_its_networks_holds),
        cmocka_unit_test(what_is_no_network_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
