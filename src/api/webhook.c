/* POST /wscrm-bus-api/open/webhook/set, …/del, …/query: the URLs that events are sent to. */
#include <stdio.h>

#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "base/clock.h"
#include "domain/webhook_url.h"
#include "net/host_guard.h"
#include "store/webhooks.h"

#define MADE_SECRET_LEN 32

struct set_input {
    struct str type, url, secret;
    struct input_bool enabled;
};

static const struct input_field set_fields[] = {
    {.name = "type", .type = INPUT_TEXT, .offset = offsetof(struct set_input, type), .longest = 32},
    {.name = "url",
     .type = INPUT_TEXT,
     .offset = offsetof(struct set_input, url),
     .longest = WEBHOOK_URL_LONGEST},
    {.name = "enabled", .type = INPUT_BOOL, .offset = offsetof(struct set_input, enabled)},
    {.name = "secret",
     .type = INPUT_TEXT,
     .offset = offsetof(struct set_input, secret),
     .longest = WEBHOOK_SECRET_TEXT_MAX},
};
static const struct input_table set_table = {set_fields, 4, sizeof(struct set_input), NULL};

/* --- set --- */

struct set {
    struct webhook_set op;
    struct webhook_url url;
    uint8_t secret[WEBHOOK_SECRET_LONGEST];
};

static int read_secret(struct exchange *x, struct set *set)
{
    const struct set_input *input = x->input;
    int len = MADE_SECRET_LEN;
    if (input->secret.len > 0)
        len = webhook_secret_decode(input->secret, set->secret);
    else if (random_bytes(set->secret, MADE_SECRET_LEN) < 0)
        return reply_no_memory(x);
    if (len < 0)
        return refuse_http(x, 400, "secret: whsec_ and base64 of %d to %d bytes expected",
                           WEBHOOK_SECRET_SHORTEST, WEBHOOK_SECRET_LONGEST);
    set->op.secret = set->secret;
    set->op.secret_len = (size_t)len;
    set->op.is_made = input->secret.len == 0;
    return 0;
}

static int read_set(struct exchange *x)
{
    const struct set_input *input = x->input;
    const char *why;
    struct set *set = exchange_alloc(x, 1, sizeof(*set));
    if (!set)
        return reply_no_memory(x);
    x->state = set;
    if (event_type_parse(input->type, &set->op.type) < 0)
        return refuse_http(x, 400, "type: customer, account, message, status or task expected");
    if (webhook_url_parse(input->url, &set->url, &why) < 0)
        return refuse_http(x, 400, "url: %s", why);
    set->op.url = input->url;
    set->op.enabled = input->enabled.given ? input->enabled.value : -1;
    return read_secret(x, set);
}

static void answer_set(struct exchange *x, int result)
{
    const struct webhook_set *op = &((struct set *)x->state)->op;
    char secret[WEBHOOK_SECRET_TEXT_MAX], message[64];
    if (result == ERR_FULL) {
        snprintf(message, sizeof(message), "the tenant has %d webhooks: no more",
                 TENANT_MAX_WEBHOOKS);
        (void)refuse_with(x, STATUS_REFUSED, message);
        return;
    }
    if (result < 0) {
        (void)refuse_store(x, result);
        return;
    }
    struct buf *b = reply_begin(x);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "id", op->id);
    buf_add_json_name(b, "secret");
    if (op->created || op->rotated) {
        webhook_secret_encode(op->secret, op->secret_len, secret);
        buf_add_json_str(b, str_of(secret));
        explicit_bzero(secret, sizeof(secret));
    } else {
        buf_add_text(b, "null");
    }
    buf_add_char(b, '}');
    reply_end(x);
}

static void write_set(struct exchange *x)
{
    struct set *set = x->state;
    set->op.tenant_id = x->tenant->id;
    set->op.now_ms = x->now_ms;
    exchange_write(x, &set->op.call, answer_set);
    store_webhook_set(x->worker->shared->store, &set->op);
}

/* On a helper: a name is looked up. */
static void guard(struct exchange *x)
{
    const struct set *set = x->state;
    const struct address_list *allowed = x->worker->shared->settings.webhook_allow;
    char why[URL_HOST_LONGEST + 256];
    if (host_guard(set->url.host, allowed, "--webhook-allow", why, sizeof(why)) < 0)
        (void)refuse_with(x, STATUS_REFUSED, why);
}

/* A URL that is switched off may lead nowhere. */
static void start_set(struct exchange *x)
{
    const struct set *set = x->state;
    if (set->op.enabled == 0)
        write_set(x);
    else
        exchange_help(x, guard, write_set);
}

const struct handler webhook_set = {&set_table, read_set, start_set};

/* --- del --- */

struct del_input {
    struct input_integer id;
};

static const struct input_field del_fields[] = {
    {.name = "id",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct del_input, id),
     .min = 1,
     .max = JSON_MAX_INTEGER},
};
static const struct input_table del_table = {del_fields, 1, sizeof(struct del_input), NULL};

static int read_del(struct exchange *x)
{
    const struct del_input *input = x->input;
    if (!input->id.given)
        return refuse_http(x, 400, "id: a webhook's id expected");
    x->state = exchange_alloc(x, 1, sizeof(struct webhook_del));
    return x->state ? 0 : reply_no_memory(x);
}

static void answer_del(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND)
        (void)refuse_with(x, STATUS_REFUSED, "id: the tenant has no such webhook");
    else if (result < 0)
        (void)refuse_store(x, result);
    else
        reply_nothing(x);
}

static void start_del(struct exchange *x)
{
    const struct del_input *input = x->input;
    struct webhook_del *op = x->state;
    *op = (struct webhook_del){.tenant_id = x->tenant->id, .id = input->id.value};
    exchange_write(x, &op->call, answer_del);
    store_webhook_del(x->worker->shared->store, op);
}

const struct handler webhook_del = {&del_table, read_del, start_del};

/* --- query --- */

struct query {
    struct webhooks_get get;
    struct exchange *exchange;
};

static int read_query(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct query));
    return x->state ? 0 : reply_no_memory(x);
}

static void show(struct webhooks_get *get, const struct webhook *webhook)
{
    struct buf *b = &container_of(get, struct query, get)->exchange->reply;
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "id", webhook->id);
    buf_add_json_text(b, "type", str_of(event_type_name(webhook->type)));
    buf_add_json_text(b, "url", webhook->url);
    buf_add_json_name(b, "enabled");
    buf_add_text(b, webhook->enabled ? "true" : "false");
    buf_add_json_i64(b, "failingSince", webhook->failing_since_ms);
    buf_add_json_i64(b, "pending", webhook->ready + webhook->waiting);
    buf_add_json_i64(b, "waiting", webhook->waiting);
    buf_add_json_i64(b, "parked", webhook->parked);
    buf_add_char(b, '}');
}

static void done_query(struct store_call *call)
{
    struct exchange *x = call->owner;
    if (call->result < 0) {
        buf_free(&x->reply);
        (void)refuse_store(x, call->result);
        return;
    }
    buf_add_char(&x->reply, ']');
    reply_end(x);
}

/* On a thread for slow reads: deliveries are counted. */
static void ask(struct exchange *x, struct store_reader *reader)
{
    struct query *query = x->state;
    query->exchange = x;
    query->get = (struct webhooks_get){
        .call = {.home = x->worker->mailbox, .done = done_query, .owner = x},
        .tenant_id = x->tenant->id,
        .each = show,
    };
    buf_add_char(reply_begin(x), '[');
    store_webhooks_get(reader, &query->get);
}

static void start_query(struct exchange *x)
{
    exchange_read(x, ask);
}

const struct handler webhook_query = {&input_nothing, read_query, start_query};
