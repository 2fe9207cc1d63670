/* POST /se-api/user/add: a new agent account. */
#include <stdio.h>

#include "api/input.h"
#include "api/reply.h"
#include "api/worker.h"

struct add_input {
    struct str username, nickname, password;
};

static const struct input_field add_fields[] = {
    {.name = "username",
     .type = INPUT_NAME,
     .offset = offsetof(struct add_input, username),
     .longest = TENANT_NAME_LONGEST,
     .missing = STATUS_USER_NAME_NULL},
    {.name = "nickname",
     .type = INPUT_NAME,
     .offset = offsetof(struct add_input, nickname),
     .longest = TENANT_NAME_LONGEST},
    {.name = "password",
     .type = INPUT_NAME,
     .offset = offsetof(struct add_input, password),
     .longest = PASSWORD_LONGEST},
};

static const struct input_table add_table = {add_fields, 3, sizeof(struct add_input), NULL};

struct add {
    struct agent_write write;
    char password_hash[PASSWORD_HASH_MAX];
};

static int refuse_password(struct exchange *x)
{
    char message[64];
    snprintf(message, sizeof(message), "password: %d to %d characters expected", PASSWORD_SHORTEST,
             PASSWORD_LONGEST);
    return refuse_with(x, STATUS_REFUSED, message);
}

static int refuse_taken(struct exchange *x)
{
    return refuse_with(x, STATUS_REFUSED, "username: the tenant has a user of that name already");
}

/* What can be judged before the costly part. */
static int read_add(struct exchange *x)
{
    const struct add_input *input = x->input;
    if (!user_name_allowed(input->username)) {
        return refuse_with(x, STATUS_REFUSED,
                           "username: no commas, no control characters, no blanks at its ends");
    }
    if (!password_allowed(input->password))
        return refuse_password(x);
    if (tenant_has_user(x->tenant, input->username))
        return refuse_taken(x);
    struct add *add = exchange_alloc(x, 1, sizeof(*add));
    if (!add)
        return reply_no_memory(x);
    x->state = add;
    return 0;
}

static void hash(struct exchange *x)
{
    const struct add_input *input = x->input;
    struct add *add = x->state;
    int result = password_hash(x->worker->shared->crypto, input->password, add->password_hash);
    if (result < 0)
        (void)refuse_http(x, 503, "cannot hash the password: %s", err_text(result));
}

static int refuse_full(struct exchange *x)
{
    char message[64];
    snprintf(message, sizeof(message), "the tenant has %d agents: no more", TENANT_MAX_AGENTS);
    return refuse_with(x, STATUS_REFUSED, message);
}

static void answer(struct exchange *x, int result)
{
    switch (result) {
    case 0: reply_nothing(x); break;
    case ERR_EXISTS: (void)refuse_taken(x); break;
    case ERR_TOO_LARGE: (void)refuse_full(x); break;
    default: (void)refuse_store(x, result);
    }
}

static void add_agent(struct exchange *x)
{
    const struct add_input *input = x->input;
    struct add *add = x->state;
    add->write = (struct agent_write){
        .tenant_id = x->tenant->id,
        .user_name = input->username,
        .nickname = input->nickname,
        .password_hash = str_of(add->password_hash),
        .now_ms = x->now_ms,
    };
    exchange_write(x, &add->write.call, answer);
    store_agent_add(x->worker->shared->store, &add->write);
}

static void start(struct exchange *x)
{
    exchange_help(x, hash, add_agent);
}

const struct handler user_add = {&add_table, read_add, start};
