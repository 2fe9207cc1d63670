#include "main/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

int directory_path(const char *directory, const char *name, char ret_path[DIRECTORY_PATH_MAX])
{
    int len = snprintf(ret_path, DIRECTORY_PATH_MAX, "%s/%s", directory, name);
    return len < DIRECTORY_PATH_MAX ? 0 : ERR_TOO_LARGE;
}

static int fail(const char *place, char *why, size_t why_size)
{
    snprintf(why, why_size, "%s: %s", place, strerror(errno));
    return ERR_SYSTEM;
}

static int stat_above(const char *directory, struct stat *ret_status)
{
    char path[DIRECTORY_PATH_MAX];
    if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return stat(dirname(path), ret_status);
}

static int become(uid_t user, gid_t group)
{
    const struct passwd *entry = getpwuid(user);
    if (entry ? initgroups(entry->pw_name, entry->pw_gid) < 0 : setgroups(0, NULL) < 0)
        return ERR_SYSTEM;
    gid_t main_group = entry ? entry->pw_gid : group;
    if (setresgid(main_group, main_group, main_group) < 0 || setresuid(user, user, user) < 0)
        return ERR_SYSTEM;
    /* Changing the user switches core dumps, debuggers and /proc/self off: the new one may have them. */
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    return 0;
}

int directory_adopt(const char *directory, char *why, size_t why_size)
{
    struct stat status;
    if (geteuid() != 0)
        return 0;
    if (stat(directory, &status) < 0 && (errno != ENOENT || stat_above(directory, &status) < 0)) {
        /* Nothing can be made there, and whoever comes to it says so in his own words. */
        return errno == ENOENT ? 0 : fail(directory, why, why_size);
    }
    if (status.st_uid == 0)
        return 0;
    return become(status.st_uid, status.st_gid) < 0 ? fail("changing the user", why, why_size) : 0;
}

int directory_make(const char *directory, char *why, size_t why_size)
{
    struct stat status;
    if (mkdir(directory, 0700) < 0 && errno != EEXIST) {
        if (errno == ENOENT) {
            snprintf(why, why_size, "%s: the directory above it does not exist", directory);
            return ERR_SYSTEM;
        }
        return fail(directory, why, why_size);
    }
    if (stat(directory, &status) < 0)
        return fail(directory, why, why_size);
    errno = ENOTDIR;
    if (!S_ISDIR(status.st_mode) || access(directory, R_OK | W_OK | X_OK) < 0)
        return fail(directory, why, why_size);
    return 0;
}

bool directory_has_store(const char *directory)
{
    char path[DIRECTORY_PATH_MAX];
    return directory_path(directory, "wscrm.db", path) == 0 && access(path, F_OK) == 0;
}

int directory_socket(const char *directory, const char *name, struct sockaddr_un *ret_address,
                     int *ret_holder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int holder = -1;
    int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", directory, name);
    if (len >= (int)sizeof(address.sun_path)) {
        holder = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (holder < 0)
            return ERR_SYSTEM;
        snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", holder, name);
    }
    *ret_address = address;
    *ret_holder = holder;
    return 0;
}
