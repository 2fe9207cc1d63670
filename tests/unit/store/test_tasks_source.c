/* Conformance: tasks of a segment or a group and their recipients, through tasks.h, on any back end. */
#include "store/task_calls.h"

static void import(struct harness *h, int64_t number, const char *stage, int64_t now_ms)
{
    struct customer_change item = {.number = number, .fields[CUSTOMER_STAGE] = set_text(stage)};
    assert_int_equal(upsert_one(h, TENANT, now_ms, &item), 0);
}

static void import_range(struct harness *h, int64_t first, size_t count, const char *stage)
{
    struct customer_change *items = calloc(count, sizeof(*items));
    struct customer_outcome *outcomes = calloc(count, sizeof(*outcomes));
    for (size_t i = 0; i < count; i++)
        items[i] = (struct customer_change){.number = first + (int64_t)i,
                                            .fields[CUSTOMER_STAGE] = set_text(stage)};
    assert_int_equal(upsert(h, TENANT, NOW, items, count, outcomes), 0);
    free(items);
    free(outcomes);
}

static struct task_draft of_stage(struct segment *segment, const char *stage)
{
    struct task_draft draft = draft_of("segment", NULL, 0);
    *segment = (struct segment){.stage = str_of(stage)};
    draft.source = TASK_OF_SEGMENT;
    draft.segment = segment;
    return draft;
}

static int64_t create_of_stage(struct harness *h, const char *stage, int64_t reached_max)
{
    struct segment segment;
    struct task_draft draft = of_stage(&segment, stage);
    draft.reached_max = reached_max;
    assert_int_equal(create(h, &draft, 1), 0);
    return draft.id;
}

static const char *numbers_of(const struct task_source_page *page)
{
    static struct text text;
    memset(&text, 0, sizeof(text));
    assert_int_equal(page->call.result, 0);
    for (size_t i = 0; i < page->count; i++)
        text_add(&text, "%s%" PRId64, i ? " " : "", page->numbers[i]);
    text_add(&text, "%s", page->more ? " more" : "");
    return text.bytes;
}

static void the_customers_of_a_segment_are_walked_by_number(void **state)
{
    struct harness *h = *state;
    import(h, 1000003, "new", NOW);
    import(h, 1000001, "new", NOW);
    import(h, 1000002, "won", NOW);
    int64_t id = create_of_stage(h, "new", 0);
    assert_int_equal(task_of(h, id)->task.counts.total, 0);
    assert_int_equal(task_of(h, id)->task.source_json.len, 0);
    assert_string_equal(numbers_of(source_page(h, id, 0)), "1000001 1000003");
    assert_string_equal(numbers_of(source_page(h, id, 1000001)), "1000003");
    assert_int_equal(source_page(h, id, 0)->position, 1000003);
    assert_string_equal(numbers_of(source_page(h, id, 1000003)), "");
}

static void a_long_segment_comes_in_pages(void **state)
{
    struct harness *h = *state;
    import_range(h, 1000000, 2500, "new");
    int64_t position = 0, id = create_of_stage(h, "new", 0);
    for (int page = 0; page < 3; page++) {
        const struct task_source_page *found = source_page(h, id, position);
        assert_int_equal(found->call.result, 0);
        assert_int_equal(found->count, page < 2 ? 1000 : 500);
        assert_int_equal(found->numbers[0], 1000000 + 1000 * page);
        assert_int_equal(found->more, page < 2);
        position = found->position;
    }
}

static void who_became_a_customer_after_the_start_is_left_out(void **state)
{
    struct harness *h = *state;
    struct segment segment;
    enum task_status status;
    struct task_draft draft = of_stage(&segment, "new");
    draft.status = TASK_NOT_STARTED;
    draft.start_ms = NOW + 100;
    import(h, 1000001, "new", NOW);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_int_equal(source_page(h, draft.id, 0)->call.result, ERR_CONFLICT);
    import(h, 1000002, "new", NOW + 100);
    assert_int_equal(move_at(h, TENANT, draft.id, TASK_PENDING, NOW + 100, &status), 0);
    import(h, 1000003, "new", NOW + 101);
    assert_string_equal(numbers_of(source_page(h, draft.id, 0)), "1000001 1000002");
}

static void a_segment_keeps_its_own_bound_of_time(void **state)
{
    struct harness *h = *state;
    struct segment segment;
    struct task_draft draft = of_stage(&segment, "new");
    segment.created_before_ms = NOW - 5;
    import(h, 1000001, "new", NOW - 6);
    import(h, 1000002, "new", NOW - 5);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(numbers_of(source_page(h, draft.id, 0)), "1000001");
}

static void all_customers_are_a_segment_too(void **state)
{
    struct harness *h = *state;
    import(h, 1000001, "new", NOW);
    import(h, 1000002, "won", NOW);
    assert_string_equal(numbers_of(source_page(h, create_of_stage(h, "", 0), 0)),
                        "1000001 1000002");
}

static void a_source_that_names_nothing_has_no_numbers(void **state)
{
    struct harness *h = *state;
    import(h, 1000001, "new", NOW);
    assert_string_equal(numbers_of(source_page(h, create_of_stage(h, "old", 0), 0)), "");
    const int64_t number = NUMBER;
    assert_int_equal(save_group(h, TENANT, "vip", &number, 1), 0);
    struct task_draft draft = draft_of("group", NULL, 0);
    draft.source = TASK_OF_GROUP;
    draft.group = STR("vip");
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(numbers_of(source_page(h, draft.id, 0)), "8618217331411");
    assert_int_equal(remove_group(h, TENANT, "vip"), 0);
    assert_string_equal(numbers_of(source_page(h, draft.id, 0)), "");
}

static void a_long_group_comes_in_pages(void **state)
{
    struct harness *h = *state;
    int64_t numbers[2000], position = 0;
    for (int i = 0; i < 2000; i++)
        numbers[i] = 1000000 + i;
    assert_int_equal(save_group(h, TENANT, "vip", numbers, 2000), 0);
    struct task_draft draft = draft_of("group", NULL, 0);
    draft.source = TASK_OF_GROUP;
    draft.group = STR("vip");
    assert_int_equal(create(h, &draft, 1), 0);
    for (int page = 0; page < 2; page++) {
        const struct task_source_page *found = source_page(h, draft.id, position);
        assert_int_equal(found->count, 1000);
        assert_int_equal(found->numbers[999], 1000999 + 1000 * page);
        assert_int_equal(found->more, page == 0);
        position = found->position;
    }
}

/* --- recipients */

static void recipients_are_added_in_order_and_kept(void **state)
{
    struct harness *h = *state;
    int64_t id = create_of_stage(h, "new", 0);
    const int64_t numbers[] = {1000001, 1000002, 1000003, 1000004};
    assert_int_equal(add_recipients(h, id, numbers, 3, 1000003, false), 0);
    const struct task_text *task = task_of(h, id);
    assert_string_equal(task->messages.bytes, "1:0>1000001(t-1) 1:1>1000002(t-1) 1:2>1000003(t-1)");
    assert_int_equal(task->task.counts.left, 3);
    assert_int_equal(task->task.position, 1000003);
    assert_false(task->task.complete);
    assert_int_equal(add_recipients(h, id, numbers + 3, 1, 1000009, true), 0);
    task = task_of(h, id);
    assert_int_equal(task->task.counts.total, 4);
    assert_int_equal(task->task.position, 1000009);
    assert_true(task->task.complete);
    assert_int_equal(add_recipients(h, id, numbers, 1, 1000009, true), ERR_CONFLICT);
}

static void a_repeated_piece_changes_nothing(void **state)
{
    struct harness *h = *state;
    int64_t id = create_of_stage(h, "new", 0);
    const int64_t numbers[] = {1000001, 1000002, 1000003};
    assert_int_equal(add_recipients(h, id, numbers, 2, 1000002, false), 0);
    assert_int_equal(add_recipients(h, id, numbers, 3, 1000003, false), 0);
    assert_int_equal(add_recipients(h, id, numbers, 1, 1000001, false), 0);
    assert_int_equal(task_of(h, id)->task.counts.total, 3);
    assert_int_equal(task_of(h, id)->task.position, 1000003);
}

static void a_number_in_its_other_form_is_no_second_recipient(void **state)
{
    struct harness *h = *state;
    int64_t id = create_of_stage(h, "new", 0);
    const int64_t both[] = {1000001, PLAIN, MARKED}, other[] = {MARKED, MARKED + 1};
    assert_int_equal(add_recipients(h, id, both, 3, MARKED - 1, false), 0);
    assert_int_equal(task_of(h, id)->task.counts.total, 2);
    struct segment segment;
    struct task_draft draft = of_stage(&segment, "new");
    draft.name = STR("second");
    assert_int_equal(create(h, &draft, 1), 0);
    assert_int_equal(add_recipients(h, draft.id, both, 2, PLAIN, false), 0);
    assert_int_equal(add_recipients(h, draft.id, other, 2, MARKED + 1, true), 0);
    assert_string_equal(messages(h, draft.id), "1:0>1000001(t-1) 1:1>525512345678(t-1)"
                                               " 1:2>5215512345679(t-1)");
}

static void reached_max_ends_the_recipients(void **state)
{
    struct harness *h = *state;
    int64_t id = create_of_stage(h, "new", 2);
    const int64_t numbers[] = {1000001, 1000002, 1000003};
    struct task_recipients_add op = {.call = harness_call(h),
                                     .tenant_id = TENANT,
                                     .task_id = id,
                                     .numbers = numbers,
                                     .count = 3,
                                     .position = 1000003};
    store_task_recipients_add(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    assert_true(op.complete);
    assert_int_equal(op.left, 2);
    assert_true(task_of(h, id)->task.complete);
    assert_int_equal(task_of(h, id)->task.counts.total, 2);
}

static void a_final_task_takes_no_more_recipients(void **state)
{
    struct harness *h = *state;
    const int64_t number = 1000001;
    int64_t id = create_of_stage(h, "new", 0);
    assert_int_equal(move(h, id, TASK_COMPLETED), ERR_CONFLICT); /* they are to come */
    assert_int_equal(move(h, id, TASK_STOPPED), 0);
    assert_int_equal(add_recipients(h, id, &number, 1, number, true), ERR_CONFLICT);
    assert_int_equal(add_recipients(h, id + 1, &number, 1, number, true), ERR_NOT_FOUND);
}

static void many_recipients_of_many_contents_are_added_whole(void **state)
{
    struct harness *h = *state;
    struct segment segment;
    struct task_draft draft = of_stage(&segment, "new");
    const struct str ten[] = {STR("[{},{},{},{},{},{},{},{},{},{}]")};
    int64_t numbers[TASK_RECIPIENTS_MAX];
    for (int i = 0; i < TASK_RECIPIENTS_MAX; i++)
        numbers[i] = 1000000 + i;
    draft.contents = ten;
    draft.parts = 10;
    assert_int_equal(create(h, &draft, 1), 0);
    assert_int_equal(add_recipients(h, draft.id, numbers, TASK_RECIPIENTS_MAX, 2000000, true), 0);
    const struct task_text *task = task_page(h, TENANT, draft.id, 9990, 100);
    assert_int_equal(task->task.counts.total, 10000);
    assert_string_equal(task->messages.bytes,
                        "1:0>1000999 0:0>1000999 0:0>1000999 0:0>1000999 0:0>1000999"
                        " 0:0>1000999 0:0>1000999 0:0>1000999 0:0>1000999 0:0>1000999");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start_with_accounts, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_customers_of_a_segment_are_walked_by_number),
        TEST(a_long_segment_comes_in_pages),
        TEST(who_became_a_customer_after_the_start_is_left_out),
        TEST(a_segment_keeps_its_own_bound_of_time),
        TEST(all_customers_are_a_segment_too),
        TEST(a_source_that_names_nothing_has_no_numbers),
        TEST(a_long_group_comes_in_pages),
        TEST(recipients_are_added_in_order_and_kept),
        TEST(a_repeated_piece_changes_nothing),
        TEST(a_number_in_its_other_form_is_no_second_recipient),
        TEST(reached_max_ends_the_recipients),
        TEST(a_final_task_takes_no_more_recipients),
        TEST(many_recipients_of_many_contents_are_added_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
