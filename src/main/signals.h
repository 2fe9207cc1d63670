/* The server's signals: blocked in all threads, read by the main thread through a signalfd. */
#ifndef WSCRM_MAIN_SIGNALS_H
#define WSCRM_MAIN_SIGNALS_H

#include "base/err.h"

/* Before any thread is made. Blocks SIGTERM, SIGINT and SIGHUP; ignores SIGPIPE (a client that has
 * gone) and SIGXFSZ (a file at its limit: the write then fails, which is dealt with). ERR_SYSTEM. */
int signals_open(int *ret_fd) MUST_USE;
/* Waits for the next one; its number. */
int signals_next(int fd);
/* From now on SIGTERM and SIGINT end the process at once, with exit status 1. */
void signals_impatient(void);

#endif
