#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "api/helpers.h"

#define THREADS 2

struct world {
    struct crypto *crypto;
    struct helpers *helpers;
    struct mailbox *box;
    atomic_bool gate; /* jobs wait while it is shut */
    atomic_int begun;
};

struct work {
    struct job job;
    struct world *world;
    pthread_t ran_on;
    int place; /* how many had begun before it */
    bool home; /* `open` has run */
};

static int set_up(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    const char *why;
    assert_int_equal(crypto_new(&world->crypto, &why), 0);
    assert_int_equal(mailbox_new(&world->box), 0);
    assert_int_equal(helpers_new(THREADS, world->crypto, &world->helpers), 0);
    atomic_init(&world->gate, true);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    helpers_free(world->helpers);
    mailbox_free(world->box);
    crypto_free(world->crypto);
    free(world);
    return 0;
}

static void run(struct job *job, struct digest *digest)
{
    struct work *work = container_of(job, struct work, job);
    char hex[MD5_HEX_LEN];
    struct str nothing = {NULL, 0};
    assert_int_equal(digest_md5_hex(digest, &nothing, 1, hex), 0);
    work->place = atomic_fetch_add(&work->world->begun, 1);
    while (!atomic_load(&work->world->gate))
        sched_yield();
    work->ran_on = pthread_self();
}

static void come_home(struct letter *letter)
{
    container_of(letter, struct work, job.letter)->home = true;
}

static int submit(struct world *world, struct work *work, bool large)
{
    *work = (struct work){
        .world = world,
        .job = {.letter.open = come_home, .home = world->box, .run = run, .large = large}};
    return helpers_submit(world->helpers, &work->job);
}

static void wait_for(struct world *world, const struct work *work)
{
    while (!work->home) {
        mailbox_wait(world->box, -1);
        mailbox_run(world->box);
    }
}

static void a_job_runs_on_a_helper_and_comes_home(void **state)
{
    struct world *world = *state;
    struct work work;
    assert_int_equal(submit(world, &work, false), 0);
    wait_for(world, &work);
    assert_false(pthread_equal(work.ran_on, pthread_self()));
}

static void large_jobs_hold_their_place_until_they_are_released(void **state)
{
    struct world *world = *state;
    struct work works[HELPERS_LARGE_MAX + 2], small;
    for (int i = 0; i < HELPERS_LARGE_MAX + 2; i++)
        assert_int_equal(submit(world, &works[i], true), 0);
    for (int i = 0; i < HELPERS_LARGE_MAX; i++)
        wait_for(world, &works[i]);
    /* Those that wait for a place do not stand in the way of a small one. */
    assert_int_equal(submit(world, &small, false), 0);
    wait_for(world, &small);
    assert_int_equal(atomic_load(&world->begun), HELPERS_LARGE_MAX + 1);
    assert_false(works[HELPERS_LARGE_MAX].home);

    helpers_release(world->helpers);
    wait_for(world, &works[HELPERS_LARGE_MAX]);
    assert_false(works[HELPERS_LARGE_MAX + 1].home);
    helpers_release(world->helpers);
    wait_for(world, &works[HELPERS_LARGE_MAX + 1]);
}

static void a_small_job_goes_before_the_large_ones_in_line(void **state)
{
    struct world *world = *state;
    struct work large[HELPERS_LARGE_MAX], small;
    atomic_store(&world->gate, false);
    for (int i = 0; i < HELPERS_LARGE_MAX; i++)
        assert_int_equal(submit(world, &large[i], true), 0);
    while (atomic_load(&world->begun) < THREADS)
        sched_yield();
    assert_int_equal(submit(world, &small, false), 0);
    atomic_store(&world->gate, true);
    wait_for(world, &small);
    for (int i = 0; i < HELPERS_LARGE_MAX; i++)
        wait_for(world, &large[i]);
    assert_int_equal(small.place, THREADS);
}

static void the_line_of_small_jobs_has_an_end(void **state)
{
    struct world *world = *state;
    enum { COUNT = HELPERS_SMALL_MAX + THREADS };
    struct work *works = calloc(COUNT, sizeof(*works)), one_more;
    atomic_store(&world->gate, false);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(submit(world, &works[i], false), 0);
    while (atomic_load(&world->begun) < THREADS)
        sched_yield();
    for (int i = THREADS; i < COUNT; i++)
        assert_int_equal(submit(world, &works[i], false), 0);
    assert_int_equal(submit(world, &one_more, false), ERR_BUSY);
    atomic_store(&world->gate, true);
    for (int i = 0; i < COUNT; i++)
        wait_for(world, &works[i]);
    assert_int_equal(submit(world, &one_more, false), 0);
    wait_for(world, &one_more);
    free(works);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_runs_on_a_helper_and_comes_home),
        TEST(large_jobs_hold_their_place_until_they_are_released),
        TEST(a_small_job_goes_before_the_large_ones_in_line),
        TEST(the_line_of_small_jobs_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
