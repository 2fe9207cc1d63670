/* wscrm status: accounts, tasks and queues on one screen. Inside the server it prints, outside it asks the
 * server for that, again and again on a terminal; without a server it shows what is in the store. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/clock.h"
#include "base/zone.h"
#include "engine/engine.h"
#include "main/arguments.h"
#include "main/session.h"
#include "store/messages.h"
#include "store/tasks.h"

/* Lines of each kind; more are counted. */
#define ACCOUNTS_SHOWN 100
#define TASKS_SHOWN    50
#define PAUSE_MS       1000

struct report {
    FILE *out;
    struct zone *zone; /* the machine's own */
    int64_t now_ms;
    size_t accounts, online, in_flight, tasks;
    double rate;
};

/* --- cells */

#define CLOCK_SIZE 24

/* The time of the day, or the day when it is another one; "-" for 0. */
static const char *clock_text(const struct report *report, int64_t ms, char text[CLOCK_SIZE])
{
    if (ms == 0)
        return "-";
    struct civil at = zone_civil(report->zone, ms), now = zone_civil(report->zone, report->now_ms);
    if (at.year == now.year && at.month == now.month && at.day == now.day)
        snprintf(text, CLOCK_SIZE, "%02u:%02u:%02u", (unsigned)at.hour % 100,
                 (unsigned)at.minute % 100, (unsigned)at.second % 100);
    else
        snprintf(text, CLOCK_SIZE, "%02u-%02u %02u:%02u", (unsigned)at.month % 100,
                 (unsigned)at.day % 100, (unsigned)at.hour % 100, (unsigned)at.minute % 100);
    return text;
}

static const char *task_text(int64_t id, char text[CLOCK_SIZE])
{
    if (id == 0)
        return "-";
    snprintf(text, CLOCK_SIZE, "%" PRId64, id);
    return text;
}

/* A name that strangers chose does not steer the terminal. */
static void print_name(FILE *out, struct str name, size_t most)
{
    size_t at = 0;
    for (size_t i = 0; i < most && at < name.len; i++) {
        size_t len = utf8_next(name.p + at, name.len - at);
        bool is_control = (unsigned char)name.p[at] < 0x20 || name.p[at] == 0x7f;
        fprintf(out, "%.*s", is_control ? 1 : (int)len, is_control ? " " : name.p + at);
        at += len ? len : 1;
    }
}

/* --- accounts */

struct account_lines {
    struct report *report;
    struct tenants *tenants;
};

static struct str agent_of(const struct tenants *tenants, const struct engine_account *account)
{
    const struct tenant *tenant = tenants_find(tenants, account->tenant_id);
    const struct account *found = tenant ? tenant_account(tenant, account->number) : NULL;
    return found ? tenant_agent_name(tenant, found->agent_id) : (struct str){0};
}

static void print_account(struct report *report, struct str agent,
                          const struct engine_account *account)
{
    char since[CLOCK_SIZE], due[CLOCK_SIZE], task[CLOCK_SIZE];
    fprintf(report->out, "%8" PRId64 " %-15" PRId64 " %-12.*s %-8s %-11s %8s %8.0f %-11s %-11s ",
            account->tenant_id, account->number, (int)(agent.len < 12 ? agent.len : 12),
            agent.p ? agent.p : "", account->online ? "online" : "offline",
            clock_text(report, account->since_ms, since), task_text(account->task_id, task),
            account->rate, clock_text(report, account->due_ms, due),
            *account->waits_for ? account->waits_for : "-");
    print_name(report->out, str_of(account->last_error), 60);
    fputc('\n', report->out);
}

static void each_account(void *context, const struct engine_account *account)
{
    struct account_lines *lines = context;
    struct report *report = lines->report;
    report->online += account->online;
    report->in_flight += account->in_flight;
    report->rate += account->rate;
    if (report->accounts++ >= ACCOUNTS_SHOWN)
        return;
    if (report->accounts == 1)
        fprintf(report->out, "%8s %-15s %-12s %-8s %-11s %8s %8s %-11s %-11s %s\n", "TENANT",
                "ACCOUNT", "AGENT", "STATE", "SINCE", "TASK", "RATE/MIN", "NEXT", "WAITS FOR",
                "LAST ERROR");
    print_account(report, agent_of(lines->tenants, account), account);
}

static void print_accounts(struct context *context, struct report *report)
{
    struct account_lines lines = {report, store_tenants(context->store)};
    engine_look(context->engine, each_account, &lines);
    tenants_unref(lines.tenants);
    if (report->accounts > ACCOUNTS_SHOWN)
        fprintf(report->out, "… and %zu more\n", report->accounts - ACCOUNTS_SHOWN);
    if (report->accounts == 0)
        fputs("no accounts\n", report->out);
}

/* --- tasks */

struct task_lines {
    struct tasks_open op;
    struct report *report;
};

static const char *status_text(enum task_status status)
{
    static const char *const texts[] = {
        [TASK_NOT_STARTED] = "not started", [TASK_PENDING] = "pending",
        [TASK_SENDING] = "sending",         [TASK_STOPPED] = "stopped",
        [TASK_COMPLETED] = "completed",     [TASK_PAUSED] = "paused",
    };
    return texts[status];
}

static void each_task(struct tasks_open *op, const struct task *task)
{
    struct report *report = container_of(op, struct task_lines, op)->report;
    const struct message_counts *counts = &task->counts;
    if (report->tasks++ >= TASKS_SHOWN)
        return;
    if (report->tasks == 1)
        fprintf(report->out, "\n%8s %-10s %-12s %9s %9s %9s %9s %9s %9s  %s\n", "TENANT", "TASK",
                "STATUS", "TOTAL", "SENT", "DELIVERED", "READ", "FAILED", "LEFT", "NAME");
    fprintf(report->out,
            "%8" PRId64 " %-10" PRId64 " %-12s %9" PRId64 " %9" PRId64 " %9" PRId64 " %9" PRId64
            " %9" PRId64 " %9" PRId64 "  ",
            task->tenant_id, task->id, status_text(task->status), counts->total, counts->sent,
            counts->delivered, counts->read, counts->failed, counts->left);
    print_name(report->out, task->name, 40);
    fputc('\n', report->out);
}

static void each_sender(struct tasks_open *op, const struct task *task, int64_t account)
{
    (void)op, (void)task, (void)account;
}

static void done(struct store_call *call)
{
    (void)call;
}

static int print_tasks(struct context *context, struct report *report)
{
    struct store_reader *reader;
    int result = store_reader_new(context->store, &reader);
    if (result < 0)
        return result;
    struct task_lines lines = {.op = {.call = {.home = context->mailbox, .done = done},
                                      .limit = TASKS_SHOWN + 1,
                                      .each = each_task,
                                      .sender = each_sender},
                               .report = report};
    store_tasks_open(reader, &lines.op);
    while (store_reads_waiting(reader) > 0)
        store_reads_run(reader);
    store_reader_free(reader);
    if (report->tasks > TASKS_SHOWN)
        fputs("… and more\n", report->out);
    if (report->tasks == 0)
        fputs("\nno open tasks\n", report->out);
    return lines.op.call.result;
}

/* --- the screen */

static void print_queues(struct context *context, struct report *report)
{
    struct store_metrics store;
    store_metrics(context->store, &store);
    fprintf(report->out,
            "\n%zu accounts, %zu online; %.0f messages a minute, %zu in flight; %" PRIu64
            " commands wait for the store, log %" PRIu64 " KiB%s\n",
            report->accounts, report->online, report->rate, report->in_flight, store.queue_depth,
            store.wal_bytes >> 10,
            store.healthy && engine_is_ready(context->engine) ? "" : "; THE STORE REFUSES WRITES");
}

static int begin(struct context *context, struct report *report)
{
    char name[128];
    *report = (struct report){.out = context->out, .now_ms = clock_real_ms()};
    zone_system_name(name, sizeof(name));
    if (zone_load(name, &report->zone) < 0 && zone_load("UTC", &report->zone) < 0)
        return ERR_NOMEM;
    return 0;
}

static int print(struct context *context)
{
    struct report report;
    int result = begin(context, &report);
    if (result < 0)
        return complain_store(context, result);
    if (context->engine)
        print_accounts(context, &report);
    else
        fputs("no server runs; this is what is in the store\n", report.out);
    result = print_tasks(context, &report);
    if (result == 0 && context->engine)
        print_queues(context, &report);
    zone_free(report.zone);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

/* --- on a terminal */

/* One screen, written at once. */
static int draw(struct context *context)
{
    FILE *terminal = context->out;
    char *text = NULL;
    size_t len = 0;
    context->out = open_memstream(&text, &len);
    int status = context->out ? session_ask(context, print) : EXIT_FAILED;
    if (context->out)
        fclose(context->out);
    context->out = terminal;
    fputs("\033[H\033[2J", terminal);
    if (text)
        fwrite(text, 1, len, terminal);
    fputs("\nq ends\n", terminal);
    fflush(terminal);
    free(text);
    return status;
}

/* True: somebody pressed q. */
static bool wait_for_key(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char key = 0;
    if (poll(&input, 1, PAUSE_MS) <= 0)
        return false;
    return read(STDIN_FILENO, &key, 1) <= 0 || key == 'q' || key == 'Q' || key == 3;
}

/* Keys come as they are pressed, Ctrl-C among them, so that the terminal is put back as it was. */
static int watch(struct context *context)
{
    struct termios before, raw;
    if (tcgetattr(STDIN_FILENO, &before) < 0)
        return session_ask(context, print);
    raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    int status = draw(context);
    while (status == EXIT_GOOD && !wait_for_key())
        status = draw(context);
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    return status;
}

int status_run(struct context *context)
{
    if (context->store)
        return print(context); /* in the server */
    bool is_live = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && !argument(context, "once").p;
    return is_live ? watch(context) : session_ask(context, print);
}
