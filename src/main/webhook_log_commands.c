/* wscrm webhook log, replay */
#include <inttypes.h>
#include <stdlib.h>

#include "api/local_time.h"
#include "base/civil.h"
#include "base/clock.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"
#include "main/value.h"
#include "main/webhook_arguments.h"
#include "store/webhooks.h"

#define LOG_DEFAULT 50
#define EVENTS_MAX  1000

int argument_event_type(struct context *context, int *ret_type)
{
    enum event_type type;
    struct str text = argument(context, "type");
    if (!text.p)
        return 0;
    if (event_type_parse(text, &type) < 0) {
        complain(context,
                 "--type: customer, account, message, status or task expected, not \"%.*s\"",
                 (int)text.len, text.p);
        return ERR_INVALID;
    }
    *ret_type = (int)type;
    return 0;
}

/* --- log --- */

struct log {
    struct deliveries_page page;
    struct table table;
    const struct tenant *tenant;
};

static const char *state_name(enum delivery_state state)
{
    static const char *const names[] = {"pending", "waiting", "done", "parked"};
    return names[state];
}

static void log_one(struct deliveries_page *page, const struct delivery_entry *entry)
{
    struct log *log = container_of(page, struct log, page);
    struct table *table = &log->table;
    struct civil time = zone_civil(log->tenant->zone, entry->time_ms);
    char event[EVENT_ID_MAX], text[CIVIL_TEXT_SIZE];
    event_id_text(entry->event, event);
    civil_format(&time, text);
    table_add(table, str_of(event));
    table_add_i64(table, entry->webhook);
    table_add(table, str_of(event_type_name(entry->type)));
    table_add(table, str_of(text));
    table_add(table, str_of(state_name(entry->state)));
    table_add_i64(table, entry->tries);
    table_add_i64(table, entry->last_status);
    table_add(table, entry->last_error);
}

static int take_state(struct context *context, int *state)
{
    static const enum delivery_state states[] = {DELIVERY_READY, DELIVERY_DONE, DELIVERY_PARKED};
    struct str text = argument(context, "state");
    int64_t index;
    if (!text.p)
        return 0;
    if (value_choice(text, "pending|done|parked", &index) < 0) {
        complain(context, "--state: pending, done or parked expected, not \"%.*s\"", (int)text.len,
                 text.p);
        return ERR_INVALID;
    }
    *state = (int)states[index];
    return 0;
}

static int read_log(struct context *context, struct log *log)
{
    static const char *const headers[] = {"EVENT", "WEBHOOK", "TYPE",  "TIME", "STATE",
                                          "TRIES", "STATUS",  "ERROR", NULL};
    struct sync sync;
    struct store_reader *reader;
    int result = sync_read_begin(&sync, context, &log->page.call, &reader);
    if (result < 0)
        return result;
    table_begin(&log->table, context->out, headers);
    store_deliveries_page(reader, &log->page);
    result = sync_read_end(&sync, reader, &log->page.call);
    log->table.failed = log->table.failed || result < 0;
    int printed = table_end(&log->table);
    return result < 0 ? result : printed;
}

int webhook_log_run(struct context *context)
{
    struct tenants *tenants;
    struct log log = {.page = {.type = -1, .state = -1, .each = log_one}};
    int64_t limit = LOG_DEFAULT;
    if (argument_event_type(context, &log.page.type) < 0 ||
        take_state(context, &log.page.state) < 0 ||
        argument_number(context, "id", 1, INT64_MAX, &log.page.webhook) < 0 ||
        argument_number(context, "limit", 1, DELIVERIES_PAGE_MAX, &limit) < 0)
        return EXIT_WRONG_USE;
    int status = context_tenant(context, "tenant", &tenants, &log.tenant);
    if (status != EXIT_GOOD)
        return status;
    log.page.tenant_id = log.tenant->id;
    log.page.limit = (size_t)limit;
    int result = read_log(context, &log);
    tenants_unref(tenants);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* --- replay --- */

static int add_event(struct context *context, struct str text, int64_t events[EVENTS_MAX],
                     size_t *count)
{
    if (*count == EVENTS_MAX)
        complain(context, "EVENT: at most %d", EVENTS_MAX);
    else if (event_id_parse(text, &events[*count]) < 0)
        complain(context, "EVENT: an id such as evt_12 expected, not \"%.*s\"", (int)text.len,
                 text.p);
    else
        return (int)++*count;
    return ERR_INVALID;
}

static int take_events(struct context *context, int64_t events[EVENTS_MAX], size_t *count)
{
    struct str text;
    size_t index = 0;
    while (argument_next(context, "EVENT", &index, &text)) {
        while (text.p) {
            struct str line = str_trim(str_split(&text, '\n'));
            if (line.len > 0 && add_event(context, line, events, count) < 0)
                return ERR_INVALID;
        }
    }
    return 0;
}

/* Milliseconds, or a time in the tenant's zone. */
static int take_time(struct context *context, const struct tenant *tenant, const char *name,
                     int64_t *ret_ms)
{
    struct str text = argument(context, name);
    if (!text.p || str_to_i64(text, ret_ms) == 0 ||
        local_time_parse(tenant->zone, text, ret_ms) == 0)
        return 0;
    complain(context,
             "--%s: yyyy-MM-dd HH:mm:ss, yyyy-MM-dd or milliseconds expected, not \"%.*s\"", name,
             (int)text.len, text.p);
    return ERR_INVALID;
}

static int take_span(struct context *context, struct deliveries_replay *op)
{
    struct tenants *tenants;
    const struct tenant *tenant;
    op->to_ms = INT64_MAX;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    op->tenant_id = tenant->id;
    if (argument_number(context, "id", 1, INT64_MAX, &op->webhook) < 0 ||
        take_time(context, tenant, "from", &op->from_ms) < 0 ||
        take_time(context, tenant, "to", &op->to_ms) < 0)
        status = EXIT_WRONG_USE;
    tenants_unref(tenants);
    return status;
}

static int replay(struct context *context, struct deliveries_replay *op)
{
    struct sync sync;
    op->now_ms = clock_real_ms();
    sync_begin(&sync, context, &op->call);
    store_deliveries_replay(context->store, op);
    int result = sync_end(&sync, &op->call);
    if (result == ERR_NOT_FOUND) {
        complain(context, "tenant %" PRId64 " has no webhook %" PRId64, op->tenant_id, op->webhook);
        return EXIT_FAILED;
    }
    if (result < 0)
        return complain_store(context, result);
    fprintf(context->out, "%d\n", result);
    return EXIT_GOOD;
}

int webhook_replay_run(struct context *context)
{
    int64_t events[EVENTS_MAX];
    struct deliveries_replay op = {.events = events};
    int status = take_span(context, &op);
    if (status != EXIT_GOOD)
        return status;
    if (take_events(context, events, &op.count) < 0)
        return EXIT_WRONG_USE;
    if ((op.count > 0) == (op.webhook != 0)) {
        complain(context, "events, or --id with --from and --to, expected");
        return EXIT_WRONG_USE;
    }
    return replay(context, &op);
}
