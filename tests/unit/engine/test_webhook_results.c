/* Outcomes whose way to the disk is barred. */
#include "engine/delivery.h"
#include "store/faulty_disk.h"

static void turn_until_failures(struct world *world, int count)
{
    while (atomic_load(&disk.failures) < count)
        turn(world);
}

static void outcomes_that_the_store_refuses_are_kept_and_told_again(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    int64_t url = add_url(world, "/in");
    for (int i = 0; i < 3; i++)
        put(world, i, i);
    put(world, 0, 3); /* waits for the first of its key */
    disk_heal();
    atomic_store(&disk.write_error, SQLITE_FULL);
    turn_until_failures(world, 1);
    turn_often(world);
    assert_int_equal(world->count, 3); /* nothing new meanwhile, and nothing twice */
    assert_false(webhooks_is_idle(world->webhooks));
    disk_heal();
    /* The store's answer may come late, and the pause begins with it. */
    for (; !webhooks_is_idle(world->webhooks); world->now_ms += 1000)
        turn(world);
    assert_int_equal(world->count, 4);
    assert_string_equal(world->seen[3].data, "3");
    assert_int_equal(look_at(world, url).state, DELIVERY_DONE);
}

static void after_an_end_without_a_disk_the_same_events_come_again(void **state)
{
    struct world *world = *state;
    open_deliverer(world);
    add_url(world, "/in");
    put(world, 1, 1);
    disk_heal();
    atomic_store(&disk.write_error, SQLITE_FULL);
    turn_until_failures(world, 1);
    close_deliverer(world);
    disk_heal();
    open_deliverer(world);
    settle(world);
    assert_int_equal(world->count, 2);
    assert_int_equal(world->seen[1].event, world->seen[0].event);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, delivery_start, delivery_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(outcomes_that_the_store_refuses_are_kept_and_told_again),
        TEST(after_an_end_without_a_disk_the_same_events_come_again),
    };
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
