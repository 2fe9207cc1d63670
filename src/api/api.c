#include "api/api.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/worker.h"
#include "base/clock.h"

#define WORKERS_MAX 64

struct api {
    struct shared shared;
    struct worker workers[WORKERS_MAX];
    int port;
};

void api_settings_default(struct api_settings *settings)
{
    *settings = (struct api_settings){
        .listen = "127.0.0.1:8080",
        .helpers = 2,
        .http =
            {
                .max_connections = 10000,
                .max_connections_per_peer = 1024,
                .max_head = (size_t)16 << 10,
                .body_budget = (size_t)256 << 20,
                .head_timeout_ms = 10000,
                .body_timeout_ms = 30000,
                .budget_timeout_ms = 10000,
                .idle_timeout_ms = 75000,
                .write_timeout_ms = 30000,
            },
        .max_body_small = (size_t)64 << 10,
        .max_body_large = (size_t)4 << 20,
        .max_body_import = (size_t)16 << 20,
        .rate_table_max = (size_t)64 << 20,
        .request_log = REQUEST_LOG_ALL,
        .time_zone = "UTC",
        .action_interval_ms = 10000,
        .action_heartbeat_ms = 15000,
    };
}

static int worker_count(const struct api_settings *settings)
{
    cpu_set_t cpus;
    int count = settings->workers;
    if (count == 0)
        count = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    return count < WORKERS_MAX ? count : WORKERS_MAX;
}

static int fail(int result, char *why, size_t why_size, const char *what)
{
    if (result == ERR_SYSTEM)
        snprintf(why, why_size, "%s: %s", what, strerror(errno));
    else
        snprintf(why, why_size, "%s: %s", what, err_text(result));
    return result;
}

static int make_shared(struct api *api, char *why, size_t why_size)
{
    struct shared *shared = &api->shared;
    const struct api_settings *settings = &shared->settings;
    int result = zone_load(settings->time_zone, &shared->zone);
    if (result < 0)
        return fail(result, why, why_size, settings->time_zone);
    result = limit_table_new(settings->rate_table_max, clock_mono_us, &shared->limits);
    if (result == 0)
        result = http_shared_init(&shared->http);
    if (result == 0)
        result = helpers_new(settings->helpers, shared->crypto, &shared->helpers);
    if (result == 0)
        result = slow_reads_new(shared->store, shared->crypto, &shared->slow_reads);
    return result == 0 ? 0 : fail(result, why, why_size, "starting");
}

/* Each worker has a listening socket of its own on the same port: the kernel spreads connections. */
static int make_worker(struct api *api, char *why, size_t why_size)
{
    struct shared *shared = &api->shared;
    const char *address = shared->settings.listen;
    char same_port[300];
    if (shared->worker_count > 0) {
        const char *colon = strrchr(address, ':');
        int host_len = colon ? (int)(colon - address) : 0;
        snprintf(same_port, sizeof(same_port), "%.*s:%d", host_len, address, api->port);
        address = same_port;
    }
    int fd;
    int result = http_listen(str_of(address), true, &fd, &api->port);
    if (result < 0) {
        return result == ERR_EXISTS
                   ? (snprintf(why, why_size, "%s: address in use", address), result)
                   : fail(result, why, why_size, address);
    }
    result = worker_init(&api->workers[shared->worker_count], shared, fd);
    if (result < 0)
        return fail(result, why, why_size, "making a worker");
    shared->worker_count++;
    return 0;
}

static void free_shared(struct api *api)
{
    struct shared *shared = &api->shared;
    helpers_free(shared->helpers);
    slow_reads_free(shared->slow_reads);
    http_shared_free(&shared->http);
    limit_table_free(shared->limits);
    zone_free(shared->zone);
    free(api);
}

static int start_workers(struct api *api, char *why, size_t why_size)
{
    struct shared *shared = &api->shared;
    for (size_t i = 0; i < shared->worker_count; i++) {
        int result = worker_start(&api->workers[i]);
        if (result == 0)
            continue;
        for (size_t j = i; j < shared->worker_count; j++)
            worker_free(&api->workers[j]);
        shared->worker_count = i;
        return fail(result, why, why_size, "starting a thread");
    }
    return 0;
}

int api_start(const struct api_settings *settings, struct store *store, struct crypto *crypto,
              struct api **ret_api, char *why, size_t why_size)
{
    struct api *api = calloc(1, sizeof(*api));
    if (!api)
        return fail(ERR_NOMEM, why, why_size, "starting");
    struct shared *shared = &api->shared;
    shared->store = store;
    shared->crypto = crypto;
    shared->settings = *settings;
    shared->workers = api->workers;
    shared->start_ms = clock_real_ms();
    atomic_init(&shared->request_log, settings->request_log);
    int result = make_shared(api, why, why_size);
    for (int i = 0; result == 0 && i < worker_count(settings); i++)
        result = make_worker(api, why, why_size);
    if (result < 0) {
        for (size_t i = 0; i < shared->worker_count; i++)
            worker_free(&api->workers[i]);
        free_shared(api);
        return result;
    }
    result = start_workers(api, why, why_size);
    if (result < 0) {
        api_stop(api, 0);
        return result;
    }
    *ret_api = api;
    return 0;
}

int api_port(const struct api *api)
{
    return api->port;
}

void api_reconfigure(struct api *api, const struct api_settings *settings)
{
    atomic_store_explicit(&api->shared.request_log, settings->request_log, memory_order_relaxed);
}

void api_stop(struct api *api, int timeout_ms)
{
    for (size_t i = 0; i < api->shared.worker_count; i++)
        worker_drain(&api->workers[i], timeout_ms);
    for (size_t i = 0; i < api->shared.worker_count; i++)
        worker_join(&api->workers[i]);
    free_shared(api);
}
