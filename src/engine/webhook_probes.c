/* Test-fires: a person asks what a URL answers. They are no deliveries: nothing is kept of them. */
#include <stdio.h>
#include <stdlib.h>

#include "engine/webhooks_inside.h"

#define BODY_MAX 256
/* Of no event. */
#define PROBE_EVENT 0

struct probe_try {
    struct http_call http;
    struct webhooks *webhooks;
    struct webhook_target *target;
    struct webhook_probe *probe;
    struct webhook_request request;
    struct buf body;
    LIST_ENTRY(probe_try) entry;
};

/* On the asker's thread. */
static void tell(struct letter *letter)
{
    struct webhook_probe *probe = container_of(letter, struct webhook_probe, letter);
    probe->done(probe);
}

static void answer(struct webhooks *webhooks, struct webhook_probe *probe, int result)
{
    atomic_fetch_sub(&webhooks->probes_asked, 1);
    probe->result = result;
    if (result < 0 && probe->error[0] == '\0')
        snprintf(probe->error, sizeof(probe->error), "%s", err_text(result));
    probe->letter.open = tell;
    mailbox_post(probe->home, &probe->letter);
}

static void drop(struct probe_try *try)
{
    LIST_REMOVE(try, entry);
    try->target->probes--;
    webhook_target_release(try->webhooks, try->target);
    webhook_request_free(&try->request);
    buf_free(&try->body);
    free(try);
}

/* What webhook_probe.result tells apart. */
static int result_of(int result)
{
    return result == 0 || result == ERR_TIMEOUT || result == ERR_INVALID || result == ERR_SYSTEM
               ? result
               : ERR_CLOSED;
}

static void on_done(struct http_call *http)
{
    struct probe_try *try = http->owner;
    struct webhook_probe *probe = try->probe;
    probe->http_status = http->status;
    probe->body = http->answer;
    probe->acknowledged =
        http->result == 0 &&
        webhook_acknowledged(http->status, (struct str){http->answer.data, http->answer.len});
    snprintf(probe->error, sizeof(probe->error), "%s", http->error);
    int result = result_of(http->result);
    struct webhooks *webhooks = try->webhooks;
    drop(try);
    answer(webhooks, probe, result);
}

static int call(struct webhooks *webhooks, struct probe_try *try)
{
    event_body(&try->body, PROBE_EVENT, try->target->type, try->target->tenant_id, webhooks->now_ms,
               STR("{\"test\":true}"));
    struct str body = {try->body.data, try->body.len};
    int result = try->body.failed ? ERR_NOMEM
                                  : webhook_request_make(&try->request, webhooks, try->target,
                                                         PROBE_EVENT, body);
    if (result < 0)
        return result;
    try->http = webhook_call(webhooks, try->target, &try->request, body);
    try->http.done = on_done;
    try->http.owner = try;
    return http_client_call(webhooks->client, &try->http);
}

static void fire(struct webhooks *webhooks, struct webhook_probe *probe,
                 struct webhook_target *target)
{
    struct probe_try *try = calloc(1, sizeof(*try));
    if (!try) {
        answer(webhooks, probe, ERR_NOMEM);
        return;
    }
    try->webhooks = webhooks;
    try->target = target;
    try->probe = probe;
    buf_init(&try->body, BODY_MAX);
    LIST_INSERT_HEAD(&webhooks->probes, try, entry);
    target->probes++;
    int result = call(webhooks, try);
    if (result < 0) {
        drop(try);
        answer(webhooks, probe, result);
    }
}

/* One that was set a moment ago may not have been read yet. */
static struct webhook_target *find(struct webhooks *webhooks, const struct webhook_probe *probe)
{
    struct webhook_target *target = webhook_target_find(webhooks, probe->webhook_id);
    if (!target) {
        webhook_targets_reload(webhooks);
        target = webhook_target_find(webhooks, probe->webhook_id);
    }
    return target && target->tenant_id == probe->tenant_id && !target->removed ? target : NULL;
}

static void open(struct letter *letter)
{
    struct webhook_probe *probe = container_of(letter, struct webhook_probe, letter);
    struct webhooks *webhooks = probe->answerer;
    struct webhook_target *target = find(webhooks, probe);
    if (atomic_load(&webhooks->is_stopping))
        answer(webhooks, probe, ERR_CLOSED);
    else if (!target)
        answer(webhooks, probe, ERR_NOT_FOUND);
    else
        fire(webhooks, probe, target);
}

/* Counted before the flag is looked at: a thread that stops ends only when none is asked for. */
int webhooks_probe(struct webhooks *webhooks, struct webhook_probe *probe)
{
    bool full = atomic_fetch_add(&webhooks->probes_asked, 1) >= WEBHOOKS_PROBES_MAX;
    if (full || atomic_load(&webhooks->is_stopping)) {
        atomic_fetch_sub(&webhooks->probes_asked, 1);
        return full ? ERR_BUSY : ERR_CLOSED;
    }
    probe->answerer = webhooks;
    probe->result = probe->http_status = 0;
    probe->acknowledged = false;
    probe->error[0] = '\0';
    buf_init(&probe->body, WEBHOOK_ANSWER_LONGEST);
    probe->letter.open = open;
    mailbox_post(webhooks->mailbox, &probe->letter);
    return 0;
}

void webhook_probes_drop(struct webhooks *webhooks)
{
    for (struct probe_try *try; (try = LIST_FIRST(&webhooks->probes));) {
        struct webhook_probe *probe = try->probe;
        http_client_drop(&try->http);
        drop(try);
        answer(webhooks, probe, ERR_CLOSED);
    }
}
