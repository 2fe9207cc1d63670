/* Questions: number checks, look-ups of group links, joins. What waits is in the store; here is who of it gets
 * which account, when, and what is under way. All of it belongs to the engine's thread. */
#ifndef WSCRM_ENGINE_QUERIES_H
#define WSCRM_ENGINE_QUERIES_H

#include "base/err.h"
#include "domain/query.h"

struct engine;
struct sender;
struct queries;

int queries_new(struct engine *engine, struct queries **ret_queries) MUST_USE;
void queries_free(struct queries *queries); /* NULL is fine; the transports are gone */

/* The start: paces, and what was under way when the last process ended. */
int queries_load(struct engine *engine) MUST_USE;
/* Something was added to what waits: it is looked for in the next run. NULL is fine. */
void queries_wake(struct queries *queries);
/* The account came online, or was changed. */
void queries_touch(struct engine *engine, const struct sender *sender);
/* Rings what is due, asks what was claimed, and sends the store a turn. */
void queries_run(struct engine *engine);
int64_t queries_due(const struct engine *engine);        /* ALARM_NEVER */
bool queries_are_busy(const struct queries *queries);    /* a turn is at the writer */
bool queries_are_settled(const struct queries *queries); /* no answer is on its way to the store */
bool queries_are_idle(const struct engine *engine);      /* nor anything else to do but wait */
/* The transports' listener. */
struct transport_query;
void queries_answered(void *engine, struct transport_query *query);

#endif
