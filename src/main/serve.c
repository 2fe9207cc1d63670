/* wscrm serve: everything up in its order, signals until one ends it, everything down again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "engine/engine.h"
#include "main/arguments.h"
#include "main/control.h"
#include "main/deliverer.h"
#include "main/demo.h"
#include "main/directory.h"
#include "main/dispatch.h"
#include "main/lock.h"
#include "main/notify.h"
#include "main/process.h"
#include "main/signals.h"
#include "net/http_server.h"

/* A command may hold the lock for a moment; a second server must be told within a second. */
#define LOCK_PATIENCE_MS 600
/* What webhooks' receivers have not answered by then is sent again after the next start. */
#define WEBHOOKS_PATIENCE_MS 2000

struct server {
    struct context *context;         /* store, crypto and mailbox are filled in here */
    const struct settings *settings; /* as started; the floors below borrow from them */
    struct settings fresh;           /* as of the last SIGHUP, when `reloaded` */
    bool reloaded;
    const char *directory;
    int lock; /* -1: not held */
    int signal_fd;
    struct control *control;
    struct engine *engine;
    struct webhooks *webhooks;
    struct dispatch dispatch;
    struct api *api;
    char zone[128];
    char why[SETTINGS_WHY_MAX];
};

static int fail(struct server *server)
{
    complain(server->context, "%s", server->why);
    return ERR_SYSTEM;
}

static int fail_with(struct server *server, const char *place, int result)
{
    snprintf(server->why, sizeof(server->why), "%s: %s", place,
             result == ERR_SYSTEM ? strerror(errno) : err_text(result));
    return fail(server);
}

/* --- the lock and the port, before anything is made or changed ------------------------------- */

static int already_running(struct server *server)
{
    struct lock_holder holder = {0};
    if (lock_look(server->directory, &holder) == 0 && holder.pid > 0)
        complain(server->context, "already running (pid %ld)", holder.pid);
    else
        complain(server->context, "already running");
    return ERR_BUSY;
}

/* A server's lock says its URL; without one it is a command's, or that of a server about to start. */
static bool held_for_long(const struct server *server)
{
    struct lock_holder holder;
    return lock_look(server->directory, &holder) == 0 && holder.url[0];
}

static int take_lock(struct server *server, bool create)
{
    int64_t until_ms = clock_mono_ms() + LOCK_PATIENCE_MS;
    int result = lock_take(server->directory, create, &server->lock);
    while (result == ERR_BUSY && !held_for_long(server) && clock_mono_ms() < until_ms) {
        usleep(10000);
        result = lock_take(server->directory, create, &server->lock);
    }
    if (result == ERR_BUSY)
        return already_running(server);
    if (result < 0 && (create || result != ERR_NOT_FOUND)) {
        char place[DIRECTORY_PATH_MAX];
        snprintf(place, sizeof(place), "%.4000s/wscrm.lock", server->directory);
        return fail_with(server, place, result);
    }
    return 0;
}

static bool bound_to_loopback(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &size) == 0 &&
           address_is_loopback((struct sockaddr *)&address);
}

/* Binds once without SO_REUSEPORT: with it, a second server would share the port unnoticed. */
static int probe_port(struct server *server)
{
    const char *listen = settings_text(server->settings, SETTING_LISTEN);
    int fd, port;
    int result = http_listen(str_of(listen), false, &fd, &port);
    if (result == ERR_EXISTS) {
        complain(server->context, "%s: address in use", listen);
        return result;
    }
    if (result == ERR_INVALID) {
        complain(server->context, "%s: HOST:PORT with a host that is known expected, not \"%s\"",
                 settings_place(server->settings, SETTING_LISTEN), listen);
        return result;
    }
    if (result < 0)
        return fail_with(server, listen, result);
    bool loopback = bound_to_loopback(fd);
    close(fd);
    if (argument(server->context, "demo").p && !loopback &&
        !argument(server->context, "demo-public").p) {
        complain(server->context,
                 "--demo refuses %s: the demo's ApiKey is public, so only loopback is safe "
                 "(--demo-public allows it)",
                 listen);
        return ERR_INVALID;
    }
    return 0;
}

static int claim(struct server *server)
{
    if (directory_adopt(server->directory, server->why, sizeof(server->why)) < 0)
        return fail(server);
    int result = take_lock(server, false);
    if (result == 0)
        result = probe_port(server);
    if (result < 0)
        return result;
    if (directory_make(server->directory, server->why, sizeof(server->why)) < 0)
        return fail(server);
    if (server->lock < 0)
        result = take_lock(server, true);
    if (result == 0 && lock_sign(server->lock, NULL) < 0)
        result = fail_with(server, server->directory, ERR_SYSTEM);
    return result;
}

/* --- up ---------------------------------------------------------------------------------------- */

static int open_store(struct server *server)
{
    struct context *context = server->context;
    struct store_settings settings;
    const char *why = NULL;
    if (crypto_new(&context->crypto, &why) < 0) {
        complain(context, "OpenSSL: %s", why);
        return ERR_CRYPTO;
    }
    int result = mailbox_new(&context->mailbox);
    if (result < 0)
        return fail_with(server, "starting", result);
    settings_store(server->settings, &settings);
    result =
        store_open(&settings, context->crypto, &context->store, server->why, sizeof(server->why));
    return result < 0 ? fail(server) : 0;
}

static int make_demo(struct server *server)
{
    bool made = false;
    if (!argument(server->context, "demo").p)
        return 0;
    int result = demo_make(server->context, &made);
    if (result < 0)
        return fail_with(server, "--demo", result);
    log_line(LOG_INFO, made ? "demo: made tenant 1 with its agents, accounts and customer"
                            : "demo: the store has tenants: nothing was changed");
    return 0;
}

/* Drawn anew at each start: nobody outside knows the next interval. */
static int seed(struct server *server, uint64_t *ret_seed)
{
    int result = random_bytes(ret_seed, sizeof(*ret_seed));
    return result < 0 ? fail_with(server, "random numbers", result) : 0;
}

static int start_engine(struct server *server)
{
    struct context *context = server->context;
    struct engine_settings settings;
    settings_engine(server->settings, &settings);
    int result = seed(server, &settings.seed);
    if (result < 0)
        return result;
    result =
        engine_new(&settings, context->store, &server->engine, server->why, sizeof(server->why));
    if (result < 0)
        return fail(server);
    result = engine_start(server->engine);
    return result < 0 ? fail_with(server, "the engine's thread", result) : 0;
}

/* What the API asks and tells the engine, which it does not know. */
static void wake_engine(void *engine)
{
    engine_wake(engine);
}

static bool ask_online(void *engine, int64_t number, int64_t *ret_since_ms)
{
    return engine_account_online(engine, number, ret_since_ms);
}

static bool ask_ready(void *engine)
{
    return engine_is_ready(engine);
}

static int start_webhooks(struct server *server)
{
    struct context *context = server->context;
    int result =
        deliverer_start(server->settings, context->store, context->crypto, &server->webhooks);
    return result < 0 ? fail_with(server, "webhooks", result) : 0;
}

static int start_dispatch(struct server *server)
{
    int result = dispatch_start(server->settings, server->context->store, &server->dispatch);
    return result < 0 ? fail_with(server, "actions", result) : 0;
}

static int start_api(struct server *server)
{
    struct context *context = server->context;
    struct api_settings settings;
    settings_api(server->settings, &settings);
    zone_system_name(server->zone, sizeof(server->zone));
    settings.time_zone = server->zone;
    settings.wake = wake_engine;
    settings.wake_context = server->engine;
    settings.account_online = ask_online;
    settings.engine_ready = ask_ready;
    deliverer_connect(server->webhooks, &settings);
    dispatch_connect(&server->dispatch, &settings);
    int result = api_start(&settings, context->store, context->crypto, &server->api, server->why,
                           sizeof(server->why));
    return result < 0 ? fail(server) : 0;
}

static int start(struct server *server)
{
    int result = open_store(server);
    if (result == 0)
        result = make_demo(server);
    if (result == 0)
        result = start_engine(server);
    if (result == 0 &&
        control_start(server->settings, server->context->store, server->context->crypto,
                      server->engine, &server->control, server->why, sizeof(server->why)) < 0)
        result = fail(server);
    if (result == 0)
        result = start_webhooks(server);
    if (result == 0)
        result = start_dispatch(server);
    return result < 0 ? result : start_api(server);
}

static void say_ready(struct server *server)
{
    const char *listen = settings_text(server->settings, SETTING_LISTEN);
    const char *colon = strrchr(listen, ':');
    char url[LOCK_URL_MAX];
    snprintf(url, sizeof(url), "http://%.*s:%d", colon ? (int)(colon - listen) : 0, listen,
             api_port(server->api));
    if (lock_sign(server->lock, url) < 0)
        log_line(LOG_WARNING, "%s/wscrm.lock: %s", server->directory, strerror(errno));
    fprintf(server->context->out, "wscrm: ready on %s\n", url);
    fflush(server->context->out);
    notify("READY=1");
    log_line(LOG_INFO, "ready url=%s data=%s pid=%ld version=%s", url, server->directory,
             (long)getpid(), WSCRM_VERSION);
}

/* --- while it runs ----------------------------------------------------------------------------- */

static void apply(struct server *server, struct settings *fresh)
{
    const struct settings *before = server->reloaded ? &server->fresh : server->settings;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        const struct setting *row = &setting_rows[i];
        const char *is = settings_text(fresh, (enum setting_id)i);
        if (row->reload && strcmp(is, settings_text(before, (enum setting_id)i)) != 0)
            log_line(LOG_INFO, "reload: %s is now %s", row->key, is);
        if (!row->reload && strcmp(is, settings_text(server->settings, (enum setting_id)i)) != 0)
            log_line(LOG_WARNING, "reload: %s = %s takes a restart", row->key, is);
    }
    struct api_settings settings;
    settings_api(fresh, &settings);
    api_reconfigure(server->api, &settings);
    if (server->reloaded)
        settings_free(&server->fresh);
    server->fresh = *fresh;
    server->reloaded = true;
}

static void reload(struct server *server)
{
    struct settings fresh;
    notify_reloading();
    if (settings_reload(server->settings, &fresh, server->why, sizeof(server->why)) < 0) {
        log_line(LOG_ERROR, "reload: %s; the configuration stays as it was", server->why);
    } else {
        apply(server, &fresh);
        log_line(LOG_INFO, "reload: done");
    }
    notify("READY=1");
}

static void run_until_signal(struct server *server)
{
    int number = signals_next(server->signal_fd);
    while (number == SIGHUP) {
        reload(server);
        number = signals_next(server->signal_fd);
    }
    log_line(LOG_INFO, "stopping signal=%s", number == SIGINT ? "SIGINT" : "SIGTERM");
    notify("STOPPING=1");
    signals_impatient();
}

/* --- down -------------------------------------------------------------------------------------- */

static int drain_timeout(const struct server *server)
{
    const struct settings *settings = server->reloaded ? &server->fresh : server->settings;
    return (int)settings_number(settings, SETTING_DRAIN_TIMEOUT);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

static int left_ms(int64_t until_ms, int least_ms)
{
    int64_t left = until_ms - clock_mono_ms();
    return left > least_ms ? (int)left : least_ms;
}

/* What is under way gets its outcome, within limits. */
static void stop_engine(struct server *server, int64_t until_ms)
{
    if (server->engine) {
        engine_stop(server->engine, left_ms(until_ms, 500));
        engine_free(server->engine);
    }
    if (server->webhooks)
        webhooks_stop(server->webhooks, least(left_ms(until_ms, 100), WEBHOOKS_PATIENCE_MS));
    webhooks_free(server->webhooks);
    dispatch_stop(&server->dispatch);
}

/* Also after a start that broke off half-way. */
static void stop(struct server *server)
{
    struct context *context = server->context;
    int64_t until_ms = clock_mono_ms() + drain_timeout(server);
    /* The deletion of a million customers goes on at the next start. */
    if (context->store)
        store_drain(context->store);
    if (server->webhooks)
        webhooks_drain(server->webhooks);
    if (server->api)
        api_stop(server->api, drain_timeout(server));
    if (server->control && !control_stop(server->control, left_ms(until_ms, 100))) {
        /* The removal of a large tenant, say: what it did so far is on disk, the next start goes on. */
        log_line(LOG_WARNING, "a command was still running");
        _exit(EXIT_GOOD);
    }
    stop_engine(server, until_ms);
    if (context->store)
        store_close(context->store);
    if (context->mailbox)
        mailbox_free(context->mailbox);
    if (context->crypto)
        crypto_free(context->crypto);
    if (server->lock >= 0)
        lock_release(server->lock);
    if (server->reloaded)
        settings_free(&server->fresh);
}

int serve_run(struct context *context)
{
    struct server server = {.context = context,
                            .settings = context->settings,
                            .directory = settings_directory(context->settings),
                            .lock = -1};
    process_tune_memory();
    umask(077);
    log_init((enum log_level)settings_number(context->settings, SETTING_LOG_LEVEL));
    if (signals_open(&server.signal_fd) < 0)
        return fail_with(&server, "signals", ERR_SYSTEM), EXIT_FAILED;
    process_raise_descriptors((int)settings_number(context->settings, SETTING_CONNECTIONS));
    int result = claim(&server);
    int status = result == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
    if (result == 0 && start(&server) == 0) {
        say_ready(&server);
        run_until_signal(&server);
        status = EXIT_GOOD;
    }
    stop(&server);
    if (status == EXIT_GOOD)
        log_line(LOG_INFO, "stopped");
    close(server.signal_fd);
    return status;
}
