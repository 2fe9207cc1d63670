/* Questions under way: asked, answered, given up; and their turns at the store. */
#include "engine/queries.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "engine/queries_inside.h"

/* --- one */

static void ring_timeout(void *context, struct alarm *alarm);

struct query *query_take(struct engine *engine, const struct query_subject *subject)
{
    struct queries *queries = engine->queries;
    struct query *query = calloc(1, sizeof(*query));
    size_t works = 0;
    for (int kind = 0; kind < QUERY_KINDS; kind++)
        works += queries->works[kind].count;
    if (!query || alarms_reserve(&queries->alarms, works + queries->count + 2) < 0) {
        free(query);
        return NULL;
    }
    struct sender *sender = senders_find(engine, subject->account);
    query->subject = *subject;
    query->timeout.ring = ring_timeout;
    query->ask = (struct transport_query){.kind = subject->kind,
                                          .tenant_id = subject->tenant_id,
                                          .account = subject->account,
                                          .number = subject->id,
                                          .asked_ms = subject->asked_ms};
    memcpy(query->ask.code, subject->code, sizeof(query->ask.code));
    if (sender && sender->tenant_id == subject->tenant_id) {
        query->sender = sender;
        sender->queries[subject->kind].in_flight++;
    }
    LIST_INSERT_HEAD(&queries->all, query, all);
    queries->count++;
    return query;
}

void query_drop(struct queries *queries, struct query *query)
{
    struct sender *sender = query->sender;
    alarm_set(&queries->alarms, &query->timeout, ALARM_NEVER);
    LIST_REMOVE(query, all);
    queries->count--;
    if (sender && sender->queries[query->subject.kind].in_flight-- == QUERIES_OF_SENDER)
        queries_touch(queries->engine, sender);
    free(query);
}

static void tell(struct queries *queries, struct query *query)
{
    alarm_set(&queries->alarms, &query->timeout, ALARM_NEVER);
    STAILQ_INSERT_TAIL(&queries->answered, query, next);
}

static int64_t patience_of(const struct query *query)
{
    double speed = query->sender->settings.speed;
    return (int64_t)(QUERY_PATIENCE_MS * (speed > 1 ? speed : 1));
}

void query_ask(struct engine *engine, struct query *query)
{
    if (!query->sender) {
        query->ask.answer.result = QUERY_AGAIN;
        tell(engine->queries, query);
        return;
    }
    alarm_set(&engine->queries->alarms, &query->timeout, engine->now_ms + patience_of(query));
    transport_query(engine->transport, &query->ask);
}

/* Nobody knows what became of a join: it is not repeated. */
static void fail_join(struct query *query, const char *why)
{
    query->ask.answer.result = QUERY_ANSWERED;
    query->ask.answer.join = GROUP_JOIN_FAILED;
    snprintf(query->ask.answer.reason, sizeof(query->ask.answer.reason), "%s", why);
}

static int64_t retry_pause(int tries)
{
    int64_t pause_ms = QUERY_RETRY_MS;
    for (; tries > 1 && pause_ms < QUERY_RETRY_MOST_MS; tries--)
        pause_ms *= 2;
    return pause_ms < QUERY_RETRY_MOST_MS ? pause_ms : QUERY_RETRY_MOST_MS;
}

static void ring_timeout(void *context, struct alarm *alarm)
{
    struct engine *engine = context;
    struct query *query = container_of(alarm, struct query, timeout);
    if (!transport_query_cancel(engine->transport, &query->ask)) {
        alarm_set(&engine->queries->alarms, alarm, engine->now_ms + 1000);
        return;
    }
    query->ask.answer = (struct query_answer){.result = QUERY_AGAIN};
    query->retry_ms = engine->now_ms + retry_pause(query->subject.tries);
    if (query->subject.kind == QUERY_JOIN)
        fail_join(query, "timed out");
    tell(engine->queries, query);
}

/* Not now: neither is the next one of its kind. */
static void rest(struct engine *engine, struct query *query)
{
    struct sender_queries *of = &query->sender->queries[query->subject.kind];
    int64_t due_ms = engine->now_ms + query->ask.answer.retry_after_ms;
    of->cannot = query->ask.answer.result == QUERY_CANNOT;
    if (query->ask.answer.result == QUERY_AGAIN && of->due_ms < due_ms)
        of->due_ms = due_ms;
}

void queries_answered(void *context, struct transport_query *ask)
{
    struct engine *engine = context;
    struct query *query = container_of(ask, struct query, ask);
    query->retry_ms = engine->now_ms;
    if (query->sender)
        rest(engine, query);
    tell(engine->queries, query);
}

/* --- the start */

static void done(struct store_call *call)
{
    (void)call;
}

int queries_read_asked(struct engine *engine,
                       void (*asked)(struct queries_load *op, const struct query_subject *subject),
                       void (*pace)(struct queries_load *op, int64_t account, enum query_kind kind,
                                    int64_t due_ms))
{
    struct queries_load op = {.call = {.home = engine->mailbox, .done = done, .owner = engine},
                              .asked = asked,
                              .pace = pace};
    store_queries_load(engine->reader, &op);
    engine_read(engine);
    return op.call.result < 0 ? op.call.result : 0;
}

/* Without memory it stays as it is until the next look. */
static void take_asked(struct queries_load *op, const struct query_subject *subject)
{
    struct engine *engine = op->call.owner;
    if (!query_take(engine, subject))
        engine->queries->unsure = true;
}

static void take_pace(struct queries_load *op, int64_t account, enum query_kind kind,
                      int64_t due_ms)
{
    struct sender *sender = senders_find(op->call.owner, account);
    if (sender)
        sender->queries[kind].due_ms = due_ms;
}

/* What was asked gets its answer, what was not is asked now. Where nobody can tell, a join may have been made
 * and is not repeated; a look-up or a check is: to ask changes nothing. */
static void resume(struct engine *engine, struct query *query)
{
    if (query->ask.left < 0 && query->subject.kind == QUERY_JOIN) {
        fail_join(query, "unknown after restart");
        tell(engine->queries, query);
        return;
    }
    if (query->ask.left != 1)
        query->ask.left = 0;
    query_ask(engine, query);
}

static int recall(struct engine *engine)
{
    struct queries *queries = engine->queries;
    size_t count = 0;
    struct query *query;
    struct transport_query **asked = calloc(queries->count + 1, sizeof(*asked));
    struct query **all = calloc(queries->count + 1, sizeof(*all));
    if (asked && all) {
        LIST_FOREACH(query, &queries->all, all)
        {
            all[count] = query;
            asked[count++] = &query->ask;
        }
        transport_query_recall(engine->transport, asked, count);
        for (size_t i = 0; i < count; i++)
            resume(engine, all[i]);
        transport_flush(engine->transport);
    }
    bool is_done = asked && all;
    free(asked);
    free(all);
    return is_done ? 0 : ERR_NOMEM;
}

int queries_load(struct engine *engine)
{
    int result = queries_read_asked(engine, take_asked, take_pace);
    if (result == 0 && engine->queries->count > 0)
        result = recall(engine);
    return result;
}

/* --- what was claimed, and this process does not know of */

static void put_back(struct queries_load *op, const struct query_subject *subject)
{
    struct engine *engine = op->call.owner;
    struct query *query;
    LIST_FOREACH(query, &engine->queries->all, all)
    if (query->subject.kind == subject->kind && query->subject.id == subject->id &&
        query->subject.tenant_id == subject->tenant_id)
        return;
    query = query_take(engine, subject);
    if (!query) {
        engine->queries->unsure = true;
        return;
    }
    query->ask.answer.result = QUERY_AGAIN;
    tell(engine->queries, query);
}

static void ignore_pace(struct queries_load *op, int64_t account, enum query_kind kind,
                        int64_t due_ms)
{
    (void)op, (void)account, (void)kind, (void)due_ms;
}

static void look_again(struct engine *engine)
{
    struct queries *queries = engine->queries;
    queries->unsure = false;
    if (queries_read_asked(engine, put_back, ignore_pace) < 0)
        queries->unsure = true;
    if (queries->unsure)
        queries->pause_until_ms = engine->now_ms + STORE_PAUSE_MS;
}

/* --- turns */

static void put_answers_back(struct queries *queries)
{
    for (size_t i = queries->op.outcome_count; i-- > 0;)
        STAILQ_INSERT_HEAD(&queries->answered, queries->told[i], next);
}

/* What goes back to where it waits is looked for there: its tenant may have had nothing else. */
static void drop_told(struct queries *queries)
{
    for (size_t i = 0; i < queries->op.outcome_count; i++) {
        if (queries->told[i]->ask.answer.result != QUERY_ANSWERED)
            queries->unread = true;
        query_drop(queries, queries->told[i]);
    }
}

static void told(struct store_call *call)
{
    struct engine *engine = call->owner;
    struct queries *queries = engine->queries;
    bool is_done = call->result >= 0;
    queries->busy = false;
    if (is_done) {
        drop_told(queries);
        if (queries->op.expires)
            queries->expires = false;
    } else {
        log_line(LOG_ERROR, "engine: look-ups and checks: %s", err_text(call->result));
        put_answers_back(queries);
        queries->unsure = queries->unsure || call->result == ERR_UNKNOWN;
        queries->pause_until_ms = engine->now_ms + STORE_PAUSE_MS;
    }
    queries->unread = queries->unread || queries->op.expires;
    query_works_told(engine, is_done);
}

static void add_answers(struct queries *queries)
{
    struct query *query;
    while (queries->op.outcome_count < QUERIES_TURN_MAX / 2 &&
           (query = STAILQ_FIRST(&queries->answered))) {
        STAILQ_REMOVE_HEAD(&queries->answered, next);
        queries->told[queries->op.outcome_count] = query;
        queries->outcomes[queries->op.outcome_count++] = (struct query_outcome){
            .subject = &query->subject, .answer = &query->ask.answer, .retry_ms = query->retry_ms};
    }
}

static void send_turn(struct engine *engine)
{
    struct queries *queries = engine->queries;
    queries->op = (struct queries_turn){
        .call = {.home = engine->mailbox, .done = told, .owner = engine},
        .now_ms = engine->now_ms,
        .outcomes = queries->outcomes,
        .claims = queries->claims,
        .expires = queries->expires,
    };
    queries->wanted = 0;
    add_answers(queries);
    if (!atomic_load(&engine->is_stopping))
        query_works_claim(engine);
    if (queries->op.outcome_count == 0 && queries->op.claim_count == 0 && !queries->op.expires)
        return;
    queries->busy = true;
    store_queries_turn(engine->store, &queries->op);
}

static void ring_expiry(void *context, struct alarm *alarm)
{
    struct engine *engine = context;
    (void)alarm;
    engine->queries->expires = true;
}

void queries_run(struct engine *engine)
{
    struct queries *queries = engine->queries;
    alarms_ring(&queries->alarms, engine->now_ms, engine);
    if (queries->busy || queries->pause_until_ms > engine->now_ms)
        return;
    if (queries->unsure)
        look_again(engine);
    if (queries->unread && query_works_read(engine) < 0)
        queries->pause_until_ms = engine->now_ms + STORE_PAUSE_MS;
    if (queries->pause_until_ms <= engine->now_ms)
        send_turn(engine);
}

/* --- as a whole */

static bool has_work(const struct queries *queries)
{
    return queries->unread || queries->unsure || queries->expires ||
           !TAILQ_EMPTY(&queries->ready) || !STAILQ_EMPTY(&queries->answered);
}

int64_t queries_due(const struct engine *engine)
{
    const struct queries *queries = engine->queries;
    int64_t due_ms = alarms_next(&queries->alarms);
    bool is_pausing = queries->pause_until_ms > engine->now_ms;
    if (is_pausing && has_work(queries) && queries->pause_until_ms < due_ms)
        due_ms = queries->pause_until_ms;
    return due_ms;
}

bool queries_are_busy(const struct queries *queries)
{
    return queries->busy;
}

bool queries_are_settled(const struct queries *queries)
{
    return !queries->busy && STAILQ_EMPTY(&queries->answered);
}

bool queries_are_idle(const struct engine *engine)
{
    const struct queries *queries = engine->queries;
    return !queries->busy && (queries->pause_until_ms > engine->now_ms || !has_work(queries));
}

void queries_wake(struct queries *queries)
{
    if (queries)
        queries->unread = true;
}

int queries_new(struct engine *engine, struct queries **ret_queries)
{
    struct queries *queries = calloc(1, sizeof(*queries));
    if (!queries || alarms_reserve(&queries->alarms, 8) < 0) {
        free(queries);
        return ERR_NOMEM;
    }
    queries->engine = engine;
    queries->unread = true;
    queries->expiry.ring = ring_expiry;
    TAILQ_INIT(&queries->ready);
    LIST_INIT(&queries->all);
    STAILQ_INIT(&queries->answered);
    *ret_queries = queries;
    return 0;
}

void queries_free(struct queries *queries)
{
    if (!queries)
        return;
    for (struct query *query; (query = LIST_FIRST(&queries->all));)
        query_drop(queries, query);
    query_works_free(queries);
    alarms_free(&queries->alarms);
    free(queries);
}
