/* What turns must bear: many tasks, news out of order. On SQLite, for a limit that no
 * verb reaches in a test's time. */
#include "store/sqlite_beside.h"
#include "store/turn_calls.h"

#define TWO   "[{\"type\":1,\"text\":\"a\"},{\"type\":1,\"text\":\"b\"}]"
#define TASKS (TURN_MAX_ITEMS + 20)
#define LANES 16
#define DUE   (NOW + 1000)
static const struct str two_parts[] = {{TWO, sizeof(TWO) - 1}};

/* A task of the first sender alone, in one part or two. */
static int64_t create_for_one(struct harness *h, const char *name, size_t recipients, size_t parts)
{
    struct task_target targets[20];
    for (size_t i = 0; i < recipients; i++)
        targets[i] = (struct task_target){.account = SENDER, .number = TARGET + (int64_t)i};
    struct task_draft draft = draft_of(name, targets, recipients);
    draft.parts = parts;
    draft.contents = parts == 2 ? two_parts : one_content;
    assert_int_equal(create(h, &draft, 1), 0);
    return draft.id;
}

static void a_turn_may_look_at_more_tasks_than_it_has_items(void **state)
{
    struct harness *h = *state;
    static int64_t ids[TASKS];
    static bool empty[TASKS];
    static struct message_claimed claimed[TASKS / LANES + 1];
    struct message_claim claims[TASKS / LANES + 1];
    size_t count = 0;
    for (size_t i = 0; i < TASKS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%zu", i);
        ids[i] = create_for_one(h, name, 1, 1);
    }
    for (size_t i = 0; i < TASKS; i += LANES, count++)
        claims[count] = (struct message_claim){.tenant_id = TENANT,
                                               .account = SENDER + 1, /* it has nothing there */
                                               .lanes = ids + i,
                                               .lane_count = TASKS - i < LANES ? TASKS - i : LANES,
                                               .want = 1,
                                               .messages = claimed + count,
                                               .lane_empty = empty + i};
    turn(h, (struct messages_turn){.claims = claims, .claim_count = count});
    assert_false(claims[0].skipped_many);
    assert_true(claims[count - 1].skipped_many); /* to be asked again */
    for (size_t i = 0; i < TASKS; i++)
        assert_int_equal(empty[i], i < TURN_MAX_ITEMS);
    turn(h, (struct messages_turn){.claims = &claims[count - 1], .claim_count = 1});
    assert_false(claims[count - 1].skipped_many);
    assert_true(empty[TASKS - 1]);
}

static void what_failed_before_its_outcome_keeps_the_reason(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 2);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_FAILED);
    news.reason = REASON_NOT_ON_WHATSAPP;
    assert_true(tell(h, news).changed);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    assert_string_equal(messages(h, id), "-1:0>491700000000!4 -1:0>491700000000!4");
    assert_string_equal(counts(h, id), "2 0 0 0 0 2 0");
}

/* harness_end() checks the store. */
static void news_before_an_outcome_leave_a_sound_store(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    claim(h, SENDER, id, 1);
    assert_true(tell(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_DELIVERED)).changed);
    assert_string_equal(loaded(h), " flight:0@0");
}

static void what_was_delivered_before_it_timed_out_has_no_reason(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 2);
    claim(h, SENDER, id, 1);
    tell(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_DELIVERED));
    struct message_news late = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_FAILED);
    late.reason = REASON_TIMED_OUT;
    outcome(h, late);
    assert_string_equal(messages(h, id), "4:0>491700000000 1:0>491700000000");
}

/* The first content is to be retried when the provider says what became of it. */
static int64_t retry_then_tell(struct harness *h, enum message_status status)
{
    int64_t id = create_for_one(h, "t", 1, 2);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_RETRY);
    news.retry_ms = DUE;
    outcome(h, news);
    news = news_of(TASK_MESSAGE(id, 0), SENDER, status);
    news.reason = status == MESSAGE_FAILED ? REASON_UNDELIVERABLE : REASON_NONE;
    assert_true(tell(h, news).changed);
    return id;
}

static void the_next_content_is_queued_by_news_that_make_a_retry_needless(void **state)
{
    struct harness *h = *state;
    int64_t id = retry_then_tell(h, MESSAGE_DELIVERED);
    assert_string_equal(messages(h, id), "4:0>491700000000 1:0>491700000000");
    assert_string_equal(counts(h, id), "2 1 1 0 0 0 1");
}

static void the_rest_fails_with_what_was_to_be_retried(void **state)
{
    struct harness *h = *state;
    int64_t id = retry_then_tell(h, MESSAGE_FAILED);
    assert_string_equal(messages(h, id), "-1:0>491700000000!5 -1:0>491700000000!5");
    assert_string_equal(counts(h, id), "2 0 0 0 0 2 0");
}

static void a_stop_word_counts_beyond_the_limit_of_opt_outs(void **state)
{
    struct harness *h = *state;
    char sql[96];
    sqlite3 *db = other_connection(h);
    int64_t id = create_for_one(h, "t", 1, 1);
    snprintf(sql, sizeof(sql), "UPDATE tenant SET opt_outs = %ld", (long)TENANT_MAX_OPT_OUTS);
    execute(db, sql);
    claim(h, SENDER, id, 1);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    assert_true(receive(h, incoming_of(SENDER, TARGET, "STOP")).opted_out);
    assert_string_equal(counts(h, id), "1 1 1 1 1 0 0");
    execute(db, "UPDATE tenant SET opt_outs = 1");
    sqlite3_close(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_turn_may_look_at_more_tasks_than_it_has_items),
        TEST(what_failed_before_its_outcome_keeps_the_reason),
        TEST(news_before_an_outcome_leave_a_sound_store),
        TEST(what_was_delivered_before_it_timed_out_has_no_reason),
        TEST(the_next_content_is_queued_by_news_that_make_a_retry_needless),
        TEST(the_rest_fails_with_what_was_to_be_retried),
        TEST(a_stop_word_counts_beyond_the_limit_of_opt_outs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
