/* Claims: messages whose turn has come, to be handed over once this is on disk. */
#include "store/sqlite/opt_outs.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/turn.h"

/* Rows that are looked up at a time: their index entries go on the way. */
#define CLAIM_ROWS 16

struct claiming {
    struct turn *turn;
    struct message_claim *claim;
    bool asks_opt_outs;
    bool is_over; /* the turn has seen as many tasks as it can */
    size_t skips;
};

struct candidate {
    int64_t id, number, part;
    int tries;
    bool has_content;
};

static bool is_full(const struct claiming *claiming)
{
    return claiming->claim->count == claiming->claim->want || claiming->skips >= CLAIM_SKIPS ||
           claiming->is_over;
}

/* NULL without an error: the turn has no room for one more task, and this claim is over. */
static int look_at_task(struct claiming *claiming, int64_t id, struct touched_task **ret_task)
{
    int result = turn_task(claiming->turn, id, ret_task);
    if (result != ERR_FULL)
        return result;
    claiming->is_over = true;
    *ret_task = NULL;
    return 0;
}

static bool is_running(const struct touched_task *task)
{
    return task->id == 0 ||
           (task->found && (task->status == TASK_PENDING || task->status == TASK_SENDING));
}

static int read_candidates(struct connection *connection, sqlite3_stmt *rows,
                           struct candidate found[CLAIM_ROWS])
{
    int result, count = 0;
    while ((result = connection_step(connection, rows)) == 1)
        found[count++] = (struct candidate){.id = sqlite3_column_int64(rows, 0),
                                            .number = sqlite3_column_int64(rows, 1),
                                            .part = sqlite3_column_int64(rows, 2),
                                            .tries = sqlite3_column_int(rows, 3),
                                            .has_content = sqlite3_column_int(rows, 4) != 0};
    return result < 0 ? ERR_STORE : count;
}

/* --- one message */

static int begin_sending(struct turn *turn, struct touched_task *task)
{
    if (task->id == 0 || task->status != TASK_PENDING)
        return 0;
    if (TASK_RUN(turn->connection, STATEMENT_TASK_SENDING, task->id) < 0)
        return ERR_STORE;
    task->status = TASK_SENDING;
    return task_event_add(turn->connection, task->id, turn->op->now_ms, TASK_PENDING, TASK_SENDING,
                          STR("first message"));
}

static int claim_one(struct claiming *claiming, struct touched_task *task,
                     const struct candidate *candidate)
{
    struct turn *turn = claiming->turn;
    struct message_claim *claim = claiming->claim;
    if (TASK_RUN(turn->connection, STATEMENT_MESSAGE_CLAIM, candidate->id, turn->op->now_ms) < 0 ||
        TASK_RUN(turn->connection, STATEMENT_IN_FLIGHT_BEGIN, candidate->id, turn->op->now_ms) < 0)
        return ERR_STORE;
    claim->messages[claim->count++] =
        (struct message_claimed){.id = candidate->id,
                                 .number = candidate->number,
                                 .part = candidate->part > 0 ? (size_t)candidate->part : 0,
                                 .tries = candidate->tries + 1,
                                 .has_content = candidate->has_content};
    return begin_sending(turn, task);
}

static int take(struct claiming *claiming, struct touched_task *task,
                const struct candidate *candidate)
{
    struct turn *turn = claiming->turn;
    bool opted_out = false;
    if (claiming->asks_opt_outs && candidate->part != MESSAGE_PART_EXEMPT &&
        opt_out_look(turn->connection, claiming->claim->tenant_id, candidate->number, &opted_out) <
            0)
        return ERR_STORE;
    if (!opted_out)
        return claim_one(claiming, task, candidate);
    claiming->skips++;
    return turn_fail_rest(turn, claiming->claim->tenant_id, task, candidate->id, candidate->part,
                          REASON_OPTED_OUT);
}

/* --- where they come from */

static int claim_retries(struct claiming *claiming)
{
    struct turn *turn = claiming->turn;
    struct candidate found[CLAIM_ROWS];
    struct touched_task *task;
    sqlite3_stmt *rows = connection_statement(turn->connection, STATEMENT_MESSAGES_TO_RETRY);
    if (!rows)
        return ERR_STORE;
    bind_i64(rows, 1, claiming->claim->account);
    bind_i64(rows, 2, turn->op->now_ms);
    bind_i64(rows, 3, CLAIM_ROWS);
    int count = read_candidates(turn->connection, rows, found);
    for (int i = 0; i < count && !is_full(claiming); i++) {
        if (look_at_task(claiming, MESSAGE_TASK(found[i].id), &task) < 0)
            return ERR_STORE;
        if (task && take(claiming, task, &found[i]) < 0)
            return ERR_STORE;
    }
    return count < 0 ? count : 0;
}

static int claim_lane(struct claiming *claiming, size_t lane)
{
    struct turn *turn = claiming->turn;
    struct message_claim *claim = claiming->claim;
    struct candidate found[CLAIM_ROWS];
    struct touched_task *task;
    int64_t id = claim->lanes[lane], after = id ? TASK_MESSAGE(id, 0) : 0;
    int64_t end = TASK_MESSAGE(id ? id + 1 : TASK_FIRST_ID, 0);
    if (look_at_task(claiming, id, &task) < 0)
        return ERR_STORE;
    if (!task)
        return 0;
    claim->lane_empty[lane] = id != 0 && !task->found;
    while (is_running(task) && !is_full(claiming) && !claim->lane_empty[lane]) {
        sqlite3_stmt *rows = connection_statement(turn->connection, STATEMENT_MESSAGES_QUEUED);
        size_t want = claim->want - claim->count + 1; /* one more tells whether that is all */
        int limit = want < CLAIM_ROWS ? (int)want : CLAIM_ROWS;
        if (!rows)
            return ERR_STORE;
        bind_i64(rows, 1, claim->account);
        bind_i64(rows, 2, after);
        bind_i64(rows, 3, end);
        bind_i64(rows, 4, limit);
        int i = 0, count = read_candidates(turn->connection, rows, found);
        for (; i < count && !is_full(claiming); i++)
            if (take(claiming, task, &found[i]) < 0)
                return ERR_STORE;
        if (count < 0)
            return count;
        claim->lane_empty[lane] = i == count && count < limit;
    }
    return 0;
}

static int look_at_retries(struct claiming *claiming)
{
    struct message_claim *claim = claiming->claim;
    struct connection *connection = claiming->turn->connection;
    sqlite3_stmt *next = connection_statement(connection, STATEMENT_MESSAGE_NEXT_RETRY);
    if (!next)
        return ERR_STORE;
    bind_i64(next, 1, claim->account);
    bind_i64(next, 2, claiming->turn->op->now_ms);
    int result = connection_step(connection, next);
    if (result == 1) {
        claim->retry_ms = sqlite3_column_int64(next, 0);
        sqlite3_reset(next);
    }
    return result < 0 ? ERR_STORE : 0;
}

int turn_claim(struct turn *turn, struct message_claim *claim)
{
    const struct tenant *tenant = tenants_find(turn->store->tenants, claim->tenant_id);
    /* What this group changed is not in the snapshot yet. */
    bool asks =
        (tenant && tenant->has_opt_outs) || turn->opted_out || turn->store->writer.tenants_changed;
    struct claiming claiming = {.turn = turn, .claim = claim, .asks_opt_outs = asks};
    claim->count = 0;
    claim->retry_ms = 0;
    int result = claim_retries(&claiming);
    for (size_t i = 0; i < claim->lane_count && result == 0; i++) {
        claim->lane_empty[i] = false;
        if (!is_full(&claiming))
            result = claim_lane(&claiming, i);
    }
    claim->skipped_many = claiming.skips >= CLAIM_SKIPS || claiming.is_over;
    return result == 0 ? look_at_retries(&claiming) : result;
}
