/* Screenings on a real store and the real sandbox, by a clock that is moved by hand. */
#include "engine/asked.h"

#include "store/screenings.h"

static void screen(struct world *w, uint8_t id, int64_t first, size_t count)
{
    int64_t *numbers = calloc(count, sizeof(*numbers));
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = first + (int64_t)i;
    struct screening_add op = {.call = harness_call(w->h),
                               .tenant_id = TENANT,
                               .now_ms = w->now_ms,
                               .id = {id},
                               .numbers = numbers,
                               .count = count};
    store_screening_add(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    free(numbers);
    if (w->engine)
        engine_wake(w->engine);
}

struct shown_screening {
    struct screening_get op;
    struct screening screening;
    size_t shown, exist;
    int64_t missing; /* the last that does not exist */
};

static void show_screening(struct screening_get *op, const struct screening *screening)
{
    ((struct shown_screening *)op)->screening = *screening;
}

static void show_number(struct screening_get *op, int64_t number, bool exists)
{
    struct shown_screening *shown = (struct shown_screening *)op;
    shown->shown++;
    shown->exist += exists;
    if (!exists)
        shown->missing = number;
}

static const struct shown_screening *progress(struct world *w, uint8_t id)
{
    static struct shown_screening shown;
    shown = (struct shown_screening){.op = {.call = harness_call(w->h),
                                            .tenant_id = TENANT,
                                            .id = {id},
                                            .screening = show_screening,
                                            .number = show_number}};
    store_screening_get(w->h->reader, &shown.op);
    run_reads(w, &shown.op.call);
    return &shown;
}

static void twenty_thousand_numbers_are_screened_at_pace(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 20; i++)
        world_account(w, ACCOUNT + i, "{}");
    world_engine(w);
    screen(w, 1, TARGET, 20000);
    world_run_until(w, NOW + 400 * SECOND);
    const struct shown_screening *shown = progress(w, 1);
    assert_in_range(shown->screening.done, 7980, 8020);
    assert_int_equal(shown->screening.finished_ms, 0);
    assert_int_equal(shown->shown, 0);
    world_run_until(w, NOW + 1000 * SECOND);
    shown = progress(w, 1);
    assert_int_equal(shown->screening.done, 20000);
    assert_int_equal(shown->shown, 20000);
    assert_int_equal(shown->exist, 19998); /* …0401 and …10401 */
    assert_int_equal(shown->screening.found, 19998);
    assert_int_equal(shown->missing, TARGET + 10401);
    assert_int_equal(shown->screening.finished_ms, NOW + 999 * SECOND);
    for (int i = 0; i < 20; i++)
        assert_pace(w, ACCOUNT + i, "check", SECOND);
    assert_asked_once(w, 20000);
}

static void answers_are_kept_a_week_and_shared_within_the_tenant(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"check_interval_ms\":\"0\"}");
    world_engine(w);
    screen(w, 1, TARGET, 1000);
    screen(w, 2, TARGET + 500, 1000);
    world_settle(w);
    assert_true(progress(w, 1)->screening.finished_ms > 0);
    assert_int_equal(progress(w, 2)->shown, 1000);
    assert_asked_once(w, 1500);
    store_now = NOW + 7 * DAY - 1;
    world_run_until(w, NOW + 7 * DAY - 1);
    screen(w, 3, TARGET, 1000);
    world_settle(w);
    assert_int_equal(progress(w, 3)->screening.found, 999);
    assert_asked_once(w, 1500);
    world_run_until(w, NOW + 7 * DAY + 1000);
    screen(w, 4, TARGET, 500);
    world_settle(w);
    assert_int_equal(progress(w, 4)->shown, 500);
    size_t count;
    free(read_lines(w, &count));
    assert_int_equal(count, 2000);
}

static int result_of(struct world *w, uint8_t id)
{
    struct shown_screening shown = {.op = {.call = harness_call(w->h),
                                           .tenant_id = TENANT,
                                           .id = {id},
                                           .screening = show_screening}};
    store_screening_get(w->h->reader, &shown.op);
    while (shown.op.call.owner)
        store_reads_run(w->h->reader);
    return shown.op.call.result;
}

static void what_is_over_for_a_week_is_forgotten_and_what_waits_is_not(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"check_interval_ms\":\"0\"}");
    world_engine(w);
    screen(w, 1, TARGET, 500);
    world_settle(w);
    world_account_remove(w, ACCOUNT);
    world_settle(w);
    screen(w, 2, TARGET, 1000);
    world_settle(w);
    store_now = NOW + 7 * DAY + 1;
    world_restart(w);
    while (result_of(w, 1) != ERR_NOT_FOUND) /* the store's own work, which a start asks for */
        assert_int_equal(result_of(w, 2), 0);
    assert_int_equal(progress(w, 2)->screening.total, 1000);
}

static void orders_are_worked_on_in_order_of_arrival(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{}");
    world_engine(w);
    screen(w, 1, TARGET, 500);
    screen(w, 2, TARGET + 1000, 500);
    world_run_until(w, NOW + 499 * SECOND);
    assert_int_equal(progress(w, 2)->screening.started_ms, 0);
    world_run_until(w, NOW + 505 * SECOND);
    assert_true(progress(w, 1)->screening.finished_ms > 0);
    assert_true(progress(w, 2)->screening.started_ms > 0);
}

static void a_number_that_comes_twice_is_asked_once(void **state)
{
    struct world *w = *state;
    int64_t numbers[500];
    world_account(w, ACCOUNT, "{\"check_interval_ms\":\"0\"}");
    world_engine(w);
    for (size_t i = 0; i < 500; i++)
        numbers[i] = TARGET + (int64_t)(i % 3) + 400;
    struct screening_add op = {.call = harness_call(w->h),
                               .tenant_id = TENANT,
                               .now_ms = w->now_ms,
                               .id = {1},
                               .numbers = numbers,
                               .count = 500};
    store_screening_add(w->h->store, &op);
    assert_int_equal(harness_wait(w->h, &op.call), 0);
    engine_wake(w->engine);
    world_settle(w);
    const struct shown_screening *shown = progress(w, 1);
    assert_int_equal(shown->shown, 500);
    assert_int_equal(shown->exist, 333); /* two of three */
    assert_asked_once(w, 3);
}

static void a_restart_while_numbers_are_checked_loses_and_repeats_nothing(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"check_interval_ms\":\"20\"}");
    world_account(w, ACCOUNT + 1, "{\"check_interval_ms\":\"0\"}");
    world_engine(w);
    screen(w, 1, TARGET, 2000);
    for (int i = 1; i <= 20; i++) {
        for (int turn = 0; turn < i; turn++)
            engine_run(w->engine); /* wherever it is */
        w->now_ms += 7;
        world_restart(w);
    }
    world_settle(w);
    world_run_until(w, NOW + MINUTE);
    assert_int_equal(progress(w, 1)->shown, 2000);
    assert_int_equal(progress(w, 1)->exist, 2000 - 1);
    assert_asked_once(w, 2000);
}

static void an_account_that_goes_away_gives_its_numbers_back(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{}");
    world_account(w, ACCOUNT + 1, "{}");
    world_engine(w);
    screen(w, 1, TARGET, 500);
    world_run_until(w, NOW + 10 * SECOND);
    world_account_remove(w, ACCOUNT);
    world_run_until(w, NOW + 600 * SECOND);
    assert_int_equal(progress(w, 1)->shown, 500);
    assert_asked_once(w, 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(twenty_thousand_numbers_are_screened_at_pace),
        TEST(answers_are_kept_a_week_and_shared_within_the_tenant),
        TEST(what_is_over_for_a_week_is_forgotten_and_what_waits_is_not),
        TEST(orders_are_worked_on_in_order_of_arrival),
        TEST(a_number_that_comes_twice_is_asked_once),
        TEST(a_restart_while_numbers_are_checked_loses_and_repeats_nothing),
        TEST(an_account_that_goes_away_gives_its_numbers_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
