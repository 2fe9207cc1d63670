/* Turns of the engine as calls that wait; on top of task_calls.h. */
#ifndef WSCRM_TESTS_UNIT_STORE_TURN_CALLS_H
#define WSCRM_TESTS_UNIT_STORE_TURN_CALLS_H

#include "store/messages.h"
#include "store/task_calls.h"

#define CLAIMED_MAX 100

/* Runs a turn whose counts and items the caller has filled; its tasks are kept. */
static inline const struct messages_turn *turn(struct harness *h, struct messages_turn op)
{
    static struct turn_task tasks[TURN_MAX_ITEMS];
    static struct messages_turn done;
    done = op;
    done.call = harness_call(h);
    done.now_ms = op.now_ms ? op.now_ms : NOW + 10;
    done.tasks = tasks;
    store_messages_turn(h->store, &done);
    assert_int_equal(harness_wait(h, &done.call), 0);
    return &done;
}

struct claimed {
    struct message_claim claim;
    struct message_claimed messages[CLAIMED_MAX];
    bool lane_empty[8];
};

/* Valid until the next call. */
static inline const struct claimed *claim_at(struct harness *h, int64_t account,
                                             const int64_t *lanes, size_t lane_count, size_t want,
                                             int64_t now_ms)
{
    static struct claimed claimed;
    memset(&claimed, 0, sizeof(claimed));
    claimed.claim = (struct message_claim){.tenant_id = TENANT,
                                           .account = account,
                                           .lanes = lanes,
                                           .lane_count = lane_count,
                                           .want = want,
                                           .messages = claimed.messages,
                                           .lane_empty = claimed.lane_empty};
    turn(h, (struct messages_turn){.now_ms = now_ms, .claims = &claimed.claim, .claim_count = 1});
    return &claimed;
}

static inline const struct claimed *claim(struct harness *h, int64_t account, int64_t task,
                                          size_t want)
{
    return claim_at(h, account, &task, 1, want, 0);
}

static inline struct message_news news_of(int64_t message, int64_t account,
                                          enum message_status status)
{
    return (struct message_news){
        .message = message, .account = account, .status = status, .time_ms = NOW + 20};
}

/* An outcome, or news, alone; as it was left. */
static inline struct message_news outcome(struct harness *h, struct message_news news)
{
    turn(h, (struct messages_turn){.outcomes = &news, .outcome_count = 1});
    return news;
}

static inline struct message_news tell(struct harness *h, struct message_news news)
{
    turn(h, (struct messages_turn){.news = &news, .news_count = 1});
    return news;
}

static inline struct message_incoming incoming_of(int64_t account, int64_t number, const char *text)
{
    return (struct message_incoming){.account = account,
                                     .number = number,
                                     .content = STR("{\"type\":1,\"text\":\"in\"}"),
                                     .text = str_of(text),
                                     .time_ms = NOW + 30};
}

static inline struct message_incoming receive(struct harness *h, struct message_incoming incoming)
{
    turn(h, (struct messages_turn){.incoming = &incoming, .incoming_count = 1});
    return incoming;
}

/* "total sent delivered read replied failed left" */
static inline const char *counts(struct harness *h, int64_t task_id)
{
    static struct text text;
    const struct message_counts *is = &task_of(h, task_id)->task.counts;
    memset(&text, 0, sizeof(text));
    text_add(&text, "%d %d %d %d %d %d %d", (int)is->total, (int)is->sent, (int)is->delivered,
             (int)is->read, (int)is->replied, (int)is->failed, (int)is->left);
    return text.bytes;
}

/* --- what an engine loads */

struct loaded {
    struct engine_load load;
    struct text text;
};

static inline void text_in_flight(struct engine_load *load, const struct in_flight *message)
{
    struct loaded *loaded = (struct loaded *)load;
    assert_int_equal(message->tenant_id, TENANT);
    text_add(&loaded->text, " flight:%" PRId64 "@%" PRId64, message->message & 0xfffffff,
             message->account - SENDER);
}

static inline void text_pace(struct engine_load *load, const struct account_pace *pace)
{
    struct loaded *loaded = (struct loaded *)load;
    text_add(&loaded->text, " pace:%" PRId64 "+%" PRId64 ",%" PRId64 ",%" PRId64,
             pace->account - SENDER, pace->due_ms - NOW, pace->day, pace->sent);
}

static inline void text_retry(struct engine_load *load, int64_t account, int64_t retry_ms)
{
    struct loaded *loaded = (struct loaded *)load;
    text_add(&loaded->text, " retry:%" PRId64 "+%" PRId64, account - SENDER, retry_ms - NOW);
}

static inline void text_outside(struct engine_load *load, int64_t account)
{
    struct loaded *loaded = (struct loaded *)load;
    text_add(&loaded->text, " outside:%" PRId64, account - SENDER);
}

/* With a blank before each; valid until the next call. */
static inline const char *loaded(struct harness *h)
{
    static struct loaded loaded;
    memset(&loaded, 0, sizeof(loaded));
    loaded.load = (struct engine_load){.call = harness_call(h),
                                       .in_flight = text_in_flight,
                                       .pace = text_pace,
                                       .retry = text_retry,
                                       .outside = text_outside};
    store_engine_load(h->reader, &loaded.load);
    run_read(h, &loaded.load.call);
    assert_int_equal(loaded.load.call.result, 0);
    return loaded.text.bytes;
}

#endif
