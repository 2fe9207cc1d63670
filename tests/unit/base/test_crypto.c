#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/crypto.h"

static int set_up(void **state)
{
    struct crypto *crypto = NULL;
    const char *why = NULL;
    if (crypto_new(&crypto, &why) < 0)
        return -1;
    *state = crypto;
    return 0;
}

static int tear_down(void **state)
{
    crypto_free(*state);
    return 0;
}

static void assert_md5(struct digest *digest, const struct str *parts, size_t count,
                       const char *expected)
{
    char hex[MD5_HEX_LEN];
    assert_int_equal(digest_md5_hex(digest, parts, count, hex), 0);
    assert_memory_equal(hex, expected, MD5_HEX_LEN);
}

/* The expected values are what coreutils say: printf %s 'the parts joined' | md5sum */
static void md5_tokens_are_those_of_md5sum(void **state)
{
    struct digest *digest = NULL;
    assert_int_equal(digest_new(*state, &digest), 0);
    const struct str token[] = {STR("1"), STR("1710936559123"), STR("QOEAcPj6Tb8XRhwFvYih")};
    const struct str old[] = {STR("1"), STR("WhatsApp"), STR("2023-06-01 12:12:12"),
                              STR("QOEAcPj6Tb8XRhwFvYih")};
    const struct str joined[] = {STR("1171093"), {NULL, 0}, STR("6559123QOEAcPj6Tb8XRhwFvYih")};
    for (int i = 0; i < 3; i++) { /* the context is used again and again */
        assert_md5(digest, token, 3, "e1aa29e0985905cfb15a84e71a2a6cc1");
        assert_md5(digest, old, 4, "d5b3aedbd8fad73eb71016d2dc5450eb");
        assert_md5(digest, joined, 3, "e1aa29e0985905cfb15a84e71a2a6cc1");
        assert_md5(digest, NULL, 0, "d41d8cd98f00b204e9800998ecf8427e");
    }
    digest_free(digest);
    digest_free(NULL);
}

static void assert_hmac(struct crypto *crypto, struct str key, const struct str *parts,
                        size_t count, const char *expected)
{
    uint8_t mac[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1] = "";
    assert_int_equal(hmac_sha256(crypto, key, parts, count, mac), 0);
    hex_encode(mac, sizeof(mac), hex);
    assert_string_equal(hex, expected);
}

/* RFC 4231, cases 1, 2 and 6; the last as Python's hmac says. */
static void hmac_is_that_of_its_rfc(void **state)
{
    char ones[20], long_key[131];
    memset(ones, 0x0b, sizeof(ones));
    memset(long_key, 0xaa, sizeof(long_key));
    const struct str hi[] = {STR("Hi"), {NULL, 0}, STR(" There")};
    const struct str jefe[] = {STR("what do ya want "), STR("for nothing?")};
    const struct str larger[] = {STR("Test Using Larger Than Block-Size Key - Hash Key First")};
    for (int i = 0; i < 2; i++) {
        assert_hmac(*state, (struct str){ones, sizeof(ones)}, hi, 3,
                    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_hmac(*state, STR("Jefe"), jefe, 2,
                    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_hmac(*state, (struct str){long_key, sizeof(long_key)}, larger, 1,
                    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        assert_hmac(*state, (struct str){0}, NULL, 0,
                    "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    }
}

/* RFC 4648, section 10, and a byte of each kind. */
static void base64_goes_there_and_back(void **state)
{
    (void)state;
    static const char *const texts[] = {"Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    char text[BASE64_SIZE(6)];
    uint8_t data[6];
    for (size_t len = 1; len <= 6; len++) {
        assert_int_equal(base64_encode("foobar", len, text), strlen(texts[len - 1]));
        assert_string_equal(text, texts[len - 1]);
        assert_int_equal(base64_decode(str_of(text), len, data), len);
        assert_memory_equal(data, "foobar", len);
        assert_int_equal(base64_decode(str_of(text), len - 1, data), ERR_TOO_LARGE);
    }
    assert_int_equal(base64_encode("", 0, text), 0);
    assert_int_equal(base64_decode((struct str){0}, 6, data), 0);
    assert_int_equal(base64_decode(STR("+/+/"), 6, data), 3);
    assert_memory_equal(data, "\xfb\xff\xbf", 3);
}

static void base64_that_nobody_would_write_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "Zg",    "Zg=",    "Z===",     "====", "Zh==",   "Zm9=",  "Zm-v",      " Zg==",
        "Zg== ", "Zg\n==", "Zg==Zg==", "=Zg=", "Zm9v\n", "Zm9vZ", "\xc3\xa9Zg"};
    uint8_t data[16] = {7};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(base64_decode(str_of(texts[i]), sizeof(data), data), ERR_INVALID);
    assert_int_equal(data[0], 7);
}

static void constant_time_comparison_compares(void **state)
{
    (void)state;
    assert_true(constant_time_eq(STR("abc"), STR("abc")));
    assert_false(constant_time_eq(STR("abc"), STR("abd")));
    assert_false(constant_time_eq(STR("abc"), STR("ab")));
    assert_true(constant_time_eq((struct str){NULL, 0}, STR("")));
}

static const uint8_t test_key[SECRET_KEY_LEN] = {
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
    0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};

#define SECRET  "app-secret of account 7"
#define CONTEXT "account:7"

static void a_sealed_secret_opens_again(void **state)
{
    uint8_t sealed[sizeof(SECRET) - 1 + SEAL_OVERHEAD], again[sizeof(sealed)];
    char plain[sizeof(SECRET)] = "";
    assert_int_equal(secret_seal(*state, test_key, STR(CONTEXT), STR(SECRET), sealed), 0);
    assert_int_equal(secret_open(*state, test_key, STR(CONTEXT), sealed, sizeof(sealed), plain), 0);
    assert_string_equal(plain, SECRET);
    assert_int_equal(secret_seal(*state, test_key, STR(CONTEXT), STR(SECRET), again), 0);
    assert_memory_not_equal(sealed, again, 12); /* another nonce */
}

static void an_empty_secret_without_context_is_one_too(void **state)
{
    uint8_t sealed[SEAL_OVERHEAD];
    const struct str nothing = {NULL, 0};
    assert_int_equal(secret_seal(*state, test_key, nothing, nothing, sealed), 0);
    assert_int_equal(secret_open(*state, test_key, nothing, sealed, sizeof(sealed), NULL), 0);
    sealed[0] ^= 1;
    assert_int_equal(secret_open(*state, test_key, nothing, sealed, sizeof(sealed), NULL),
                     ERR_CRYPTO);
}

/* Made by another implementation, so that what is stored today opens tomorrow. python3:
 *   AESGCM(bytes(range(32))).encrypt(bytes(range(0xa0, 0xac)), SECRET, CONTEXT) */
static void the_format_is_nonce_text_tag(void **state)
{
    static const uint8_t sealed[] = {
        0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0x87,
        0x68, 0x0c, 0x00, 0x36, 0xae, 0x61, 0xcd, 0x07, 0x11, 0xa7, 0xbc, 0x61, 0x5a,
        0xa1, 0xbd, 0x13, 0xc3, 0x2c, 0x7e, 0xe6, 0x97, 0x75, 0x65, 0x2b, 0xb7, 0x15,
        0xdf, 0x18, 0x1d, 0x9a, 0x68, 0x14, 0x4d, 0xa8, 0x2e, 0x47, 0x77, 0x43};
    char plain[sizeof(SECRET)] = "";
    assert_int_equal(secret_open(*state, test_key, STR(CONTEXT), sealed, sizeof(sealed), plain), 0);
    assert_string_equal(plain, SECRET);
}

static void assert_closed(struct crypto *crypto, const uint8_t *key, struct str context,
                          const uint8_t *sealed, size_t len)
{
    char plain[sizeof(SECRET)];
    memset(plain, 'x', sizeof(plain));
    assert_int_equal(secret_open(crypto, key, context, sealed, len, plain), ERR_CRYPTO);
    assert_null(memmem(plain, sizeof(plain), "secret", 6)); /* nothing unproven leaves */
}

static void a_changed_byte_key_or_context_opens_nothing(void **state)
{
    uint8_t sealed[sizeof(SECRET) - 1 + SEAL_OVERHEAD], key[SECRET_KEY_LEN];
    assert_int_equal(secret_seal(*state, test_key, STR(CONTEXT), STR(SECRET), sealed), 0);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_closed(*state, test_key, STR(CONTEXT), sealed, sizeof(sealed));
        sealed[i] ^= 1;
    }
    memcpy(key, test_key, sizeof(key));
    key[31] ^= 1;
    assert_closed(*state, key, STR(CONTEXT), sealed, sizeof(sealed));
    assert_closed(*state, test_key, STR("account:8"), sealed, sizeof(sealed));
    assert_closed(*state, test_key, STR(CONTEXT), sealed, sizeof(sealed) - 1);
    assert_closed(*state, test_key, STR(CONTEXT), sealed, SEAL_OVERHEAD - 1);
    assert_closed(*state, test_key, STR(CONTEXT), sealed, 0);
}

static void random_bytes_are_not_twice_the_same(void **state)
{
    (void)state;
    uint8_t a[32] = {0}, b[32] = {0};
    assert_int_equal(random_bytes(a, sizeof(a)), 0);
    assert_int_equal(random_bytes(b, sizeof(b)), 0);
    assert_memory_not_equal(a, b, sizeof(a));
    assert_int_equal(random_bytes(a, 0), 0);
}

static void a_password_is_known_again(void **state)
{
    char text[PASSWORD_HASH_MAX], other[PASSWORD_HASH_MAX];
    assert_int_equal(password_hash(*state, STR("correct horse"), text), 0);
    assert_int_equal(strncmp(text, "scrypt$15$8$1$", 14), 0);
    assert_int_equal(strlen(text), 14 + 32 + 1 + 64);
    assert_int_equal(password_check(*state, STR("correct horse"), text), 1);
    assert_int_equal(password_check(*state, STR("correct horsf"), text), 0);
    assert_int_equal(password_check(*state, (struct str){NULL, 0}, text), 0);
    assert_int_equal(password_hash(*state, STR("correct horse"), other), 0);
    assert_string_not_equal(text, other); /* another salt */
}

/* RFC 7914, section 12: scrypt("password", "NaCl", N = 1024, r = 8, p = 16, 64 bytes). */
static void scrypt_is_that_of_rfc_7914(void **state)
{
    const char *stored = "scrypt$10$8$16$4e61436c$"
                         "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d9"
                         "2e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    assert_int_equal(password_check(*state, STR("password"), stored), 1);
    assert_int_equal(password_check(*state, STR("Password"), stored), 0);
}

static void stored_texts_of_another_form_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "scrypt",
        "bcrypt$10$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$0$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$21$8$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe", /* 1 GiB */
        "scrypt$20$64$1$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$0$16$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$-1$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$99$4e61436c$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$1$$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$1$4e6$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$1$4E61$fdbabe1c9d3472007856e7190d01e9fe",
        "scrypt$10$8$1$4e61436c$",
        "scrypt$10$8$1$4e61436c$fdba", /* short enough to be guessed */
        "scrypt$10$8$1$4e61436c$fdbabe1c9d3472007856e7190d01e9fe$",
        "scrypt$10$8$1$4e61436c",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(password_check(*state, STR("password"), bad[i]), ERR_INVALID);
}

static void hex_is_lower_case(void **state)
{
    (void)state;
    char hex[6];
    hex_encode("\x00\xAB\xff", 3, hex);
    assert_memory_equal(hex, "00abff", 6);
}

/* printf %s abc | sha256sum */
static void a_sha256_of_pieces_is_that_of_the_whole(void **state)
{
    static const char *const abc =
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    static const char *const nothing =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    struct digest *digest;
    uint8_t hash[SHA256_LEN];
    char hex[2 * SHA256_LEN];
    assert_int_equal(digest_new(*state, &digest), 0);
    for (int i = 0; i < 2; i++) {
        digest_sha256_begin(digest);
        digest_sha256_add(digest, "a", 1);
        digest_sha256_add(digest, NULL, 0);
        digest_sha256_add(digest, "bc", 2);
        assert_int_equal(digest_sha256_end(digest, hash), 0);
        hex_encode(hash, sizeof(hash), hex);
        assert_memory_equal(hex, abc, sizeof(hex));
        digest_sha256_begin(digest);
        assert_int_equal(digest_sha256_end(digest, hash), 0);
        hex_encode(hash, sizeof(hash), hex);
        assert_memory_equal(hex, nothing, sizeof(hex));
        const struct str token = STR("");
        char md5[MD5_HEX_LEN];
        assert_int_equal(digest_md5_hex(digest, &token, 1, md5), 0); /* takes turns with it */
    }
    digest_free(digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5_tokens_are_those_of_md5sum),
        cmocka_unit_test(a_sha256_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(hmac_is_that_of_its_rfc),
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(base64_that_nobody_would_write_is_refused),
        cmocka_unit_test(constant_time_comparison_compares),
        cmocka_unit_test(a_sealed_secret_opens_again),
        cmocka_unit_test(an_empty_secret_without_context_is_one_too),
        cmocka_unit_test(the_format_is_nonce_text_tag),
        cmocka_unit_test(a_changed_byte_key_or_context_opens_nothing),
        cmocka_unit_test(random_bytes_are_not_twice_the_same),
        cmocka_unit_test(a_password_is_known_again),
        cmocka_unit_test(scrypt_is_that_of_rfc_7914),
        cmocka_unit_test(stored_texts_of_another_form_are_refused),
        cmocka_unit_test(hex_is_lower_case),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
