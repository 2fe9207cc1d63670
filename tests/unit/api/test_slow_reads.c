#include "store/harness.h"

#include <sched.h>
#include <stdatomic.h>

#include "api/slow_reads.h"

struct world {
    struct harness *h;
    struct slow_reads *slow;
    atomic_bool gate; /* jobs wait while it is shut */
    atomic_int inside, most_inside;
};

struct work {
    struct job job;
    struct world *world;
    int64_t tenant_id;
    struct store_reader *reader;
    bool home;
};

static int set_up(void **state)
{
    void *harness;
    harness_start(&harness);
    struct world *world = calloc(1, sizeof(*world));
    world->h = harness;
    assert_int_equal(slow_reads_new(world->h->store, world->h->crypto, &world->slow), 0);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    void *harness = world->h;
    slow_reads_free(world->slow);
    free(world);
    return harness_end(&harness);
}

static void read_now(void *context, struct store_reader *reader)
{
    struct work *work = context;
    struct world *world = work->world;
    int inside = atomic_fetch_add(&world->inside, 1) + 1;
    if (inside > atomic_load(&world->most_inside))
        atomic_store(&world->most_inside, inside);
    while (!atomic_load(&world->gate))
        sched_yield();
    work->reader = reader;
    assert_int_equal(store_reads_waiting(reader), 0); /* nobody else's */
    atomic_fetch_sub(&world->inside, 1);
}

static void run(struct job *job, struct digest *digest)
{
    (void)digest;
    struct work *work = container_of(job, struct work, job);
    slow_reads_run(work->world->slow, read_now, work);
}

static void come_home(struct letter *letter)
{
    struct work *work = container_of(letter, struct work, job.letter);
    slow_reads_leave(work->world->slow, work->tenant_id);
    work->home = true;
}

static int submit(struct world *world, struct work *work, int64_t tenant_id)
{
    *work = (struct work){.world = world,
                          .tenant_id = tenant_id,
                          .job = {.letter.open = come_home, .home = world->h->box, .run = run}};
    return slow_reads_submit(world->slow, tenant_id, &work->job);
}

static void wait_for(struct world *world, const struct work *works, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (!works[i].home) {
            mailbox_wait(world->h->box, -1);
            mailbox_run(world->h->box);
        }
        assert_non_null(works[i].reader);
    }
}

static void one_tenant_leaves_room_for_others(void **state)
{
    struct world *world = *state;
    struct work works[SLOW_READS_MAX], one_more;
    size_t count = 0;
    for (int64_t tenant = 1; count < SLOW_READS_MAX; tenant++) {
        for (size_t i = 0; i < SLOW_READS_TENANT_MAX; i++)
            assert_int_equal(submit(world, &works[count++], tenant), 0);
        if (count < SLOW_READS_MAX)
            assert_int_equal(submit(world, &one_more, tenant), ERR_BUSY);
    }
    assert_int_equal(submit(world, &one_more, 1000), ERR_BUSY); /* the line is full */
    atomic_store(&world->gate, true);
    wait_for(world, works, count);
    assert_true(atomic_load(&world->most_inside) <= SLOW_READS_THREADS);
}

static void who_has_left_may_come_again(void **state)
{
    struct world *world = *state;
    struct work works[SLOW_READS_TENANT_MAX];
    for (int round = 0; round < 20; round++) {
        atomic_store(&world->gate, false);
        for (size_t i = 0; i < SLOW_READS_TENANT_MAX; i++)
            assert_int_equal(submit(world, &works[i], 7), 0);
        atomic_store(&world->gate, true);
        wait_for(world, works, SLOW_READS_TENANT_MAX);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_tenant_leaves_room_for_others),
        TEST(who_has_left_may_come_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
