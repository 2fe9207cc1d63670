/* One turn of the engine's questions as one light command. */
#include "store/sqlite/queries.h"
#include "store/sqlite/task_row.h"

#define EXPIRES_AT_ONCE 100

void query_code(struct query_subject *subject, struct str code)
{
    size_t len = code.len < sizeof(subject->code) ? code.len : sizeof(subject->code) - 1;
    memcpy(subject->code, len ? code.p : "", len);
    subject->code[len] = '\0';
}

static int write_outcome(struct query_turn *turn, const struct query_outcome *outcome)
{
    switch (outcome->subject->kind) {
    case QUERY_INFO: return group_link_outcome(turn, outcome);
    case QUERY_JOIN: return group_join_outcome(turn, outcome);
    default: return screening_outcome(turn, outcome);
    }
}

static int claim_some(struct query_turn *turn, struct query_claim *claim)
{
    claim->count = 0;
    claim->more = false;
    claim->next_ms = 0;
    switch (claim->kind) {
    case QUERY_INFO: return group_link_claim(turn, claim);
    case QUERY_JOIN: return group_join_claim(turn, claim);
    default: return screening_claim(turn, claim);
    }
}

static int write_pace(struct query_turn *turn, const struct query_claim *claim)
{
    if (claim->count == 0 || claim->interval_ms == 0)
        return 0;
    return TASK_RUN(turn->connection, STATEMENT_QUERY_PACE_SET, claim->account, claim->kind,
                    turn->op->now_ms + claim->interval_ms);
}

static int claim_all(struct query_turn *turn)
{
    int result = 0;
    for (size_t i = 0; i < turn->op->claim_count && result == 0; i++) {
        struct query_claim *claim = &turn->op->claims[i];
        result = claim_some(turn, claim);
        if (result == 0)
            result = write_pace(turn, claim);
    }
    return result;
}

static size_t count_items(const struct queries_turn *op)
{
    size_t count = op->outcome_count + (op->expires ? EXPIRES_AT_ONCE : 0);
    for (size_t i = 0; i < op->claim_count; i++)
        count += op->claims[i].want;
    return count;
}

static int run_queries_turn(struct store *store, struct store_call *call)
{
    struct queries_turn *op = container_of(call, struct queries_turn, call);
    struct query_turn turn = {.store = store, .connection = &store->writer.connection, .op = op};
    int result = 0;
    (void)writer_take_rows(&store->writer, call, count_items(op));
    for (size_t i = 0; i < op->outcome_count && result == 0; i++)
        result = write_outcome(&turn, &op->outcomes[i]);
    if (result == 0 && op->expires)
        result = TASK_RUN(turn.connection, STATEMENT_GROUP_LINKS_EXPIRE,
                          op->now_ms - GROUP_LINK_PATIENCE_MS, EXPIRES_AT_ONCE);
    return result == 0 ? claim_all(&turn) : result;
}

void store_queries_turn(struct store *store, struct queries_turn *op)
{
    writer_post(store, &op->call, WRITER_LIGHT_ROWS, run_queries_turn);
}
