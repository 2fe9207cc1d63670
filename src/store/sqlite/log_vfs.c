#include "store/sqlite/log_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The most that SQLite's own VFS for Unix takes at once: 63 frames with pages of 2 KiB, so a group of a
 * hundred imports is two writes. */
#define COLLECT_MAX 131071
/* Of a frame's header: page number (4), size of the database after a commit, else 0 (4), … (SQLite's
 * file format, 4.1). */
#define FRAME_HEADER 24

struct log_file {
    sqlite3_file base;
    sqlite3_file *real;
    sqlite3_int64 start; /* in the file, of what was collected */
    int len;             /* of it */
    bool commits;        /* the frame at hand ends a commit: its page comes next */
    char *collected;     /* [COLLECT_MAX]; NULL before the first write */
};

static struct log_file *log_file(sqlite3_file *file)
{
    return (struct log_file *)(void *)file;
}

static sqlite3_file *real(sqlite3_file *file)
{
    return log_file(file)->real;
}

/* What cannot be written is gone: SQLite is told so, and its log ends before it. */
static int flush(sqlite3_file *file)
{
    struct log_file *log = log_file(file);
    int len = log->len;
    log->len = 0;
    return len ? log->real->pMethods->xWrite(log->real, log->collected, len, log->start)
               : SQLITE_OK;
}

static bool is_commit(const void *header)
{
    uint32_t size_after;
    memcpy(&size_after, (const char *)header + 4, sizeof(size_after));
    return size_after != 0;
}

/* Room for `len` bytes at `offset` behind what was collected; else that is written first. */
static int make_room(sqlite3_file *file, int len, sqlite3_int64 offset)
{
    struct log_file *log = log_file(file);
    if (log->len && offset == log->start + log->len && len <= COLLECT_MAX - log->len)
        return SQLITE_OK;
    int code = flush(file);
    log->start = offset;
    if (!log->collected)
        log->collected = malloc(COLLECT_MAX);
    return code;
}

static int log_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 offset)
{
    struct log_file *log = log_file(file);
    bool ends_commit = log->commits && len != FRAME_HEADER;
    int code = make_room(file, len, offset);
    log->commits = len == FRAME_HEADER && is_commit(data);
    if (code != SQLITE_OK)
        return code;
    if (!log->collected || len > COLLECT_MAX)
        return log->real->pMethods->xWrite(log->real, data, len, offset);
    memcpy(log->collected + log->len, data, (size_t)len);
    log->len += len;
    return ends_commit ? flush(file) : SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *data, int len, sqlite3_int64 offset)
{
    int code = flush(file);
    return code == SQLITE_OK ? real(file)->pMethods->xRead(real(file), data, len, offset) : code;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = flush(file);
    return code == SQLITE_OK ? real(file)->pMethods->xTruncate(real(file), size) : code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    int code = flush(file);
    return code == SQLITE_OK ? real(file)->pMethods->xSync(real(file), flags) : code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    int code = flush(file);
    return code == SQLITE_OK ? real(file)->pMethods->xFileSize(real(file), ret_size) : code;
}

static int log_close(sqlite3_file *file)
{
    int flushed = flush(file);
    int closed = real(file)->pMethods->xClose(real(file));
    free(log_file(file)->collected);
    return flushed != SQLITE_OK ? flushed : closed;
}

static int log_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int log_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), ret_reserved);
}

static int log_control(sqlite3_file *file, int op, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), op, argument);
}

static int log_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int log_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

/* Version 1: shared memory and mappings are the database file's affair, not the log's. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

struct log_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *below;
    bool registered;
};

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *ret_flags)
{
    sqlite3_vfs *below = ((struct log_vfs *)(void *)vfs)->below;
    if (!(flags & SQLITE_OPEN_WAL))
        return below->xOpen(below, name, file, flags, ret_flags);
    struct log_file *log = log_file(file);
    memset(log, 0, sizeof(*log));
    log->real = (sqlite3_file *)(void *)(log + 1);
    int code = below->xOpen(below, name, log->real, flags, ret_flags);
    /* No methods after a failure: SQLite does not close such a file. */
    log->base.pMethods = code == SQLITE_OK ? &log_methods : NULL;
    return code;
}

/* Written once, before any connection is open. */
static struct log_vfs log_vfs;

static void register_once(void)
{
    sqlite3_vfs *below = sqlite3_vfs_find(NULL);
    if (!below)
        return;
    log_vfs.below = below;
    log_vfs.vfs = *below; /* but for opening files, it is the default */
    log_vfs.vfs.zName = "wscrm";
    log_vfs.vfs.pNext = NULL;
    log_vfs.vfs.szOsFile = (int)sizeof(struct log_file) + below->szOsFile;
    log_vfs.vfs.xOpen = vfs_open;
    log_vfs.registered = sqlite3_vfs_register(&log_vfs.vfs, 0) == SQLITE_OK;
}

const char *log_vfs_name(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_once);
    return log_vfs.registered ? log_vfs.vfs.zName : NULL;
}
