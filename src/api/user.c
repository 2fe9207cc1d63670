/* POST /se-api/user/query: an agent, or the admin, by name.
 * POST /se-api/user/del: removes an agent.
 * POST /group-dispatch-api/user/listUserByTenantId: all agents.
 *
 * `username` is who the call is about; in the body scheme `userName` is who signs it. */
#include <stdio.h>

#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

struct user_input {
    struct str username;
};

static const struct input_field user_fields[] = {
    {.name = "username",
     .type = INPUT_NAME,
     .offset = offsetof(struct user_input, username),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_USER_NAME_NULL},
};

static const struct input_table user_table = {user_fields, 1, sizeof(struct user_input), NULL};

/* --- query */

/* Agents' ids are unique across tenants, and so are tenants': these two never meet, and have 19 digits,
 * which is how long clients know them. */
#define GUID_OF_AGENTS INT64_C(1000000000000000000)
#define GUID_OF_ADMINS INT64_C(2000000000000000000)

struct user {
    int64_t id, guid;
    struct str name, nickname;
};

static void reply_user(struct exchange *x, const struct user *user)
{
    char guid[24];
    snprintf(guid, sizeof(guid), "%lld", (long long)user->guid);
    struct buf *b = reply_begin(x);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "mainUserId", x->tenant->id);
    buf_add_json_i64(b, "tenantId", x->tenant->id);
    buf_add_json_text(b, "username", user->name);
    buf_add_json_text(b, "nickname", user->nickname);
    buf_add_json_text(b, "guid", str_of(guid));
    buf_add_json_i64(b, "userId", user->id);
    buf_add_char(b, '}');
    reply_end(x);
}

static void start_query(struct exchange *x)
{
    const struct user_input *input = x->input;
    const struct tenant *tenant = x->tenant;
    const struct agent *agent = tenant_agent(tenant, input->username);
    if (agent) {
        reply_user(x, &(struct user){agent->id, GUID_OF_AGENTS + agent->id, agent->user_name,
                                     agent->nickname});
    } else if (str_eq(tenant->admin, input->username)) {
        /* The admin account is not among the agents: the tenant's id is his. */
        reply_user(x, &(struct user){tenant->id, GUID_OF_ADMINS + tenant->id, tenant->admin, {0}});
    } else {
        (void)refuse(x, STATUS_USER_NAME);
    }
    exchange_finish(x);
}

/* --- del */

static void answer_del(struct exchange *x, int result)
{
    if (result == 0)
        reply_nothing(x);
    else if (result == ERR_NOT_FOUND)
        (void)refuse(x, STATUS_USER_NAME);
    else
        (void)refuse_store(x, result);
}

static int read_del(struct exchange *x)
{
    const struct user_input *input = x->input;
    if (str_eq(x->tenant->admin, input->username))
        return refuse_with(x, STATUS_REFUSED, "username: the admin account cannot be deleted");
    x->state = exchange_alloc(x, 1, sizeof(struct agent_write));
    return x->state ? 0 : reply_no_memory(x);
}

static void start_del(struct exchange *x)
{
    const struct user_input *input = x->input;
    struct agent_write *write = x->state;
    *write = (struct agent_write){
        .tenant_id = x->tenant->id,
        .user_name = input->username,
        .cause = x->route->path,
        .now_ms = x->now_ms,
    };
    exchange_write(x, &write->call, answer_del);
    store_agent_remove(x->worker->shared->store, write);
}

/* --- list */

static void start_list(struct exchange *x)
{
    struct buf *b = reply_begin(x);
    buf_add_char(b, '[');
    for (size_t i = 0; i < x->tenant->agent_count; i++) {
        const struct agent *agent = &x->tenant->agents[i];
        buf_add_json_comma(b);
        buf_add_char(b, '{');
        buf_add_json_i64(b, "userId", agent->id);
        buf_add_json_text(b, "userName", agent->user_name);
        buf_add_json_text(b, "nickname", agent->nickname);
        buf_add_char(b, '}');
    }
    buf_add_char(b, ']');
    reply_end(x);
    exchange_finish(x);
}

const struct handler user_query = {&user_table, NULL, start_query};
const struct handler user_del = {&user_table, read_del, start_del};
const struct handler user_list = {&input_nothing, NULL, start_list};
