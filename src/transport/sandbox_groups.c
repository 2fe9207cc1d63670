#include "transport/sandbox_groups.h"

#include <stdio.h>
#include <string.h>

#include "transport/sandbox_rules.h"

/* Ids of group chats begin so, and have 18 digits. */
#define GROUP_ID_FIRST INT64_C(120363000000000000)
#define GROUP_ID_COUNT UINT64_C(1000000000000)
#define GROUP_FULL     1024

bool sandbox_exists(int64_t number)
{
    return sandbox_rule(number)->hand_over != HAND_OVER_REFUSED;
}

bool sandbox_link_hangs(const char *code)
{
    return code[0] == 'P';
}

static void make_up(int64_t seed, const char *code, struct query_answer *answer)
{
    static const char *const kinds[] = {"Friends", "Traders", "Family", "Club",
                                        "Market",  "Fans",    "Team",   "Neighbours"};
    static const char *const places[] = {"Lima",  "Berlin", "Nairobi", "Osaka",
                                         "Porto", "Quito",  "Austin",  "Mumbai"};
    uint64_t hash = hash_bytes(code, strlen(code), (uint64_t)seed);
    answer->group = GROUP_ID_FIRST + (int64_t)(hash % GROUP_ID_COUNT);
    answer->members = code[0] == 'F' ? GROUP_FULL : 2 + (int64_t)(hash >> 40) % 1000;
    snprintf(answer->name, sizeof(answer->name), "%s %s %.6s", places[hash >> 61],
             kinds[hash >> 58 & 7], code);
}

void sandbox_link_info(int64_t seed, const char *code, struct query_answer *answer)
{
    answer->result = QUERY_ANSWERED;
    switch (code[0]) {
    case 'X':
    case 'P':
        answer->link = GROUP_LINK_INVALID;
        snprintf(answer->reason, sizeof(answer->reason), "no such group");
        return;
    case 'R':
        answer->link = GROUP_LINK_REVOKED;
        snprintf(answer->reason, sizeof(answer->reason), "the link was revoked");
        return;
    case 'F': answer->link = GROUP_LINK_FULL; break;
    case 'A': answer->link = GROUP_LINK_APPROVAL; break;
    default: answer->link = GROUP_LINK_OK; break;
    }
    make_up(seed, code, answer);
}

void sandbox_link_join(int64_t seed, const char *code, struct query_answer *answer)
{
    sandbox_link_info(seed, code, answer);
    answer->join = GROUP_JOIN_FAILED;
    if (answer->link == GROUP_LINK_OK)
        answer->join = GROUP_JOIN_JOINED;
    else if (answer->link == GROUP_LINK_APPROVAL)
        answer->join = GROUP_JOIN_APPROVAL;
    else if (answer->link == GROUP_LINK_FULL)
        snprintf(answer->reason, sizeof(answer->reason), "the group is full");
}
