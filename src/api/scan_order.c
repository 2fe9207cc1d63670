/* POST /wscrm-bus-api/open/scan/screenWhatsApp: an order to find out which numbers are on WhatsApp. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "store/screenings.h"

enum { SCAN_EXISTS, SCAN_ACTIVE, SCAN_AVATAR };
#define COUNTRY_LONGEST 64

struct scan_input {
    struct input_numbers data;
    struct input_integer type;
    struct str country;
};

/* activeType belongs to type 1 and is passed over, as are unknown members. */
static const struct input_field scan_fields[] = {
    {.name = "data",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct scan_input, data),
     .longest = SCREENING_MAX_NUMBERS,
     .missing = STATUS_DATA_EMPTY,
     .longer = STATUS_DATA_SIZE},
    {.name = "type",
     .type = INPUT_INTEGER,
     .offset = offsetof(struct scan_input, type),
     .min = SCAN_EXISTS,
     .max = SCAN_AVATAR},
    {.name = "country",
     .type = INPUT_NAME,
     .offset = offsetof(struct scan_input, country),
     .longest = COUNTRY_LONGEST},
};
static const struct input_table scan_table = {scan_fields, 3, sizeof(struct scan_input), NULL};

static int read_order(struct exchange *x)
{
    const struct scan_input *input = x->input;
    struct screening_add *op = exchange_alloc(x, 1, sizeof(*op));
    x->state = op;
    if (!op || random_bytes(op->id, sizeof(op->id)) < 0)
        return reply_no_memory(x);
    if (input->type.value == SCAN_ACTIVE)
        return refuse_with(x, STATUS_REFUSED,
                           "type 1: no transport can tell who is active; type 0 is possible");
    if (input->type.value == SCAN_AVATAR)
        return refuse_with(
            x, STATUS_REFUSED,
            "type 2: no transport can tell what an avatar shows; type 0 is possible");
    if (input->data.count < SCREENING_MIN_NUMBERS)
        return refuse_with(x, STATUS_REFUSED, "data: at least 500 numbers expected");
    return 0;
}

static void answer_order(struct exchange *x, int result)
{
    const struct screening_add *op = x->state;
    char id[2 * SCREENING_ID_LEN];
    if (result == ERR_FULL) {
        (void)refuse_with(x, STATUS_REFUSED,
                          "100 screenings of the tenant wait, or 1000 are kept: try again later");
    } else if (result < 0) {
        (void)refuse_store(x, result);
    } else {
        hex_encode(op->id, SCREENING_ID_LEN, id);
        buf_add_json_str(reply_begin(x), (struct str){id, sizeof(id)});
        reply_end(x);
    }
}

static void start_order(struct exchange *x)
{
    const struct scan_input *input = x->input;
    struct screening_add *op = x->state;
    op->tenant_id = x->tenant->id;
    op->now_ms = x->now_ms;
    op->numbers = input->data.items;
    op->count = input->data.count;
    x->wakes = true;
    exchange_write(x, &op->call, answer_order);
    store_screening_add(x->worker->shared->store, op);
}

const struct handler scan_order = {&scan_table, read_order, start_order};
