/* What must not be read in two ways: every form of a head that RFC 9110 and RFC 9112 forbid, or let a
 * server be lenient about, is refused – at whatever point the network has cut it. */
#include "heads.h"

struct refusal {
    const char *why;
    const char *text;
    size_t len;
};

static void assert_refused(const struct refusal *row, int status)
{
    const char *why = "taken";
    long verdict = verdict_at_each_cut(row->text, row->len, MAX_HEAD, &why);
    if (verdict != -status || strcmp(why, row->why) != 0)
        fail_msg("%s: %ld, %s, not %s", row->text, verdict, why, row->why);
}

static void assert_all_refused(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_refused(&rows[i], 400);
}

static void a_length_that_can_be_read_in_two_ways_is_refused(void **state)
{
    (void)state;
    static const char two[] = "two Content-Lengths that differ";
    static const char malformed[] = "malformed Content-Length";
    static const struct refusal rows[] = {
        {two, BYTES(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n")},
        {two, BYTES(POST "Content-Length: 0\r\nX: y\r\ncontent-length: 5\r\n\r\n")},
        {two, BYTES(POST "CONTENT-LENGTH: 05\r\nContent-Length: 50\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: +5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: -5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: \r\n\r\n")},
        {malformed, BYTES(POST "Content-Length:\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 0x5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 5 5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 5,5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 5, 5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 5;\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 5.0\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 1e1\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: \"5\"\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: five\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: \xC2\xB2\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 18446744073709551616\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 18446744073709551621\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length: 00000000000000000005\r\n\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void a_length_next_to_an_encoding_is_refused(void **state)
{
    (void)state;
    static const char both[] = "Content-Length with Transfer-Encoding";
    static const struct refusal rows[] = {
        {both, BYTES(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")},
        {both, BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n")},
        {both, BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n")},
        {both, BYTES(POST "transfer-encoding: CHUNKED\r\nX: y\r\ncontent-length: 5\r\n\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void an_encoding_other_than_chunked_is_refused(void **state)
{
    (void)state;
    static const char other[] = "a Transfer-Encoding other than chunked";
    static const char second[] = "more than one Transfer-Encoding";
    static const struct refusal rows[] = {
        {other, BYTES(POST "Transfer-Encoding: gzip\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: identity\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunked, gzip\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunked, chunked\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunked,\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunked;q=1\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: \"chunked\"\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunkedx\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: chunke\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding:\r\n\r\n")},
        {other, BYTES(POST "Transfer-Encoding: \xA0"
                           "chunked\r\n\r\n")},
        {second, BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")},
        {second, BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n")},
        {"Transfer-Encoding in HTTP/1.0",
         BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void a_header_name_that_is_no_token_is_refused(void **state)
{
    (void)state;
    static const char blank[] = "a blank before a header's colon";
    static const char malformed[] = "malformed header name";
    static const char folded[] = "a folded header line";
    static const struct refusal rows[] = {
        {blank, BYTES(POST "Content-Length : 5\r\n\r\n")},
        {blank, BYTES(POST "Content-Length\t: 5\r\n\r\n")},
        {blank, BYTES(POST "Transfer-Encoding : chunked\r\n\r\n")},
        {blank, BYTES("GET / HTTP/1.1\r\nHost : h\r\n\r\n")},
        {blank, BYTES(POST "Content Length: 5\r\n\r\n")},
        {malformed, BYTES(POST ": 5\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length\r\n\r\n")},
        {malformed, BYTES(POST "Content-Length; 5\r\n\r\n")},
        {malformed, BYTES(POST "Content\0-Length: 5\r\n\r\n")},
        {malformed, BYTES(POST "(comment): 5\r\n\r\n")},
        {malformed, BYTES(POST "\xC3\xA9: 5\r\n\r\n")},
        {folded, BYTES(POST "X: y\r\n z\r\n\r\n")},
        {folded, BYTES(POST "X: y\r\n\tz\r\n\r\n")},
        {folded, BYTES(POST "X: y\r\n \r\n\r\n")},
        {folded, BYTES(POST "Transfer-Encoding:\r\n chunked\r\n\r\n")},
        {folded, BYTES("GET / HTTP/1.1\r\n Host: h\r\n\r\n")}, /* RFC 9112 2.2 */
        {folded, BYTES("GET / HTTP/1.1\r\n\tX: y\r\n" HOST "\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void a_bare_cr_or_lf_is_refused(void **state)
{
    (void)state;
    static const char lf[] = "a line that ends in LF without CR";
    static const char cr[] = "CR without LF";
    static const struct refusal rows[] = {
        {lf, BYTES("GET / HTTP/1.1\nHost: h\r\n\r\n")},
        {lf, BYTES("GET / HTTP/1.1\r\nHost: h\n\r\n")},
        {lf, BYTES(GET "\n")},
        {lf, BYTES(GET "X: y\n\n")},
        {lf, BYTES(GET "X: y\nTransfer-Encoding: chunked\r\n\r\n")},
        {lf, BYTES(GET "X:\n\r\n")},
        {cr, BYTES("GET / HTTP/1.1\rHost: h\r\n\r\n")},
        {cr, BYTES("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n")},
        {cr, BYTES(GET "X: y\rTransfer-Encoding: chunked\r\n\r\n")},
        {cr, BYTES(GET "X: y\r\r\n\r\n")},
        {cr, BYTES(GET "\r\r\n")},
        {cr, BYTES(GET "\rX: y\r\n\r\n")},
        {cr, BYTES("\r" GET "\r\n")},
        {cr, BYTES("\r\n\rX" GET "\r\n")},
        {"malformed method", BYTES("\n" GET "\r\n")},
        {"malformed method", BYTES("\r\n\n" GET "\r\n")},
        {"malformed method", BYTES("\r\n\r\n\r\n" GET "\r\n")}, /* two empty lines are enough */
        {"malformed header name", BYTES(GET "X\r\n: y\r\n\r\n")},
        {"malformed header name", BYTES(GET "X\n: y\r\n\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void a_missing_second_or_malformed_host_is_refused(void **state)
{
    (void)state;
    static const char second[] = "more than one Host";
    static const char malformed[] = "malformed Host";
    static const struct refusal rows[] = {
        {"no Host in HTTP/1.1", BYTES("GET / HTTP/1.1\r\n\r\n")},
        {"no Host in HTTP/1.1", BYTES("GET / HTTP/1.1\r\nX: y\r\nHosts: h\r\n\r\n")},
        {"no Host in HTTP/1.1", BYTES("GET http://h/ HTTP/1.1\r\n\r\n")},
        {second, BYTES(GET "Host: h\r\n\r\n")},
        {second, BYTES(GET "host: other\r\n\r\n")},
        {second, BYTES("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n")},
        {malformed, BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n")},
        {malformed, BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n")},
        {malformed, BYTES("GET / HTTP/1.1\r\nHost: user@h\r\n\r\n")},
        {malformed, BYTES("GET / HTTP/1.1\r\nHost: h?x\r\n\r\n")},
        {malformed, BYTES("GET / HTTP/1.1\r\nHost: \xC3\xA9\r\n\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void a_request_line_of_another_form_is_refused(void **state)
{
    (void)state;
    static const char target[] = "malformed request target";
    static const char line[] = "malformed request line";
    static const char start[] = "the request target does not start with '/'";
    static const char host[] = "the request target has no proper host";
    static const struct refusal rows[] = {
        {"malformed method", BYTES(" GET / HTTP/1.1\r\n" HOST "\r\n")},
        {"malformed method", BYTES("GET: / HTTP/1.1\r\n" HOST "\r\n")},
        {"malformed method", BYTES("G\0ET / HTTP/1.1\r\n" HOST "\r\n")},
        {"malformed method", BYTES("GET\t/ HTTP/1.1\r\n" HOST "\r\n")},
        {"malformed method", BYTES("GET\r\n\r\n")},
        {"malformed method", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")}, /* TLS */
        {target, BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n")},
        {target, BYTES("GET /\r\n")}, /* HTTP/0.9 */
        {target, BYTES("GET /\tHTTP/1.1\r\n" HOST "\r\n")},
        {target, BYTES("GET /\xC3\xA9 HTTP/1.1\r\n" HOST "\r\n")},
        {target, BYTES("GET /\0 HTTP/1.1\r\n" HOST "\r\n")},
        {line, BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n")},
        {line, BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n")},
        {line, BYTES("GET / HTTP/1.1\t\r\n" HOST "\r\n")},
        {line, BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n")},
        {line, BYTES("GET / HTTP/1.1\0\r\n" HOST "\r\n")},
        {"a fragment in the request target", BYTES("GET /#a HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("GET * HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("GET a HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("GET ?a HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("CONNECT h:443 HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("GET ftp://h/ HTTP/1.1\r\n" HOST "\r\n")},
        {start, BYTES("GET http:/h/ HTTP/1.1\r\n" HOST "\r\n")},
        {host, BYTES("GET http:// HTTP/1.1\r\n" HOST "\r\n")},
        {host, BYTES("GET http:///a HTTP/1.1\r\n" HOST "\r\n")},
        {host, BYTES("GET http://user@h/ HTTP/1.1\r\n" HOST "\r\n")},
        {host, BYTES("GET http://h\\a HTTP/1.1\r\n" HOST "\r\n")},
    };
    assert_all_refused(rows, COUNT(rows));
}

static void another_version_is_refused(void **state)
{
    (void)state;
    static const char malformed[] = "malformed HTTP version";
    static const char *const unsupported = "HTTP version not supported, only 1.0 and 1.1";
    static const struct refusal rows[] = {
        {malformed, BYTES("GET / \r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/1\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/1.\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/1.10\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/01.1\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/1,1\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTP/1.x\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / http/1.1\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / HTTPS/1.1\r\n" HOST "\r\n")},
        {malformed, BYTES("GET / FTTP/1.1\r\n" HOST "\r\n")},
    };
    static const char *const others[] = {"0.9", "1.2", "1.9", "2.0", "3.0", "9.9"};
    assert_all_refused(rows, COUNT(rows));
    for (size_t i = 0; i < COUNT(others); i++) {
        char text[64];
        int len = snprintf(text, sizeof(text), "GET / HTTP/%s\r\n" HOST "\r\n", others[i]);
        assert_refused(&(struct refusal){unsupported, text, (size_t)len}, 505);
    }
    assert_refused(&(struct refusal){unsupported, BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}, 505);
}

/* --- every byte at every place */

static const char tokens[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "abcdefghijklmnopqrstuvwxyz";
static const char host_bytes[] = "!$%&'()*+,-.:;=[]_~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz";

/* Puts each byte between the two texts and hands the whole to `allowed` for what is expected. */
static void try_each_byte(const char *before, const char *behind, bool (*allowed)(unsigned char))
{
    for (int byte = 0; byte < 256; byte++) {
        char text[256];
        const char *why = "";
        size_t before_len = strlen(before), len = before_len + 1 + strlen(behind);
        snprintf(text, sizeof(text), "%s?%s", before, behind);
        text[before_len] = (char)byte;
        long verdict = verdict_at_each_cut(text, len, MAX_HEAD, &why);
        if (verdict != (allowed((unsigned char)byte) ? (long)len : -400))
            fail_msg("%s <%02x> %s: %ld %s", before, (unsigned)byte, behind, verdict, why);
    }
}

static bool in_token(unsigned char byte)
{
    return byte && strchr(tokens, byte);
}

static bool in_name(unsigned char byte)
{
    return byte == ':' || in_token(byte);
}

static bool in_target(unsigned char byte)
{
    return byte > ' ' && byte < 0x7f && byte != '#';
}

static bool in_value(unsigned char byte)
{
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

static bool in_host(unsigned char byte)
{
    return byte && strchr(host_bytes, byte);
}

static void each_part_of_a_head_takes_its_own_bytes_and_no_others(void **state)
{
    (void)state;
    try_each_byte("G", "T / HTTP/1.1\r\n" HOST "\r\n", in_token);
    try_each_byte("GET /a", "b HTTP/1.1\r\n" HOST "\r\n", in_target);
    try_each_byte(GET "X", "Y: z\r\n\r\n", in_name);
    try_each_byte("GET / HTTP/1.1\r\nHost: a", "b\r\n\r\n", in_host);
    /* A value is read eight bytes at a time: each place in eight, and the last few. */
    char before[64] = GET "X:";
    for (size_t at = strlen(before), i = 0; i <= 16; i++) {
        try_each_byte(before, "bcdefghijklmn\r\n\r\n", in_value);
        try_each_byte(before, "\r\n\r\n", in_value);
        before[at + i] = 'a';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_that_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_length_next_to_an_encoding_is_refused),
        cmocka_unit_test(an_encoding_other_than_chunked_is_refused),
        cmocka_unit_test(a_header_name_that_is_no_token_is_refused),
        cmocka_unit_test(a_bare_cr_or_lf_is_refused),
        cmocka_unit_test(a_missing_second_or_malformed_host_is_refused),
        cmocka_unit_test(a_request_line_of_another_form_is_refused),
        cmocka_unit_test(another_version_is_refused),
        cmocka_unit_test(each_part_of_a_head_takes_its_own_bytes_and_no_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
