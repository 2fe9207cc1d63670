#include "main/import_session.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/customer_item.h"
#include "base/clock.h"
#include "domain/number.h"
#include "domain/status.h"
#include "main/arguments.h"
#include "main/similar.h"

#define NAMES_MAX_BYTES ((size_t)1 << 20)
/* Lists and reasons of a batch's rows: some 40 bytes for each of its cells. */
#define SLOT_MAX_BYTES ((size_t)32 << 20)

struct column {
    struct str name;
    bool is_extension;
    struct item_name meaning; /* for the batch that is judged */
};

/* A batch on its way. */
struct slot {
    struct arena arena;
    size_t rows;
    struct str reasons[BATCH_MAX_ROWS]; /* len 0: good so far */
    bool is_odd[BATCH_MAX_ROWS];
    size_t index_of[BATCH_MAX_ROWS]; /* the row of changes[i] */
    struct customer_change changes[BATCH_MAX_ROWS];
    struct customer_outcome outcomes[BATCH_MAX_ROWS];
    struct customers_upsert upsert;
    struct sync sync;
};

struct import_session {
    struct context *context;
    int64_t tenant_id;
    struct str agent;
    bool ignores_unknown, has_twofold; /* a number came that may be written in two forms */
    struct arena names;
    struct column columns[IMPORT_MAX_COLUMNS];
    size_t column_count;
    struct slot *slots[SESSION_MAX_BATCHES]; /* a ring */
    size_t oldest, waiting;
};

/* --- begin and end */

static int check_agent(struct context *context, const struct import_session *session,
                       const struct tenant *tenant)
{
    if (session->agent.len == 0 || tenant_agent(tenant, session->agent))
        return EXIT_GOOD;
    if (str_eq(session->agent, tenant->admin)) {
        complain(context, "--agent: %.*s is the tenant's admin, who has no customers",
                 (int)session->agent.len, session->agent.p);
    } else {
        complain(context, "--agent: tenant %" PRId64 " has no agent \"%.*s\"", tenant->id,
                 (int)session->agent.len, session->agent.p);
    }
    return EXIT_FAILED;
}

static int open_session(struct context *context, struct import_session *session)
{
    struct tenants *tenants;
    const struct tenant *tenant;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    session->context = context;
    session->tenant_id = tenant->id;
    session->agent = argument(context, "agent");
    session->ignores_unknown = argument(context, "ignore-unknown").p;
    status = check_agent(context, session, tenant);
    tenants_unref(tenants);
    return status;
}

int import_session_new(struct context *context, struct import_session **ret_session)
{
    struct import_session *session = calloc(1, sizeof(*session));
    bool has_memory = session;
    for (size_t i = 0; has_memory && i < SESSION_MAX_BATCHES; i++) {
        session->slots[i] = calloc(1, sizeof(*session->slots[i]));
        has_memory = session->slots[i];
        if (has_memory)
            arena_init(&session->slots[i]->arena, SLOT_MAX_BYTES);
    }
    if (session)
        arena_init(&session->names, NAMES_MAX_BYTES);
    int status = has_memory ? open_session(context, session) : complain_store(context, ERR_NOMEM);
    if (status == EXIT_GOOD)
        *ret_session = session;
    else
        import_session_free(session);
    return status;
}

static int wait_for_oldest(struct import_session *session, struct slot **ret_slot)
{
    struct slot *slot = session->slots[session->oldest];
    session->oldest = (session->oldest + 1) % SESSION_MAX_BATCHES;
    session->waiting--;
    *ret_slot = slot;
    return slot->upsert.count > 0 ? sync_end(&slot->sync, &slot->upsert.call) : 0;
}

void import_session_free(struct import_session *session)
{
    struct slot *slot;
    while (session && session->waiting > 0) {
        int result = wait_for_oldest(session, &slot);
        (void)result; /* whoever could be told has gone */
    }
    for (size_t i = 0; session && i < SESSION_MAX_BATCHES; i++) {
        if (session->slots[i])
            arena_free(&session->slots[i]->arena);
        free(session->slots[i]);
    }
    if (session)
        arena_free(&session->names);
    free(session);
}

bool import_session_twofold(const struct import_session *session, int64_t *ret_tenant_id)
{
    *ret_tenant_id = session->tenant_id;
    return session->has_twofold;
}

/* --- columns */

/* What import_rejects.c adds. The longer ones are for tenants that have a field of the shorter name. */
static bool is_ours(struct str name)
{
    return str_is(name, "line") || str_is(name, "reason") || str_is(name, "rejectedLine") ||
           str_is(name, "rejectedReason");
}

static struct item_name find_meaning(const struct tenant *tenant, const struct column *column)
{
    return column->is_extension ? item_name_extended(tenant, column->name)
                                : item_name_find(tenant, column->name);
}

static struct similar find_similar(const struct tenant *tenant, struct str name)
{
    struct similar similar = {0};
    for (size_t i = 0; item_name_at(i).len > 0; i++)
        similar_try_name(&similar, name, item_name_at(i));
    for (size_t i = 0; i < tenant->field_count; i++)
        similar_try_name(&similar, name, tenant->fields[i].name);
    return similar;
}

static void judge_column(const struct tenant *tenant, const struct column *column,
                         struct buf *reply)
{
    struct similar similar = {0};
    enum column_verdict verdict = COLUMN_KNOWN;
    if (find_meaning(tenant, column).kind == NAME_UNKNOWN) {
        verdict = is_ours(column->name) ? COLUMN_OURS : COLUMN_UNKNOWN;
        similar = find_similar(tenant, column->name);
    }
    wire_add(reply, (uint64_t)verdict, 1);
    wire_add_str(reply, str_of(similar.name));
}

static int take_column(struct import_session *session, struct str *names)
{
    uint64_t is_extension;
    struct str name;
    if (session->column_count == IMPORT_MAX_COLUMNS || wire_take(names, 1, &is_extension) < 0 ||
        wire_take_str(names, &name) < 0)
        return ERR_PROTOCOL;
    const char *copy = arena_memdup(&session->names, name.len ? name.p : "", name.len);
    if (!copy)
        return ERR_NOMEM;
    session->columns[session->column_count++] =
        (struct column){.name = {copy, name.len}, .is_extension = is_extension != 0};
    return 0;
}

int import_session_columns(struct import_session *session, struct str names, struct buf *reply)
{
    struct tenants *tenants = store_tenants(session->context->store);
    const struct tenant *tenant = tenants_find(tenants, session->tenant_id);
    int result = tenant ? 0 : ERR_NOT_FOUND;
    if (tenant) {
        bool are_taken = tenant_field(tenant, STR("line")) || tenant_field(tenant, STR("reason"));
        wire_add(reply, are_taken, 1);
    }
    while (result == 0 && names.len > 0) {
        result = take_column(session, &names);
        if (result == 0)
            judge_column(tenant, &session->columns[session->column_count - 1], reply);
    }
    tenants_unref(tenants);
    return result;
}

/* --- rows */

static void find_meanings(struct import_session *session, const struct tenant *tenant)
{
    for (size_t i = 0; i < session->column_count; i++) {
        struct column *column = &session->columns[i];
        column->meaning = find_meaning(tenant, column);
        if (column->meaning.kind == NAME_UNKNOWN &&
            (session->ignores_unknown || is_ours(column->name)))
            column->meaning.kind = NAME_SHOWN;
    }
}

/* ret_fault: of whoever read the row, who gave up on it. */
static int put_cells(struct import_session *session, struct batch_reader *reader, unsigned cells,
                     struct item_builder *builder, struct str *ret_fault)
{
    for (unsigned i = 0; i < cells; i++) {
        struct import_cell cell;
        if (batch_next_cell(reader, &cell) < 0)
            return ERR_PROTOCOL;
        if (cell.column == CELL_FAULT) {
            *ret_fault = cell.value.text;
        } else if (cell.column < session->column_count) {
            const struct column *column = &session->columns[cell.column];
            item_put(builder, column->name, column->meaning, cell.value);
        }
    }
    return item_end(builder);
}

static int refuse(struct slot *slot, size_t row, struct str place, const char *what)
{
    char *reason = arena_printf(&slot->arena, "%.*s: %s", (int)place.len, place.p, what);
    slot->reasons[row] = str_of(reason);
    return reason ? 0 : ERR_NOMEM;
}

static void accept_row(struct import_session *session, struct slot *slot, size_t row)
{
    int64_t other;
    struct customer_change *change = &slot->changes[slot->upsert.count];
    if (change->owner.len == 0)
        change->owner = session->agent;
    slot->is_odd[row] = !number_plausible(change->number);
    session->has_twofold = session->has_twofold || number_variant(change->number, &other);
    slot->index_of[slot->upsert.count++] = row;
}

static int judge_row(struct import_session *session, struct slot *slot, const struct tenant *tenant,
                     struct batch_reader *reader, const struct import_row *row)
{
    struct item_builder builder;
    struct str fault = {0};
    size_t index = slot->rows++;
    slot->reasons[index] = (struct str){0};
    slot->is_odd[index] = false;
    item_begin(&builder, tenant, &slot->arena, row->cells, &slot->changes[slot->upsert.count]);
    int result = put_cells(session, reader, row->cells, &builder, &fault);
    if (result < 0)
        return result;
    if (fault.len > 0)
        slot->reasons[index] = fault;
    else if (builder.fault.code != 0)
        return refuse(slot, index, builder.fault.place, builder.fault.what);
    else
        accept_row(session, slot, index);
    return 0;
}

static int judge_rows(struct import_session *session, struct slot *slot, struct str bytes)
{
    struct batch_reader reader = {bytes};
    struct import_row row;
    struct tenants *tenants = store_tenants(session->context->store);
    const struct tenant *tenant = tenants_find(tenants, session->tenant_id);
    int result = tenant ? 1 : ERR_NOT_FOUND;
    if (tenant)
        find_meanings(session, tenant);
    while (result >= 0 && (result = batch_next_row(&reader, &row)) == 1)
        result = slot->rows < BATCH_MAX_ROWS ? judge_row(session, slot, tenant, &reader, &row)
                                             : ERR_PROTOCOL;
    tenants_unref(tenants);
    return result;
}

int import_session_rows(struct import_session *session, struct str bytes)
{
    if (session->waiting == SESSION_MAX_BATCHES)
        return ERR_PROTOCOL;
    struct slot *slot = session->slots[(session->oldest + session->waiting) % SESSION_MAX_BATCHES];
    arena_reset(&slot->arena);
    slot->rows = 0;
    slot->upsert = (struct customers_upsert){.tenant_id = session->tenant_id,
                                             .now_ms = clock_real_ms(),
                                             .cause = STR("wscrm import"),
                                             .items = slot->changes,
                                             .outcomes = slot->outcomes};
    int result = judge_rows(session, slot, bytes);
    if (result < 0)
        return result;
    session->waiting++;
    if (slot->upsert.count > 0) {
        sync_begin(&slot->sync, session->context, &slot->upsert.call);
        store_customers_upsert(session->context->store, &slot->upsert);
    }
    return 0;
}

/* --- outcomes */

static int judge_outcome(struct slot *slot, size_t i)
{
    const struct customer_outcome *outcome = &slot->outcomes[i];
    struct item_fault fault = customer_outcome_fault(outcome);
    if (fault.code == 0)
        return 0;
    if (fault.code == STATUS_USER_NAME) {
        struct str owner = slot->changes[i].owner;
        fault.what =
            arena_printf(&slot->arena, "the tenant has no agent \"%.*s\"", (int)owner.len, owner.p);
        if (!fault.what)
            return ERR_NOMEM;
    }
    return refuse(slot, slot->index_of[i], fault.place, fault.what);
}

static uint64_t row_status(const struct slot *slot, size_t row, size_t *at)
{
    static const enum row_status of_effect[] = {[EFFECT_NONE] = ROW_UNCHANGED,
                                                [EFFECT_CREATED] = ROW_CREATED,
                                                [EFFECT_CHANGED] = ROW_CHANGED};
    enum row_status status = ROW_REFUSED;
    if (*at < slot->upsert.count && slot->index_of[*at] == row)
        status = of_effect[slot->outcomes[(*at)++].effect];
    if (slot->reasons[row].len > 0)
        return ROW_REFUSED;
    return (uint64_t)status | (slot->is_odd[row] ? ROW_ODD_LENGTH : 0);
}

int import_session_finish(struct import_session *session, struct buf *reply)
{
    struct slot *slot;
    if (session->waiting == 0)
        return ERR_PROTOCOL;
    int result = wait_for_oldest(session, &slot);
    for (size_t i = 0; result == 0 && i < slot->upsert.count; i++)
        result = judge_outcome(slot, i);
    if (result < 0)
        return result;
    for (size_t row = 0, at = 0; row < slot->rows; row++)
        wire_add(reply, row_status(slot, row, &at), 1);
    for (size_t row = 0; row < slot->rows; row++)
        if (slot->reasons[row].len > 0)
            wire_add_str(reply, slot->reasons[row]);
    return reply->failed ? ERR_NOMEM : 0;
}
