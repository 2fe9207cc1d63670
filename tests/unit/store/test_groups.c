/* Conformance: customer groups through store.h, on any back end. */
#include <pthread.h>
#include <stdatomic.h>

#include "store/facts.h"

static int64_t *numbers_from(int64_t first, size_t count)
{
    int64_t *numbers = calloc(count, sizeof(*numbers));
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = first + (int64_t)i;
    return numbers;
}

static int save_range(struct harness *h, const char *name, int64_t first, size_t count)
{
    int64_t *numbers = numbers_from(first, count);
    int result = save_group(h, TENANT, name, numbers, count);
    free(numbers);
    return result;
}

static void a_group_is_listed_by_name_with_its_size_and_numbers(void **state)
{
    struct harness *h = *state;
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "");
    assert_int_equal(save_range(h, "vip", NUMBER, 3), 0);
    assert_int_equal(save_range(h, "all", NUMBER, 250), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "all:250 vip:3");
    harness_reopen(h);
    const struct group_text *vip = groups(h, TENANT, "vip");
    assert_string_equal(vip->text.bytes, "vip:3");
    assert_int_equal(vip->first, NUMBER);
    assert_int_equal(vip->last, NUMBER + 2);
    assert_null(groups(h, TENANT, "VIP"));
}

static void saving_again_replaces_the_numbers(void **state)
{
    struct harness *h = *state;
    const size_t sizes[] = {3, 1, 251, 2, 30000, 600, 250};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(save_range(h, "vip", NUMBER + (int64_t)i, sizes[i]), 0);
        const struct group_text *vip = groups(h, TENANT, "vip");
        assert_int_equal(vip->count, sizes[i]);
        assert_int_equal(vip->first, NUMBER + (int64_t)i);
    }
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "vip:250");
}

static void a_removed_group_is_gone_and_its_name_free(void **state)
{
    struct harness *h = *state;
    const size_t sizes[] = {2, 1000};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(save_range(h, "vip", NUMBER, sizes[i]), 0);
        assert_int_equal(remove_group(h, TENANT, "vip"), 0);
        assert_null(groups(h, TENANT, "vip"));
        assert_int_equal(remove_group(h, TENANT, "vip"), ERR_NOT_FOUND);
    }
    assert_int_equal(save_range(h, "vip", NUMBER, 1), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "vip:1");
}

static void tenants_do_not_see_each_others_groups(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(save_group(h, TENANT + 1, "vip", &number, 1), 0);
    assert_null(groups(h, TENANT, "vip"));
    assert_int_equal(remove_group(h, TENANT, "vip"), ERR_NOT_FOUND);
    assert_int_equal(save_range(h, "vip", NUMBER, 5), 0);
    assert_string_equal(groups(h, TENANT + 1, NULL)->text.bytes, "vip:1");
    assert_int_equal(save_group(h, TENANT + 9, "vip", &number, 1), ERR_NOT_FOUND);
}

static void groups_go_with_their_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(save_range(h, "vip", NUMBER, 2000), 0);
    assert_int_equal(save_range(h, "vip", NUMBER, 1000), 0);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "");
}

static void a_tenant_has_at_most_1000_groups(void **state)
{
    struct harness *h = *state;
    static struct group_write saves[TENANT_MAX_GROUPS];
    static char names[TENANT_MAX_GROUPS][16];
    const int64_t number = NUMBER;
    for (int i = 0; i < TENANT_MAX_GROUPS; i++) { /* all at once: they share commits */
        snprintf(names[i], sizeof(names[i]), "g%d", i);
        saves[i] = (struct group_write){.call = harness_call(h),
                                        .tenant_id = TENANT,
                                        .now_ms = NOW,
                                        .name = str_of(names[i]),
                                        .numbers = &number,
                                        .count = 1};
        store_group_save(h->store, &saves[i]);
    }
    for (int i = 0; i < TENANT_MAX_GROUPS; i++)
        assert_int_equal(harness_wait(h, &saves[i].call), 0);
    assert_int_equal(save_range(h, "one more", NUMBER, 1), ERR_TOO_LARGE);
    assert_int_equal(save_range(h, "one more", NUMBER, 1000), ERR_TOO_LARGE);
    assert_int_equal(save_range(h, "g7", NUMBER, 2), 0);
    assert_int_equal(remove_group(h, TENANT, "g8"), 0);
    assert_int_equal(save_range(h, "one more", NUMBER, 1), 0);
}

/* --- a large save and its neighbours */

#define WATCHED 30000 /* at least three pieces */

struct watcher {
    struct harness *h;
    struct store_reader *reader;
    pthread_t thread;
    atomic_bool stop;
    int old_seen, new_seen, others_seen;
};

static void *watch(void *argument)
{
    struct watcher *watcher = argument;
    while (!atomic_load(&watcher->stop)) {
        struct group_text shown = {0};
        shown.get = (struct groups_get){
            .call = {.done = harness_done, .owner = watcher},
            .tenant_id = TENANT,
            .name = STR("vip"),
            .group = add_group,
            .number = add_number,
        };
        store_groups_get(watcher->reader, &shown.get);
        while (shown.get.call.owner)
            store_reads_run(watcher->reader);
        bool is_old = shown.count == 5 && shown.size == 5 && shown.first == NUMBER;
        bool is_new = shown.count == WATCHED && shown.size == shown.count;
        watcher->old_seen += is_old;
        watcher->new_seen += is_new;
        watcher->others_seen += !is_old && !is_new;
    }
    return NULL;
}

static void readers_see_the_old_numbers_or_the_new_ones_whole(void **state)
{
    struct harness *h = *state;
    struct watcher watcher = {.h = h};
    assert_int_equal(save_range(h, "vip", NUMBER, 5), 0);
    assert_int_equal(store_reader_new(h->store, &watcher.reader), 0);
    assert_int_equal(pthread_create(&watcher.thread, NULL, watch, &watcher), 0);
    int result = save_range(h, "vip", NUMBER + 10, WATCHED);
    assert_int_equal(groups(h, TENANT, "vip")->count, WATCHED);
    atomic_store(&watcher.stop, true);
    pthread_join(watcher.thread, NULL);
    store_reader_free(watcher.reader);
    assert_int_equal(result, 0);
    assert_int_equal(watcher.others_seen, 0);
    assert_true(watcher.old_seen > 0);
    assert_sound(h);
}

static void a_single_write_does_not_wait_for_a_large_save(void **state)
{
    struct harness *h = *state;
    int64_t *numbers = numbers_from(NUMBER, GROUP_MAX_NUMBERS);
    struct group_write save = {.call = harness_call(h),
                               .tenant_id = TENANT,
                               .now_ms = NOW,
                               .name = STR("all"),
                               .numbers = numbers,
                               .count = GROUP_MAX_NUMBERS};
    store_group_save(h->store, &save);
    int writes = 0;
    struct customer_change item = {.number = NUMBER};
    while (save.call.owner) {
        assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
        writes += save.call.owner != NULL;
    }
    /* 100,000 rows are at least ten groups; between them single writes had their turn. */
    assert_true(writes >= 9);
    assert_int_equal(save.call.result, 0);
    free(numbers);
}

static void two_large_saves_of_one_name_leave_one_of_them(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 30000 };
    int64_t *numbers = numbers_from(NUMBER, COUNT + 1);
    struct group_write saves[2];
    for (size_t i = 0; i < 2; i++) {
        saves[i] = (struct group_write){.call = harness_call(h),
                                        .tenant_id = TENANT,
                                        .now_ms = NOW,
                                        .name = STR("vip"),
                                        .numbers = numbers + i,
                                        .count = COUNT};
        store_group_save(h->store, &saves[i]);
    }
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(harness_wait(h, &saves[i].call), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "vip:30000");
    assert_sound(h);
    free(numbers);
}

static void a_large_save_ends_when_its_tenant_goes(void **state)
{
    struct harness *h = *state;
    int64_t *numbers = numbers_from(NUMBER, GROUP_MAX_NUMBERS);
    struct group_write save = {.call = harness_call(h),
                               .tenant_id = TENANT,
                               .now_ms = NOW,
                               .name = STR("all"),
                               .numbers = numbers,
                               .count = GROUP_MAX_NUMBERS};
    store_group_save(h->store, &save);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    assert_int_equal(add_tenant(h, TENANT), 0);
    int result = harness_wait(h, &save.call);
    assert_true(result == ERR_NOT_FOUND || result == ERR_UNKNOWN || result == 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "");
    free(numbers);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_group_is_listed_by_name_with_its_size_and_numbers),
        TEST(saving_again_replaces_the_numbers),
        TEST(a_removed_group_is_gone_and_its_name_free),
        TEST(tenants_do_not_see_each_others_groups),
        TEST(groups_go_with_their_tenant),
        TEST(a_tenant_has_at_most_1000_groups),
        TEST(readers_see_the_old_numbers_or_the_new_ones_whole),
        TEST(a_single_write_does_not_wait_for_a_large_save),
        TEST(two_large_saves_of_one_name_leave_one_of_them),
        TEST(a_large_save_ends_when_its_tenant_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
