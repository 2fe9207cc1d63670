/* The database file in memory, for those who read it: a page is where the kernel keeps it, without a call
 * and without a copy, and all readers share it. SQLite would map the file too, up to 2 GiB, for each
 * connection anew, and after each commit of the writer anew; and a disk that fails would end the process.
 *
 * Here the store has one mapping, which reaches beyond the end of the file into what it may become, and a
 * guard (map_guard.h). When that has failed, what a connection has read since its transaction began is
 * not to be believed; from then on file_map_use() does nothing, and reading goes by pread(), as it does
 * for pages that the mapping does not reach. */
#ifndef WSCRM_STORE_SQLITE_FILE_MAP_H
#define WSCRM_STORE_SQLITE_FILE_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "store/sqlite/connection.h"

struct file_map;

/* Maps up to `len` bytes of address space, a quarter of what `ulimit -v` allows at most. The calling
 * process has no connection to the file open: closing the descriptor drops the locks of all of them.
 * ERR_SYSTEM, ERR_NOMEM, ERR_BUSY. */
int file_map_new(const char *path, size_t len, struct file_map **ret_map) MUST_USE;
/* After the last connection that uses it. NULL is fine. */
void file_map_free(struct file_map *map);

/* The connection, a reading one just opened, reads through the mapping. One that has failed, NULL, or
 * a file that cannot be mapped (a VFS that does not): it reads as before. ERR_STORE. */
int file_map_use(struct file_map *map, struct connection *connection) MUST_USE;
/* Asked at the end of a transaction, and before the next: see above. */
bool file_map_failed(const struct connection *connection);

#endif
