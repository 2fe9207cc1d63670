#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "transport/harness.h"

#define TO(digits) (INT64_C(4915100000000) + (digits))
#define AT_ONCE    "{\"speed\":\"0\",\"in_flight\":\"4\"}"
#define LINE(id, to)                                                                              \
    "{\"time\":1000000,\"tenant\":7,\"kind\":\"message\",\"from\":\"8618217331411\",\"to\":\"" to \
    "\",\"msgId\":\"" id "\",\"text\":\"Hi\"}\n"

/* One row of the table of numbers: what is told of a message, first try. */
struct row {
    int digits;
    bool journaled;
    const char *told;
};

static void check_rows(const char *settings, const struct row *rows, size_t count)
{
    struct world world;
    for (size_t i = 0; i < count; i++) {
        char text[256];
        world_new(&world, settings);
        hand_over(&world, 1, TO(rows[i].digits), 1);
        follow_up(&world, TO(rows[i].digits));
        check_log(&world, rows[i].told);
        read_journal(&world, text, sizeof(text));
        assert_int_equal(text[0] != '\0', rows[i].journaled);
        world_free(&world);
    }
}

static void at_speed_0_all_of_a_message_is_told_at_once(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {1234, true, "read\n"},
        {1, true, "delivered\n"},
        {2, true, "sent\n"},
        {3, true, "read\n4915100000003 replies at 0: Hi\n"},
        {4, true, "read\n4915100000004 replies at 0: STOP\n"},
        {401, false, "failed, not left: not on WhatsApp\n"},
        {402, true, "failed: undeliverable (131026)\n"},
        {429, false, "retry, not left after 1\n"},
        {500, true, "failed: timed out\n"},
        {503, false,
         "8618217331411 offline at 0: the sandbox plays offline\nretry, not left after 1\n"},
    };
    check_rows(AT_ONCE, rows, sizeof(rows) / sizeof(rows[0]));
}

static void at_speed_1_statuses_come_one_and_three_seconds_after_it_was_sent(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {1234, true, "sent\ndelivered at 1000\nread at 3000\n"},
        {1, true, "sent\ndelivered at 1000\n"},
        {2, true, "sent\n"},
        {3, true, "sent\ndelivered at 1000\nread at 3000\n4915100000003 replies at 3000: Hi\n"},
        {4, true, "sent\ndelivered at 1000\nread at 3000\n4915100000004 replies at 3000: STOP\n"},
        {401, false, "failed, not left: not on WhatsApp\n"},
        {402, true, "sent\nfailed at 1000: undeliverable (131026)\n"},
        {429, false, "retry, not left after 1000\n"},
        {500, true, "failed: timed out\n"},
        {503, false,
         "8618217331411 offline at 0: the sandbox plays offline\nretry, not left after 10000\n"},
    };
    check_rows("", rows, sizeof(rows) / sizeof(rows[0]));
}

static void the_speed_scales_all_delays(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {1234, true, "sent\ndelivered at 250\nread at 750\n"},
        {429, false, "retry, not left after 250\n"},
        {503, false,
         "8618217331411 offline at 0: the sandbox plays offline\nretry, not left after 2500\n"},
    };
    check_rows("{\"speed\":\"0.25\"}", rows, sizeof(rows) / sizeof(rows[0]));
}

static void what_said_try_again_is_sent_at_the_third_try(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, AT_ONCE);
    for (int tries = 1; tries <= 3; tries++)
        hand_over(&world, 5, TO(429), tries);
    check_log(&world, "retry, not left after 1\nretry, not left after 1\nread\n");
    check_journal(&world, LINE("5", "4915100000429"));
    world_free(&world);
}

static void an_account_that_went_offline_comes_back_and_sends(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "");
    hand_over(&world, 5, TO(503), 1);
    world.now_ms += 4000;
    hand_over(&world, 6, TO(2), 1);
    check_log(&world, "8618217331411 offline at 0: the sandbox plays offline\n"
                      "retry, not left after 10000\nretry, not left after 6000\n");
    assert_int_equal(transport_tick(world.transport, START + 9999, INT64_MAX), START + 10000);
    check_log(&world, "");
    world.now_ms = START + 10000;
    assert_int_equal(transport_tick(world.transport, START + 10000, INT64_MAX), INT64_MAX);
    check_log(&world, "8618217331411 online at 10000\n");
    hand_over(&world, 5, TO(503), 2);
    check_log(&world, "sent\n");
    world_free(&world);
}

static void an_account_may_be_changed_and_removed_while_it_is_away(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "");
    set_account(&world, ACCOUNT + 1, "");
    set_account(&world, ACCOUNT + 2, "");
    for (int64_t i = 0; i < 3; i++) {
        struct transport_send send = to_send(i, TO(503), 1);
        send.account = ACCOUNT + i;
        transport_send(world.transport, &send);
        settle(&world);
    }
    world.log[0] = '\0';
    set_account(&world, ACCOUNT, "{\"in_flight\":\"9\"}");
    check_log(&world, "8618217331411 offline at 0: the sandbox plays offline\n");
    transport_account_remove(world.transport, ACCOUNT + 1);
    transport_tick(world.transport, START + 10000, INT64_MAX);
    check_log(&world, "8618217331413 online at 10000\n8618217331411 online at 10000\n");
    world_free(&world);
}

static void the_journal_has_one_line_of_json_for_each_hand_over(void **state)
{
    (void)state;
    struct world world;
    struct stat stat_now;
    world_new(&world, AT_ONCE);
    struct transport_send send = to_send(9, TO(402), 1);
    send.text = STR("say \"hi\"\nto 王");
    hand_over(&world, 8, TO(1234), 1);
    world.now_ms++;
    transport_send(world.transport, &send);
    settle(&world);
    check_journal(
        &world,
        LINE("8", "4915100001234") "{\"time\":1000001,\"tenant\":7,"
                                   "\"kind\":\"message\",\"from\":\"8618217331411\",\"to\":"
                                   "\"4915100000402\","
                                   "\"msgId\":\"9\",\"text\":\"say \\\"hi\\\"\\nto 王\"}\n");
    assert_int_equal(stat(world.path, &stat_now), 0);
    assert_int_equal(stat_now.st_mode & 0777, 0600);
    world_free(&world);
}

static void nothing_is_told_before_the_line_is_on_disk(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, AT_ONCE);
    sync_play.mode = SYNC_WAITS;
    struct transport_send send = to_send(1, TO(1234), 1);
    transport_send(world.transport, &send);
    transport_flush(world.transport);
    sem_wait(&sync_play.entered); /* it is written, and the disk has not said that it has it */
    mailbox_run(world.mailbox);
    assert_int_equal(world.told, 0);
    assert_int_equal(transport_under_way(world.transport), 1);
    sync_play.mode = SYNC_WORKS;
    sem_post(&sync_play.go);
    settle(&world);
    assert_int_equal(world.told, 1);
    assert_string_equal(world.journal_at_outcome, LINE("1", "4915100001234"));
    world_free(&world);
}

static void what_comes_while_the_disk_is_busy_goes_together_afterwards(void **state)
{
    (void)state;
    struct world world;
    struct transport_send sends[4];
    world_new(&world, AT_ONCE);
    sync_play.mode = SYNC_WAITS;
    int before = sync_play.count;
    for (int i = 0; i < 4; i++) {
        sends[i] = to_send(i + 1, TO(1234), 1);
        transport_send(world.transport, &sends[i]);
        transport_flush(world.transport);
        if (i == 0)
            sem_wait(&sync_play.entered);
    }
    sync_play.mode = SYNC_WORKS;
    sem_post(&sync_play.go);
    settle(&world);
    assert_int_equal(world.told, 4);
    assert_int_equal(sync_play.count - before, 2);
    check_journal(&world, LINE("1", "4915100001234") LINE("2", "4915100001234")
                              LINE("3", "4915100001234") LINE("4", "4915100001234"));
    world_free(&world);
}

static void the_end_waits_for_what_is_being_written(void **state)
{
    (void)state;
    struct world world;
    struct transport_send sends[] = {to_send(1, TO(1234), 1), to_send(2, TO(1234), 1)};
    world_new(&world, AT_ONCE);
    sync_play.mode = SYNC_WAITS;
    for (int i = 0; i < 2; i++) {
        transport_send(world.transport, &sends[i]);
        transport_flush(world.transport);
        if (i == 0)
            sem_wait(&sync_play.entered);
    }
    sync_play.mode = SYNC_WORKS;
    sem_post(&sync_play.go);
    world_close(&world);
    check_log(&world, "read\n");
    check_journal(&world, LINE("1", "4915100001234"));
    world_free(&world);
}

static void a_full_disk_makes_the_messages_come_again_and_leaves_no_half_line(void **state)
{
    (void)state;
    struct world world;
    struct rlimit before, limit;
    world_new(&world, AT_ONCE);
    hand_over(&world, 1, TO(1234), 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = sizeof(LINE("1", "4915100001234")) + 20;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    struct transport_send sends[] = {to_send(2, TO(1234), 1), to_send(3, TO(500), 1)};
    transport_send(world.transport, &sends[0]);
    transport_send(world.transport, &sends[1]);
    settle(&world);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    check_log(&world, "read\nretry, not left\nretry, not left\n");
    assert_int_equal(sends[0].provider_id[0], '\0');
    check_journal(&world, LINE("1", "4915100001234"));
    hand_over(&world, 2, TO(1234), 2);
    check_log(&world, "read\n");
    check_journal(&world, LINE("1", "4915100001234") LINE("2", "4915100001234"));
    world_free(&world);
}

static void a_line_that_the_disk_may_have_lost_is_taken_back_first(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "");
    sync_play.mode = SYNC_FAILS;
    hand_over(&world, 1, TO(1234), 1);
    assert_int_not_equal(sync_play.largest, 0);
    sync_play.largest = 0;
    hand_over(&world, 1, TO(1234), 2); /* the disk does not even say that the line is gone */
    assert_int_equal(sync_play.largest, 0);
    check_log(&world, "retry, not left\nretry, not left\n");
    assert_int_equal(world.follow_code, 0);
    sync_play.mode = SYNC_WORKS;
    hand_over(&world, 1, TO(1234), 3);
    check_log(&world, "sent\n");
    check_journal(&world, LINE("1", "4915100001234"));
    world_free(&world);
}

static void append(struct world *world, const char *text)
{
    FILE *file = fopen(world->path, "a");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_line_that_a_power_cut_tore_is_ended(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, AT_ONCE);
    world_close(&world);
    append(&world, "{\"time\":5");
    world_open(&world, AT_ONCE);
    world_close(&world);
    world_open(&world, AT_ONCE);
    hand_over(&world, 1, TO(1234), 1);
    check_journal(&world, "{\"time\":5\n" LINE("1", "4915100001234"));
    world_free(&world);
}

static void statuses_to_come_survive_a_restart(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "");
    hand_over(&world, 1, TO(3), 1);
    world_close(&world);
    world.now_ms += 60000; /* it was away for a minute */
    world_open(&world, "");
    follow_up(&world, TO(3));
    check_log(&world, "delivered at 1000\nread at 3000\n4915100000003 replies at 3000: Hi\n");
    /* What a newer program left, and an account that is gone, are no reason to fall over. */
    transport_follow_up(world.transport, 1, ACCOUNT, TO(3), 99, START, STR(""));
    transport_follow_up(world.transport, 1, ACCOUNT + 1, TO(3), 1, START, STR(""));
    check_log(&world, "");
    world_free(&world);
}

static int recalled(const struct transport_recall *messages, size_t count, int64_t message)
{
    for (size_t i = 0; i < count; i++)
        if (messages[i].message == message)
            return messages[i].left;
    return -100;
}

static void the_journal_answers_what_left_when_it_may(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, AT_ONCE);
    for (int64_t message = 2; message <= 2000; message += 2) /* more than is read at once */
        hand_over(&world, message, TO(1234), 1);
    struct transport_send sly = to_send(2002, TO(1234), 1);
    sly.text = STR("\"from\":\"8618217331411\",\"msgId\":\"1\"");
    transport_send(world.transport, &sly);
    settle(&world);
    world_close(&world);
    append(&world, "{\"time\":1,\"tenant\":7,\"kind\":\"message\",\"from\":\"8618217331412\","
                   "\"to\":\"1\",\"msgId\":\"5\",\"text\":\"\"}\n"
                   "{\"time\":1,\"tenant\":7,\"kind\":\"check\",\"from\":\"8618217331411\","
                   "\"to\":\"1\",\"msgId\":\"7\",\"text\":\"\"}\n"
                   "{\"time\":1,\"tenant\":7,\"kind\":\"message\",\"from\":\"8618217331411\","
                   "\"to\":\"1\",\"msgId\":\"9\",\"te");
    for (int recall = 0; recall <= 1; recall++) {
        struct transport_recall messages[] = {
            {ACCOUNT, 2000, 5}, {ACCOUNT, 1, 5},    {ACCOUNT + 1, 2, 5}, {ACCOUNT, 5, 5},
            {ACCOUNT, 7, 5},    {ACCOUNT, 1000, 5}, {ACCOUNT, 9, 5}};
        world.recall = recall;
        world_open(&world, AT_ONCE);
        transport_recall(world.transport, messages, 7);
        assert_int_equal(recalled(messages, 7, 2), ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 2000), recall ? 1 : ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 1000), recall ? 1 : ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 1), recall ? 0 : ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 5), recall ? 0 : ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 7), recall ? 0 : ERR_UNKNOWN);
        assert_int_equal(recalled(messages, 7, 9), recall ? 0 : ERR_UNKNOWN);
        world_close(&world);
    }
    world_open(&world, AT_ONCE);
    world_free(&world);
}

static void what_is_made_up_follows_from_the_seed(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "{\"speed\":\"0\",\"seed\":\"3\"}");
    struct transport_send first = hand_over(&world, 1, TO(1), 1),
                          second = hand_over(&world, 2, TO(1), 1),
                          again = hand_over(&world, 1, TO(1), 1);
    assert_string_equal(first.provider_id, "sandbox-3-1");
    assert_string_equal(second.provider_id, "sandbox-3-2");
    assert_string_equal(again.provider_id, "sandbox-3-1");
    assert_string_equal(hand_over(&world, 3, TO(500), 1).provider_id, "");
    world_free(&world);
}

static void a_text_longer_than_a_follow_up_holds_is_cut_between_characters(void **state)
{
    (void)state;
    struct world world;
    char text[5000];
    world_new(&world, "");
    for (size_t i = 0; i + 3 <= sizeof(text); i += 3)
        memcpy(text + i, "\xe7\x8e\x8b", 3);
    struct transport_send send = to_send(1, TO(3), 1);
    send.text = (struct str){text, 4998};
    transport_send(world.transport, &send);
    settle(&world);
    assert_int_equal(strlen(send.follow_text), 4095);
    world_free(&world);
}

static void a_picture_without_a_text_is_answered_with_its_address(void **state)
{
    (void)state;
    struct world world;
    const struct content picture = {.type = CONTENT_IMAGE, .url = STR("https://example.org/a.png")};
    world_new(&world, AT_ONCE);
    struct transport_send send = to_send(1, TO(3), 1);
    send.content = &picture;
    send.text = (struct str){0};
    transport_send(world.transport, &send);
    settle(&world);
    check_log(&world, "read\n4915100000003 replies at 0: https://example.org/a.png\n");
    world_free(&world);
}

static void an_account_without_a_driver_stays_offline_and_says_why(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, AT_ONCE);
    const struct account cloud = {.number = ACCOUNT, .transport = STR("cloud")},
                         broken = {.number = ACCOUNT,
                                   .transport = STR("sandbox"),
                                   .settings = STR("{\"speed\":\"x\"}")};
    assert_int_equal(transport_in_flight_max(world.transport, ACCOUNT), 4);
    assert_int_equal(transport_account_set(world.transport, TENANT, &broken), ERR_INVALID);
    check_log(&world, "8618217331411 offline at 0: its settings cannot be read\n");
    set_account(&world, ACCOUNT, "");
    check_log(&world, "8618217331411 online at 0\n");
    assert_int_equal(transport_in_flight_max(world.transport, ACCOUNT), 1);
    assert_int_equal(transport_account_set(world.transport, TENANT, &cloud), ERR_NOT_FOUND);
    check_log(&world, "8618217331411 offline at 0: no transport \"cloud\" in this program\n");
    assert_int_equal(transport_in_flight_max(world.transport, ACCOUNT), 0);
    hand_over(&world, 1, TO(1234), 1);
    check_log(&world, "retry, not left\n");
    world_free(&world);
}

static void many_accounts_are_found_and_forgotten(void **state)
{
    (void)state;
    struct world world;
    world_new(&world, "");
    for (int64_t i = 0; i < 1000; i++)
        set_account(&world, 49000000000 + i, "{\"in_flight\":\"3\"}");
    for (int64_t i = 0; i < 1000; i += 2)
        transport_account_remove(world.transport, 49000000000 + i);
    transport_account_remove(world.transport, 12345678);
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(transport_in_flight_max(world.transport, 49000000000 + i), i % 2 ? 3 : 0);
    world_free(&world);
}

static void a_journal_that_cannot_be_opened_is_named(void **state)
{
    (void)state;
    struct world world = {.directory = "/nonexistent"};
    char why[256];
    assert_int_equal(world_try(&world, why, sizeof(why)), ERR_SYSTEM);
    assert_string_equal(why, "/nonexistent/sandbox.journal: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_speed_0_all_of_a_message_is_told_at_once),
        cmocka_unit_test(at_speed_1_statuses_come_one_and_three_seconds_after_it_was_sent),
        cmocka_unit_test(the_speed_scales_all_delays),
        cmocka_unit_test(what_said_try_again_is_sent_at_the_third_try),
        cmocka_unit_test(an_account_that_went_offline_comes_back_and_sends),
        cmocka_unit_test(an_account_may_be_changed_and_removed_while_it_is_away),
        cmocka_unit_test(the_journal_has_one_line_of_json_for_each_hand_over),
        cmocka_unit_test(nothing_is_told_before_the_line_is_on_disk),
        cmocka_unit_test(what_comes_while_the_disk_is_busy_goes_together_afterwards),
        cmocka_unit_test(the_end_waits_for_what_is_being_written),
        cmocka_unit_test(a_full_disk_makes_the_messages_come_again_and_leaves_no_half_line),
        cmocka_unit_test(a_line_that_the_disk_may_have_lost_is_taken_back_first),
        cmocka_unit_test(a_line_that_a_power_cut_tore_is_ended),
        cmocka_unit_test(statuses_to_come_survive_a_restart),
        cmocka_unit_test(the_journal_answers_what_left_when_it_may),
        cmocka_unit_test(what_is_made_up_follows_from_the_seed),
        cmocka_unit_test(a_text_longer_than_a_follow_up_holds_is_cut_between_characters),
        cmocka_unit_test(a_picture_without_a_text_is_answered_with_its_address),
        cmocka_unit_test(an_account_without_a_driver_stays_offline_and_says_why),
        cmocka_unit_test(many_accounts_are_found_and_forgotten),
        cmocka_unit_test(a_journal_that_cannot_be_opened_is_named),
    };
    sem_init(&sync_play.entered, 0, 0);
    sem_init(&sync_play.go, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
