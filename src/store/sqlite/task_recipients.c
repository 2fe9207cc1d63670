/* Recipients that come to a task after it was made: those of its segment, or group. */
#include "store/sqlite/task_recipients.h"

#include "domain/number.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"
#include "store/sqlite/task_senders.h"

int task_recipient_insert(struct connection *connection, const struct task_recipient *recipient)
{
    int64_t first = TASK_MESSAGE(recipient->task_id, recipient->place);
    for (int64_t part = 0; part < (int64_t)recipient->parts; part++)
        if (TASK_RUN(connection, STATEMENT_TASK_MESSAGE_INSERT, first + part, recipient->tenant_id,
                     recipient->account, recipient->number, part,
                     part == 0 ? MESSAGE_QUEUED : MESSAGE_WAITING, recipient->contents.len > 0) < 0)
            return ERR_STORE;
    if (recipient->contents.len == 0)
        return 0;
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_TASK_CONTENTS_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, first);
    bind_str(insert, 2, recipient->contents);
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}

/* One piece of store_task_recipients_add(). */
struct adding {
    struct writer *writer;
    struct task_recipients_add *op;
    struct task task;
    struct task_senders senders;
    int64_t place; /* of the next message */
    int64_t first; /* number of the first recipient; 0: there is none */
};

/* Whether the number is a recipient: they are in ascending order, so that halving finds it; 20 look-ups
 * among a million, some 20 us. */
static int is_recipient(struct adding *adding, int64_t number)
{
    int64_t parts = (int64_t)adding->task.parts, least = 0, most = adding->place / parts;
    while (least < most) {
        int64_t middle = least + (most - least) / 2, found;
        if (connection_look(&adding->writer->connection, STATEMENT_MESSAGE_NUMBER,
                            TASK_MESSAGE(adding->task.id, middle * parts), &found) < 0)
            return ERR_STORE;
        if (found == number)
            return 1;
        if (found < number)
            least = middle + 1;
        else
            most = middle;
    }
    return 0;
}

/* 1: it has come already, by a piece that is repeated, or in its other form: when that is the smaller one it
 * came first. */
static int is_there(struct adding *adding, int64_t number)
{
    int64_t other;
    if (number <= adding->task.position)
        return 1;
    if (!number_variant(number, &other) || other > number || other < adding->first)
        return 0;
    return is_recipient(adding, other);
}

static bool is_full(const struct adding *adding)
{
    return adding->task.reached_max > 0 &&
           adding->place / (int64_t)adding->task.parts >= adding->task.reached_max;
}

static int add_one(struct adding *adding, int64_t number)
{
    struct connection *connection = &adding->writer->connection;
    struct task_recipient recipient = {.tenant_id = adding->task.tenant_id,
                                       .task_id = adding->task.id,
                                       .place = adding->place,
                                       .number = number,
                                       .parts = adding->task.parts};
    int result = task_senders_give(&adding->senders, connection, adding->task.tenant_id, number, 0,
                                   &recipient.account);
    if (result == 0)
        result = task_recipient_insert(connection, &recipient);
    adding->place += (int64_t)adding->task.parts;
    if (adding->first == 0)
        adding->first = number;
    return result;
}

static int add_some(struct adding *adding)
{
    const struct task_recipients_add *op = adding->op;
    for (size_t i = 0; i < op->count && !is_full(adding); i++) {
        int there = is_there(adding, op->numbers[i]);
        if (there < 0)
            return there;
        if (there == 0 && !writer_take_rows(adding->writer, &op->call, adding->task.parts))
            return WRITER_MORE;
        int result = there == 0 ? add_one(adding, op->numbers[i]) : 0;
        if (result < 0)
            return result;
        if (op->numbers[i] > adding->task.position)
            adding->task.position = op->numbers[i];
    }
    return 0;
}

/* What the piece has done goes with its messages. `is_last`: it is the call's last. */
static int save(struct adding *adding, bool is_last)
{
    struct connection *connection = &adding->writer->connection;
    struct task_recipients_add *op = adding->op;
    int64_t more = adding->place - adding->task.counts.total;
    if (is_last && op->position > adding->task.position)
        adding->task.position = op->position;
    op->complete = is_last && (op->last || is_full(adding));
    op->left = adding->task.counts.left + more;
    int result = task_senders_save(&adding->senders, connection, op->task_id);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_TASK_GROW, op->task_id, more);
    if (result == 0)
        result = TASK_RUN(connection, STATEMENT_TASK_TAKEN, op->task_id, adding->task.position,
                          op->complete);
    return result;
}

static int begin(struct adding *adding)
{
    const struct task_recipients_add *op = adding->op;
    struct connection *connection = &adding->writer->connection;
    int result = task_row_look(connection, op->tenant_id, op->task_id, &adding->task);
    if (result < 0)
        return result;
    if (task_is_final(adding->task.status) || adding->task.complete)
        return ERR_CONFLICT;
    adding->place = adding->task.counts.total;
    if (adding->place + (int64_t)(op->count * adding->task.parts) > TASK_MAX_MESSAGES)
        return ERR_FULL;
    if (adding->place > 0 && connection_look(connection, STATEMENT_MESSAGE_NUMBER,
                                             TASK_MESSAGE(op->task_id, 0), &adding->first) < 0)
        return ERR_STORE;
    return task_senders_load(connection, op->task_id, &adding->writer->arena, 0, &adding->senders);
}

static int run_recipients_add(struct store *store, struct store_call *call)
{
    struct task_recipients_add *op = container_of(call, struct task_recipients_add, call);
    struct adding adding = {.writer = &store->writer, .op = op};
    int result = begin(&adding);
    if (result < 0)
        return result;
    result = add_some(&adding);
    if (result < 0 && result != WRITER_MORE)
        return result;
    return save(&adding, result == 0) < 0 ? ERR_STORE : result;
}

void store_task_recipients_add(struct store *store, struct task_recipients_add *op)
{
    op->complete = false;
    /* How many parts each has stands in the row only. */
    writer_post(store, &op->call, op->count * TASK_MAX_PARTS, run_recipients_add);
}
