/* A mapping of a file that may become unreadable: the disk fails, somebody cuts the file short. The kernel
 * then sends SIGBUS to whoever touches such a page, which ends a process. With a guard the page reads as
 * zeros instead, and the guard has failed: nothing that was read through the mapping counts any more.
 *
 * The way is that of journald (systemd's sigbus.c). A SIGBUS from elsewhere does what it did before. */
#ifndef WSCRM_STORE_SQLITE_MAP_GUARD_H
#define WSCRM_STORE_SQLITE_MAP_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* Mappings that can be guarded at a time: a process has one store, tests a few. */
#define MAP_GUARDS_MAX 8

struct map_guard {
    char *base;
    size_t len; /* a multiple of the page size */
    atomic_bool failed;
};

/* Guards base[len], for the calling thread and those that it starts later. The struct stays where it is
 * until it is removed. ERR_BUSY: MAP_GUARDS_MAX are in use. ERR_SYSTEM. */
int map_guard_add(struct map_guard *guard, void *base, size_t len) MUST_USE;
/* When nobody reads there any more. */
void map_guard_remove(struct map_guard *guard);

/* Asked after reading: true when what was read may be zeros that the file does not hold. Once true, it
 * stays so. Any thread. */
bool map_guard_failed(const struct map_guard *guard);

#endif
