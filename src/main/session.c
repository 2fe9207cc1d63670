#include "main/session.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "main/control.h"
#include "main/directory.h"
#include "main/lock.h"

/* How long to wait for a server that is starting or stopping, or for another command. */
#define PATIENCE_MS 10000
#define PAUSE_MS    20

/* One way to run a command. */
struct session {
    struct context *context;
    const char *directory;
    enum command_kind kind;
    int (*work)(struct context *context);
};

static int no_store(struct context *context, const char *directory)
{
    complain(context, "%s: no store there (`wscrm serve` or `wscrm tenant add` makes one)",
             directory);
    return EXIT_FAILED;
}

static int run_reading(const struct session *session)
{
    struct context *context = session->context;
    struct store_settings settings;
    char why[SETTINGS_WHY_MAX] = "";
    settings_store(context->settings, &settings);
    int (*open)(const struct store_settings *, struct crypto *, struct store **, char *, size_t) =
        session->kind == COMMAND_CHECK ? store_open_to_check : store_open_read_only;
    int result = open(&settings, context->crypto, &context->store, why, sizeof(why));
    if (result == ERR_NOT_FOUND)
        return no_store(context, session->directory);
    if (result < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    int status = session->work(context);
    store_close(context->store);
    return status;
}

static int run_locked(const struct session *session, int lock)
{
    struct context *context = session->context;
    struct store_settings settings;
    char why[SETTINGS_WHY_MAX] = "";
    if (lock_sign(lock, NULL) < 0) {
        complain(context, "%s/wscrm.lock: %s", session->directory, strerror(errno));
        return EXIT_FAILED;
    }
    settings_store(context->settings, &settings);
    if (store_open(&settings, context->crypto, &context->store, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    int status = session->work(context);
    store_close(context->store);
    return status;
}

static int nobody_answers(const struct session *session)
{
    struct context *context = session->context;
    const char *directory = session->directory;
    struct lock_holder holder = {0};
    if (lock_look(directory, &holder) == 0 && holder.pid) {
        complain(context,
                 "%s is in use by process %ld, which does not answer on its control socket",
                 directory, holder.pid);
    } else {
        complain(context, "%s is in use by another process", directory);
    }
    return EXIT_FAILED;
}

/* The server does it, or its part of it. ERR_NOT_FOUND: nobody listens. */
static int run_through_server(const struct session *session, int *ret_status)
{
    struct context *context = session->context;
    char why[SETTINGS_WHY_MAX];
    int result = session->kind == COMMAND_STREAM
                     ? control_stream(session->directory, context, session->work, ret_status, why,
                                      sizeof(why))
                     : control_call(session->directory, context, ret_status, why, sizeof(why));
    if (result < 0 && result != ERR_NOT_FOUND)
        complain(context, "%s", why);
    /* A server that was too busy to answer was asked: it is not asked again. */
    return result == ERR_BUSY ? ERR_PROTOCOL : result;
}

/* One try. ERR_BUSY: the lock is held and nobody listens. */
static int try_writing(const struct session *session, int *ret_status)
{
    int lock;
    int result = lock_take(session->directory, true, &lock);
    if (result == 0) {
        *ret_status = run_locked(session, lock);
        lock_release(lock);
        return 0;
    }
    if (result != ERR_BUSY) {
        complain(session->context, "%s/wscrm.lock: %s", session->directory, strerror(errno));
        return result;
    }
    result = run_through_server(session, ret_status);
    return result == ERR_NOT_FOUND ? ERR_BUSY : result;
}

static int run_writing(const struct session *session)
{
    struct context *context = session->context;
    const char *directory = session->directory;
    char why[SETTINGS_WHY_MAX];
    if (session->kind == COMMAND_CREATE && directory_make(directory, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    if (session->kind != COMMAND_CREATE && !directory_has_store(directory)) {
        return errno == ENOENT
                   ? no_store(context, directory)
                   : (complain(context, "%s: %s", directory, strerror(errno)), EXIT_FAILED);
    }
    int status = EXIT_FAILED;
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
    int result = try_writing(session, &status);
    while (result == ERR_BUSY && clock_mono_ms() < until_ms) {
        usleep(PAUSE_MS * 1000);
        result = try_writing(session, &status);
    }
    return result == ERR_BUSY ? nobody_answers(session) : status;
}

static int run_prepared(const struct session *session)
{
    struct context *context = session->context;
    const char *why = NULL;
    if (crypto_new(&context->crypto, &why) < 0) {
        complain(context, "OpenSSL: %s", why);
        return EXIT_FAILED;
    }
    int status = EXIT_FAILED;
    if (mailbox_new(&context->mailbox) < 0) {
        complain(context, "%s", strerror(errno));
    } else {
        bool reads = session->kind == COMMAND_READ || session->kind == COMMAND_CHECK;
        status = reads ? run_reading(session) : run_writing(session);
        mailbox_free(context->mailbox);
    }
    crypto_free(context->crypto);
    return status;
}

/* ERR_NOT_FOUND: no server runs. */
static int ask_server(struct context *context, const char *directory, int *ret_status)
{
    char why[SETTINGS_WHY_MAX];
    int result = control_call(directory, context, ret_status, why, sizeof(why));
    if (result < 0 && result != ERR_NOT_FOUND)
        complain(context, "%s", why);
    return result;
}

static int run(struct context *context, enum command_kind kind,
               int (*work)(struct context *context))
{
    struct session session = {context, settings_directory(context->settings), kind, work};
    char why[SETTINGS_WHY_MAX];
    if (directory_adopt(session.directory, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    umask(077);
    return run_prepared(&session);
}

int session_run(struct context *context)
{
    return run(context, context->command->kind, context->command->run);
}

int session_read(struct context *context, int (*work)(struct context *context))
{
    return run(context, COMMAND_READ, work);
}

int session_stream(struct context *context, int (*work)(struct context *context))
{
    return run(context, COMMAND_STREAM, work);
}

int session_ask(struct context *context, int (*work)(struct context *context))
{
    const char *directory = settings_directory(context->settings);
    char why[SETTINGS_WHY_MAX];
    int status = EXIT_FAILED;
    if (directory_adopt(directory, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    int result = ask_server(context, directory, &status);
    return result == ERR_NOT_FOUND ? session_read(context, work) : status;
}
