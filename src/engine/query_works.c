/* Who has something to be asked, and which account asks next. */
#include <stdlib.h>

#include "base/log.h"
#include "engine/queries.h"
#include "engine/queries_inside.h"

struct query_work *query_work_find(const struct queries *queries, enum query_kind kind, int64_t key)
{
    return number_map_find(&queries->works[kind], key);
}

static void ring_work(void *context, struct alarm *alarm)
{
    query_work_ready(((struct engine *)context)->queries,
                     container_of(alarm, struct query_work, alarm));
}

void query_work_ready(struct queries *queries, struct query_work *work)
{
    alarm_set(&queries->alarms, &work->alarm, ALARM_NEVER);
    if (work->in_turn) {
        work->is_woken = true;
        return;
    }
    if (work->is_ready)
        return;
    work->is_ready = true;
    TAILQ_INSERT_TAIL(&queries->ready, work, ready);
}

static int add_work(struct queries *queries, enum query_kind kind, int64_t tenant_id, int64_t key)
{
    size_t count = queries->count + 2;
    struct query_work *work = calloc(1, sizeof(*work));
    for (int i = 0; i < QUERY_KINDS; i++)
        count += queries->works[i].count;
    if (!work || alarms_reserve(&queries->alarms, count + 1) < 0 ||
        number_map_add(&queries->works[kind], key, work) < 0) {
        free(work);
        return ERR_NOMEM;
    }
    work->kind = kind;
    work->tenant_id = tenant_id;
    work->key = key;
    work->alarm.ring = ring_work;
    query_work_ready(queries, work);
    return 0;
}

static void forget(struct queries *queries, struct query_work *work)
{
    alarm_set(&queries->alarms, &work->alarm, ALARM_NEVER);
    if (work->is_ready)
        TAILQ_REMOVE(&queries->ready, work, ready);
    number_map_remove(&queries->works[work->kind], work->key);
    free(work);
}

void query_works_free(struct queries *queries)
{
    for (int kind = 0; kind < QUERY_KINDS; kind++) {
        size_t at = 0;
        for (struct query_work *work; (work = number_map_next(&queries->works[kind], &at));)
            free(work);
        number_map_free(&queries->works[kind]);
    }
}

/* --- who waits, as the store has it */

struct waiting {
    struct queries_waiting op;
    struct queries *queries;
    int result;
};

static void take_waiting(struct queries_waiting *op, enum query_kind kind, int64_t tenant_id,
                         int64_t account)
{
    struct waiting *waiting = container_of(op, struct waiting, op);
    int64_t key = kind == QUERY_JOIN ? account : tenant_id;
    struct query_work *work = query_work_find(waiting->queries, kind, key);
    if (!work && waiting->result == 0)
        waiting->result = add_work(waiting->queries, kind, tenant_id, key);
    else if (work && (work->is_dry || work->in_turn))
        query_work_ready(waiting->queries, work);
}

static void done(struct store_call *call)
{
    (void)call;
}

int query_works_read(struct engine *engine)
{
    struct queries *queries = engine->queries;
    struct waiting waiting = {
        .op = {.call = {.home = engine->mailbox, .done = done}, .waits = take_waiting},
        .queries = queries};
    store_queries_waiting(engine->reader, &waiting.op);
    engine_read(engine);
    int result = waiting.op.call.result < 0 ? waiting.op.call.result : waiting.result;
    if (result < 0) {
        log_line(LOG_ERROR, "engine: who waits for look-ups: %s", err_text(result));
        return result;
    }
    queries->unread = false;
    int64_t oldest_ms = waiting.op.oldest_link_ms;
    alarm_set(&queries->alarms, &queries->expiry,
              oldest_ms ? oldest_ms + GROUP_LINK_PATIENCE_MS : ALARM_NEVER);
    return 0;
}

/* --- claims */

static int64_t interval_of(const struct sender *sender, enum query_kind kind)
{
    switch (kind) {
    case QUERY_INFO: return sender->settings.info_interval_ms;
    case QUERY_JOIN: return sender->settings.join_interval_ms;
    default: return sender->settings.check_interval_ms;
    }
}

static bool may_ask(const struct sender *sender, enum query_kind kind)
{
    const struct sender_queries *of = &sender->queries[kind];
    /* Whoever cannot tells so of a look-up and a join, which then end; a check waits for who can. */
    return sender->known && !sender->gone && sender->online &&
           !(of->cannot && kind == QUERY_CHECK) && of->in_flight < QUERIES_OF_SENDER;
}

/* False: there is no room in the turn. */
static bool add_claim(struct queries *queries, struct query_work *work, const struct sender *sender)
{
    int64_t interval_ms = interval_of(sender, work->kind);
    size_t want = interval_ms > 0 ? 1 : QUERIES_AT_ONCE;
    size_t left = QUERIES_OF_SENDER - sender->queries[work->kind].in_flight;
    size_t room = QUERIES_TURN_MAX - queries->op.outcome_count - queries->wanted;
    size_t free = queries->count < QUERIES_MAX ? QUERIES_MAX - queries->count : 0;
    want = want < left ? want : left;
    if (want > room || queries->wanted + want > free)
        return false;
    queries->claimers[queries->op.claim_count] = work;
    queries->claims[queries->op.claim_count++] =
        (struct query_claim){.kind = work->kind,
                             .tenant_id = sender->tenant_id,
                             .account = sender->number,
                             .want = want,
                             .interval_ms = interval_ms,
                             .subjects = queries->subjects + queries->wanted};
    queries->wanted += want;
    work->in_turn = true;
    return true;
}

/* What is looked at of a work's accounts: when the next may ask, and whether the turn is full. */
struct candidates {
    int64_t next_ms;
    bool is_full;
};

static void consider(struct engine *engine, struct query_work *work, const struct sender *sender,
                     struct candidates *candidates)
{
    if (!sender || !may_ask(sender, work->kind))
        return;
    int64_t due_ms = sender->queries[work->kind].due_ms;
    if (due_ms <= engine->now_ms)
        candidates->is_full = !add_claim(engine->queries, work, sender);
    else if (due_ms < candidates->next_ms)
        candidates->next_ms = due_ms;
}

/* False: the turn is full, and the work stays ready. */
static bool claim_for(struct engine *engine, struct query_work *work)
{
    const struct tenant *tenant = tenants_find(engine->tenants, work->tenant_id);
    struct candidates candidates = {.next_ms = ALARM_NEVER};
    size_t count = tenant ? tenant->account_count : 0;
    if (work->kind == QUERY_JOIN)
        consider(engine, work, senders_find(engine, work->key), &candidates);
    else
        for (size_t i = 0; i < count && !candidates.is_full; i++)
            consider(engine, work, senders_find(engine, tenant->accounts[i].number), &candidates);
    if (candidates.is_full || work->in_turn)
        return !candidates.is_full;
    if (count > QUERY_MANY_ACCOUNTS && candidates.next_ms < engine->now_ms + QUERY_MANY_PAUSE_MS)
        candidates.next_ms = engine->now_ms + QUERY_MANY_PAUSE_MS;
    alarm_set(&engine->queries->alarms, &work->alarm, candidates.next_ms);
    return true;
}

void query_works_claim(struct engine *engine)
{
    struct queries *queries = engine->queries;
    for (struct query_work *work; (work = TAILQ_FIRST(&queries->ready));) {
        bool has_room = claim_for(engine, work);
        if (!has_room && !work->in_turn)
            return; /* it comes first in the next turn */
        TAILQ_REMOVE(&queries->ready, work, ready);
        work->is_ready = false;
        work->is_woken = work->is_woken || !has_room;
        if (!has_room)
            return;
    }
}

/* --- the turn's end */

static void ask_claimed(struct engine *engine, const struct query_claim *claim)
{
    struct sender *sender = senders_find(engine, claim->account);
    for (size_t i = 0; i < claim->count; i++) {
        struct query *query = query_take(engine, &claim->subjects[i]);
        if (query)
            query_ask(engine, query);
        else
            engine->queries->unsure = true;
    }
    int64_t now_ms = engine->settings.clock_ms(engine->settings.clock_context);
    if (sender && claim->count > 0 &&
        sender->queries[claim->kind].due_ms < now_ms + claim->interval_ms)
        sender->queries[claim->kind].due_ms = now_ms + claim->interval_ms;
}

static void judge(struct query_work *work, const struct query_claim *claim, int64_t *ret_next_ms)
{
    bool found_all = claim->count == claim->want;
    work->is_dry = !found_all && !claim->more;
    *ret_next_ms = claim->next_ms ? claim->next_ms : ALARM_NEVER;
}

static void end_work(struct queries *queries, struct query_work *work, int64_t next_ms,
                     bool is_done)
{
    bool is_woken = work->is_woken;
    work->in_turn = work->is_woken = false;
    if (!is_done || is_woken || !work->is_dry)
        query_work_ready(queries, work);
    else if (next_ms != ALARM_NEVER)
        alarm_set(&queries->alarms, &work->alarm, next_ms);
    else
        forget(queries, work);
}

/* A work's claims follow each other: the last one says whether there is more. */
void query_works_told(struct engine *engine, bool is_done)
{
    struct queries *queries = engine->queries;
    for (size_t i = 0; i < queries->op.claim_count; i++) {
        struct query_work *work = queries->claimers[i];
        bool is_last = i + 1 == queries->op.claim_count || queries->claimers[i + 1] != work;
        int64_t next_ms = ALARM_NEVER;
        if (is_done) {
            ask_claimed(engine, &queries->claims[i]);
            judge(work, &queries->claims[i], &next_ms);
        }
        if (is_last)
            end_work(queries, work, next_ms, is_done);
    }
    queries->op.claim_count = 0;
    transport_flush(engine->transport);
}

/* --- accounts */

void queries_touch(struct engine *engine, const struct sender *sender)
{
    struct queries *queries = engine->queries;
    for (int kind = 0; kind < QUERY_KINDS; kind++) {
        int64_t key = kind == QUERY_JOIN ? sender->number : sender->tenant_id;
        struct query_work *work = query_work_find(queries, (enum query_kind)kind, key);
        if (work && !work->is_dry)
            query_work_ready(queries, work);
    }
}
