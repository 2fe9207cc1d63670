/* wscrm agent … */
#include <inttypes.h>

#include "base/clock.h"
#include "domain/tenant.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"

static int take_agent(struct context *context, struct agent_write *write)
{
    write->now_ms = clock_real_ms();
    write->user_name = argument(context, "USERNAME");
    if (argument_tenant_id(context, "tenant", &write->tenant_id) < 0)
        return ERR_INVALID;
    if (!user_name_allowed(write->user_name)) {
        complain(context, "USERNAME: 1 to %d characters without commas expected",
                 TENANT_NAME_LONGEST);
        return ERR_INVALID;
    }
    return 0;
}

/* What `agent add` and `agent set` have in common. */
static int take_settings(struct context *context, struct agent_write *write)
{
    struct str password = argument(context, "password-stdin");
    if (take_agent(context, write) < 0 ||
        argument_text(context, "nickname", TENANT_NAME_LONGEST, &write->nickname) < 0)
        return ERR_INVALID;
    if (password.p && !password_allowed(password)) {
        complain(context, "the password: %d to %d characters expected", PASSWORD_SHORTEST,
                 PASSWORD_LONGEST);
        return ERR_INVALID;
    }
    return 0;
}

static int hash_password(struct context *context, char room[PASSWORD_HASH_MAX],
                         struct agent_write *write)
{
    struct str password = argument(context, "password-stdin");
    if (!password.p)
        return 0;
    int result = password_hash(context->crypto, password, room);
    if (result == 0)
        write->password_hash = str_of(room);
    return result;
}

static int write_agent(struct context *context,
                       void (*verb)(struct store *store, struct agent_write *write),
                       struct agent_write *write)
{
    struct sync sync;
    sync_begin(&sync, context, &write->call);
    verb(context->store, write);
    return sync_end(&sync, &write->call);
}

int agent_add(struct context *context)
{
    char room[PASSWORD_HASH_MAX];
    struct agent_write write = {0};
    if (take_settings(context, &write) < 0)
        return EXIT_WRONG_USE;
    int result = hash_password(context, room, &write);
    if (result == 0)
        result = write_agent(context, store_agent_add, &write);
    switch (result) {
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, write.tenant_id); break;
    case ERR_EXISTS:
        complain(context, "the tenant has a user \"%.*s\" already", (int)write.user_name.len,
                 write.user_name.p);
        break;
    case ERR_TOO_LARGE:
        complain(context, "the tenant has %d agents: no more", TENANT_MAX_AGENTS);
        break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

/* The outcome of a verb on an agent who is there. */
static int outcome_of_own(struct context *context, int result, const struct agent_write *write)
{
    if (result == ERR_NOT_FOUND) {
        complain(context, "tenant %" PRId64 " has no agent \"%.*s\"", write->tenant_id,
                 (int)write->user_name.len, write->user_name.p);
        return EXIT_FAILED;
    }
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

int agent_set(struct context *context)
{
    char room[PASSWORD_HASH_MAX];
    struct agent_write write = {0};
    if (context->arguments->count == 2) {
        complain(context, "nothing to set; `wscrm agent set --help` lists what can be");
        return EXIT_WRONG_USE;
    }
    if (take_settings(context, &write) < 0)
        return EXIT_WRONG_USE;
    int result = hash_password(context, room, &write);
    if (result == 0)
        result = write_agent(context, store_agent_set, &write);
    return outcome_of_own(context, result, &write);
}

int agent_remove(struct context *context)
{
    struct agent_write write = {0};
    if (take_agent(context, &write) < 0)
        return EXIT_WRONG_USE;
    write.cause = STR("wscrm agent remove");
    return outcome_of_own(context, write_agent(context, store_agent_remove, &write), &write);
}

int agent_list(struct context *context)
{
    static const char *const headers[] = {"ID", "USER NAME", "NICKNAME", NULL};
    struct tenants *tenants;
    const struct tenant *tenant;
    struct table table;
    int status = context_tenant(context, "tenant", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&table, context->out, headers);
    for (size_t i = 0; i < tenant->agent_count; i++) {
        table_add_i64(&table, tenant->agents[i].id);
        table_add(&table, tenant->agents[i].user_name);
        table_add(&table, tenant->agents[i].nickname);
    }
    tenants_unref(tenants);
    int result = table_end(&table);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
