/* What the tests of questions share: the store's clock, and what the sandbox's journal says was asked. */
#ifndef WSCRM_TESTS_UNIT_ENGINE_ASKED_H
#define WSCRM_TESTS_UNIT_ENGINE_ASKED_H

#include "engine/world.h"

#define SECOND INT64_C(1000)
#define DAY    (24 * HOUR)

/* The store's own clock, by which it forgets. */
static _Atomic int64_t store_now = NOW;

static inline int64_t store_clock(void)
{
    return store_now;
}

static inline int start(void **state)
{
    world_start(state);
    struct harness *h = ((struct world *)*state)->h;
    store_now = NOW;
    h->settings.clock_ms = store_clock;
    harness_reopen(h);
    return 0;
}

static inline void run_reads(struct world *w, struct store_call *call)
{
    while (call->owner)
        store_reads_run(w->h->reader);
    assert_true(call->result >= 0);
}

/* --- the journal: how often each (kind, to) stands in it, and the pace */

struct line {
    char kind[8], to[80];
    int64_t from, time_ms;
};

static inline struct line *read_lines(struct world *w, size_t *ret_count)
{
    char path[128], text[512];
    size_t count = 0, room = 64;
    struct line *lines = calloc(room, sizeof(*lines));
    snprintf(path, sizeof(path), "%s/sandbox.journal", w->h->directory);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(text, sizeof(text), file)) {
        long long time_ms, tenant, from;
        if (count == room)
            lines = realloc(lines, (room *= 2) * sizeof(*lines));
        assert_non_null(lines);
        struct line *line = &lines[count++];
        assert_int_equal(sscanf(text,
                                "{\"time\":%lld,\"tenant\":%lld,\"kind\":\"%7[a-z]\","
                                "\"from\":\"%lld\",\"to\":\"%79[^\"]\"}",
                                &time_ms, &tenant, line->kind, &from, line->to),
                         5);
        line->time_ms = time_ms;
        line->from = from;
    }
    fclose(file);
    *ret_count = count;
    return lines;
}

static inline int by_kind_and_to(const void *a, const void *b)
{
    const struct line *left = a, *right = b;
    int order = strcmp(left->kind, right->kind);
    return order ? order : strcmp(left->to, right->to);
}

/* Each question was asked once, and there are so many. */
static inline void assert_asked_once(struct world *w, size_t expected)
{
    size_t count;
    struct line *lines = read_lines(w, &count);
    qsort(lines, count, sizeof(*lines), by_kind_and_to);
    for (size_t i = 1; i < count; i++)
        if (by_kind_and_to(&lines[i - 1], &lines[i]) == 0)
            fail_msg("%s of %s twice", lines[i].kind, lines[i].to);
    free(lines);
    assert_int_equal(count, expected);
}

static inline void assert_pace(struct world *w, int64_t account, const char *kind,
                               int64_t interval_ms)
{
    size_t count;
    struct line *lines = read_lines(w, &count);
    int64_t last_ms = 0;
    for (size_t i = 0; i < count; i++) {
        if (lines[i].from != account || strcmp(lines[i].kind, kind) != 0)
            continue;
        if (last_ms && lines[i].time_ms - last_ms < interval_ms)
            fail_msg("%s: %lld ms between two", kind, (long long)(lines[i].time_ms - last_ms));
        last_ms = lines[i].time_ms;
    }
    free(lines);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, start, world_end)

#endif
