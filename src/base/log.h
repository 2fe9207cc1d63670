/* The log: one line per event on stderr, `LEVEL what key=value …`, ready for journald.
 *
 * With a systemd journal on stderr ($JOURNAL_STREAM) lines start with <N> priorities and carry no
 * time; else with an RFC 3339 UTC time. Any thread: a line is one write(). Values with blanks,
 * quotes or control characters are quoted and escaped, so that no input can forge a line. Secrets
 * are never given to it. */
#ifndef WSCRM_BASE_LOG_H
#define WSCRM_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/text.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Once, before threads. Lines above `level` are dropped. */
void log_init(enum log_level level);
/* The same with another descriptor than stderr, which the caller keeps open; for tests. */
void log_init_fd(enum log_level level, int fd);
bool log_enabled(enum log_level level);

/* printf-style message; the caller keeps it one line (control characters become '?'). */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For the access log: many lines in one write. log_prefix() appends time/priority to `b`; the caller
 * appends fields and '\n'; log_flush() writes the buffer to stderr and clears it. A stderr that
 * would block or is gone loses the lines, never the server. */
void log_prefix(struct buf *b, enum log_level level, int64_t now_ms);
void log_value(struct buf *b, struct str value); /* quoted when needed, cut at 200 bytes */
void log_flush(struct buf *b);

/* How many lines were lost since log_init(): a metric. */
uint64_t log_lost(void);

#endif
