/* Conformance: turns of the engine, through store.h, tasks.h and messages.h, on any back end. */
#include "store/turn_calls.h"

#define TWO "[{\"type\":1,\"text\":\"a\"},{\"type\":1,\"text\":\"b\"}]"
static const struct str two_parts[] = {{TWO, sizeof(TWO) - 1}};

/* A task of the first sender alone. */
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

/* --- claims */

static void a_claim_takes_the_first_in_line_and_begins_the_task(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 3, 1);
    const struct claimed *got = claim(h, SENDER, id, 2);
    assert_int_equal(got->claim.count, 2);
    assert_int_equal(got->messages[0].id, TASK_MESSAGE(id, 0));
    assert_int_equal(got->messages[1].id, TASK_MESSAGE(id, 1));
    assert_int_equal(got->messages[0].number, TARGET);
    assert_int_equal(got->messages[0].tries, 1);
    assert_false(got->messages[0].has_content);
    assert_false(got->lane_empty[0]);
    assert_string_equal(task_of(h, id)->text.bytes, "t 3 0>2+0(test) 2>3+10(first message)");
    assert_string_equal(loaded(h), " flight:0@0 flight:1@0");
    got = claim(h, SENDER, id, 2);
    assert_int_equal(got->claim.count, 1);
    assert_true(got->lane_empty[0]);
    assert_int_equal(claim(h, SENDER, id, 1)->claim.count, 0);
    assert_string_equal(task_of(h, id)->text.bytes, "t 3 0>2+0(test) 2>3+10(first message)");
}

static void an_account_takes_only_its_own(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    const struct claimed *got = claim(h, SENDER + 1, id, 5);
    assert_int_equal(got->claim.count, 0);
    assert_true(got->lane_empty[0]);
}

static void lanes_are_taken_in_the_order_given(void **state)
{
    struct harness *h = *state;
    int64_t first = create_for_one(h, "a", 2, 1), second = create_for_one(h, "b", 2, 1);
    const struct claimed *got = claim_at(h, SENDER, (int64_t[]){second, first}, 2, 3, 0);
    assert_int_equal(got->claim.count, 3);
    assert_int_equal(got->messages[0].id, TASK_MESSAGE(second, 0));
    assert_int_equal(got->messages[2].id, TASK_MESSAGE(first, 0));
    assert_true(got->lane_empty[0]);
    assert_false(got->lane_empty[1]);
}

static void nothing_is_claimed_of_a_task_that_does_not_run(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 1);
    assert_int_equal(move(h, id, TASK_PAUSED), 0);
    assert_int_equal(claim(h, SENDER, id, 1)->claim.count, 0);
    assert_false(claim(h, SENDER, id, 1)->lane_empty[0]);
    assert_int_equal(move(h, id, TASK_STOPPED), 0);
    assert_int_equal(claim(h, SENDER, id, 1)->claim.count, 0);
    assert_true(claim(h, SENDER, id + 1, 1)->lane_empty[0]);
    assert_string_equal(counts(h, id), "2 0 0 0 0 0 2");
}

static void who_has_opted_out_fails_on_the_way_with_all_contents(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 3, 2);
    assert_int_equal(opt_out_one(h, NOW, TARGET, true, ""), 0);
    assert_int_equal(opt_out_one(h, NOW, TARGET + 2, true, ""), 0);
    const struct claimed *got = claim(h, SENDER, id, 5);
    assert_int_equal(got->claim.count, 1);
    assert_int_equal(got->messages[0].number, TARGET + 1);
    assert_true(got->lane_empty[0]);
    assert_string_equal(counts(h, id), "6 0 0 0 0 4 2");
    assert_int_equal(task_of(h, id)->task.status, TASK_SENDING);
}

/* --- outcomes */

static void what_was_sent_is_counted_and_no_longer_in_flight(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 1);
    claim(h, SENDER, id, 2);
    struct message_news items[] = {news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_READ),
                                   news_of(TASK_MESSAGE(id, 1), SENDER, MESSAGE_FAILED)};
    items[1].reason = REASON_UNDELIVERABLE;
    items[1].code = 131026;
    const struct messages_turn *op =
        turn(h, (struct messages_turn){.outcomes = items, .outcome_count = 2});
    assert_true(items[0].changed && items[1].changed);
    assert_int_equal(op->task_count, 1);
    assert_int_equal(op->tasks[0].task_id, id);
    assert_int_equal(op->tasks[0].left, 0);
    assert_int_equal(op->tasks[0].status, TASK_SENDING);
    assert_string_equal(counts(h, id), "2 1 1 1 0 1 0");
    assert_string_equal(messages(h, id), "5:0>491700000000(t-1) -1:0>491700000001!5(t-1)");
    assert_string_equal(loaded(h), "");
}

static void an_outcome_told_twice_changes_nothing(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    claim(h, SENDER, id, 1);
    assert_true(outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT)).changed);
    assert_false(outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT)).changed);
    assert_false(outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_RETRY)).changed);
    assert_string_equal(counts(h, id), "1 1 0 0 0 0 0");
    assert_true(outcome(h, news_of(TASK_MESSAGE(id, 9), SENDER, MESSAGE_SENT)).unknown);
}

static void the_next_content_is_queued_when_the_one_before_has_left(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 2);
    assert_int_equal(claim(h, SENDER, id, 2)->claim.count, 1);
    assert_int_equal(claim(h, SENDER, id, 2)->claim.count, 0);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    const struct claimed *got = claim(h, SENDER, id, 2);
    assert_int_equal(got->claim.count, 1);
    assert_int_equal(got->messages[0].part, 1);
    assert_string_equal(counts(h, id), "2 1 0 0 0 0 1");
}

static void when_one_content_fails_the_rest_fails_with_it(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 2);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_FAILED);
    news.reason = REASON_NOT_ON_WHATSAPP;
    outcome(h, news);
    assert_string_equal(messages(h, id), "-1:0>491700000000!4 -1:0>491700000000!4");
    assert_string_equal(counts(h, id), "2 0 0 0 0 2 0");
}

static void what_is_in_flight_when_a_task_is_stopped_keeps_its_outcome(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 2);
    claim(h, SENDER, id, 2);
    assert_int_equal(move(h, id, TASK_STOPPED), 0);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    outcome(h, news_of(TASK_MESSAGE(id, 2), SENDER, MESSAGE_RETRY));
    assert_string_equal(messages(h, id), "3:0>491700000000 -1:0>491700000000!6"
                                         " -1:0>491700000001!6 -1:0>491700000001!6");
    assert_string_equal(counts(h, id), "4 1 0 0 0 3 0");
    int64_t changed = 0;
    assert_string_equal(tasks_open(h, &changed, 9), "");
}

static void a_message_to_be_tried_again_waits_for_its_time(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 1);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_RETRY);
    news.retry_ms = NOW + 1000;
    outcome(h, news);
    assert_string_equal(loaded(h), " retry:0+1000");
    assert_string_equal(counts(h, id), "2 0 0 0 0 0 2");
    const struct claimed *got = claim_at(h, SENDER, &id, 1, 1, NOW + 999);
    assert_int_equal(got->messages[0].id, TASK_MESSAGE(id, 1));
    assert_int_equal(got->claim.retry_ms, NOW + 1000);
    got = claim_at(h, SENDER, &id, 1, 1, NOW + 1000);
    assert_int_equal(got->claim.count, 1);
    assert_int_equal(got->messages[0].id, TASK_MESSAGE(id, 0));
    assert_int_equal(got->messages[0].tries, 2);
    assert_int_equal(got->claim.retry_ms, 0);
}

static void retries_of_a_paused_task_keep_no_others_from_their_turn(void **state)
{
    struct harness *h = *state;
    int64_t paused = create_for_one(h, "paused", 20, 1), id = create_for_one(h, "t", 1, 1);
    claim(h, SENDER, paused, 20);
    claim(h, SENDER, id, 1);
    for (int i = 0; i <= 20; i++) {
        int64_t message = i < 20 ? TASK_MESSAGE(paused, i) : TASK_MESSAGE(id, 0);
        struct message_news news = news_of(message, SENDER, MESSAGE_RETRY);
        news.retry_ms = NOW + 100 + i;
        outcome(h, news);
    }
    assert_int_equal(move(h, paused, TASK_PAUSED), 0);
    const struct claimed *got = claim_at(h, SENDER, NULL, 0, 5, NOW + 1000);
    assert_int_equal(got->claim.count, 1);
    assert_int_equal(got->messages[0].id, TASK_MESSAGE(id, 0));
    assert_int_equal(move(h, paused, TASK_PENDING), 0);
    assert_int_equal(claim_at(h, SENDER, NULL, 0, 5, NOW + 1000)->claim.count, 5);
}

static void a_content_as_it_was_sent_is_kept(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_RETRY);
    news.rendered = STR("{\"type\":1,\"text\":\"Dear Li\"}");
    outcome(h, news);
    assert_true(claim_at(h, SENDER, &id, 1, 1, NOW + 5000)->messages[0].has_content);
}

/* --- news */

static void statuses_only_go_forward(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1), message = TASK_MESSAGE(id, 0);
    claim(h, SENDER, id, 1);
    outcome(h, news_of(message, SENDER, MESSAGE_SENT));
    assert_true(tell(h, news_of(message, SENDER, MESSAGE_READ)).changed);
    assert_false(tell(h, news_of(message, SENDER, MESSAGE_DELIVERED)).changed);
    assert_false(tell(h, news_of(message, SENDER, MESSAGE_FAILED)).changed);
    assert_string_equal(counts(h, id), "1 1 1 1 0 0 0");
    assert_true(tell(h, news_of(message, SENDER, MESSAGE_NOT_REPLIED)).changed);
    assert_string_equal(counts(h, id), "1 1 1 1 0 0 0");
}

static void news_may_overtake_the_outcome(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 2), message = TASK_MESSAGE(id, 0);
    claim(h, SENDER, id, 1);
    assert_true(tell(h, news_of(message, SENDER, MESSAGE_DELIVERED)).changed);
    outcome(h, news_of(message, SENDER, MESSAGE_SENT));
    assert_string_equal(messages(h, id), "4:0>491700000000 1:0>491700000000");
    assert_string_equal(counts(h, id), "2 1 1 0 0 0 1");
    assert_string_equal(loaded(h), "");
}

static void what_nobody_knew_is_replaced_by_what_the_provider_says(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1), message = TASK_MESSAGE(id, 0);
    claim(h, SENDER, id, 1);
    struct message_news unknown = news_of(message, SENDER, MESSAGE_FAILED);
    unknown.reason = REASON_UNKNOWN;
    outcome(h, unknown);
    assert_string_equal(counts(h, id), "1 0 0 0 0 1 0");
    assert_true(tell(h, news_of(message, SENDER, MESSAGE_DELIVERED)).changed);
    assert_string_equal(counts(h, id), "1 1 1 0 0 0 0");
    assert_string_equal(messages(h, id), "4:0>491700000000(t-1)");
}

static void a_message_is_found_by_its_provider_s_id_among_the_account_s(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 1);
    claim(h, SENDER, id, 2);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT);
    news.provider_id = STR("wamid.1");
    assert_true(outcome(h, news).changed);
    news.message = TASK_MESSAGE(id, 1); /* a provider that gives an id twice does no harm */
    assert_true(outcome(h, news).changed);
    news = news_of(0, SENDER, MESSAGE_DELIVERED);
    news.provider_id = STR("wamid.1");
    assert_true(tell(h, news).changed);
    assert_string_equal(messages(h, id), "4:0>491700000000(t-1) 3:0>491700000001(t-1)");
    news.account = SENDER + 1;
    assert_true(tell(h, news).unknown);
    news = news_of(TASK_MESSAGE(id, 0), SENDER + 1, MESSAGE_READ);
    assert_true(tell(h, news).unknown);
}

/* --- incoming */

static void a_reply_makes_what_it_answers_replied(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 2, 2);
    claim(h, SENDER, id, 2);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_READ));
    outcome(h, news_of(TASK_MESSAGE(id, 2), SENDER, MESSAGE_READ));
    claim(h, SENDER, id, 1);
    outcome(h, news_of(TASK_MESSAGE(id, 1), SENDER, MESSAGE_SENT));
    receive(h, incoming_of(SENDER + 1, TARGET, "another account"));
    assert_string_equal(counts(h, id), "4 3 2 2 0 0 1");
    assert_false(receive(h, incoming_of(SENDER, TARGET, "hello")).opted_out);
    assert_string_equal(counts(h, id), "4 3 3 3 2 0 1");
    assert_string_equal(messages(h, id), "6:0>491700000000 6:0>491700000000"
                                         " 5:0>491700000001 1:0>491700000001");
    receive(h, incoming_of(SENDER, TARGET, "hello again"));
    assert_string_equal(counts(h, id), "4 3 3 3 2 0 1");
}

static void a_reply_from_the_other_form_of_a_number_answers_all_the_same(void **state)
{
    struct harness *h = *state;
    struct task_target target = {.account = SENDER, .number = MARKED};
    struct task_draft draft = draft_of("t", &target, 1);
    assert_int_equal(create(h, &draft, 1), 0);
    claim(h, SENDER, draft.id, 1);
    outcome(h, news_of(TASK_MESSAGE(draft.id, 0), SENDER, MESSAGE_SENT));
    receive(h, incoming_of(SENDER, PLAIN, "hello"));
    assert_string_equal(counts(h, draft.id), "1 1 1 1 1 0 0");
}

static void a_stop_word_opts_the_number_out(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    assert_false(receive(h, incoming_of(SENDER, TARGET, "please stop")).opted_out);
    assert_true(receive(h, incoming_of(SENDER, TARGET, " Stop\n")).opted_out);
    assert_int_equal(claim(h, SENDER, id, 1)->claim.count, 0);
    assert_string_equal(messages(h, id), "-1:0>491700000000!3(t-1)");
    assert_string_equal(loaded(h), ""); /* no reply is configured */
}

static void an_opt_out_counts_from_the_turn_on_that_brings_it(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    struct message_incoming stop = incoming_of(SENDER, TARGET, "STOP");
    struct message_claimed claimed;
    bool empty;
    struct message_claim claims = {.tenant_id = TENANT,
                                   .account = SENDER,
                                   .lanes = &id,
                                   .lane_count = 1,
                                   .want = 1,
                                   .messages = &claimed,
                                   .lane_empty = &empty};
    const struct messages_turn *op =
        turn(h, (struct messages_turn){
                    .incoming = &stop, .incoming_count = 1, .claims = &claims, .claim_count = 1});
    assert_int_equal(op->claims[0].count, 0);
    assert_string_equal(counts(h, id), "1 0 0 0 0 1 0");
}

static void set_reply(struct harness *h, const char *words, const char *reply)
{
    struct tenant_write op = {.call = harness_call(h),
                              .id = TENANT,
                              .edition = -1,
                              .rate_limit = -1,
                              .token_window_s = -1,
                              .stop_words = str_of(words),
                              .stop_reply = str_of(reply)};
    store_tenant_set(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
}

static struct {
    struct message_contents op;
    struct text text;
} contents;

static void text_content(struct message_contents *op, size_t index, struct str content)
{
    (void)op;
    text_add(&contents.text, "%d:%.*s ", (int)index, (int)content.len, content.p);
}

static const char *contents_of(struct harness *h, const int64_t *ids, size_t count)
{
    memset(&contents, 0, sizeof(contents));
    contents.op = (struct message_contents){
        .call = harness_call(h), .messages = ids, .count = count, .each = text_content};
    store_message_contents(h->reader, &contents.op);
    run_read(h, &contents.op.call);
    assert_int_equal(contents.op.call.result, 0);
    return contents.text.bytes;
}

static void an_opt_out_is_confirmed_once_and_that_message_goes_out(void **state)
{
    struct harness *h = *state;
    const int64_t outside = 0;
    set_reply(h, "stop, basta,СТОП", "Bye");
    assert_true(receive(h, incoming_of(SENDER, TARGET, "стоп")).opted_out);
    assert_true(receive(h, incoming_of(SENDER, TARGET, "BASTA")).opted_out);
    assert_string_equal(loaded(h), " outside:0");
    const struct claimed *got = claim_at(h, SENDER, &outside, 1, 5, 0);
    assert_int_equal(got->claim.count, 1);
    assert_int_equal(got->messages[0].number, TARGET);
    assert_true(got->messages[0].has_content);
    const int64_t ids[] = {got->messages[0].id, TASK_MESSAGE(TASK_FIRST_ID, 0)};
    assert_string_equal(contents_of(h, ids, 2), "0:{\"type\":1,\"text\":\"Bye\"} 1: ");
    set_reply(h, "", "");
    assert_false(receive(h, incoming_of(SENDER, TARGET + 1, "stop")).opted_out);
}

static void the_same_message_twice_is_kept_once(void **state)
{
    struct harness *h = *state;
    struct message_incoming incoming = incoming_of(SENDER, TARGET, "STOP");
    incoming.provider_id = STR("in.1");
    assert_true(receive(h, incoming).opted_out);
    assert_false(receive(h, incoming).opted_out);
    incoming.account = SENDER + 77; /* an account that nobody has */
    assert_false(receive(h, incoming).opted_out);
}

/* --- follow-ups and paces */

static void text_follow_up(struct follow_ups_next *op, const struct follow_up *follow_up)
{
    struct text *text = (struct text *)(void *)(op + 1);
    text_add(text, " %d@%d>%d:%.*s", follow_up->code, (int)(follow_up->due_ms - NOW),
             (int)(follow_up->number - TARGET), (int)follow_up->text.len, follow_up->text.p);
}

static struct {
    struct follow_ups_next op;
    struct text text;
} follow_ups;

static const char *next_follow_ups(struct harness *h, int64_t after_ms, int64_t after_id)
{
    memset(&follow_ups, 0, sizeof(follow_ups));
    follow_ups.op = (struct follow_ups_next){.call = harness_call(h),
                                             .after_ms = after_ms,
                                             .after_id = after_id,
                                             .limit = 2,
                                             .each = text_follow_up};
    store_follow_ups_next(h->reader, &follow_ups.op);
    run_read(h, &follow_ups.op.call);
    return follow_ups.text.bytes;
}

static void follow_ups_are_kept_until_they_are_followed(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 1, 1);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT);
    news.follow_up = (struct follow_up){
        .due_ms = NOW + 9, .account = SENDER, .message = TASK_MESSAGE(id, 0), .code = 1};
    outcome(h, news);
    news.status = MESSAGE_DELIVERED;
    news.follow_up.code = 2;
    news.follow_up.due_ms = NOW + 5;
    news.follow_up.text = STR("x");
    tell(h, news);
    news.follow_up.due_ms = NOW + 11;
    tell(h, news);
    harness_reopen(h);
    assert_string_equal(next_follow_ups(h, 0, 0), " 2@5>0:x 1@9>0:");
    assert_string_equal(next_follow_ups(h, NOW + 9, 1), " 2@11>0:x");
    const int64_t done[] = {1, 2};
    turn(h, (struct messages_turn){.followed = done, .followed_count = 2});
    assert_string_equal(next_follow_ups(h, 0, 0), " 2@11>0:x");
}

static void a_pace_is_there_after_a_restart(void **state)
{
    struct harness *h = *state;
    struct account_pace pace = {SENDER, NOW + 7000, 20000, 3};
    turn(h, (struct messages_turn){.paces = &pace, .pace_count = 1});
    pace.sent = 4;
    turn(h, (struct messages_turn){.paces = &pace, .pace_count = 1});
    harness_reopen(h);
    assert_string_equal(loaded(h), " pace:0+7000,20000,4");
}

static void what_is_in_flight_is_found_after_a_restart(void **state)
{
    struct harness *h = *state;
    int64_t id = create_for_one(h, "t", 3, 1);
    claim(h, SENDER, id, 2);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    harness_reopen(h);
    assert_string_equal(loaded(h), " flight:1@0");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_claim_takes_the_first_in_line_and_begins_the_task),
        TEST(an_account_takes_only_its_own),
        TEST(lanes_are_taken_in_the_order_given),
        TEST(nothing_is_claimed_of_a_task_that_does_not_run),
        TEST(who_has_opted_out_fails_on_the_way_with_all_contents),
        TEST(what_was_sent_is_counted_and_no_longer_in_flight),
        TEST(an_outcome_told_twice_changes_nothing),
        TEST(the_next_content_is_queued_when_the_one_before_has_left),
        TEST(when_one_content_fails_the_rest_fails_with_it),
        TEST(what_is_in_flight_when_a_task_is_stopped_keeps_its_outcome),
        TEST(a_message_to_be_tried_again_waits_for_its_time),
        TEST(retries_of_a_paused_task_keep_no_others_from_their_turn),
        TEST(a_content_as_it_was_sent_is_kept),
        TEST(statuses_only_go_forward),
        TEST(news_may_overtake_the_outcome),
        TEST(what_nobody_knew_is_replaced_by_what_the_provider_says),
        TEST(a_message_is_found_by_its_provider_s_id_among_the_account_s),
        TEST(a_reply_makes_what_it_answers_replied),
        TEST(a_reply_from_the_other_form_of_a_number_answers_all_the_same),
        TEST(a_stop_word_opts_the_number_out),
        TEST(an_opt_out_counts_from_the_turn_on_that_brings_it),
        TEST(an_opt_out_is_confirmed_once_and_that_message_goes_out),
        TEST(the_same_message_twice_is_kept_once),
        TEST(follow_ups_are_kept_until_they_are_followed),
        TEST(a_pace_is_there_after_a_restart),
        TEST(what_is_in_flight_is_found_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
