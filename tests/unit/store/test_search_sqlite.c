/* The search index of the SQLite back end: what it holds, and what becomes of a damaged one. */
#include <fcntl.h>
#include <sqlite3.h>

#include "domain/keyword.h"
#include "store/facts.h"
#include "store/sqlite/search_words.h"

#define OTHER (TENANT + 1)

static int64_t sql(struct harness *h, const char *text)
{
    char path[96];
    sqlite3 *db;
    sqlite3_stmt *statement;
    int64_t value = -1;
    snprintf(path, sizeof(path), "%s/wscrm.db", h->directory);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL), SQLITE_OK);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return value;
}

/* As many passes as it takes for one that began after the last change. */
static void wait_for_index(struct harness *h)
{
    struct store_metrics metrics;
    store_metrics(h->store, &metrics);
    for (uint64_t until = metrics.search_passes + 2; metrics.search_passes < until;) {
        mailbox_wait(h->box, 1);
        store_metrics(h->store, &metrics);
    }
}

static int start(void **state)
{
    harness_start(state);
    struct harness *h = *state;
    h->settings.search_pause_ms = 1;
    harness_reopen(h);
    assert_int_equal(add_tenant(h, OTHER), 0);
    return 0;
}

static void import(struct harness *h, int64_t tenant_id, int64_t first, size_t count,
                   const char *name)
{
    struct customer_change *items = calloc(count, sizeof(*items));
    struct customer_outcome *outcomes = calloc(count, sizeof(*outcomes));
    for (size_t i = 0; i < count; i++) {
        items[i].number = first + (int64_t)i;
        items[i].fields[CUSTOMER_FRIEND_NAME] = set_text(name);
    }
    assert_int_equal(upsert(h, tenant_id, NOW, items, count, outcomes), 0);
    free(items);
    free(outcomes);
}

static void count_one(struct customers_page *op, const struct customer *customer)
{
    (void)customer;
    op->call.subject++;
}

static int64_t found(struct harness *h, int64_t tenant_id, const char *keyword)
{
    struct tenants *tenants = store_tenants(h->store);
    struct segment segment = {0};
    assert_int_equal(keyword_parse(str_of(keyword), &segment.keyword), 0);
    struct customers_page op = {.call = harness_call(h),
                                .tenant = tenants_find(tenants, tenant_id),
                                .segment = &segment,
                                .limit = 1,
                                .counts = true,
                                .each = count_one};
    store_customers_page(h->reader, &op);
    run_read(h, &op.call);
    tenants_unref(tenants);
    assert_int_equal(op.call.result, 0);
    return op.total;
}

/* Rows of the index that have the first gram of the name. */
static int64_t indexed(struct harness *h, const char *name)
{
    uint32_t grams[NAME_GRAMS_MAX];
    char word[WORD_LEN], text[128];
    assert_true(name_grams(str_of(name), grams) > 0);
    word_of_gram(grams[0], word);
    snprintf(text, sizeof(text), "SELECT count(*) FROM search WHERE search MATCH '%.*s'", WORD_LEN,
             word);
    return sql(h, text);
}

static void it_holds_each_customer_once_and_nobody_who_is_gone(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 3000, "Wang Xiaoming");
    import(h, OTHER, NUMBER, 700, "Zhou Yu");
    wait_for_index(h);
    assert_int_equal(indexed(h, "Wang"), 3000);
    assert_int_equal(indexed(h, "Zhou"), 700);
    assert_int_equal(sql(h, "SELECT indexed_to FROM search_state"), 3700);
    assert_int_equal(remove_tenant(h, OTHER), 0);
    import(h, TENANT, NUMBER + 100, 1200, "Li Wei");
    wait_for_index(h);
    assert_int_equal(sql(h, "SELECT count(*) FROM search_todo"), 0);
    assert_int_equal(indexed(h, "Wang"), 1800); /* what the old names were found by is gone */
    assert_int_equal(indexed(h, "Li Wei"), 1200);
    assert_int_equal(indexed(h, "Zhou"), 0);
    assert_int_equal(sql(h, "SELECT generation FROM search_state"), 0); /* it was never made anew */
    assert_int_equal(found(h, TENANT, "wang"), 1800);
    assert_int_equal(found(h, TENANT, "li wei"), 1200);
}

static void candidates_of_several_pieces_are_all_looked_at(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 1700, "Wang Xiaoming");
    wait_for_index(h);
    import(h, TENANT, NUMBER + 5000, 30, "Wang Wu"); /* and what comes meanwhile */
    assert_int_equal(found(h, TENANT, "wang"), 1730);
    assert_int_equal(found(h, TENANT, "xiaoming"), 1700);
    assert_int_equal(found(h, OTHER, "wang"), 0);
}

static void a_change_that_is_rolled_back_leaves_nothing_to_do(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 10, "Wang");
    wait_for_index(h);
    h->settings.search_pause_ms = 3600000;
    harness_reopen(h);
    struct customer_change item = {.number = NUMBER, .owner = STR("nobody")};
    item.fields[CUSTOMER_FRIEND_NAME] = set_text("Li");
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), ERR_NO_AGENT);
    item.owner = STR("ann");
    item.fields[CUSTOMER_FRIEND_NAME] = set_text("Wang"); /* the same */
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(sql(h, "SELECT count(*) FROM search_todo"), 0);
}

static const char *const damages[] = {
    "UPDATE search_data SET block = zeroblob(length(block)) WHERE id > 10",
    "UPDATE search_data SET block = x'ffffffffffff' WHERE id = 10",
    "DELETE FROM search_data",
    "UPDATE search_idx SET pgno = pgno + 12345",
};

static void a_damaged_index_is_made_anew_and_nobody_notices(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 3000, "Wang Xiaoming");
    import(h, TENANT, NUMBER + 3000, 1, "Li Wei");
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        wait_for_index(h);
        assert_int_equal(sql(h, damages[i]), -1);
        harness_reopen(h);
        wait_for_index(h);
        assert_int_equal(found(h, TENANT, "li wei"), 1);
        assert_int_equal(indexed(h, "Wang") + indexed(h, "Li Wei"), 3001);
        assert_int_equal(sql(h, "SELECT generation FROM search_state"), i + 1);
        import(h, TENANT, NUMBER, 50, i % 2 ? "Wang Wu" : "Wang Xiaoming");
    }
}

static void with_an_index_that_cannot_be_made_imports_go_on_and_rows_are_looked_at(void **state)
{
    struct harness *h = *state;
    log_init_fd(LOG_ERROR, open("/dev/null", 1)); /* its error is expected */
    import(h, TENANT, NUMBER, 300, "Wang Xiaoming");
    wait_for_index(h);
    assert_int_equal(sql(h, "DROP TABLE search_data"), -1);
    import(h, TENANT, NUMBER + 1000, 300, "Li Wei");
    assert_int_equal(found(h, TENANT, "wang"), 300);
    assert_int_equal(found(h, TENANT, "li wei"), 300);
    while (sql(h, "SELECT emptying FROM search_state") == 0)
        mailbox_wait(h->box, 1); /* the chore notices in its own time */
    import(h, TENANT, NUMBER + 2000, 300, "Li Wei");
    assert_int_equal(found(h, TENANT, "li wei"), 600);
}

static void an_index_of_other_rules_is_made_anew(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 3000, "Wang Xiaoming");
    wait_for_index(h);
    assert_int_equal(sql(h, "UPDATE search_state SET rules = 0"), -1);
    assert_int_equal(found(h, TENANT, "wang"), 3000);
    wait_for_index(h);
    assert_true(sql(h, "SELECT generation FROM search_state") > 0);
    assert_int_equal(indexed(h, "Wang"), 3000);
    assert_int_equal(found(h, TENANT, "wang"), 3000);
}

struct problems {
    int count;
    char last[128];
};

static void note_problem(void *context, const char *text)
{
    struct problems *problems = context;
    problems->count++;
    snprintf(problems->last, sizeof(problems->last), "%s", text);
}

/* Takes the entry of a customer called Wang Xiaoming out of the index, or puts it in. */
static void change_entry(struct harness *h, int64_t id, int64_t number, bool is_deleted)
{
    char text[1024];
    struct buf words;
    buf_init(&words, 512);
    search_words(&words, number, STR("Wang Xiaoming"));
    snprintf(text, sizeof(text), "INSERT INTO search (%s rowid, grams) VALUES (%s %lld, '%.*s')",
             is_deleted ? "search," : "", is_deleted ? "'delete'," : "", (long long)id,
             (int)words.len, words.data);
    buf_free(&words);
    assert_int_equal(sql(h, text), -1);
}

/* In a store of so few each is looked up. */
static void check_names_each_customer_whom_the_index_has_lost(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 400 };
    import(h, TENANT, NUMBER, COUNT, "Wang Xiaoming");
    wait_for_index(h);
    for (int64_t lost = 0; lost < COUNT; lost += 57) {
        struct problems problems = {0};
        char text[64];
        int64_t id = sql(h, "SELECT min(id) FROM customer") + lost;
        change_entry(h, id, NUMBER + lost, true);
        assert_int_equal(store_check(h->store, note_problem, &problems), 1);
        snprintf(text, sizeof(text), "search index: customer %lld is not found", (long long)id);
        assert_string_equal(problems.last, text);
        change_entry(h, id, NUMBER + lost, false);
    }
    assert_sound(h);
}

static void check_tells_of_an_index_that_is_damaged(void **state)
{
    struct harness *h = *state;
    import(h, TENANT, NUMBER, 3000, "Wang Xiaoming");
    wait_for_index(h);
    h->settings.search_pause_ms = 3600000; /* nobody looks at it again, but once at the start */
    harness_reopen(h);
    struct store_metrics metrics = {0};
    while (metrics.search_passes == 0) {
        mailbox_wait(h->box, 1);
        store_metrics(h->store, &metrics);
    }
    for (size_t i = 0; i < 3; i++) {
        struct problems problems = {0};
        assert_int_equal(sql(h, "CREATE TABLE kept AS SELECT * FROM search_data"), -1);
        assert_int_equal(sql(h, damages[i]), -1);
        assert_true(store_check(h->store, note_problem, &problems) > 0);
        assert_int_equal(sql(h, "INSERT OR REPLACE INTO search_data SELECT * FROM kept"), -1);
        assert_int_equal(sql(h, "DROP TABLE kept"), -1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_holds_each_customer_once_and_nobody_who_is_gone),
        TEST(candidates_of_several_pieces_are_all_looked_at),
        TEST(a_change_that_is_rolled_back_leaves_nothing_to_do),
        TEST(a_damaged_index_is_made_anew_and_nobody_notices),
        TEST(with_an_index_that_cannot_be_made_imports_go_on_and_rows_are_looked_at),
        TEST(an_index_of_other_rules_is_made_anew),
        TEST(check_names_each_customer_whom_the_index_has_lost),
        TEST(check_tells_of_an_index_that_is_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
