/* The writer's way to its write-ahead log: writes that follow each other go to the kernel as one.
 *
 * SQLite hands a frame over as two writes, 24 bytes and a page; a group of a hundred imports is two
 * hundred calls, which cost the writer more than SQLite itself. Nothing else changes: what was
 * collected is written before the log is synced, read, cut, measured or closed, and at the end of
 * each commit, so nobody ever sees less than without it. */
#ifndef WSCRM_STORE_SQLITE_LOG_VFS_H
#define WSCRM_STORE_SQLITE_LOG_VFS_H

/* The VFS's name for sqlite3_open_v2(). It stands on what is SQLite's default VFS at the first call.
 * NULL: it cannot be had, and the default does as well. Any thread. */
const char *log_vfs_name(void);

#endif
