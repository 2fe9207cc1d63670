/* POST /wscrm-bus-api/open/customerField/save, …/del, …/query: the tenant's extended fields. */
#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"
#include "domain/customer.h"

struct field_input {
    struct str name, type;
    struct input_list options;
};

/* del has the name only. */
static const struct input_field field_fields[] = {
    {.name = "name",
     .type = INPUT_NAME,
     .offset = offsetof(struct field_input, name),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_NAME_EMPTY},
    {.name = "type",
     .type = INPUT_TEXT,
     .offset = offsetof(struct field_input, type),
     .longest = TENANT_NAME_LONGEST},
    {.name = "options",
     .type = INPUT_LIST,
     .offset = offsetof(struct field_input, options),
     .longest = FIELD_MAX_OPTIONS,
     .longer = STATUS_DATA_SIZE},
};
static const struct input_table save_table = {field_fields, 3, sizeof(struct field_input), NULL};
static const struct input_table del_table = {field_fields, 1, sizeof(struct field_input), NULL};

/* --- save, del --- */

static int read_write(struct exchange *x)
{
    const struct field_input *input = x->input;
    struct field_write *op = exchange_alloc(x, 1, sizeof(*op));
    if (!op)
        return reply_no_memory(x);
    op->name = input->name;
    x->state = op;
    return 0;
}

/* Not given: that of the field, or text for a new one. */
static int read_type(struct exchange *x, struct field_write *op)
{
    const struct field_input *input = x->input;
    const struct field *field = tenant_field(x->tenant, input->name);
    enum field_type type = field ? field->type : FIELD_TEXT;
    if (input->type.len > 0 && field_type_parse(input->type, &type) < 0)
        return refuse_http(x, 400, "type: text, number, date or option expected");
    op->type = (int)type;
    return 0;
}

static int read_options(struct exchange *x, struct field_write *op)
{
    const struct field_input *input = x->input;
    struct str *options = exchange_alloc(x, input->options.count, sizeof(*options));
    if (!options)
        return reply_no_memory(x);
    for (const struct json *item = input->options.first; item; item = json_next(item)) {
        struct str *option = &options[op->option_count];
        int result = input_name(x, item, option);
        if (result == ERR_NOMEM)
            return reply_no_memory(x);
        if (result < 0 || !field_option_allowed(*option, options, op->option_count))
            return refuse_http(x, 400, "options[%zu]: 1 to %d characters expected, each once",
                               op->option_count, CUSTOMER_EXTENDED_LONGEST);
        op->option_count++;
    }
    op->options = options;
    if ((op->option_count > 0) != (op->type == FIELD_OPTION))
        return refuse_http(x, 400, "options: %s",
                           op->option_count > 0 ? "only for the type option"
                                                : "the type option needs at least one");
    return 0;
}

static int read_save(struct exchange *x)
{
    const struct field_input *input = x->input;
    if (!field_name_allowed(input->name))
        return refuse_http(x, 400,
                           "name: no control characters, commas or blanks at its ends, "
                           "and no name that customers have already");
    int result = read_write(x);
    if (result == 0)
        result = read_type(x, x->state);
    return result == 0 ? read_options(x, x->state) : result;
}

static void answer(struct exchange *x, int result)
{
    switch (result) {
    case 0: reply_nothing(x); break;
    case ERR_EXISTS:
        (void)refuse_with(x, STATUS_REFUSED, "the field is there and has another type");
        break;
    case ERR_TOO_LARGE: (void)refuse_with(x, STATUS_REFUSED, "more than 100 fields"); break;
    case ERR_NOT_FOUND: (void)refuse(x, STATUS_EXTENDED_FIELD); break;
    default: (void)refuse_store(x, result);
    }
}

static void start(struct exchange *x, void (*verb)(struct store *store, struct field_write *write))
{
    struct field_write *op = x->state;
    exchange_write(x, &op->call, answer);
    op->tenant_id = x->tenant->id;
    op->now_ms = x->now_ms;
    verb(x->worker->shared->store, op);
}

static void start_save(struct exchange *x)
{
    start(x, store_field_set);
}

static void start_del(struct exchange *x)
{
    start(x, store_field_remove);
}

const struct handler customer_field_save = {&save_table, read_save, start_save};
const struct handler customer_field_del = {&del_table, read_write, start_del};

/* --- query: the snapshot has them all --- */

static void add_field(struct buf *b, const struct field *field)
{
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_text(b, "name", field->name);
    buf_add_json_text(b, "type", str_of(field_type_name(field->type)));
    buf_add_json_name(b, "options");
    buf_add_char(b, '[');
    for (size_t i = 0; i < field->option_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, field->options[i]);
    }
    buf_add_text(b, "]}");
}

static void start_query(struct exchange *x)
{
    struct buf *b = reply_begin(x);
    buf_add_char(b, '[');
    for (size_t i = 0; i < x->tenant->field_count; i++)
        add_field(b, &x->tenant->fields[i]);
    buf_add_char(b, ']');
    reply_end(x);
    exchange_finish(x);
}

const struct handler customer_field_query = {&input_nothing, NULL, start_query};
