/* The sandbox: sends nothing, and behaves as the recipient's number says (sandbox_rules.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "transport/driver.h"
#include "transport/sandbox_groups.h"
#include "transport/sandbox_recall.h"
#include "transport/sandbox_rules.h"

struct sandbox {
    struct transport_driver driver;
    const struct transport_settings *settings;
    const struct transport_listener *listener;
    struct sandbox_journal *journal;
    struct transport_account *away;
    struct transport_send *refused, **refused_last; /* told by the next flush */
    struct transport_queries answers;               /* the same */
    struct transport_queries queries;               /* asked, and told when their time has come */
    size_t under_way;
};

static struct sandbox *sandbox_of(struct transport_driver *driver)
{
    return container_of(driver, struct sandbox, driver);
}

static int64_t now_of(const struct sandbox *sandbox)
{
    return sandbox->settings->clock_ms(sandbox->settings->clock_context);
}

static int64_t scaled(const struct transport_account *account, int64_t ms)
{
    return (int64_t)((double)ms * account->settings.speed);
}

/* --- what is told */

static void tell_reply(struct sandbox *sandbox, int64_t account, int64_t from, struct str id,
                       struct str text, int64_t time_ms)
{
    char reply_id[160];
    snprintf(reply_id, sizeof(reply_id), "%.*s-reply", (int)id.len, id.p);
    const struct transport_incoming incoming = {
        .account = account,
        .from = from,
        .provider_id = str_of(reply_id),
        .content = {.type = CONTENT_TEXT, .text = text},
        .time_ms = time_ms,
    };
    sandbox->listener->incoming(sandbox->listener->context, &incoming);
}

static struct str reply_text(const struct transport_send *send)
{
    const struct sandbox_rule *rule = sandbox_rule(send->to);
    struct str text = send->text.len ? send->text : send->content->url;
    return rule->reply ? str_of(rule->reply) : text;
}

static void copy_reply(const struct transport_send *send, char ret_text[sizeof(send->follow_text)])
{
    struct str text = reply_text(send);
    size_t most = sizeof(send->follow_text) - 1;
    size_t len = text.len <= most ? text.len : utf8_prefix(text.p, most);
    memcpy(ret_text, text.len ? text.p : "", len);
    ret_text[len] = '\0';
}

/* Only at speed 0 has a message been read when its hand-over is told; then the reply is here too. */
static void tell(struct sandbox *sandbox, struct transport_send *send)
{
    char text[sizeof(send->follow_text)], id[sizeof(send->provider_id)];
    int64_t account = send->account, to = send->to, time_ms = send->time_ms;
    bool replies = send->status == MESSAGE_READ && sandbox_rule(to)->last == STEP_REPLY;
    if (replies) {
        copy_reply(send, text);
        memcpy(id, send->provider_id, sizeof(id));
    }
    sandbox->under_way--;
    sandbox->listener->outcome(sandbox->listener->context, send); /* it is the engine's again */
    if (replies)
        tell_reply(sandbox, account, to, str_of(id), str_of(text), time_ms);
}

/* --- hand-overs */

static void clear_outcome(struct transport_send *send, int64_t now_ms)
{
    send->status = MESSAGE_RETRY;
    send->reason = REASON_NONE;
    send->code = 0;
    send->reason_text[0] = send->provider_id[0] = send->follow_text[0] = '\0';
    send->time_ms = now_ms;
    send->retry_after_ms = 0;
    send->account_stopped = send->left = false;
    send->follow_code = 0;
    send->follow_ms = 0;
}

static void refuse(struct sandbox *sandbox, struct transport_send *send)
{
    send->next = NULL;
    *sandbox->refused_last = send;
    sandbox->refused_last = &send->next;
}

/* A wish of 0 would leave the wait to the engine: "at once" is 1 ms. */
static void refuse_for(struct sandbox *sandbox, struct transport_send *send, int64_t wait_ms)
{
    send->retry_after_ms = wait_ms > 0 ? wait_ms : 1;
    refuse(sandbox, send);
}

static void fill_status(enum sandbox_step step, enum message_status *ret_status,
                        enum message_reason *ret_reason, int *ret_code)
{
    *ret_status = sandbox_status(step);
    *ret_reason = step == STEP_FAIL ? REASON_UNDELIVERABLE : REASON_NONE;
    *ret_code = step == STEP_FAIL ? SANDBOX_UNDELIVERABLE : 0;
}

/* The steps that follow: all of them now, or the first one later. */
static void fill_steps(const struct transport_account *account, struct transport_send *send)
{
    const struct sandbox_rule *rule = sandbox_rule(send->to);
    enum sandbox_step step = STEP_NONE, next;
    int64_t after_ms = 0;
    while (account->settings.speed == 0 &&
           (next = sandbox_next(rule, step, &after_ms)) != STEP_NONE && next != STEP_REPLY)
        step = next;
    fill_status(step, &send->status, &send->reason, &send->code);
    if (account->settings.speed == 0)
        return;
    send->follow_code = (int)sandbox_next(rule, STEP_NONE, &after_ms);
    send->follow_ms = send->follow_code ? send->time_ms + scaled(account, after_ms) : 0;
    if (rule->last == STEP_REPLY)
        copy_reply(send, send->follow_text);
}

static void provider_id(const struct transport_account *account, int64_t message, char *ret_id,
                        size_t size)
{
    snprintf(ret_id, size, "sandbox-%" PRId64 "-%" PRId64, account->settings.seed, message);
}

static void accept(struct sandbox *sandbox, const struct transport_account *account,
                   struct transport_send *send)
{
    if (journal_add(sandbox->journal, send) < 0) {
        refuse(sandbox, send);
        return;
    }
    send->left = true;
    if (sandbox_rule(send->to)->hand_over == HAND_OVER_TIMES_OUT) {
        send->status = MESSAGE_FAILED;
        send->reason = REASON_TIMED_OUT;
        return;
    }
    provider_id(account, send->message, send->provider_id, sizeof(send->provider_id));
    fill_steps(account, send);
}

static void refuse_number(struct sandbox *sandbox, struct transport_send *send)
{
    send->status = MESSAGE_FAILED;
    send->reason = REASON_NOT_ON_WHATSAPP;
    refuse(sandbox, send);
}

static void tell_online(const struct sandbox *sandbox, const struct transport_account *account)
{
    sandbox->listener->online(sandbox->listener->context, account->number, account->back_ms == 0,
                              account->since_ms,
                              account->back_ms ? "the sandbox plays offline" : "");
}

static void go_away(struct sandbox *sandbox, struct transport_account *account, int64_t now_ms)
{
    account->since_ms = now_ms;
    account->back_ms = now_ms + scaled(account, SANDBOX_AWAY_MS);
    account->next_away = sandbox->away;
    sandbox->away = account;
    tell_online(sandbox, account);
}

static void sandbox_send(struct transport_driver *driver, struct transport_account *account,
                         struct transport_send *send)
{
    struct sandbox *sandbox = sandbox_of(driver);
    enum sandbox_hand_over hand_over = sandbox_rule(send->to)->hand_over;
    int64_t now_ms = now_of(sandbox);
    sandbox->under_way++;
    clear_outcome(send, now_ms);
    if (hand_over == HAND_OVER_OFFLINE && send->tries <= 1 && account->back_ms == 0)
        go_away(sandbox, account, now_ms);
    if (account->back_ms)
        refuse_for(sandbox, send, account->back_ms - now_ms);
    else if (hand_over == HAND_OVER_REFUSED)
        refuse_number(sandbox, send);
    else if (hand_over == HAND_OVER_AGAIN && send->tries <= SANDBOX_AGAIN_TRIES)
        refuse_for(sandbox, send, scaled(account, SANDBOX_AGAIN_MS));
    else
        accept(sandbox, account, send);
}

/* --- questions */

static void tell_answer(struct sandbox *sandbox, struct transport_query *query)
{
    query->answer.time_ms = now_of(sandbox);
    sandbox->listener->answered(sandbox->listener->context, query); /* it is the engine's again */
}

static void tell_answers(struct sandbox *sandbox)
{
    for (struct transport_query *query; (query = TAILQ_FIRST(&sandbox->answers));) {
        TAILQ_REMOVE(&sandbox->answers, query, next);
        sandbox->under_way--;
        tell_answer(sandbox, query);
    }
}

static void answer_again(struct sandbox *sandbox, struct transport_query *query, int64_t wait_ms)
{
    query->answer.result = QUERY_AGAIN;
    query->answer.retry_after_ms = wait_ms;
    sandbox->under_way++;
    TAILQ_INSERT_TAIL(&sandbox->answers, query, next);
}

static void wait_for_answer(struct sandbox *sandbox, struct transport_query *query)
{
    query->waits = true;
    TAILQ_INSERT_TAIL(&sandbox->queries, query, next);
}

/* Also for what was asked before a crash: then it is the answer of that time. */
static void make_answer(const struct transport_account *account, struct transport_query *query,
                        int64_t now_ms)
{
    query->answer.result = QUERY_ANSWERED;
    query->due_ms = now_ms;
    if (query->kind == QUERY_CHECK)
        query->answer.exists = sandbox_exists(query->number);
    else if (query->kind == QUERY_INFO)
        sandbox_link_info(account->settings.seed, query->code, &query->answer);
    else
        sandbox_link_join(account->settings.seed, query->code, &query->answer);
    if (query->kind != QUERY_CHECK)
        query->due_ms = now_ms + scaled(account, SANDBOX_LINK_MS);
    if (query->kind == QUERY_INFO && sandbox_link_hangs(query->code))
        query->due_ms = INT64_MAX;
}

static void sandbox_query(struct transport_driver *driver, struct transport_account *account,
                          struct transport_query *query)
{
    struct sandbox *sandbox = sandbox_of(driver);
    int64_t now_ms = now_of(sandbox);
    if (query->left != 1 && account->back_ms) {
        answer_again(sandbox, query, account->back_ms - now_ms);
        return;
    }
    make_answer(account, query, query->left == 1 ? query->asked_ms : now_ms);
    if (query->left == 1)
        wait_for_answer(sandbox, query);
    else if (journal_add_query(sandbox->journal, query) < 0)
        answer_again(sandbox, query, 1);
    else
        sandbox->under_way++;
}

static bool sandbox_query_cancel(struct transport_driver *driver, struct transport_query *query)
{
    if (!query->waits)
        return false;
    query->waits = false;
    TAILQ_REMOVE(&sandbox_of(driver)->queries, query, next);
    return true;
}

static void queries_told(void *context, struct transport_queries *queries, bool written)
{
    struct sandbox *sandbox = context;
    int64_t now_ms = now_of(sandbox);
    for (struct transport_query *query; (query = TAILQ_FIRST(queries));) {
        TAILQ_REMOVE(queries, query, next);
        sandbox->under_way--;
        if (!written)
            query->answer = (struct query_answer){.result = QUERY_AGAIN};
        if (written && query->due_ms > now_ms)
            wait_for_answer(sandbox, query);
        else
            tell_answer(sandbox, query);
    }
}

static int64_t tell_due(struct sandbox *sandbox, int64_t now_ms, int64_t never_ms)
{
    struct transport_query *query = TAILQ_FIRST(&sandbox->queries), *next;
    for (; query; query = next) {
        next = TAILQ_NEXT(query, next);
        if (query->due_ms > now_ms) {
            never_ms = query->due_ms < never_ms ? query->due_ms : never_ms;
            continue;
        }
        (void)sandbox_query_cancel(&sandbox->driver, query);
        tell_answer(sandbox, query);
    }
    return never_ms;
}

static void sandbox_query_recall(struct transport_driver *driver,
                                 struct transport_query *const *queries, size_t count)
{
    sandbox_recall_queries(sandbox_of(driver)->journal, queries, count);
}

static void sandbox_flush(struct transport_driver *driver)
{
    struct sandbox *sandbox = sandbox_of(driver);
    struct transport_send *send = sandbox->refused, *next;
    sandbox->refused = NULL;
    sandbox->refused_last = &sandbox->refused;
    journal_flush(sandbox->journal);
    for (; send; send = next) {
        next = send->next;
        tell(sandbox, send);
    }
    tell_answers(sandbox);
}

static void batch_told(void *context, struct transport_send *sends, bool written)
{
    struct sandbox *sandbox = context;
    for (struct transport_send *send = sends, *next; send; send = next) {
        next = send->next;
        if (!written)
            clear_outcome(send, now_of(sandbox));
        tell(sandbox, send);
    }
}

static size_t sandbox_under_way(const struct transport_driver *driver)
{
    return ((const struct sandbox *)(const void *)driver)->under_way;
}

/* --- later */

static void tell_step(struct sandbox *sandbox, const struct transport_account *account,
                      const struct transport_status *known, int64_t to, enum sandbox_step step,
                      struct str text)
{
    struct transport_status status = *known;
    int64_t after_ms = 0;
    fill_status(step, &status.status, &status.reason, &status.code);
    status.follow_code = (int)sandbox_next(sandbox_rule(to), step, &after_ms);
    status.follow_ms = status.follow_code ? status.time_ms + scaled(account, after_ms) : 0;
    status.follow_text = status.follow_code ? text : (struct str){0};
    sandbox->listener->status(sandbox->listener->context, &status);
}

static void sandbox_follow_up(struct transport_driver *driver, struct transport_account *account,
                              int64_t message, int64_t to, int code, int64_t due_ms,
                              struct str text)
{
    struct sandbox *sandbox = sandbox_of(driver);
    char id[sizeof(((struct transport_send *)NULL)->provider_id)];
    provider_id(account, message, id, sizeof(id));
    const struct transport_status status = {.message = message,
                                            .account = account->number,
                                            .provider_id = str_of(id),
                                            .time_ms = due_ms};
    if (code == STEP_REPLY)
        tell_reply(sandbox, account->number, to, str_of(id), text, due_ms);
    else if (code > STEP_NONE && code <= STEP_FAIL) /* else a newer program's */
        tell_step(sandbox, account, &status, to, (enum sandbox_step)code, text);
}

static int64_t sandbox_tick(struct transport_driver *driver, int64_t now_ms, int64_t never_ms)
{
    struct sandbox *sandbox = sandbox_of(driver);
    struct transport_account **link = &sandbox->away, *account;
    while ((account = *link)) {
        if (account->back_ms > now_ms) {
            never_ms = account->back_ms < never_ms ? account->back_ms : never_ms;
            link = &account->next_away;
            continue;
        }
        *link = account->next_away;
        account->back_ms = 0;
        account->since_ms = now_ms;
        tell_online(sandbox, account);
    }
    return tell_due(sandbox, now_ms, never_ms);
}

static void sandbox_recall(struct transport_driver *driver, struct transport_recall *messages,
                           size_t count)
{
    struct sandbox *sandbox = sandbox_of(driver);
    if (sandbox->settings->sandbox_recall)
        sandbox_recall_messages(sandbox->journal, messages, count);
}

/* --- accounts */

static void sandbox_account_set(struct transport_driver *driver, struct transport_account *account)
{
    struct sandbox *sandbox = sandbox_of(driver);
    if (account->since_ms == 0)
        account->since_ms = now_of(sandbox);
    tell_online(sandbox, account);
}

static void sandbox_account_remove(struct transport_driver *driver,
                                   struct transport_account *account)
{
    struct transport_account **link = &sandbox_of(driver)->away;
    while (*link && *link != account)
        link = &(*link)->next_away;
    if (*link)
        *link = account->next_away;
}

static int sandbox_in_flight_max(const struct transport_account *account)
{
    return account->settings.in_flight;
}

/* --- the driver */

static int sandbox_open(const struct transport_settings *settings,
                        const struct transport_listener *listener,
                        struct transport_driver **ret_driver, char *why, size_t why_size)
{
    struct sandbox *sandbox = calloc(1, sizeof(*sandbox));
    if (!sandbox) {
        snprintf(why, why_size, "sandbox: %s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    sandbox->driver.kind = &sandbox_kind;
    sandbox->settings = settings;
    sandbox->listener = listener;
    sandbox->refused_last = &sandbox->refused;
    TAILQ_INIT(&sandbox->answers);
    TAILQ_INIT(&sandbox->queries);
    const struct sandbox_journal_settings journal = {.directory = settings->directory,
                                                     .home = settings->mailbox,
                                                     .context = sandbox,
                                                     .told = batch_told,
                                                     .told_queries = queries_told};
    int result = journal_open(&journal, &sandbox->journal, why, why_size);
    if (result < 0)
        free(sandbox);
    else
        *ret_driver = &sandbox->driver;
    return result;
}

static void sandbox_close(struct transport_driver *driver)
{
    journal_close(sandbox_of(driver)->journal);
    free(sandbox_of(driver));
}

const struct transport_driver_kind sandbox_kind = {
    .name = "sandbox",
    .open = sandbox_open,
    .close = sandbox_close,
    .account_set = sandbox_account_set,
    .account_remove = sandbox_account_remove,
    .in_flight_max = sandbox_in_flight_max,
    .send = sandbox_send,
    .query = sandbox_query,
    .query_cancel = sandbox_query_cancel,
    .flush = sandbox_flush,
    .under_way = sandbox_under_way,
    .follow_up = sandbox_follow_up,
    .recall = sandbox_recall,
    .query_recall = sandbox_query_recall,
    .tick = sandbox_tick,
};
