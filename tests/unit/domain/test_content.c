#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/content.h"

static const struct field size = {.id = 3, .name = {"Size", 4}}, *fields[] = {&size};
static const struct tenant tenant = {.fields_by_name = fields, .field_count = 1};
static const struct str tags[] = {{"vip", 3}, {"2026", 4}};
static const struct extended_value values[] = {{3, {"XL", 2}}};
#define NUMBER INT64_C(8618217331411)

static struct customer someone(void)
{
    struct customer customer = {.number = NUMBER,
                                .sex = SEX_FEMALE,
                                .tags = tags,
                                .tag_count = 2,
                                .extended = values,
                                .extended_count = 1};
    for (int field = 0; field < CUSTOMER_FIELD_COUNT; field++)
        customer.fields[field] = customer_field_rules[field].wire;
    customer.fields[CUSTOMER_FRIEND_NAME] = STR("王 {{Size}}");
    return customer;
}

static void check(const struct content *content, const struct customer *customer, const char *shown)
{
    struct buf text;
    buf_init(&text, 100000);
    buf_add_char(&text, '>');
    assert_int_equal(content_render(content, &tenant, NUMBER, customer, &text), 0);
    buf_add_char(&text, '\0');
    assert_string_equal(text.data + 1, shown);
    buf_free(&text);
}

static void check_text(const char *written, const struct customer *customer, const char *shown)
{
    const struct content content = {.type = CONTENT_TEXT, .text = str_of(written)};
    check(&content, customer, shown);
}

static void every_basic_field_has_its_name(void **state)
{
    (void)state;
    const struct customer customer = someone();
    check_text("{{Gender}} {{dob}} {{WHATSAPP}} {{Address}} {{Email}} {{Position}} {{Income}} "
               "{{Description}} {{From}} {{State}} {{Language}} {{Tags}}",
               &customer,
               "female birthday 8618217331411 address email profession income desc source stage "
               "languageTag vip,2026");
    assert_true(content_field_is_basic(STR("nAME")));
    assert_false(content_field_is_basic(STR("Size")));
    assert_false(content_field_is_basic(STR("")));
}

static void a_value_is_never_looked_at_for_variables(void **state)
{
    (void)state;
    const struct customer customer = someone();
    const struct content_insert insert = {.field = STR("Name")};
    const struct content content = {.text = STR("}}"), .inserts = &insert, .insert_count = 1};
    check_text("Dear {{ Name }}!", &customer, "Dear 王 {{Size}}!");
    check(&content, &customer, "王 {{Size}}}}");
    check_text("{{Email|{{Size}}}}", NULL, "{{Email|}}"); /* the inner one is the variable */
}

static void a_fallback_is_used_when_there_is_no_value(void **state)
{
    (void)state;
    struct customer customer = someone();
    check_text("Hi {{Name|friend}}, {{Size|?}}", NULL, "Hi friend, ?");
    check_text("Hi {{Name|friend}}, {{Size|?}}", &customer, "Hi 王 {{Size}}, XL");
    check_text("{{Name}}{{WhatsApp|none}}{{Tags|a|b}}", NULL, "8618217331411a|b");
    customer.sex = SEX_UNKNOWN;
    check_text("[{{Gender}}] [{{Gender|you}}]", &customer, "[] [you]");
    customer.sex = SEX_MALE;
    check_text("{{Gender|you}}", &customer, "male");
}

static void what_is_no_variable_stays_as_it_is(void **state)
{
    (void)state;
    const struct customer customer = someone();
    static const char *const plain[] = {"",         "{{",         "}}",       "{{}}",
                                        "{{Shoe}}", "{{size}}",   "{Size}",   "{{Size}",
                                        "{{Size",   "{{Na\nme}}", "{ {Size}}"};
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        check_text(plain[i], &customer, plain[i]);
    check_text("{{{Size}}} {{{{Size}} {{Shoe}}{{Size}}", &customer, "{XL} {{XL {{Shoe}}XL");
}

static void positions_are_counted_in_characters(void **state)
{
    (void)state;
    const struct customer customer = someone();
    const struct content_insert inserts[] = {
        {.index = 0, .field = STR("position")},
        {.index = 2, .extended = true, .field = STR("Size")},
        {.index = 2, .extended = true, .field = STR("gone")},
        {.index = 2, .field = STR("State")},
        {.index = 9000, .field = STR("WhatsApp")},
    };
    const struct content content = {
        .text = STR("é王ab{{Size}}"), .inserts = inserts, .insert_count = 5};
    check(&content, &customer, "professioné王XLstageabXL8618217331411");
    check(&content, NULL, "é王ab8618217331411");
}

static void it_is_known_whether_a_text_depends_on_the_recipient(void **state)
{
    (void)state;
    const struct content_insert insert = {.field = STR("Name")};
    const struct content plain = {.text = STR("{Name} }} {{ {{}}")},
                         named = {.text = STR("{{ {{Name}}")},
                         placed = {.text = STR("x"), .inserts = &insert, .insert_count = 1};
    assert_false(content_has_variables(&plain));
    assert_true(content_has_variables(&named));
    assert_true(content_has_variables(&placed));
}

static void a_text_of_more_than_1024_characters_is_refused_after_rendering(void **state)
{
    (void)state;
    char text[3 * 1024 + 9];
    size_t len = 0;
    struct buf b;
    buf_init(&b, 100000);
    for (; len < (size_t)3 * 1022; len += 3)
        memcpy(text + len, "\xe7\x8e\x8b", 3);
    memcpy(text + len, "{{Size}}", 8);
    struct content content = {.text = {text, len + 8}};
    struct customer customer = someone();
    assert_int_equal(content_render(&content, &tenant, NUMBER, &customer, &b), 0);
    assert_int_equal(b.len, len + 2);
    struct extended_value longer = {3, STR("XXL")};
    customer.extended = &longer;
    assert_int_equal(content_render(&content, &tenant, NUMBER, &customer, &b), ERR_TOO_LARGE);
    assert_int_equal(b.len, len + 2);
    assert_int_equal(content_render(&content, &tenant, NUMBER, NULL, &b), 0);
    b.max = b.len;
    assert_int_equal(content_render(&content, &tenant, NUMBER, NULL, &b), ERR_NOMEM);
    buf_free(&b);
}

/* content_read() of a text with ' for ": writes what was read into `b`. */
static int read_back(const char *text, struct buf *b)
{
    char quoted[1024];
    struct json_doc *doc = NULL;
    struct json_error error;
    struct arena arena;
    struct content content;
    snprintf(quoted, sizeof(quoted), "%s", text);
    for (char *at = quoted; *at; at++)
        *at = *at == '\'' ? '"' : *at;
    arena_init(&arena, 100000);
    assert_int_equal(json_parse(str_of(quoted), 1000, &doc, &error), 0);
    int result = content_read(json_root(doc), &arena, &content);
    buf_clear(b);
    if (result == 0) {
        content_write(b, &content);
        assert_int_equal(b->len, strlen(quoted));
        assert_memory_equal(b->data, quoted, b->len);
    }
    arena_free(&arena);
    json_free(doc);
    return result;
}

static void what_is_written_is_read_as_the_same(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{'type':1,'text':'a'}",
        "{'type':11,'text':'t','url':'u','fileName':'f','title':'a','desc':'d','link':'l',"
        "'transId':'1','routeType':3,'routes':['8618217331411','x']}",
        "{'type':6,'inserts':[{'index':1,'extended':0,'field':'Name'},"
        "{'index':1,'extended':1,'field':'Size'}]}",
    };
    struct buf b;
    buf_init(&b, 100000);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(read_back(good[i], &b), 0);
    buf_free(&b);
}

static void what_is_no_content_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{}",
        "[]",
        "1",
        "{'type':0}",
        "{'type':7}",
        "{'type':9}",
        "{'type':12}",
        "{'type':'1'}",
        "{'type':1,'text':1}",
        "{'type':1,'shoe':'x'}",
        "{'type':1,'routeType':4}",
        "{'type':1,'routes':{}}",
        "{'type':1,'routes':[1]}",
        "{'type':1,'inserts':'x'}",
        "{'type':1,'inserts':['x']}",
        "{'type':1,'inserts':[{'index':-1,'extended':0,'field':'Name'}]}",
        "{'type':1,'inserts':[{'index':1,'extended':2,'field':'Name'}]}",
        "{'type':1,'inserts':[{'index':1,'extended':1}]}",
        ("{'type':1,'inserts':[{'index':2,'extended':0,'field':'Name'},"
         "{'index':1,'extended':0,'field':'Name'}]}"),
    };
    struct buf b;
    buf_init(&b, 100000);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read_back(bad[i], &b), ERR_INVALID);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_basic_field_has_its_name),
        cmocka_unit_test(a_value_is_never_looked_at_for_variables),
        cmocka_unit_test(a_fallback_is_used_when_there_is_no_value),
        cmocka_unit_test(what_is_no_variable_stays_as_it_is),
        cmocka_unit_test(positions_are_counted_in_characters),
        cmocka_unit_test(it_is_known_whether_a_text_depends_on_the_recipient),
        cmocka_unit_test(a_text_of_more_than_1024_characters_is_refused_after_rendering),
        cmocka_unit_test(what_is_written_is_read_as_the_same),
        cmocka_unit_test(what_is_no_content_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
