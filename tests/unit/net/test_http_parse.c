#include "heads.h"

static void the_parts_of_a_request_line_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum http_method method;
        const char *method_text, *target, *path, *query;
        int minor_version;
    } rows[] = {
        {"GET / HTTP/1.1", HTTP_GET, "GET", "/", "/", NULL, 1},
        {"HEAD /a/b HTTP/1.0", HTTP_HEAD, "HEAD", "/a/b", "/a/b", NULL, 0},
        {"POST /a?b HTTP/1.1", HTTP_POST, "POST", "/a?b", "/a", "b", 1},
        {"PUT /a?b=c&d?e HTTP/1.1", HTTP_PUT, "PUT", "/a?b=c&d?e", "/a", "b=c&d?e", 1},
        {"DELETE /? HTTP/1.1", HTTP_DELETE, "DELETE", "/?", "/", "", 1},
        {"OPTIONS * HTTP/1.1", HTTP_OPTIONS, "OPTIONS", "*", "*", NULL, 1},
        {"OPTIONS /* HTTP/1.1", HTTP_OPTIONS, "OPTIONS", "/*", "/*", NULL, 1},
        {"PATCH // HTTP/1.1", HTTP_OTHER, "PATCH", "//", "//", NULL, 1},
        {"post / HTTP/1.1", HTTP_OTHER, "post", "/", "/", NULL, 1}, /* methods know case */
        {"POSTS / HTTP/1.1", HTTP_OTHER, "POSTS", "/", "/", NULL, 1},
        {"GET http://h HTTP/1.1", HTTP_GET, "GET", "http://h", "/", NULL, 1},
        {"GET HTTP://h:80/a?b HTTP/1.1", HTTP_GET, "GET", "HTTP://h:80/a?b", "/a", "b", 1},
        {"GET https://[::1]?b HTTP/1.1", HTTP_GET, "GET", "https://[::1]?b", "/", "b", 1},
        {"GET /%00%zz HTTP/1.1", HTTP_GET, "GET", "/%00%zz", "/%00%zz", NULL, 1},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        struct http_head head;
        snprintf(text, sizeof(text), "%s\r\n" HOST "\r\n", rows[i].line);
        read_head(text, &head);
        assert_int_equal(head.method, rows[i].method);
        assert_text(head.method_text, rows[i].method_text);
        assert_text(head.target, rows[i].target);
        assert_text(head.path, rows[i].path);
        assert_text(head.query, rows[i].query);
        assert_int_equal(head.minor_version, rows[i].minor_version);
    }
}

static void headers_are_found_by_name_in_any_case_without_the_blanks_around(void **state)
{
    (void)state;
    struct http_head head;
    read_head(GET
              "Token:abc\r\nX-Empty:\r\nX-Blank: \t \r\nAccept:  a/b,\tc \t\r\ntoken: second\r\n"
              "X:\x80\xff:\r\n\r\n",
              &head);
    assert_int_equal(head.header_count, 7);
    assert_text(http_header(&head, "TOKEN"), "abc"); /* the first */
    assert_text(http_header(&head, "x-empty"), "");
    assert_text(http_header(&head, "X-Blank"), "");
    assert_text(http_header(&head, "accept"), "a/b,\tc");
    assert_text(http_header(&head, "x"), "\x80\xff:");
    assert_text(http_header(&head, "Toke"), NULL);
    assert_text(http_header(&head, ""), NULL);
    assert_text(head.headers[5].name, "token");
    assert_text(head.headers[5].value, "second");
}

static void the_length_of_the_body_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *headers;
        bool has_length, chunked;
        uint64_t length;
    } rows[] = {
        {"", false, false, 0},
        {"Content-Length: 0\r\n", true, false, 0},
        {"Content-Length:\t17 \r\n", true, false, 17},
        {"content-LENGTH: 0000000000000000017\r\n", true, false, 17},
        {"Content-Length: 17\r\nContent-Length: 17\r\n", true, false, 17},
        {"Content-Length: 9999999999999999999\r\n", true, false, UINT64_C(9999999999999999999)},
        {"Transfer-Encoding: chunked\r\n", false, true, 0},
        {"TRANSFER-ENCODING:\t Chunked \r\n", false, true, 0},
        {"TE: chunked\r\nX-Content-Length: 5\r\n", false, false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        struct http_head head;
        snprintf(text, sizeof(text), POST "%s\r\n", rows[i].headers);
        read_head(text, &head);
        assert_int_equal(head.has_length, rows[i].has_length);
        assert_int_equal(head.chunked, rows[i].chunked);
        assert_true(head.content_length == rows[i].length);
    }
}

static void version_and_connection_decide_whether_the_connection_is_kept(void **state)
{
    (void)state;
    static const struct {
        int minor_version;
        const char *headers;
        bool keep_alive;
    } rows[] = {
        {1, "", true},
        {0, "", false},
        {1, "Connection: close\r\n", false},
        {1, "connection: CLOSE\r\n", false},
        {1, "Connection: foo,\t close ,bar\r\n", false},
        {1, "Connection: keep-alive\r\nConnection: close\r\n", false},
        {1, "Connection: close, keep-alive\r\n", false},
        {1, "Connection: closed\r\n", true},
        {1, "Connection:\r\n", true},
        {1, "Connection: ,,\r\n", true},
        {0, "Connection: Keep-Alive\r\n", true},
        {0, "Connection: foo, keep-alive\r\n", true},
        {0, "Connection: keep-alive, close\r\n", false},
        {0, "Keep-Alive: timeout=5\r\n", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        struct http_head head;
        snprintf(text, sizeof(text), "GET / HTTP/1.%d\r\n" HOST "%s\r\n", rows[i].minor_version,
                 rows[i].headers);
        read_head(text, &head);
        assert_int_equal(head.keep_alive, rows[i].keep_alive);
    }
}

static void an_expectation_is_known_or_not_and_nothing_in_http_1_0(void **state)
{
    (void)state;
    static const struct {
        int minor_version;
        const char *headers;
        bool expect_continue, expect_unknown;
    } rows[] = {
        {1, "", false, false},
        {1, "Expect: 100-continue\r\n", true, false},
        {1, "expect: 100-Continue \r\n", true, false},
        {1, "Expect: 200-ok\r\n", false, true},
        {1, "Expect:\r\n", false, true},
        {1, "Expect: 100-continue, other\r\n", false, true},
        {1, "Expect: other\r\nExpect: 100-continue\r\n", true, true},
        {1, "Expect: 100-continue\r\nExpect: other\r\n", false, true},
        {0, "Expect: 100-continue\r\n", false, false},
        {0, "Expect: other\r\n", false, false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[256];
        struct http_head head;
        snprintf(text, sizeof(text), "POST / HTTP/1.%d\r\n" HOST "%s\r\n", rows[i].minor_version,
                 rows[i].headers);
        read_head(text, &head);
        assert_int_equal(head.expect_continue, rows[i].expect_continue);
        assert_int_equal(head.expect_unknown, rows[i].expect_unknown);
    }
}

static void host_may_be_empty_or_missing_in_http_1_0_or_of_any_form(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: [2001:db8::1]:8080\r\n\r\n",
        "GET / HTTP/1.1\r\nHOST:a-b_c.example:80\r\n\r\n",
    };
    struct http_head head;
    for (size_t i = 0; i < COUNT(rows); i++)
        read_head(rows[i], &head);
}

static void a_good_head_is_taken_with_its_last_byte_and_not_before(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "GET / HTTP/1.0\r\n\r\n",
        GET "\r\n",
        "\r\n" GET "\r\n",
        "\r\n\r\n" GET "\r\n",
        POST "Content-Length: 12\r\nX: y\r\nX-Long: 0123456789abcdefghij\t0123456789\r\n\r\n",
        POST "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n" HOST "\r\n",
        "GET http://h/a?b HTTP/1.1\r\n" HOST "\r\n",
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        const char *why = "";
        size_t len = strlen(heads[i]);
        assert_int_equal(verdict_at_each_cut(heads[i], len, MAX_HEAD, &why), len);
    }
}

static void what_follows_a_head_is_not_looked_at(void **state)
{
    (void)state;
    static const char *const behind[] = {"x", "\r\n", "\n", " ", "GET / HTTP/9.9\r\n\r\n"};
    for (size_t i = 0; i < COUNT(behind); i++) {
        char text[256];
        const char *why = "";
        size_t len = strlen(GET "\r\n");
        int all = snprintf(text, sizeof(text), GET "\r\n%s", behind[i]);
        assert_int_equal(verdict_at_each_cut(text, (size_t)all, MAX_HEAD, &why), len);
    }
}

static void heads_that_follow_each_other_are_taken_one_by_one(void **state)
{
    (void)state;
    static const char text[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n\r\n" /* an empty line between */
                               "GET /22 HTTP/1.1\r\n" HOST "X: y\r\n\r\n"
                               "GET /333 HTTP/1.0\r\n\r\n";
    static const char *const paths[] = {"/1", "/22", "/333"};
    size_t at = 0;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct http_head head;
        const char *why;
        long len = http_parse_head(text + at, sizeof(text) - 1 - at, MAX_HEAD, &head, &why);
        assert_true(len > 0);
        assert_text(head.path, paths[i]);
        at += (size_t)len;
    }
    assert_int_equal(at, sizeof(text) - 1);
}

static void a_head_of_exactly_the_limit_is_taken_and_none_above(void **state)
{
    (void)state;
    static const char text[] = POST "X: abcdefghijklmnopqrstuvwxyz\r\n\r\n";
    size_t len = sizeof(text) - 1;
    const char *why = "";
    assert_int_equal(verdict_at_each_cut(text, len, len, &why), len);
    for (size_t max_len = 0; max_len < len; max_len++) {
        assert_int_equal(verdict_at_each_cut(text, len, max_len, &why), -431);
        assert_string_equal(why, "the request's head is too large");
    }
    /* What stands behind a head, such as its body, is no part of it. */
    char longer[128];
    snprintf(longer, sizeof(longer), "%sbody", text);
    assert_int_equal(verdict_at_each_cut(longer, strlen(longer), len, &why), len);
}

static void a_fault_before_the_limit_is_told_instead_of_it(void **state)
{
    (void)state;
    const char *why = "";
    assert_int_equal(verdict_of(BYTES(GET "X : y"), strlen(GET "X "), &why), -400);
    assert_int_equal(verdict_of(BYTES(GET "X : y"), strlen(GET "X"), &why), -431);
}

static void a_hundred_headers_are_taken_and_not_one_more(void **state)
{
    (void)state;
    char text[4096] = "GET / HTTP/1.1\r\n" HOST;
    const char *why = "";
    struct http_head head;
    size_t at = strlen(text);
    for (int i = 1; i < HTTP_MAX_HEADERS; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "X-%d: %d\r\n", i, i);
    strcpy(text + at, "\r\n");
    read_head(text, &head);
    assert_int_equal(head.header_count, HTTP_MAX_HEADERS);
    assert_text(http_header(&head, "x-99"), "99");
    strcpy(text + at, "Y: z\r\n\r\n");
    assert_int_equal(verdict_at_each_cut(text, strlen(text), MAX_HEAD, &why), -431);
    assert_string_equal(why, "too many headers");
}

static void a_moved_head_points_into_its_copy(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "\r\nPOST /a?b=c HTTP/1.1\r\nHost: h\r\nX:\r\nX-Y: z\r\n\r\n",
        "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct http_head before, head;
        char *from = strdup(heads[i]), *to = strdup(heads[i]);
        read_head(from, &head);
        http_head_move(&head, from, to);
        memset(from, '#', strlen(from));
        free(from); /* AddressSanitizer sees who still reads it */
        read_head(heads[i], &before);
        assert_true(str_eq(head.method_text, before.method_text));
        assert_true(str_eq(head.target, before.target));
        assert_true(str_eq(head.path, before.path));
        assert_true(str_eq(head.query, before.query) && !head.query.p == !before.query.p);
        for (size_t h = 0; h < before.header_count; h++) {
            assert_true(str_eq(head.headers[h].name, before.headers[h].name));
            assert_true(str_eq(head.headers[h].value, before.headers[h].value));
        }
        free(to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_parts_of_a_request_line_are_told_apart),
        cmocka_unit_test(headers_are_found_by_name_in_any_case_without_the_blanks_around),
        cmocka_unit_test(the_length_of_the_body_is_read),
        cmocka_unit_test(version_and_connection_decide_whether_the_connection_is_kept),
        cmocka_unit_test(an_expectation_is_known_or_not_and_nothing_in_http_1_0),
        cmocka_unit_test(host_may_be_empty_or_missing_in_http_1_0_or_of_any_form),
        cmocka_unit_test(a_good_head_is_taken_with_its_last_byte_and_not_before),
        cmocka_unit_test(what_follows_a_head_is_not_looked_at),
        cmocka_unit_test(heads_that_follow_each_other_are_taken_one_by_one),
        cmocka_unit_test(a_head_of_exactly_the_limit_is_taken_and_none_above),
        cmocka_unit_test(a_fault_before_the_limit_is_told_instead_of_it),
        cmocka_unit_test(a_hundred_headers_are_taken_and_not_one_more),
        cmocka_unit_test(a_moved_head_points_into_its_copy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
