/* The way of every request, in one place: route, body, authentication, rate limit, input, handler,
 * reply, log line and counters. */
#ifndef WSCRM_API_PIPELINE_H
#define WSCRM_API_PIPELINE_H

#include "net/http_server.h"

struct worker;

/* The callbacks of a worker's HTTP server; `worker` is their context. */
struct http_handlers pipeline_handlers(struct worker *worker);

#endif
