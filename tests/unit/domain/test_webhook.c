#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "domain/webhook.h"

static struct crypto *crypto;

static int set_up(void **state)
{
    (void)state;
    const char *why;
    return crypto_new(&crypto, &why);
}

static int tear_down(void **state)
{
    (void)state;
    crypto_free(crypto);
    return 0;
}

/* --- signatures */

/* The known answer of the vendor's page. */
static void the_access_token_is_the_hmac_of_tenant_and_time(void **state)
{
    (void)state;
    char hex[2 * SHA256_LEN + 1];
    assert_int_equal(webhook_access_token(crypto, STR("f9a40a4780f5e1306c46f1c8daecee3b"), 500975,
                                          1666942813620, hex),
                     0);
    assert_string_equal(hex, "df98eda524132837317c5ea7e4f67ef4224dedc3f01548b6cb211b08eb0328c5");
}

/* The vector that the libraries of Standard Webhooks are tested with. */
static void the_signature_is_that_of_standard_webhooks(void **state)
{
    (void)state;
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    struct buf b;
    int len = webhook_secret_decode(STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), secret);
    assert_int_equal(len, 24);
    buf_init(&b, 1024);
    assert_int_equal(webhook_sign(crypto, secret, (size_t)len, STR("msg_p5jXN8AQM9LWM0D4loKWxJek"),
                                  1614265330, STR("{\"test\": 2432232314}"), &b),
                     0);
    const char *expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    assert_int_equal(b.len, strlen(expected));
    assert_memory_equal(b.data, expected, b.len);
    buf_free(&b);
}

static void secrets_of_24_to_64_bytes_go_there_and_back(void **state)
{
    (void)state;
    uint8_t bytes[WEBHOOK_SECRET_LONGEST + 1], again[WEBHOOK_SECRET_LONGEST];
    char text[WEBHOOK_SECRET_TEXT_MAX];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37);
    for (size_t len = WEBHOOK_SECRET_SHORTEST; len <= WEBHOOK_SECRET_LONGEST; len++) {
        webhook_secret_encode(bytes, len, text);
        assert_int_equal(webhook_secret_decode(str_of(text), again), len);
        assert_memory_equal(again, bytes, len);
    }
}

static void a_secret_of_another_form_or_length_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "whsec_",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaQ=" /* 23 bytes */,
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS-",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n",
        /* 65 bytes */
        ("whsec_"
         "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
         "="),
    };
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(webhook_secret_decode(str_of(texts[i]), secret), ERR_INVALID);
}

/* --- events */

static void types_have_the_names_of_the_wire(void **state)
{
    (void)state;
    static const char *const names[] = {"customer", "account", "message", "status", "task"};
    for (int i = 0; i < EVENT_TYPE_COUNT; i++) {
        enum event_type type = EVENT_TYPE_COUNT;
        assert_string_equal(event_type_name((enum event_type)i), names[i]);
        assert_int_equal(event_type_parse(str_of(names[i]), &type), 0);
        assert_int_equal(type, i);
    }
    enum event_type type;
    assert_int_equal(event_type_parse(STR("Customer"), &type), ERR_INVALID);
    assert_int_equal(event_type_parse((struct str){0}, &type), ERR_INVALID);
}

static void a_body_names_the_event_and_carries_its_data(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1024);
    event_body(&b, 12, EVENT_TASK, 500975, 1700000000000, STR("{\"taskId\":\"1\"}"));
    buf_add_char(&b, '\0');
    assert_string_equal(b.data, "{\"id\":\"evt_12\",\"type\":\"task\",\"tenantId\":500975,"
                                "\"time\":1700000000000,\"data\":{\"taskId\":\"1\"}}");
    buf_free(&b);
}

static void an_id_is_read_as_it_is_written(void **state)
{
    (void)state;
    char text[EVENT_ID_MAX];
    int64_t event = 0;
    event_id_text(INT64_C(9007199254740993), text);
    assert_string_equal(text, "evt_9007199254740993");
    assert_int_equal(event_id_parse(str_of(text), &event), 0);
    assert_int_equal(event, INT64_C(9007199254740993));
    static const char *const bad[] = {"",       "evt_",   "evt_0",   "evt_-1",
                                      "evt_01", "evt_1 ", "EVT_1",   "1",
                                      "evt_x",  "evt_+1", "evt_1.0", "evt_99999999999999999999"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_true(event_id_parse(str_of(bad[i]), &event) < 0);
}

/* --- deliveries */

static void waits_grow_and_end(void **state)
{
    (void)state;
    static const int64_t waits_s[] = {10, 30, 180, 300, 1800, 7200};
    struct random random;
    random_init(&random, 1);
    for (int tries = 1; tries <= 6; tries++) {
        int64_t base_ms = waits_s[tries - 1] * 1000, least = INT64_MAX, most = 0, wait_ms = -1;
        for (int i = 0; i < 1000; i++) {
            assert_int_equal(webhook_retry_ms(tries, &random, &wait_ms), 0);
            least = wait_ms < least ? wait_ms : least;
            most = wait_ms > most ? wait_ms : most;
        }
        /* Within 10 %, and drawn from nearly all of it. */
        assert_in_range(least, base_ms * 90 / 100, base_ms * 91 / 100);
        assert_in_range(most, base_ms * 109 / 100, base_ms * 110 / 100);
    }
    int64_t wait_ms = 5;
    assert_int_equal(webhook_retry_ms(7, &random, &wait_ms), ERR_RANGE);
    assert_int_equal(wait_ms, 5);
    assert_int_equal(webhook_retry_ms(0, &random, &wait_ms), 0);
    assert_int_equal(wait_ms, 0);
}

static void only_200_with_a_good_code_acknowledges(void **state)
{
    (void)state;
    static const char *const good[] = {"{\"code\":200}", "{\"code\":0}", "{\"code\":\"200\"}",
                                       "{\"code\":\"0\",\"message\":\"x\"}", " {\"code\":2e2}\n"};
    static const char *const bad[] = {"",
                                      "ok",
                                      "200",
                                      "[200]",
                                      "{}",
                                      "{\"code\":1}",
                                      "{\"code\":500}",
                                      "{\"code\":null}",
                                      "{\"code\":true}",
                                      "{\"code\":\"\"}",
                                      "{\"code\":\"ok\"}",
                                      "{\"code\":200.5}",
                                      "{\"Code\":200}",
                                      "{\"data\":{\"code\":200}}",
                                      "{\"code\":200",
                                      "{\"code\":200}x",
                                      "[{\"code\":200}]"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(webhook_acknowledged(200, str_of(good[i])));
        assert_false(webhook_acknowledged(201, str_of(good[i])));
        assert_false(webhook_acknowledged(500, str_of(good[i])));
        assert_false(webhook_acknowledged(0, str_of(good[i])));
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(webhook_acknowledged(200, str_of(bad[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_access_token_is_the_hmac_of_tenant_and_time),
        cmocka_unit_test(the_signature_is_that_of_standard_webhooks),
        cmocka_unit_test(secrets_of_24_to_64_bytes_go_there_and_back),
        cmocka_unit_test(a_secret_of_another_form_or_length_is_refused),
        cmocka_unit_test(types_have_the_names_of_the_wire),
        cmocka_unit_test(a_body_names_the_event_and_carries_its_data),
        cmocka_unit_test(an_id_is_read_as_it_is_written),
        cmocka_unit_test(waits_grow_and_end),
        cmocka_unit_test(only_200_with_a_good_code_acknowledges),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
