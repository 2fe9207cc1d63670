#include "api/helpers.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "api/exchange.h"
#include "api/worker.h"

#define HELPERS_MAX 16

struct helpers {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct letter *first, *last; /* exchanges in line, by their letters */
    int large;                   /* calls between parse and reply */
    bool stop;
    void (*work)(struct exchange *exchange, struct digest *digest);
    int count;
    pthread_t threads[HELPERS_MAX];
    struct digest *digests[HELPERS_MAX];
    int started; /* hands each thread its number */
};

/* The next exchange, or NULL when it is time to stop. Takes one of the large places. */
static struct exchange *take(struct helpers *helpers)
{
    struct exchange *exchange = NULL;
    pthread_mutex_lock(&helpers->mutex);
    while (!helpers->stop && (!helpers->first || helpers->large == HELPERS_LARGE_MAX))
        pthread_cond_wait(&helpers->changed, &helpers->mutex);
    if (!helpers->stop) {
        exchange = container_of(helpers->first, struct exchange, letter);
        helpers->first = helpers->first->next;
        helpers->large++;
    }
    pthread_mutex_unlock(&helpers->mutex);
    return exchange;
}

static void *run(void *argument)
{
    struct helpers *helpers = argument;
    pthread_mutex_lock(&helpers->mutex);
    struct digest *digest = helpers->digests[helpers->started++];
    pthread_mutex_unlock(&helpers->mutex);
    struct exchange *exchange;
    while ((exchange = take(helpers)) != NULL) {
        helpers->work(exchange, digest);
        mailbox_post(exchange->worker->mailbox, &exchange->letter);
    }
    return NULL;
}

int helpers_new(int threads, struct crypto *crypto,
                void (*work)(struct exchange *exchange, struct digest *digest),
                struct helpers **ret_helpers)
{
    if (threads < 1 || threads > HELPERS_MAX)
        return ERR_INVALID;
    struct helpers *helpers = calloc(1, sizeof(*helpers));
    if (!helpers)
        return ERR_NOMEM;
    pthread_mutex_init(&helpers->mutex, NULL);
    pthread_cond_init(&helpers->changed, NULL);
    helpers->work = work;
    int result = 0;
    while (result == 0 && helpers->count < threads) {
        result = digest_new(crypto, &helpers->digests[helpers->count]);
        if (result == 0 &&
            pthread_create(&helpers->threads[helpers->count], NULL, run, helpers) != 0) {
            digest_free(helpers->digests[helpers->count]);
            result = ERR_SYSTEM;
        }
        helpers->count += result == 0;
    }
    if (result < 0) {
        helpers_free(helpers);
        return result;
    }
    *ret_helpers = helpers;
    return 0;
}

void helpers_free(struct helpers *helpers)
{
    if (!helpers)
        return;
    pthread_mutex_lock(&helpers->mutex);
    helpers->stop = true;
    pthread_cond_broadcast(&helpers->changed);
    pthread_mutex_unlock(&helpers->mutex);
    for (int i = 0; i < helpers->count; i++) {
        pthread_join(helpers->threads[i], NULL);
        digest_free(helpers->digests[i]);
    }
    pthread_cond_destroy(&helpers->changed);
    pthread_mutex_destroy(&helpers->mutex);
    free(helpers);
}

void helpers_submit(struct helpers *helpers, struct exchange *exchange)
{
    exchange->letter.next = NULL;
    pthread_mutex_lock(&helpers->mutex);
    if (helpers->first)
        helpers->last->next = &exchange->letter;
    else
        helpers->first = &exchange->letter;
    helpers->last = &exchange->letter;
    pthread_cond_signal(&helpers->changed);
    pthread_mutex_unlock(&helpers->mutex);
}

void helpers_release(struct helpers *helpers)
{
    pthread_mutex_lock(&helpers->mutex);
    helpers->large--;
    pthread_cond_signal(&helpers->changed);
    pthread_mutex_unlock(&helpers->mutex);
}
