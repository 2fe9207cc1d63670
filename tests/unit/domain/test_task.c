#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "domain/task.h"

/* Row: from, column: to; both from NOT_STARTED to PAUSED. */
static void tasks_move_as_the_table_says(void **state)
{
    (void)state;
    static const char *const table[] = {
        ".P.S.U", /* NOT_STARTED */
        "..NSCU", /* PENDING */
        "...SCU", /* SENDING */
        "......", /* STOPPED */
        "......", /* COMPLETED */
        "OP.S..", /* PAUSED */
    };
    for (int from = TASK_NOT_STARTED; from <= TASK_PAUSED; from++)
        for (int to = TASK_NOT_STARTED; to <= TASK_PAUSED; to++)
            assert_int_equal(task_may_move((enum task_status)from, (enum task_status)to),
                             table[from - 1][to - 1] != '.');
}

static void stopped_and_completed_are_final(void **state)
{
    (void)state;
    for (int status = TASK_NOT_STARTED; status <= TASK_PAUSED; status++)
        assert_int_equal(task_is_final((enum task_status)status),
                         status == TASK_STOPPED || status == TASK_COMPLETED);
}

static void a_message_id_tells_its_task(void **state)
{
    (void)state;
    const int64_t last = (INT64_C(1) << 35) - 1;
    assert_int_equal(MESSAGE_TASK(TASK_MESSAGE(TASK_FIRST_ID, 0)), TASK_FIRST_ID);
    assert_int_equal(MESSAGE_TASK(TASK_MESSAGE(last, TASK_MAX_MESSAGES - 1)), last);
    assert_int_equal(TASK_MESSAGE(last, TASK_MAX_MESSAGES - 1), INT64_MAX);
    assert_int_equal(MESSAGE_TASK(TASK_MESSAGE(TASK_FIRST_ID, 0) - 1), 0);
    assert_int_equal(MESSAGE_TASK(INT64_C(1)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_move_as_the_table_says),
        cmocka_unit_test(stopped_and_completed_are_final),
        cmocka_unit_test(a_message_id_tells_its_task),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
