/* The copying of the log into the database, beside the writer. */
#include <sys/stat.h>

#include "store/sqlite_beside.h"

#define NUMBER INT64_C(8618217331411)
#define COUNT  5000

static int64_t size_of(struct harness *h, const char *name)
{
    struct stat status;
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", h->directory, name);
    assert_int_equal(stat(path, &status), 0);
    return (int64_t)status.st_size;
}

/* Some 10 MiB of customers, each time others. */
static void write_much(struct harness *h, int64_t round)
{
    static struct customer_change items[COUNT];
    static struct customer_outcome outcomes[COUNT];
    static char text[1800];
    memset(text, 'x', sizeof(text) - 1);
    for (int64_t i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + round * COUNT + i,
                                            .fields[CUSTOMER_DESC] = set_text(text)};
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
}

static void the_log_is_copied_while_the_store_is_open_and_starts_over(void **state)
{
    struct harness *h = *state;
    const int64_t mib = INT64_C(1) << 20;
    for (int64_t round = 0; round < 12; round++)
        write_much(h, round);
    while (size_of(h, "wscrm.db") < 16 * mib)
        usleep(1000); /* the copying takes the time it takes */
    assert_true(size_of(h, "wscrm.db-wal") <= 128 * mib);
    assert_sound(h);
}

static void a_reader_that_stays_holds_the_copying_up_and_no_writer(void **state)
{
    struct harness *h = *state;
    sqlite3 *db = other_connection(h);
    execute(db, "BEGIN");
    assert_int_equal(look(db, "SELECT count(*) FROM customer"), 0);
    for (int64_t round = 0; round < 8; round++)
        write_much(h, round);
    assert_int_equal(look(db, "SELECT count(*) FROM customer"),
                     0); /* it still sees the old state */
    execute(db, "COMMIT");
    sqlite3_close(db);
    write_much(h, 8);
    assert_sound(h);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_log_is_copied_while_the_store_is_open_and_starts_over),
        TEST(a_reader_that_stays_holds_the_copying_up_and_no_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
