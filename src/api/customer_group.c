/* POST /wscrm-bus-api/open/customerGroup/save, …/del, …/query: named lists of numbers, customers or not. */
#include "api/input.h"
#include "api/reply.h"
#include "api/segment_input.h"
#include "api/worker.h"
#include "domain/number.h"
#include "domain/segment_json.h"
#include "domain/tenant.h"

/* A rule is as long as its request at most, each byte of which may be escaped. */
#define RULE_MAX ((size_t)24 << 20)

struct group_input {
    struct str name;
    struct input_numbers whats_ids;
    const struct json *segment;
};

#define NAME_FIELD(when_missing)                                                          \
    {                                                                                     \
        .name = "name", .type = INPUT_NAME, .offset = offsetof(struct group_input, name), \
        .longest = TENANT_NAME_LONGEST, .missing = (when_missing)                         \
    }

/* del has the name only. */
static const struct input_field save_fields[] = {
    NAME_FIELD(STATUS_NAME_EMPTY),
    {.name = "whatsIds",
     .type = INPUT_NUMBERS,
     .offset = offsetof(struct group_input, whats_ids),
     .longest = GROUP_MAX_NUMBERS,
     .longer = STATUS_DATA_SIZE},
    {.name = "segment", .type = INPUT_VALUE, .offset = offsetof(struct group_input, segment)},
};
static const struct input_field query_fields[] = {NAME_FIELD(0)};
static const struct input_table save_table = {save_fields, 3, sizeof(struct group_input), NULL};
static const struct input_table del_table = {save_fields, 1, sizeof(struct group_input), NULL};
static const struct input_table query_table = {query_fields, 1, sizeof(struct group_input), NULL};

/* How many a rule means is known when it is used. */
static void add_group(struct buf *b, struct str name, int64_t size, struct str rule)
{
    buf_add_char(b, '{');
    buf_add_json_text(b, "name", name);
    if (rule.len == 0) {
        buf_add_json_i64(b, "size", size);
        return;
    }
    buf_add_text(b, ",\"size\":null,\"segment\":");
    buf_add_str(b, rule);
}

/* --- save, del --- */

static int read_write(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct group_write));
    return x->state ? 0 : reply_no_memory(x);
}

static int keep_text(struct exchange *x, struct buf *b, struct str *ret_text)
{
    char *copy = b->failed ? NULL : arena_memdup(&x->http->arena, b->data, b->len);
    *ret_text = (struct str){copy, b->len};
    buf_clear(b);
    return copy ? 0 : reply_no_memory(x);
}

static int write_rule(struct exchange *x, const struct segment_input *input,
                      const struct segment *segment)
{
    struct group_write *op = x->state;
    struct buf b;
    buf_init(&b, RULE_MAX);
    segment_write(&b, segment);
    int result = keep_text(x, &b, &op->rule);
    segment_input_write(&b, input);
    if (result == 0)
        result = keep_text(x, &b, &op->rule_sent);
    buf_free(&b);
    return result;
}

static int read_rule(struct exchange *x, const struct json *object)
{
    struct segment_input input = {0};
    struct segment segment;
    if (json_type(object) != JSON_OBJECT)
        return refuse_http(x, 400, "segment: object expected");
    int result = input_read_item(x, &segment_table, object, "segment.", &input);
    if (result < 0)
        return result;
    if (input.group.len > 0)
        return refuse_http(x, 400, "segment.group: a rule cannot name a group");
    x->place = "segment.";
    result = segment_input_read(x, &input, &segment);
    x->place = NULL;
    return result == 0 ? write_rule(x, &input, &segment) : result;
}

static int read_members(struct exchange *x)
{
    const struct group_input *input = x->input;
    bool has_numbers = input->whats_ids.count > 0;
    if (input->segment && has_numbers)
        return refuse_http(x, 400, "whatsIds or segment: one of the two");
    if (input->segment)
        return read_rule(x, input->segment);
    return has_numbers ? 0 : refuse(x, STATUS_WHATS_IDS_NULL);
}

static int read_save(struct exchange *x)
{
    struct group_input *input = x->input;
    if (!user_name_allowed(input->name))
        return refuse_http(x, 400, "name: no control characters, commas or blanks at its ends");
    input->whats_ids.count = numbers_unique(input->whats_ids.items, input->whats_ids.count);
    int result = read_write(x);
    return result == 0 ? read_members(x) : result;
}

static void refuse_group(struct exchange *x, int result)
{
    switch (result) {
    case ERR_TOO_LARGE: (void)refuse_with(x, STATUS_REFUSED, "more than 1000 groups"); break;
    case ERR_BUSY: (void)refuse_http(x, 503, "too much to write or to sweep, try again"); break;
    default: (void)refuse_store(x, result);
    }
}

static void answer_save(struct exchange *x, int result)
{
    const struct group_input *input = x->input;
    if (result < 0) {
        refuse_group(x, result);
        return;
    }
    struct buf *b = reply_begin(x);
    add_group(b, input->name, (int64_t)input->whats_ids.count,
              ((const struct group_write *)x->state)->rule_sent);
    buf_add_char(b, '}');
    reply_end(x);
}

static void start_save(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct group_write *op = x->state;
    op->tenant_id = x->tenant->id;
    op->now_ms = x->now_ms;
    op->name = input->name;
    op->numbers = input->whats_ids.items;
    op->count = input->whats_ids.count;
    exchange_write(x, &op->call, answer_save);
    store_group_save(x->worker->shared->store, op);
}

const struct handler customer_group_save = {&save_table, read_save, start_save};

static void answer_del(struct exchange *x, int result)
{
    if (result == ERR_NOT_FOUND)
        (void)refuse(x, STATUS_GROUP_VALUE);
    else if (result < 0)
        refuse_group(x, result);
    else
        reply_nothing(x);
}

static void start_del(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct group_write *op = x->state;
    *op = (struct group_write){
        .tenant_id = x->tenant->id,
        .name = input->name,
    };
    exchange_write(x, &op->call, answer_del);
    store_group_remove(x->worker->shared->store, op);
}

const struct handler customer_group_del = {&del_table, read_write, start_del};

/* --- query --- */

struct query {
    struct groups_get get;
    struct exchange *exchange;
};

static int read_query(struct exchange *x)
{
    x->state = exchange_alloc(x, 1, sizeof(struct query));
    return x->state ? 0 : reply_no_memory(x);
}

static void show_group(struct groups_get *get, struct str name, int64_t size)
{
    struct buf *b = &container_of(get, struct query, get)->exchange->reply;
    buf_add_json_comma(b);
    add_group(b, name, size, get->rule);
    if (get->name.p) {
        buf_add_json_name(b, "whatsIds");
        buf_add_char(b, '['); /* then_query() closes it and the object */
    } else {
        buf_add_char(b, '}');
    }
}

static void show_number(struct groups_get *get, int64_t number)
{
    struct buf *b = &container_of(get, struct query, get)->exchange->reply;
    buf_add_json_comma(b);
    reply_add_number(b, number);
}

static void then_query(struct store_call *call)
{
    struct exchange *x = call->owner;
    struct query *query = x->state;
    if (call->result < 0) {
        buf_free(&x->reply);
        if (call->result == ERR_NOT_FOUND)
            (void)refuse(x, STATUS_GROUP_VALUE);
        else
            refuse_group(x, call->result);
    } else {
        buf_add_text(&x->reply, query->get.name.p ? "]}]" : "]");
        reply_end(x);
    }
    exchange_finish(x);
}

static void start_query(struct exchange *x)
{
    const struct group_input *input = x->input;
    struct query *query = x->state;
    query->exchange = x;
    query->get = (struct groups_get){
        .call = {.home = x->worker->mailbox, .done = then_query, .owner = x},
        .tenant_id = x->tenant->id,
        .name = input->name,
        .group = show_group,
        .number = show_number,
    };
    buf_add_char(reply_begin(x), '[');
    store_groups_get(x->worker->reader, &query->get);
}

const struct handler customer_group_query = {&query_table, read_query, start_query};
