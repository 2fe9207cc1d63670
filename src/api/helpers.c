#include "api/helpers.h"

#include <pthread.h>
#include <stdlib.h>

#define HELPERS_MAX 16

/* Jobs in the order they came, by their letters. */
struct line {
    struct letter *first, *last;
    size_t count;
};

struct helpers {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct line large, small;
    int large_running; /* between run and release */
    bool small_is_next;
    bool stop;
    int count;
    pthread_t threads[HELPERS_MAX];
    struct digest *digests[HELPERS_MAX];
    int started; /* hands each thread its number */
};

static void line_add(struct line *line, struct job *job)
{
    job->letter.next = NULL;
    if (line->first)
        line->last->next = &job->letter;
    else
        line->first = &job->letter;
    line->last = &job->letter;
    line->count++;
}

static struct job *line_take(struct line *line)
{
    struct job *job = container_of(line->first, struct job, letter);
    line->first = line->first->next;
    line->count--;
    return job;
}

/* The line to take from; NULL: nothing may start. */
static struct line *next_line(struct helpers *helpers)
{
    bool large = helpers->large.first && helpers->large_running < HELPERS_LARGE_MAX;
    bool small = helpers->small.first != NULL;
    if (!large && !small)
        return NULL;
    return !large || (small && helpers->small_is_next) ? &helpers->small : &helpers->large;
}

/* The next job, or NULL when it is time to stop. */
static struct job *take(struct helpers *helpers)
{
    struct job *job = NULL;
    struct line *line = NULL;
    pthread_mutex_lock(&helpers->mutex);
    while (!helpers->stop && !(line = next_line(helpers)))
        pthread_cond_wait(&helpers->changed, &helpers->mutex);
    if (!helpers->stop) {
        job = line_take(line);
        helpers->large_running += job->large;
        helpers->small_is_next = job->large;
    }
    pthread_mutex_unlock(&helpers->mutex);
    return job;
}

static void *run(void *argument)
{
    struct helpers *helpers = argument;
    pthread_mutex_lock(&helpers->mutex);
    struct digest *digest = helpers->digests[helpers->started++];
    pthread_mutex_unlock(&helpers->mutex);
    struct job *job;
    while ((job = take(helpers)) != NULL) {
        job->run(job, digest);
        mailbox_post(job->home, &job->letter);
    }
    return NULL;
}

static int start_thread(struct helpers *helpers, struct crypto *crypto)
{
    int result = digest_new(crypto, &helpers->digests[helpers->count]);
    if (result < 0)
        return result;
    if (pthread_create(&helpers->threads[helpers->count], NULL, run, helpers) != 0) {
        digest_free(helpers->digests[helpers->count]);
        return ERR_SYSTEM;
    }
    helpers->count++;
    return 0;
}

int helpers_new(int threads, struct crypto *crypto, struct helpers **ret_helpers)
{
    if (threads < 1 || threads > HELPERS_MAX)
        return ERR_INVALID;
    struct helpers *helpers = calloc(1, sizeof(*helpers));
    if (!helpers)
        return ERR_NOMEM;
    pthread_mutex_init(&helpers->mutex, NULL);
    pthread_cond_init(&helpers->changed, NULL);
    int result = 0;
    while (result == 0 && helpers->count < threads)
        result = start_thread(helpers, crypto);
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

int helpers_submit(struct helpers *helpers, struct job *job)
{
    struct line *line = job->large ? &helpers->large : &helpers->small;
    pthread_mutex_lock(&helpers->mutex);
    bool fits = job->large || line->count < HELPERS_SMALL_MAX;
    if (fits) {
        line_add(line, job);
        pthread_cond_signal(&helpers->changed);
    }
    pthread_mutex_unlock(&helpers->mutex);
    return fits ? 0 : ERR_BUSY;
}

void helpers_release(struct helpers *helpers)
{
    pthread_mutex_lock(&helpers->mutex);
    helpers->large_running--;
    pthread_cond_signal(&helpers->changed);
    pthread_mutex_unlock(&helpers->mutex);
}
