/* Conformance: what holds for all verbs – order, threads, closing – through store.h, on any back end. */
#include <pthread.h>
#include <stdatomic.h>

#include "store/harness.h"

#define NUMBER INT64_C(8618217331411)

/* --- done */

static void a_verb_on_a_read_only_store_is_refused_but_not_before_it_has_returned(void **state)
{
    struct harness *h = *state;
    struct store *reading;
    struct customer_change item = {.number = NUMBER};
    struct customer_outcome outcome;
    assert_int_equal(
        store_open_read_only(&h->settings, h->crypto, &reading, h->why, sizeof(h->why)), 0);
    struct customers_upsert op = {.call = harness_call(h),
                                  .tenant_id = TENANT,
                                  .items = &item,
                                  .count = 1,
                                  .outcomes = &outcome};
    store_customers_upsert(reading, &op);
    assert_non_null(op.call.owner);
    assert_int_equal(harness_wait(h, &op.call), ERR_CLOSED);
    store_close(reading);
}

struct chain {
    struct customers_get get;
    struct store_reader *reader;
    int runs;
};

static void no_customer(struct customers_get *op, size_t index, const struct customer *customer)
{
    (void)op, (void)index, (void)customer;
}

static void ask_again(struct store_call *call)
{
    struct chain *chain = (struct chain *)(void *)call;
    assert_int_equal(call->result, 0);
    if (++chain->runs < 3)
        store_customers_get(chain->reader, &chain->get);
}

static void a_read_asked_for_in_a_done_waits_for_the_next_run(void **state)
{
    struct harness *h = *state;
    struct tenants *tenants = store_tenants(h->store);
    const int64_t numbers[2] = {NUMBER, NUMBER};
    struct chain chain = {.get = {.call = {.done = ask_again},
                                  .tenant = tenants_find(tenants, TENANT),
                                  .numbers = numbers,
                                  .count = 2,
                                  .each = no_customer},
                          .reader = h->reader};
    store_customers_get(h->reader, &chain.get);
    for (int run = 1; run <= 3; run++) {
        assert_int_equal(chain.runs, run - 1);
        assert_int_equal(store_reads_waiting(h->reader), 1);
        assert_int_equal(store_reads_run(h->reader), 1);
    }
    assert_int_equal(store_reads_waiting(h->reader), 0);
    assert_int_equal(store_reads_run(h->reader), 0);
    tenants_unref(tenants);
}

static void more_reads_than_a_transaction_takes_are_all_run(void **state)
{
    struct harness *h = *state;
    enum { READS = 2000 };
    struct tenants *tenants = store_tenants(h->store);
    struct customers_get *gets = calloc(READS, sizeof(*gets));
    struct customer_change item = {.number = NUMBER};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    const int64_t numbers[3] = {NUMBER, 1234567, NUMBER};
    for (int i = 0; i < READS; i++) {
        gets[i] = (struct customers_get){.call = harness_call(h),
                                         .tenant = tenants_find(tenants, TENANT),
                                         .numbers = numbers,
                                         .count = (size_t)i % 4,
                                         .each = no_customer};
        store_customers_get(h->reader, &gets[i]);
    }
    assert_int_equal(store_reads_run(h->reader), READS);
    for (int i = 0; i < READS; i++) {
        assert_null(gets[i].call.owner);
        assert_int_equal(gets[i].call.result, 0);
    }
    free(gets);
    tenants_unref(tenants);
}

/* --- many writes */

struct write {
    struct customers_upsert upsert;
    struct customer_change item;
    struct customer_outcome outcome;
};

static void start_write(struct harness *h, struct write *write, int64_t number)
{
    write->item =
        (struct customer_change){.number = number, .fields[CUSTOMER_FRIEND_NAME] = set_text("N")};
    write->upsert = (struct customers_upsert){.call = harness_call(h),
                                              .tenant_id = TENANT,
                                              .now_ms = NOW,
                                              .items = &write->item,
                                              .count = 1,
                                              .outcomes = &write->outcome};
    store_customers_upsert(h->store, &write->upsert);
}

static void what_waits_at_the_close_is_written_and_answered(void **state)
{
    struct harness *h = *state;
    enum { WRITES = 1500 };
    struct write *writes = calloc(WRITES, sizeof(*writes));
    for (int i = 0; i < WRITES; i++)
        start_write(h, &writes[i], NUMBER + i);
    harness_close(h);
    harness_open(h);
    for (int i = 0; i < WRITES; i++) {
        assert_int_equal(harness_wait(h, &writes[i].upsert.call), 0);
        assert_shown(h, TENANT, NUMBER + i, "friendName=N +0~0");
    }
    free(writes);
}

static void a_single_write_does_not_wait_for_large_imports(void **state)
{
    struct harness *h = *state;
    enum { IMPORTS = 8, COUNT = 5000 };
    struct customer_change *items = calloc(IMPORTS * COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(IMPORTS * COUNT, sizeof(*outcomes));
    struct customers_upsert imports[IMPORTS];
    for (int64_t i = 0; i < IMPORTS * COUNT; i++)
        items[i] = (struct customer_change){.number = NUMBER + i * 104729 % 1000003};
    for (int i = 0; i < IMPORTS; i++) {
        imports[i] = (struct customers_upsert){.call = harness_call(h),
                                               .tenant_id = TENANT,
                                               .now_ms = NOW,
                                               .items = items + (ptrdiff_t)i * COUNT,
                                               .count = COUNT,
                                               .outcomes = outcomes + (ptrdiff_t)i * COUNT};
        store_customers_upsert(h->store, &imports[i]);
    }
    struct write single;
    start_write(h, &single, NUMBER);
    assert_int_equal(harness_wait(h, &single.upsert.call), 0);
    assert_non_null(imports[IMPORTS - 1].call.owner);
    for (int i = 0; i < IMPORTS; i++)
        assert_int_equal(harness_wait(h, &imports[i].call), 0);
    free(items);
    free(outcomes);
}

static void the_metrics_count_what_was_done(void **state)
{
    struct harness *h = *state;
    struct store_metrics before, after;
    store_metrics(h->store, &before);
    assert_true(before.healthy);
    struct customer_change item = {.number = NUMBER};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    store_metrics(h->store, &after);
    assert_int_equal(after.commands, before.commands + 1);
    assert_int_equal(after.rows, before.rows + 1);
    assert_int_equal(after.failed_groups, 0);
    assert_int_equal(after.queue_depth, 0);
    assert_true(after.groups > before.groups && after.healthy);
}

/* --- threads */

#define THREADS 4
#define ROUNDS  300

struct client {
    struct harness own; /* shares the store; its own mailbox and reader */
    int64_t first;
    int lost;
};

/* Writes a customer, and when it is acknowledged reads it on a connection of its own. */
static void *write_and_read(void *argument)
{
    struct client *client = argument;
    struct harness *h = &client->own;
    struct tenants *tenants = NULL;
    uint64_t version = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct write write;
        if (store_tenants_version(h->store) != version) {
            version = store_tenants_version(h->store);
            tenants_unref(tenants);
            tenants = store_tenants(h->store);
        }
        start_write(h, &write, client->first + round);
        while (write.upsert.call.owner) {
            mailbox_wait(h->box, -1);
            mailbox_run(h->box);
        }
        struct shown *shown = calloc(1, sizeof(*shown));
        shown->get = (struct customers_get){.call = harness_call(h),
                                            .tenant = tenants_find(tenants, TENANT),
                                            .numbers = &write.item.number,
                                            .count = 1,
                                            .each = show_each};
        store_customers_get(h->reader, &shown->get);
        store_reads_run(h->reader);
        client->lost += write.upsert.call.result != 0 || shown->count != 1;
        free(shown);
    }
    tenants_unref(tenants);
    return NULL;
}

static void what_is_acknowledged_is_seen_at_once_on_every_connection(void **state)
{
    struct harness *h = *state;
    struct client clients[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        clients[i] =
            (struct client){.own = {.store = h->store}, .first = NUMBER + i * INT64_C(100000)};
        assert_int_equal(mailbox_new(&clients[i].own.box), 0);
        assert_int_equal(store_reader_new(h->store, &clients[i].own.reader), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_read, &clients[i]), 0);
    /* Meanwhile the snapshot changes under their feet. */
    for (int i = 0; i < 20; i++) {
        assert_int_equal(add_agent(h, TENANT, "carl"), 0);
        assert_int_equal(remove_agent(h, TENANT, "carl"), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(clients[i].lost, 0);
        store_reader_free(clients[i].own.reader);
    }
    harness_close(h); /* the writer is the last sender of their mailboxes */
    harness_open(h);
    for (int i = 0; i < THREADS; i++)
        mailbox_free(clients[i].own.box);
}

/* --- beside a server */

static void a_command_reads_beside_the_server(void **state)
{
    struct harness *h = *state;
    struct harness beside = *h;
    struct customer_change item = {.number = NUMBER, .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(
        store_open_read_only(&h->settings, h->crypto, &beside.store, h->why, sizeof(h->why)), 0);
    assert_int_equal(store_reader_new(beside.store, &beside.reader), 0);
    assert_shown(&beside, TENANT, NUMBER, "owner=ann +0~0");
    struct customer_change change = {.number = NUMBER, .owner = STR("bob")};
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &change), 0);
    assert_shown(&beside, TENANT, NUMBER, "owner=bob +0~1");
    harness_close(&beside);
}

static void reading_needs_a_store(void **state)
{
    struct harness *h = *state;
    struct store *store;
    char why[256];
    struct store_settings settings = h->settings;
    settings.directory = "/nonexistent";
    assert_int_equal(store_open_read_only(&settings, h->crypto, &store, why, sizeof(why)),
                     ERR_NOT_FOUND);
    assert_non_null(strstr(why, "/nonexistent"));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_verb_on_a_read_only_store_is_refused_but_not_before_it_has_returned),
        TEST(a_read_asked_for_in_a_done_waits_for_the_next_run),
        TEST(more_reads_than_a_transaction_takes_are_all_run),
        TEST(what_waits_at_the_close_is_written_and_answered),
        TEST(a_single_write_does_not_wait_for_large_imports),
        TEST(the_metrics_count_what_was_done),
        TEST(what_is_acknowledged_is_seen_at_once_on_every_connection),
        TEST(a_command_reads_beside_the_server),
        TEST(reading_needs_a_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
