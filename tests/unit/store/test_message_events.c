/* Conformance: what webhooks of the types message, status and task are told, on any back end. */
#include "store/hooks.h"
#include "store/turn_calls.h"

#define TWO "[{\"type\":1,\"text\":\"a\",\"transId\":\"x\"},{\"type\":2,\"url\":\"http://h/p\"}]"
static const struct str two_parts[] = {{TWO, sizeof(TWO) - 1}};

struct hooked {
    int64_t messages, statuses, tasks; /* webhooks */
};

static struct hooked hook_all(struct harness *h)
{
    return (struct hooked){.messages = add_webhook(h, EVENT_MESSAGE, URL),
                           .statuses = add_webhook(h, EVENT_STATUS, URL),
                           .tasks = add_webhook(h, EVENT_TASK, URL)};
}

static int64_t create_for_one(struct harness *h, size_t recipients, size_t parts)
{
    struct task_target targets[20];
    for (size_t i = 0; i < recipients; i++)
        targets[i] = (struct task_target){.account = SENDER, .number = TARGET + (int64_t)i};
    struct task_draft draft = draft_of("t", targets, recipients);
    draft.parts = parts;
    draft.contents = parts == 2 ? two_parts : one_content;
    assert_int_equal(create(h, &draft, 1), 0);
    return draft.id;
}

/* `format` has the task's id and the message's, in this order. */
static const char *filled(const char *format, int64_t task, int64_t message)
{
    static char text[8192];
    size_t len = 0;
    int64_t values[] = {task, message};
    for (int at = 0; *format; format++)
        if (*format == '#')
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%" PRId64, values[at++ % 2]);
        else
            text[len++] = *format;
    text[len] = '\0';
    return text;
}

#define STATUS_OF(trans, to, status, reason, time)                                  \
    "{\"taskId\":\"#\",\"msgId\":\"#\",\"transId\":\"" trans "\","                  \
    "\"whatsId\":\"8613900000001\",\"friendWhatsId\":\"" to "\",\"status\":" status \
    ",\"reason\":\"" reason "\",\"time\":" time "}"

static void a_message_that_left_is_told_and_so_is_its_status(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    struct customer_change customer = {.number = TARGET};
    customer.fields[CUSTOMER_FRIEND_NAME] = set_text("Lee \"L\"");
    assert_int_equal(upsert_one(h, TENANT, NOW, &customer), 0);
    int64_t task = create_for_one(h, 1, 1), id = TASK_MESSAGE(task, 0);
    claim(h, SENDER, task, 1);
    assert_string_equal(told(h, hooks.statuses), "");
    outcome(h, news_of(id, SENDER, MESSAGE_SENT));
    assert_string_equal(
        told(h, hooks.messages),
        filled("{\"msgId\":\"#\",\"username\":\"ann\",\"whatsId\":\"8613900000001\","
               "\"friendWhatsId\":\"491700000000\",\"friendName\":\"Lee \\\"L\\\"\","
               "\"actionType\":1,\"chatType\":1,\"contentType\":1,\"content\":{\"text\":\"hello\"},"
               "\"status\":3,\"chatTime\":1700000000020}",
               id, id));
    assert_string_equal(
        told(h, hooks.statuses),
        filled(STATUS_OF("t-1", "491700000000", "3", "", "1700000000020"), task, id));
    outcome(h, news_of(id, SENDER, MESSAGE_SENT)); /* once more */
    tell(h, news_of(id, SENDER, MESSAGE_READ));
    tell(h, news_of(id, SENDER, MESSAGE_DELIVERED)); /* older news */
    assert_string_equal(
        told(h, hooks.statuses),
        filled(STATUS_OF("t-1", "491700000000", "5", "", "1700000000020"), task, id));
    assert_string_equal(told(h, hooks.messages), "");
}

static void what_is_told_together_is_one_event(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 1), id = TASK_MESSAGE(task, 0);
    claim(h, SENDER, task, 1);
    struct message_news sent = news_of(id, SENDER, MESSAGE_SENT);
    struct message_news later[] = {news_of(id, SENDER, MESSAGE_DELIVERED),
                                   news_of(id, SENDER, MESSAGE_READ)};
    struct message_incoming reply = incoming_of(SENDER, TARGET, "in");
    turn(h, (struct messages_turn){.outcomes = &sent,
                                   .outcome_count = 1,
                                   .news = later,
                                   .news_count = 2,
                                   .incoming = &reply,
                                   .incoming_count = 1});
    assert_string_equal(
        told(h, hooks.statuses),
        filled(STATUS_OF("t-1", "491700000000", "6", "", "1700000000030"), task, id));
    assert_int_equal(next(h, hooks.messages, INT64_MAX - 1)->count, 1); /* the reply waits */
    const char *both = told(h, hooks.messages);
    const char *out = strstr(both, "\"actionType\":1"), *in = strstr(both, "\"actionType\":2");
    assert_true(out && in && out < in);
    assert_non_null(strstr(in, "\"content\":{\"text\":\"in\"},\"status\":4,"
                               "\"chatTime\":1700000000030}"));
}

static void a_try_to_come_again_is_not_told(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 1), id = TASK_MESSAGE(task, 0);
    claim(h, SENDER, task, 1);
    struct message_news again = news_of(id, SENDER, MESSAGE_RETRY);
    again.retry_ms = NOW + 100;
    outcome(h, again);
    assert_string_equal(told(h, hooks.statuses), "");
    assert_string_equal(told(h, hooks.messages), "");
}

static void a_failure_is_told_with_its_reason_and_takes_the_rest_along(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 2), id = TASK_MESSAGE(task, 0);
    claim(h, SENDER, task, 1);
    struct message_news failed = news_of(id, SENDER, MESSAGE_FAILED);
    failed.reason = REASON_UNDELIVERABLE;
    failed.reason_text = STR("not \"allowed\"");
    outcome(h, failed);
    char expected[1024];
    snprintf(expected, sizeof(expected), "%s|",
             filled(STATUS_OF("x", "491700000000", "-1", "not \\\"allowed\\\"", "1700000000020"),
                    task, id));
    size_t len = strlen(expected);
    snprintf(expected + len, sizeof(expected) - len, "%s",
             filled(STATUS_OF("", "491700000000", "-1", "undeliverable", "1700000000010"), task,
                    id + 1));
    assert_string_equal(told(h, hooks.statuses), expected);
    assert_string_equal(told(h, hooks.messages), "");
}

static void who_has_opted_out_is_told_of(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 2, 1);
    assert_int_equal(opt_out_one(h, NOW, TARGET, true, ""), 0);
    claim(h, SENDER, task, 1);
    assert_string_equal(told(h, hooks.statuses),
                        filled(STATUS_OF("t-1", "491700000000", "-1", "opted out", "1700000000010"),
                               task, TASK_MESSAGE(task, 0)));
}

static void a_stopped_task_is_told_with_the_messages_that_it_takes_along(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 3, 1), left;
    claim(h, SENDER, task, 1);
    assert_int_equal(move(h, task, TASK_PAUSED), 0);
    assert_string_equal(told(h, hooks.tasks), "");
    assert_int_equal(move(h, task, TASK_STOPPED), 0);
    assert_string_equal(
        told(h, hooks.tasks),
        filled("{\"taskId\":\"#\",\"name\":\"t\",\"status\":4,\"total\":3,\"sent\":0,"
               "\"delivered\":0,\"read\":0,\"replied\":0,\"failed\":0,\"time\":1700000000005}",
               task, 0));
    assert_true(drain(h, task, SENDER, NULL, 0, &left) >= 0);
    assert_int_equal(next(h, hooks.statuses, INT64_MAX - 1)->count, 2);
    assert_non_null(strstr(told(h, hooks.statuses), "\"status\":-1,\"reason\":\"task stopped\""));
    assert_string_equal(counts(h, task), "3 0 0 0 0 2 1");
}

static void each_content_is_told_as_its_own(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 2);
    for (int i = 0; i < 2; i++) {
        claim(h, SENDER, task, 1);
        outcome(h, news_of(TASK_MESSAGE(task, i), SENDER, MESSAGE_SENT));
    }
    const char *both = told(h, hooks.messages);
    const char *first = strstr(both, "\"contentType\":1,\"content\":{\"text\":\"a\"}");
    const char *second = strstr(both, "\"contentType\":2,\"content\":{\"url\":\"http://h/p\"}");
    assert_true(first && second && first < second);
}

static void a_text_is_told_as_it_was_rendered(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 1);
    claim(h, SENDER, task, 1);
    struct message_news sent = news_of(TASK_MESSAGE(task, 0), SENDER, MESSAGE_SENT);
    sent.rendered = STR("{\"type\":1,\"text\":\"dear Lee\",\"transId\":\"t-1\"}");
    outcome(h, sent);
    assert_non_null(strstr(told(h, hooks.messages), "\"content\":{\"text\":\"dear Lee\"}"));
}

static void what_had_no_reply_is_told_when_its_time_is_over(void **state)
{
    struct harness *h = *state;
    struct hooked hooks = hook_all(h);
    int64_t task = create_for_one(h, 1, 1);
    claim(h, SENDER, task, 1);
    outcome(h, news_of(TASK_MESSAGE(task, 0), SENDER, MESSAGE_READ));
    assert_non_null(strstr(told(h, hooks.statuses), "\"status\":5"));
    harness_close(h);
    atomic_store(&hooks_now, NOW + 2 * DAY);
    harness_open(h); /* chores are due at a start */
    for (int i = 0; next(h, hooks.statuses, INT64_MAX - 1)->count == 0 && i < 1000; i++)
        usleep(10000);
    assert_non_null(strstr(next(h, hooks.statuses, INT64_MAX - 1)->text.bytes, "\"status\":7"));
}

static void without_urls_nothing_is_written(void **state)
{
    struct harness *h = *state;
    int64_t task = create_for_one(h, 1, 1);
    claim(h, SENDER, task, 1);
    outcome(h, news_of(TASK_MESSAGE(task, 0), SENDER, MESSAGE_SENT));
    receive(h, incoming_of(SENDER, TARGET, "in"));
    assert_int_equal(move(h, task, TASK_STOPPED), 0);
    assert_string_equal(deliveries(h), "/0");
}

static int start(void **state)
{
    hooks_start(state);
    for (int i = 0; i < SENDERS; i++)
        assert_int_equal(add_account(*state, TENANT, senders[i]), 0);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_message_that_left_is_told_and_so_is_its_status),
        TEST(what_is_told_together_is_one_event),
        TEST(a_try_to_come_again_is_not_told),
        TEST(a_failure_is_told_with_its_reason_and_takes_the_rest_along),
        TEST(who_has_opted_out_is_told_of),
        TEST(a_stopped_task_is_told_with_the_messages_that_it_takes_along),
        TEST(each_content_is_told_as_its_own),
        TEST(a_text_is_told_as_it_was_rendered),
        TEST(what_had_no_reply_is_told_when_its_time_is_over),
        TEST(without_urls_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
