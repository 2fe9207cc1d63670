/* Conformance: what a tenant has under a name, through store.h. */
#include "store/task_calls.h"

static const struct name_find wanted[] = {
    {.kind = NAME_STAGE, .name = STR("won")},     {.kind = NAME_SOURCE, .name = STR("fair")},
    {.kind = NAME_TAG, .name = STR("vip")},       {.kind = NAME_GROUP, .name = STR("friends")},
    {.kind = NAME_TASK, .name = STR("spring")},   {.kind = NAME_SOURCE, .name = STR("won")},
    {.kind = NAME_STAGE, .name = STR("vip")},     {.kind = NAME_TAG, .name = STR("fair")},
    {.kind = NAME_GROUP, .name = STR("spring")},  {.kind = NAME_TASK, .name = STR("friends")},
    {.kind = NAME_GROUP, .name = STR("Friends")},
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* A character for each of `wanted`. */
static const char *found(struct harness *h, int64_t tenant_id)
{
    static char text[WANTED + 1];
    struct name_find names[WANTED];
    memcpy(names, wanted, sizeof(names));
    struct names_find op = {
        .call = harness_call(h), .tenant_id = tenant_id, .names = names, .count = WANTED};
    store_names_find(h->reader, &op);
    run_read(h, &op.call);
    assert_int_equal(op.call.result, 0);
    for (size_t i = 0; i < WANTED; i++)
        text[i] = names[i].found ? '1' : '0';
    return text;
}

static void import_labels(struct harness *h)
{
    struct str tag = STR("vip");
    struct customer_change item = {.number = NUMBER, .add_tags = &tag, .add_tag_count = 1};
    item.fields[CUSTOMER_STAGE] = (struct text_change){CHANGE_SET, STR("won")};
    item.fields[CUSTOMER_SOURCE] = (struct text_change){CHANGE_SET, STR("fair")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
}

static void names_are_found_each_in_its_kind_and_tenant(void **state)
{
    struct harness *h = *state;
    const int64_t number = NUMBER;
    assert_string_equal(found(h, TENANT), "00000000000");
    import_labels(h);
    assert_int_equal(save_group(h, TENANT, "friends", &number, 1), 0);
    const struct task_target target = {.number = TARGET};
    struct task_draft draft = draft_of("spring", &target, 1);
    assert_int_equal(create(h, &draft, 1), 0);
    assert_string_equal(found(h, TENANT), "11111000000");
    assert_string_equal(found(h, TENANT + 1), "00000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(names_are_found_each_in_its_kind_and_tenant,
                                        start_with_accounts, harness_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
