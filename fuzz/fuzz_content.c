/* content_read() on any JSON, and content_render() of what it gives. Beyond not crashing: what is read is
 * written and read again as the same, and a text is UTF-8 within its limit. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/content.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static const struct str tags[] = {{"{{Name}}", 8}, {"b", 1}};
static const struct customer someone = {
    .number = 8618217331411, .sex = SEX_FEMALE, .tags = tags, .tag_count = 2};
static const struct field size_field = {.id = 3, .name = {"size", 4}}, *fields[] = {&size_field};
static const struct tenant tenant = {.fields_by_name = fields, .field_count = 1};

static void check_written(const struct content *content)
{
    struct buf first, second;
    struct json_doc *doc = NULL;
    struct json_error error;
    struct arena arena;
    struct content again;
    buf_init(&first, SIZE_MAX / 2);
    buf_init(&second, SIZE_MAX / 2);
    arena_init(&arena, SIZE_MAX / 2);
    content_write(&first, content);
    CHECK(json_parse((struct str){first.data, first.len}, SIZE_MAX, &doc, &error) == 0);
    CHECK(content_read(json_root(doc), &arena, &again) == 0);
    content_write(&second, &again);
    CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    json_free(doc);
    arena_free(&arena);
    buf_free(&first);
    buf_free(&second);
}

static void check_rendered(const struct content *content, const struct customer *customer)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    int result = content_render(content, &tenant, someone.number, customer, &text);
    struct str shown = {text.data, text.len};
    CHECK(result == 0 || (result == ERR_TOO_LARGE && text.len == 0));
    CHECK(utf8_valid(shown.p, shown.len) && utf8_count(shown) <= CONTENT_TEXT_LONGEST);
    if (!content_has_variables(content) && result == 0)
        CHECK(str_eq(shown, content->text));
    buf_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_error error;
    struct json_doc *doc = NULL;
    struct content content;
    struct arena arena;
    if (json_parse((struct str){(const char *)data, size}, 5000, &doc, &error) < 0)
        return 0;
    arena_init(&arena, SIZE_MAX / 2);
    if (content_read(json_root(doc), &arena, &content) == 0) {
        check_written(&content);
        check_rendered(&content, NULL);
        check_rendered(&content, &someone);
    }
    arena_free(&arena);
    json_free(doc);
    return 0;
}
