/* Conformance: customers through store.h, on any back end. */
#include "store/harness.h"

#define NUMBER INT64_C(8618217331411)

static void a_number_that_was_never_imported_is_not_found(void **state)
{
    struct harness *h = *state;
    assert_shown(h, TENANT, NUMBER, "none");
}

static void a_new_customer_is_read_back_whole(void **state)
{
    struct harness *h = *state;
    struct str tags[] = {STR("vip"), STR("new")};
    struct extended_change extended[] = {{field_id(h, TENANT, "Faction"), set_text("red")},
                                         {field_id(h, TENANT, "Level"), set_text("12")}};
    struct customer_change item = {
        .number = NUMBER,
        .fields = {[CUSTOMER_FRIEND_NAME] = set_text("Jack"),
                   [CUSTOMER_BIRTHDAY] = set_text("1990/02/28"),
                   [CUSTOMER_ADDRESS] = set_text("1 Road"),
                   [CUSTOMER_EMAIL] = set_text("j@example.com"),
                   [CUSTOMER_PROFESSION] = set_text("cook"),
                   [CUSTOMER_INCOME] = set_text("1000"),
                   [CUSTOMER_DESC] = set_text("tall"),
                   [CUSTOMER_STAGE] = set_text("won"),
                   [CUSTOMER_SOURCE] = set_text("web"),
                   [CUSTOMER_LANGUAGE_TAG] = set_text("en"),
                   [CUSTOMER_WELCOME] = set_text("Hello \xf0\x9f\x91\x8b")},
        .sex_change = CHANGE_SET,
        .sex = SEX_MALE,
        .add_tags = tags,
        .add_tag_count = 2,
        .extended = extended,
        .extended_count = 2,
        .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT, NOW + 5, &item), 0);
    const char *whole = "friendName=Jack birthday=1990/02/28 address=1 Road email=j@example.com "
                        "profession=cook income=1000 desc=tall stage=won source=web "
                        "languageTag=en welcome=Hello \xf0\x9f\x91\x8b sex=male tags=vip,new "
                        "ext=Faction:red,Level:12 owner=ann +5~5";
    assert_shown(h, TENANT, NUMBER, whole);
    harness_reopen(h);
    assert_shown(h, TENANT, NUMBER, whole);
}

static void a_change_keeps_sets_and_clears_field_by_field(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER,
                                   .fields = {[CUSTOMER_FRIEND_NAME] = set_text("Jack"),
                                              [CUSTOMER_ADDRESS] = set_text("1 Road"),
                                              [CUSTOMER_EMAIL] = set_text("j@example.com"),
                                              [CUSTOMER_STAGE] = set_text("won"),
                                              [CUSTOMER_SOURCE] = set_text("web")},
                                   .sex_change = CHANGE_SET,
                                   .sex = SEX_FEMALE,
                                   .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    struct customer_change change = {.number = NUMBER,
                                     .fields = {[CUSTOMER_ADDRESS] = {.kind = CHANGE_CLEAR},
                                                [CUSTOMER_EMAIL] = set_text("k@example.com"),
                                                [CUSTOMER_SOURCE] = {.kind = CHANGE_CLEAR},
                                                [CUSTOMER_STAGE] = set_text("lost")},
                                     .owner = STR("bob")};
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &change), 0);
    assert_shown(h, TENANT, NUMBER,
                 "friendName=Jack email=k@example.com stage=lost sex=female owner=bob +0~1");
    struct customer_change sexless = {.number = NUMBER, .sex_change = CHANGE_CLEAR};
    assert_int_equal(upsert_one(h, TENANT, NOW + 2, &sexless), 0);
    assert_shown(h, TENANT, NUMBER,
                 "friendName=Jack email=k@example.com stage=lost owner=bob +0~2");
}

static void an_item_that_changes_nothing_leaves_the_time_of_the_last_change(void **state)
{
    struct harness *h = *state;
    struct str tags[] = {STR("vip")}, others[] = {STR("never seen")};
    struct extended_change extended[] = {{field_id(h, TENANT, "Faction"), set_text("a \"b\"")}};
    struct customer_change item = {
        .number = NUMBER,
        .fields = {[CUSTOMER_FRIEND_NAME] = set_text("Jack"), [CUSTOMER_STAGE] = set_text("won")},
        .add_tags = tags,
        .add_tag_count = 1,
        .extended = extended,
        .extended_count = 1,
        .owner = STR("ann")};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    item.remove_tags = others;
    item.remove_tag_count = 1;
    assert_int_equal(upsert_one(h, TENANT, NOW + 9, &item), 0);
    assert_shown(h, TENANT, NUMBER,
                 "friendName=Jack stage=won tags=vip ext=Faction:a \"b\" owner=ann +0~0");
}

static void change_tags(struct harness *h, bool clear, const char *add, const char *removed)
{
    struct str adds[8], removes[8];
    int add_count = tags_split(str_of(add), adds, 8);
    int remove_count = tags_split(str_of(removed), removes, 8);
    assert_true(add_count >= 0 && remove_count >= 0);
    struct customer_change item = {.number = NUMBER,
                                   .clear_tags = clear,
                                   .add_tags = adds,
                                   .add_tag_count = (size_t)add_count,
                                   .remove_tags = removes,
                                   .remove_tag_count = (size_t)remove_count};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
}

static void tags_are_cleared_then_added_and_removing_wins(void **state)
{
    struct harness *h = *state;
    change_tags(h, false, "a,b,c,a", "");
    assert_shown(h, TENANT, NUMBER, "tags=a,b,c +0~0");
    change_tags(h, false, "d,b", "a,unknown");
    assert_shown(h, TENANT, NUMBER, "tags=b,c,d +0~0");
    change_tags(h, false, "e,f", "e,b");
    assert_shown(h, TENANT, NUMBER, "tags=c,d,f +0~0");
    change_tags(h, true, "x,y", "y");
    assert_shown(h, TENANT, NUMBER, "tags=x +0~0");
    change_tags(h, true, "", "");
    assert_shown(h, TENANT, NUMBER, "+0~0");
}

static void a_tag_differs_by_case_and_by_tenant(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    change_tags(h, false, "VIP,vip", "");
    assert_shown(h, TENANT, NUMBER, "tags=VIP,vip +0~0");
    assert_string_equal(show(h, TENANT + 1, NUMBER), "none");
    struct str tag = STR("vip");
    struct customer_change other = {.number = NUMBER, .add_tags = &tag, .add_tag_count = 1};
    assert_int_equal(upsert_one(h, TENANT + 1, NOW + 3, &other), 0);
    assert_shown(h, TENANT + 1, NUMBER, "tags=vip +3~3");
    assert_shown(h, TENANT, NUMBER, "tags=VIP,vip +0~0");
}

static void a_customer_has_at_most_100_tags(void **state)
{
    struct harness *h = *state;
    static char names[101][8];
    struct str tags[101];
    for (int i = 0; i < 101; i++)
        tags[i] = (struct str){names[i], (size_t)snprintf(names[i], sizeof(names[i]), "t%d", i)};
    struct customer_change item = {.number = NUMBER, .add_tags = tags, .add_tag_count = 101};
    struct customer_outcome outcome;
    assert_int_equal(upsert(h, TENANT, NOW, &item, 1, &outcome), 0);
    assert_int_equal(outcome.result, ERR_TOO_LARGE);
    assert_string_equal(outcome.place, "tabName");
    assert_shown(h, TENANT, NUMBER, "none");

    item.add_tag_count = 100;
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    struct customer_change one_more = {
        .number = NUMBER, .add_tags = &tags[100], .add_tag_count = 1};
    assert_int_equal(upsert_one(h, TENANT, NOW, &one_more), ERR_TOO_LARGE);
    one_more.remove_tags = &tags[0];
    one_more.remove_tag_count = 1;
    assert_int_equal(upsert_one(h, TENANT, NOW, &one_more), 0);
    static struct shown shown;
    assert_int_equal(get(h, TENANT, &one_more.number, 1, &shown), 0);
    assert_non_null(strstr(shown.text, " tags=t1,t2,"));
    assert_non_null(strstr(shown.text, ",t99,t100 "));
}

static void a_tenant_has_at_most_10000_names_of_a_kind_and_a_refused_item_makes_none(void **state)
{
    struct harness *h = *state;
    enum { HALF = TENANT_MAX_LABELS / 2 };
    struct customer_change *items = calloc(HALF, sizeof(*items));
    struct customer_outcome *outcomes = calloc(HALF, sizeof(*outcomes));
    char(*names)[12] = calloc(HALF, sizeof(*names));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < HALF; i++) {
            snprintf(names[i], sizeof(names[i]), "s%d", round * HALF + i);
            items[i] = (struct customer_change){.number = NUMBER + i,
                                                .fields[CUSTOMER_STAGE] = set_text(names[i])};
        }
        assert_int_equal(upsert(h, TENANT, NOW, items, HALF, outcomes), 0);
        for (int i = 0; i < HALF; i++)
            assert_int_equal(outcomes[i].result, 0);
    }
    /* The new source comes into being only with an item that is taken. */
    struct customer_change two[2] = {{.number = NUMBER,
                                      .fields[CUSTOMER_STAGE] = set_text("one too many"),
                                      .fields[CUSTOMER_SOURCE] = set_text("web")},
                                     {.number = NUMBER + 1,
                                      .fields[CUSTOMER_STAGE] = set_text("s3"),
                                      .fields[CUSTOMER_SOURCE] = set_text("fair")}};
    assert_int_equal(upsert(h, TENANT, NOW + 1, two, 2, outcomes), 0);
    assert_int_equal(outcomes[0].result, ERR_TOO_LARGE);
    assert_string_equal(outcomes[0].place, "stage");
    assert_int_equal(outcomes[1].result, 0);
    assert_shown(h, TENANT, NUMBER, "stage=s5000 +0~0");
    assert_shown(h, TENANT, NUMBER + 1, "stage=s3 source=fair +0~1");
    /* Other kinds and other tenants have their own. */
    struct customer_change tag = {
        .number = NUMBER, .add_tags = &STR("one too many"), .add_tag_count = 1};
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &tag), 0);
    free(items);
    free(outcomes);
    free(names);
}

static void extended_values_are_set_kept_and_cleared(void **state)
{
    struct harness *h = *state;
    int64_t faction = field_id(h, TENANT, "Faction"), level = field_id(h, TENANT, "Level");
    const char *odd = "\" \\ \n \t \x01 \x1f \xe4\xbd\xa0 {\"1\":\"2\"}";
    struct extended_change both[] = {{level, set_text("1")}, {faction, set_text(odd)}};
    struct customer_change item = {.number = NUMBER, .extended = both, .extended_count = 2};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    char expected[128];
    snprintf(expected, sizeof(expected), "ext=Level:1,Faction:%s +0~0", odd);
    assert_shown(h, TENANT, NUMBER, expected);

    struct extended_change keep[] = {{faction, {.kind = CHANGE_KEEP}}, {level, set_text("2")}};
    item.extended = keep;
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &item), 0);
    snprintf(expected, sizeof(expected), "ext=Level:2,Faction:%s +0~1", odd);
    assert_shown(h, TENANT, NUMBER, expected);

    struct extended_change clear[] = {{faction, {.kind = CHANGE_CLEAR}}};
    item.extended = clear;
    item.extended_count = 1;
    assert_int_equal(upsert_one(h, TENANT, NOW + 2, &item), 0);
    assert_shown(h, TENANT, NUMBER, "ext=Level:2 +0~2");
}

static void a_removed_field_is_refused_and_its_values_are_seen_no_more(void **state)
{
    struct harness *h = *state;
    int64_t faction = field_id(h, TENANT, "Faction"), level = field_id(h, TENANT, "Level");
    struct extended_change both[] = {{level, set_text("1")}, {faction, set_text("red")}};
    struct customer_change item = {.number = NUMBER, .extended = both, .extended_count = 2};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(remove_field(h, TENANT, "Faction"), 0);
    assert_shown(h, TENANT, NUMBER, "ext=Level:1 +0~0");
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &item), ERR_NOT_FOUND);
    /* A field of the same name is another field. */
    assert_int_equal(add_field(h, TENANT, "Faction", FIELD_TEXT), 0);
    assert_true(field_id(h, TENANT, "Faction") != faction);
    assert_shown(h, TENANT, NUMBER, "ext=Level:1 +0~0");
    both[1].field_id = field_id(h, TENANT, "Faction");
    both[0].change.text = STR("5");
    assert_int_equal(upsert_one(h, TENANT, NOW + 2, &item), 0);
    assert_shown(h, TENANT, NUMBER, "ext=Level:5,Faction:red +0~2");
}

static void each_item_is_judged_on_its_own(void **state)
{
    struct harness *h = *state;
    struct extended_change gone = {INT64_C(123456), set_text("x")};
    struct customer_change items[4] = {
        {.number = NUMBER, .fields[CUSTOMER_FRIEND_NAME] = set_text("A"), .owner = STR("ann")},
        {.number = NUMBER + 1, .fields[CUSTOMER_STAGE] = set_text("new"), .owner = STR("nobody")},
        {.number = NUMBER + 2, .extended = &gone, .extended_count = 1},
        {.number = NUMBER + 3, .fields[CUSTOMER_FRIEND_NAME] = set_text("D"), .owner = STR("bob")},
    };
    struct customer_outcome outcomes[4];
    assert_int_equal(upsert(h, TENANT, NOW, items, 4, outcomes), 0);
    assert_int_equal(outcomes[0].result, 0);
    assert_int_equal(outcomes[1].result, ERR_NO_AGENT);
    assert_int_equal(outcomes[2].result, ERR_NOT_FOUND);
    assert_int_equal(outcomes[3].result, 0);
    assert_shown(h, TENANT, NUMBER, "friendName=A owner=ann +0~0");
    assert_shown(h, TENANT, NUMBER + 1, "none");
    assert_shown(h, TENANT, NUMBER + 2, "none");
    assert_shown(h, TENANT, NUMBER + 3, "friendName=D owner=bob +0~0");
}

static void a_number_that_comes_twice_is_changed_twice_in_order(void **state)
{
    struct harness *h = *state;
    struct customer_change items[3] = {
        {.number = NUMBER,
         .fields = {[CUSTOMER_FRIEND_NAME] = set_text("A"), [CUSTOMER_EMAIL] = set_text("a@b.c")}},
        {.number = NUMBER, .fields = {[CUSTOMER_FRIEND_NAME] = set_text("B")}},
        {.number = NUMBER, .fields = {[CUSTOMER_EMAIL] = {.kind = CHANGE_CLEAR}}},
    };
    struct customer_outcome outcomes[3];
    assert_int_equal(upsert(h, TENANT, NOW, items, 3, outcomes), 0);
    assert_shown(h, TENANT, NUMBER, "friendName=B +0~0");
}

static void an_unknown_tenant_is_refused_whole(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = NUMBER};
    assert_int_equal(upsert_one(h, 404, NOW, &item), ERR_NOT_FOUND);
}

static void an_empty_import_is_good(void **state)
{
    struct harness *h = *state;
    assert_int_equal(upsert(h, TENANT, NOW, NULL, 0, NULL), 0);
}

static void customers_are_shown_in_the_order_asked(void **state)
{
    struct harness *h = *state;
    static struct shown shown;
    for (int64_t i = 0; i < 3; i++) {
        struct customer_change item = {.number = NUMBER + i};
        assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    }
    const int64_t numbers[] = {NUMBER + 2, 1234567, NUMBER, NUMBER + 2, NUMBER + 1};
    assert_int_equal(get(h, TENANT, numbers, 5, &shown), 0);
    assert_int_equal(shown.count, 4);
    const size_t indexes[] = {0, 2, 3, 4};
    assert_memory_equal(shown.indexes, indexes, sizeof(indexes));
    assert_true(shown.ids[0] == shown.ids[2] && shown.ids[1] != shown.ids[0]);
}

static void an_import_of_5000_is_whole_and_so_is_a_query_of_1000(void **state)
{
    struct harness *h = *state;
    enum { COUNT = 5000 };
    struct customer_change *items = calloc(COUNT, sizeof(*items));
    struct customer_outcome *outcomes = calloc(COUNT, sizeof(*outcomes));
    static struct shown shown;
    int64_t numbers[1000];
    for (int i = 0; i < COUNT; i++) {
        items[i] = (struct customer_change){.number = NUMBER + i * 7919,
                                            .fields[CUSTOMER_FRIEND_NAME] = set_text("N"),
                                            .owner = i % 100 == 99 ? STR("nobody") : STR("ann")};
    }
    assert_int_equal(upsert(h, TENANT, NOW, items, COUNT, outcomes), 0);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(outcomes[i].result, i % 100 == 99 ? ERR_NO_AGENT : 0);
    for (int from = 0; from < COUNT; from += 1000) {
        for (int i = 0; i < 1000; i++)
            numbers[i] = items[from + i].number;
        assert_int_equal(get(h, TENANT, numbers, 1000, &shown), 0);
        assert_int_equal(shown.count, 990);
    }
    free(items);
    free(outcomes);
}

/* --- against a naive model */

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 16;
}

struct model {
    const char *name, *stage, *faction;
    char tags[8]; /* letters in the order they came */
    bool there;
};

static void model_change(struct model *model, uint32_t *seed, struct customer_change *item,
                         struct extended_change *extended, struct str *adds, struct str *removes)
{
    static const char *const texts[] = {"a", "b", "c"};
    static const char letters[] = "ABCD";
    model->there = true;
    uint32_t dice = next_random(seed) % 4;
    const char *text = texts[next_random(seed) % 3];
    struct text_change change = dice < 2    ? (struct text_change){.kind = CHANGE_KEEP}
                                : dice == 2 ? (struct text_change){.kind = CHANGE_CLEAR}
                                            : set_text(text);
    const char **places[] = {&model->name, &model->stage, &model->faction};
    struct text_change *changes[] = {&item->fields[CUSTOMER_FRIEND_NAME],
                                     &item->fields[CUSTOMER_STAGE], &extended->change};
    uint32_t which = next_random(seed) % 3;
    *changes[which] = change;
    if (change.kind != CHANGE_KEEP)
        *places[which] = change.kind == CHANGE_SET ? text : NULL;
    item->clear_tags = next_random(seed) % 8 == 0;
    if (item->clear_tags)
        model->tags[0] = '\0';
    for (uint32_t i = 0; i < 4; i++) {
        bool add = next_random(seed) % 3 == 0, removed = next_random(seed) % 4 == 0;
        char *at = strchr(model->tags, letters[i]);
        if (add)
            adds[item->add_tag_count++] = (struct str){&letters[i], 1};
        if (removed) {
            removes[item->remove_tag_count++] = (struct str){&letters[i], 1};
            if (at)
                memmove(at, at + 1, strlen(at));
        } else if (add && !at) {
            strncat(model->tags, &letters[i], 1);
        }
    }
}

static void model_text(const struct model *model, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    if (model->name)
        at += (size_t)snprintf(text + at, size - at, "friendName=%s ", model->name);
    if (model->stage)
        at += (size_t)snprintf(text + at, size - at, "stage=%s ", model->stage);
    for (size_t i = 0; model->tags[i]; i++) {
        at += (size_t)snprintf(text + at, size - at, "%s%c%s", i ? "," : "tags=", model->tags[i],
                               model->tags[i + 1] ? "" : " ");
    }
    if (model->faction)
        at += (size_t)snprintf(text + at, size - at, "ext=Faction:%s ", model->faction);
    snprintf(text + at, size - at, "+0~0");
}

static void random_imports_give_what_a_naive_model_says(void **state)
{
    struct harness *h = *state;
    enum { CUSTOMERS = 5, ROUNDS = 400, ITEMS = 4 };
    struct model models[CUSTOMERS] = {0};
    uint32_t seed = 42;
    int64_t faction = field_id(h, TENANT, "Faction");
    for (int round = 0; round < ROUNDS; round++) {
        struct customer_change items[ITEMS] = {0};
        struct customer_outcome outcomes[ITEMS];
        struct extended_change extended[ITEMS] = {0};
        struct str adds[ITEMS][4], removes[ITEMS][4];
        for (int i = 0; i < ITEMS; i++) {
            uint32_t which = next_random(&seed) % CUSTOMERS;
            extended[i].field_id = faction;
            items[i] = (struct customer_change){.number = NUMBER + which,
                                                .extended = &extended[i],
                                                .extended_count = 1,
                                                .add_tags = adds[i],
                                                .remove_tags = removes[i]};
            model_change(&models[which], &seed, &items[i], &extended[i], adds[i], removes[i]);
        }
        assert_int_equal(upsert(h, TENANT, NOW, items, ITEMS, outcomes), 0);
        for (int64_t i = 0; i < CUSTOMERS; i++) {
            char expected[256];
            model_text(&models[i], expected, sizeof(expected));
            assert_shown(h, TENANT, NUMBER + i, models[i].there ? expected : "none");
        }
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, harness_start, harness_end)

#define PLAIN  INT64_C(525512345678) /* Mexico City */
#define MARKED INT64_C(5215512345678)

static void one_person_is_one_row_whichever_form_of_the_number_comes(void **state)
{
    struct harness *h = *state;
    struct customer_change item = {.number = PLAIN,
                                   .fields = {[CUSTOMER_FRIEND_NAME] = set_text("Ana")}};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_shown(h, TENANT, PLAIN, "friendName=Ana +0~0");
    struct customer_change other = {.number = MARKED,
                                    .fields = {[CUSTOMER_EMAIL] = set_text("ana@example.com")}};
    assert_int_equal(upsert_one(h, TENANT, NOW + 1, &other), 0);
    struct shown shown;
    int64_t both[] = {MARKED, PLAIN};
    assert_int_equal(get(h, TENANT, both, 2, &shown), 0);
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.ids[0], shown.ids[1]);
    assert_int_equal(shown.numbers[0], PLAIN); /* what was stored is what is returned */
    assert_string_equal(shown.text + 1, "friendName=Ana email=ana@example.com +0~1");
    assert_sound(h);
}

static void another_tenant_may_have_the_other_form(void **state)
{
    struct harness *h = *state;
    assert_int_equal(add_tenant(h, TENANT + 1), 0);
    struct customer_change item = {.number = PLAIN}, other = {.number = MARKED};
    assert_int_equal(upsert_one(h, TENANT, NOW, &item), 0);
    assert_int_equal(upsert_one(h, TENANT + 1, NOW, &other), 0);
    struct shown shown;
    int64_t number = PLAIN;
    assert_int_equal(get(h, TENANT + 1, &number, 1, &shown), 0);
    assert_int_equal(shown.count, 1);
    assert_int_equal(shown.numbers[0], MARKED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_number_that_was_never_imported_is_not_found),
        TEST(one_person_is_one_row_whichever_form_of_the_number_comes),
        TEST(another_tenant_may_have_the_other_form),
        TEST(a_new_customer_is_read_back_whole),
        TEST(a_change_keeps_sets_and_clears_field_by_field),
        TEST(an_item_that_changes_nothing_leaves_the_time_of_the_last_change),
        TEST(tags_are_cleared_then_added_and_removing_wins),
        TEST(a_tag_differs_by_case_and_by_tenant),
        TEST(a_customer_has_at_most_100_tags),
        TEST(a_tenant_has_at_most_10000_names_of_a_kind_and_a_refused_item_makes_none),
        TEST(extended_values_are_set_kept_and_cleared),
        TEST(a_removed_field_is_refused_and_its_values_are_seen_no_more),
        TEST(each_item_is_judged_on_its_own),
        TEST(a_number_that_comes_twice_is_changed_twice_in_order),
        TEST(an_unknown_tenant_is_refused_whole),
        TEST(an_empty_import_is_good),
        TEST(customers_are_shown_in_the_order_asked),
        TEST(an_import_of_5000_is_whole_and_so_is_a_query_of_1000),
        TEST(random_imports_give_what_a_naive_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
