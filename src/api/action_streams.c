#include "api/action_streams.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api/action_id.h"
#include "api/reply.h"
#include "api/worker.h"

/* Chains of ten with as many streams as there may be connections. */
#define BUCKETS 1024
/* An event: 1,024 characters of content of 4 bytes each, or of 2 that become 6, and some 200 bytes. */
#define EVENT_MAX ((size_t)8 << 10)

struct action_streams {
    pthread_mutex_t mutex;
    struct action_stream *buckets[BUCKETS]; /* the newest of an agent first */
    size_t count;
    int64_t number; /* of the stream that was numbered last */
};

/* What is told to a stream: an event, or, with len 0, that its session came again on another. */
struct told {
    struct letter letter;
    struct action_streams *streams;
    struct worker *worker;
    int64_t agent, listener;
    size_t len;
    char text[];
};

int action_streams_new(struct action_streams **ret_streams)
{
    struct action_streams *streams = calloc(1, sizeof(*streams));
    if (!streams)
        return ERR_NOMEM;
    pthread_mutex_init(&streams->mutex, NULL);
    *ret_streams = streams;
    return 0;
}

void action_streams_free(struct action_streams *streams)
{
    if (!streams)
        return;
    pthread_mutex_destroy(&streams->mutex);
    free(streams);
}

/* --- the mutex is held --- */

static struct action_stream **bucket_of(struct action_streams *streams, int64_t agent)
{
    return &streams->buckets[hash_u64((uint64_t)agent, 0) % BUCKETS];
}

/* The stream; listener 0: the agent's newest that is not being closed. NULL: there is none. */
static struct action_stream *find(struct action_streams *streams, int64_t agent, int64_t listener)
{
    struct action_stream *stream = *bucket_of(streams, agent);
    while (stream && (stream->agent != agent ||
                      (listener != 0 ? stream->listener != listener : stream->closing)))
        stream = stream->next;
    return stream;
}

static void on_told(struct letter *letter);

/* False: no memory. */
static bool post(struct action_streams *streams, struct action_stream *stream, struct str text)
{
    struct told *told = malloc(sizeof(*told) + text.len);
    if (!told)
        return false;
    *told = (struct told){.letter.open = on_told,
                          .streams = streams,
                          .worker = stream->worker,
                          .agent = stream->agent,
                          .listener = stream->listener,
                          .len = text.len};
    if (text.len)
        memcpy(told->text, text.p, text.len);
    stream->posted += text.len;
    atomic_fetch_add(&stream->worker->told, 1);
    mailbox_post(stream->worker->mailbox, &told->letter);
    return true;
}

/* It is closed when its worker comes to it. Without memory it stays, and is not asked any more. */
static void post_end(struct action_streams *streams, struct action_stream *stream)
{
    if (!stream->closing)
        (void)post(streams, stream, (struct str){0});
    stream->closing = true;
}

/* --- any thread --- */

int64_t action_streams_find(struct action_streams *streams, int64_t agent)
{
    pthread_mutex_lock(&streams->mutex);
    const struct action_stream *stream = find(streams, agent, 0);
    int64_t listener = stream ? stream->listener : 0;
    pthread_mutex_unlock(&streams->mutex);
    return listener;
}

void action_event_add(struct buf *b, const struct action_event *event)
{
    char hex[2 * ACTION_ID_LEN];
    hex_encode(event->id.bytes, ACTION_ID_LEN, hex);
    buf_add_text(b, "event: action\nid: ");
    buf_add(b, hex, sizeof(hex));
    buf_add_text(b, "\ndata: {");
    buf_add_json_name(b, "id");
    action_id_add(b, &event->id);
    buf_add_json_name(b, "whatsId");
    if (event->account)
        reply_add_number(b, event->account);
    else
        buf_add_text(b, "\"\"");
    buf_add_json_name(b, "friendWhatsId");
    reply_add_number(b, event->number);
    buf_add_json_text(b, "content", event->content);
    buf_add_text(b, "}\n\n");
}

bool action_streams_deliver(struct action_streams *streams, int64_t agent, int64_t listener,
                            const struct action_event *event)
{
    struct buf text;
    buf_init(&text, EVENT_MAX);
    action_event_add(&text, event);
    pthread_mutex_lock(&streams->mutex);
    struct action_stream *stream = find(streams, agent, listener);
    bool fits = stream && !text.failed && text.len <= HTTP_STREAM_OUTBOX - stream->posted;
    bool told =
        fits && !stream->closing && post(streams, stream, (struct str){text.data, text.len});
    if (stream && !told)
        post_end(streams, stream); /* what follows may not overtake this one */
    pthread_mutex_unlock(&streams->mutex);
    buf_free(&text);
    return told;
}

int64_t action_streams_number(struct action_streams *streams)
{
    pthread_mutex_lock(&streams->mutex);
    int64_t number = streams->number = streams->number % ACTION_STREAM_MAX + 1;
    pthread_mutex_unlock(&streams->mutex);
    return number;
}

size_t action_streams_count(struct action_streams *streams)
{
    pthread_mutex_lock(&streams->mutex);
    size_t count = streams->count;
    pthread_mutex_unlock(&streams->mutex);
    return count;
}

/* --- the worker's thread --- */

/* Only this thread takes its streams out of the table, so one that is found stays. */
static struct action_stream *arrive(const struct told *told)
{
    struct action_streams *streams = told->streams;
    pthread_mutex_lock(&streams->mutex);
    struct action_stream *stream = find(streams, told->agent, told->listener);
    if (stream)
        stream->posted -= told->len;
    atomic_fetch_sub(&told->worker->told, 1);
    pthread_mutex_unlock(&streams->mutex);
    return stream;
}

static void on_told(struct letter *letter)
{
    struct told *told = container_of(letter, struct told, letter);
    struct action_stream *stream = arrive(told);
    /* An event for a stream that has gone meanwhile is as one that was lost on the way: the session gets
     * it when it comes again. One that does not fit closes the stream. */
    if (stream && told->len > 0)
        (void)http_stream_write(stream->http, (struct str){told->text, told->len});
    else if (stream)
        action_stream_end(stream);
    free(told);
}

int action_streams_add(struct action_streams *streams, struct action_stream *stream, size_t most)
{
    size_t of_agent = 0;
    pthread_mutex_lock(&streams->mutex);
    struct action_stream **bucket = bucket_of(streams, stream->agent);
    for (const struct action_stream *s = *bucket; s; s = s->next)
        of_agent += s->agent == stream->agent &&
                    s->listener >> ACTION_STREAM_BITS != stream->listener >> ACTION_STREAM_BITS;
    bool fits = of_agent < ACTION_STREAMS_OF_AGENT && streams->count < most;
    if (fits) {
        stream->next = *bucket;
        *bucket = stream;
        streams->count++;
    }
    pthread_mutex_unlock(&streams->mutex);
    return fits ? 0 : ERR_FULL;
}

void action_streams_remove(struct action_streams *streams, struct action_stream *stream)
{
    pthread_mutex_lock(&streams->mutex);
    struct action_stream **at = bucket_of(streams, stream->agent);
    while (*at != stream)
        at = &(*at)->next;
    *at = stream->next;
    streams->count--;
    pthread_mutex_unlock(&streams->mutex);
}

void action_streams_replace(struct action_streams *streams, const struct action_stream *stream)
{
    int64_t session = stream->listener >> ACTION_STREAM_BITS;
    pthread_mutex_lock(&streams->mutex);
    for (struct action_stream *s = *bucket_of(streams, stream->agent); s; s = s->next) {
        bool is_same = s->agent == stream->agent && s->listener >> ACTION_STREAM_BITS == session;
        if (is_same && s != stream)
            post_end(streams, s);
    }
    pthread_mutex_unlock(&streams->mutex);
}
