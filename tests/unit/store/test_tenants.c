/* Conformance: tenants, agents, accounts and fields through store.h, on any back end. */
#include "store/harness.h"

#define NUMBER INT64_C(8618217331411)

static void a_tenant_is_in_the_snapshot_when_its_verb_is_done(void **state)
{
    struct harness *h = *state;
    uint64_t before = store_tenants_version(h->store);
    struct tenants *old = store_tenants(h->store);
    struct tenant_write op = {.call = harness_call(h),
                              .id = 99,
                              .name = STR("Name"),
                              .admin = STR("boss"),
                              .api_key = STR("key of 99"),
                              .time_zone = STR("UTC"),
                              .edition = EDITION_STANDARD,
                              .rate_limit = 0,
                              .token_window_s = 60,
                              .now_ms = NOW};
    store_tenant_add(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    assert_true(store_tenants_version(h->store) > before);
    assert_null(tenants_find(old, 99)); /* who holds an old one keeps it */
    tenants_unref(old);
    for (int round = 0; round < 2; round++) {
        struct tenants *tenants = store_tenants(h->store);
        const struct tenant *tenant = tenants_find(tenants, 99);
        assert_non_null(tenant);
        assert_true(str_is(tenant->name, "Name") && str_is(tenant->admin, "boss"));
        assert_true(str_is(tenant->api_key, "key of 99") && str_is(tenant->time_zone, "UTC"));
        assert_int_equal(tenant->edition, EDITION_STANDARD);
        assert_int_equal(tenant->rate_limit, 0);
        assert_int_equal(tenant->token_window_s, 60);
        assert_non_null(tenant->zone);
        assert_int_equal(tenants_count(tenants), 2);
        tenants_unref(tenants);
        harness_reopen(h);
    }
}

static void numbers_left_open_get_their_defaults(void **state)
{
    struct harness *h = *state;
    struct tenant_write op = {.call = harness_call(h), .id = 98, .edition = -1};
    op.rate_limit = op.token_window_s = -1;
    store_tenant_add(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, 98);
    assert_int_equal(tenant->rate_limit, TENANT_DEFAULT_RATE);
    assert_int_equal(tenant->token_window_s, TENANT_DEFAULT_WINDOW_S);
    assert_int_equal(tenant->edition, EDITION_STANDARD);
    assert_int_equal(tenant->api_key.len, 0);
    assert_true(tenant->time_zone.len > 0); /* the server's */
    tenants_unref(tenants);
}

static void a_tenant_id_is_used_once(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT), ERR_EXISTS);
}

static int set_tenant(struct harness *h, struct tenant_write op)
{
    op.call = harness_call(h);
    store_tenant_set(h->store, &op);
    return harness_wait(h, &op.call);
}

static void setting_changes_what_is_named_and_leaves_the_rest(void **state)
{
    struct harness *h = *state;
    struct tenant_write leave = {
        .id = TENANT, .edition = -1, .rate_limit = -1, .token_window_s = -1};
    struct tenant_write op = leave;
    op.rate_limit = 7;
    op.api_key = STR("rotated");
    assert_int_equal(set_tenant(h, op), 0);
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, TENANT);
    assert_int_equal(tenant->rate_limit, 7);
    assert_true(str_is(tenant->api_key, "rotated") && str_is(tenant->admin, "admin"));
    assert_int_equal(tenant->edition, EDITION_PROFESSIONAL);
    assert_int_equal(tenant->agent_count, 2);
    assert_int_equal(tenant->field_count, 2);
    tenants_unref(tenants);

    op = leave;
    op.id = 404;
    assert_int_equal(set_tenant(h, op), ERR_NOT_FOUND);
    op = leave;
    op.time_zone = STR("Atlantis/Nowhere");
    assert_int_equal(set_tenant(h, op), ERR_INVALID);
    op = leave;
    op.admin = STR("ann"); /* an agent's name */
    assert_int_equal(set_tenant(h, op), ERR_EXISTS);
}

static void agents_are_unique_within_their_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT, "ann"), ERR_EXISTS);
    assert_int_equal(add_agent(h, TENANT, "admin"), ERR_EXISTS);
    assert_int_equal(add_agent(h, TENANT + 1, "ann"), 0);
    assert_int_equal(add_agent(h, 404, "ann"), ERR_NOT_FOUND);
    assert_true(agent_id(h, TENANT, "ann") != agent_id(h, TENANT + 1, "ann"));
    harness_reopen(h);
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, TENANT);
    assert_int_equal(tenant->agent_count, 2);
    assert_true(str_is(tenant->agents[0].user_name, "ann"));
    assert_true(str_is(tenant->agents[0].nickname, "nick"));
    tenants_unref(tenants);
}

static void customers_of_a_removed_agent_have_no_owner(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 4500 };
    struct customer_change *items = calloc(COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i,
                                            .owner = i % 2 ? STR("ann") : STR("bob")};
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    int64_t ann = agent_id(h, TENANT, "ann");
    assert_int_equal(remove_agent(h, TENANT, "ann"), 0);
    assert_int_equal(agent_id(h, TENANT, "ann"), 0);
    for (int64_t i = 0; i < COUNT; i += 50) {
        assert_shown(h, TENANT, NUMBER + i, "owner=bob +0~0");
        assert_shown(h, TENANT, NUMBER + i + 1, "+0~1");
    }
    assert_shown(h, TENANT, NUMBER + COUNT - 1, "+0~1");
    assert_int_equal(upsert_one(h, TENANT, NOW, &items[1]), ERR_NO_AGENT);
    assert_int_equal(remove_agent(h, TENANT, "ann"), ERR_NOT_FOUND);
    assert_int_equal(remove_agent(h, 404, "ann"), ERR_NOT_FOUND);
    /* The name may be used again; its bearer is another agent. */
    assert_int_equal(add_agent(h, TENANT, "ann"), 0);
    assert_true(agent_id(h, TENANT, "ann") > ann);
    free(items);
    free(outcomes);
}

static int write_account(struct harness *h,
                         void (*verb)(struct store *store, struct account_write *op),
                         struct account_write op)
{
    op.call = harness_call(h);
    op.now_ms = NOW;
    verb(h->store, &op);
    return harness_wait(h, &op.call);
}

static int add_account(struct harness *h, int64_t tenant_id, int64_t number, const char *agent)
{
    struct account_write op = {.tenant_id = tenant_id,
                               .number = number,
                               .agent = str_of(agent),
                               .name = STR("Sales"),
                               .transport = STR("sandbox"),
                               .platform = STR("pc"),
                               .settings = STR("{\"speed\":\"1\"}")};
    return write_account(h, store_account_add, op);
}

static int remove_account(struct harness *h, int64_t tenant_id, int64_t number)
{
    struct account_write op = {.tenant_id = tenant_id, .number = number};
    return write_account(h, store_account_remove, op);
}

/* What the snapshot says of an account; "none": it is not there. */
static void assert_account(struct harness *h, int64_t tenant_id, int64_t number, const char *text)
{
    char shown[256] = "none";
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, tenant_id);
    const struct account *account = tenant_account(tenant, number);
    if (account) {
        struct str agent = tenant_agent_name(tenant, account->agent_id);
        snprintf(shown, sizeof(shown), "%.*s agent=%.*s %.*s %s %.*s +%d", (int)account->name.len,
                 account->name.p, (int)agent.len, agent.len ? agent.p : "",
                 (int)account->transport.len, account->transport.p,
                 platform_name(account->platform), (int)account->settings.len, account->settings.p,
                 (int)(account->created_ms - NOW));
    }
    tenants_unref(tenants);
    assert_string_equal(shown, text);
}

static size_t account_count(struct harness *h, int64_t tenant_id)
{
    struct tenants *tenants = store_tenants(h->store);
    size_t count = tenants_find(tenants, tenant_id)->account_count;
    tenants_unref(tenants);
    return count;
}

static void an_account_number_belongs_to_one_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT + 1, "carl"), 0);
    assert_int_equal(add_account(h, TENANT, NUMBER + 1, "bob"), 0);
    assert_int_equal(add_account(h, TENANT, NUMBER, "ann"), 0);
    assert_int_equal(add_account(h, TENANT, NUMBER, "bob"), ERR_EXISTS);
    assert_int_equal(add_account(h, TENANT + 1, NUMBER, "carl"), ERR_EXISTS);
    assert_int_equal(add_account(h, TENANT, NUMBER + 2, "carl"), ERR_NO_AGENT);
    assert_int_equal(add_account(h, 404, NUMBER + 2, "carl"), ERR_NOT_FOUND);
    assert_int_equal(account_count(h, TENANT), 2);
    assert_int_equal(account_count(h, TENANT + 1), 0);
    assert_account(h, TENANT, NUMBER, "Sales agent=ann sandbox pc {\"speed\":\"1\"} +0");
    harness_reopen(h);
    assert_account(h, TENANT, NUMBER, "Sales agent=ann sandbox pc {\"speed\":\"1\"} +0");
    assert_account(h, TENANT, NUMBER + 1, "Sales agent=bob sandbox pc {\"speed\":\"1\"} +0");

    assert_int_equal(remove_account(h, TENANT + 1, NUMBER), ERR_NOT_FOUND);
    assert_int_equal(remove_account(h, TENANT, NUMBER), 0);
    assert_int_equal(remove_account(h, TENANT, NUMBER), ERR_NOT_FOUND);
    assert_int_equal(add_account(h, TENANT + 1, NUMBER, "carl"), 0);
}

static void accounts_of_a_removed_agent_stay_without_him(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_account(h, TENANT, NUMBER, "ann"), 0);
    assert_int_equal(remove_agent(h, TENANT, "ann"), 0);
    assert_account(h, TENANT, NUMBER, "Sales agent= sandbox pc {\"speed\":\"1\"} +0");
}

static void setting_an_account_changes_what_is_named_and_leaves_the_rest(void **state)
{
    struct harness *h = *state;
    const struct account_write own = {.tenant_id = TENANT, .number = NUMBER};
    struct account_write op = own;
    assert_int_equal(add_account(h, TENANT, NUMBER, "ann"), 0);
    assert_int_equal(add_account(h, TENANT, NUMBER + 1, "ann"), 0);
    op.settings = STR("{\"seed\":\"7\"}");
    assert_int_equal(write_account(h, store_account_set, op), 0);
    assert_account(h, TENANT, NUMBER,
                   "Sales agent=ann sandbox pc {\"speed\":\"1\",\"seed\":\"7\"} +0");
    op.settings = STR("{\"speed\":null,\"seed\":\"8\"}");
    op.name = STR("");
    assert_int_equal(write_account(h, store_account_set, op), 0);
    assert_account(h, TENANT, NUMBER, " agent=ann sandbox pc {\"seed\":\"8\"} +0");
    op = own;
    op.agent = STR("bob");
    op.platform = STR("cloud");
    assert_int_equal(write_account(h, store_account_set, op), 0);
    harness_reopen(h);
    assert_account(h, TENANT, NUMBER, " agent=bob sandbox cloud {\"seed\":\"8\"} +0");
    assert_account(h, TENANT, NUMBER + 1, "Sales agent=ann sandbox pc {\"speed\":\"1\"} +0");
}

static void only_its_tenant_changes_an_account(void **state)
{
    struct harness *h = *state;
    struct account_write op = {.tenant_id = TENANT + 1, .number = NUMBER, .name = STR("Mine")};
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_int_equal(add_agent(h, TENANT + 1, "carl"), 0);
    assert_int_equal(add_account(h, TENANT, NUMBER, "ann"), 0);
    assert_int_equal(write_account(h, store_account_set, op), ERR_NOT_FOUND);
    op.tenant_id = 404;
    assert_int_equal(write_account(h, store_account_set, op), ERR_NOT_FOUND);
    op.tenant_id = TENANT;
    op.agent = STR("carl");
    assert_int_equal(write_account(h, store_account_set, op), ERR_NO_AGENT);
    op.agent = STR("");
    assert_int_equal(write_account(h, store_account_set, op), ERR_NO_AGENT);
    op.number = NUMBER + 1;
    op.agent = STR("bob");
    assert_int_equal(write_account(h, store_account_set, op), ERR_NOT_FOUND);
    assert_account(h, TENANT, NUMBER, "Sales agent=ann sandbox pc {\"speed\":\"1\"} +0");
}

static void a_tenant_has_at_most_10000_accounts(void **state)
{
    struct harness *h = *state;
    struct account_write *ops = calloc(TENANT_MAX_ACCOUNTS, sizeof(*ops));
    h->settings.queue_max = TENANT_MAX_ACCOUNTS;
    harness_reopen(h);
    for (int i = 0; i < TENANT_MAX_ACCOUNTS; i++) {
        ops[i] = (struct account_write){.call = harness_call(h),
                                        .tenant_id = TENANT,
                                        .number = NUMBER + i,
                                        .agent = STR("ann"),
                                        .transport = STR("sandbox"),
                                        .platform = STR("mobile"),
                                        .now_ms = NOW};
        store_account_add(h->store, &ops[i]);
    }
    for (int i = 0; i < TENANT_MAX_ACCOUNTS; i++)
        assert_int_equal(harness_wait(h, &ops[i].call), 0);
    free(ops);
    assert_int_equal(add_account(h, TENANT, NUMBER - 1, "ann"), ERR_TOO_LARGE);
    assert_int_equal(account_count(h, TENANT), TENANT_MAX_ACCOUNTS);
    assert_account(h, TENANT, NUMBER + 7, " agent=ann sandbox mobile {} +0");
}

static void setting_an_agent_leaves_what_is_not_given(void **state)
{
    struct harness *h = *state;
    struct agent_write op = {
        .call = harness_call(h), .tenant_id = TENANT, .user_name = STR("ann"), .now_ms = NOW};
    op.nickname = STR("Annie");
    store_agent_set(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    op.call = harness_call(h);
    op.nickname = (struct str){0};
    op.password_hash = STR("scrypt$15$8$1$00$00");
    store_agent_set(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    struct tenants *tenants = store_tenants(h->store);
    const struct tenant *tenant = tenants_find(tenants, TENANT);
    assert_true(str_is(tenant_agent(tenant, STR("ann"))->nickname, "Annie"));
    assert_true(str_is(tenant_agent(tenant, STR("bob"))->nickname, "nick"));
    tenants_unref(tenants);

    op.call = harness_call(h);
    op.user_name = STR("carl");
    store_agent_set(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_NOT_FOUND);
    op.call = harness_call(h);
    op.tenant_id = 404;
    store_agent_set(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), ERR_NOT_FOUND);
}

static void fields_keep_their_type_and_options(void **state)
{
    struct harness *h = *state;
    struct str options[] = {STR("red"), STR("a \"quoted\" one"), STR("\xe4\xbd\xa0")};
    struct field_write op = {.call = harness_call(h),
                             .tenant_id = TENANT,
                             .name = STR("Colour"),
                             .type = FIELD_OPTION,
                             .options = options,
                             .option_count = 3,
                             .now_ms = NOW};
    store_field_add(h->store, &op);
    assert_int_equal(harness_wait(h, &op.call), 0);
    harness_reopen(h);
    struct tenants *tenants = store_tenants(h->store);
    const struct field *field = tenant_field(tenants_find(tenants, TENANT), STR("Colour"));
    assert_non_null(field);
    assert_int_equal(field->type, FIELD_OPTION);
    assert_int_equal(field->option_count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(str_eq(field->options[i], options[i]));
    tenants_unref(tenants);
    assert_int_equal(add_field(h, TENANT, "Colour", FIELD_TEXT), ERR_EXISTS);
    assert_int_equal(add_field(h, 404, "Colour", FIELD_TEXT), ERR_NOT_FOUND);
    assert_int_equal(remove_field(h, TENANT, "Nothing"), ERR_NOT_FOUND);
    assert_int_equal(remove_field(h, 404, "Colour"), ERR_NOT_FOUND);
}

static int set_field(struct harness *h, const char *name, enum field_type type,
                     const struct str *options, size_t count)
{
    struct field_write op = {.call = harness_call(h),
                             .tenant_id = TENANT,
                             .name = str_of(name),
                             .type = (int)type,
                             .options = options,
                             .option_count = count,
                             .now_ms = NOW};
    store_field_set(h->store, &op);
    return harness_wait(h, &op.call);
}

static void setting_a_field_makes_it_or_changes_its_options(void **state)
{
    struct harness *h = *state;
    const struct str options[] = {STR("red"), STR("blue"), STR("green")};
    assert_int_equal(set_field(h, "Colour", FIELD_OPTION, options, 2), 0);
    int64_t id = field_id(h, TENANT, "Colour");
    assert_true(id != 0);
    struct extended_change value = {id, set_text("red")};
    struct customer_change item = {.number = 15266667779, .extended = &value, .extended_count = 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(set_field(h, "Colour", FIELD_OPTION, options + 1, 2), 0);
    assert_int_equal(field_id(h, TENANT, "Colour"), id);
    struct tenants *tenants = store_tenants(h->store);
    const struct field *field = tenant_field(tenants_find(tenants, TENANT), STR("Colour"));
    assert_int_equal(field->option_count, 2);
    assert_true(str_is(field->options[0], "blue") && str_is(field->options[1], "green"));
    tenants_unref(tenants);
    assert_shown(h, TENANT, 15266667779, "ext=Colour:red +0~0"); /* what is there stays */
    assert_int_equal(set_field(h, "Colour", FIELD_TEXT, NULL, 0), ERR_EXISTS);
    assert_int_equal(set_field(h, "Faction", FIELD_TEXT, NULL, 0), 0);
}

static void a_tenant_has_at_most_100_fields(void **state)
{
    struct harness *h = *state;
    char name[16];
    for (int i = 2; i < TENANT_MAX_FIELDS; i++) {
        snprintf(name, sizeof(name), "f%d", i);
        assert_int_equal(add_field(h, TENANT, name, FIELD_TEXT), 0);
    }
    assert_int_equal(add_field(h, TENANT, "one more", FIELD_TEXT), ERR_TOO_LARGE);
    assert_int_equal(remove_field(h, TENANT, "f50"), 0);
    assert_int_equal(add_field(h, TENANT, "one more", FIELD_TEXT), 0);
}

static void fill_tenant(struct harness *h, int64_t tenant_id, int count)
{
    struct customer_change *items = calloc((size_t)count, sizeof(*items));
    struct customer_outcome *outcomes = calloc((size_t)count, sizeof(*outcomes));
    struct str tags[] = {STR("vip"), STR("new")};
    for (int i = 0; i < count; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i,
                                            .fields[CUSTOMER_STAGE] = set_text("won"),
                                            .add_tags = tags,
                                            .add_tag_count = 2};
    }
    assert_int_equal(upsert(h, tenant_id, NOW, items, (size_t)count, outcomes), 0);
    free(items);
    free(outcomes);
}

static void a_removed_tenant_is_gone_and_its_id_free(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    fill_tenant(h, TENANT, 3000);
    fill_tenant(h, TENANT + 1, 10);
    assert_int_equal(add_account(h, TENANT, NUMBER, "ann"), 0);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    struct tenants *tenants = store_tenants(h->store);
    assert_null(tenants_find(tenants, TENANT));
    assert_non_null(tenants_find(tenants, TENANT + 1));
    tenants_unref(tenants);
    assert_int_equal(remove_tenant(h, TENANT), ERR_NOT_FOUND);
    struct customer_change item = {.number = NUMBER};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), ERR_NOT_FOUND);
    assert_int_equal(add_agent(h, TENANT, "dora"), ERR_NOT_FOUND);

    assert_int_equal(add_tenant(h, TENANT), 0);
    assert_shown(h, TENANT, NUMBER, "none");
    assert_int_equal(agent_id(h, TENANT, "ann"), 0);
    assert_int_equal(field_id(h, TENANT, "Faction"), 0);
    assert_int_equal(account_count(h, TENANT), 0);
    /* Names that were cached for the old tenant mean nothing to the new one. */
    fill_tenant(h, TENANT, 1);
    assert_shown(h, TENANT, NUMBER, "stage=won tags=vip,new +0~0");
    assert_shown(h, TENANT + 1, NUMBER + 9, "stage=won tags=vip,new +0~0");
}

static void a_removal_that_a_close_broke_off_goes_on_by_itself(void **state)
{
    struct harness *h = *state;
    fill_tenant(h, TENANT, 5000);
    struct tenant_write op = {.call = harness_call(h), .id = TENANT, .now_ms = NOW};
    store_tenant_remove(h->store, &op);
    harness_close(h);
    int result = harness_wait(h, &op.call);
    assert_true(result == ERR_UNKNOWN || result == 0);
    harness_open(h);
    struct tenants *tenants = store_tenants(h->store);
    assert_null(tenants_find(tenants, TENANT));
    tenants_unref(tenants);
    /* ERR_EXISTS until the last row is gone. */
    while ((result = add_tenant(h, TENANT)) == ERR_EXISTS)
        continue;
    assert_int_equal(result, 0);
    assert_shown(h, TENANT, NUMBER + 4999, "none");
    assert_sound(h);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tenant_is_in_the_snapshot_when_its_verb_is_done),
        TEST(numbers_left_open_get_their_defaults),
        TEST(a_tenant_id_is_used_once),
        TEST(setting_changes_what_is_named_and_leaves_the_rest),
        TEST(agents_are_unique_within_their_tenant),
        TEST(customers_of_a_removed_agent_have_no_owner),
        TEST(an_account_number_belongs_to_one_tenant),
        TEST(accounts_of_a_removed_agent_stay_without_him),
        TEST(setting_an_account_changes_what_is_named_and_leaves_the_rest),
        TEST(only_its_tenant_changes_an_account),
        TEST(a_tenant_has_at_most_10000_accounts),
        TEST(setting_an_agent_leaves_what_is_not_given),
        TEST(fields_keep_their_type_and_options),
        TEST(setting_a_field_makes_it_or_changes_its_options),
        TEST(a_tenant_has_at_most_100_fields),
        TEST(a_removed_tenant_is_gone_and_its_id_free),
        TEST(a_removal_that_a_close_broke_off_goes_on_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
