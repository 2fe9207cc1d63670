/* What the sandbox answers to questions: checks, look-ups of group links, joins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/harness.h"

static struct transport_query check_of(int64_t number)
{
    return (struct transport_query){
        .kind = QUERY_CHECK, .tenant_id = TENANT, .account = ACCOUNT, .number = number};
}

static struct transport_query about(enum query_kind kind, const char *code)
{
    struct transport_query query = {.kind = kind, .tenant_id = TENANT, .account = ACCOUNT};
    snprintf(query.code, sizeof(query.code), "%s", code);
    return query;
}

static void ask(struct world *world, struct transport_query *query)
{
    transport_query(world->transport, query);
    settle(world);
}

static void tick(struct world *world, int64_t now_ms)
{
    world->now_ms = now_ms;
    (void)transport_tick(world->transport, now_ms, INT64_MAX);
}

static void a_number_that_ends_in_0401_is_not_on_whatsapp(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{}");
    struct transport_query good = check_of(491700000001), bad = check_of(491700000401);
    ask(&world, &good);
    ask(&world, &bad);
    check_log(&world, "check at 0: exists\ncheck at 0: does not exist\n");
    check_journal(&world, "{\"time\":1000000,\"tenant\":7,\"kind\":\"check\",\"from\":"
                          "\"8618217331411\",\"to\":\"491700000001\"}\n"
                          "{\"time\":1000000,\"tenant\":7,\"kind\":\"check\",\"from\":"
                          "\"8618217331411\",\"to\":\"491700000401\"}\n");
    assert_string_not_equal(world.journal_at_outcome, "");
    world_free(&world);
}

static void a_link_takes_a_second_times_the_speed(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{\"speed\":\"2\"}");
    struct transport_query query = about(QUERY_INFO, "abcdefghij");
    ask(&world, &query);
    tick(&world, START + 1999);
    check_log(&world, "");
    check_journal(&world, "{\"time\":1000000,\"tenant\":7,\"kind\":\"info\",\"from\":"
                          "\"8618217331411\",\"to\":\"abcdefghij\"}\n");
    tick(&world, START + 2000);
    check_log(&world, "info at 2000: ok\n");
    world_free(&world);
}

static void the_first_letter_decides(void **state)
{
    static const char *const codes[] = {"Xbcdefghij", "Rbcdefghij", "Fbcdefghij", "Abcdefghij",
                                        "obcdefghij"};
    struct world world;
    (void)state;
    world_new(&world, "{\"speed\":\"0\"}");
    for (size_t i = 0; i < 5; i++) {
        struct transport_query info = about(QUERY_INFO, codes[i]);
        struct transport_query join = about(QUERY_JOIN, codes[i]);
        ask(&world, &info);
        ask(&world, &join);
    }
    check_log(&world, "info at 0: invalid, no such group\njoin at 0: failed, no such group\n"
                      "info at 0: revoked, the link was revoked\n"
                      "join at 0: failed, the link was revoked\n"
                      "info at 0: full\njoin at 0: failed, the group is full\n"
                      "info at 0: approval\njoin at 0: approval\n"
                      "info at 0: ok\njoin at 0: joined\n");
    world_free(&world);
}

static void a_link_with_p_is_never_answered_and_can_be_given_up(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{\"speed\":\"0\"}");
    struct transport_query query = about(QUERY_INFO, "Pbcdefghij");
    ask(&world, &query);
    tick(&world, START + INT64_C(1000000000));
    check_log(&world, "");
    assert_true(transport_query_cancel(world.transport, &query));
    assert_false(transport_query_cancel(world.transport, &query));
    world_free(&world);
}

static void what_is_made_up_follows_from_seed_and_code(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{\"speed\":\"0\",\"seed\":\"5\"}");
    struct transport_query first = about(QUERY_INFO, "abcdefghij");
    struct transport_query again = about(QUERY_JOIN, "abcdefghij");
    struct transport_query other = about(QUERY_INFO, "abcdefghik");
    struct transport_query reseeded = about(QUERY_INFO, "abcdefghij");
    ask(&world, &first);
    ask(&world, &again);
    ask(&world, &other);
    set_account(&world, ACCOUNT, "{\"speed\":\"0\",\"seed\":\"6\"}");
    ask(&world, &reseeded);
    assert_int_equal(first.answer.group, again.answer.group);
    assert_string_equal(first.answer.name, again.answer.name);
    assert_int_equal(first.answer.members, again.answer.members);
    assert_int_not_equal(first.answer.group, other.answer.group);
    assert_int_not_equal(first.answer.group, reseeded.answer.group);
    assert_int_equal(first.answer.group / INT64_C(1000000000000), 120363);
    world_free(&world);
}

static void an_account_that_is_away_is_asked_again_later(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{}");
    (void)hand_over(&world, 1, 491700000503, 1);
    world.log[0] = '\0';
    struct transport_query query = check_of(491700000001), stranger = check_of(1);
    stranger.account = ACCOUNT + 1;
    ask(&world, &query);
    ask(&world, &stranger);
    check_log(&world, "check at 0: again after 10000\ncheck at 0: again after 0\n");
    world_free(&world);
}

static void a_disk_that_fails_makes_the_questions_come_again(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{}");
    struct transport_query query = about(QUERY_JOIN, "abcdefghij");
    sync_play.mode = SYNC_FAILS;
    ask(&world, &query);
    check_log(&world, "join at 0: again after 0\n");
    sync_play.mode = SYNC_WORKS;
    ask(&world, &query);
    tick(&world, START + 1000);
    check_log(&world, "join at 1000: joined\n");
    world_free(&world);
}

static void after_a_crash_the_journal_knows_what_was_asked(void **state)
{
    struct world world;
    (void)state;
    world_new(&world, "{}");
    struct transport_query asked = about(QUERY_JOIN, "abcdefghij");
    ask(&world, &asked);
    world_close(&world);
    world.now_ms = START + 700;
    world_open(&world, "{}");
    struct transport_query queries[] = {about(QUERY_JOIN, "abcdefghij"),
                                        about(QUERY_INFO, "abcdefghij"),
                                        about(QUERY_JOIN, "abcdefghij"), check_of(491700000001)};
    struct transport_query *all[] = {&queries[0], &queries[1], &queries[2], &queries[3]};
    queries[0].asked_ms = START;
    queries[2].account = ACCOUNT + 1;
    transport_query_recall(world.transport, all, 4);
    assert_int_equal(queries[0].left, 1);
    for (int i = 1; i < 4; i++)
        assert_int_equal(queries[i].left, 0);
    ask(&world, &queries[0]);
    check_log(&world, "");
    tick(&world, START + 1000);
    check_log(&world, "join at 1000: joined\n");
    check_journal(&world, "{\"time\":1000000,\"tenant\":7,\"kind\":\"join\",\"from\":"
                          "\"8618217331411\",\"to\":\"abcdefghij\"}\n");
    queries[0].asked_ms = START + 1;
    transport_query_recall(world.transport, all, 1);
    assert_int_equal(queries[0].left, 0); /* that was another time */
    world_free(&world);
}

static void a_group_chat_gets_ordinary_messages(void **state)
{
    const int64_t group = INT64_C(120363000000000401);
    struct world world;
    (void)state;
    world_new(&world, "{}");
    (void)hand_over(&world, 1, group, 1);
    follow_up(&world, group);
    check_log(&world, "sent\ndelivered at 1000\nread at 3000\n");
    world_free(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_that_ends_in_0401_is_not_on_whatsapp),
        cmocka_unit_test(a_link_takes_a_second_times_the_speed),
        cmocka_unit_test(the_first_letter_decides),
        cmocka_unit_test(a_link_with_p_is_never_answered_and_can_be_given_up),
        cmocka_unit_test(what_is_made_up_follows_from_seed_and_code),
        cmocka_unit_test(an_account_that_is_away_is_asked_again_later),
        cmocka_unit_test(a_disk_that_fails_makes_the_questions_come_again),
        cmocka_unit_test(after_a_crash_the_journal_knows_what_was_asked),
        cmocka_unit_test(a_group_chat_gets_ordinary_messages),
    };
    sem_init(&sync_play.entered, 0, 0);
    sem_init(&sync_play.go, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
