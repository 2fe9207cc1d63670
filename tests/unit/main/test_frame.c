#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "main/frame.h"

static int ends[2], stop;
static struct buf message;

static int set_up(void **state)
{
    (void)state;
    buf_init(&message, 1000);
    stop = eventfd(0, EFD_CLOEXEC);
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}

static int tear_down(void **state)
{
    (void)state;
    buf_free(&message);
    close(stop);
    close(ends[0]);
    if (ends[1] >= 0)
        close(ends[1]);
    return 0;
}

static void a_message_arrives_whole_and_an_empty_one_too(void **state)
{
    (void)state;
    assert_int_equal(frame_write(ends[1], 1000, STR("hello")), 0);
    assert_int_equal(frame_write(ends[1], 1000, STR("")), 0);
    assert_int_equal(frame_write(ends[1], 1000, STR("you")), 0);
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), 0);
    assert_int_equal(message.len, 5);
    assert_memory_equal(message.data, "hello", 5);
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), 0);
    assert_int_equal(message.len, 0);
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), 0);
    assert_memory_equal(message.data, "you", 3);
}

static void a_message_over_the_readers_maximum_is_refused_before_it_is_read(void **state)
{
    (void)state;
    assert_int_equal(write(ends[1], "\x00\x00\x04\x00", 4), 4);
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), ERR_TOO_LARGE);
    assert_int_equal(write(ends[1], "\xff\xff\xff\xff", 4), 4);
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), ERR_TOO_LARGE);
}

static void half_a_message_runs_into_the_deadline(void **state)
{
    (void)state;
    assert_int_equal(write(ends[1], "\x00\x00\x00\x05he", 6), 6);
    assert_int_equal(frame_read(ends[0], stop, 0, &message), ERR_BUSY);
    assert_int_equal(message.len, 0);
}

static void a_peer_that_goes_away_is_noticed_by_both_sides(void **state)
{
    (void)state;
    assert_int_equal(write(ends[1], "\x00\x00\x00\x05he", 6), 6);
    close(ends[1]);
    ends[1] = -1;
    assert_int_equal(frame_read(ends[0], stop, 1000, &message), ERR_CLOSED);
    assert_int_equal(frame_write(ends[0], 1000, STR("hello")), ERR_CLOSED);
}

static void a_reader_that_is_told_to_stop_stops(void **state)
{
    (void)state;
    assert_int_equal(eventfd_write(stop, 1), 0);
    assert_int_equal(frame_read(ends[0], stop, -1, &message), ERR_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_arrives_whole_and_an_empty_one_too, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            a_message_over_the_readers_maximum_is_refused_before_it_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(half_a_message_runs_into_the_deadline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_peer_that_goes_away_is_noticed_by_both_sides, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_is_told_to_stop_stops, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
