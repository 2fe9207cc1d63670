#include "main/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "main/directory.h"

#define LOCK_FILE "wscrm.lock"

/* Open file description locks, not flock(): they can be looked at without being taken, so that a look
 * never makes a starting server believe that another one runs. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

static int open_file(const char *directory, int flags, int *ret_fd)
{
    char path[DIRECTORY_PATH_MAX];
    int result = directory_path(directory, LOCK_FILE, path);
    if (result < 0)
        return result;
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    *ret_fd = fd;
    return 0;
}

int lock_take(const char *directory, bool create, int *ret_lock)
{
    int fd;
    int result = open_file(directory, O_RDWR | (create ? O_CREAT : 0), &fd);
    if (result < 0)
        return result;
    struct flock want = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &want) < 0) {
        int cause = errno;
        close(fd);
        errno = cause;
        return cause == EAGAIN || cause == EACCES ? ERR_BUSY : ERR_SYSTEM;
    }
    *ret_lock = fd;
    return 0;
}

int lock_sign(int lock, const char *url)
{
    char text[LOCK_URL_MAX + 32];
    int len =
        snprintf(text, sizeof(text), "%ld\n%s%s", (long)getpid(), url ? url : "", url ? "\n" : "");
    if (ftruncate(lock, 0) < 0 || pwrite(lock, text, (size_t)len, 0) != len)
        return ERR_SYSTEM;
    return 0;
}

static bool signed_by_us(int lock)
{
    char text[32] = "";
    return pread(lock, text, sizeof(text) - 1, 0) > 0 && strtol(text, NULL, 10) == (long)getpid();
}

void lock_release(int lock)
{
    if (signed_by_us(lock) && ftruncate(lock, 0) < 0) {
        /* A stale process id in the file harms nobody: the lock is what counts. */
    }
    close(lock);
}

static void read_holder(const char *text, struct lock_holder *holder)
{
    int used = 0;
    if (sscanf(text, "%ld%n", &holder->pid, &used) != 1) {
        holder->pid = 0;
        return;
    }
    const char *url = text + used + (text[used] == '\n');
    size_t len = strcspn(url, "\n");
    if (len < LOCK_URL_MAX)
        memcpy(holder->url, url, len);
}

int lock_look(const char *directory, struct lock_holder *ret_holder)
{
    int fd;
    int result = open_file(directory, O_RDONLY, &fd);
    if (result < 0)
        return result;
    struct flock probe = whole_file();
    char text[LOCK_URL_MAX + 32] = "";
    struct lock_holder holder = {0};
    result = ERR_SYSTEM;
    if (fcntl(fd, F_OFD_GETLK, &probe) == 0 && pread(fd, text, sizeof(text) - 1, 0) >= 0) {
        holder.held = probe.l_type != F_UNLCK;
        read_holder(text, &holder);
        *ret_holder = holder;
        result = 0;
    }
    int cause = errno;
    close(fd);
    errno = cause;
    return result;
}
