#include "main/frame.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/clock.h"

#define PREFIX_LEN 4

static int remaining(int64_t until_ms)
{
    int64_t left = until_ms - clock_mono_ms();
    return until_ms < 0 ? -1 : (int)(left > 0 ? left : 0);
}

static int wait_for(int fd, short events, int stop_fd, int64_t until_ms)
{
    struct pollfd polled[2] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};
    int count;
    do {
        count = poll(polled, 2, remaining(until_ms));
    } while (count < 0 && errno == EINTR);
    if (count < 0)
        return ERR_SYSTEM;
    if (count == 0)
        return ERR_BUSY;
    return polled[1].revents ? ERR_CLOSED : 0;
}

static int64_t deadline(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : clock_mono_ms() + timeout_ms;
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EINTR;
}

static int read_bytes(int fd, int stop_fd, int64_t until_ms, char *data, size_t len)
{
    while (len > 0) {
        int result = wait_for(fd, POLLIN, stop_fd, until_ms);
        if (result < 0)
            return result;
        ssize_t got = recv(fd, data, len, MSG_DONTWAIT);
        if (got == 0)
            return ERR_CLOSED;
        if (got < 0 && !try_again())
            return errno == ECONNRESET ? ERR_CLOSED : ERR_SYSTEM;
        size_t step = got > 0 ? (size_t)got : 0;
        data += step;
        len -= step;
    }
    return 0;
}

static int write_bytes(int fd, int64_t until_ms, struct str data)
{
    while (data.len > 0) {
        int result = wait_for(fd, POLLOUT, -1, until_ms);
        if (result < 0)
            return result;
        ssize_t sent = send(fd, data.p, data.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && !try_again())
            return errno == EPIPE || errno == ECONNRESET ? ERR_CLOSED : ERR_SYSTEM;
        size_t step = sent > 0 ? (size_t)sent : 0;
        data = (struct str){data.p + step, data.len - step};
    }
    return 0;
}

int frame_read(int fd, int stop_fd, int timeout_ms, struct buf *message)
{
    int64_t until_ms = deadline(timeout_ms);
    uint8_t prefix[PREFIX_LEN];
    buf_clear(message);
    int result = read_bytes(fd, stop_fd, until_ms, (char *)prefix, PREFIX_LEN);
    if (result < 0)
        return result;
    size_t len = (size_t)prefix[0] << 24 | (size_t)prefix[1] << 16 | (size_t)prefix[2] << 8 |
                 (size_t)prefix[3];
    if (len == 0)
        return 0;
    char *room = len <= FRAME_MAX ? buf_reserve(message, len) : NULL;
    if (!room)
        return ERR_TOO_LARGE;
    result = read_bytes(fd, stop_fd, until_ms, room, len);
    message->len = result < 0 ? 0 : len;
    return result;
}

int frame_write(int fd, int timeout_ms, struct str message)
{
    int64_t until_ms = deadline(timeout_ms);
    if (message.len > FRAME_MAX)
        return ERR_TOO_LARGE;
    char prefix[PREFIX_LEN] = {(char)(message.len >> 24 & 0xff), (char)(message.len >> 16 & 0xff),
                               (char)(message.len >> 8 & 0xff), (char)(message.len & 0xff)};
    int result = write_bytes(fd, until_ms, (struct str){prefix, PREFIX_LEN});
    return result < 0 ? result : write_bytes(fd, until_ms, message);
}
