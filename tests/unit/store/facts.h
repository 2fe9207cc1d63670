/* Opt-outs, history and groups as calls that wait and as texts; on top of harness.h. */
#ifndef WSCRM_TESTS_UNIT_STORE_FACTS_H
#define WSCRM_TESTS_UNIT_STORE_FACTS_H

#include <inttypes.h>

#include "store/harness.h"

#define NUMBER INT64_C(8618217331411)
/* The two forms of one Mexican line. */
#define PLAIN  INT64_C(525512345678)
#define MARKED INT64_C(5215512345678)

struct text {
    char bytes[8192];
    size_t len;
};

static inline void __attribute__((format(printf, 2, 3)))
text_add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    text->len += (size_t)vsnprintf(text->bytes + text->len, sizeof(text->bytes) - text->len, format,
                                   arguments);
    va_end(arguments);
    assert_true(text->len < sizeof(text->bytes));
}

static inline void run_read(struct harness *h, struct store_call *call)
{
    while (call->owner)
        store_reads_run(h->reader);
}

/* --- opt-outs */

static inline int opt_out(struct harness *h, int64_t tenant_id, int64_t now_ms,
                          const int64_t *numbers, size_t count, bool opted_out, const char *reason)
{
    struct opt_outs_set op = {.call = harness_call(h),
                              .tenant_id = tenant_id,
                              .now_ms = now_ms,
                              .cause = STR("test"),
                              .numbers = numbers,
                              .count = count,
                              .opt_out = opted_out,
                              .reason = str_of(reason)};
    store_opt_outs_set(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int opt_out_one(struct harness *h, int64_t now_ms, int64_t number, bool opted_out,
                              const char *reason)
{
    return opt_out(h, TENANT, now_ms, &number, 1, opted_out, reason);
}

struct opt_out_text {
    struct opt_outs_get get;
    struct text text;
};

static inline void add_opt_out(struct opt_outs_get *get, size_t index,
                               const struct opt_out *opt_out)
{
    struct opt_out_text *shown = (struct opt_out_text *)get;
    text_add(&shown->text, "%s%zu:+%d %.*s", shown->text.len ? "|" : "", index,
             (int)(opt_out->since_ms - NOW), (int)opt_out->reason.len,
             opt_out->reason.len ? opt_out->reason.p : "");
}

/* "0:+5 reason|2:+6 ": who has opted out of those asked for. Valid until the next call. */
static inline const char *opt_outs(struct harness *h, int64_t tenant_id, const int64_t *numbers,
                                   size_t count)
{
    static struct opt_out_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.get = (struct opt_outs_get){.call = harness_call(h),
                                      .tenant_id = tenant_id,
                                      .numbers = numbers,
                                      .count = count,
                                      .each = add_opt_out};
    store_opt_outs_get(h->reader, &shown.get);
    run_read(h, &shown.get.call);
    assert_int_equal(shown.get.call.result, 0);
    return shown.text.bytes;
}

static inline const char *opt_out_of(struct harness *h, int64_t number)
{
    return opt_outs(h, TENANT, &number, 1);
}

/* --- history */

struct history_text {
    struct history_page page;
    struct text text;
};

static inline void add_entry(struct history_page *page, const struct history_entry *entry)
{
    struct history_text *shown = (struct history_text *)page;
    text_add(&shown->text, "%s+%d %s %.*s>%.*s (%.*s)", shown->text.len ? "|" : "",
             (int)(entry->time_ms - NOW), entry->field, (int)entry->from.len,
             entry->from.len ? entry->from.p : "", (int)entry->to.len,
             entry->to.len ? entry->to.p : "", (int)entry->cause.len,
             entry->cause.len ? entry->cause.p : "");
}

/* "+5 stage new>won (cause)|…", newest first. Valid until the next call. */
static inline const char *history_page(struct harness *h, int64_t tenant_id, int64_t number,
                                       int64_t offset, size_t limit, int64_t *ret_total)
{
    static struct history_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.page = (struct history_page){.call = harness_call(h),
                                       .tenant_id = tenant_id,
                                       .number = number,
                                       .offset = offset,
                                       .limit = limit,
                                       .each = add_entry};
    store_history_page(h->reader, &shown.page);
    run_read(h, &shown.page.call);
    assert_int_equal(shown.page.call.result, 0);
    *ret_total = shown.page.total;
    return shown.text.bytes;
}

static inline const char *history(struct harness *h, int64_t number)
{
    int64_t total;
    return history_page(h, TENANT, number, 0, 100, &total);
}

/* --- groups */

static inline int save_group(struct harness *h, int64_t tenant_id, const char *name,
                             const int64_t *numbers, size_t count)
{
    struct group_write op = {.call = harness_call(h),
                             .tenant_id = tenant_id,
                             .now_ms = NOW,
                             .name = str_of(name),
                             .numbers = numbers,
                             .count = count};
    store_group_save(h->store, &op);
    return harness_wait(h, &op.call);
}

static inline int remove_group(struct harness *h, int64_t tenant_id, const char *name)
{
    struct group_write op = {.call = harness_call(h), .tenant_id = tenant_id, .name = str_of(name)};
    store_group_remove(h->store, &op);
    return harness_wait(h, &op.call);
}

struct group_text {
    struct groups_get get;
    struct text text;
    int64_t size, count, first, last; /* of the numbers */
};

static inline void add_group(struct groups_get *get, struct str name, int64_t size)
{
    struct group_text *shown = (struct group_text *)get;
    text_add(&shown->text, "%s%.*s:%" PRId64, shown->text.len ? " " : "", (int)name.len, name.p,
             size);
    shown->size = size;
}

static inline void add_number(struct groups_get *get, int64_t number)
{
    struct group_text *shown = (struct group_text *)get;
    assert_true(number > shown->last); /* ascending */
    shown->first = shown->count == 0 ? number : shown->first;
    shown->last = number;
    shown->count++;
}

/* "a:3 b:1"; of a name, NULL for all. Valid until the next call; NULL: no such group. */
static inline const struct group_text *groups(struct harness *h, int64_t tenant_id,
                                              const char *name)
{
    static struct group_text shown;
    memset(&shown, 0, sizeof(shown));
    shown.get = (struct groups_get){.call = harness_call(h),
                                    .tenant_id = tenant_id,
                                    .name = str_of(name),
                                    .group = add_group,
                                    .number = add_number};
    store_groups_get(h->reader, &shown.get);
    run_read(h, &shown.get.call);
    if (shown.get.call.result == ERR_NOT_FOUND)
        return NULL;
    assert_int_equal(shown.get.call.result, 0);
    assert_true(!name || shown.size == shown.count);
    return &shown;
}

#endif
