#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/message.h"

static void news_moves_a_message_forward_only(void **state)
{
    (void)state;
    static const enum message_status order[] = {
        MESSAGE_WAITING,   MESSAGE_QUEUED, MESSAGE_SENDING,     MESSAGE_SENT,
        MESSAGE_DELIVERED, MESSAGE_READ,   MESSAGE_NOT_REPLIED, MESSAGE_REPLIED,
    };
    for (size_t from = 0; from < 8; from++)
        for (size_t to = 0; to < 8; to++)
            assert_int_equal(message_may_become(order[from], REASON_NONE, order[to]), from < to);
}

static void only_what_was_not_delivered_may_fail(void **state)
{
    (void)state;
    for (int from = MESSAGE_WAITING; from <= MESSAGE_RETRY; from++)
        assert_int_equal(message_may_become((enum message_status)from, REASON_NONE, MESSAGE_FAILED),
                         from <= MESSAGE_SENT || from == MESSAGE_RETRY);
    assert_false(message_may_become(MESSAGE_FAILED, REASON_UNKNOWN, MESSAGE_FAILED));
}

static void failed_is_final_unless_nobody_knew(void **state)
{
    (void)state;
    for (int reason = REASON_NONE; reason <= REASON_NOT_IN_GROUP; reason++) {
        bool is_open = reason == REASON_UNKNOWN || reason == REASON_TIMED_OUT;
        for (int to = MESSAGE_WAITING; to <= MESSAGE_RETRY; to++)
            assert_int_equal(message_may_become(MESSAGE_FAILED, (enum message_reason)reason,
                                                (enum message_status)to),
                             is_open && to >= MESSAGE_SENT && to <= MESSAGE_NOT_REPLIED);
    }
}

static void a_retry_is_shown_as_queued(void **state)
{
    (void)state;
    assert_int_equal(message_status_wire(MESSAGE_RETRY), 1);
    for (int status = MESSAGE_FAILED; status <= MESSAGE_NOT_REPLIED; status++)
        assert_int_equal(message_status_wire((enum message_status)status), status);
}

static void each_reason_has_a_text_of_its_own(void **state)
{
    (void)state;
    assert_string_equal(message_reason_text(REASON_NONE), "");
    assert_string_equal(message_reason_text(REASON_UNKNOWN), "unknown after restart");
    for (int i = REASON_UNKNOWN; i <= REASON_NOT_IN_GROUP; i++) {
        size_t len = strlen(message_reason_text((enum message_reason)i));
        assert_true(len > 0 && len <= MESSAGE_REASON_LONGEST);
    }
}

static void the_counts_are_a_funnel(void **state)
{
    (void)state;
    static const struct {
        enum message_status status;
        int sent, delivered, read, replied, failed, left;
    } table[] = {
        {MESSAGE_WAITING, 0, 0, 0, 0, 0, 1}, {MESSAGE_QUEUED, 0, 0, 0, 0, 0, 1},
        {MESSAGE_RETRY, 0, 0, 0, 0, 0, 1},   {MESSAGE_SENDING, 0, 0, 0, 0, 0, 1},
        {MESSAGE_SENT, 1, 0, 0, 0, 0, 0},    {MESSAGE_DELIVERED, 1, 1, 0, 0, 0, 0},
        {MESSAGE_READ, 1, 1, 1, 0, 0, 0},    {MESSAGE_NOT_REPLIED, 1, 1, 1, 0, 0, 0},
        {MESSAGE_REPLIED, 1, 1, 1, 1, 0, 0}, {MESSAGE_FAILED, 0, 0, 0, 0, 1, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct message_counts counts = {.total = 1, .left = 1}; /* one is queued */
        message_count(&counts, MESSAGE_QUEUED, table[i].status);
        assert_int_equal(counts.total, 1);
        assert_int_equal(counts.sent, table[i].sent);
        assert_int_equal(counts.delivered, table[i].delivered);
        assert_int_equal(counts.read, table[i].read);
        assert_int_equal(counts.replied, table[i].replied);
        assert_int_equal(counts.failed, table[i].failed);
        assert_int_equal(counts.left, table[i].left);
        message_count(&counts, table[i].status, MESSAGE_QUEUED);
        assert_int_equal(counts.left, 1);
        assert_int_equal(counts.sent + counts.delivered + counts.read + counts.failed, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(news_moves_a_message_forward_only),
        cmocka_unit_test(only_what_was_not_delivered_may_fail),
        cmocka_unit_test(failed_is_final_unless_nobody_knew),
        cmocka_unit_test(a_retry_is_shown_as_queued),
        cmocka_unit_test(each_reason_has_a_text_of_its_own),
        cmocka_unit_test(the_counts_are_a_funnel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
