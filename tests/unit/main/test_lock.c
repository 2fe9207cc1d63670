#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "main/lock.h"

static char directory[] = "/tmp/wscrm-lock.XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof(path), "%s/wscrm.lock", directory);
    unlink(path);
    return rmdir(directory);
}

static void a_lock_that_was_never_made_is_not_made_by_looking(void **state)
{
    (void)state;
    int lock;
    struct lock_holder holder;
    assert_int_equal(lock_take(directory, false, &lock), ERR_NOT_FOUND);
    assert_int_equal(lock_look(directory, &holder), ERR_NOT_FOUND);
    assert_int_equal(lock_take("/nonexistent", true, &lock), ERR_NOT_FOUND);
}

static void only_one_holds_it_and_the_file_says_who(void **state)
{
    (void)state;
    int lock, second;
    struct lock_holder holder;
    assert_int_equal(lock_take(directory, true, &lock), 0);
    assert_int_equal(lock_take(directory, true, &second), ERR_BUSY);
    assert_int_equal(lock_sign(lock, NULL), 0);
    assert_int_equal(lock_look(directory, &holder), 0);
    assert_true(holder.held);
    assert_int_equal(holder.pid, getpid());
    assert_string_equal(holder.url, "");
    assert_int_equal(lock_sign(lock, "http://127.0.0.1:8080"), 0);
    assert_int_equal(lock_look(directory, &holder), 0);
    assert_string_equal(holder.url, "http://127.0.0.1:8080");
    lock_release(lock);
    assert_int_equal(lock_look(directory, &holder), 0);
    assert_false(holder.held);
    assert_int_equal(holder.pid, 0);
    assert_int_equal(lock_take(directory, true, &lock), 0);
    lock_release(lock);
}

static void a_killed_holder_leaves_nothing_in_the_way(void **state)
{
    (void)state;
    int lock, ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        bool good = lock_take(directory, true, &lock) == 0 && lock_sign(lock, "http://x:1") == 0 &&
                    write(ready[1], "x", 1) == 1;
        pause();
        _exit(good ? 0 : 1);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(lock_take(directory, true, &lock), ERR_BUSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct lock_holder holder;
    assert_int_equal(lock_look(directory, &holder), 0);
    assert_false(holder.held);
    assert_string_equal(holder.url, "http://x:1");
    assert_int_equal(lock_take(directory, true, &lock), 0);
    lock_release(lock);
    close(ready[0]);
    close(ready[1]);
}

static void a_lock_that_was_not_signed_is_let_go_as_it_was(void **state)
{
    (void)state;
    int lock;
    struct lock_holder holder;
    char path[64];
    snprintf(path, sizeof(path), "%s/wscrm.lock", directory);
    FILE *file = fopen(path, "w");
    fputs("1\nhttp://x:1\n", file);
    fclose(file);
    assert_int_equal(lock_take(directory, false, &lock), 0);
    lock_release(lock);
    assert_int_equal(lock_look(directory, &holder), 0);
    assert_false(holder.held);
    assert_string_equal(holder.url, "http://x:1");
}

static void looking_never_disturbs_who_wants_it(void **state)
{
    (void)state;
    int lock;
    struct lock_holder holder;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(lock_look(directory, &holder), 0);
        assert_int_equal(lock_take(directory, false, &lock), 0);
        lock_release(lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lock_that_was_never_made_is_not_made_by_looking),
        cmocka_unit_test(only_one_holds_it_and_the_file_says_who),
        cmocka_unit_test(a_killed_holder_leaves_nothing_in_the_way),
        cmocka_unit_test(a_lock_that_was_not_signed_is_let_go_as_it_was),
        cmocka_unit_test(looking_never_disturbs_who_wants_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
