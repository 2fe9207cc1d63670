#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

#define TIME_LEN 25 /* "2026-03-01T12:00:00.123Z " */

/* The log's two ends while a test runs. */
static int reader, writer;

static int open_pipe(void **state)
{
    (void)state;
    int ends[2];
    if (pipe(ends) < 0)
        return -1;
    reader = ends[0];
    writer = ends[1];
    log_init_fd(LOG_INFO, writer);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    log_init(LOG_INFO);
    close(reader);
    close(writer);
    return 0;
}

/* What has arrived, as a text. */
static const char *arrived(void)
{
    static char text[200000];
    size_t len = 0;
    ssize_t got;
    fcntl(reader, F_SETFL, O_NONBLOCK);
    while ((got = read(reader, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)got;
    text[len] = '\0';
    return text;
}

static void a_line_has_time_level_and_message(void **state)
{
    (void)state;
    log_line(LOG_WARNING, "disk full path=%s left=%d", "/x", 7);
    const char *line = arrived();
    assert_int_equal(line[0], '2');
    assert_int_equal(line[TIME_LEN - 2], 'Z');
    assert_string_equal(line + TIME_LEN, "WARNING disk full path=/x left=7\n");
}

static void the_prefix_is_the_given_time_in_utc(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        /* date -u -d @1772366400 +%FT%TZ */
        {1772366400123, "2026-03-01T12:00:00.123Z ERROR "},
        {0, "1970-01-01T00:00:00.000Z ERROR "},
        {-1, "1969-12-31T23:59:59.999Z ERROR "},
    };
    for (size_t i = 0; i < 3; i++) {
        struct buf b;
        buf_init(&b, 100);
        log_prefix(&b, LOG_ERROR, rows[i].ms);
        assert_int_equal(b.len, strlen(rows[i].text));
        assert_memory_equal(b.data, rows[i].text, b.len);
        buf_free(&b);
    }
}

static void lines_above_the_level_are_dropped(void **state)
{
    (void)state;
    assert_true(log_enabled(LOG_INFO));
    assert_false(log_enabled(LOG_DEBUG));
    log_line(LOG_DEBUG, "not this");
    assert_string_equal(arrived(), "");
    log_init_fd(LOG_DEBUG, writer);
    log_line(LOG_DEBUG, "but this");
    assert_string_equal(arrived() + TIME_LEN, "DEBUG but this\n");
}

static void a_message_cannot_forge_a_line(void **state)
{
    (void)state;
    log_line(LOG_INFO, "name=%s", "a\nERROR b\x1b[2J\x7f\xC2\x9B\xFF \xC3\xA9");
    assert_string_equal(arrived() + TIME_LEN, "INFO name=a?ERROR b?[2J???\x20\xC3\xA9\n");
}

static void a_long_message_is_cut_and_still_a_line(void **state)
{
    (void)state;
    log_line(LOG_INFO, "%5000d", 1);
    const char *line = arrived();
    assert_in_range(strlen(line), 2000, 2200);
    assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void a_journal_gets_priorities_and_no_time(void **state)
{
    (void)state;
    struct stat st;
    char name[64];
    fstat(writer, &st);
    snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
    setenv("JOURNAL_STREAM", name, 1);
    log_init_fd(LOG_DEBUG, writer);
    log_line(LOG_ERROR, "a");
    log_line(LOG_WARNING, "b");
    log_line(LOG_INFO, "c");
    log_line(LOG_DEBUG, "d");
    assert_string_equal(arrived(), "<3>ERROR a\n<4>WARNING b\n<6>INFO c\n<7>DEBUG d\n");
    setenv("JOURNAL_STREAM", "1:1", 1); /* inherited, but stderr is another file */
    log_init_fd(LOG_DEBUG, writer);
    log_line(LOG_ERROR, "e");
    assert_string_equal(arrived() + TIME_LEN, "ERROR e\n");
    unsetenv("JOURNAL_STREAM");
}

static void values_are_quoted_when_they_need_it(void **state)
{
    (void)state;
    static const struct {
        const char *value, *text;
    } rows[] = {
        {"plain-1.2/x:y", "plain-1.2/x:y"},
        {"", "\"\""},
        {"a b", "\"a b\""},
        {"a=b", "\"a=b\""},
        {"a\"b\\", "\"a\\\"b\\\\\""},
        {"a\nb\t\x01", "\"a\\nb\\t\\u0001\""},
        {"\x7f\xC2\x85", "\"\\u007f\\u0085\""},
        {"\xE4\xB8\xAD", "\"\xE4\xB8\xAD\""},
        {"a\xFF\xC3", "\"a??\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf b;
        buf_init(&b, 1000);
        log_value(&b, str_of(rows[i].value));
        assert_int_equal(b.len, strlen(rows[i].text));
        assert_memory_equal(b.data, rows[i].text, b.len);
        buf_free(&b);
    }
}

static void long_values_are_cut_at_200_bytes_between_code_points(void **state)
{
    (void)state;
    char value[400];
    struct buf b;
    buf_init(&b, 1000);
    memset(value, 'x', sizeof(value));
    log_value(&b, (struct str){value, 200});
    assert_int_equal(b.len, 200);
    buf_clear(&b);
    log_value(&b, (struct str){value, 201});
    assert_int_equal(b.len, 203);
    assert_memory_equal(b.data + 200, "...", 3);
    memcpy(value + 198, "\xF0\x9F\x98\x80", 4);
    buf_clear(&b);
    log_value(&b, (struct str){value, 400});
    assert_int_equal(b.len, 201);
    assert_memory_equal(b.data + 197, "x...", 4);
    buf_free(&b);
}

static void a_batch_of_lines_arrives_whole_and_in_order(void **state)
{
    (void)state;
    struct buf b;
    char expected[20000];
    int len = 0;
    buf_init(&b, sizeof(expected));
    for (int i = 0; i < 200; i++) {
        buf_printf(&b, "line %d %*d\n", i, i % 80, 0);
        len += sprintf(expected + len, "line %d %*d\n", i, i % 80, 0);
    }
    log_flush(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(arrived(), expected);
    buf_free(&b);
}

static void a_buffer_that_overflowed_loses_its_cut_line_only(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 20);
    buf_add_text(&b, "a whole line\n");
    buf_add_text(&b, "cut");
    buf_add_text(&b, "here it is over the maximum\n");
    log_flush(&b);
    assert_string_equal(arrived(), "a whole line\n");
    assert_int_equal(log_lost(), 1);
    buf_free(&b);
}

/* A reader that does not read must not stop the server; when it reads again, lines come again. */
static void check_full_sink(void)
{
    int lines = 0;
    while (log_lost() < 10 && lines < 100000) {
        log_line(LOG_INFO, "line %d", lines);
        lines++;
    }
    assert_int_equal(log_lost(), 10);
    const char *text = arrived();
    int whole = 0;
    for (const char *p = strchr(text, '\n'); p; p = strchr(p + 1, '\n'))
        whole++;
    assert_int_equal(whole, lines - 10);
    log_line(LOG_INFO, "again");
    assert_string_equal(arrived() + TIME_LEN, "INFO again\n");
}

static void a_full_pipe_loses_lines_and_never_blocks(void **state)
{
    (void)state;
    check_full_sink();
    assert_int_equal(fcntl(writer, F_GETFL) & O_NONBLOCK, 0); /* others write to it, too */
}

static void a_full_socket_loses_lines_and_never_blocks(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const int size = 8192; /* so that arrived() has room for all that the kernel buffers */
    setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    const int kept = reader;
    reader = ends[0];
    log_init_fd(LOG_INFO, ends[1]);
    check_full_sink();
    close(ends[0]);
    log_line(LOG_INFO, "into the void"); /* no SIGPIPE, either */
    assert_int_equal(log_lost(), 11);
    log_init_fd(LOG_INFO, writer);
    close(ends[1]);
    reader = kept;
}

static void a_pipe_without_a_reader_loses_lines(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as main does */
    close(reader);
    log_line(LOG_INFO, "a");
    log_line(LOG_INFO, "b");
    assert_int_equal(log_lost(), 2);
    reader = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void a_file_is_appended_to(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    assert_non_null(file);
    log_init_fd(LOG_INFO, fileno(file));
    log_line(LOG_INFO, "one");
    log_line(LOG_INFO, "two");
    rewind(file);
    char line[100];
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line + TIME_LEN, "INFO one\n");
    assert_non_null(fgets(line, sizeof(line), file));
    assert_string_equal(line + TIME_LEN, "INFO two\n");
    log_init_fd(LOG_INFO, writer);
    fclose(file);
}

#define THREADS 8
#define LINES   60 /* all of them fit into a pipe */

static void *write_lines(void *arg)
{
    for (int i = 0; i < LINES; i++)
        log_line(LOG_INFO, "thread=%c line=%02d", *(const char *)arg, i);
    return NULL;
}

static void lines_of_many_threads_do_not_mix(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    static char names[] = "abcdefgh";
    int next[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_lines, &names[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *line = arrived();
    for (int i = 0; i < THREADS * LINES; i++) {
        char name;
        int number;
        assert_int_equal(sscanf(line + TIME_LEN, "INFO thread=%c line=%d\n", &name, &number), 2);
        assert_int_equal(number, next[name - 'a']++);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
}

#define LOG_TEST(name) cmocka_unit_test_setup_teardown(name, open_pipe, close_pipe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(a_line_has_time_level_and_message),
        LOG_TEST(the_prefix_is_the_given_time_in_utc),
        LOG_TEST(lines_above_the_level_are_dropped),
        LOG_TEST(a_message_cannot_forge_a_line),
        LOG_TEST(a_long_message_is_cut_and_still_a_line),
        LOG_TEST(a_journal_gets_priorities_and_no_time),
        LOG_TEST(values_are_quoted_when_they_need_it),
        LOG_TEST(long_values_are_cut_at_200_bytes_between_code_points),
        LOG_TEST(a_batch_of_lines_arrives_whole_and_in_order),
        LOG_TEST(a_buffer_that_overflowed_loses_its_cut_line_only),
        LOG_TEST(a_full_pipe_loses_lines_and_never_blocks),
        LOG_TEST(a_full_socket_loses_lines_and_never_blocks),
        LOG_TEST(a_pipe_without_a_reader_loses_lines),
        LOG_TEST(a_file_is_appended_to),
        LOG_TEST(lines_of_many_threads_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
