/* JSON in (RFC 8259), strict: one pass over the raw bytes first, then cJSON.
 *
 * cJSON alone turns a\u0000b into a, takes 01, raw newlines, duplicate names and a tail, and needs
 * seconds and hundreds of MiB for 16 MiB of [0,0,…: json_scan() refuses those before a tree is made.
 * The parser can be exchanged behind this header: callers only see `struct json`. */
#ifndef WSCRM_BASE_JSON_H
#define WSCRM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

#define JSON_MAX_DEPTH  64
#define JSON_MAX_VALUES 200000 /* the default; a route may say another */
/* From 2^53 on two integers share a double: 2^53 + 1 is read as 2^53. */
#define JSON_MAX_INTEGER ((INT64_C(1) << 53) - 1)

struct json_error {
    size_t offset; /* byte offset of the fault in the text */
    char text[96]; /* what is wrong, e.g. "control character in a string" */
};

/* Checks the whole text against the grammar of RFC 8259 and our limits: UTF-8, nesting, number of
 * values, no \u0000, no lone surrogates in \u escapes, no control characters, no leading zeros, no
 * number of more than 63 characters, nothing behind the value. A value is each scalar, array and
 * object; names are not counted. Reads only; needs no memory. ERR_INVALID or ERR_TOO_LARGE with *error. */
int json_scan(struct str text, size_t max_values, struct json_error *error) MUST_USE;

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json;     /* one value in a tree */
struct json_doc; /* owns a tree */

/* Scans, parses, and refuses objects that name a member twice (error->text then names it).
 * An empty text (length 0) is ERR_INVALID. The tree lives until json_free(); any one thread. */
int json_parse(struct str text, size_t max_values, struct json_doc **ret_doc,
               struct json_error *error) MUST_USE;
void json_free(struct json_doc *doc); /* NULL is fine */
const struct json *json_root(const struct json_doc *doc);

enum json_type json_type(const struct json *value);
struct str json_text(const struct json *value); /* of a JSON_STRING; unescaped UTF-8 */
double json_number(const struct json *value);   /* of a JSON_NUMBER; 1e999 is infinite */
/* A JSON_NUMBER that is an integer within ±JSON_MAX_INTEGER: 0 (1.0 and 1e2 are integers). A fraction:
 * ERR_INVALID; a larger one: ERR_RANGE. */
int json_integer(const struct json *value, int64_t *ret_value) MUST_USE;

/* Children of an array or object in order; NULL at the end and for other types. */
const struct json *json_first(const struct json *value);
const struct json *json_next(const struct json *child);
struct str json_name(const struct json *child); /* of an object's member */
size_t json_count(const struct json *value);
/* The member `name` of an object (case-sensitive), or NULL. For a handful of look-ups; walk an
 * object once where many fields are read. */
const struct json *json_member(const struct json *object, const char *name);

#endif
