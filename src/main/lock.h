/* One server per store: an exclusive lock on DIR/wscrm.lock for a process's life. The file says who
 * holds it: the process id in its first line, a server's URL in its second. The kernel drops the lock
 * with the process, so a killed server leaves nothing in the way. */
#ifndef WSCRM_MAIN_LOCK_H
#define WSCRM_MAIN_LOCK_H

#include <stdbool.h>

#include "base/err.h"

#define LOCK_URL_MAX 320

/* Never waits. ERR_BUSY: another process holds it; ERR_NOT_FOUND: the file is not there (`create`
 * makes it); ERR_SYSTEM with errno. */
int lock_take(const char *directory, bool create, int *ret_lock) MUST_USE;
/* Writes this process's id, and the URL (NULL: none yet, or no server). ERR_SYSTEM. */
int lock_sign(int lock, const char *url) MUST_USE;
/* Empties the file, unless it was not signed, and lets go. */
void lock_release(int lock);

struct lock_holder {
    bool held;
    long pid;               /* 0: not written yet */
    char url[LOCK_URL_MAX]; /* empty: none */
};
/* Looks, without ever holding the lock itself. ERR_NOT_FOUND, ERR_SYSTEM with errno. */
int lock_look(const char *directory, struct lock_holder *ret_holder) MUST_USE;

#endif
