#include "transport/sandbox_rules.h"

#include <stddef.h>

#include "domain/number.h"

static const struct sandbox_rule rules[] = {
    {1, HAND_OVER_ACCEPTED, STEP_DELIVERED, NULL}, {2, HAND_OVER_ACCEPTED, STEP_NONE, NULL},
    {3, HAND_OVER_ACCEPTED, STEP_REPLY, NULL},     {4, HAND_OVER_ACCEPTED, STEP_REPLY, "STOP"},
    {401, HAND_OVER_REFUSED, STEP_NONE, NULL},     {402, HAND_OVER_ACCEPTED, STEP_FAIL, NULL},
    {429, HAND_OVER_AGAIN, STEP_READ, NULL},       {500, HAND_OVER_TIMES_OUT, STEP_NONE, NULL},
    {503, HAND_OVER_OFFLINE, STEP_READ, NULL},
};
static const struct sandbox_rule ordinary = {-1, HAND_OVER_ACCEPTED, STEP_READ, NULL};

const struct sandbox_rule *sandbox_rule(int64_t to)
{
    if (number_is_group(to))
        return &ordinary;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].digits == to % 10000)
            return &rules[i];
    return &ordinary;
}

enum sandbox_step sandbox_next(const struct sandbox_rule *rule, enum sandbox_step step,
                               int64_t *ret_after_ms)
{
    if (step == rule->last)
        return STEP_NONE;
    if (rule->last == STEP_FAIL) {
        *ret_after_ms = SANDBOX_FAIL_MS;
        return STEP_FAIL;
    }
    switch (step) {
    case STEP_NONE: *ret_after_ms = SANDBOX_DELIVERED_MS; return STEP_DELIVERED;
    case STEP_DELIVERED: *ret_after_ms = SANDBOX_READ_MS - SANDBOX_DELIVERED_MS; return STEP_READ;
    case STEP_READ: *ret_after_ms = 0; return STEP_REPLY; /* whoever replies has read it just now */
    default: return STEP_NONE;
    }
}

enum message_status sandbox_status(enum sandbox_step step)
{
    switch (step) {
    case STEP_NONE: return MESSAGE_SENT;
    case STEP_DELIVERED: return MESSAGE_DELIVERED;
    case STEP_FAIL: return MESSAGE_FAILED;
    default: return MESSAGE_READ;
    }
}
