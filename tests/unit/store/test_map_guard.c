/* Mappings of files that become unreadable. */
#include "store/sqlite/map_guard.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGES 4

struct mapping {
    FILE *file;
    size_t page;
    struct map_guard guard;
    char *base;
    size_t len;
    volatile char *bytes; /* the same */
};

static int start(void **state)
{
    static struct mapping m;
    m.page = (size_t)sysconf(_SC_PAGESIZE);
    m.file = tmpfile();
    assert_non_null(m.file);
    for (size_t i = 0; i < PAGES * m.page; i++)
        assert_int_equal(putc('x', m.file), 'x');
    assert_int_equal(fflush(m.file), 0);
    void *base = mmap(NULL, 2 * PAGES * m.page, PROT_READ, MAP_SHARED, fileno(m.file), 0);
    assert_ptr_not_equal(base, MAP_FAILED);
    m.bytes = m.base = base;
    m.len = 2 * PAGES * m.page;
    *state = &m;
    return 0;
}

static int end(void **state)
{
    struct mapping *m = *state;
    map_guard_remove(&m->guard);
    munmap(m->base, m->len);
    return fclose(m->file);
}

/* In the test: cmocka gives each of its parts a handler of SIGBUS of its own. */
static struct mapping *guarded(void **state)
{
    struct mapping *m = *state;
    assert_int_equal(map_guard_add(&m->guard, m->base, m->len), 0);
    return m;
}

static void what_the_file_holds_is_read_and_the_guard_holds(void **state)
{
    struct mapping *m = guarded(state);
    assert_int_equal(m->bytes[PAGES * m->page - 1], 'x');
    assert_false(map_guard_failed(&m->guard));
}

static void what_the_file_grows_by_is_read_too(void **state)
{
    struct mapping *m = guarded(state);
    assert_int_equal(fseek(m->file, (long)(5 * m->page), SEEK_SET), 0);
    assert_int_equal(fputs("grown", m->file) >= 0 && fflush(m->file) == 0, 1);
    assert_int_equal(m->bytes[5 * m->page], 'g');
    assert_false(map_guard_failed(&m->guard));
}

static void a_page_that_is_gone_reads_as_zeros_and_the_guard_has_failed(void **state)
{
    struct mapping *m = guarded(state);
    assert_int_equal(ftruncate(fileno(m->file), (off_t)m->page), 0);
    assert_int_equal(m->bytes[2 * m->page + 7], 0);
    assert_true(map_guard_failed(&m->guard));
    assert_int_equal(m->bytes[3 * m->page], 0);
    assert_int_equal(m->bytes[m->page - 1], 'x');
    assert_true(map_guard_failed(&m->guard));
}

static void one_guard_knows_nothing_of_another(void **state)
{
    struct mapping *m = *state;
    struct map_guard other;
    size_t half = PAGES * m->page;
    assert_int_equal(map_guard_add(&m->guard, m->base, half), 0);
    assert_int_equal(map_guard_add(&other, m->base + half, half), 0);
    assert_int_equal(m->bytes[half], 0);
    assert_true(map_guard_failed(&other));
    assert_false(map_guard_failed(&m->guard));
    map_guard_remove(&other);
}

static void there_are_so_many_guards_and_no_more(void **state)
{
    struct mapping *m = guarded(state);
    static struct map_guard guards[MAP_GUARDS_MAX];
    for (size_t i = 0; i < MAP_GUARDS_MAX - 1; i++)
        assert_int_equal(map_guard_add(&guards[i], m->base, m->page), 0);
    assert_int_equal(map_guard_add(&guards[MAP_GUARDS_MAX - 1], m->base, m->page), ERR_BUSY);
    map_guard_remove(&guards[0]);
    assert_int_equal(map_guard_add(&guards[0], m->base, m->page), 0);
    for (size_t i = 0; i < MAP_GUARDS_MAX - 1; i++)
        map_guard_remove(&guards[i]);
}

/* The signal that ends a child which does this. */
static int end_of(void (*what)(struct mapping *m), struct mapping *m)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct map_guard guard; /* a new one, in front of the kernel's own action */
        signal(SIGBUS, SIG_DFL);
        if (map_guard_add(&guard, m->base, m->page) == 0)
            what(m);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void touch_unguarded(struct mapping *m)
{
    map_guard_remove(&m->guard); /* the child's covers the first page */
    (void)m->bytes[PAGES * m->page];
}

static void send_one(struct mapping *m)
{
    (void)m;
    kill(getpid(), SIGBUS);
}

static void a_bus_error_of_others_ends_the_process_as_ever(void **state)
{
    struct mapping *m = guarded(state);
    assert_int_equal(end_of(touch_unguarded, m), SIGBUS);
    assert_int_equal(end_of(send_one, m), SIGBUS);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_file_holds_is_read_and_the_guard_holds),
        TEST(what_the_file_grows_by_is_read_too),
        TEST(a_page_that_is_gone_reads_as_zeros_and_the_guard_has_failed),
        TEST(one_guard_knows_nothing_of_another),
        TEST(there_are_so_many_guards_and_no_more),
        TEST(a_bus_error_of_others_ends_the_process_as_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
