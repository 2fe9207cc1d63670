/* Only what no call over HTTP can provoke yet: every endpoint that there is belongs to the standard
 * edition. All other rows are in tests/api/test_authentication.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "api/auth.h"
#include "domain/token.h"

#define KEY      "QOEAcPj6Tb8XRhwFvYih"
#define STANDARD 1
#define PRO      2

struct world {
    struct crypto *crypto;
    struct digest *digest;
    struct tenants *tenants;
};

static void add_tenant(struct world *world, int64_t id, enum edition edition)
{
    struct tenant tenant = {.id = id, .admin = STR("boss"), .edition = edition};
    /* tenants_unref() wipes the keys: they have to lie in its memory. */
    char *key = arena_strdup(tenants_arena(world->tenants), KEY);
    tenant.api_key = str_of(key);
    assert_int_equal(tenants_add(world->tenants, &tenant), 0);
}

static int set_up(void **state)
{
    static struct world world;
    const char *why;
    assert_int_equal(crypto_new(&world.crypto, &why), 0);
    assert_int_equal(digest_new(world.crypto, &world.digest), 0);
    assert_int_equal(tenants_new(&world.tenants), 0);
    add_tenant(&world, STANDARD, EDITION_STANDARD);
    add_tenant(&world, PRO, EDITION_PROFESSIONAL);
    assert_int_equal(tenants_seal(world.tenants), 0);
    *state = &world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    tenants_unref(world->tenants);
    digest_free(world->digest);
    crypto_free(world->crypto);
    return 0;
}

/* The code that a call with these credentials gets from an endpoint of `needed`; 0: it may go on. */
static int code_of(struct world *world, int64_t tenant_id, const char *key, enum edition needed)
{
    char id[24], token[MD5_HEX_LEN];
    snprintf(id, sizeof(id), "%lld", (long long)tenant_id);
    assert_int_equal(token_header(world->digest, str_of(id), STR("1000"), str_of(key), token), 0);
    const struct route route = {.path = STR("/group-dispatch-api/x"), .edition = needed};
    struct http_request request = {.has_head = true,
                                   .head = {.header_count = 3,
                                            .headers = {{STR("tenant_id"), str_of(id)},
                                                        {STR("timestamp"), STR("1000")},
                                                        {STR("token"), {token, sizeof(token)}}}}};
    struct exchange x = {
        .http = &request, .route = &route, .tenants = world->tenants, .now_ms = 1000};
    int result = auth_check(&x, world->digest, NULL);
    assert_int_equal(result < 0, x.code != 0);
    assert_int_equal(result == 0, x.tenant != NULL);
    buf_free(&x.reply);
    return x.code;
}

static void the_standard_edition_lacks_what_a_professional_row_offers(void **state)
{
    struct world *world = *state;
    assert_int_equal(code_of(world, STANDARD, KEY, EDITION_PROFESSIONAL), 529);
    assert_int_equal(code_of(world, STANDARD, KEY, EDITION_STANDARD), 0);
}

static void the_professional_edition_has_everything(void **state)
{
    struct world *world = *state;
    assert_int_equal(code_of(world, PRO, KEY, EDITION_PROFESSIONAL), 0);
    assert_int_equal(code_of(world, PRO, KEY, EDITION_STANDARD), 0);
}

static void whoever_has_no_valid_token_does_not_learn_the_edition(void **state)
{
    struct world *world = *state;
    assert_int_equal(code_of(world, STANDARD, "another", EDITION_PROFESSIONAL), 522);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standard_edition_lacks_what_a_professional_row_offers),
        cmocka_unit_test(the_professional_edition_has_everything),
        cmocka_unit_test(whoever_has_no_valid_token_does_not_learn_the_edition),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
