#include "transport/sandbox_recall.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

/* The text behind `name`, which is written with its quotes; len 0: not there. A text cannot contain it:
 * quotes within it are escaped. */
static struct str text_of(struct str line, struct str name)
{
    const char *found = memmem(line.p, line.len, name.p, name.len);
    if (!found)
        return (struct str){0};
    struct str rest = {found + name.len, line.len - name.len - (size_t)(found - line.p)};
    return str_split(&rest, '"');
}

static int64_t number_of(struct str line, struct str name)
{
    int64_t number = 0;
    return str_to_i64(text_of(line, name), &number) == 0 ? number : 0;
}

/* A torn line, which a later start has ended, is no JSON. */
static bool is_whole(struct str line)
{
    struct json_error error;
    return json_scan(line, 16, &error) == 0;
}

/* --- messages */

struct messages {
    struct transport_recall *items;
    size_t count;
};

static int compare(const void *a, const void *b)
{
    const struct transport_recall *left = a, *right = b;
    return (left->message > right->message) - (left->message < right->message);
}

static void judge_message(void *context, struct str line)
{
    const struct messages *messages = context;
    struct transport_recall wanted = {.message = number_of(line, STR("\"msgId\":\""))};
    struct transport_recall *found =
        bsearch(&wanted, messages->items, messages->count, sizeof(wanted), compare);
    if (found && number_of(line, STR("\"from\":\"")) == found->account &&
        memmem(line.p, line.len, "\"kind\":\"message\"", 16) && is_whole(line))
        found->left = 1;
}

void sandbox_recall_messages(struct sandbox_journal *journal, struct transport_recall *messages,
                             size_t count)
{
    struct messages all = {messages, count};
    qsort(messages, count, sizeof(*messages), compare);
    int result = journal_scan(journal, judge_message, &all);
    for (size_t i = 0; i < count && result == 0; i++)
        messages[i].left = messages[i].left == 1;
}

/* --- questions */

/* By (kind, account, subject): no two of one tenant are the same at once, and an account has one tenant. */
struct key {
    enum query_kind kind;
    int64_t account;
    char to[GROUP_CODE_LONGEST + 1];
    struct transport_query *query;
};

struct keys {
    struct key *items;
    size_t count;
};

static int compare_keys(const void *a_, const void *b_)
{
    const struct key *a = a_, *b = b_;
    int order = (a->account > b->account) - (a->account < b->account);
    if (order == 0)
        order = (int)a->kind - (int)b->kind;
    return order ? order : strcmp(a->to, b->to);
}

static bool read_kind(struct str text, enum query_kind *ret_kind)
{
    if (str_is(text, "check"))
        *ret_kind = QUERY_CHECK;
    else if (str_is(text, "info"))
        *ret_kind = QUERY_INFO;
    else if (str_is(text, "join"))
        *ret_kind = QUERY_JOIN;
    else
        return false;
    return true;
}

static int64_t time_of(struct str line)
{
    struct str name = STR("{\"time\":");
    int64_t time_ms = 0;
    if (line.len < name.len || memcmp(line.p, name.p, name.len) != 0)
        return 0;
    struct str rest = {line.p + name.len, line.len - name.len};
    return str_to_i64(str_split(&rest, ','), &time_ms) == 0 ? time_ms : 0;
}

static void judge_query(void *context, struct str line)
{
    const struct keys *keys = context;
    struct str to = text_of(line, STR("\"to\":\""));
    struct key wanted = {.account = number_of(line, STR("\"from\":\""))};
    if (!read_kind(text_of(line, STR("\"kind\":\"")), &wanted.kind) || to.len >= sizeof(wanted.to))
        return;
    memcpy(wanted.to, to.len ? to.p : "", to.len);
    const struct key *found =
        bsearch(&wanted, keys->items, keys->count, sizeof(wanted), compare_keys);
    if (found && time_of(line) >= found->query->asked_ms && is_whole(line))
        found->query->left = 1;
}

static void fill_key(struct transport_query *query, struct key *key)
{
    *key = (struct key){.kind = query->kind, .account = query->account, .query = query};
    if (query->kind == QUERY_CHECK)
        snprintf(key->to, sizeof(key->to), "%lld", (long long)query->number);
    else
        snprintf(key->to, sizeof(key->to), "%s", query->code);
}

void sandbox_recall_queries(struct sandbox_journal *journal, struct transport_query *const *queries,
                            size_t count)
{
    struct keys keys = {calloc(count + 1, sizeof(struct key)), count};
    if (!keys.items)
        return;
    for (size_t i = 0; i < count; i++)
        fill_key(queries[i], &keys.items[i]);
    qsort(keys.items, count, sizeof(struct key), compare_keys);
    int result = journal_scan(journal, judge_query, &keys);
    for (size_t i = 0; i < count && result == 0; i++)
        queries[i]->left = queries[i]->left == 1;
    free(keys.items);
}
