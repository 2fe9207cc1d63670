#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "domain/segment_json.h"

struct kept {
    struct buf text;
    struct json_doc *doc;
    struct arena arena;
    struct segment segment;
    int result;
};

static struct kept read_text(struct str text)
{
    struct json_error error;
    struct kept kept = {.doc = NULL};
    buf_init(&kept.text, 0);
    arena_init(&kept.arena, 100000);
    assert_int_equal(json_parse(text, JSON_MAX_VALUES, &kept.doc, &error), 0);
    kept.result = segment_read(json_root(kept.doc), &kept.arena, &kept.segment);
    return kept;
}

static void forget(struct kept *kept)
{
    buf_free(&kept->text);
    json_free(kept->doc);
    arena_free(&kept->arena);
}

/* Written, read, and written again: the same text; and it is the same segment by its hash. */
static void assert_kept(const struct segment *segment, const char *expected)
{
    struct buf text;
    buf_init(&text, 100000);
    segment_write(&text, segment);
    struct kept kept = read_text((struct str){text.data, text.len});
    assert_int_equal(kept.result, 0);
    assert_int_equal(segment_hash(&kept.segment, 1), segment_hash(segment, 1));
    if (expected) {
        assert_int_equal(text.len, strlen(expected));
        assert_memory_equal(text.data, expected, text.len);
    }
    assert_int_equal(kept.segment.keyword.digit_count, segment->keyword.digit_count);
    assert_memory_equal(kept.segment.keyword.digits, segment->keyword.digits,
                        segment->keyword.digit_count);
    forget(&kept);
    buf_free(&text);
}

static const struct str tags[] = {{"vip", 3}, {"a \"b\"", 5}};
static const struct extended_value values[] = {{3, {"red", 3}}, {12, {"7\n", 2}}};

static void all_that_a_segment_says_is_kept(void **state)
{
    (void)state;
    struct segment segment = {.stage = STR("new"),
                              .source = STR("fair"),
                              .tags = tags,
                              .tag_count = 2,
                              .owner_id = 5,
                              .group = STR("gold"),
                              .extended = values,
                              .extended_count = 2,
                              .created_from_ms = 1,
                              .created_before_ms = 1700000000000,
                              .updated_from_ms = 3,
                              .updated_before_ms = 4,
                              .opt_out = SEGMENT_NONE};
    assert_int_equal(keyword_parse(STR("Jos\xc3\x89 \\ x"), &segment.keyword), 0);
    assert_kept(&segment, NULL);
    assert_int_equal(keyword_parse(STR("+86 138-00"), &segment.keyword), 0);
    segment.opt_out = SEGMENT_ONLY;
    assert_kept(&segment, NULL);
}

static void what_is_not_said_is_not_written(void **state)
{
    (void)state;
    struct segment segment = {.owner_id = 0};
    assert_kept(&segment, "{}");
    segment.owner_id = 5;
    assert_kept(&segment, "{\"owner\":5}");
    segment = (struct segment){.tags = tags, .tag_count = 1, .updated_from_ms = 9};
    assert_kept(&segment, "{\"updatedFrom\":9,\"tags\":[\"vip\"]}");
}

static void what_is_no_segment_is_refused(void **state)
{
    (void)state;
    const char *const texts[] = {
        "[]",
        "{\"stages\":\"new\"}",
        "{\"stage\":5}",
        "{\"owner\":\"5\"}",
        "{\"owner\":0.5}",
        "{\"tags\":\"vip\"}",
        "{\"tags\":[5]}",
        "{\"extended\":[{\"field\":3}]}",
        "{\"extended\":[{\"field\":\"3\",\"text\":\"x\"}]}",
        "{\"optOut\":\"any\"}",
        "{\"optOut\":1}",
        "{\"keyword\":1}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kept kept = read_text(str_of(texts[i]));
        if (kept.result != ERR_INVALID)
            fail_msg("%s: %d", texts[i], kept.result);
        forget(&kept);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_that_a_segment_says_is_kept),
        cmocka_unit_test(what_is_not_said_is_not_written),
        cmocka_unit_test(what_is_no_segment_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
