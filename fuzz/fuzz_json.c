/* json_scan() and json_parse() on any bytes. Beyond not crashing: the two agree, cJSON takes all that
 * the scan takes, and every text that comes out is UTF-8 without NUL and can be written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void write_text(struct buf *b, struct str text)
{
    CHECK(utf8_valid(text.p, text.len) && !memchr(text.p, '\0', text.len));
    CHECK(utf8_count(text) <= text.len);
    buf_add_json_str(b, text);
}

static void write_number(struct buf *b, const struct json *value)
{
    int64_t integer = 0;
    const int err = json_integer(value, &integer);
    CHECK(err == 0 || err == ERR_INVALID || err == ERR_RANGE);
    CHECK(integer <= JSON_MAX_INTEGER && integer >= -JSON_MAX_INTEGER);
    buf_add_i64(b, integer);
}

static void write_value(struct buf *b, const struct json *value);

static void write_children(struct buf *b, const struct json *value, bool named)
{
    size_t count = 0;
    buf_add_char(b, named ? '{' : '[');
    for (const struct json *child = json_first(value); child; child = json_next(child), count++) {
        buf_add_json_comma(b);
        if (named) {
            write_text(b, json_name(child));
            buf_add_char(b, ':');
        }
        write_value(b, child);
    }
    buf_add_char(b, named ? '}' : ']');
    CHECK(count == json_count(value));
}

static void write_value(struct buf *b, const struct json *value)
{
    switch (json_type(value)) {
    case JSON_NULL: buf_add_text(b, "null"); break;
    case JSON_FALSE: buf_add_text(b, "false"); break;
    case JSON_TRUE: buf_add_text(b, "true"); break;
    case JSON_NUMBER: write_number(b, value); break;
    case JSON_STRING: write_text(b, json_text(value)); break;
    case JSON_ARRAY: write_children(b, value, false); break;
    case JSON_OBJECT: write_children(b, value, true); break;
    }
}

/* What is written from a tree is JSON with the same tree: its second writing is the same text. */
static void check_written(const struct buf *first)
{
    struct json_error error;
    struct json_doc *doc = NULL;
    struct buf second;
    buf_init(&second, SIZE_MAX / 2);
    CHECK(json_parse((struct str){first->data, first->len}, SIZE_MAX, &doc, &error) == 0);
    write_value(&second, json_root(doc));
    CHECK(first->len == second.len && memcmp(first->data, second.data, first->len) == 0);
    buf_free(&second);
    json_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = {(const char *)data, size};
    struct json_error scan_error = {0}, parse_error = {0};
    struct json_doc *doc = NULL;
    const int scanned = json_scan(text, 5000, &scan_error);
    const int parsed = json_parse(text, 5000, &doc, &parse_error);
    if (parsed < 0) {
        CHECK(parse_error.offset <= size && parse_error.text[0]);
        CHECK(utf8_valid(parse_error.text, strlen(parse_error.text)));
        CHECK(scanned == parsed || !strncmp(parse_error.text, "duplicate", 9));
        return 0;
    }
    CHECK(scanned == 0);
    struct buf b;
    buf_init(&b, SIZE_MAX / 2);
    write_value(&b, json_root(doc));
    json_free(doc);
    check_written(&b);
    buf_free(&b);
    return 0;
}
