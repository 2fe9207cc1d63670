/* Walks over all customers of a tenant; what an import says it did. */
#include "harness.h"

#include <sqlite3.h>

#define NUMBER INT64_C(8618200000000)
#define COUNT  1000

#define TEST(name) cmocka_unit_test_setup_teardown(name, harness_start, harness_end)

struct walk {
    struct customers_walk op;
    int64_t numbers[COUNT + 1];
    size_t count;
    char last[64]; /* friendName of the last */
};

static void see(struct customers_walk *op, const struct customer *customer)
{
    struct walk *walk = (struct walk *)op;
    struct str name = customer->fields[CUSTOMER_FRIEND_NAME];
    assert_true(walk->count <= COUNT);
    walk->numbers[walk->count++] = customer->number;
    snprintf(walk->last, sizeof(walk->last), "%.*s", (int)name.len, name.len ? name.p : "");
}

/* One piece; its result. */
static int walk_on(struct harness *h, struct walk *walk, int64_t tenant_id, size_t limit)
{
    struct tenants *tenants = store_tenants(h->store);
    walk->op.call = harness_call(h);
    walk->op.tenant = tenants_find(tenants, tenant_id);
    walk->op.limit = limit;
    walk->op.each = see;
    store_customers_walk(h->reader, &walk->op);
    while (walk->op.call.owner)
        store_reads_run(h->reader);
    tenants_unref(tenants);
    return walk->op.call.result;
}

static void fill(struct harness *h, int64_t tenant_id, size_t count)
{
    struct customer_change *items = calloc(count, sizeof(*items));
    struct customer_outcome *outcomes = calloc(count, sizeof(*outcomes));
    for (size_t i = 0; i < count; i++)
        items[i].number = NUMBER + (int64_t)(i * 617 % count); /* not in order */
    assert_int_equal(upsert(h, tenant_id, NOW, items, count, outcomes), 0);
    free(items);
    free(outcomes);
}

static void a_walk_shows_each_customer_of_the_tenant_once_by_number(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    fill(h, TENANT, COUNT);
    fill(h, TENANT + 1, 3);
    for (size_t limit = 1; limit <= COUNT + 1; limit = limit * 7 + 1) {
        struct walk *walk = calloc(1, sizeof(*walk));
        int shown = 1;
        while (shown > 0)
            shown = walk_on(h, walk, TENANT, limit);
        assert_int_equal(shown, 0);
        assert_int_equal(walk->count, COUNT);
        for (size_t i = 0; i < COUNT; i++)
            assert_int_equal(walk->numbers[i], NUMBER + (int64_t)i);
        free(walk);
    }
}

static void a_walk_that_shows_fewer_than_asked_is_over(void **state)
{
    struct harness *h = *state;
    struct walk walk = {.op.after = 0};
    assert_int_equal(walk_on(h, &walk, TENANT, 10), 0);
    fill(h, TENANT, 25);
    assert_int_equal(walk_on(h, &walk, TENANT, 10), 10);
    assert_int_equal(walk_on(h, &walk, TENANT, 10), 10);
    assert_int_equal(walk_on(h, &walk, TENANT, 10), 5);
    assert_int_equal(walk.count, 25);
}

static void a_customer_changed_during_a_walk_is_shown_as_it_is_then(void **state)
{
    struct harness *h = *state;
    struct walk walk = {.op.after = 0};
    fill(h, TENANT, 2);
    assert_int_equal(walk_on(h, &walk, TENANT, 1), 1);
    struct customer_change item = {.number = NUMBER + 1,
                                   .fields = {[CUSTOMER_FRIEND_NAME] = set_text("late")}};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(walk_on(h, &walk, TENANT, 2), 1);
    assert_string_equal(walk.last, "late");
}

static void an_import_says_what_was_new_what_changed_and_what_did_not(void **state)
{
    struct harness *h = *state;
    struct customer_change items[] = {
        {.number = NUMBER, .fields = {[CUSTOMER_EMAIL] = set_text("a@example.com")}},
        {.number = NUMBER, .fields = {[CUSTOMER_EMAIL] = set_text("b@example.com")}},
        {.number = NUMBER, .fields = {[CUSTOMER_EMAIL] = set_text("b@example.com")}},
    };
    struct customer_outcome outcomes[3];
    assert_int_equal(upsert(h, TENANT, NOW, items, 3, outcomes), 0);
    assert_int_equal(outcomes[0].effect, EFFECT_CREATED);
    assert_int_equal(outcomes[1].effect, EFFECT_CHANGED);
    assert_int_equal(outcomes[2].effect, EFFECT_NONE);
}

/* --- both forms of one number: no verb makes such rows, a store from before may have them */

static void insert_row(struct harness *h, int64_t tenant_id, int64_t number)
{
    char path[96], sql[256];
    sqlite3 *db;
    snprintf(path, sizeof(path), "%s/wscrm.db", h->directory);
    snprintf(
        sql, sizeof(sql),
        "INSERT INTO customer (tenant, number, created_ms, updated_ms) VALUES (%lld, %lld, 1, 1);"
        "UPDATE tenant SET customers = customers + 1 WHERE id = %lld",
        (long long)tenant_id, (long long)number, (long long)tenant_id);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000); /* the store's own chores write too */
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

struct pairs {
    int64_t tenant_id, number, other;
    int count;
};

static void pair(void *context, int64_t tenant_id, int64_t number, int64_t other)
{
    struct pairs *pairs = context;
    *pairs = (struct pairs){tenant_id, number, other, pairs->count + 1};
}

static void a_number_stored_in_both_forms_is_told_once_and_is_no_fault(void **state)
{
    struct harness *h = *state;
    struct pairs pairs = {0};
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    insert_row(h, TENANT, 551187654321);
    insert_row(h, TENANT + 1, 5511987654321);
    assert_int_equal(store_twins(h->store, 0, pair, &pairs), 0);
    insert_row(h, TENANT, 5511987654321);
    assert_int_equal(store_twins(h->store, 0, pair, &pairs), 1);
    assert_int_equal(pairs.count, 1);
    assert_int_equal(pairs.tenant_id, TENANT);
    assert_int_equal(pairs.number, 551187654321);
    assert_int_equal(pairs.other, 5511987654321);
    assert_int_equal(store_twins(h->store, TENANT + 1, pair, &pairs), 0);
    assert_int_equal(store_twins(h->store, TENANT, pair, &pairs), 1);
    assert_sound(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_walk_shows_each_customer_of_the_tenant_once_by_number),
        TEST(a_walk_that_shows_fewer_than_asked_is_over),
        TEST(a_customer_changed_during_a_walk_is_shown_as_it_is_then),
        TEST(an_import_says_what_was_new_what_changed_and_what_did_not),
        TEST(a_number_stored_in_both_forms_is_told_once_and_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
