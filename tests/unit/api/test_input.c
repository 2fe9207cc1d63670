/* The types of declared input, and where it is read from. What customers send is in tests/api. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "api/input.h"

struct sample {
    struct str text, name;
    struct input_integer source, needed;
    struct input_list list;
    struct input_bool yes;
    int64_t number;
    struct input_numbers numbers;
};

static const struct input_field fields[] = {
    {.name = "text", .type = INPUT_TEXT, .offset = offsetof(struct sample, text), .longest = 5},
    {.name = "name", .type = INPUT_NAME, .offset = offsetof(struct sample, name), .longest = 5},
    {.name = "source",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct sample, source),
     .min = -1,
     .max = 3},
    {.name = "list", .type = INPUT_LIST, .offset = offsetof(struct sample, list), .longest = 2},
    {.name = "needed",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct sample, needed),
     .min = 0,
     .max = 10,
     .missing = STATUS_DATA_EMPTY,
     .wrong = STATUS_TIMESTAMP},
};
static const struct input_table with_needed = {fields, 5, sizeof(struct sample), NULL};
static const struct input_table table = {fields, 4, sizeof(struct sample), NULL};

static const struct input_field more_fields[] = {
    {.name = "yes", .type = INPUT_BOOL, .offset = offsetof(struct sample, yes)},
    {.name = "number", .type = INPUT_NUMBER, .offset = offsetof(struct sample, number)},
    {.name = "numbers",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct sample, numbers),
     .longest = 2},
};
static const struct input_table more = {more_fields, 3, sizeof(struct sample), NULL};

static const struct route post = {.method = HTTP_POST, .path = STR("/se-api/x")};
static const struct route get = {.method = HTTP_GET, .path = STR("/se-api/x")};

struct world {
    struct http_request http;
    struct exchange x;
};

static int set_up(void **state)
{
    static struct world world;
    world = (struct world){0};
    arena_init(&world.http.arena, 1 << 20);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    json_free(world->x.json);
    buf_free(&world->x.reply);
    arena_free(&world->http.arena);
    return 0;
}

static void begin(struct world *world, const struct route *route)
{
    tear_down((void **)&world);
    world->x = (struct exchange){.http = &world->http, .route = route};
}

/* The code that a body gets; 0: it is fine, and then *sample is what was read. */
static int read_body(struct world *world, const struct input_table *input, const char *body,
                     struct sample *sample)
{
    struct json_error error;
    struct exchange *x = &world->x;
    begin(world, &post);
    assert_int_equal(json_parse(str_of(body), JSON_MAX_VALUES, &x->json, &error), 0);
    x->body = json_root(x->json);
    int result = input_read(x, input);
    assert_int_equal(result < 0, x->code != 0);
    if (result == 0)
        *sample = *(struct sample *)x->input;
    return x->code;
}

static int read_query_of(struct world *world, const struct input_table *input, const char *query,
                         struct sample *sample)
{
    struct exchange *x = &world->x;
    begin(world, &get);
    world->http.head.query = query ? str_of(query) : (struct str){0};
    int result = input_read(x, input);
    assert_int_equal(result < 0, x->code != 0);
    if (result == 0)
        *sample = *(struct sample *)x->input;
    return x->code;
}

static int read_query(struct world *world, const char *query, struct sample *sample)
{
    return read_query_of(world, &table, query, sample);
}

static void assert_says(const struct world *world, const char *text)
{
    const struct buf *reply = &world->x.reply;
    if (!memmem(reply->data, reply->len, text, strlen(text)))
        fail_msg("%.*s does not say %s", (int)reply->len, reply->data, text);
}

static void an_integer_may_come_as_a_text(void **state)
{
    static const char *const bodies[] = {"{\"source\":3}", "{\"source\":\"3\"}",
                                         "{\"source\":3.0}"};
    struct sample sample;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(read_body(*state, &table, bodies[i], &sample), 0);
        assert_true(sample.source.given);
        assert_int_equal(sample.source.value, 3);
    }
    assert_int_equal(read_body(*state, &table, "{\"source\":\"-1\"}", &sample), 0);
    assert_int_equal(sample.source.value, -1);
}

static void an_integer_that_is_absent_is_not_given(void **state)
{
    static const char *const bodies[] = {"{}", "{\"source\":null}", "{\"source\":\"\"}"};
    struct sample sample;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(read_body(*state, &table, bodies[i], &sample), 0);
        assert_false(sample.source.given);
        assert_int_equal(sample.source.value, 0);
    }
}

static void what_is_no_integer_in_its_range_is_refused_with_its_place(void **state)
{
    static const char *const bodies[] = {
        "{\"source\":4}",       "{\"source\":-2}",   "{\"source\":\"4\"}", "{\"source\":1.5}",
        "{\"source\":\"1.0\"}", "{\"source\":true}", "{\"source\":[1]}",   "{\"source\":\" 1\"}",
        "{\"source\":1e300}",   "{\"source\":{}}",   "{\"source\":\"x\"}", "{\"source\":\"+1\"}",
    };
    struct sample sample;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_equal(read_body(*state, &table, bodies[i], &sample), 400);
        assert_says(*state, "source: an integer from -1 to 3 expected");
    }
}

static void a_field_has_its_own_codes_for_missing_and_for_wrong(void **state)
{
    struct sample sample;
    assert_int_equal(read_body(*state, &with_needed, "{}", &sample), 506);
    assert_int_equal(read_body(*state, &with_needed, "{\"needed\":\"\"}", &sample), 506);
    assert_int_equal(read_body(*state, &with_needed, "{\"needed\":11}", &sample), 519);
    assert_int_equal(read_body(*state, &with_needed, "{\"needed\":{}}", &sample), 519);
    assert_int_equal(read_body(*state, &with_needed, "{\"needed\":0}", &sample), 0);
    assert_true(sample.needed.given);
}

static void a_query_is_read_by_the_same_table(void **state)
{
    struct sample sample;
    assert_int_equal(read_query(*state, "a=b&source=2&name=a%20%2Bb&text=%e4%bd%a0", &sample), 0);
    assert_int_equal(sample.source.value, 2);
    assert_true(str_is(sample.name, "a +b"));
    assert_true(str_is(sample.text, "\xe4\xbd\xa0"));
    assert_int_equal(read_query(*state, NULL, &sample), 0);
    assert_int_equal(sample.name.len, 0);
    assert_int_equal(read_query(*state, "name&source=&text=", &sample), 0);
    assert_int_equal(sample.text.len, 0);
    assert_false(sample.source.given);
}

static void a_fault_in_a_query_names_its_place(void **state)
{
    struct sample sample;
    assert_int_equal(read_query(*state, "source=4", &sample), 400);
    assert_says(*state, "source: an integer from -1 to 3 expected");
    static const char *const not_utf8[] = {"name=%zz", "name=%", "name=%ff", "name=%00"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_query(*state, not_utf8[i], &sample), 400);
        assert_says(*state, "name: percent-encoded UTF-8 expected");
    }
    assert_int_equal(read_query(*state, "name=abcdef", &sample), 400);
    assert_says(*state, "name: longer than 5");
    assert_int_equal(read_query(*state, "list=1", &sample), 400);
    assert_says(*state, "list: array expected");
}

static void a_query_holds_booleans_and_numbers_but_no_lists(void **state)
{
    struct sample sample;
    assert_int_equal(
        read_query_of(*state, &more, "yes=true&number=%2B1%20526%20666%207779", &sample), 0);
    assert_true(sample.yes.value && sample.yes.given);
    assert_int_equal(sample.number, 15266667779);
    assert_int_equal(read_query_of(*state, &more, "yes=0", &sample), 0);
    assert_true(!sample.yes.value && sample.yes.given);
    assert_int_equal(sample.number, 0);
    assert_int_equal(read_query_of(*state, &more, "yes=y", &sample), 400);
    assert_says(*state, "yes: true or false expected");
    assert_int_equal(read_query_of(*state, &more, "number=12", &sample), 400);
    assert_says(*state, "number: 7 to 15 digits");
    assert_int_equal(read_query_of(*state, &more, "numbers=15266667779", &sample), 400);
    assert_says(*state, "numbers: array expected");
}

static void numbers_are_normalised_and_a_bad_one_is_named(void **state)
{
    struct sample sample;
    assert_int_equal(
        read_body(*state, &more, "{\"numbers\":[15266667779,\"+8618217331411\"]}", &sample), 0);
    assert_int_equal(sample.numbers.count, 2);
    assert_int_equal(sample.numbers.items[0], 15266667779);
    assert_int_equal(sample.numbers.items[1], 8618217331411);
    assert_int_equal(read_body(*state, &more, "{\"numbers\":[15266667779,12]}", &sample), 400);
    assert_says(*state, "numbers[1]: 7 to 15 digits");
    assert_int_equal(read_body(*state, &more, "{\"numbers\":[1,2,3]}", &sample), 400);
    assert_says(*state, "numbers: longer than 2");
    assert_int_equal(read_body(*state, &more, "{\"numbers\":\"\",\"number\":null}", &sample), 0);
    assert_int_equal(sample.numbers.count, 0);
    assert_int_equal(sample.number, 0);
}

static void the_body_of_a_get_says_nothing(void **state)
{
    struct world *world = *state;
    struct json_error error;
    begin(world, &get);
    assert_int_equal(json_parse(STR("{\"source\":2}"), 10, &world->x.json, &error), 0);
    world->x.body = json_root(world->x.json);
    assert_int_equal(input_read(&world->x, &table), 0);
    assert_false(((struct sample *)world->x.input)->source.given);
}

static void a_call_that_takes_nothing_takes_an_object(void **state)
{
    struct sample ignored;
    struct world *world = *state;
    begin(world, &post);
    assert_int_equal(input_read(&world->x, &input_nothing), 0);
    assert_int_equal(read_body(world, &input_nothing, "[]", &ignored), 400);
}

/* The code that an item gets. */
static int read_item(struct world *world, const char *body, struct sample *item)
{
    struct json_error error;
    struct exchange *x = &world->x;
    begin(world, &post);
    assert_int_equal(json_parse(str_of(body), JSON_MAX_VALUES, &x->json, &error), 0);
    *item = (struct sample){0};
    int result = input_read_item(x, &with_needed, json_root(x->json), "data[3].", item);
    assert_int_equal(result < 0, x->code != 0);
    assert_null(x->place);
    return x->code;
}

static void an_item_of_a_list_is_read_and_its_faults_are_named_by_their_place(void **state)
{
    struct world *world = *state;
    struct sample item;
    assert_int_equal(read_item(world, "{\"needed\":1,\"text\":\"abc\",\"list\":[1]}", &item), 0);
    assert_true(str_is(item.text, "abc"));
    assert_int_equal(item.list.count, 1);
    assert_int_equal(read_item(world, "{\"text\":\"abcdef\"}", &item), 400);
    assert_says(world, "data[3].text: longer than 5");
    assert_int_equal(read_item(world, "{\"name\":{}}", &item), 400);
    assert_says(world, "data[3].name: text expected");
    assert_int_equal(read_item(world, "{}", &item), STATUS_DATA_EMPTY);
    assert_int_equal(read_item(world, "{\"needed\":\"x\"}", &item), STATUS_TIMESTAMP);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_integer_may_come_as_a_text),
        TEST(an_integer_that_is_absent_is_not_given),
        TEST(what_is_no_integer_in_its_range_is_refused_with_its_place),
        TEST(a_field_has_its_own_codes_for_missing_and_for_wrong),
        TEST(a_query_is_read_by_the_same_table),
        TEST(a_fault_in_a_query_names_its_place),
        TEST(a_query_holds_booleans_and_numbers_but_no_lists),
        TEST(numbers_are_normalised_and_a_bad_one_is_named),
        TEST(the_body_of_a_get_says_nothing),
        TEST(a_call_that_takes_nothing_takes_an_object),
        TEST(an_item_of_a_list_is_read_and_its_faults_are_named_by_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
