#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain/message_json.h"

static const char *shown(struct message_record record)
{
    static char text[4096];
    struct buf b;
    buf_init(&b, sizeof(text));
    message_json(&b, &record);
    assert_false(b.failed);
    snprintf(text, sizeof(text), "%.*s", (int)b.len, b.data);
    buf_free(&b);
    return text;
}

static struct message_record record_of(const char *content)
{
    return (struct message_record){.id = 17592202821632,
                                   .account = 8618217331411,
                                   .number = 15266667779,
                                   .user_name = STR("lsl001"),
                                   .friend_name = STR("王\"小\""),
                                   .status = MESSAGE_RETRY,
                                   .time_ms = 1700000000000,
                                   .content = str_of(content)};
}

#define HEAD                                                                                \
    "{\"msgId\":\"17592202821632\",\"username\":\"lsl001\",\"whatsId\":\"8618217331411\","  \
    "\"friendWhatsId\":\"15266667779\",\"friendName\":\"王\\\"小\\\"\",\"actionType\":1," \
    "\"chatType\":1,"
#define TAIL ",\"status\":1,\"chatTime\":1700000000000}"

static void a_message_is_shown_with_what_its_content_says(void **state)
{
    (void)state;
    assert_string_equal(
        shown(record_of("{\"type\":1,\"text\":\"hi \\\"you\\\"\",\"transId\":\"t\","
                        "\"inserts\":[{\"index\":0,\"extended\":0,\"field\":\"Name\"}]}")),
        HEAD "\"contentType\":1,\"content\":{\"text\":\"hi \\\"you\\\"\"}" TAIL);
    assert_string_equal(shown(record_of("{\"type\":11,\"link\":\"https://a\",\"routeType\":1,"
                                        "\"routes\":[\"x\",\"y\"]}")),
                        HEAD "\"contentType\":11,\"content\":{\"link\":\"https://a\","
                             "\"routeType\":1,\"routeList\":[\"x\",\"y\"]}" TAIL);
}

static void what_is_no_content_says_nothing(void **state)
{
    (void)state;
    static const char *const none[] = {"{}", "", "[", "{\"type\":7}", "{\"text\":\"x\"}"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_string_equal(shown(record_of(none[i])),
                            HEAD "\"contentType\":0,\"content\":{}" TAIL);
}

static void what_came_in_is_received(void **state)
{
    (void)state;
    struct message_record record = record_of("{\"type\":1,\"text\":\"x\"}");
    record.incoming = true;
    assert_non_null(strstr(shown(record), "\"actionType\":2,"));
}

static void a_summary_is_the_text_or_else_where_it_is(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"{\"type\":1,\"text\":\"hi\",\"url\":\"u\"}", "hi"},
        {"{\"type\":10,\"title\":\"t\",\"link\":\"l\"}", "t"},
        {"{\"type\":2,\"url\":\"u\",\"fileName\":\"f\"}", "f"},
        {"{\"type\":2,\"url\":\"u\"}", "u"},
        {"{}", ""},
    };
    struct buf text;
    buf_init(&text, 1000);
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        message_summary(str_of(pairs[i][0]), &text);
        assert_true(str_is((struct str){text.data, text.len}, pairs[i][1]));
    }
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_shown_with_what_its_content_says),
        cmocka_unit_test(what_is_no_content_says_nothing),
        cmocka_unit_test(what_came_in_is_received),
        cmocka_unit_test(a_summary_is_the_text_or_else_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
