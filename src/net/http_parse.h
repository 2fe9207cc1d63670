/* A strict reader for HTTP/1.1 request heads and chunked bodies (RFC 9110, RFC 9112): pure functions
 * over bytes, no I/O, no memory, fuzzed.
 *
 * Where RFC 9112 lets a server be lenient, this one is not: leniency is what request smuggling lives
 * on. Refused: two Content-Lengths that differ, Content-Length with Transfer-Encoding, any
 * Transfer-Encoding but `chunked`, blanks before a header's colon, folded headers, bare CR or LF,
 * signs or blanks in Content-Length, a missing or second Host in HTTP/1.1, odd chunk sizes. */
#ifndef WSCRM_NET_HTTP_PARSE_H
#define WSCRM_NET_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "net/http_query.h"

#define HTTP_MAX_HEADERS 100

struct http_header {
    struct str name, value; /* value without the blanks around it */
};

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER
};

/* All str point into the bytes given to http_parse_head(). Behind headers[header_count - 1] the
 * array is not written. */
struct http_head {
    enum http_method method;
    struct str method_text;
    struct str target; /* as sent */
    struct str path;   /* of the target, without query; starts with '/', or is "*" (OPTIONS) */
    struct str query;  /* behind '?', p == NULL without one */
    int minor_version; /* 0 or 1 */
    bool keep_alive;   /* by version and Connection */
    bool chunked;
    bool has_length;
    bool expect_continue;    /* Expect: 100-continue in HTTP/1.1; in 1.0 Expect means nothing */
    bool expect_unknown;     /* an Expect that is not 100-continue: 417 */
    uint64_t content_length; /* 0 without one */
    size_t header_count;
    struct http_header headers[HTTP_MAX_HEADERS];
};

/* Reads one head. Returns its length in bytes (blank line included), 0 when more bytes are needed
 * (fewer than `len` bytes cannot decide), or -status: -400 malformed (an unknown Transfer-Encoding
 * too), -431 over max_len or HTTP_MAX_HEADERS, -505 a version that is not 1.0 or 1.1. *ret_why then
 * names the fault (static text). *ret_head is whole only after a length was returned. Leading empty
 * lines (CRLF) before the request line, at most two, are skipped as RFC 9112 2.2 asks. */
long http_parse_head(const char *data, size_t len, size_t max_len, struct http_head *ret_head,
                     const char **ret_why);

/* Makes the str of a head that was read at `from` point to its copy at `to`. */
void http_head_move(struct http_head *head, const char *from, const char *to);

/* The first header of that name (case-insensitive), or a str with p == NULL. */
struct str http_header(const struct http_head *head, const char *name);

/* A chunked body as it arrives. Start zeroed. */
struct http_chunked {
    uint64_t left;     /* of the current chunk */
    unsigned line;     /* bytes of the current size line */
    unsigned trailers; /* bytes of trailers so far */
    uint8_t state;
    bool done;
};

/* Decodes in place: reads data[0..len), moves the content to the front, sets *ret_content to its
 * length and *ret_used to the bytes consumed (all of them unless `done`). 0 good; -400 with *ret_why.
 * Chunk extensions are read over (at most 1 KiB a line); trailers too (at most 8 KiB). */
int http_chunked_feed(struct http_chunked *c, char *data, size_t len, size_t *ret_content,
                      size_t *ret_used, const char **ret_why);

#endif
