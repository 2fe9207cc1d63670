#include "domain/content.h"

#include "domain/content_fields.h"

/* Bytes between {{ and }}: a name and a fallback of CONTENT_NAME_LONGEST characters each, and the bar.
 * What is longer is no variable, so that a text of braces costs no more than its length times this. */
#define VARIABLE_LONGEST (2 * CONTENT_NAME_LONGEST * 4 + 1)

static struct str from(struct str text, size_t at)
{
    return (struct str){text.p + at, text.len - at};
}

/* The next two braces of this kind; the text's length when there are none. */
static size_t find_braces(struct str text, char brace)
{
    for (size_t at = 0; at + 1 < text.len; at++) {
        const char *found = memchr(text.p + at, brace, text.len - at - 1);
        if (!found)
            break;
        at = (size_t)(found - text.p);
        if (found[1] == brace)
            return at;
    }
    return text.len;
}

/* What stands between {{ and }} at the text's start. */
static bool take_variable(struct str text, struct str *ret_inner)
{
    struct str behind = from(text, 2);
    struct str near = {behind.p,
                       behind.len < VARIABLE_LONGEST + 2 ? behind.len : VARIABLE_LONGEST + 2};
    size_t end = find_braces(near, '}');
    if (end == near.len || end == 0)
        return false;
    *ret_inner = (struct str){near.p, end};
    return find_braces(*ret_inner, '{') == end; /* else the inner one is the variable */
}

bool content_has_variables(const struct content *content)
{
    struct str text = content->text, inner;
    if (content->insert_count > 0)
        return true;
    for (size_t at; (at = find_braces(text, '{')) < text.len; text = from(text, at + 1))
        if (take_variable(from(text, at), &inner))
            return true;
    return false;
}

static int add_variable(struct buf *b, const struct content_recipient *recipient, struct str inner)
{
    struct str fallback = inner, name = str_trim(str_split(&fallback, '|'));
    size_t before = b->len;
    int result = content_basic_value(name, recipient, b);
    if (result == ERR_NOT_FOUND)
        result = content_extended_value(name, recipient, b);
    if (result == 0 && b->len == before)
        buf_add_str(b, fallback);
    return result;
}

/* A piece of the text; values are appended to `b` and never looked at again. A brace that begins no
 * variable stays, and the one behind it may begin one: {{{Name}} is { and the name. */
static void add_piece(struct buf *b, const struct content_recipient *recipient, struct str text)
{
    for (size_t at; (at = find_braces(text, '{')) < text.len;) {
        struct str variable = from(text, at), inner;
        buf_add(b, text.p, at);
        if (take_variable(variable, &inner) && add_variable(b, recipient, inner) == 0) {
            text = from(variable, inner.len + 4);
        } else {
            buf_add_char(b, '{');
            text = from(variable, 1);
        }
    }
    buf_add_str(b, text);
}

/* Cuts `count` characters off the front. */
static struct str cut_characters(struct str *text, size_t count)
{
    size_t at = 0;
    for (size_t step; count > 0 && (step = utf8_next(text->p + at, text->len - at)) > 0; count--)
        at += step;
    struct str front = {text->p, at};
    *text = from(*text, at);
    return front;
}

static void add_insert(struct buf *b, const struct content_recipient *recipient,
                       const struct content_insert *insert)
{
    /* A field that the tenant has no more has no value. */
    int result = insert->extended ? content_extended_value(insert->field, recipient, b)
                                  : content_basic_value(insert->field, recipient, b);
    (void)result;
}

int content_render(const struct content *content, const struct tenant *tenant, int64_t number,
                   const struct customer *customer, struct buf *ret_text)
{
    struct content_recipient recipient = {tenant, number, customer};
    struct str rest = {content->text.len ? content->text.p : "", content->text.len};
    size_t before = ret_text->len, done = 0;
    for (size_t i = 0; i < content->insert_count; i++) {
        const struct content_insert *insert = &content->inserts[i];
        add_piece(ret_text, &recipient, cut_characters(&rest, insert->index - done));
        add_insert(ret_text, &recipient, insert);
        done = insert->index;
    }
    add_piece(ret_text, &recipient, rest);
    if (ret_text->failed)
        return ERR_NOMEM;
    if (ret_text->len - before <= CONTENT_TEXT_LONGEST ||
        utf8_count((struct str){ret_text->data + before, ret_text->len - before}) <=
            CONTENT_TEXT_LONGEST)
        return 0;
    ret_text->len = before;
    return ERR_TOO_LARGE;
}
