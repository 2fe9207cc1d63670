/* Links of group chats and joins on a real store and the real sandbox, by a clock that is moved by hand. */
#include "engine/asked.h"

#include "store/group_chats.h"
#include "store/queries.h"

/* --- calls */

static struct group_link_item item_of(const char *code)
{
    return (struct group_link_item){str_of(code), str_of(code)};
}

static int add_links(struct world *w, int64_t tenant, const struct group_link_item *items,
                     size_t count)
{
    struct group_links_add op = {.call = harness_call(w->h),
                                 .tenant_id = tenant,
                                 .now_ms = w->now_ms,
                                 .items = items,
                                 .count = count};
    store_group_links_add(w->h->store, &op);
    int result = harness_wait(w->h, &op.call);
    if (w->engine)
        engine_wake(w->engine);
    return result;
}

static void add_link(struct world *w, const char *code)
{
    struct group_link_item item = item_of(code);
    assert_int_equal(add_links(w, TENANT, &item, 1), 0);
}

struct shown_link {
    struct group_links_get op;
    bool found;
    struct group_link link;
    char text[128];
};

static void show_link(struct group_links_get *op, size_t index, const struct group_link *link)
{
    struct shown_link *shown = (struct shown_link *)op;
    (void)index;
    shown->found = link != NULL;
    if (!link)
        return;
    shown->link = *link;
    snprintf(shown->text, sizeof(shown->text), "%s%s%.*s", group_link_state_name(link->state),
             link->reason.len ? ": " : "", (int)link->reason.len, link->reason.p);
}

static const struct shown_link *look(struct world *w, int64_t tenant, const char *code)
{
    static struct shown_link shown;
    struct group_link_item item = item_of(code);
    shown = (struct shown_link){.op = {.call = harness_call(w->h),
                                       .tenant_id = tenant,
                                       .items = &item,
                                       .count = 1,
                                       .each = show_link}};
    store_group_links_get(w->h->reader, &shown.op);
    run_reads(w, &shown.op.call);
    return &shown;
}

static void assert_link(struct world *w, const char *code, const char *expected)
{
    assert_string_equal(look(w, TENANT, code)->text, expected);
}

static int join(struct world *w, int64_t account, const char *code)
{
    struct group_link_item item = item_of(code);
    enum group_join_state state = GROUP_JOIN_FAILED;
    struct group_joins_add op = {.call = harness_call(w->h),
                                 .tenant_id = TENANT,
                                 .account = account,
                                 .items = &item,
                                 .count = 1,
                                 .states = &state};
    store_group_joins_add(w->h->store, &op);
    int result = harness_wait(w->h, &op.call);
    engine_wake(w->engine);
    if (result < 0)
        return result;
    return op.parsing ? ERR_RUNNING : (int)state;
}

struct shown_join {
    struct group_joins_get op;
    char text[128];
};

static void show_join(struct group_joins_get *op, size_t index, const struct group_join *join)
{
    (void)index;
    snprintf(((struct shown_join *)op)->text, 128, "%s%s%.*s",
             join->state < 0 ? "none" : group_join_state_name((enum group_join_state)join->state),
             join->reason.len ? ": " : "", (int)join->reason.len, join->reason.p);
}

static void assert_join(struct world *w, int64_t account, const char *code, const char *expected)
{
    struct group_link_item item = item_of(code);
    struct shown_join shown = {.op = {.call = harness_call(w->h),
                                      .tenant_id = TENANT,
                                      .account = account,
                                      .items = &item,
                                      .count = 1,
                                      .each = show_join}};
    store_group_joins_get(w->h->reader, &shown.op);
    run_reads(w, &shown.op.call);
    assert_string_equal(shown.text, expected);
}

/* --- group links */

static void each_first_letter_has_its_state(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"info_interval_ms\":\"10\"}");
    world_engine(w);
    static const char *const codes[][2] = {
        {"Okaykaykay1", "ok"},
        {"Xokaykaykay", "invalid: no such group"},
        {"Rokaykaykay", "revoked: the link was revoked"},
        {"Fokaykaykay", "full"},
        {"Aokaykaykay", "approval"},
        {"Pokaykaykay", "parsing"},
        {"xokaykaykay", "ok"},
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        add_link(w, codes[i][0]);
    world_run_until(w, NOW + 10 * SECOND);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_link(w, codes[i][0], codes[i][1]);
    const struct shown_link *shown = look(w, TENANT, "Okaykaykay1");
    assert_true(shown->link.chat >= INT64_C(120363000000000000));
    assert_true(shown->link.members >= 2);
    assert_asked_once(w, 7);
}

static void links_are_parsed_at_the_account_s_pace(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{}");
    world_engine(w);
    for (int i = 0; i < 5; i++) {
        char code[32];
        snprintf(code, sizeof(code), "abcdefghij%d", i);
        add_link(w, code);
    }
    world_run_until(w, NOW + SECOND / 2);
    assert_link(w, "abcdefghij0", "parsing"); /* it takes a second */
    world_run_until(w, NOW + SECOND);
    assert_link(w, "abcdefghij0", "ok");
    assert_link(w, "abcdefghij1", "parsing");
    world_run_until(w, NOW + 5 * SECOND + 100);
    assert_link(w, "abcdefghij4", "ok");
    assert_pace(w, ACCOUNT, "info", SECOND);
    assert_asked_once(w, 5);
}

static void what_cannot_be_parsed_within_a_day_becomes_invalid(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{}");
    world_engine(w);
    add_link(w, "Pabcdefghij");
    world_run_until(w, NOW + DAY - SECOND);
    assert_link(w, "Pabcdefghij", "parsing");
    world_run_until(w, NOW + DAY);
    assert_link(w, "Pabcdefghij", "invalid: could not be parsed");
    size_t count;
    free(read_lines(w, &count));
    assert_in_range(count, 20, 40); /* after 1, 2, 4, … minutes, then each hour */
    world_run_until(w, NOW + DAY + HOUR);
    assert_int_equal(w->engine->queries ? queries_due(w->engine) : 0, ALARM_NEVER);
}

static void without_an_account_that_is_online_a_link_waits_and_ends_all_the_same(void **state)
{
    struct world *w = *state;
    world_engine(w);
    add_link(w, "abcdefghijk");
    world_run_until(w, NOW + HOUR);
    assert_link(w, "abcdefghijk", "parsing");
    world_account(w, ACCOUNT, "{}");
    engine_wake(w->engine);
    world_run_until(w, NOW + HOUR + 2 * SECOND);
    assert_link(w, "abcdefghijk", "ok");
    world_account_remove(w, ACCOUNT);
    world_settle(w);
    add_link(w, "abcdefghijl");
    world_run_until(w, NOW + HOUR + DAY + 2 * SECOND);
    assert_link(w, "abcdefghijl", "invalid: could not be parsed");
}

static void a_restart_while_links_are_parsed_loses_and_repeats_nothing(void **state)
{
    struct world *w = *state;
    char code[32];
    world_account(w, ACCOUNT, "{\"info_interval_ms\":\"300\"}");
    world_engine(w);
    for (int i = 0; i < 20; i++) {
        snprintf(code, sizeof(code), "abcdefghi%02d", i);
        add_link(w, code);
    }
    for (int i = 1; i <= 30; i++) {
        world_run_until(w, NOW + i * 250);
        world_restart(w);
    }
    world_run_until(w, NOW + MINUTE);
    for (int i = 0; i < 20; i++) {
        snprintf(code, sizeof(code), "abcdefghi%02d", i);
        assert_link(w, code, "ok");
    }
    assert_asked_once(w, 20);
    assert_pace(w, ACCOUNT, "info", 300);
}

static void tenants_do_not_share_links(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{}");
    assert_int_equal(add_tenant(w->h, 8), 0);
    world_engine(w);
    add_link(w, "abcdefghijk");
    assert_false(look(w, 8, "abcdefghijk")->found);
    struct group_link_item item = item_of("abcdefghijk");
    assert_int_equal(add_links(w, 8, &item, 1), 0);
    world_run_until(w, NOW + MINUTE);
    assert_link(w, "abcdefghijk", "ok");
    assert_string_equal(look(w, 8, "abcdefghijk")->text, "parsing");
    assert_int_equal(remove_tenant(w->h, 8), 0);
    assert_link(w, "abcdefghijk", "ok");
}

/* --- joins */

static void a_join_is_answered_by_its_letter_and_paced(void **state)
{
    struct world *w = *state;
    world_account(w, ACCOUNT, "{\"info_interval_ms\":\"0\",\"join_interval_ms\":\"30000\"}");
    world_engine(w);
    static const char *const codes[][2] = {
        {"Okaykaykay1", "joined"},
        {"Xokaykaykay", "failed: no such group"},
        {"Rokaykaykay", "failed: the link was revoked"},
        {"Fokaykaykay", "failed: the group is full"},
        {"Aokaykaykay", "approval"},
    };
    for (size_t i = 0; i < 5; i++)
        add_link(w, codes[i][0]);
    assert_int_equal(join(w, ACCOUNT, "never_imported"), ERR_NOT_FOUND);
    assert_int_equal(join(w, ACCOUNT, codes[0][0]), ERR_RUNNING);
    world_run_until(w, NOW + 2 * SECOND);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(join(w, ACCOUNT, codes[i][0]), GROUP_JOIN_PENDING);
    world_run_until(w, NOW + 10 * SECOND);
    assert_join(w, ACCOUNT, codes[0][0], "joined");
    assert_join(w, ACCOUNT, codes[1][0], "pending");
    assert_join(w, ACCOUNT + 1, codes[1][0], "none");
    world_run_until(w, NOW + 10 * MINUTE);
    for (size_t i = 0; i < 5; i++)
        assert_join(w, ACCOUNT, codes[i][0], codes[i][1]);
    assert_int_equal(join(w, ACCOUNT, codes[0][0]), GROUP_JOIN_JOINED);
    assert_int_equal(join(w, ACCOUNT, codes[4][0]), GROUP_JOIN_APPROVAL);
    assert_asked_once(w, 10);
    assert_pace(w, ACCOUNT, "join", 30000);
    assert_int_equal(join(w, ACCOUNT, codes[3][0]), GROUP_JOIN_PENDING);
}

static void find_target(struct world *w, struct group_target *target)
{
    struct group_targets_find op = {
        .call = harness_call(w->h), .tenant_id = TENANT, .targets = target, .count = 1};
    store_group_targets_find(w->h->reader, &op);
    run_reads(w, &op.call);
}

static void who_joined_is_found_by_the_group_s_id_and_name(void **state)
{
    struct world *w = *state;
    int64_t accounts[] = {ACCOUNT, ACCOUNT + 1};
    world_account(w, ACCOUNT, "{\"speed\":\"0\"}");
    world_account(w, ACCOUNT + 1, "{\"speed\":\"0\"}");
    world_engine(w);
    add_link(w, "abcdefghijk");
    world_settle(w);
    assert_int_equal(join(w, ACCOUNT + 1, "abcdefghijk"), GROUP_JOIN_PENDING);
    world_settle(w);
    const struct shown_link *shown = look(w, TENANT, "abcdefghijk");
    char id[32], name[256];
    snprintf(id, sizeof(id), "%lld@g.us", (long long)shown->link.chat);
    snprintf(name, sizeof(name), "%.*s", (int)shown->link.name.len, shown->link.name.p);
    struct group_target target = {.text = str_of(id), .accounts = accounts, .account_count = 2};
    find_target(w, &target);
    assert_int_equal(target.account, ACCOUNT + 1);
    assert_int_equal(target.chat, shown->link.chat);
    target.account_count = 1;
    find_target(w, &target);
    assert_int_equal(target.account, 0);
}

static void a_restart_while_groups_are_joined_loses_and_repeats_nothing(void **state)
{
    struct world *w = *state;
    char code[32];
    world_account(w, ACCOUNT, "{\"info_interval_ms\":\"0\",\"join_interval_ms\":\"400\"}");
    world_engine(w);
    for (int i = 0; i < 10; i++) {
        snprintf(code, sizeof(code), "abcdefghi%02d", i);
        add_link(w, code);
    }
    world_run_until(w, NOW + 2 * SECOND);
    for (int i = 0; i < 10; i++) {
        snprintf(code, sizeof(code), "abcdefghi%02d", i);
        assert_int_equal(join(w, ACCOUNT, code), GROUP_JOIN_PENDING);
    }
    for (int i = 1; i <= 30; i++) {
        world_run_until(w, NOW + 2 * SECOND + i * 230);
        world_restart(w);
    }
    world_run_until(w, NOW + MINUTE);
    for (int i = 0; i < 10; i++) {
        snprintf(code, sizeof(code), "abcdefghi%02d", i);
        assert_join(w, ACCOUNT, code, "joined");
    }
    assert_asked_once(w, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_first_letter_has_its_state),
        TEST(links_are_parsed_at_the_account_s_pace),
        TEST(what_cannot_be_parsed_within_a_day_becomes_invalid),
        TEST(without_an_account_that_is_online_a_link_waits_and_ends_all_the_same),
        TEST(a_restart_while_links_are_parsed_loses_and_repeats_nothing),
        TEST(tenants_do_not_share_links),
        TEST(a_join_is_answered_by_its_letter_and_paced),
        TEST(who_joined_is_found_by_the_group_s_id_and_name),
        TEST(a_restart_while_groups_are_joined_loses_and_repeats_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
