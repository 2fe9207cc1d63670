/* Conformance: actions through the store's face, on any back end. */
#include "store/action_calls.h"

static int64_t ann(struct harness *h)
{
    return agent_id(h, TENANT, "ann");
}

static void actions_of_an_agent_come_in_steps_and_those_of_others_do_not_wait(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_agent(h, TENANT, "bob"), 0);
    assert_int_equal(make_actions(h, TENANT, ann(h), "ab", NOW), 0);
    assert_int_equal(make_actions(h, TENANT, agent_id(h, TENANT, "bob"), "c", NOW + 1), 0);
    assert_int_equal(make_actions(h, TENANT, ann(h), "d", NOW + 2), 0);
    assert_int_equal(make_actions(h, TENANT, ann(h), "e", NOW + 90000), 0);
    harness_reopen(h);
    const struct dues *dues = due_actions(h, INT64_MAX, 100);
    const int64_t expected[] = {NOW, NOW + 1, NOW + SPACING, NOW + 2 * SPACING, NOW + 90000};
    assert_int_equal(dues->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(dues->list[i].due_ms, expected[i]);
        assert_int_equal(dues->list[i].handed_ms, 0);
    }
    assert_int_equal(dues->list[1].agent, agent_id(h, TENANT, "bob"));
    assert_int_equal(due_actions(h, NOW + SPACING, 100)->count, 3);
    assert_int_equal(due_actions(h, INT64_MAX, 2)->count, 2);
    assert_string_equal(results_of(h, TENANT, "ebzda"), "e0 b0 d0 a0");
}

static void those_made_since_are_seen_once(void **state)
{
    struct harness *h = *state;
    struct dues dues = {.fresh = {.until_ms = NOW + SPACING, .each = note_fresh}};
    assert_int_equal(make_actions(h, TENANT, ann(h), "a", NOW), 0);
    for (int i = 0; i < 3; i++) {
        dues.fresh.call = harness_call(h);
        dues.count = 0;
        store_actions_fresh(h->reader, &dues.fresh);
        finish_read(h, &dues.fresh.call);
        assert_int_equal(dues.fresh.call.result, 0);
        assert_int_equal(dues.count, i == 1 ? 1 : 0); /* b, for c is due later */
        if (i == 0)
            assert_int_equal(make_actions(h, TENANT, ann(h), "bc", NOW), 0);
    }
    assert_int_equal(dues.fresh.after, dues.list[0].action + 1);
}

static void a_call_makes_all_or_none(void **state)
{
    struct harness *h = *state;
    assert_int_equal(make_actions(h, TENANT + 1, ann(h), "a", NOW), ERR_NOT_FOUND);
    assert_int_equal(make_actions(h, TENANT, 12345, "a", NOW), ERR_NO_AGENT);
    struct action_new items[] = {
        {.id = action_id('a'), .agent = ann(h), .number = 15266667779},
        {.id = action_id('b'), .agent = 12345, .number = 15266667779},
    };
    struct actions_create op = {
        .call = harness_call(h), .tenant_id = TENANT, .now_ms = NOW, .items = items, .count = 2};
    store_actions_create(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_NO_AGENT);
    assert_string_equal(results_of(h, TENANT, "ab"), "");
}

static void a_listener_answers_once(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(make_actions(h, TENANT, ann(h), "abc", NOW), 0);
    assert_int_equal(answer_action(h, TENANT + 1, 'a', true, ""), ERR_NOT_FOUND);
    assert_int_equal(answer_action(h, TENANT, 'z', true, ""), ERR_NOT_FOUND);
    assert_int_equal(answer_action(h, TENANT, 'a', true, ""), 0);
    assert_int_equal(answer_action(h, TENANT, 'a', true, ""), 0);
    assert_int_equal(answer_action(h, TENANT, 'a', false, "late"), ERR_CONFLICT);
    assert_int_equal(answer_action(h, TENANT, 'b', false, "no such chat"), 0);
    assert_int_equal(answer_action(h, TENANT, 'b', true, ""), ERR_CONFLICT);
    assert_string_equal(results_of(h, TENANT, "abc"), "a1 b-1:no such chat c0");
    assert_string_equal(results_of(h, TENANT + 1, "abc"), "");
    assert_int_equal(due_actions(h, INT64_MAX, 9)->count, 1);
}

static void an_action_is_handed_to_one_listener(void **state)
{
    struct harness *h = *state;
    assert_int_equal(make_actions(h, TENANT, ann(h), "ab", NOW), 0);
    int64_t a = due_actions(h, INT64_MAX, 9)->list[0].action, b = a + 1;
    struct action_item item = step_action(h, b, ACTION_HAND, 1, NULL);
    assert_int_equal(item.verdict, ACTION_TAKEN);
    assert_int_equal(item.event.id.bytes[0], 'b');
    assert_int_equal(item.event.account, 8618217331411);
    assert_int_equal(item.event.number, 15266667779);
    assert_true(str_is(item.event.content, "hello"));
    assert_int_equal(step_action(h, b, ACTION_HAND, 2, NULL).verdict, ACTION_HELD);
    harness_reopen(h);
    assert_int_equal(step_action(h, b, ACTION_HAND, 2, NULL).verdict, ACTION_HELD);
    assert_int_equal(due_actions(h, INT64_MAX, 9)->list[1].handed_ms, NOW + 5);
    assert_int_equal(step_action(h, b, ACTION_RETURN, 2, NULL).verdict, ACTION_HELD);
    assert_int_equal(step_action(h, b, ACTION_RETURN, 1, NULL).verdict, ACTION_TAKEN);
    assert_int_equal(step_action(h, b, ACTION_HAND, 2, NULL).verdict, ACTION_TAKEN);
    assert_int_equal(step_action(h, a, ACTION_FAIL, 0, "no listener").verdict, ACTION_TAKEN);
    assert_int_equal(step_action(h, a, ACTION_HAND, 2, NULL).verdict, ACTION_OVER);
    assert_int_equal(step_action(h, a, ACTION_FAIL, 0, "no answer").verdict, ACTION_OVER);
    assert_int_equal(step_action(h, b + 1, ACTION_HAND, 2, NULL).verdict, ACTION_OVER);
    assert_string_equal(results_of(h, TENANT, "ab"), "a-1:no listener b0");
}

static void a_listener_that_comes_again_takes_over_what_it_has_not_seen(void **state)
{
    struct harness *h = *state;
    assert_int_equal(make_actions(h, TENANT, ann(h), "abcde", NOW), 0);
    int64_t a = due_actions(h, INT64_MAX, 9)->list[0].action, one = action_listener(1, 1),
            two = action_listener(2, 1);
    for (int64_t i = 0; i < 4; i++) /* c is another's, e nobody's */
        step_action(h, a + i, ACTION_HAND, i == 2 ? two : one, NULL);
    assert_string_equal(take_over(h, 2, 0, 'z', 0), "");
    assert_string_equal(take_over(h, 2, 0, 'e', 0), "");
    assert_string_equal(take_over(h, 2, 9, 0, 0), "");
    assert_string_equal(take_over(h, 2, 0, 'a', NOW + 5), ""); /* handed too long ago */
    assert_string_equal(take_over(h, 3, 0, 'a', 0), "bd");
    assert_string_equal(take_over(h, 4, 0, 'a', 0), "bd"); /* it went before it had seen them */
    assert_int_equal(step_action(h, a + 1, ACTION_RETURN, one, NULL).verdict, ACTION_HELD);
    assert_int_equal(answer_action(h, TENANT, 'b', true, ""), 0);
    harness_reopen(h);
    assert_string_equal(take_over(h, 5, 1, 0, 0), "ad");  /* its session: it has seen nothing */
    assert_string_equal(take_over(h, 6, 0, 'b', 0), "d"); /* what was seen last may be over */
    assert_string_equal(take_over(h, 7, 0, 'd', 0), "");
    assert_string_equal(take_over(h, 8, 2, 0, 0), "c");
    assert_int_equal(step_action(h, a + 3, ACTION_RETURN, action_listener(1, 7), NULL).verdict,
                     ACTION_TAKEN);
}

static void what_is_over_is_forgotten_after_a_week(void **state)
{
    struct harness *h = *state;
    assert_int_equal(make_actions(h, TENANT, ann(h), "ab", NOW), 0);
    assert_int_equal(answer_action(h, TENANT, 'a', true, ""), 0);
    atomic_store(&hooks_now, NOW + ACTION_KEPT_MS + 1);
    harness_reopen(h); /* each chore is due at the start */
    while (results_of(h, TENANT, "ab")[0] == 'a')
        assert_int_equal(add_field(h, TENANT + 9, "x", FIELD_TEXT),
                         ERR_NOT_FOUND); /* a turn more */
    assert_string_equal(results_of(h, TENANT, "ab"), "b0");
}

static void a_tenant_takes_its_actions_along(void **state)
{
    struct harness *h = *state;
    assert_int_equal(make_actions(h, TENANT, ann(h), "ab", NOW), 0);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(due_actions(h, INT64_MAX, 9)->count, 0);
    assert_string_equal(results_of(h, TENANT, "ab"), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, hooks_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(actions_of_an_agent_come_in_steps_and_those_of_others_do_not_wait),
        TEST(those_made_since_are_seen_once),
        TEST(a_call_makes_all_or_none),
        TEST(a_listener_answers_once),
        TEST(an_action_is_handed_to_one_listener),
        TEST(a_listener_that_comes_again_takes_over_what_it_has_not_seen),
        TEST(what_is_over_is_forgotten_after_a_week),
        TEST(a_tenant_takes_its_actions_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
