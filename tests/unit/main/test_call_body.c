#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "main/call_body.h"

/* 2023-06-01 12:12:12 UTC */
#define NOW_MS INT64_C(1685621532000)

static struct crypto *crypto;
static struct digest *digest;
static struct tenant tenant;
static struct zone *utc;
static char why[160];

static int set_up(void **state)
{
    (void)state;
    const char *reason;
    if (crypto_new(&crypto, &reason) < 0 || digest_new(crypto, &digest) < 0 ||
        zone_load("UTC", &utc) < 0)
        return -1;
    tenant = (struct tenant){
        .id = 1, .admin = STR("WhatsApp"), .api_key = STR("QOEAcPj6Tb8XRhwFvYih"), .zone = utc};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    digest_free(digest);
    crypto_free(crypto);
    zone_free(utc);
    return 0;
}

static int sign(const char *json, struct str user, struct buf *body)
{
    buf_init(body, 1 << 20);
    why[0] = '\0';
    return call_body_sign(digest, &tenant, str_of(json), user, NOW_MS, body, why, sizeof(why));
}

static void assert_signed(const char *json, struct str user, const char *expected)
{
    struct buf body;
    assert_int_equal(sign(json, user, &body), 0);
    buf_add_char(&body, '\0');
    assert_string_equal(body.data, expected);
    buf_free(&body);
}

static void assert_refused(const char *json, struct str user, const char *expected)
{
    struct buf body;
    assert_int_equal(sign(json, user, &body), ERR_INVALID);
    assert_string_equal(why, expected);
    buf_free(&body);
}

#define NOBODY ((struct str){NULL, 0})
/* printf %s 1 WhatsApp '2023-06-01 12:12:12' QOEAcPj6Tb8XRhwFvYih | md5sum */
#define TOKEN "\"token\":\"d5b3aedbd8fad73eb71016d2dc5450eb\""
#define SIGNED \
    "\"tenantId\":\"1\",\"userName\":\"WhatsApp\",\"createTime\":\"2023-06-01 12:12:12\"," TOKEN

static void the_four_members_are_added_to_the_object(void **state)
{
    (void)state;
    assert_signed("", NOBODY, "{" SIGNED "}");
    assert_signed("{}", NOBODY, "{" SIGNED "}");
    assert_signed(" { } \n", NOBODY, "{" SIGNED "}");
    assert_signed("{\"a\":[1]}", NOBODY, "{\"a\":[1]," SIGNED "}");
    assert_signed("{\"a\":1 } ", NOBODY, "{\"a\":1," SIGNED "}");
}

static void an_array_becomes_the_data(void **state)
{
    (void)state;
    assert_signed("[{\"whatsApp\":\"1\"}]", NOBODY, "{\"data\":[{\"whatsApp\":\"1\"}]," SIGNED "}");
}

static void what_stands_in_the_body_is_signed_as_it_stands(void **state)
{
    (void)state;
    assert_signed(
        "{\"tenantId\":1,\"userName\":\"WhatsApp\",\"createTime\":\"2023-06-01 12:12:12\"}", NOBODY,
        "{\"tenantId\":1,\"userName\":\"WhatsApp\",\"createTime\":\"2023-06-01 "
        "12:12:12\"," TOKEN "}");
    assert_signed("{\"userName\":\"WhatsApp\"}", STR("WhatsApp"),
                  "{\"userName\":\"WhatsApp\",\"tenantId\":\"1\",\"createTime\":\"2023-06-01 "
                  "12:12:12\"," TOKEN "}");
}

static void the_user_may_be_named(void **state)
{
    (void)state;
    /* printf %s 1 lsl001 '2023-06-01 12:12:12' QOEAcPj6Tb8XRhwFvYih | md5sum */
    assert_signed("", STR("lsl001"),
                  "{\"tenantId\":\"1\",\"userName\":\"lsl001\",\"createTime\":\"2023-06-01 "
                  "12:12:12\",\"token\":\"174b9111fd3a311e52bf6695a3fa31e8\"}");
}

static void what_cannot_be_signed_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"token\":\"x\"}", NOBODY,
                   "the body has a token already: leave --body-auth out");
    assert_refused("{\"userName\":\"a\"}", STR("b"),
                   "--user differs from the userName in the body");
    assert_refused("{\"userName\":1}", NOBODY, "userName: a text expected");
    assert_refused("\"text\"", NOBODY, "the body: an object or an array expected");
    struct buf body;
    assert_int_equal(sign("{\"a\":}", NOBODY, &body), ERR_INVALID);
    assert_non_null(strstr(why, "the body is not JSON: byte 5: "));
    buf_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_four_members_are_added_to_the_object),
        cmocka_unit_test(an_array_becomes_the_data),
        cmocka_unit_test(what_stands_in_the_body_is_signed_as_it_stands),
        cmocka_unit_test(the_user_may_be_named),
        cmocka_unit_test(what_cannot_be_signed_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
