/* A transport on a clock of the test's, in a directory of its own; all that it tells is written down as
 * text. fdatasync() is the test's, so that a disk can be slow and can fail. */
#include <errno.h>
#include <inttypes.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport/transport.h"

#define TENANT  INT64_C(7)
#define ACCOUNT INT64_C(8618217331411)
#define START   INT64_C(1000000)

enum sync_mode { SYNC_WORKS, SYNC_FAILS, SYNC_WAITS };

static struct sync_play {
    _Atomic enum sync_mode mode;
    atomic_int count;
    _Atomic off_t largest; /* size of a file that was synced */
    sem_t entered, go;
} sync_play;

int fdatasync(int fd)
{
    struct stat file;
    atomic_fetch_add(&sync_play.count, 1);
    if (fstat(fd, &file) == 0 && file.st_size > sync_play.largest)
        sync_play.largest = file.st_size;
    if (sync_play.mode == SYNC_WAITS) {
        sem_post(&sync_play.entered);
        sem_wait(&sync_play.go);
    }
    errno = EIO;
    return sync_play.mode == SYNC_FAILS ? -1 : 0;
}

struct world {
    char directory[64], path[96];
    struct mailbox *mailbox;
    struct transport *transport;
    int64_t now_ms;
    bool recall;
    char log[8192];
    size_t told;
    char journal_at_outcome[8192]; /* as it was when the last outcome was told */
    /* The next follow-up, for there is never more than one. */
    int64_t message;
    int follow_code;
    int64_t follow_ms;
    char follow_text[4097];
};

static int64_t world_clock(void *context)
{
    return ((struct world *)context)->now_ms;
}

static void say(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct world *world, const char *format, ...)
{
    size_t len = strlen(world->log);
    va_list list;
    va_start(list, format);
    vsnprintf(world->log + len, sizeof(world->log) - len, format, list);
    va_end(list);
}

static const char *status_name(enum message_status status)
{
    static const char *const names[] = {"failed", "?", "?", "?", "sent", "delivered", "read", "?"};
    return status == MESSAGE_RETRY ? "retry" : names[status + 1];
}

static void keep_follow_up(struct world *world, int64_t message, int code, int64_t due_ms,
                           struct str text)
{
    world->message = message;
    world->follow_code = code;
    world->follow_ms = due_ms;
    snprintf(world->follow_text, sizeof(world->follow_text), "%.*s", (int)text.len,
             text.len ? text.p : "");
}

static void read_journal(struct world *world, char *ret_text, size_t size)
{
    FILE *file = fopen(world->path, "r");
    assert_non_null(file);
    ret_text[fread(ret_text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void say_end(struct world *world, enum message_reason reason, int code)
{
    if (reason)
        say(world, ": %s", message_reason_text(reason));
    if (code)
        say(world, " (%d)", code);
}

static void outcome(void *context, struct transport_send *send)
{
    struct world *world = context;
    read_journal(world, world->journal_at_outcome, sizeof(world->journal_at_outcome));
    world->told++;
    say(world, "%s%s", status_name(send->status), send->left ? "" : ", not left");
    say_end(world, send->reason, send->code);
    if (send->retry_after_ms)
        say(world, " after %" PRId64, send->retry_after_ms);
    say(world, "\n");
    keep_follow_up(world, send->message, send->follow_code, send->follow_ms,
                   str_of(send->follow_text));
}

static void answered(void *context, struct transport_query *query)
{
    static const char *const kinds[] = {"check", "info", "join"};
    const struct query_answer *answer = &query->answer;
    struct world *world = context;
    read_journal(world, world->journal_at_outcome, sizeof(world->journal_at_outcome));
    say(world, "%s at %" PRId64, kinds[query->kind], answer->time_ms - START);
    if (answer->result == QUERY_AGAIN)
        say(world, ": again after %" PRId64, answer->retry_after_ms);
    else if (query->kind == QUERY_CHECK)
        say(world, ": %s", answer->exists ? "exists" : "does not exist");
    else if (query->kind == QUERY_INFO)
        say(world, ": %s", group_link_state_name(answer->link));
    else
        say(world, ": %s", group_join_state_name(answer->join));
    say(world, "%s%s\n", answer->reason[0] ? ", " : "", answer->reason);
}

static void status(void *context, const struct transport_status *told)
{
    struct world *world = context;
    say(world, "%s at %" PRId64, status_name(told->status), told->time_ms - START);
    say_end(world, told->reason, told->code);
    say(world, "\n");
    keep_follow_up(world, told->message, told->follow_code, told->follow_ms, told->follow_text);
}

static void incoming(void *context, const struct transport_incoming *told)
{
    struct world *world = context;
    say(world, "%" PRId64 " replies at %" PRId64 ": %.*s\n", told->from, told->time_ms - START,
        (int)told->content.text.len, told->content.text.p);
    assert_int_equal(told->content.type, CONTENT_TEXT);
}

static void online(void *context, int64_t account, bool is, int64_t since_ms, const char *why)
{
    say(context, "%" PRId64 " %s at %" PRId64 "%s%s\n", account, is ? "online" : "offline",
        since_ms - START, *why ? ": " : "", why);
}

static int world_try(struct world *world, char *why, size_t why_size)
{
    const struct transport_settings settings = {.directory = world->directory,
                                                .mailbox = world->mailbox,
                                                .clock_ms = world_clock,
                                                .clock_context = world,
                                                .sandbox_recall = world->recall};
    const struct transport_listener listener = {world, outcome, answered, status, incoming, online};
    return transport_new(&settings, &listener, &world->transport, why, why_size);
}

static void set_account(struct world *world, int64_t number, const char *settings)
{
    const struct account account = {
        .number = number, .transport = STR("sandbox"), .settings = str_of(settings)};
    assert_int_equal(transport_account_set(world->transport, TENANT, &account), 0);
}

static void world_open(struct world *world, const char *settings)
{
    char why[256];
    assert_int_equal(world_try(world, why, sizeof(why)), 0);
    set_account(world, ACCOUNT, settings);
    world->log[0] = '\0';
}

static void world_new(struct world *world, const char *settings)
{
    *world = (struct world){.now_ms = START, .directory = "/tmp/wscrm-transport-XXXXXX"};
    sync_play.mode = SYNC_WORKS;
    sync_play.count = 0;
    sync_play.largest = 0;
    assert_non_null(mkdtemp(world->directory));
    snprintf(world->path, sizeof(world->path), "%s/sandbox.journal", world->directory);
    assert_int_equal(mailbox_new(&world->mailbox), 0);
    world_open(world, settings);
}

static void world_close(struct world *world)
{
    transport_free(world->transport);
    world->transport = NULL;
}

static void world_free(struct world *world)
{
    world_close(world);
    mailbox_free(world->mailbox);
    unlink(world->path);
    rmdir(world->directory);
}

static const struct content plain = {.type = CONTENT_TEXT};

static struct transport_send to_send(int64_t message, int64_t to, int tries)
{
    return (struct transport_send){.message = message,
                                   .tenant_id = TENANT,
                                   .account = ACCOUNT,
                                   .to = to,
                                   .content = &plain,
                                   .text = STR("Hi"),
                                   .tries = tries};
}

/* Until all is told. */
static void settle(struct world *world)
{
    transport_flush(world->transport);
    while (transport_under_way(world->transport) > 0) {
        mailbox_wait(world->mailbox, -1);
        mailbox_run(world->mailbox);
    }
}

static struct transport_send hand_over(struct world *world, int64_t message, int64_t to, int tries)
{
    struct transport_send send = to_send(message, to, tries);
    transport_send(world->transport, &send);
    settle(world);
    return send;
}

/* Follow-ups, each when it is due, until there is none. */
static void follow_up(struct world *world, int64_t to)
{
    while (world->follow_code) {
        char text[sizeof(world->follow_text)];
        int code = world->follow_code;
        memcpy(text, world->follow_text, sizeof(text));
        world->follow_code = 0;
        world->now_ms = world->follow_ms;
        transport_follow_up(world->transport, world->message, ACCOUNT, to, code, world->follow_ms,
                            str_of(text));
    }
}

static void check_log(struct world *world, const char *expected)
{
    assert_string_equal(world->log, expected);
    world->log[0] = '\0';
}

static void check_journal(struct world *world, const char *expected)
{
    char text[8192];
    read_journal(world, text, sizeof(text));
    assert_string_equal(text, expected);
}
