/* POST /wscrm-bus-api/open/webhook/test: what a receiver answers to a made-up event, now. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/webhook.h"

struct test_input {
    struct input_integer id;
};

static const struct input_field test_fields[] = {
    {.name = "id",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct test_input, id),
     .min = 1,
     .max = JSON_MAX_INTEGER},
};
static const struct input_table test_table = {test_fields, 1, sizeof(struct test_input), NULL};

static int read_test(struct exchange *x)
{
    const struct test_input *input = x->input;
    if (!input->id.given)
        return refuse_http(x, 400, "id: a webhook's id expected");
    x->state = exchange_alloc(x, 1, sizeof(struct webhook_probe));
    return x->state ? 0 : reply_no_memory(x);
}

static struct str error_of(const struct webhook_probe *probe)
{
    if (probe->error[0] || probe->result == 0)
        return str_of(probe->error);
    return str_of(err_text(probe->result));
}

static void answer(struct exchange *x, const struct webhook_probe *probe)
{
    struct buf *b = reply_begin(x);
    struct str body = {probe->body.data, utf8_prefix(probe->body.data, probe->body.len)};
    buf_add_char(b, '{');
    buf_add_json_i64(b, "status", probe->http_status);
    buf_add_json_name(b, "acknowledged");
    buf_add_text(b, probe->acknowledged ? "true" : "false");
    buf_add_json_text(b, "error", error_of(probe));
    buf_add_json_text(b, "body", body);
    buf_add_char(b, '}');
    reply_end(x);
}

static void done(struct webhook_probe *probe)
{
    struct exchange *x = probe->owner;
    if (probe->result == ERR_NOT_FOUND)
        (void)refuse_with(x, STATUS_REFUSED, "id: the tenant has no such webhook");
    else if (probe->result == ERR_CLOSED)
        (void)refuse_http(x, 503, "the server is stopping");
    else
        answer(x, probe);
    buf_free(&probe->body);
    exchange_finish(x);
}

static void start(struct exchange *x)
{
    const struct test_input *input = x->input;
    const struct api_settings *settings = &x->worker->shared->settings;
    struct webhook_probe *probe = x->state;
    probe->home = x->worker->mailbox;
    probe->done = done;
    probe->owner = x;
    probe->tenant_id = x->tenant->id;
    probe->webhook_id = input->id.value;
    if (!settings->probe)
        (void)refuse_with(x, STATUS_REFUSED, "this server does not deliver webhooks");
    else if (settings->probe(settings->probe_context, probe) < 0)
        (void)refuse_http(x, 503, "too many tests at once, try again");
    else
        return;
    exchange_finish(x);
}

const struct handler webhook_test = {&test_table, read_test, start};
