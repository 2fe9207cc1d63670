/* The numbers of a task's source: a page of its segment, or of its group. */
#include "base/json.h"
#include "domain/segment_json.h"
#include "store/sqlite/groups.h"
#include "store/sqlite/reader.h"
#include "store/sqlite/segment_walk.h"
#include "store/sqlite/store_sqlite.h"
#include "store/sqlite/task_row.h"

/* 100 tags, 100 extended values. */
#define SEGMENT_ARENA_MAX ((size_t)64 << 10)

_Static_assert(TASK_RECIPIENTS_MAX <= CUSTOMERS_PAGE_MAX,
               "a page of recipients is one of customers");

static struct task_source_page *of_call(struct store_call *call)
{
    return container_of(call, struct task_source_page, page.call);
}

/* --- a group */

/* One more than the page has shows that there is more. */
static int read_members(struct connection *connection, struct task_source_page *op,
                        int64_t group_id)
{
    sqlite3_stmt *members = connection_statement(connection, STATEMENT_MEMBER_PIECE);
    int result;
    if (!members)
        return ERR_STORE;
    bind_i64(members, 1, group_id);
    bind_i64(members, 2, op->task->position);
    bind_i64(members, 3, TASK_RECIPIENTS_MAX + 1);
    while ((result = connection_step(connection, members)) == 1) {
        op->more = op->count == TASK_RECIPIENTS_MAX;
        if (!op->more)
            op->numbers[op->count++] = sqlite3_column_int64(members, 0);
    }
    return result;
}

static int read_group(struct store_reader *reader, struct store_call *call)
{
    struct task_source_page *op = container_of(call, struct task_source_page, call);
    struct task task;
    int64_t id;
    int result = task_row_look(&reader->connection, op->tenant->id, op->task->id, &task);
    if (result == 0 && task.started_ms == 0)
        result = ERR_CONFLICT;
    if (result < 0)
        return result;
    result = group_find(&reader->connection, op->tenant->id, op->task->source_json, &id);
    if (result == 0)
        result = read_members(&reader->connection, op, id);
    if (result == 0 && op->count > 0)
        op->position = op->numbers[op->count - 1];
    return result == ERR_NOT_FOUND ? 0 : result;
}

/* --- a segment: a page of customers, of which the numbers are kept */

static void keep_number(struct customers_page *page, const struct customer *customer)
{
    struct task_source_page *op = container_of(page, struct task_source_page, page);
    op->numbers[op->count++] = customer->number;
}

static int read_segment(struct store_reader *reader, struct store_call *call)
{
    struct task_source_page *op = of_call(call);
    struct segment *segment = &op->segment;
    struct task task;
    if (call->progress == 0) {
        int result = task_row_look(&reader->connection, op->tenant->id, op->task->id, &task);
        if (result < 0 || task.started_ms == 0)
            return result < 0 ? result : ERR_CONFLICT;
        /* The customer of this very millisecond may have come before. */
        if (segment->created_before_ms == 0 || segment->created_before_ms > task.started_ms + 1)
            segment->created_before_ms = task.started_ms + 1;
    }
    return segment_walk_piece(reader, &op->page);
}

static void source_done(struct store_call *call)
{
    struct task_source_page *op = of_call(call);
    json_free(op->source);
    arena_free(&op->arena);
    op->source = NULL;
    op->call.result = call->result;
    if (call->result == 0) {
        op->position = op->page.last;
        op->more = op->page.more;
    }
    op->call.done(&op->call);
}

static int parse_segment(struct task_source_page *op)
{
    struct json_error error;
    arena_init(&op->arena, SEGMENT_ARENA_MAX);
    int result = json_parse(op->task->source_json, JSON_MAX_VALUES, &op->source, &error);
    return result == 0 ? segment_read(json_root(op->source), &op->arena, &op->segment) : result;
}

static int read_nothing(struct store_reader *reader, struct store_call *call)
{
    (void)reader, (void)call;
    return ERR_STORE; /* what the task's row holds is no segment: see store_check() */
}

void store_task_source_page(struct store_reader *reader, struct task_source_page *op)
{
    op->count = 0;
    op->more = false;
    op->position = op->task->position;
    op->source = NULL;
    if (op->task->source != TASK_OF_SEGMENT) {
        reader_ask(reader, &op->call, read_group);
        return;
    }
    op->page = (struct customers_page){.call.done = source_done,
                                       .tenant = op->tenant,
                                       .segment = &op->segment,
                                       .after = op->position,
                                       .last = op->position,
                                       .limit = TASK_RECIPIENTS_MAX,
                                       .each = keep_number};
    reader_ask(reader, &op->page.call, parse_segment(op) == 0 ? read_segment : read_nothing);
}
