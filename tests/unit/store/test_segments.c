/* Conformance: pages of customers and segments through store.h, on any back end, against a model that is
 * nothing but segment_has(). */
#include "base/clock.h"
#include "store/world.h"

#define HOUR_MS 3600000

static void wait_for_passes(struct harness *h, uint64_t passes)
{
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    for (uint64_t until = metrics.search_passes + passes; metrics.search_passes < until;) {
        mailbox_wait(h->box, 1);
        store_metrics(h->store, &metrics);
    }
}

static void wait_for_index(struct harness *h)
{
    /* The pass that runs may have begun before the last change: the one after it has not. */
    wait_for_passes(h, 2);
}

/* --- pages ------------------------------------------------------------------------------------ */

struct page {
    struct customers_page op;
    int64_t *numbers;
    size_t count, room;
};

static void see(struct customers_page *op, const struct customer *customer)
{
    struct page *page = container_of(op, struct page, op);
    assert_true(page->count < page->room);
    page->numbers[page->count++] = customer->number;
}

static int run_page(struct harness *h, struct page *page, int64_t tenant_id,
                    const struct segment *segment)
{
    struct tenants *tenants = store_tenants(h->store);
    page->op.call = harness_call(h);
    page->op.tenant = tenants_find(tenants, tenant_id);
    page->op.segment = segment;
    page->op.each = see;
    store_customers_page(h->reader, &page->op);
    run_read(h, &page->op.call);
    tenants_unref(tenants);
    return page->op.call.result;
}

/* All pages of the segment one after the other, into numbers[]; returns how many. The first page's total
 * is in *ret_total. */
static size_t walk(struct harness *h, int64_t tenant_id, const struct segment *segment,
                   size_t limit, int64_t *numbers, size_t room, int64_t *ret_total)
{
    struct page page = {.op = {.limit = limit, .counts = true}, .numbers = numbers, .room = room};
    assert_int_equal(run_page(h, &page, tenant_id, segment), 0);
    *ret_total = page.op.total;
    while (page.op.more) {
        size_t before = page.count;
        page.op.after = page.op.last;
        page.op.counts = false;
        page.op.expected = before % 2 ? *ret_total : 0;
        assert_int_equal(run_page(h, &page, tenant_id, segment), 0);
        assert_true(page.count - before <= limit && page.count > before);
    }
    return page.count;
}

/* --- the model -------------------------------------------------------------------------------- */

struct model {
    struct customers_page op;
    const struct segment *segment;
    const struct world *world;
    int64_t numbers[WORLD];
    size_t count;
};

static bool is_member(const struct world *world, int64_t number)
{
    int64_t forms[2] = {number, number};
    (void)number_variant(number, &forms[1]);
    for (size_t i = 0; i < world->group_count; i++)
        if (world->group[i] == forms[0] || world->group[i] == forms[1])
            return true;
    return false;
}

static void judge(struct customers_page *op, const struct customer *customer)
{
    struct model *model = container_of(op, struct model, op);
    if (segment_has(model->segment, customer, is_member(model->world, customer->number)))
        model->numbers[model->count++] = customer->number;
}

/* All customers, each judged by itself. */
static void ask_model(struct harness *h, const struct world *world, int64_t tenant_id,
                      const struct segment *segment, struct model *model)
{
    static const struct segment all;
    struct tenants *tenants = store_tenants(h->store);
    *model = (struct model){.op = {.call = harness_call(h),
                                   .tenant = tenants_find(tenants, tenant_id),
                                   .segment = &all,
                                   .limit = CUSTOMERS_PAGE_MAX,
                                   .each = judge},
                            .segment = segment,
                            .world = world};
    store_customers_page(h->reader, &model->op);
    run_read(h, &model->op.call);
    tenants_unref(tenants);
    assert_int_equal(model->op.call.result, 0);
    assert_false(model->op.more);
}

struct random_segment {
    struct segment segment;
    struct str tags[2];
    struct extended_value value;
};

static struct str one_of(unsigned *seed, const char *const *from, size_t count, size_t odds)
{
    return dice(seed, odds) == 0 ? str_of(from[dice(seed, count)]) : (struct str){0};
}

static void make_times(unsigned *seed, struct segment *segment)
{
    /* Those that imports have, so that the borders are met. */
    int64_t first = NOW + (int64_t)(dice(seed, WORLD / 2) / SAME_TIME * SAME_TIME);
    int64_t second = NOW + 1000 + (int64_t)(dice(seed, WORLD / 2) / SAME_TIME * SAME_TIME);
    if (dice(seed, 4) == 0)
        segment->created_from_ms = first;
    if (dice(seed, 4) == 0)
        segment->created_before_ms = dice(seed, 2) ? first : second;
    if (dice(seed, 4) == 0)
        segment->updated_from_ms = dice(seed, 2) ? first : second;
    if (dice(seed, 4) == 0)
        segment->updated_before_ms = second;
}

static void make_segment(struct harness *h, unsigned *seed, int64_t tenant_id,
                         struct random_segment *made)
{
    struct segment *segment = &made->segment;
    memset(made, 0, sizeof(*made));
    if (dice(seed, 8) == 0) { /* alone */
        segment->group = tenant_id == TENANT ? STR("party") : STR("theirs");
        return;
    }
    segment->stage = one_of(seed, stages, COUNT_OF(stages), 4);
    segment->source = one_of(seed, sources, COUNT_OF(sources), 6);
    segment->tags = made->tags;
    segment->tag_count = dice(seed, 4) == 0 ? 1 + dice(seed, 2) : 0;
    for (size_t i = 0; i < segment->tag_count; i++)
        made->tags[i] = str_of(tags[dice(seed, COUNT_OF(tags))]);
    if (dice(seed, 5) == 0)
        segment->owner_id = agent_id(h, tenant_id, owners[dice(seed, 2)]);
    if (dice(seed, 5) == 0)
        segment->group = tenant_id == TENANT ? STR("party") : STR("theirs");
    segment->extended = &made->value;
    segment->extended_count = dice(seed, 5) == 0;
    made->value = (struct extended_value){field_id(h, tenant_id, "Faction"),
                                          str_of(values[dice(seed, COUNT_OF(values))])};
    if (dice(seed, 3) == 0)
        make_times(seed, segment);
    segment->opt_out = dice(seed, 6) == 0 ? 1 + (unsigned)dice(seed, 2) : SEGMENT_ANY;
    if (dice(seed, 2) == 0) {
        struct str keyword = str_of(keywords[dice(seed, COUNT_OF(keywords))]);
        assert_int_equal(keyword_parse(keyword, &segment->keyword), 0);
    }
}

static void assert_same(const int64_t *numbers, size_t count, const int64_t *expected,
                        size_t expected_count)
{
    assert_int_equal(count, expected_count);
    if (count > 0)
        assert_memory_equal(numbers, expected, count * sizeof(numbers[0]));
}

/* Random segments, in pages of random length, and one page by its place. */
static void compare_with_model(struct harness *h, struct world *world, size_t rounds)
{
    static int64_t numbers[WORLD + 1];
    static struct model model;
    size_t found = 0;
    for (size_t i = 0; i < rounds; i++) {
        struct random_segment made;
        int64_t tenant_id = dice(&world->seed, 4) ? TENANT : OTHER, total;
        make_segment(h, &world->seed, tenant_id, &made);
        ask_model(h, world, tenant_id, &made.segment, &model);
        size_t limit = 1 + dice(&world->seed, 60);
        size_t count = walk(h, tenant_id, &made.segment, limit, numbers, WORLD, &total);
        assert_same(numbers, count, model.numbers, model.count);
        assert_int_equal(total, model.count);
        found += count;

        size_t skip = dice(&world->seed, model.count + 3);
        struct page page = {
            .op = {.skip = (int64_t)skip, .limit = limit}, .numbers = numbers, .room = limit};
        assert_int_equal(run_page(h, &page, tenant_id, &made.segment), 0);
        size_t there = skip < model.count ? model.count - skip : 0;
        assert_same(numbers, page.count, model.numbers + skip, there < limit ? there : limit);
        assert_int_equal(page.op.more, there > limit);
    }
    assert_true(found > rounds); /* the segments are not all empty */
}

/* --- tests ------------------------------------------------------------------------------------ */

static int start_pausing(void **state, int pause_ms)
{
    harness_start(state);
    struct harness *h = *state;
    h->settings.search_pause_ms = pause_ms;
    harness_reopen(h);
    return 0;
}

static int start_eager(void **state)
{
    return start_pausing(state, 1);
}

static int start_lazy(void **state)
{
    return start_pausing(state, HOUR_MS);
}

static void pages_of_any_length_show_all_customers_once_by_number(void **state)
{
    static const struct segment all;
    static int64_t numbers[WORLD], again[WORLD];
    static struct model model;
    struct harness *h = *state;
    struct world world;
    int64_t total;
    make_world(h, &world);
    ask_model(h, &world, TENANT, &all, &model);
    for (size_t i = 1; i < model.count; i++)
        assert_true(model.numbers[i - 1] < model.numbers[i]);
    for (size_t limit = 1; limit < WORLD; limit = limit * 3 + 1) {
        size_t count = walk(h, TENANT, &all, limit, numbers, WORLD, &total);
        assert_same(numbers, count, model.numbers, model.count);
        assert_int_equal(total, model.count);
    }
    for (size_t skip = 0; skip < model.count + 20; skip += 17) {
        struct page page = {.op = {.skip = (int64_t)skip, .limit = 7}, .numbers = again, .room = 7};
        assert_int_equal(run_page(h, &page, TENANT, &all), 0);
        size_t there = skip < model.count ? model.count - skip : 0;
        assert_same(again, page.count, model.numbers + skip, there < 7 ? there : 7);
        assert_int_equal(page.op.total, model.count);
    }
}

static void segments_are_what_the_model_says_before_anything_is_indexed(void **state)
{
    struct harness *h = *state;
    struct world world;
    make_world(h, &world);
    compare_with_model(h, &world, 300);
}

static void segments_are_what_the_model_says_when_all_is_indexed(void **state)
{
    struct harness *h = *state;
    struct world world;
    make_world(h, &world);
    wait_for_index(h);
    compare_with_model(h, &world, 300);
}

static void segments_are_what_the_model_says_while_names_change_behind_the_index(void **state)
{
    struct harness *h = *state;
    struct world world;
    make_world(h, &world);
    wait_for_index(h);
    h->settings.search_pause_ms = HOUR_MS;
    store_reader_free(h->reader);
    store_close(h->store);
    harness_open(h);
    for (int turn = 0; turn < 3; turn++) {
        import_some(h, &world.seed, world.numbers, 60, TENANT, NOW + 5000);
        compare_with_model(h, &world, 100);
    }
    /* And when it has come to them. */
    h->settings.search_pause_ms = 1;
    harness_reopen(h);
    wait_for_index(h);
    compare_with_model(h, &world, 100);
}

/* Some come and one of the model's goes. */
static void come_and_go(struct harness *h, struct world *world, struct model *model)
{
    for (int i = 0; i < 4; i++) {
        struct customer_change item = {.number = number_of(&world->seed)};
        item.fields[CUSTOMER_FRIEND_NAME] = set_text("Wang New");
        if (strcmp(show(h, TENANT, item.number), "none") == 0)
            assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    }
    size_t at = dice(&world->seed, model->count);
    struct customers_delete op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .which = CUSTOMERS_BY_NUMBER,
                                  .items = &model->numbers[at],
                                  .count = 1};
    store_customers_delete(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 1);
    memmove(&model->numbers[at], &model->numbers[at + 1],
            (--model->count - at) * sizeof(model->numbers[0]));
}

static void a_walk_shows_who_is_there_throughout_exactly_once_while_others_come_and_go(void **state)
{
    struct harness *h = *state;
    struct world world;
    static const struct segment all;
    struct segment found = {0};
    static struct model model;
    static int64_t numbers[4 * WORLD];
    make_world(h, &world);
    assert_int_equal(keyword_parse(STR("wang"), &found.keyword), 0);
    const struct segment *segments[] = {&all, &found};
    for (size_t s = 0; s < 2; s++) {
        struct page page = {.op = {.limit = 9}, .numbers = numbers, .room = COUNT_OF(numbers)};
        size_t at = 0;
        ask_model(h, &world, TENANT, segments[s], &model);
        do {
            assert_int_equal(run_page(h, &page, TENANT, segments[s]), 0);
            page.op.after = page.op.last;
            if (page.op.more && model.count > 9)
                come_and_go(h, &world, &model);
        } while (page.op.more);
        for (size_t i = 0; i < page.count; i++) {
            assert_true(i == 0 || numbers[i - 1] < numbers[i]);
            at += at < model.count && model.numbers[at] == numbers[i];
        }
        assert_int_equal(at, model.count);
    }
}

static void what_the_tenant_does_not_have_is_an_empty_page_that_names_it(void **state)
{
    struct harness *h = *state;
    struct world world;
    int64_t number;
    make_world(h, &world);
    const struct str missing = STR("nobody has this");
    const struct {
        struct segment segment;
        const char *unknown;
    } cases[] = {
        {{.stage = missing}, "stage"},
        {{.source = missing}, "source"},
        {{.tags = &missing, .tag_count = 1}, "tabName"},
        {{.group = missing}, "group"},
        {{.group = STR("theirs")}, "group"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct page page = {.op = {.limit = 1, .counts = true}, .numbers = &number, .room = 1};
        assert_int_equal(run_page(h, &page, TENANT, &cases[i].segment), 0);
        assert_string_equal(page.op.unknown, cases[i].unknown);
        assert_int_equal(page.count, 0);
        assert_int_equal(page.op.total, 0);
        assert_false(page.op.more);
    }
}

static void a_deadline_that_is_over_ends_a_page(void **state)
{
    struct harness *h = *state;
    struct world world;
    int64_t number;
    const struct segment segment = {.stage = STR("new")};
    make_world(h, &world);
    struct page page = {
        .op = {.limit = 1, .deadline_us = clock_mono_us() - 1}, .numbers = &number, .room = 1};
    assert_int_equal(run_page(h, &page, TENANT, &segment), ERR_TIMEOUT);
    page.op.deadline_us = 0;
    assert_int_equal(run_page(h, &page, TENANT, &segment), 0);
}

static void only_pages_near_the_front_of_all_customers_are_short(void **state)
{
    (void)state;
    const struct segment all = {0}, some = {.owner_id = 1};
    struct customers_page near = {.segment = &all, .skip = 10000};
    struct customers_page far = {.segment = &all, .skip = 1000000};
    struct customers_page part = {.segment = &some};
    assert_true(customers_page_is_short(&near));
    assert_false(customers_page_is_short(&far));
    assert_false(customers_page_is_short(&part));
}

#define MANY 66000

static void import_many(struct harness *h)
{
    struct customer_change *items = calloc(MANY, sizeof(*items));
    struct customer_outcome *outcomes = calloc(MANY, sizeof(*outcomes));
    for (size_t i = 0; i < MANY; i++) {
        items[i].number = NUMBER + (int64_t)(i * 7919 % MANY); /* not in order */
        items[i].fields[CUSTOMER_STAGE] = set_text(i % 1000 ? "new" : "won");
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, MANY, outcomes), 0);
    free(items);
    free(outcomes);
}

static void a_page_far_behind_the_front_is_found_in_several_passes(void **state)
{
    struct harness *h = *state;
    import_many(h);
    const struct segment segment = {.created_from_ms = 1}, rare = {.stage = STR("won")};
    const int64_t skips[] = {65000, 65527, 65534, 65535, 65536, 65537, MANY - 5, MANY, MANY + 9};
    for (size_t i = 0; i < COUNT_OF(skips); i++) {
        int64_t numbers[8];
        struct page page = {
            .op = {.skip = skips[i], .limit = 8, .counts = true}, .numbers = numbers, .room = 8};
        assert_int_equal(run_page(h, &page, TENANT, &segment), 0);
        int64_t there = skips[i] < MANY ? MANY - skips[i] : 0;
        assert_int_equal(page.count, there < 8 ? there : 8);
        for (size_t at = 0; at < page.count; at++)
            assert_int_equal(numbers[at], NUMBER + skips[i] + (int64_t)at);
        assert_int_equal(page.op.total, MANY);
        assert_int_equal(page.op.more, there > 8);
    }
    int64_t *numbers = calloc(MANY, sizeof(*numbers)), total;
    assert_int_equal(walk(h, TENANT, &rare, 7, numbers, MANY, &total), MANY / 1000);
    assert_int_equal(total, MANY / 1000);
    free(numbers);
}

#define EAGER(name) cmocka_unit_test_setup_teardown(name, start_eager, harness_end)
#define LAZY(name)  cmocka_unit_test_setup_teardown(name, start_lazy, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EAGER(pages_of_any_length_show_all_customers_once_by_number),
        LAZY(segments_are_what_the_model_says_before_anything_is_indexed),
        EAGER(segments_are_what_the_model_says_when_all_is_indexed),
        EAGER(segments_are_what_the_model_says_while_names_change_behind_the_index),
        EAGER(a_walk_shows_who_is_there_throughout_exactly_once_while_others_come_and_go),
        LAZY(what_the_tenant_does_not_have_is_an_empty_page_that_names_it),
        LAZY(a_deadline_that_is_over_ends_a_page),
        cmocka_unit_test(only_pages_near_the_front_of_all_customers_are_short),
        LAZY(a_page_far_behind_the_front_is_found_in_several_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
