/* A disk that fails when told to: a SQLite VFS over the ordinary one. For tests of the SQLite store. */
#ifndef WSCRM_TESTS_UNIT_STORE_FAULTY_DISK_H
#define WSCRM_TESTS_UNIT_STORE_FAULTY_DISK_H

#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

/* What fails, and how: set by the test, read by every thread. 0: nothing. */
struct faulty_disk {
    atomic_int write_error, sync_error, read_error, open_error;
    atomic_int writes_left; /* so many writes still go well */
    atomic_int writes, syncs, failures;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
};
static struct faulty_disk disk;

struct faulty_file {
    sqlite3_file base;
    sqlite3_file *real;
};

static inline sqlite3_file *real_file(sqlite3_file *file)
{
    return ((struct faulty_file *)file)->real;
}

static inline int disk_fails(int error)
{
    if (error)
        atomic_fetch_add(&disk.failures, 1);
    return error;
}

static int faulty_close(sqlite3_file *file)
{
    return real_file(file)->pMethods->xClose(real_file(file));
}

static int faulty_read(sqlite3_file *file, void *data, int len, sqlite3_int64 at)
{
    int error = disk_fails(atomic_load(&disk.read_error));
    return error ? error : real_file(file)->pMethods->xRead(real_file(file), data, len, at);
}

static int faulty_write(sqlite3_file *file, const void *data, int len, sqlite3_int64 at)
{
    int error = atomic_load(&disk.write_error);
    atomic_fetch_add(&disk.writes, 1);
    if (error && atomic_fetch_sub(&disk.writes_left, 1) <= 0)
        return disk_fails(error);
    return real_file(file)->pMethods->xWrite(real_file(file), data, len, at);
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return real_file(file)->pMethods->xTruncate(real_file(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    int error = disk_fails(atomic_load(&disk.sync_error));
    atomic_fetch_add(&disk.syncs, 1);
    return error ? error : real_file(file)->pMethods->xSync(real_file(file), flags);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *ret_size)
{
    return real_file(file)->pMethods->xFileSize(real_file(file), ret_size);
}

static int faulty_lock(sqlite3_file *file, int level)
{
    return real_file(file)->pMethods->xLock(real_file(file), level);
}

static int faulty_unlock(sqlite3_file *file, int level)
{
    return real_file(file)->pMethods->xUnlock(real_file(file), level);
}

static int faulty_check_lock(sqlite3_file *file, int *ret_reserved)
{
    return real_file(file)->pMethods->xCheckReservedLock(real_file(file), ret_reserved);
}

static int faulty_control(sqlite3_file *file, int op, void *argument)
{
    return real_file(file)->pMethods->xFileControl(real_file(file), op, argument);
}

static int faulty_sector(sqlite3_file *file)
{
    return real_file(file)->pMethods->xSectorSize(real_file(file));
}

static int faulty_device(sqlite3_file *file)
{
    return real_file(file)->pMethods->xDeviceCharacteristics(real_file(file));
}

static int faulty_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **ret_p)
{
    return real_file(file)->pMethods->xShmMap(real_file(file), page, size, extend, ret_p);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_file(file)->pMethods->xShmLock(real_file(file), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
    real_file(file)->pMethods->xShmBarrier(real_file(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int remove)
{
    return real_file(file)->pMethods->xShmUnmap(real_file(file), remove);
}

/* Version 2: no mapping of the database, which would go round faulty_read(). */
static const sqlite3_io_methods faulty_methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check_lock,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *ret_flags)
{
    (void)vfs;
    struct faulty_file *faulty = (struct faulty_file *)file;
    faulty->base.pMethods = NULL;
    faulty->real = (sqlite3_file *)(void *)(faulty + 1);
    int error = disk_fails(atomic_load(&disk.open_error));
    if (!error)
        error = disk.real->xOpen(disk.real, name, faulty->real, flags, ret_flags);
    if (!error)
        faulty->base.pMethods = &faulty_methods;
    return error;
}

/* Makes it the VFS of all connections opened from now on. */
static inline void disk_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.pNext = NULL;
    disk.vfs.zName = "faulty";
    disk.vfs.szOsFile = (int)sizeof(struct faulty_file) + disk.real->szOsFile;
    disk.vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&disk.vfs, 1);
}

static inline void disk_heal(void)
{
    atomic_store(&disk.write_error, 0);
    atomic_store(&disk.sync_error, 0);
    atomic_store(&disk.read_error, 0);
    atomic_store(&disk.open_error, 0);
    atomic_store(&disk.writes_left, 0);
    atomic_store(&disk.failures, 0);
}

#endif
