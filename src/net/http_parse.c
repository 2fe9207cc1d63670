#include "net/http_parse.h"

/* What a step of the reading returns besides 0 (done, go on) and -status. */
#define MORE 1

#define EMPTY_LINES_MAX  2
#define CHUNK_DIGITS_MAX 16 /* what 64 bits hold */
#define CHUNK_LINE_MAX   1024
#define TRAILERS_MAX     8192

/* Classes of bytes (RFC 9110 5.6.2 and 5.5, RFC 3986 3.2). */
enum {
    TOKEN = 1,   /* tchar */
    VISIBLE = 2, /* visible ASCII */
    VALUE = 4,   /* of a header's value: HTAB, SP, VCHAR, obs-text */
    HOST = 8,    /* of host and port: unreserved, sub-delims, %, and the brackets of IPv6 */
    ALL_TOKEN = TOKEN | VISIBLE | VALUE,
    ALL_HOST = HOST | VISIBLE | VALUE,
    ALL_BOTH = ALL_TOKEN | HOST,
};

static const uint8_t classes[256] = {['\t'] = VALUE,           [' '] = VALUE,
                                     ['!'] = ALL_BOTH,         ['"'] = VISIBLE | VALUE,
                                     ['#'] = ALL_TOKEN,        ['$' ... '\''] = ALL_BOTH,
                                     ['(' ... ')'] = ALL_HOST, ['*' ... '+'] = ALL_BOTH,
                                     [','] = ALL_HOST,         ['-' ... '.'] = ALL_BOTH,
                                     ['/'] = VISIBLE | VALUE,  ['0' ... '9'] = ALL_BOTH,
                                     [':' ... ';'] = ALL_HOST, ['<'] = VISIBLE | VALUE,
                                     ['='] = ALL_HOST,         ['>' ... '@'] = VISIBLE | VALUE,
                                     ['A' ... 'Z'] = ALL_BOTH, ['['] = ALL_HOST,
                                     ['\\'] = VISIBLE | VALUE, [']'] = ALL_HOST,
                                     ['^'] = ALL_TOKEN,        ['_'] = ALL_BOTH,
                                     ['`'] = ALL_TOKEN,        ['a' ... 'z'] = ALL_BOTH,
                                     ['{'] = VISIBLE | VALUE,  ['|'] = ALL_TOKEN,
                                     ['}'] = VISIBLE | VALUE,  ['~'] = ALL_BOTH,
                                     [0x80 ... 0xff] = VALUE};

static bool is(char c, int class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

struct scan {
    const char *at, *end;
    const char *why;
};

static int fail(struct scan *s, int status, const char *why)
{
    s->why = why;
    return -status;
}

/* The bytes of `class` from here on. */
static struct str span(struct scan *s, int class)
{
    const char *start = s->at;
    while (s->at < s->end && is(*s->at, class))
        s->at++;
    return (struct str){start, (size_t)(s->at - start)};
}

/* True when one of the eight bytes is below 0x20 or is 0x7f: a control character. Exact enough for
 * a question whose answer "true" only means "look at each byte" (Bit Twiddling Hacks, "hasless"). */
static bool has_control(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = UINT64_C(0x8080808080808080);
    uint64_t del = word ^ (ones * 0x7f);
    return (((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & tops;
}

/* A header's value: eight bytes at a time, because the most bytes of a head stand in values. */
static struct str span_value(struct scan *s)
{
    const char *start = s->at;
    while (s->end - s->at >= 8) {
        uint64_t word;
        memcpy(&word, s->at, sizeof(word));
        if (has_control(word))
            break;
        s->at += 8;
    }
    span(s, VALUE);
    return (struct str){start, (size_t)(s->at - start)};
}

/* CRLF. Whatever else stands here is no byte of the text before it. */
static int line_end(struct scan *s, const char *why)
{
    if (s->at == s->end)
        return MORE;
    if (*s->at == '\n')
        return fail(s, 400, "a line that ends in LF without CR");
    if (*s->at != '\r')
        return fail(s, 400, why);
    if (s->end - s->at < 2)
        return MORE;
    if (s->at[1] != '\n')
        return fail(s, 400, "CR without LF");
    s->at += 2;
    return 0;
}

static int skip_empty_lines(struct scan *s)
{
    for (int i = 0; i < EMPTY_LINES_MAX && s->at < s->end && *s->at == '\r'; i++) {
        int result = line_end(s, NULL);
        if (result != 0)
            return result;
    }
    return 0;
}

/* --- the request line --- */

static enum http_method method_of(struct str text)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"POST", HTTP_POST}, {"GET", HTTP_GET},       {"PUT", HTTP_PUT},
        {"HEAD", HTTP_HEAD}, {"DELETE", HTTP_DELETE}, {"OPTIONS", HTTP_OPTIONS},
    };
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (str_is(text, methods[i].name))
            return methods[i].method;
    return HTTP_OTHER;
}

static bool starts_with_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq_nocase((struct str){s.p, prefix.len}, prefix);
}

/* http://host/path?query: what proxies send (RFC 9112 3.2.2). `rest` becomes path and query. */
static int split_absolute(struct scan *s, struct str target, struct str *rest)
{
    bool secure = starts_with_nocase(target, STR("https://"));
    if (!secure && !starts_with_nocase(target, STR("http://")))
        return fail(s, 400, "the request target does not start with '/'");
    size_t at = secure ? 8 : 7, host = at;
    while (at < target.len && is(target.p[at], HOST))
        at++;
    if (at == host || (at < target.len && target.p[at] != '/' && target.p[at] != '?'))
        return fail(s, 400, "the request target has no proper host");
    *rest = (struct str){target.p + at, target.len - at};
    return 0;
}

static int read_target(struct scan *s, struct http_head *head)
{
    struct str target = head->target, rest = target;
    if (memchr(target.p, '#', target.len))
        return fail(s, 400, "a fragment in the request target");
    if (str_is(target, "*") && head->method == HTTP_OPTIONS) {
        head->path = target;
        return 0;
    }
    if (target.p[0] != '/') {
        int result = split_absolute(s, target, &rest);
        if (result != 0)
            return result;
    }
    const char *mark = rest.len ? memchr(rest.p, '?', rest.len) : NULL;
    if (mark) {
        head->query = (struct str){mark + 1, (size_t)(rest.p + rest.len - mark - 1)};
        rest.len = (size_t)(mark - rest.p);
    }
    /* "http://host" means its root: the '/' is borrowed from the "//". */
    head->path = rest.len ? rest : (struct str){memchr(target.p, '/', target.len), 1};
    return 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int read_version(struct scan *s, struct str version, int *ret_minor)
{
    if (version.len != 8 || memcmp(version.p, "HTTP/", 5) != 0 || !is_digit(version.p[5]) ||
        version.p[6] != '.' || !is_digit(version.p[7]))
        return fail(s, 400, "malformed HTTP version");
    if (version.p[5] != '1' || version.p[7] > '1')
        return fail(s, 505, "HTTP version not supported, only 1.0 and 1.1");
    *ret_minor = version.p[7] - '0';
    return 0;
}

/* One word of the request line and the single blank behind it. */
static int read_word(struct scan *s, int class, const char *why, struct str *ret_word)
{
    *ret_word = span(s, class);
    if (s->at == s->end)
        return MORE;
    if (*s->at != ' ' || ret_word->len == 0)
        return fail(s, 400, why);
    s->at++;
    return 0;
}

static int read_request_line(struct scan *s, struct http_head *head)
{
    int result = read_word(s, TOKEN, "malformed method", &head->method_text);
    if (result == 0)
        result = read_word(s, VISIBLE, "malformed request target", &head->target);
    if (result != 0)
        return result;
    struct str version = span(s, VISIBLE);
    result = line_end(s, "malformed request line");
    if (result == 0)
        result = read_version(s, version, &head->minor_version);
    if (result != 0)
        return result;
    head->method = method_of(head->method_text);
    return read_target(s, head);
}

/* --- header lines --- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static int read_header(struct scan *s, struct http_head *head)
{
    if (is_blank(*s->at))
        return fail(s, 400, "a folded header line");
    struct str name = span(s, TOKEN);
    if (s->at == s->end)
        return MORE;
    if (*s->at != ':' || name.len == 0) {
        return fail(s, 400,
                    is_blank(*s->at) ? "a blank before a header's colon" : "malformed header name");
    }
    s->at++;
    struct str value = span_value(s);
    int result = line_end(s, "a control character in a header");
    if (result != 0)
        return result;
    if (head->header_count == HTTP_MAX_HEADERS)
        return fail(s, 431, "too many headers");
    head->headers[head->header_count++] = (struct http_header){name, str_trim(value)};
    return 0;
}

/* Up to and with the blank line. */
static int read_headers(struct scan *s, struct http_head *head)
{
    while (s->at < s->end) {
        bool last = *s->at == '\r' || *s->at == '\n';
        int result = last ? line_end(s, NULL) : read_header(s, head);
        if (last || result != 0)
            return result;
    }
    return MORE;
}

/* --- what the headers mean --- */

struct seen {
    bool host, encoding, close, keep_alive;
};

static int note_length(struct scan *s, struct http_head *head, struct str value)
{
    /* 19 digits always fit; the longest body that is allowed anywhere has 8. */
    if (value.len < 1 || value.len > 19)
        return fail(s, 400, "malformed Content-Length");
    uint64_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!is_digit(value.p[i]))
            return fail(s, 400, "malformed Content-Length");
        length = length * 10 + (uint64_t)(value.p[i] - '0');
    }
    if (head->has_length && head->content_length != length)
        return fail(s, 400, "two Content-Lengths that differ");
    head->has_length = true;
    head->content_length = length;
    return 0;
}

static int note_encoding(struct scan *s, struct http_head *head, struct seen *seen,
                         struct str value)
{
    if (seen->encoding)
        return fail(s, 400, "more than one Transfer-Encoding");
    if (!str_eq_nocase(value, STR("chunked")))
        return fail(s, 400, "a Transfer-Encoding other than chunked");
    if (head->minor_version == 0)
        return fail(s, 400, "Transfer-Encoding in HTTP/1.0");
    seen->encoding = head->chunked = true;
    return 0;
}

static int note_host(struct scan *s, struct seen *seen, struct str value)
{
    if (seen->host)
        return fail(s, 400, "more than one Host");
    for (size_t i = 0; i < value.len; i++)
        if (!is(value.p[i], HOST))
            return fail(s, 400, "malformed Host");
    seen->host = true;
    return 0;
}

static int note_connection(struct seen *seen, struct str value)
{
    while (value.p) {
        struct str option = str_trim(str_split(&value, ','));
        seen->close = seen->close || str_eq_nocase(option, STR("close"));
        seen->keep_alive = seen->keep_alive || str_eq_nocase(option, STR("keep-alive"));
    }
    return 0;
}

static int note_expect(struct http_head *head, struct str value)
{
    bool known = str_eq_nocase(value, STR("100-continue"));
    head->expect_continue = known && head->minor_version == 1;
    head->expect_unknown = head->expect_unknown || (!known && head->minor_version == 1);
    return 0;
}

/* The few headers that decide about the message; told apart by their length first. */
static int note_header(struct scan *s, struct http_head *head, struct seen *seen,
                       const struct http_header *header)
{
    struct str name = header->name, value = header->value;
    switch (name.len) {
    case 4: return str_eq_nocase(name, STR("Host")) ? note_host(s, seen, value) : 0;
    case 6: return str_eq_nocase(name, STR("Expect")) ? note_expect(head, value) : 0;
    case 10: return str_eq_nocase(name, STR("Connection")) ? note_connection(seen, value) : 0;
    case 14: return str_eq_nocase(name, STR("Content-Length")) ? note_length(s, head, value) : 0;
    case 17:
        return str_eq_nocase(name, STR("Transfer-Encoding")) ? note_encoding(s, head, seen, value)
                                                             : 0;
    default: return 0;
    }
}

static int read_meaning(struct scan *s, struct http_head *head)
{
    struct seen seen = {0};
    for (size_t i = 0; i < head->header_count; i++) {
        int result = note_header(s, head, &seen, &head->headers[i]);
        if (result != 0)
            return result;
    }
    if (head->chunked && head->has_length)
        return fail(s, 400, "Content-Length with Transfer-Encoding");
    if (!seen.host && head->minor_version == 1)
        return fail(s, 400, "no Host in HTTP/1.1");
    head->keep_alive = !seen.close && (head->minor_version == 1 || seen.keep_alive);
    return 0;
}

/* --- the head --- */

long http_parse_head(const char *data, size_t len, size_t max_len, struct http_head *ret_head,
                     const char **ret_why)
{
    struct scan s = {.at = data, .end = data + (len < max_len ? len : max_len)};
    struct http_head *head = ret_head;
    /* Not the headers: they are 3.2 KiB, and header_count says which are there. */
    memset(head, 0, offsetof(struct http_head, headers));
    int result = skip_empty_lines(&s);
    if (result == 0)
        result = read_request_line(&s, head);
    if (result == 0)
        result = read_headers(&s, head);
    if (result == 0)
        result = read_meaning(&s, head);
    if (result == MORE && len >= max_len)
        result = fail(&s, 431, "the request's head is too large");
    if (result < 0) {
        *ret_why = s.why;
        return result;
    }
    return result == MORE ? 0 : (long)(s.at - data);
}

static void move(struct str *s, const char *from, const char *to)
{
    if (s->p)
        s->p = to + (s->p - from);
}

void http_head_move(struct http_head *head, const char *from, const char *to)
{
    move(&head->method_text, from, to);
    move(&head->target, from, to);
    move(&head->path, from, to);
    move(&head->query, from, to);
    for (size_t i = 0; i < head->header_count; i++) {
        move(&head->headers[i].name, from, to);
        move(&head->headers[i].value, from, to);
    }
}

struct str http_header(const struct http_head *head, const char *name)
{
    struct str wanted = str_of(name);
    for (size_t i = 0; i < head->header_count; i++)
        if (str_eq_nocase(head->headers[i].name, wanted))
            return head->headers[i].value;
    return (struct str){0};
}

/* --- chunked bodies --- */

enum chunk_state {
    CHUNK_SIZE,      /* hex digits */
    CHUNK_EXTENSION, /* behind ';', read over */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START, /* of a line: a name, or the CR of the last line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
};

static const char *size_byte(struct http_chunked *c, char byte)
{
    int digit = hex_value(byte);
    if (digit >= 0) {
        c->left = c->left * 16 + (unsigned)digit;
        return ++c->line > CHUNK_DIGITS_MAX ? "a chunk size of too many digits" : NULL;
    }
    if (c->line == 0 || (byte != '\r' && byte != ';'))
        return "malformed chunk size";
    c->state = byte == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
    return NULL;
}

static const char *extension_byte(struct http_chunked *c, char byte)
{
    if (byte == '\r')
        c->state = CHUNK_SIZE_LF;
    else if (!is(byte, VALUE))
        return "a control character in a chunk extension";
    return ++c->line > CHUNK_LINE_MAX ? "a chunk extension that is too long" : NULL;
}

/* One byte of the trailers: name ':' value CRLF, any number of times, then CRLF. */
static const char *trailer_byte(struct http_chunked *c, char byte)
{
    if (++c->trailers > TRAILERS_MAX)
        return "trailers that are too long";
    switch (c->state) {
    case TRAILER_START:
        c->state = byte == '\r' ? LAST_LF : TRAILER_NAME;
        return byte == '\r' || is(byte, TOKEN) ? NULL : "malformed trailer";
    case TRAILER_NAME:
        c->state = byte == ':' ? TRAILER_VALUE : TRAILER_NAME;
        return byte == ':' || is(byte, TOKEN) ? NULL : "malformed trailer";
    default:
        c->state = byte == '\r' ? TRAILER_LF : TRAILER_VALUE;
        return byte == '\r' || is(byte, VALUE) ? NULL : "malformed trailer";
    }
}

/* The fixed bytes between the parts. */
static const char *expect_byte(struct http_chunked *c, char byte, char expected,
                               enum chunk_state next)
{
    c->state = (uint8_t)next;
    return byte == expected ? NULL : "malformed chunk";
}

/* Any byte that is not content. Returns the fault or NULL. */
static const char *frame_byte(struct http_chunked *c, char byte)
{
    switch (c->state) {
    case CHUNK_SIZE: return size_byte(c, byte);
    case CHUNK_EXTENSION: return extension_byte(c, byte);
    case CHUNK_SIZE_LF: return expect_byte(c, byte, '\n', c->left ? CHUNK_DATA : TRAILER_START);
    case CHUNK_DATA_CR: return expect_byte(c, byte, '\r', CHUNK_DATA_LF);
    case CHUNK_DATA_LF: c->line = 0; return expect_byte(c, byte, '\n', CHUNK_SIZE);
    case TRAILER_LF: c->trailers++; return expect_byte(c, byte, '\n', TRAILER_START);
    case LAST_LF: c->done = true; return expect_byte(c, byte, '\n', LAST_LF);
    default: return trailer_byte(c, byte);
    }
}

int http_chunked_feed(struct http_chunked *c, char *data, size_t len, size_t *ret_content,
                      size_t *ret_used, const char **ret_why)
{
    size_t at = 0, content = 0;
    while (at < len && !c->done) {
        if (c->state == CHUNK_DATA) {
            size_t part = c->left < len - at ? (size_t)c->left : len - at;
            memmove(data + content, data + at, part);
            content += part;
            at += part;
            c->left -= part;
            c->state = c->left ? CHUNK_DATA : CHUNK_DATA_CR;
            continue;
        }
        const char *why = frame_byte(c, data[at++]);
        if (why) {
            *ret_why = why;
            return -400;
        }
    }
    *ret_content = content;
    *ret_used = at;
    return 0;
}
