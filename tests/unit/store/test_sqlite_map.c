/* The mapped database: readers on a file that is cut short behind their backs. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/sqlite/file_map.h"
#include "store/sqlite/reader.h"
#include "store/sqlite_beside.h"

#define NUMBER INT64_C(8618217331411)
#define COUNT  3000
#define MIDDLE (NUMBER + COUNT / 2)
#define KEPT   8192 /* of the file: the schema, not the customers */

static void database_path(struct harness *h, char path[128])
{
    snprintf(path, 128, "%s/wscrm.db", h->directory);
}

/* 3,000 customers, in the database and not in its log, but for one: else SQLite would compare the file's
 * size with its header before it reads. */
static int start(void **state)
{
    static struct customer_change items[COUNT];
    static struct customer_outcome outcomes[COUNT];
    harness_start(state);
    struct harness *h = *state;
    for (int64_t i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i,
                                            .fields[CUSTOMER_STAGE] = set_text("won")};
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    h->settings.search_pause_ms = 3600000; /* nobody writes meanwhile */
    return 0;
}

static int write_one(struct harness *h, int64_t number)
{
    return upsert_one(h, TENANT, NOW, &(struct customer_change){.number = number});
}

/* In the test: cmocka gives each of its parts a handler of SIGBUS of its own. */
static void open_mapped(struct harness *h)
{
    harness_reopen(h);
    assert_int_equal(write_one(h, NUMBER - 1), 0);
    assert_shown(h, TENANT, NUMBER - 1, "+0~0");
    assert_shown(h, TENANT, NUMBER, "stage=won +0~0");
}

struct bytes {
    char *p;
    size_t len;
};

/* To `len` bytes, or by -len and what is over whole pages of memory: the rest of a page of memory whose
 * beginning is there reads as zeros, and is no fault. */
static struct bytes cut_short(struct harness *h, int64_t len)
{
    char path[128];
    struct stat status;
    database_path(h, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(fstat(fd, &status), 0);
    struct bytes whole = {malloc((size_t)status.st_size), (size_t)status.st_size};
    assert_int_equal(read(fd, whole.p, whole.len), status.st_size);
    close(fd);
    if (len < 0)
        len = (status.st_size + len) / sysconf(_SC_PAGESIZE) * sysconf(_SC_PAGESIZE);
    assert_int_equal(truncate(path, len), 0);
    return whole;
}

static void make_whole(struct harness *h, struct bytes whole)
{
    char path[128];
    database_path(h, path);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(write(fd, whole.p, whole.len), whole.len);
    close(fd);
    free(whole.p);
}

static void a_page_that_cannot_be_read_is_an_error_and_not_the_end(void **state)
{
    struct harness *h = *state;
    static struct shown shown;
    const int64_t number = MIDDLE;
    log_init_fd(LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC)); /* it is expected */
    open_mapped(h);
    struct bytes whole = cut_short(h, KEPT);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), ERR_STORE);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), ERR_STORE);
    make_whole(h, whole);
    assert_shown(h, TENANT, MIDDLE, "stage=won +0~0");
    assert_shown(h, TENANT, NUMBER, "stage=won +0~0");
    assert_int_equal(write_one(h, NUMBER + COUNT), 0);
    assert_shown(h, TENANT, NUMBER + COUNT, "+0~0");
}

/* Zeros that one reader brought about look to another like an empty page: nobody is "not found". */
static void another_reader_is_not_told_that_nobody_is_there(void **state)
{
    struct harness *h = *state;
    static struct shown shown;
    const int64_t number = MIDDLE;
    struct store_reader *other, *own;
    log_init_fd(LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    open_mapped(h);
    own = h->reader;
    assert_int_equal(store_reader_new(h->store, &other), 0);
    struct bytes whole = cut_short(h, KEPT);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), ERR_STORE);
    assert_true(file_map_failed(&other->connection));
    make_whole(h, whole);
    h->reader = other; /* it has the mapping that holds the zeros */
    assert_shown(h, TENANT, MIDDLE, "stage=won +0~0");
    h->reader = own;
    store_reader_free(other);
}

/* The pages that a long text goes on in hold nothing that SQLite could tell from zeros. */
static void a_text_is_the_one_that_was_written_or_an_error(void **state)
{
    struct harness *h = *state;
    enum { LONG = 40, CUT = 16384 };
    static struct shown shown;
    static char desc[1900], expected[2300];
    char address[251];
    log_init_fd(LOG_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    memset(desc, 'd', sizeof(desc) - 1);
    memset(address, 'a', sizeof(address) - 1);
    address[sizeof(address) - 1] = '\0';
    snprintf(expected, sizeof(expected), " address=%s desc=%s +0~0", address, desc);
    for (int64_t i = 0; i < LONG; i++) {
        struct customer_change item = {.number = NUMBER + COUNT + i};
        item.fields[CUSTOMER_DESC] = set_text(desc);
        item.fields[CUSTOMER_ADDRESS] = set_text(address);
        assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    }
    open_mapped(h);
    struct bytes whole = cut_short(h, -CUT);
    int result = 0;
    int64_t number = NUMBER + COUNT;
    for (; result == 0 && number < NUMBER + COUNT + LONG; number++) {
        result = get(h, TENANT, &number, 1, &shown);
        if (result == 0)
            assert_string_equal(shown.text, expected);
    }
    assert_int_equal(result, ERR_STORE);
    make_whole(h, whole);
    assert_shown(h, TENANT, number - 1, expected + 1);
}

static void without_address_space_it_is_read_by_calls(void **state)
{
    struct harness *h = *state;
    struct file_map *map;
    char path[128];
    database_path(h, path);
    assert_true(file_map_new(path, SIZE_MAX, &map) < 0);
    harness_close(h);
    h->settings.mmap_mib = 0;
    harness_open(h);
    assert_shown(h, TENANT, NUMBER, "stage=won +0~0");
}

/* A mapping of 1 MiB, a file of more: what it does not reach is read by calls. */
static void a_file_that_outgrows_the_mapping_is_read_all_the_same(void **state)
{
    struct harness *h = *state;
    static char text[1800];
    struct customer_change item = {.number = NUMBER + COUNT};
    memset(text, 'x', sizeof(text) - 1);
    item.fields[CUSTOMER_DESC] = set_text(text);
    h->settings.mmap_mib = 1;
    harness_reopen(h);
    for (int64_t i = 0; i < 600; i++, item.number++)
        assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    harness_reopen(h); /* the log is copied */
    assert_shown(h, TENANT, NUMBER, "stage=won +0~0");
    char shown[2048];
    snprintf(shown, sizeof(shown), "desc=%s +0~0", text);
    assert_shown(h, TENANT, item.number - 1, shown);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_page_that_cannot_be_read_is_an_error_and_not_the_end),
        TEST(another_reader_is_not_told_that_nobody_is_there),
        TEST(a_text_is_the_one_that_was_written_or_an_error),
        TEST(without_address_space_it_is_read_by_calls),
        TEST(a_file_that_outgrows_the_mapping_is_read_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
