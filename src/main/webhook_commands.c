/* wscrm webhook set, del, list, test */
#include <inttypes.h>
#include <string.h>

#include "base/civil.h"
#include "base/clock.h"
#include "domain/webhook_url.h"
#include "main/arguments.h"
#include "main/call.h"
#include "main/settings.h"
#include "main/sync.h"
#include "main/table.h"
#include "main/webhook_arguments.h"
#include "net/host_guard.h"
#include "store/webhooks.h"

#define MADE_SECRET_LEN 32

/* --- set --- */

/* The secret of --secret, or a fresh one for the case that the URL is new. */
static int take_secret(struct context *context, struct webhook_set *op,
                       uint8_t room[WEBHOOK_SECRET_LONGEST])
{
    struct str text = argument(context, "secret");
    int len = text.p ? webhook_secret_decode(text, room) : MADE_SECRET_LEN;
    if (!text.p && random_bytes(room, MADE_SECRET_LEN) < 0)
        return complain_store(context, ERR_SYSTEM);
    if (len < 0) {
        complain(context, "--secret: whsec_ and base64 of %d to %d bytes expected",
                 WEBHOOK_SECRET_SHORTEST, WEBHOOK_SECRET_LONGEST);
        return EXIT_WRONG_USE;
    }
    op->secret = room;
    op->secret_len = (size_t)len;
    op->is_made = !text.p;
    return EXIT_GOOD;
}

static int take_switch(struct context *context, struct webhook_set *op)
{
    bool on = argument(context, "enable").p, off = argument(context, "disable").p;
    if (on && off) {
        complain(context, "--enable and --disable: one of them");
        return ERR_INVALID;
    }
    op->enabled = on ? 1 : off ? 0 : -1;
    return 0;
}

/* What is switched off may lead nowhere. */
static int take_url(struct context *context, struct webhook_set *op)
{
    struct webhook_url url;
    const char *expected;
    char why[URL_HOST_LONGEST + 256];
    op->url = argument(context, "URL");
    if (webhook_url_parse(op->url, &url, &expected) < 0) {
        complain(context, "URL: %s", expected);
        return EXIT_WRONG_USE;
    }
    const struct address_list *allowed = context->settings->webhook_allow;
    if (op->enabled != 0 &&
        host_guard(url.host, allowed, "--webhook-allow", why, sizeof(why)) < 0) {
        complain(context, "URL: %s", why);
        return EXIT_FAILED;
    }
    return EXIT_GOOD;
}

static int set_outcome(struct context *context, int result, const struct webhook_set *op)
{
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, op->tenant_id); break;
    case ERR_FULL:
        complain(context, "the tenant has %d webhooks: no more", TENANT_MAX_WEBHOOKS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

/* The id, and the secret that nobody knows yet. */
static void print_set(struct context *context, const struct webhook_set *op)
{
    char secret[WEBHOOK_SECRET_TEXT_MAX];
    fprintf(context->out, "%" PRId64, op->id);
    if (op->created && op->is_made) {
        webhook_secret_encode(op->secret, op->secret_len, secret);
        fprintf(context->out, "\t%s", secret);
        explicit_bzero(secret, sizeof(secret));
    }
    fputc('\n', context->out);
}

static int write_set(struct context *context, struct webhook_set *op)
{
    struct sync sync;
    op->now_ms = clock_real_ms();
    sync_begin(&sync, context, &op->call);
    store_webhook_set(context->store, op);
    int status = set_outcome(context, sync_end(&sync, &op->call), op);
    if (status == EXIT_GOOD)
        print_set(context, op);
    return status;
}

int webhook_set_run(struct context *context)
{
    struct webhook_set op = {0};
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
    int type = -1;
    if (argument_tenant_id(context, "tenant", &op.tenant_id) < 0 ||
        argument_event_type(context, &type) < 0 || take_switch(context, &op) < 0)
        return EXIT_WRONG_USE;
    op.type = (enum event_type)type;
    int status = take_url(context, &op);
    if (status == EXIT_GOOD)
        status = take_secret(context, &op, secret);
    if (status == EXIT_GOOD)
        status = write_set(context, &op);
    explicit_bzero(secret, sizeof(secret));
    return status;
}

/* --- del --- */

static int complain_missing(struct context *context, int64_t tenant_id, int64_t id)
{
    complain(context, "tenant %" PRId64 " has no webhook %" PRId64, tenant_id, id);
    return EXIT_FAILED;
}

int webhook_del_run(struct context *context)
{
    struct webhook_del op = {0};
    struct sync sync;
    if (argument_tenant_id(context, "tenant", &op.tenant_id) < 0 ||
        argument_number(context, "ID", 1, INT64_MAX, &op.id) < 0)
        return EXIT_WRONG_USE;
    sync_begin(&sync, context, &op.call);
    store_webhook_del(context->store, &op);
    int result = sync_end(&sync, &op.call);
    if (result == ERR_NOT_FOUND)
        return complain_missing(context, op.tenant_id, op.id);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* --- list --- */

struct listing {
    struct webhooks_get get;
    struct table table;
    const struct tenant *tenant;
};

static void list_one(struct webhooks_get *get, const struct webhook *webhook)
{
    struct listing *listing = container_of(get, struct listing, get);
    struct table *table = &listing->table;
    char since[CIVIL_TEXT_SIZE] = "";
    if (webhook->failing_since_ms != 0) {
        struct civil civil = zone_civil(listing->tenant->zone, webhook->failing_since_ms);
        civil_format(&civil, since);
    }
    table_add_i64(table, webhook->id);
    table_add(table, str_of(event_type_name(webhook->type)));
    table_add(table, webhook->url);
    table_add(table, webhook->enabled ? STR("on") : STR("off"));
    table_add(table, str_of(since));
    table_add_i64(table, webhook->ready + webhook->waiting);
    table_add_i64(table, webhook->waiting);
    table_add_i64(table, webhook->parked);
}

static int read_list(struct context *context, struct listing *listing)
{
    static const char *const headers[] = {
        "ID", "TYPE", "URL", "SWITCHED", "FAILING SINCE", "PENDING", "WAITING", "PARKED", NULL};
    struct sync sync;
    struct store_reader *reader;
    int result = sync_read_begin(&sync, context, &listing->get.call, &reader);
    if (result < 0)
        return result;
    table_begin(&listing->table, context->out, headers);
    store_webhooks_get(reader, &listing->get);
    result = sync_read_end(&sync, reader, &listing->get.call);
    listing->table.failed = listing->table.failed || result < 0;
    int printed = table_end(&listing->table);
    return result < 0 ? result : printed;
}

int webhook_list_run(struct context *context)
{
    struct tenants *tenants;
    struct listing listing = {.get = {.each = list_one}};
    int status = context_tenant(context, "tenant", &tenants, &listing.tenant);
    if (status != EXIT_GOOD)
        return status;
    listing.get.tenant_id = listing.tenant->id;
    int result = read_list(context, &listing);
    tenants_unref(tenants);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* --- test --- */

/* Only the server's engine calls receivers: it is asked as any client asks. */
int webhook_test_run(struct context *context)
{
    struct tenants *tenants;
    const struct tenant *tenant;
    char json[64];
    int64_t id = 0;
    if (argument_number(context, "ID", 1, INT64_MAX, &id) < 0)
        return EXIT_WRONG_USE;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    snprintf(json, sizeof(json), "{\"id\":%" PRId64 "}", id);
    status = call_server(context, tenant, STR("/wscrm-bus-api/open/webhook/test"), str_of(json));
    tenants_unref(tenants);
    return status;
}
