/* The open streams of actions: which agents listen, and on whose loop. One table for all workers.
 *
 * A stream belongs to its worker. The engine, on its own thread, asks who listens and has events told: an
 * event travels as a letter to the worker, which writes it. The newest stream of an agent gets what is
 * due; the others stand by. */
#ifndef WSCRM_API_ACTION_STREAMS_H
#define WSCRM_API_ACTION_STREAMS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/actions.h"

struct worker;
struct http_stream;
struct action_streams;

/* Open ones of an agent: a screen each, and some that nobody has noticed to be gone. */
#define ACTION_STREAMS_OF_AGENT 8

struct action_stream {
    /* Set before it is added. */
    struct worker *worker;
    struct http_stream *http;
    int64_t tenant_id, agent;
    int64_t listener;
    uint64_t key_hash;               /* of the ApiKey that opened it */
    int64_t beat_ms;                 /* monotonic: the next heartbeat */
    TAILQ_ENTRY(action_stream) beat; /* the worker's, in that order */
    /* The table's. */
    struct action_stream *next;
    size_t posted; /* bytes of events that are on their way to the worker */
    bool closing;
};

int action_streams_new(struct action_streams **ret_streams) MUST_USE;
void action_streams_free(struct action_streams *streams); /* when no stream is open */

/* Any thread: the listener of the agent, 0: nobody listens. */
int64_t action_streams_find(struct action_streams *streams, int64_t agent);
/* Any thread: tells it, if it is there. False: it is not told; what has no room closes the stream. */
bool action_streams_deliver(struct action_streams *streams, int64_t agent, int64_t listener,
                            const struct action_event *event);
/* Any thread: a number for a new stream, which no other has that is open. */
int64_t action_streams_number(struct action_streams *streams);
/* Any thread: how many are open. */
size_t action_streams_count(struct action_streams *streams);

/* --- the worker's thread, for its own streams */

/* ERR_FULL: the agent has as many as it may, or all have `most`. */
int action_streams_add(struct action_streams *streams, struct action_stream *stream,
                       size_t most) MUST_USE;
void action_streams_remove(struct action_streams *streams, struct action_stream *stream);
/* Has the other streams of the session closed, on whatever worker: it came again on this one. */
void action_streams_replace(struct action_streams *streams, const struct action_stream *stream);

/* --- action_stream.c */

/* Ends a stream of the calling worker. */
void action_stream_end(struct action_stream *stream);
/* Heartbeats that are due; also ends streams whose agent or ApiKey is no longer the tenant's. */
void action_streams_beat(struct worker *worker);

/* An event as it goes over the wire. */
void action_event_add(struct buf *b, const struct action_event *event);

#endif
