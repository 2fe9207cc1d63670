#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/clock.h"

/* A line of log_line() is cut here; a block of whole lines up to PIPE_BUF goes out as one piece. */
#define LINE_MAX_LEN  2048
#define VALUE_MAX_LEN ((size_t)200)

/* Set once before there are threads, then only read; the count is atomic. */
static struct {
    enum log_level level;
    int fd;
    int own_fd; /* our non-blocking way to the same pipe or terminal, or -1 */
    bool is_socket;
    bool journal;
    _Atomic uint64_t lost;
} state = {.level = LOG_INFO, .fd = STDERR_FILENO, .own_fd = -1};

/* systemd names the journal's socket in $JOURNAL_STREAM as "device:inode". */
static bool is_journal(const struct stat *st)
{
    const char *stream = getenv("JOURNAL_STREAM");
    char name[64];
    snprintf(name, sizeof(name), "%ju:%ju", (uintmax_t)st->st_dev, (uintmax_t)st->st_ino);
    return stream && strcmp(stream, name) == 0;
}

/* O_NONBLOCK on stderr itself would also change it for the shell that shares it, so a pipe or a
 * terminal is opened once more. Files never block, sockets are asked per send(). */
static int open_nonblocking(int fd, const struct stat *st)
{
    if (!S_ISFIFO(st->st_mode) && !S_ISCHR(st->st_mode))
        return -1;
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_APPEND | O_CLOEXEC | O_NOCTTY);
}

void log_init_fd(enum log_level level, int fd)
{
    struct stat st = {0};
    const bool known = fstat(fd, &st) == 0;
    if (state.own_fd >= 0)
        close(state.own_fd);
    state.level = level;
    state.fd = fd;
    state.own_fd = known ? open_nonblocking(fd, &st) : -1;
    state.is_socket = known && S_ISSOCK(st.st_mode);
    state.journal = known && is_journal(&st);
    atomic_store(&state.lost, 0);
}

void log_init(enum log_level level)
{
    log_init_fd(level, STDERR_FILENO);
}

bool log_enabled(enum log_level level)
{
    return level <= state.level;
}

uint64_t log_lost(void)
{
    return atomic_load_explicit(&state.lost, memory_order_relaxed);
}

/* One write that does not wait. Without an own descriptor (no /proc, or it is not ours any more
 * after a change of user) poll() has to do. */
static ssize_t write_now(const char *data, size_t len)
{
    if (state.is_socket)
        return send(state.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (state.own_fd >= 0)
        return write(state.own_fd, data, len);
    struct pollfd fd = {.fd = state.fd, .events = POLLOUT};
    if (poll(&fd, 1, 0) != 1 || !(fd.revents & POLLOUT)) {
        errno = EAGAIN;
        return -1;
    }
    return write(state.fd, data, len);
}

static uint64_t count_lines(const char *data, size_t len)
{
    uint64_t lines = 0;
    for (size_t i = 0; i < len; i++)
        lines += data[i] == '\n';
    return lines;
}

static void write_or_lose(const char *data, size_t len)
{
    ssize_t done;
    do
        done = write_now(data, len);
    while (done < 0 && errno == EINTR);
    const size_t written = done > 0 ? (size_t)done : 0;
    if (written < len)
        atomic_fetch_add(&state.lost, count_lines(data + written, len - written));
}

/* As many whole lines as a pipe takes in one piece; a line longer than that alone. */
static size_t piece_len(const char *data, size_t len)
{
    if (len <= PIPE_BUF)
        return len;
    const char *end = memrchr(data, '\n', PIPE_BUF);
    if (!end)
        end = memchr(data + PIPE_BUF, '\n', len - PIPE_BUF);
    return end ? (size_t)(end - data) + 1 : len;
}

static void write_lines(const char *data, size_t len)
{
    while (len) {
        const size_t piece = piece_len(data, len);
        write_or_lose(data, piece);
        data += piece;
        len -= piece;
    }
}

static void add_digits(struct buf *b, int value, int width)
{
    char text[8];
    for (int i = width - 1; i >= 0; i--, value /= 10)
        text[i] = (char)('0' + value % 10);
    buf_add(b, text, (size_t)width);
}

/* "2026-03-01T12:00:00.123Z "; written out, for it stands before every line of the access log. */
static void add_time(struct buf *b, int64_t now_ms)
{
    const int64_t days = civil_floor_div(now_ms, CIVIL_DAY * 1000);
    const int ms = (int)(now_ms - days * CIVIL_DAY * 1000);
    int year, month, day;
    civil_from_days(days, &year, &month, &day);
    const int parts[] = {year,           month,    day, ms / 3600000, ms / 60000 % 60,
                         ms / 1000 % 60, ms % 1000};
    for (size_t i = 0; i < 7; i++) {
        add_digits(b, parts[i], i == 0 ? 4 : i == 6 ? 3 : 2);
        buf_add_char(b, "--T::.Z"[i]);
    }
    buf_add_char(b, ' ');
}

void log_prefix(struct buf *b, enum log_level level, int64_t now_ms)
{
    static const struct {
        const char *priority, *name;
    } levels[] = {
        [LOG_ERROR] = {"<3>", "ERROR "},
        [LOG_WARNING] = {"<4>", "WARNING "},
        [LOG_INFO] = {"<6>", "INFO "},
        [LOG_DEBUG] = {"<7>", "DEBUG "},
    };
    if (state.journal)
        buf_add_text(b, levels[level].priority);
    else
        add_time(b, now_ms);
    buf_add_text(b, levels[level].name);
}

/* DEL and the C1 controls (U+0080 to U+009F) steer a terminal as much as those below 0x20. */
static bool is_control(const char *p, size_t step)
{
    const unsigned char *c = (const unsigned char *)p;
    return c[0] < 0x20 || c[0] == 0x7F || (step == 2 && c[0] == 0xC2 && c[1] < 0xA0);
}

/* Control characters and what is not UTF-8 become '?'. */
static void add_line(struct buf *b, const char *text, size_t len)
{
    for (size_t at = 0, step; at < len; at += step) {
        step = utf8_next(text + at, len - at);
        const bool bad = !step || is_control(text + at, step);
        step = step ? step : 1;
        buf_add(b, bad ? "?" : text + at, bad ? 1 : step);
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    if (!log_enabled(level))
        return;
    const int saved_errno = errno;
    char text[LINE_MAX_LEN];
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct buf b;
    buf_init(&b, LINE_MAX_LEN + 64);
    log_prefix(&b, level, clock_real_ms());
    add_line(&b, text, len < 0 ? 0 : len < LINE_MAX_LEN ? (size_t)len : LINE_MAX_LEN - 1);
    buf_add_char(&b, '\n');
    log_flush(&b);
    buf_free(&b);
    errno = saved_errno; /* so that a line can be logged before errno is looked at */
}

static bool is_bare(struct str value)
{
    for (size_t i = 0; i < value.len; i++) {
        const unsigned char c = (unsigned char)value.p[i];
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '\\' || c == '=')
            return false;
    }
    return value.len > 0;
}

static void add_quoted(struct buf *b, struct str value)
{
    buf_add_char(b, '"');
    for (size_t at = 0, step; at < value.len; at += step) {
        const char *const p = value.p + at;
        step = utf8_next(p, value.len - at);
        if (!step) {
            step = 1;
            buf_add_char(b, '?');
        } else if (is_control(p, step) && (unsigned char)*p >= 0x20) {
            buf_printf(b, "\\u%04x", (unsigned)(unsigned char)p[step - 1]);
        } else {
            buf_add_json_part(b, (struct str){p, step});
        }
    }
    buf_add_char(b, '"');
}

void log_value(struct buf *b, struct str value)
{
    const bool cut = value.len > VALUE_MAX_LEN;
    if (cut) {
        value.len = VALUE_MAX_LEN;
        /* not within a code point: steps back over at most three of its bytes */
        for (int i = 0; i < 3 && ((unsigned char)value.p[value.len] & 0xC0) == 0x80; i++)
            value.len--;
    }
    if (is_bare(value))
        buf_add_str(b, value);
    else
        add_quoted(b, value);
    if (cut)
        buf_add(b, "...", 3);
}

void log_flush(struct buf *b)
{
    if (b->failed) { /* the last line is cut off: it would run into the next one */
        const char *end = b->len ? memrchr(b->data, '\n', b->len) : NULL;
        b->len = end ? (size_t)(end - b->data) + 1 : 0;
        atomic_fetch_add(&state.lost, 1);
    }
    write_lines(b->data, b->len);
    buf_clear(b);
}
