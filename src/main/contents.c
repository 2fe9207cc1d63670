/* What arguments name instead of holding it: @FILE, - for standard input, and secret lines. */
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "main/arguments.h"
#include "main/value.h"

static int failed(FILE *err, const char *place, const char *what)
{
    fprintf(err, "wscrm: %s: %s\n", place, what);
    return ERR_INVALID;
}

/* Up to the end, or that of the first line: whoever types a secret ends it with Enter. */
static int read_text(FILE *file, const char *place, size_t max, bool line, FILE *err,
                     struct buf *text)
{
    int byte;
    /* One byte more than allowed, so that too much is seen. */
    buf_init(text, max + 1);
    while (text->len <= max && !text->failed && (byte = getc_unlocked(file)) != EOF &&
           !(line && byte == '\n'))
        buf_add_char(text, (char)byte);
    if (ferror(file))
        return failed(err, place, strerror(errno));
    if (text->failed || text->len > max)
        return failed(err, place, "too large");
    if (text->len > 0 && memchr(text->data, '\0', text->len))
        return failed(err, place, "a zero byte is in it");
    return utf8_valid(text->data, text->len) ? 0 : failed(err, place, "not valid UTF-8");
}

static int take(struct argument *item, FILE *file, const char *place, FILE *err)
{
    enum option_type type = item->option->type;
    bool secret = type != OPTION_CONTENT && type != OPTION_LIST;
    size_t max = secret                ? SECRET_MAX_BYTES
                 : type == OPTION_LIST ? LIST_MAX_BYTES
                                       : CONTENT_MAX_BYTES;
    struct buf text;
    int result = read_text(file, place, max, secret, err, &text);
    if (result == 0 && secret && text.len > 0 && text.data[text.len - 1] == '\r')
        text.len--;
    if (result == 0 && secret && text.len == 0)
        result = failed(err, place, "nothing to read there");
    if (result == 0) {
        item->owned = value_copy((struct str){text.data, text.len});
        item->text = (struct str){item->owned, text.len};
        result = item->owned ? 0 : failed(err, place, err_text(ERR_NOMEM));
    }
    if (text.data)
        explicit_bzero(text.data, text.len);
    buf_free(&text);
    return result;
}

static int take_file(struct argument *item, const char *path, FILE *err)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return failed(err, path, strerror(errno));
    int result = take(item, file, path, err);
    fclose(file);
    return result;
}

static int resolve(struct argument *item, FILE *err)
{
    enum option_type type = item->option->type;
    if (type == OPTION_LINE)
        return take(item, stdin, "standard input", err);
    if (type != OPTION_SECRET && type != OPTION_HIDDEN && type != OPTION_CONTENT &&
        type != OPTION_LIST)
        return 0;
    if (str_is(item->text, "-"))
        return take(item, stdin, "standard input", err);
    if (item->text.len > 0 && item->text.p[0] == '@')
        return take_file(item, item->text.p + 1, err);
    if (type == OPTION_SECRET) {
        fprintf(err,
                "wscrm: warning: --%s: a secret on the command line can be seen in the list of "
                "processes; use @FILE or -\n",
                item->option->name);
    }
    return 0;
}

int arguments_resolve(struct arguments *arguments, FILE *err)
{
    for (size_t i = 0; i < arguments->count; i++) {
        int result = resolve(&arguments->items[i], err);
        if (result < 0)
            return result;
    }
    return 0;
}
