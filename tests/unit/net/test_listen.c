#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <netdb.h>

#include "net/http_server.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static int listen_at(const char *address, bool reuse_port, int *ret_port)
{
    int fd = -1;
    assert_int_equal(http_listen(str_of(address), reuse_port, &fd, ret_port), 0);
    return fd;
}

static void port_0_is_a_free_port_that_takes_connections(void **state)
{
    (void)state;
    int port = 0, fd = listen_at("127.0.0.1:0", false, &port);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    assert_in_range(port, 1, 65535);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
    int taken = accept(fd, NULL, NULL);
    assert_true(taken >= 0);
    assert_int_equal(accept(fd, NULL, NULL), -1); /* does not block */
    close(taken);
    close(client);
    close(fd);
}

static void an_occupied_port_is_told(void **state)
{
    (void)state;
    char same[32];
    int port = 0, other = 0, fd = -1, first = listen_at("127.0.0.1:0", false, &port);
    snprintf(same, sizeof(same), "127.0.0.1:%d", port);
    assert_int_equal(http_listen(str_of(same), false, &fd, &other), ERR_EXISTS);
    assert_int_equal(http_listen(str_of(same), true, &fd, &other), ERR_EXISTS);
    assert_int_equal(fd, -1);
    assert_int_equal(other, 0);
    close(first);
}

static void workers_share_a_port(void **state)
{
    (void)state;
    char same[32];
    int port = 0, again = 0, first = listen_at("127.0.0.1:0", true, &port);
    snprintf(same, sizeof(same), "127.0.0.1:%d", port);
    int second = listen_at(same, true, &again);
    int probe = -1, probed = 0;
    assert_int_equal(again, port);
    assert_int_equal(http_listen(str_of(same), false, &probe, &probed), ERR_EXISTS);
    close(first);
    close(second);
}

static void a_host_name_is_its_ipv4_address_first(void **state)
{
    (void)state;
    struct addrinfo *info;
    if (getaddrinfo("localhost", NULL, NULL, &info) != 0)
        skip(); /* a machine without /etc/hosts, such as a bare chroot */
    freeaddrinfo(info);
    struct sockaddr_storage own = {0};
    socklen_t size = sizeof(own);
    int port = 0, fd = listen_at("localhost:0", false, &port);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
    assert_int_equal(own.ss_family, AF_INET);
    close(fd);
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const struct str rows[] = {
        {NULL, 0},
        STR(""),
        STR(":"),
        STR(":0"),
        STR("127.0.0.1"),
        STR("127.0.0.1:"),
        STR("127.0.0.1:x"),
        STR("127.0.0.1:-1"),
        STR("127.0.0.1:65536"),
        STR("127.0.0.1:99999999999999999999"),
        STR("127.0.0.1\0x:0"),
        STR("[127.0.0.1]:0"),
        STR("::1:0"),
        STR("[::1:0"),
        STR("[::1]"),
        STR("http://127.0.0.1:0"),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        int fd = -1, port = 0;
        if (http_listen(rows[i], false, &fd, &port) != ERR_INVALID)
            fail_msg("%s is an address", rows[i].p);
        assert_int_equal(fd, -1);
    }
}

static void a_name_longer_than_dns_allows_is_refused(void **state)
{
    (void)state;
    char text[300];
    int fd = -1, port = 0;
    memset(text, 'a', sizeof(text));
    memcpy(text + 254, ":0", 2);
    assert_int_equal(http_listen((struct str){text, 256}, false, &fd, &port), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(port_0_is_a_free_port_that_takes_connections),
        cmocka_unit_test(an_occupied_port_is_told),
        cmocka_unit_test(workers_share_a_port),
        cmocka_unit_test(a_host_name_is_its_ipv4_address_first),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_name_longer_than_dns_allows_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
