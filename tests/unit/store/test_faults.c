/* The SQLite store on a disk that is full, broken, or gone for a while. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/faulty_disk.h"
#include "store/harness.h"
#include "store/sqlite_beside.h"

#define NUMBER INT64_C(8618217331411)

/* What the store does by itself, the search index, is over when it returns: it would meet the faults that
 * are meant for others. */
static void reopen(struct harness *h)
{
    struct store_metrics metrics = {0};
    harness_reopen(h);
    while (metrics.search_passes == 0) {
        mailbox_wait(h->box, 1);
        store_metrics(h->store, &metrics);
    }
}

static int start(void **state)
{
    disk_heal();
    harness_start(state);
    struct harness *h = *state;
    h->settings.search_pause_ms = 3600000;
    reopen(h);
    return 0;
}

static int end(void **state)
{
    disk_heal();
    return harness_end(state);
}

static int write_one(struct harness *h, int64_t number, const char *stage)
{
    struct customer_change item = {.number = number, .fields[CUSTOMER_STAGE] = set_text(stage)};
    return upsert_one(h, TENANT, NOW, &item);
}

static bool is_healthy(struct harness *h)
{
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    return metrics.healthy;
}

/* Acknowledged is what was acknowledged, the program goes on, and so does the file. */
static void assert_goes_on(struct harness *h, const char *stage)
{
    assert_false(is_healthy(h));
    disk_heal();
    assert_shown(h, TENANT, NUMBER, "stage=before +0~0");
    /* The label that the failed group made is not remembered. */
    assert_int_equal(write_one(h, NUMBER + 2, stage), 0);
    assert_true(is_healthy(h));
    char expected[64];
    snprintf(expected, sizeof(expected), "stage=%s +0~0", stage);
    assert_shown(h, TENANT, NUMBER + 2, expected);
    assert_sound(h);
    reopen(h);
    assert_shown(h, TENANT, NUMBER, "stage=before +0~0");
    assert_shown(h, TENANT, NUMBER + 2, expected);
    assert_sound(h);
}

static void a_full_disk_at_the_commit_is_an_unknown_outcome_and_then_goes_on(void **state)
{
    struct harness *h = *state;
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    atomic_store(&disk.write_error, SQLITE_FULL);
    assert_int_equal(write_one(h, NUMBER + 1, "during"), ERR_UNKNOWN);
    /* The log cannot be brought to a known state either: the group is not even begun. */
    assert_int_equal(write_one(h, NUMBER + 1, "during"), ERR_STORE);
    assert_shown(h, TENANT, NUMBER + 1, "none"); /* reading goes on */
    assert_goes_on(h, "during");
}

static void a_sync_that_fails_is_an_unknown_outcome_and_then_goes_on(void **state)
{
    struct harness *h = *state;
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    assert_int_equal(write_one(h, NUMBER + 1, "during"), ERR_UNKNOWN);
    assert_goes_on(h, "during");
}

static void a_disk_that_is_gone_is_waited_for(void **state)
{
    struct harness *h = *state;
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    atomic_store(&disk.write_error, SQLITE_IOERR_WRITE);
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    atomic_store(&disk.open_error, SQLITE_CANTOPEN);
    assert_int_equal(write_one(h, NUMBER + 1, "during"), ERR_UNKNOWN);
    for (int i = 0; i < 3; i++) {
        /* Not even the file can be opened: surely nothing was changed. */
        assert_int_equal(write_one(h, NUMBER + 1, "during"), ERR_STORE);
    }
    assert_goes_on(h, "during");
}

static void a_full_disk_before_the_commit_changes_nothing(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 450 }; /* a light command, which is never cut */
    struct customer_change *items = calloc(COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
    char text[2001];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + 10 + i,
                                            .fields[CUSTOMER_STAGE] = set_text("during"),
                                            .fields[CUSTOMER_DESC] = set_text(text)};
    }
    /* A page cache of 32 pages for the writer: rows are in the log long before the commit. */
    h->settings.cache_kib = 16;
    reopen(h);
    atomic_store(&disk.write_error, SQLITE_FULL);
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), ERR_STORE);
    disk_heal();
    for (int64_t i = 0; i < COUNT; i += 100)
        assert_shown(h, TENANT, NUMBER + 10 + i, "none");
    assert_goes_on(h, "during");
    free(items);
    free(outcomes);
}

static void a_long_import_that_breaks_off_is_an_unknown_outcome(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 40000 }; /* at least four pieces */
    struct customer_change *items = calloc(COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + 10 + i,
                                            .fields[CUSTOMER_STAGE] = set_text("during")};
    }
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    uint64_t rows = metrics.rows;
    struct customers_upsert op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .now_ms = NOW,
                                  .items = items,
                                  .count = COUNT,
                                  .outcomes = outcomes};
    store_customers_upsert(h->store, &op);
    while (metrics.rows == rows)
        store_metrics(h->store, &metrics);
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    assert_int_equal(harness_wait(h, &op.call), ERR_UNKNOWN);
    disk_heal();
    assert_shown(h, TENANT, NUMBER + 10, "stage=during +0~0");
    assert_shown(h, TENANT, NUMBER + 9 + COUNT, "none");
    /* Repeating is safe. */
    assert_int_equal(upsert(h, TENANT, NOW + 1, items, COUNT, outcomes), 0);
    assert_shown(h, TENANT, NUMBER + 10, "stage=during +0~0");
    assert_shown(h, TENANT, NUMBER + 9 + COUNT, "stage=during +1~1");
    free(items);
    free(outcomes);
}

static void a_tenant_whose_commit_failed_is_not_in_the_snapshot(void **state)
{
    struct harness *h = *state;
    uint64_t version = store_tenants_version(h->store);
    atomic_store(&disk.sync_error, SQLITE_IOERR_FSYNC);
    assert_int_equal(add_tenant(h, TENANT + 1), ERR_UNKNOWN);
    disk_heal();
    assert_int_equal(store_tenants_version(h->store), version);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_true(store_tenants_version(h->store) > version);
}

static void a_read_that_fails_says_so_and_the_next_one_works(void **state)
{
    struct harness *h = *state;
    static struct shown shown;
    const int64_t number = NUMBER;
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    atomic_store(&disk.read_error, SQLITE_IOERR_READ);
    store_reader_free(h->reader);
    assert_int_equal(store_reader_new(h->store, &h->reader), ERR_STORE);
    disk_heal();
    assert_int_equal(store_reader_new(h->store, &h->reader), 0);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), 0);
    /* Behind the reader's back, so that it must read again. */
    assert_int_equal(write_one(h, NUMBER, "later"), 0);
    atomic_store(&disk.read_error, SQLITE_IOERR_READ);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), ERR_STORE);
    assert_int_equal(get(h, TENANT, &number, 1, &shown), ERR_STORE);
    disk_heal();
    assert_int_equal(get(h, TENANT, &number, 1, &shown), 0);
    assert_string_equal(shown.text, " stage=later +0~0");
}

/* The same with the kernel's own refusal: no file may grow. */
static void a_file_that_may_not_grow_is_a_full_disk(void **state)
{
    struct harness *h = *state;
    struct rlimit before, none;
    struct stat status;
    char path[128];
    assert_int_equal(write_one(h, NUMBER, "before"), 0);
    snprintf(path, sizeof(path), "%s/wscrm.db-wal", h->directory);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)status.st_size;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int result = write_one(h, NUMBER + 1, "during");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(result, ERR_UNKNOWN);
    assert_goes_on(h, "during");
}

/* --- one command's own fault */

static void a_refused_statement_takes_back_its_command_and_no_neighbour(void **state)
{
    struct harness *h = *state;
    enum { WRITES = 3 };
    struct customer_change items[WRITES][2];
    struct customer_outcome outcomes[WRITES][2];
    struct customers_upsert ops[WRITES];
    sqlite3 *other = other_connection(h);
    execute(other, "CREATE TRIGGER refuse BEFORE INSERT ON customer WHEN new.friend_name = 'bad'"
                   " BEGIN SELECT RAISE(ABORT, 'refused'); END");
    /* While this holds the lock the writer waits, and then finds all three: one group. */
    execute(other, "BEGIN IMMEDIATE");
    for (int i = 0; i < WRITES; i++) {
        for (int k = 0; k < 2; k++) {
            items[i][k] = (struct customer_change){
                .number = NUMBER + i * 2 + k,
                .fields[CUSTOMER_STAGE] = set_text(i == 1 ? "of the refused" : "won"),
                .fields[CUSTOMER_FRIEND_NAME] = set_text(i == 1 && k == 1 ? "bad" : "good")};
        }
        ops[i] = (struct customers_upsert){.call = harness_call(h),
                                           .tenant_id = TENANT,
                                           .now_ms = NOW,
                                           .items = items[i],
                                           .count = 2,
                                           .outcomes = outcomes[i]};
        store_customers_upsert(h->store, &ops[i]);
    }
    execute(other, "COMMIT");
    assert_int_equal(harness_wait(h, &ops[0].call), 0);
    assert_int_equal(harness_wait(h, &ops[1].call), ERR_STORE);
    assert_int_equal(harness_wait(h, &ops[2].call), 0);
    assert_shown(h, TENANT, NUMBER, "friendName=good stage=won +0~0");
    assert_shown(h, TENANT, NUMBER + 2, "none");
    assert_shown(h, TENANT, NUMBER + 3, "none");
    assert_shown(h, TENANT, NUMBER + 5, "friendName=good stage=won +0~0");
    assert_true(is_healthy(h));
    assert_int_equal(write_one(h, NUMBER + 6, "of the refused"), 0);
    assert_shown(h, TENANT, NUMBER + 6, "stage=of the refused +0~0");
    execute(other, "DROP TRIGGER refuse");
    sqlite3_close(other);
    assert_sound(h);
}

static void an_import_of_one_that_fails_half_way_takes_its_group_along(void **state)
{
    struct harness *h = *state;
    enum { WRITES = 3 };
    struct customer_change items[WRITES];
    struct customer_outcome outcomes[WRITES];
    struct customers_upsert ops[WRITES];
    sqlite3 *other = other_connection(h);
    execute(other, "CREATE TRIGGER refuse BEFORE INSERT ON customer WHEN new.friend_name = 'bad'"
                   " BEGIN SELECT RAISE(ABORT, 'refused'); END");
    execute(other, "BEGIN IMMEDIATE");
    for (int i = 0; i < WRITES; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i,
                                            .fields[CUSTOMER_STAGE] = set_text("fresh"),
                                            .fields[CUSTOMER_FRIEND_NAME] =
                                                set_text(i == 1 ? "bad" : "good")};
        ops[i] = (struct customers_upsert){.call = harness_call(h),
                                           .tenant_id = TENANT,
                                           .now_ms = NOW,
                                           .items = &items[i],
                                           .count = 1,
                                           .outcomes = &outcomes[i]};
        store_customers_upsert(h->store, &ops[i]);
    }
    execute(other, "COMMIT");
    int good = 0;
    for (int i = 0; i < WRITES; i++) {
        int result = harness_wait(h, &ops[i].call);
        assert_true(result == ERR_STORE || (result == 0 && i != 1));
        /* Whoever was told so is there, and nobody else. */
        assert_shown(h, TENANT, NUMBER + i,
                     result == 0 ? "friendName=good stage=fresh +0~0" : "none");
        good += result == 0;
    }
    assert_true(good < WRITES);
    execute(other, "DROP TRIGGER refuse");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(write_one(h, NUMBER + 6, "fresh"), 0);
    assert_true(is_healthy(h));
}

static void a_full_queue_refuses_at_once(void **state)
{
    struct harness *h = *state;
    enum { WRITES = 12, ROOM = 8 };
    h->settings.queue_max = ROOM;
    reopen(h);
    struct customer_change items[WRITES];
    struct customer_outcome outcomes[WRITES];
    struct customers_upsert ops[WRITES];
    sqlite3 *other = other_connection(h);
    execute(other, "BEGIN IMMEDIATE");
    for (int i = 0; i < WRITES; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i};
        ops[i] = (struct customers_upsert){.call = harness_call(h),
                                           .tenant_id = TENANT,
                                           .now_ms = NOW,
                                           .items = &items[i],
                                           .count = 1,
                                           .outcomes = &outcomes[i]};
        store_customers_upsert(h->store, &ops[i]);
        assert_non_null(ops[i].call.owner); /* not before the verb has returned */
    }
    for (int i = ROOM; i < WRITES; i++)
        assert_int_equal(harness_wait(h, &ops[i].call), ERR_BUSY);
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    assert_int_equal(metrics.queue_depth, ROOM);
    execute(other, "COMMIT");
    sqlite3_close(other);
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(harness_wait(h, &ops[i].call), 0);
    assert_shown(h, TENANT, NUMBER + ROOM, "none");
}

static void every_acknowledgement_has_a_sync(void **state)
{
    struct harness *h = *state;
    for (int i = 0; i < 20; i++) {
        int before = atomic_load(&disk.syncs);
        assert_int_equal(write_one(h, NUMBER + i, "won"), 0);
        assert_true(atomic_load(&disk.syncs) > before);
    }
}

/* What a kill between a commit's write and its sync leaves behind reads as committed; before a
 * repeated command finds nothing to do and is acknowledged without a sync, the store has synced it. */
/* See log_vfs.h: SQLite itself would write each page in two calls. */
static void an_import_of_many_pages_is_a_few_writes(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 400 };
    struct customer_change items[COUNT];
    struct customer_outcome outcomes[COUNT];
    char text[256];
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i,
                                            .fields[CUSTOMER_ADDRESS] = set_text(text)};
    }
    int before = atomic_load(&disk.writes);
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    /* 100 KiB of rows: at least 50 pages. */
    assert_in_range(atomic_load(&disk.writes) - before, 1, 10);
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    assert_true(metrics.wal_bytes > 100000);
    /* A reader sees them at once. */
    assert_string_not_equal(show(h, TENANT, NUMBER + COUNT / 2), "none");
}

static void what_the_log_holds_is_synced_at_the_start(void **state)
{
    struct harness *h = *state;
    assert_int_equal(write_one(h, NUMBER, "won"), 0);
    sqlite3 *other = other_connection(h); /* keeps the log from being emptied by the close */
    execute(other, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 0");
    int no_checkpoint = 1;
    sqlite3_db_config(other, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, no_checkpoint, NULL);
    harness_close(h);
    execute(other, "UPDATE customer SET email = 'unsynced'");
    sqlite3_close(other);
    int before = atomic_load(&disk.syncs);
    harness_open(h);
    assert_true(atomic_load(&disk.syncs) > before);
    assert_shown(h, TENANT, NUMBER, "email=unsynced stage=won +0~0");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, end)

int main(void)
{
    disk_install();
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_at_the_commit_is_an_unknown_outcome_and_then_goes_on),
        TEST(a_sync_that_fails_is_an_unknown_outcome_and_then_goes_on),
        TEST(a_disk_that_is_gone_is_waited_for),
        TEST(a_full_disk_before_the_commit_changes_nothing),
        TEST(a_long_import_that_breaks_off_is_an_unknown_outcome),
        TEST(a_tenant_whose_commit_failed_is_not_in_the_snapshot),
        TEST(a_read_that_fails_says_so_and_the_next_one_works),
        TEST(a_file_that_may_not_grow_is_a_full_disk),
        TEST(a_refused_statement_takes_back_its_command_and_no_neighbour),
        TEST(an_import_of_one_that_fails_half_way_takes_its_group_along),
        TEST(a_full_queue_refuses_at_once),
        TEST(every_acknowledgement_has_a_sync),
        TEST(an_import_of_many_pages_is_a_few_writes),
        TEST(what_the_log_holds_is_synced_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
