#include "store/sqlite/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the database's check value says; any text would do. */
#define KEY_MARK    "wscrm.key"
#define KEY_CONTEXT "meta:key_check"

#define KEY_FILE_LEN (2 * SECRET_KEY_LEN + 1)

/* An editor may have taken the newline away; nothing else may differ. */
static int key_decode(const char *text, size_t len, uint8_t ret_key[SECRET_KEY_LEN])
{
    if (len < KEY_FILE_LEN - 1 || len > KEY_FILE_LEN ||
        (len == KEY_FILE_LEN && text[KEY_FILE_LEN - 1] != '\n'))
        return ERR_INVALID;
    return hex_read((struct str){text, 2 * SECRET_KEY_LEN}, ret_key, SECRET_KEY_LEN);
}

static int key_read(int fd, const char *path, uint8_t ret_key[SECRET_KEY_LEN], char *why,
                    size_t why_size)
{
    struct stat status;
    char text[KEY_FILE_LEN + 1];
    ssize_t len = -1;
    if (fstat(fd, &status) < 0 || (len = pread(fd, text, sizeof(text), 0)) < 0) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    int result = key_decode(text, (size_t)len, ret_key);
    explicit_bzero(text, sizeof(text));
    if (result < 0) {
        snprintf(why, why_size, "%s: not a key file (64 hex digits)", path);
        return ERR_INVALID;
    }
    if (status.st_mode & (S_IRWXG | S_IRWXO)) {
        explicit_bzero(ret_key, SECRET_KEY_LEN);
        snprintf(why, why_size, "%s: others than its owner may use it (mode %03o): chmod 600 it",
                 path, (unsigned)(status.st_mode & 0777));
        return ERR_INVALID;
    }
    return 0;
}

int key_file_load(const char *path, uint8_t ret_key[SECRET_KEY_LEN], char *why, size_t why_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM;
    }
    int result = key_read(fd, path, ret_key, why, why_size);
    close(fd);
    return result;
}

static int key_write(int fd, const uint8_t key[SECRET_KEY_LEN])
{
    char text[KEY_FILE_LEN];
    hex_encode(key, SECRET_KEY_LEN, text);
    text[KEY_FILE_LEN - 1] = '\n';
    ssize_t written = write(fd, text, sizeof(text));
    explicit_bzero(text, sizeof(text));
    if (written != KEY_FILE_LEN) {
        errno = written < 0 ? errno : ENOSPC;
        return ERR_SYSTEM;
    }
    return fsync(fd) < 0 ? ERR_SYSTEM : 0;
}

/* Under another name first, so that a kill never leaves half a key that would stop the next start.
 * The caller holds the directory's lock and saw that there is no key: nothing is overwritten. */
static int key_place(const char *path, const uint8_t key[SECRET_KEY_LEN])
{
    char fresh[PATH_MAX];
    int len = snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (len < 0 || (size_t)len >= sizeof(fresh)) {
        errno = ENAMETOOLONG;
        return ERR_SYSTEM;
    }
    (void)unlink(fresh);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return ERR_SYSTEM;
    int result = key_write(fd, key);
    if (result == 0 && rename(fresh, path) < 0)
        result = ERR_SYSTEM;
    int cause = errno;
    close(fd);
    if (result < 0)
        (void)unlink(fresh);
    errno = cause;
    return result;
}

int key_file_create(const char *path, uint8_t ret_key[SECRET_KEY_LEN], char *why, size_t why_size)
{
    uint8_t key[SECRET_KEY_LEN];
    int result = random_bytes(key, sizeof(key));
    if (result == 0)
        result = key_place(path, key);
    if (result < 0) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        result = ERR_SYSTEM;
    } else {
        memcpy(ret_key, key, sizeof(key));
    }
    explicit_bzero(key, sizeof(key));
    return result;
}

int key_check(struct connection *connection, struct crypto *crypto,
              const uint8_t key[SECRET_KEY_LEN])
{
    char plain[sizeof(KEY_MARK)];
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_KEY_MARK_FIND);
    if (!find)
        return ERR_STORE;
    int result = connection_step(connection, find);
    if (result != 1)
        return result < 0 ? ERR_STORE : ERR_NOT_FOUND;
    struct str sealed = column_str(find, 0);
    result = sealed.len == sizeof(KEY_MARK) - 1 + SEAL_OVERHEAD
                 ? secret_open(crypto, key, STR(KEY_CONTEXT), (const uint8_t *)sealed.p, sealed.len,
                               plain)
                 : ERR_CRYPTO;
    sqlite3_reset(find);
    return result < 0 ? ERR_CRYPTO : 0;
}

int key_mark(struct connection *connection, struct crypto *crypto,
             const uint8_t key[SECRET_KEY_LEN])
{
    uint8_t sealed[sizeof(KEY_MARK) - 1 + SEAL_OVERHEAD];
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_KEY_MARK_INSERT);
    if (!insert || secret_seal(crypto, key, STR(KEY_CONTEXT), STR(KEY_MARK), sealed) < 0)
        return ERR_STORE;
    bind_blob_or_null(insert, 1, sealed, sizeof(sealed));
    return connection_step(connection, insert) < 0 ? ERR_STORE : 0;
}
