/* Conformance: messages in pages, conversations, messages outside tasks, and how they are forgotten. */
#include "store/conversations.h"
#include "store/turn_calls.h"

#define DAY INT64_C(86400000)

/* --- pages of messages as text: "id:number<type" of what came, "id:number>type" of what went */

struct messages_text {
    struct messages_page page;
    struct text text;
};

static void text_shown(struct messages_page *page, const struct message_shown *message)
{
    struct messages_text *shown = (struct messages_text *)page;
    const char *type = memchr(message->content.p, ':', message->content.len);
    text_add(&shown->text, " %d:%d%c%c", (int)(message->id & 0xfffffff),
             (int)(message->number - TARGET), message->incoming ? '<' : '>', type ? type[1] : '?');
    if (message->friend_name.len > 0)
        text_add(&shown->text, "(%.*s)", (int)message->friend_name.len, message->friend_name.p);
}

static struct messages_text shown;

static int run_page(struct harness *h, struct messages_page op)
{
    memset(&shown, 0, sizeof(shown));
    shown.page = op;
    shown.page.call = harness_call(h);
    shown.page.tenant_id = op.tenant_id ? op.tenant_id : TENANT;
    shown.page.limit = op.limit ? op.limit : 100;
    shown.page.wanted.to_ms = op.wanted.to_ms ? op.wanted.to_ms : INT64_MAX;
    shown.page.each = text_shown;
    store_messages_page(h->reader, &shown.page);
    run_read(h, &shown.page.call);
    return shown.page.call.result;
}

static const char *wanted(struct harness *h, struct messages_wanted wanted)
{
    assert_int_equal(run_page(h, (struct messages_page){.wanted = wanted, .counts = true}), 0);
    return shown.text.bytes;
}

/* Sends all of a task of `count` numbers, a millisecond apart, from NOW + 100 on. */
static int64_t send_range(struct harness *h, size_t count)
{
    int64_t id = create_range(h, NULL, count);
    for (int i = 0; i < SENDERS; i++) {
        struct claimed got = *claim(h, senders[i], id, 90);
        for (size_t n = 0; n < got.claim.count; n++) {
            struct message_news news = news_of(got.messages[n].id, senders[i], MESSAGE_SENT);
            news.time_ms = NOW + 100 + (got.messages[n].id & 0xff);
            outcome(h, news);
        }
    }
    return id;
}

static void messages_that_left_or_came_stand_in_the_order_of_time_and_id(void **state)
{
    struct harness *h = *state;
    send_range(h, 3);
    create_range(h, "waits", 2);
    struct message_incoming first = incoming_of(SENDER, TARGET + 1, "x"), late = first;
    first.time_ms = NOW + 101;
    late.time_ms = NOW + 5000;
    receive(h, late);
    receive(h, first);
    struct customer_change change = {.number = TARGET + 1};
    change.fields[CUSTOMER_FRIEND_NAME] = set_text("Lee");
    assert_int_equal(upsert_one(h, TENANT, NOW, &change), 0);
    assert_string_equal(wanted(h, (struct messages_wanted){0}),
                        " 0:0>1 2:1<1(Lee) 1:1>1(Lee) 2:2>1 1:1<1(Lee)");
    assert_int_equal(shown.page.total, 5);
    assert_false(shown.page.more);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(run_page(h, (struct messages_page){.tenant_id = TENANT + 1, .counts = true}),
                     0);
    assert_string_equal(shown.text.bytes, "");
}

static void each_filter_leaves_out_what_it_says(void **state)
{
    struct harness *h = *state;
    send_range(h, 4);
    struct message_incoming came = incoming_of(SENDER + 1, TARGET, "x");
    came.content = STR("{\"type\":2,\"url\":\"https://a/b\"}");
    came.time_ms = NOW + 200;
    receive(h, came);
    assert_string_equal(wanted(h, (struct messages_wanted){.number = TARGET}), " 0:0>1 1:0<2");
    assert_string_equal(wanted(h, (struct messages_wanted){.direction = MESSAGES_RECEIVED}),
                        " 1:0<2");
    assert_string_equal(wanted(h, (struct messages_wanted){.direction = MESSAGES_SENT}),
                        " 0:0>1 1:1>1 2:2>1 3:3>1");
    assert_string_equal(wanted(h, (struct messages_wanted){.type = 2}), " 1:0<2");
    assert_string_equal(wanted(h, (struct messages_wanted){.type = 1}), " 0:0>1 1:1>1 2:2>1 3:3>1");
    assert_string_equal(
        wanted(h, (struct messages_wanted){.from_ms = NOW + 101, .to_ms = NOW + 102}),
        " 1:1>1 2:2>1");
    struct messages_wanted of = {.by_account = true, .accounts = &senders[1], .account_count = 2};
    assert_string_equal(wanted(h, of), " 1:1>1 2:2>1 1:0<2");
    of.account_count = 0;
    assert_string_equal(wanted(h, of), "");
    of = (struct messages_wanted){.number = TARGET, .direction = MESSAGES_SENT, .type = 1};
    assert_string_equal(wanted(h, of), " 0:0>1");
}

static void a_number_is_found_in_both_of_its_forms(void **state)
{
    struct harness *h = *state;
    receive(h, incoming_of(SENDER, INT64_C(5511987654321), "x"));
    receive(h, incoming_of(SENDER, INT64_C(551187654321), "x"));
    wanted(h, (struct messages_wanted){.number = INT64_C(551187654321)});
    assert_int_equal(shown.page.total, 2);
    wanted(h, (struct messages_wanted){.number = INT64_C(5511987654321)});
    assert_int_equal(shown.page.total, 2);
}

static void pages_one_after_another_are_the_whole_by_cursor_and_by_skip(void **state)
{
    struct harness *h = *state;
    send_range(h, 25);
    wanted(h, (struct messages_wanted){0});
    struct text whole = shown.text, by_cursor = {0}, by_skip = {0};
    int64_t after_ms = 0, after_id = 0;
    for (int n = 0; n < 4; n++) {
        const struct messages_page op = {
            .limit = 7, .after_ms = after_ms, .after_id = after_id, .counts = n == 0};
        assert_int_equal(run_page(h, op), 0);
        text_add(&by_cursor, "%s", shown.text.bytes);
        after_ms = shown.page.last_ms;
        after_id = shown.page.last_id;
        assert_int_equal(shown.page.more, n < 3);
    }
    for (int n = 0; n < 5; n++) {
        assert_int_equal(
            run_page(h, (struct messages_page){.limit = 7, .skip = 7 * n, .counts = true}), 0);
        assert_int_equal(shown.page.total, 25);
        text_add(&by_skip, "%s", shown.text.bytes);
    }
    assert_string_equal(by_cursor.bytes, whole.bytes);
    assert_string_equal(by_skip.bytes, whole.bytes);
}

static void a_page_that_would_look_at_too_much_says_so(void **state)
{
    struct harness *h = *state;
    struct message_incoming items[100];
    for (int i = 0; i < 100; i++)
        items[i] = incoming_of(SENDER, TARGET + i, "x");
    for (int i = 0; i < 20; i++)
        turn(h, (struct messages_turn){.incoming = items, .incoming_count = 100});
    const struct messages_page op = {.counts = true, .look_max = 100};
    assert_int_equal(run_page(h, op), ERR_TOO_LARGE);
    assert_string_equal(shown.text.bytes, "");
    assert_int_equal(run_page(h, (struct messages_page){.counts = true}), 0);
    assert_int_equal(shown.page.total, 2000);
    assert_int_equal(run_page(h, (struct messages_page){.limit = 10, .look_max = 2000}), 0);
    assert_int_equal(run_page(h, (struct messages_page){.counts = true, .deadline_us = 1}),
                     ERR_TIMEOUT);
}

static void what_is_to_be_tried_again_was_not_sent(void **state)
{
    struct harness *h = *state;
    int64_t id = create_range(h, "t", 1);
    claim(h, SENDER, id, 1);
    struct message_news news = news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_RETRY);
    news.time_ms = 0;
    news.retry_ms = NOW + 50;
    outcome(h, news);
    assert_string_equal(wanted(h, (struct messages_wanted){0}), "");
    claim_at(h, SENDER, &id, 1, 1, NOW + 60);
    outcome(h, news_of(TASK_MESSAGE(id, 0), SENDER, MESSAGE_SENT));
    assert_string_equal(wanted(h, (struct messages_wanted){0}), " 0:0>1");
}

/* --- conversations: "number@account+last_ms*unread" */

struct conversations_text {
    struct conversations_page page;
    struct text text;
};

static void text_conversation(struct conversations_page *page,
                              const struct conversation *conversation)
{
    struct conversations_text *texts = (struct conversations_text *)page;
    text_add(&texts->text, " %d@%d+%d", (int)(conversation->number - TARGET),
             (int)(conversation->account - SENDER), (int)(conversation->last_ms - NOW));
    if (conversation->unread > 0)
        text_add(&texts->text, "*%d", (int)conversation->unread);
    assert_true(conversation->content.len > 2);
}

static struct conversations_text talks;

static int run_conversations(struct harness *h, struct conversations_page op)
{
    memset(&talks, 0, sizeof(talks));
    talks.page = op;
    talks.page.call = harness_call(h);
    talks.page.tenant_id = TENANT;
    talks.page.limit = op.limit ? op.limit : 100;
    talks.page.each = text_conversation;
    store_conversations_page(h->reader, &talks.page);
    run_read(h, &talks.page.call);
    return talks.page.call.result;
}

static const char *conversations(struct harness *h, struct conversations_page op)
{
    assert_int_equal(run_conversations(h, op), 0);
    return talks.text.bytes;
}

static int read_one(struct harness *h, int64_t tenant_id, int64_t account, int64_t number)
{
    struct conversation_read op = {
        .call = harness_call(h), .tenant_id = tenant_id, .account = account, .number = number};
    store_conversation_read(h->store, &op);
    return harness_wait(h, &op.call);
}

static void come(struct harness *h, int64_t account, int64_t number, int64_t time_ms)
{
    struct message_incoming came = incoming_of(account, number, "x");
    came.time_ms = time_ms;
    receive(h, came);
}

static void conversations_are_listed_newest_first_until_they_are_read(void **state)
{
    struct harness *h = *state;
    send_range(h, 3);
    come(h, SENDER, TARGET, NOW + 300);
    come(h, SENDER, TARGET, NOW + 301);
    come(h, SENDER + 1, TARGET, NOW + 200);
    assert_string_equal(conversations(h, (struct conversations_page){0}),
                        " 0@0+301*2 0@1+200*1 2@2+102 1@1+101");
    assert_int_equal(talks.page.total, 4);
    assert_string_equal(conversations(h, (struct conversations_page){.unread = true}),
                        " 0@0+301*2 0@1+200*1");
    const struct conversations_page of = {
        .by_account = true, .accounts = &senders[1], .account_count = 1};
    assert_string_equal(conversations(h, of), " 0@1+200*1 1@1+101");
    assert_int_equal(read_one(h, TENANT, SENDER, TARGET), 0);
    assert_int_equal(read_one(h, TENANT, SENDER, TARGET), 0);
    assert_int_equal(read_one(h, TENANT, SENDER, TARGET + 1), ERR_NOT_FOUND);
    assert_int_equal(read_one(h, TENANT + 1, SENDER + 1, TARGET), ERR_NOT_FOUND);
    assert_string_equal(conversations(h, (struct conversations_page){.unread = true}),
                        " 0@1+200*1");
}

static void pages_of_conversations_are_the_whole(void **state)
{
    struct harness *h = *state;
    send_range(h, 25);
    conversations(h, (struct conversations_page){0});
    struct text whole = talks.text, by_cursor = {0}, by_skip = {0};
    struct conversation_key after = {0};
    for (int n = 0; n < 4; n++) {
        text_add(&by_cursor, "%s",
                 conversations(h, (struct conversations_page){.limit = 7, .after = after}));
        after = talks.page.last;
        assert_int_equal(talks.page.more, n < 3);
        assert_int_equal(talks.page.total, 25);
    }
    for (int n = 0; n < 5; n++)
        text_add(&by_skip, "%s",
                 conversations(h, (struct conversations_page){.limit = 7, .skip = 7 * n}));
    assert_string_equal(by_cursor.bytes, whole.bytes);
    assert_string_equal(by_skip.bytes, whole.bytes);
}

static void many_conversations_are_for_a_thread_that_has_time(void **state)
{
    struct harness *h = *state;
    struct message_incoming items[100];
    for (int n = 0; n < 20; n++) {
        for (int i = 0; i < 100; i++) {
            items[i] = incoming_of(SENDER, TARGET + n * 100 + i, "x");
            items[i].time_ms = NOW + (n * 100 + i) * 7 % 2000;
        }
        turn(h, (struct messages_turn){.incoming = items, .incoming_count = 100});
    }
    assert_int_equal(run_conversations(h, (struct conversations_page){.look_max = 2000}),
                     ERR_TOO_LARGE);
    assert_int_equal(run_conversations(h, (struct conversations_page){.deadline_us = 1}),
                     ERR_TIMEOUT);
    assert_int_equal(run_conversations(h, (struct conversations_page){.limit = 2, .skip = 3}), 0);
    assert_int_equal(talks.page.total, 2000);
    assert_string_equal(talks.text.bytes, " 1428@0+1996*1 285@0+1995*1");
}

/* --- messages outside tasks */

static int send_to(struct harness *h, int64_t tenant_id, int64_t account, size_t count,
                   int64_t *ids)
{
    static struct str contents[10001];
    for (size_t i = 0; i < count; i++)
        contents[i] = STR("{\"type\":1,\"text\":\"now\"}");
    struct messages_send op = {.call = harness_call(h),
                               .tenant_id = tenant_id,
                               .now_ms = NOW,
                               .account = account,
                               .number = TARGET,
                               .contents = contents,
                               .count = count,
                               .ids = ids};
    store_messages_send(h->store, &op);
    return harness_wait(h, &op.call);
}

static void single_sends_are_claimed_in_order_and_fail_when_opted_out(void **state)
{
    struct harness *h = *state;
    int64_t ids[3];
    assert_int_equal(send_to(h, TENANT, SENDER, 2, ids), 0);
    assert_int_equal(send_to(h, TENANT, SENDER, 1, ids + 2), 0);
    assert_true(ids[0] < ids[1] && ids[1] < ids[2]);
    assert_string_equal(loaded(h), " outside:0");
    const struct claimed *got = claim(h, SENDER, 0, 2);
    assert_int_equal(got->claim.count, 2);
    assert_int_equal(got->messages[0].id, ids[0]);
    assert_int_equal(got->messages[1].id, ids[1]);
    assert_true(got->messages[0].has_content);
    outcome(h, news_of(ids[0], SENDER, MESSAGE_SENT));
    assert_int_equal(opt_out_one(h, NOW, TARGET, true, ""), 0);
    assert_int_equal(claim(h, SENDER, 0, 2)->claim.count, 0);
    assert_string_equal(wanted(h, (struct messages_wanted){0}), " 1:0>1");
    assert_string_equal(conversations(h, (struct conversations_page){0}), " 0@0+20");
    assert_int_equal(send_to(h, TENANT, SENDER + 9, 1, ids), ERR_NO_AGENT);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(send_to(h, TENANT + 1, SENDER, 1, ids), ERR_NO_AGENT);
}

static void who_gets_the_number_of_an_account_does_not_send_its_messages(void **state)
{
    struct harness *h = *state;
    static int64_t ids[1000];
    assert_int_equal(send_to(h, TENANT, SENDER, 1000, ids), 0);
    claim(h, SENDER, 0, 1);
    struct message_news news = news_of(ids[0], SENDER, MESSAGE_RETRY);
    news.time_ms = 0;
    news.retry_ms = NOW + 5;
    outcome(h, news);
    struct account_write op = {
        .call = harness_call(h), .tenant_id = TENANT, .number = SENDER, .now_ms = NOW};
    store_account_remove(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT + 1, "ann"), 0);
    assert_int_equal(add_account(h, TENANT + 1, SENDER), 0);
    assert_int_equal(claim_at(h, SENDER, (int64_t[]){0}, 1, 5, NOW + 60)->claim.count, 0);
    assert_string_equal(loaded(h), "");
}

static void so_many_of_an_account_may_wait(void **state)
{
    struct harness *h = *state;
    static int64_t ids[ACCOUNT_MAX_OUTSIDE + 1];
    assert_int_equal(send_to(h, TENANT, SENDER, ACCOUNT_MAX_OUTSIDE + 1, ids), ERR_FULL);
    assert_int_equal(send_to(h, TENANT, SENDER, ACCOUNT_MAX_OUTSIDE, ids), 0);
    assert_int_equal(send_to(h, TENANT, SENDER, 1, ids), ERR_FULL);
    assert_int_equal(send_to(h, TENANT, SENDER + 1, 1, ids), 0);
    claim(h, SENDER, 0, 1);
    assert_int_equal(send_to(h, TENANT, SENDER, 1, ids), 0);
}

struct queued_text {
    struct outside_queued op;
    struct text text;
};

static void text_queued(struct outside_queued *op, int64_t account)
{
    text_add(&((struct queued_text *)op)->text, " %d", (int)(account - SENDER));
}

static const char *queued(struct harness *h, int64_t *after)
{
    static struct queued_text texts;
    memset(&texts, 0, sizeof(texts));
    texts.op =
        (struct outside_queued){.call = harness_call(h), .after = *after, .each = text_queued};
    store_outside_queued(h->reader, &texts.op);
    run_read(h, &texts.op.call);
    assert_int_equal(texts.op.call.result, 0);
    *after = texts.op.after;
    return texts.text.bytes;
}

static void an_engine_hears_of_what_was_queued_since_it_looked(void **state)
{
    struct harness *h = *state;
    int64_t ids[2], after = 0;
    assert_string_equal(queued(h, &after), "");
    assert_int_equal(send_to(h, TENANT, SENDER, 2, ids), 0);
    assert_string_equal(queued(h, &after), " 0 0");
    assert_string_equal(queued(h, &after), "");
    come(h, SENDER + 1, TARGET, NOW);
    assert_string_equal(queued(h, &after), "");
    assert_int_equal(send_to(h, TENANT, SENDER + 2, 1, ids), 0);
    assert_string_equal(queued(h, &after), " 2");
}

/* --- what is too old goes */

static int64_t later(void)
{
    return NOW + 31 * DAY;
}

static void wait_until_gone(struct harness *h, const char *left)
{
    for (int i = 0; i < 5000 && strcmp(wanted(h, (struct messages_wanted){0}), left) != 0; i++)
        usleep(1000);
    assert_string_equal(wanted(h, (struct messages_wanted){0}), left);
}

static void what_is_older_than_its_days_is_forgotten(void **state)
{
    struct harness *h = *state;
    int64_t ids[1], over = send_range(h, 3), open = send_range(h, 1);
    assert_int_equal(move(h, over, TASK_COMPLETED), 0);
    come(h, SENDER, TARGET + 7, NOW);
    assert_int_equal(send_to(h, TENANT, SENDER, 1, ids), 0);
    come(h, SENDER, INT64_C(551187654321), NOW);
    come(h, SENDER, INT64_C(5511987654321), NOW);
    struct message_incoming young = incoming_of(SENDER, TARGET + 9, "x");
    young.time_ms = NOW + 10 * DAY;
    turn(h,
         (struct messages_turn){.now_ms = NOW + 10 * DAY, .incoming = &young, .incoming_count = 1});
    harness_close(h);
    h->settings.message_days = 30;
    h->settings.clock_ms = later;
    harness_open(h);
    wait_until_gone(h, " 0:0>1 5:9<1");
    assert_null(task_page(h, TENANT, over, 0, 10));
    assert_non_null(task_page(h, TENANT, open, 0, 10));
    assert_string_equal(conversations(h, (struct conversations_page){0}),
                        " 9@0+864000000*1 0@0+100");
    assert_int_equal(claim(h, SENDER, 0, 5)->claim.count, 1);
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    assert_int_equal(metrics.messages_forgotten, 6);
    assert_int_equal(create_range(h, NULL, 1) > open, true);
}

static void with_0_days_nothing_is_forgotten(void **state)
{
    struct harness *h = *state;
    int64_t id = send_range(h, 1);
    assert_int_equal(move(h, id, TASK_COMPLETED), 0);
    come(h, SENDER, TARGET + 7, NOW);
    harness_close(h);
    h->settings.message_days = 0;
    h->settings.clock_ms = later;
    harness_open(h);
    add_agent(h, TENANT, "carl");
    assert_string_equal(wanted(h, (struct messages_wanted){0}), " 1:7<1 0:0>1");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(messages_that_left_or_came_stand_in_the_order_of_time_and_id),
        CASE(each_filter_leaves_out_what_it_says),
        CASE(a_number_is_found_in_both_of_its_forms),
        CASE(pages_one_after_another_are_the_whole_by_cursor_and_by_skip),
        CASE(a_page_that_would_look_at_too_much_says_so),
        CASE(what_is_to_be_tried_again_was_not_sent),
        CASE(conversations_are_listed_newest_first_until_they_are_read),
        CASE(pages_of_conversations_are_the_whole),
        CASE(many_conversations_are_for_a_thread_that_has_time),
        CASE(single_sends_are_claimed_in_order_and_fail_when_opted_out),
        CASE(who_gets_the_number_of_an_account_does_not_send_its_messages),
        CASE(so_many_of_an_account_may_wait),
        CASE(an_engine_hears_of_what_was_queued_since_it_looked),
        CASE(what_is_older_than_its_days_is_forgotten),
        CASE(with_0_days_nothing_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
