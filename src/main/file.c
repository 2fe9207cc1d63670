#include "main/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void give_away(const char *path, int fd)
{
    char copy[4200];
    struct stat folder;
    int len = snprintf(copy, sizeof(copy), "%s", path);
    if (geteuid() == 0 && len < (int)sizeof(copy) && stat(dirname(copy), &folder) == 0 &&
        fchown(fd, folder.st_uid, folder.st_gid) < 0) {
        /* A file system without owners: then nobody minds. */
    }
}

int file_open(const char *path, int *ret_fd, bool *ret_is_fresh)
{
    const int flags = O_WRONLY | O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags | O_CREAT | O_EXCL, 0600);
    bool is_fresh = fd >= 0;
    if (is_fresh)
        give_away(path, fd);
    else if (errno == EEXIST)
        fd = open(path, flags);
    if (fd < 0)
        return ERR_SYSTEM;
    *ret_fd = fd;
    *ret_is_fresh = is_fresh;
    return 0;
}

void file_remove(int fd, const char *path)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return;
    if (ftruncate(fd, 0) < 0 || unlink(path) < 0) {
        /* Somebody else's folder: what is left there says nothing. */
    }
}
