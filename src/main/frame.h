/* Messages on the control socket: a length of four bytes, most significant first, then so many bytes. */
#ifndef WSCRM_MAIN_FRAME_H
#define WSCRM_MAIN_FRAME_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define FRAME_MAX ((size_t)16 << 20)

/* A connection that a command talks over for as long as it runs. */
struct channel {
    int fd;
    int stop_fd;         /* readable: the server stops; -1 on the client's side */
    atomic_int *streams; /* the server's: how many STREAM commands run */
};

/* Reads one into `message` (cleared first; its own maximum counts too). `stop_fd` breaks it off when
 * it becomes readable (-1: none); `timeout_ms` is for the whole frame (-1: no limit). ERR_CLOSED: the
 * other end closed, or stopped; ERR_BUSY: time is up; ERR_TOO_LARGE; ERR_SYSTEM. */
int frame_read(int fd, int stop_fd, int timeout_ms, struct buf *message) MUST_USE;
int frame_write(int fd, int timeout_ms, struct str message) MUST_USE;

#endif
