#include "api/slow_reads.h"

#include <pthread.h>
#include <stdlib.h>

struct slow_reads {
    struct helpers *helpers;
    pthread_mutex_t mutex;
    struct store_reader *idle[SLOW_READS_THREADS];
    size_t idle_count;
    int64_t tenants[SLOW_READS_MAX]; /* of those in line or running, in no order */
    size_t count;
};

int slow_reads_new(struct store *store, struct crypto *crypto, struct slow_reads **ret_slow)
{
    struct slow_reads *slow = calloc(1, sizeof(*slow));
    if (!slow)
        return ERR_NOMEM;
    pthread_mutex_init(&slow->mutex, NULL);
    int result = helpers_new(SLOW_READS_THREADS, crypto, &slow->helpers);
    while (result == 0 && slow->idle_count < SLOW_READS_THREADS) {
        result = store_reader_new(store, &slow->idle[slow->idle_count]);
        slow->idle_count += result == 0;
    }
    if (result < 0) {
        slow_reads_free(slow);
        return result;
    }
    *ret_slow = slow;
    return 0;
}

void slow_reads_free(struct slow_reads *slow)
{
    if (!slow)
        return;
    helpers_free(slow->helpers);
    for (size_t i = 0; i < slow->idle_count; i++)
        store_reader_free(slow->idle[i]);
    pthread_mutex_destroy(&slow->mutex);
    free(slow);
}

static bool enter(struct slow_reads *slow, int64_t tenant_id)
{
    size_t same = 0;
    pthread_mutex_lock(&slow->mutex);
    for (size_t i = 0; i < slow->count; i++)
        same += slow->tenants[i] == tenant_id;
    bool fits = slow->count < SLOW_READS_MAX && same < SLOW_READS_TENANT_MAX;
    if (fits)
        slow->tenants[slow->count++] = tenant_id;
    pthread_mutex_unlock(&slow->mutex);
    return fits;
}

int slow_reads_submit(struct slow_reads *slow, int64_t tenant_id, struct job *job)
{
    if (!enter(slow, tenant_id))
        return ERR_BUSY;
    int result = helpers_submit(slow->helpers, job);
    if (result < 0)
        slow_reads_leave(slow, tenant_id);
    return result;
}

void slow_reads_leave(struct slow_reads *slow, int64_t tenant_id)
{
    size_t at = 0;
    pthread_mutex_lock(&slow->mutex);
    while (slow->tenants[at] != tenant_id)
        at++;
    slow->tenants[at] = slow->tenants[--slow->count];
    pthread_mutex_unlock(&slow->mutex);
}

void slow_reads_run(struct slow_reads *slow,
                    void (*read)(void *context, struct store_reader *reader), void *context)
{
    pthread_mutex_lock(&slow->mutex);
    struct store_reader *reader = slow->idle[--slow->idle_count]; /* one a thread: there is one */
    pthread_mutex_unlock(&slow->mutex);
    read(context, reader);
    while (store_reads_waiting(reader) > 0)
        store_reads_run(reader);
    pthread_mutex_lock(&slow->mutex);
    slow->idle[slow->idle_count++] = reader;
    pthread_mutex_unlock(&slow->mutex);
}
