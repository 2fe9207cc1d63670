#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/public_address.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void judge(const char *const *rows, size_t count, bool expected)
{
    for (size_t i = 0; i < count; i++) {
        struct address address;
        assert_int_equal(address_parse(str_of(rows[i]), &address), 0);
        if (address_is_public(&address) != expected)
            fail_msg("%s is %spublic", rows[i], expected ? "not " : "");
    }
}

static void the_internet_is_public_up_to_the_edges_of_special_networks(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "1.0.0.0",
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "168.63.129.15",
        "168.63.129.17",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.0.3.0",
        "192.88.98.255",
        "192.88.100.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "198.51.99.255",
        "198.51.101.0",
        "203.0.112.255",
        "203.0.114.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2000::",
        "2001:200::",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff:1000::",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1", /* 6to4 of 8.8.8.8 */
    };
    judge(rows, COUNT(rows), true);
}

static void special_ipv4_networks_are_not_public(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "0.0.0.0",         "0.0.0.1",         "0.255.255.255",   "10.0.0.0",
        "10.255.255.255",  "100.64.0.0",      "100.100.100.200", "100.127.255.255",
        "127.0.0.1",       "127.255.255.255", "168.63.129.16",   "169.254.0.0",
        "169.254.169.254", "169.254.255.255", "172.16.0.0",      "172.31.255.255",
        "192.0.0.0",       "192.0.0.192",     "192.0.0.255",     "192.0.2.1",
        "192.88.99.1",     "192.168.0.0",     "192.168.255.255", "198.18.0.0",
        "198.19.255.255",  "198.51.100.1",    "203.0.113.255",   "224.0.0.1",
        "239.255.255.255", "240.0.0.1",       "255.255.255.255",
    };
    judge(rows, COUNT(rows), false);
}

static void special_ipv6_networks_are_not_public(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "::",
        "::1",
        "100::1",             /* discard-only */
        "64:ff9b:1::8.8.8.8", /* NAT64 of a local network, whatever is inside */
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001::1",    /* Teredo */
        "2001:2::1",  /* benchmarks */
        "2001:10::1", /* ORCHID */
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::1", /* documentation */
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "3fff::1", /* documentation */
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        "4000::",
        "5f00::1",       /* segment routing */
        "fc00::",        /* unique local */
        "fd00:ec2::254", /* metadata of a cloud */
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fe80::1", /* link-local */
        "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fec0::1", /* site-local, deprecated */
        "ff02::1", /* multicast */
        "ff0e::1",
    };
    judge(rows, COUNT(rows), false);
}

static void a_special_ipv4_address_does_not_hide_in_an_ipv6_one(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::127.0.0.1",
        "::8.8.8.8", /* compatible: nobody's */
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b::",
        "64:ff9b::1:808:808",
        "2002:7f00:1::1",
        "2002:a9fe:a9fe::",
        "2002:c0a8:101::1",
        "2002::",
        "2002:0a00:0001::8.8.8.8",
    };
    judge(rows, COUNT(rows), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_internet_is_public_up_to_the_edges_of_special_networks),
        cmocka_unit_test(special_ipv4_networks_are_not_public),
        cmocka_unit_test(special_ipv6_networks_are_not_public),
        cmocka_unit_test(a_special_ipv4_address_does_not_hide_in_an_ipv6_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
