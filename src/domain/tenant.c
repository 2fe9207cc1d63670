#include "domain/tenant.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "domain/customer.h"

/* The largest snapshot: 10,000 tenants with a few agents each are some 10 MiB. */
#define TENANTS_MAX_BYTES ((size_t)1 << 30)

struct named_zone {
    struct named_zone *next;
    const char *name;
    struct zone *zone;
};

struct tenants {
    atomic_int references;
    struct arena arena;
    struct named_zone *zones;
    struct tenant *items; /* ascending by id */
    size_t count, capacity;
};

int tenants_new(struct tenants **ret_tenants)
{
    struct tenants *tenants = calloc(1, sizeof(*tenants));
    if (!tenants)
        return ERR_NOMEM;
    atomic_init(&tenants->references, 1);
    arena_init(&tenants->arena, TENANTS_MAX_BYTES);
    *ret_tenants = tenants;
    return 0;
}

struct arena *tenants_arena(struct tenants *tenants)
{
    return &tenants->arena;
}

int tenants_zone(struct tenants *tenants, const char *name, const struct zone **ret_zone)
{
    for (struct named_zone *known = tenants->zones; known; known = known->next) {
        if (strcmp(known->name, name) == 0) {
            *ret_zone = known->zone;
            return 0;
        }
    }
    struct named_zone *fresh = arena_alloc(&tenants->arena, sizeof(*fresh));
    char *copy = arena_strdup(&tenants->arena, name);
    if (!fresh || !copy)
        return ERR_NOMEM;
    int result = zone_load(name, &fresh->zone);
    if (result < 0)
        return result;
    fresh->name = copy;
    fresh->next = tenants->zones;
    tenants->zones = fresh;
    *ret_zone = fresh->zone;
    return 0;
}

int tenants_add(struct tenants *tenants, const struct tenant *tenant)
{
    if (tenants->count == TENANTS_MAX)
        return ERR_TOO_LARGE;
    if (tenants->count > 0 && tenants->items[tenants->count - 1].id >= tenant->id)
        return ERR_INVALID;
    if (tenants->count == tenants->capacity) {
        size_t capacity = tenants->capacity ? tenants->capacity * 2 : 16;
        struct tenant *items = realloc(tenants->items, capacity * sizeof(*items));
        if (!items)
            return ERR_NOMEM;
        tenants->items = items;
        tenants->capacity = capacity;
    }
    tenants->items[tenants->count++] = *tenant;
    return 0;
}

static int compare_names(struct str a, struct str b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter ? memcmp(a.p, b.p, shorter) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_agents(const void *a, const void *b)
{
    const struct agent *const *left = a, *const *right = b;
    return compare_names((*left)->user_name, (*right)->user_name);
}

static int compare_fields(const void *a, const void *b)
{
    const struct field *const *left = a, *const *right = b;
    return compare_names((*left)->name, (*right)->name);
}

static int compare_accounts(const void *a, const void *b)
{
    const struct account *left = *(const struct account *const *)a,
                         *right = *(const struct account *const *)b;
    if (left->agent_id != right->agent_id)
        return left->agent_id < right->agent_id ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

static int seal_tenant(struct arena *arena, struct tenant *tenant)
{
    tenant->agents_by_name =
        arena_calloc(arena, tenant->agent_count, sizeof(*tenant->agents_by_name));
    tenant->accounts_by_agent =
        arena_calloc(arena, tenant->account_count, sizeof(*tenant->accounts_by_agent));
    tenant->fields_by_name =
        arena_calloc(arena, tenant->field_count, sizeof(*tenant->fields_by_name));
    if (!tenant->agents_by_name || !tenant->accounts_by_agent || !tenant->fields_by_name)
        return ERR_NOMEM;
    for (size_t i = 0; i < tenant->agent_count; i++)
        tenant->agents_by_name[i] = &tenant->agents[i];
    for (size_t i = 0; i < tenant->account_count; i++)
        tenant->accounts_by_agent[i] = &tenant->accounts[i];
    for (size_t i = 0; i < tenant->field_count; i++)
        tenant->fields_by_name[i] = &tenant->fields[i];
    qsort(tenant->agents_by_name, tenant->agent_count, sizeof(*tenant->agents_by_name),
          compare_agents);
    qsort(tenant->accounts_by_agent, tenant->account_count, sizeof(*tenant->accounts_by_agent),
          compare_accounts);
    qsort(tenant->fields_by_name, tenant->field_count, sizeof(*tenant->fields_by_name),
          compare_fields);
    return 0;
}

int tenants_seal(struct tenants *tenants)
{
    for (size_t i = 0; i < tenants->count; i++) {
        int result = seal_tenant(&tenants->arena, &tenants->items[i]);
        if (result < 0)
            return result;
    }
    return 0;
}

struct tenants *tenants_ref(struct tenants *tenants)
{
    atomic_fetch_add_explicit(&tenants->references, 1, memory_order_relaxed);
    return tenants;
}

static void wipe_keys(struct tenants *tenants)
{
    for (size_t i = 0; i < tenants->count; i++) {
        struct str key = tenants->items[i].api_key;
        if (key.len > 0) {
            /* The keys lie in our own arena, so the const of struct str is only a promise. */
            explicit_bzero((void *)(uintptr_t)key.p, key.len);
        }
    }
}

void tenants_unref(struct tenants *tenants)
{
    if (!tenants || atomic_fetch_sub_explicit(&tenants->references, 1, memory_order_acq_rel) != 1)
        return;
    wipe_keys(tenants);
    for (struct named_zone *zone = tenants->zones; zone; zone = zone->next)
        zone_free(zone->zone);
    free(tenants->items);
    arena_free(&tenants->arena);
    free(tenants);
}

size_t tenants_count(const struct tenants *tenants)
{
    return tenants->count;
}

const struct tenant *tenants_at(const struct tenants *tenants, size_t index)
{
    return &tenants->items[index];
}

static int tenant_after(const void *id, const void *tenant)
{
    int64_t left = *(const int64_t *)id, right = ((const struct tenant *)tenant)->id;
    return (left > right) - (left < right);
}

const struct tenant *tenants_find(const struct tenants *tenants, int64_t id)
{
    if (tenants->count == 0)
        return NULL;
    return bsearch(&id, tenants->items, tenants->count, sizeof(*tenants->items), tenant_after);
}

const struct agent *tenant_agent(const struct tenant *tenant, struct str user_name)
{
    const struct agent wanted = {.user_name = user_name}, *key = &wanted;
    const struct agent **found = bsearch(&key, tenant->agents_by_name, tenant->agent_count,
                                         sizeof(*tenant->agents_by_name), compare_agents);
    return found ? *found : NULL;
}

bool tenant_has_user(const struct tenant *tenant, struct str user_name)
{
    return str_eq(tenant->admin, user_name) || tenant_agent(tenant, user_name) != NULL;
}

/* The first account whose agent's id is not below. */
static size_t first_account_of(const struct tenant *tenant, int64_t agent_id)
{
    size_t low = 0, high = tenant->account_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tenant->accounts_by_agent[middle]->agent_id < agent_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t tenant_accounts_of(const struct tenant *tenant, int64_t agent_id,
                          const struct account *const **ret_accounts)
{
    size_t first = first_account_of(tenant, agent_id);
    *ret_accounts = tenant->accounts_by_agent + first;
    return first_account_of(tenant, agent_id + 1) - first;
}

const struct field *tenant_field(const struct tenant *tenant, struct str name)
{
    const struct field wanted = {.name = name}, *key = &wanted;
    const struct field **found = bsearch(&key, tenant->fields_by_name, tenant->field_count,
                                         sizeof(*tenant->fields_by_name), compare_fields);
    return found ? *found : NULL;
}

static int agent_after(const void *id, const void *agent)
{
    int64_t left = *(const int64_t *)id, right = ((const struct agent *)agent)->id;
    return (left > right) - (left < right);
}

const struct agent *tenant_agent_by_id(const struct tenant *tenant, int64_t id)
{
    if (tenant->agent_count == 0)
        return NULL;
    return bsearch(&id, tenant->agents, tenant->agent_count, sizeof(*tenant->agents), agent_after);
}

struct str tenant_agent_name(const struct tenant *tenant, int64_t id)
{
    const struct agent *agent = tenant_agent_by_id(tenant, id);
    return agent ? agent->user_name : (struct str){0};
}

static int account_after(const void *number, const void *account)
{
    int64_t left = *(const int64_t *)number, right = ((const struct account *)account)->number;
    return (left > right) - (left < right);
}

const struct account *tenant_account(const struct tenant *tenant, int64_t number)
{
    if (tenant->account_count == 0)
        return NULL;
    return bsearch(&number, tenant->accounts, tenant->account_count, sizeof(*tenant->accounts),
                   account_after);
}

const struct field *tenant_field_by_id(const struct tenant *tenant, int64_t id)
{
    /* At most TENANT_MAX_FIELDS: a walk is as fast as a search. */
    for (size_t i = 0; i < tenant->field_count; i++)
        if (tenant->fields[i].id == id)
            return &tenant->fields[i];
    return NULL;
}

static const char *const edition_names[] = {
    [EDITION_STANDARD] = "standard",
    [EDITION_PROFESSIONAL] = "professional",
};

const char *edition_name(enum edition edition)
{
    return edition_names[edition];
}

int edition_parse(struct str text, enum edition *ret_edition)
{
    for (int edition = EDITION_STANDARD; edition <= EDITION_PROFESSIONAL; edition++) {
        if (str_is(text, edition_names[edition])) {
            *ret_edition = (enum edition)edition;
            return 0;
        }
    }
    return ERR_INVALID;
}

bool user_name_allowed(struct str name)
{
    return name.len > 0 && utf8_valid(name.p, name.len) &&
           utf8_count(name) <= TENANT_NAME_LONGEST && !str_has_control(name) &&
           !memchr(name.p, ',', name.len) && str_eq(str_trim(name), name);
}

bool password_allowed(struct str password)
{
    size_t count = utf8_count(password);
    return count >= PASSWORD_SHORTEST && count <= PASSWORD_LONGEST;
}
