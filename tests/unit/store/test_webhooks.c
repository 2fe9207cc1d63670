/* Conformance: the URLs of webhooks through the store's face, on any back end. */
#include "store/hooks.h"

static unsigned types_of(struct harness *h, int64_t tenant_id)
{
    struct tenants *tenants = store_tenants(h->store);
    unsigned types = tenants_find(tenants, tenant_id)->webhook_types;
    tenants_unref(tenants);
    return types;
}

/* What the engine sees: "ID type url on secret secret2" of those changed after *after, which moves on. */
struct changes {
    struct webhooks_changed get;
    struct text text;
};

static void text_change(struct webhooks_changed *op, const struct webhook *webhook)
{
    struct changes *changes = container_of(op, struct changes, get);
    struct text *text = &changes->text;
    assert_true(webhook->changed > op->changed);
    text_add(text, "%s%d", text->len ? "|" : "", (int)webhook->id);
    if (webhook->removed)
        text_add(text, " removed");
    else
        text_add(text, " %s %.*s %s", event_type_name(webhook->type), (int)webhook->url.len,
                 webhook->url.p, webhook->enabled ? "on" : "off");
    for (int i = 0; i < 2; i++)
        if (webhook->secret_lens[i])
            text_add(text, " %.*s", (int)webhook->secret_lens[i],
                     (const char *)webhook->secrets[i]);
    if (webhook->secret_lens[1])
        text_add(text, " until +%d", (int)(webhook->old_until_ms - NOW));
    op->changed = webhook->changed;
}

static const char *changes(struct harness *h, int64_t *after)
{
    static struct changes changes;
    changes.text.len = 0;
    changes.text.bytes[0] = '\0';
    do {
        changes.get = (struct webhooks_changed){
            .call = harness_call(h), .changed = *after, .limit = 2, .each = text_change};
        store_webhooks_changed(h->reader, &changes.get);
        run_read(h, &changes.get.call);
        assert_true(changes.get.call.result >= 0);
        *after = changes.get.changed;
    } while (changes.get.call.result == 2);
    return changes.text.bytes;
}

static void a_url_is_added_to_each_type_and_stays(void **state)
{
    struct harness *h = *state;
    int64_t first = add_webhook(h, EVENT_MESSAGE, URL), second = add_webhook(h, EVENT_TASK, URL);
    assert_true(first > 0 && second > first);
    assert_int_equal(add_webhook(h, EVENT_MESSAGE, URL "2") > second, 1);
    harness_reopen(h);
    assert_string_equal(webhooks(h, TENANT),
                        "message " URL " on|task " URL " on|message " URL "2 on");
}

static void setting_again_changes_what_is_there(void **state)
{
    struct harness *h = *state;
    struct webhook_set op = webhook_of(h, EVENT_MESSAGE, URL);
    assert_int_equal(set_webhook(h, &op), 0);
    assert_true(op.created);
    int64_t id = op.id;
    op = webhook_of(h, EVENT_MESSAGE, URL);
    op.enabled = 0;
    assert_int_equal(set_webhook(h, &op), 0);
    assert_int_equal(op.id, id);
    assert_false(op.created || op.rotated);
    assert_string_equal(webhooks(h, TENANT), "message " URL " off");
    op = webhook_of(h, EVENT_MESSAGE, URL);
    assert_int_equal(set_webhook(h, &op), 0);
    assert_string_equal(webhooks(h, TENANT), "message " URL " off");
    turn_webhook(h, EVENT_MESSAGE, URL, true);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on");
}

static void a_new_url_may_be_off_and_needs_a_secret(void **state)
{
    struct harness *h = *state;
    turn_webhook(h, EVENT_MESSAGE, URL, false);
    assert_string_equal(webhooks(h, TENANT), "message " URL " off");
    struct webhook_set op = webhook_of(h, EVENT_TASK, URL);
    op.secret_len = 0;
    assert_int_equal(set_webhook(h, &op), ERR_INVALID);
    op = webhook_of(h, EVENT_TASK, URL);
    op.tenant_id = TENANT + 9;
    assert_int_equal(set_webhook(h, &op), ERR_NOT_FOUND);
    assert_string_equal(webhooks(h, TENANT), "message " URL " off");
}

static void a_rotated_secret_is_valid_beside_the_new_one(void **state)
{
    struct harness *h = *state;
    int64_t after = 0;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    char expected[256];
    snprintf(expected, sizeof(expected), "%d message " URL " on " SECRET, (int)id);
    assert_string_equal(changes(h, &after), expected);
    struct webhook_set op = webhook_of(h, EVENT_MESSAGE, URL);
    op.secret = (const uint8_t *)"nmlkjihgfedcba9876543210";
    op.is_made = false;
    op.now_ms = NOW + 5;
    assert_int_equal(set_webhook(h, &op), 0);
    assert_true(op.rotated);
    harness_reopen(h);
    snprintf(expected, sizeof(expected),
             "%d message " URL " on nmlkjihgfedcba9876543210 " SECRET " until +86400005", (int)id);
    assert_string_equal(changes(h, &after), expected);
    /* The same once more is no rotation: the one before would be lost. */
    op.call = harness_call(h);
    assert_int_equal(set_webhook(h, &op), 0);
    assert_false(op.rotated);
    assert_string_equal(changes(h, &after), "");
}

static void the_engine_sees_each_change_once_and_what_is_gone(void **state)
{
    struct harness *h = *state;
    int64_t after = 0, ids[5];
    char expected[512];
    for (int i = 0; i < 5; i++) {
        char url[64];
        snprintf(url, sizeof(url), "http://h/%d", i);
        ids[i] = add_webhook(h, EVENT_TASK, url);
    }
    snprintf(expected, sizeof(expected),
             "%d task http://h/0 on " SECRET "|%d task http://h/1 on " SECRET
             "|%d task http://h/2 on " SECRET "|%d task http://h/3 on " SECRET
             "|%d task http://h/4 on " SECRET,
             (int)ids[0], (int)ids[1], (int)ids[2], (int)ids[3], (int)ids[4]);
    assert_string_equal(changes(h, &after), expected);
    assert_string_equal(changes(h, &after), "");
    turn_webhook(h, EVENT_TASK, "http://h/3", false);
    assert_int_equal(del_webhook(h, TENANT, ids[1]), 0);
    snprintf(expected, sizeof(expected), "%d task http://h/3 off " SECRET "|%d removed",
             (int)ids[3], (int)ids[1]);
    assert_string_equal(changes(h, &after), expected);
    assert_int_equal(remove_tenant(h, TENANT), 0);
    snprintf(expected, sizeof(expected), "%d removed|%d removed|%d removed|%d removed", (int)ids[0],
             (int)ids[2], (int)ids[3], (int)ids[4]);
    assert_string_equal(changes(h, &after), expected);
}

static void the_snapshot_says_which_types_are_switched_on(void **state)
{
    struct harness *h = *state;
    assert_int_equal(types_of(h, TENANT), 0);
    add_webhook(h, EVENT_MESSAGE, URL);
    add_webhook(h, EVENT_MESSAGE, URL "2");
    int64_t id = add_webhook(h, EVENT_CUSTOMER, URL);
    assert_int_equal(types_of(h, TENANT), 1 << EVENT_MESSAGE | 1 << EVENT_CUSTOMER);
    turn_webhook(h, EVENT_MESSAGE, URL, false);
    assert_int_equal(types_of(h, TENANT), 1 << EVENT_MESSAGE | 1 << EVENT_CUSTOMER);
    turn_webhook(h, EVENT_MESSAGE, URL "2", false);
    assert_int_equal(types_of(h, TENANT), 1 << EVENT_CUSTOMER);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    assert_int_equal(types_of(h, TENANT), 0);
}

static void a_url_that_was_deleted_may_come_again_under_another_id(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    assert_int_equal(del_webhook(h, TENANT, id), 0);
    assert_string_equal(webhooks(h, TENANT), "");
    assert_int_equal(del_webhook(h, TENANT, id), ERR_NOT_FOUND);
    assert_true(add_webhook(h, EVENT_MESSAGE, URL) > id);
}

static void tenants_do_not_see_or_touch_each_others_urls(void **state)
{
    struct harness *h = *state;
    int64_t id = add_webhook(h, EVENT_MESSAGE, URL);
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    assert_string_equal(webhooks(h, TENANT + 1), "");
    assert_int_equal(del_webhook(h, TENANT + 1, id), ERR_NOT_FOUND);
    struct webhook_set op = webhook_of(h, EVENT_MESSAGE, URL);
    op.tenant_id = TENANT + 1;
    assert_int_equal(set_webhook(h, &op), 0);
    assert_true(op.created);
    assert_int_equal(del_webhook(h, TENANT + 1, op.id), 0);
    assert_string_equal(webhooks(h, TENANT), "message " URL " on");
}

static void a_tenant_has_at_most_100_urls(void **state)
{
    struct harness *h = *state;
    char url[64];
    for (int i = 0; i < TENANT_MAX_WEBHOOKS; i++) {
        snprintf(url, sizeof(url), "http://h/%d", i);
        add_webhook(h, (enum event_type)(i % EVENT_TYPE_COUNT), url);
    }
    struct webhook_set op = webhook_of(h, EVENT_MESSAGE, URL);
    assert_int_equal(set_webhook(h, &op), ERR_FULL);
    turn_webhook(h, EVENT_CUSTOMER, "http://h/0", false); /* what is there can be changed */
    assert_int_equal(put_event(h, EVENT_TASK, 1, NOW, "{}"), 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, hooks_start, harness_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_url_is_added_to_each_type_and_stays),
        TEST(setting_again_changes_what_is_there),
        TEST(a_new_url_may_be_off_and_needs_a_secret),
        TEST(a_rotated_secret_is_valid_beside_the_new_one),
        TEST(the_engine_sees_each_change_once_and_what_is_gone),
        TEST(the_snapshot_says_which_types_are_switched_on),
        TEST(a_url_that_was_deleted_may_come_again_under_another_id),
        TEST(tenants_do_not_see_or_touch_each_others_urls),
        TEST(a_tenant_has_at_most_100_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
