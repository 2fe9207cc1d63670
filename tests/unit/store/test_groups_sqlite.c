/* The SQLite store's groups: what readers do not see of them. */
#include "store/facts.h"
#include "store/sqlite/groups.h"

static void open_beside(struct harness *h, struct connection *connection)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/wscrm.db", h->directory);
    assert_int_equal(connection_open(path, CONNECTION_WRITE, &h->settings, connection), 0);
}

static int64_t ask(struct connection *connection, const char *sql)
{
    int64_t value;
    assert_int_equal(connection_ask(connection, sql, &value), 0);
    return value;
}

/* The sweep is the writer's own: it is waited for, and a store that does not sweep hangs here. */
static void wait_for(struct connection *connection, const char *sql, int64_t value)
{
    while (ask(connection, sql) != value)
        continue;
}

#define UNNAMED "SELECT count(*) FROM customer_group WHERE name IS NULL"
#define MEMBERS "SELECT count(*) FROM group_member"

static int save_range(struct harness *h, const char *name, size_t count)
{
    int64_t *numbers = calloc(count, sizeof(*numbers));
    for (size_t i = 0; i < count; i++)
        numbers[i] = NUMBER + (int64_t)i;
    int result = save_group(h, TENANT, name, numbers, count);
    free(numbers);
    return result;
}

static void what_a_save_or_a_removal_left_is_swept(void **state)
{
    struct harness *h = *state;
    struct connection beside;
    open_beside(h, &beside);
    assert_int_equal(save_range(h, "vip", 3000), 0);
    assert_int_equal(save_range(h, "vip", 1000), 0);
    wait_for(&beside, UNNAMED, 0);
    assert_int_equal(ask(&beside, MEMBERS), 1000);
    assert_int_equal(remove_group(h, TENANT, "vip"), 0);
    wait_for(&beside, UNNAMED, 0);
    assert_int_equal(ask(&beside, MEMBERS), 0);
    connection_close(&beside);
}

static void a_small_list_goes_at_once(void **state)
{
    struct harness *h = *state;
    struct connection beside;
    open_beside(h, &beside);
    assert_int_equal(save_range(h, "vip", 250), 0);
    assert_int_equal(save_range(h, "vip", 1), 0);
    assert_int_equal(ask(&beside, UNNAMED), 0);
    assert_int_equal(ask(&beside, MEMBERS), 1);
    connection_close(&beside);
}

static void a_save_that_a_close_broke_off_is_swept_and_never_seen(void **state)
{
    struct harness *h = *state;
    struct store_metrics metrics;
    struct connection beside;
    int64_t *numbers = calloc(GROUP_MAX_NUMBERS, sizeof(*numbers));
    for (size_t i = 0; i < GROUP_MAX_NUMBERS; i++)
        numbers[i] = NUMBER + (int64_t)i;
    assert_int_equal(save_range(h, "vip", 5), 0);
    store_metrics(h->store, &metrics);
    uint64_t groups_before = metrics.groups;
    struct group_write save = {.call = harness_call(h),
                               .tenant_id = TENANT,
                               .now_ms = NOW,
                               .name = STR("vip"),
                               .numbers = numbers,
                               .count = GROUP_MAX_NUMBERS};
    store_group_save(h->store, &save);
    while (metrics.groups == groups_before)
        store_metrics(h->store, &metrics);
    harness_close(h);
    assert_int_equal(harness_wait(h, &save.call), ERR_UNKNOWN);
    open_beside(h, &beside);
    assert_int_equal(ask(&beside, UNNAMED), 1);
    harness_open(h);
    assert_int_equal(groups(h, TENANT, "vip")->count, 5);
    wait_for(&beside, UNNAMED, 0);
    assert_int_equal(ask(&beside, MEMBERS), 5);
    connection_close(&beside);
    free(numbers);
}

static void a_tenant_whose_lists_wait_for_the_sweep_may_not_save(void **state)
{
    struct harness *h = *state;
    struct connection beside;
    open_beside(h, &beside);
    /* As if 1,000,001 members waited; the writer waits for the lock meanwhile. */
    assert_int_equal(connection_exec(&beside,
                                     "BEGIN IMMEDIATE;"
                                     "INSERT INTO customer_group (tenant, size, created_ms)"
                                     " VALUES (7, 1000001, 0)"),
                     0);
    const int64_t number = NUMBER;
    struct group_write save = {.call = harness_call(h),
                               .tenant_id = TENANT,
                               .now_ms = NOW,
                               .name = STR("vip"),
                               .numbers = &number,
                               .count = 1};
    store_group_save(h->store, &save);
    assert_int_equal(connection_exec(&beside, "COMMIT"), 0);
    int result = harness_wait(h, &save.call);
    assert_int_equal(result, ERR_BUSY);
    assert_int_equal(connection_exec(&beside, "DELETE FROM customer_group"), 0);
    connection_close(&beside);
    assert_int_equal(save_range(h, "vip", 1), 0);
}

static void a_number_is_taken_out_of_all_groups_of_its_tenant(void **state)
{
    struct harness *h = *state;
    struct connection beside;
    const int64_t plain = PLAIN, both[] = {MARKED, NUMBER}, more[] = {PLAIN, NUMBER, NUMBER + 1};
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(save_group(h, TENANT, "a", &plain, 1), 0);
    assert_int_equal(save_group(h, TENANT, "b", both, 2), 0);
    assert_int_equal(save_group(h, TENANT, "c", more, 3), 0);
    assert_int_equal(save_group(h, TENANT + 1, "a", &plain, 1), 0);
    open_beside(h, &beside);
    assert_int_equal(groups_forget_number(&beside, TENANT, PLAIN), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "a:0 b:1 c:2");
    assert_int_equal(groups(h, TENANT, "b")->first, NUMBER);
    assert_int_equal(groups(h, TENANT, "c")->first, NUMBER);
    assert_string_equal(groups(h, TENANT + 1, NULL)->text.bytes, "a:1");
    assert_int_equal(groups_forget_number(&beside, TENANT, NUMBER + 1), 0);
    assert_int_equal(groups_forget_number(&beside, TENANT, NUMBER + 2), 0);
    assert_string_equal(groups(h, TENANT, NULL)->text.bytes, "a:0 b:1 c:1");
    connection_close(&beside);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_save_or_a_removal_left_is_swept),
        TEST(a_small_list_goes_at_once),
        TEST(a_save_that_a_close_broke_off_is_swept_and_never_seen),
        TEST(a_tenant_whose_lists_wait_for_the_sweep_may_not_save),
        TEST(a_number_is_taken_out_of_all_groups_of_its_tenant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
