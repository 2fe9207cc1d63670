#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_internal.h"

static struct http_shared shared;

static int open_table(void **state)
{
    (void)state;
    return http_shared_init(&shared);
}

static int close_table(void **state)
{
    (void)state;
    http_shared_free(&shared);
    assert_null(shared.peers);
    http_shared_free(&shared); /* twice is nothing */
    return 0;
}

static struct address address_from(const char *text)
{
    struct address address;
    assert_int_equal(address_parse(str_of(text), &address), 0);
    return address;
}

static int enter(const char *text, int max, struct peer **ret_peer)
{
    struct address address = address_from(text);
    return peer_enter(shared.peers, &address, max, ret_peer);
}

static void an_address_has_so_many_connections_and_no_more(void **state)
{
    (void)state;
    struct peer *first = NULL, *second = NULL, *other = NULL, *none = NULL;
    assert_int_equal(enter("192.0.2.1", 2, &first), 0);
    assert_int_equal(enter("192.0.2.1", 2, &second), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(enter("192.0.2.1", 2, &none), ERR_BUSY);
    assert_null(none);
    assert_int_equal(enter("192.0.2.2", 2, &other), 0);
    peer_leave(shared.peers, first);
    assert_int_equal(enter("192.0.2.1", 2, &first), 0);
    peer_leave(shared.peers, first);
    peer_leave(shared.peers, second);
    peer_leave(shared.peers, other);
    assert_int_equal(enter("192.0.2.1", 1, &first), 0); /* as if it had never been there */
    peer_leave(shared.peers, first);
}

static void the_addresses_of_one_ipv6_network_are_one_peer(void **state)
{
    (void)state;
    struct peer *first = NULL, *other = NULL, *none = NULL;
    assert_int_equal(enter("2001:db8:0:1::1", 1, &first), 0);
    assert_int_equal(enter("2001:db8:0:1:ffff:ffff:ffff:ffff", 1, &none), ERR_BUSY);
    assert_int_equal(enter("2001:db8:0:2::1", 1, &other), 0);
    peer_leave(shared.peers, first);
    peer_leave(shared.peers, other);
}

static void every_ipv4_address_is_a_peer_in_both_its_forms(void **state)
{
    (void)state;
    struct peer *first = NULL, *other = NULL, *none = NULL;
    assert_int_equal(enter("::ffff:192.0.2.1", 1, &first), 0);
    assert_int_equal(enter("192.0.2.1", 1, &none), ERR_BUSY);
    assert_int_equal(enter("192.0.2.2", 1, &other), 0);
    peer_leave(shared.peers, first);
    peer_leave(shared.peers, other);
}

#define MANY 5000

static void peers_of_one_chain_are_told_apart(void **state)
{
    (void)state;
    static struct peer *peers[MANY];
    struct peer *none = NULL;
    char text[32];
    for (int i = 0; i < MANY; i++) { /* five a chain */
        snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
        assert_int_equal(enter(text, 1, &peers[i]), 0);
    }
    for (int i = 0; i < MANY; i += 2)
        peer_leave(shared.peers, peers[i]);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.0.%d.%d", i / 256, i % 256);
        if (i % 2)
            assert_int_equal(enter(text, 1, &none), ERR_BUSY);
        else
            assert_int_equal(enter(text, 1, &peers[i]), 0);
    }
    for (int i = 0; i < MANY; i++)
        peer_leave(shared.peers, peers[i]);
}

static void what_is_left_at_the_end_is_freed(void **state)
{
    (void)state;
    struct peer *peer;
    assert_int_equal(enter("192.0.2.1", 1, &peer), 0);
}

#define THREADS 4
#define ROUNDS  5000

/* Two addresses, four threads: an address never has more connections than threads. */
static void *come_and_go(void *argument)
{
    struct address address = *(struct address *)argument;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct peer *peer;
        if (peer_enter(shared.peers, &address, THREADS, &peer) != 0)
            return argument;
        peer_leave(shared.peers, peer);
    }
    return NULL;
}

static void threads_lose_no_connection(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct peer *last;
    struct address addresses[2] = {address_from("192.0.2.1"), address_from("192.0.2.2")};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &addresses[i % 2]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(enter("192.0.2.2", 1, &last), 0); /* nobody else is counted */
    peer_leave(shared.peers, last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_has_so_many_connections_and_no_more),
        cmocka_unit_test(the_addresses_of_one_ipv6_network_are_one_peer),
        cmocka_unit_test(every_ipv4_address_is_a_peer_in_both_its_forms),
        cmocka_unit_test(peers_of_one_chain_are_told_apart),
        cmocka_unit_test(what_is_left_at_the_end_is_freed),
        cmocka_unit_test(threads_lose_no_connection),
    };
    return cmocka_run_group_tests(tests, open_table, close_table);
}
