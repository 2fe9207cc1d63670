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

static int no_store(struct context *context, const char *directory)
{
    complain(context, "%s: no store there (`wscrm serve` or `wscrm tenant add` makes one)",
             directory);
    return EXIT_FAILED;
}

static int run_reading(struct context *context, const char *directory)
{
    struct store_settings settings;
    char why[SETTINGS_WHY_MAX] = "";
    settings_store(context->settings, &settings);
    int result =
        store_open_read_only(&settings, context->crypto, &context->store, why, sizeof(why));
    if (result == ERR_NOT_FOUND)
        return no_store(context, directory);
    if (result < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    int status = context->command->run(context);
    store_close(context->store);
    return status;
}

static int run_locked(struct context *context, const char *directory, int lock)
{
    struct store_settings settings;
    char why[SETTINGS_WHY_MAX] = "";
    if (lock_sign(lock, NULL) < 0) {
        complain(context, "%s/wscrm.lock: %s", directory, strerror(errno));
        return EXIT_FAILED;
    }
    settings_store(context->settings, &settings);
    if (store_open(&settings, context->crypto, &context->store, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    int status = context->command->run(context);
    store_close(context->store);
    return status;
}

static int nobody_answers(struct context *context, const char *directory)
{
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

/* One try. ERR_BUSY: the lock is held and nobody listens. */
static int try_writing(struct context *context, const char *directory, int *ret_status)
{
    int lock;
    char why[SETTINGS_WHY_MAX];
    int result = lock_take(directory, true, &lock);
    if (result == 0) {
        *ret_status = run_locked(context, directory, lock);
        lock_release(lock);
        return 0;
    }
    if (result != ERR_BUSY) {
        complain(context, "%s/wscrm.lock: %s", directory, strerror(errno));
        return result;
    }
    result = control_call(directory, context, ret_status, why, sizeof(why));
    if (result == ERR_NOT_FOUND)
        return ERR_BUSY;
    if (result < 0)
        complain(context, "%s", why);
    /* A server that was too busy to answer was asked: it is not asked again. */
    return result == ERR_BUSY ? ERR_PROTOCOL : result;
}

static int run_writing(struct context *context, const char *directory)
{
    char why[SETTINGS_WHY_MAX];
    if (context->command->kind == COMMAND_CREATE &&
        directory_make(directory, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    if (context->command->kind == COMMAND_WRITE && !directory_has_store(directory)) {
        return errno == ENOENT
                   ? no_store(context, directory)
                   : (complain(context, "%s: %s", directory, strerror(errno)), EXIT_FAILED);
    }
    int status = EXIT_FAILED;
    int64_t until_ms = clock_mono_ms() + PATIENCE_MS;
    int result = try_writing(context, directory, &status);
    while (result == ERR_BUSY && clock_mono_ms() < until_ms) {
        usleep(PAUSE_MS * 1000);
        result = try_writing(context, directory, &status);
    }
    return result == ERR_BUSY ? nobody_answers(context, directory) : status;
}

static int run_prepared(struct context *context, const char *directory)
{
    const char *why = NULL;
    if (crypto_new(&context->crypto, &why) < 0) {
        complain(context, "OpenSSL: %s", why);
        return EXIT_FAILED;
    }
    int status = EXIT_FAILED;
    if (mailbox_new(&context->mailbox) < 0) {
        complain(context, "%s", strerror(errno));
    } else {
        status = context->command->kind == COMMAND_READ ? run_reading(context, directory)
                                                        : run_writing(context, directory);
        mailbox_free(context->mailbox);
    }
    crypto_free(context->crypto);
    return status;
}

int session_run(struct context *context)
{
    const char *directory = settings_directory(context->settings);
    char why[SETTINGS_WHY_MAX];
    if (directory_adopt(directory, why, sizeof(why)) < 0) {
        complain(context, "%s", why);
        return EXIT_FAILED;
    }
    umask(077);
    return run_prepared(context, directory);
}
