/* POST /wscrm-bus-api/open/scan/queryTaskStatus/{orderId}: 1 completed, 0 not.
 * POST /wscrm-bus-api/open/scan/progress/{orderId}: how far it is.
 * GET and POST /wscrm-bus-api/open/scan/queryTaskDetails/{orderId}: which numbers exist. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "store/screenings.h"

struct scan {
    struct screening_get op;
    struct screening screening;
    struct exchange *exchange;
    int64_t at, first, end; /* of the numbers: this one, and those that are shown */
};

/* Of queryTaskDetails: without a pageSize all numbers are one page. */
struct details_input {
    struct input_integer current, size;
};

static const struct input_field details_fields[] = {
    {.name = "current",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct details_input, current),
     .min = 1,
     .max = SCREENING_MAX_NUMBERS},
    {.name = "pageSize",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct details_input, size),
     .min = 1,
     .max = SCREENING_MAX_NUMBERS},
};
static const struct input_table details_table = {details_fields, 2, sizeof(struct details_input),
                                                 NULL};

static int refuse_unknown(struct exchange *x)
{
    return refuse_with(x, STATUS_REFUSED, "orderId: no such screening");
}

static int read_scan(struct exchange *x)
{
    struct scan *scan = exchange_alloc(x, 1, sizeof(*scan));
    x->state = scan;
    if (!scan)
        return reply_no_memory(x);
    scan->exchange = x;
    scan->op.tenant_id = x->tenant->id;
    return hex_read(x->parameter, scan->op.id, SCREENING_ID_LEN) < 0 ? refuse_unknown(x) : 0;
}

static void show_screening(struct screening_get *op, const struct screening *screening)
{
    container_of(op, struct scan, op)->screening = *screening;
}

/* True: it is refused. */
static bool refuse_result(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND)
        (void)refuse_unknown(x);
    else if (result < 0)
        (void)refuse_store(x, result);
    return result < 0;
}

static void ask(struct exchange *x, struct store_reader *reader,
                void (*done)(struct store_call *call))
{
    struct scan *scan = x->state;
    scan->op.call = (struct store_call){.home = x->worker->mailbox, .done = done, .owner = x};
    scan->op.screening = show_screening;
    store_screening_get(reader, &scan->op);
}

/* --- queryTaskStatus */

static void then_status(struct store_call *call)
{
    struct exchange *x = call->owner;
    const struct scan *scan = x->state;
    if (!refuse_result(x, call->result)) {
        buf_add_i64(reply_begin(x), scan->screening.finished_ms != 0);
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_status(struct exchange *x)
{
    ask(x, x->worker->reader, then_status);
}

const struct handler scan_status = {&input_nothing, read_scan, start_status};

/* --- progress */

static void then_progress(struct store_call *call)
{
    struct exchange *x = call->owner;
    const struct screening *screening = &((const struct scan *)x->state)->screening;
    if (!refuse_result(x, call->result)) {
        struct buf *b = reply_begin(x);
        buf_add_char(b, '{');
        buf_add_json_i64(b, "total", screening->total);
        buf_add_json_i64(b, "done", screening->done);
        buf_add_json_i64(b, "exists", screening->found);
        buf_add_json_i64(b, "startTime", screening->started_ms);
        buf_add_json_i64(b, "endTime", screening->finished_ms);
        buf_add_char(b, '}');
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_progress(struct exchange *x)
{
    ask(x, x->worker->reader, then_progress);
}

const struct handler scan_progress = {&input_nothing, read_scan, start_progress};

/* --- queryTaskDetails: 20,000 numbers are some 2 ms, and no worker's business */

static void show_number(struct screening_get *op, int64_t number, bool exists)
{
    struct scan *scan = container_of(op, struct scan, op);
    struct buf *b = &scan->exchange->reply;
    int64_t at = scan->at++;
    if (at < scan->first || at >= scan->end)
        return;
    buf_add_json_comma(b);
    buf_add_text(b, "{\"whatsApp\":");
    reply_add_number(b, number);
    buf_add_text(b, exists ? ",\"exists\":true}" : ",\"exists\":false}");
}

static void then_details(struct store_call *call)
{
    struct exchange *x = call->owner;
    const struct scan *scan = x->state;
    bool is_over = call->result >= 0 && scan->screening.finished_ms != 0;
    if (!is_over)
        buf_free(&x->reply);
    if (refuse_result(x, call->result))
        return;
    if (!is_over) {
        (void)refuse_with(x, STATUS_REFUSED, "not completed");
        return;
    }
    buf_add_char(&x->reply, ']');
    reply_end(x);
}

static void read_details(struct exchange *x, struct store_reader *reader)
{
    struct scan *scan = x->state;
    const struct details_input *input = x->input;
    int64_t size = input->size.given ? input->size.value : SCREENING_MAX_NUMBERS;
    scan->first = input->current.given ? (input->current.value - 1) * size : 0;
    scan->end = scan->first + size;
    buf_add_char(reply_begin(x), '[');
    scan->op.number = show_number;
    ask(x, reader, then_details);
}

static void start_details(struct exchange *x)
{
    exchange_read(x, read_details);
}

const struct handler scan_details_get = {&details_table, read_scan, start_details};
const struct handler scan_details_post = {&details_table, read_scan, start_details};
