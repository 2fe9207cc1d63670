/* Stands between the program and the kernel (LD_PRELOAD), for the tests in this folder.
 *
 * FAULT_MODE    what it does, see below
 * FAULT_DIR     the program's data directory, as an absolute path without links
 * FAULT_STATE   a file of 4096 bytes shared with the test: struct state
 * FAULT_LOG     a file that it appends to
 *
 * record   No acknowledgement may leave before its commit is on disk. Imported customers are called
 *          "mk:<number>;" (in a row, the next column's digits follow at once). Each write to the
 *          write-ahead log is searched for such names; a name's commit is the end of the first commit
 *          frame at or after its first appearance; a sync that returned 0 covers all that was written
 *          before it began. Each reply that leaves is searched for "successWhatsIds", and each number
 *          there must be covered, or FAULT_LOG gets a line.
 * lose     What a power cut takes away: before each change of a file its old content goes to
 *          FAULT_LOG (struct undo), and each sync notes how far it reached. The test kills the
 *          program, then undoes what was not synced.
 * fail     While `fault` in the state is set, the disk is full or gone. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MODE_NONE, MODE_RECORD, MODE_LOSE, MODE_FAIL };

enum fault {
    FAULT_NONE,
    FAULT_FULL, /* writes stop half-way with ENOSPC */
    FAULT_GONE, /* reads, writes and syncs fail with EIO */
    FAULT_SYNC, /* syncs fail with EIO */
};

struct state {
    atomic_uint_fast64_t acknowledged; /* numbers that left in a reply, each checked */
    atomic_uint_fast64_t violations;
    atomic_uint_fast64_t writes; /* to the write-ahead log */
    atomic_uint_fast64_t syncs;  /* of the write-ahead log, that succeeded */
    atomic_uint_fast64_t failed; /* calls that were made to fail */
    atomic_uint_fast64_t fault;  /* enum fault; set by the test */
};

static int mode;
static const char *directory;
static size_t directory_len;
static struct state *state;
static int log_fd = -1;

/* Guards all below, and in mode lose the change itself, so that a sync knows what came before it. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t sequence; /* of changes */

/* --- the real calls */

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_send)(int, const void *, size_t, int);
static ssize_t (*real_sendto)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);

static void know_files(void);

static void *real(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

static const char *need(const char *name)
{
    const char *value = getenv(name);
    if (!value) {
        fprintf(stderr, "preload: %s is not set\n", name);
        abort();
    }
    return value;
}

__attribute__((constructor)) static void start(void)
{
    real_write = (ssize_t(*)(int, const void *, size_t))real("write");
    real_writev = (ssize_t(*)(int, const struct iovec *, int))real("writev");
    real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))real("pwrite");
    real_pread = (ssize_t(*)(int, void *, size_t, off_t))real("pread");
    real_send = (ssize_t(*)(int, const void *, size_t, int))real("send");
    real_sendto = (ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *,
                              socklen_t))real("sendto");
    real_sendmsg = (ssize_t(*)(int, const struct msghdr *, int))real("sendmsg");
    real_fsync = (int (*)(int))real("fsync");
    real_fdatasync = (int (*)(int))real("fdatasync");
    real_ftruncate = (int (*)(int, off_t))real("ftruncate");

    const char *wanted = need("FAULT_MODE");
    directory = need("FAULT_DIR");
    directory_len = strlen(directory);
    int fd = open(need("FAULT_STATE"), O_RDWR | O_CLOEXEC);
    state = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    log_fd = open(need("FAULT_LOG"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || state == MAP_FAILED || log_fd < 0) {
        perror("preload");
        abort();
    }
    close(fd);
    mode = strcmp(wanted, "record") == 0 ? MODE_RECORD
           : strcmp(wanted, "lose") == 0 ? MODE_LOSE
           : strcmp(wanted, "fail") == 0 ? MODE_FAIL
                                         : MODE_NONE;
    know_files();
    if (mode == MODE_NONE)
        abort();
}

static void log_bytes(const void *data, size_t len)
{
    if (len > 0 && real_write(log_fd, data, len) != (ssize_t)len)
        abort();
}

/* --- what a descriptor is */

enum kind { KIND_OTHER, KIND_SOCKET, KIND_DIRECTORY, KIND_SCRATCH, KIND_FILE, KIND_WAL };

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static enum kind kind_of(int fd, char ret_path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, ret_path, PATH_MAX - 1);
    if (len < 0)
        return KIND_OTHER;
    ret_path[len] = '\0';
    if (strncmp(ret_path, "socket:", 7) == 0)
        return KIND_SOCKET;
    if (strncmp(ret_path, directory, directory_len) != 0)
        return KIND_OTHER;
    if (ret_path[directory_len] == '\0')
        return KIND_DIRECTORY;
    if (ret_path[directory_len] != '/' || ends_with(ret_path, ".lock"))
        return KIND_OTHER;
    /* The index of the log is not kept over a crash. */
    if (ends_with(ret_path, "-shm"))
        return KIND_SCRATCH;
    return ends_with(ret_path, "-wal") ? KIND_WAL : KIND_FILE;
}

static bool is_file(enum kind kind)
{
    return kind == KIND_FILE || kind == KIND_WAL;
}

/* --- record: names, commits, syncs */

#define FRAME_HEADER 24
#define LOG_HEADER   32
#define MARKERS      (1u << 21) /* slots; the tests import a quarter of it at most */

static struct marker {
    uint64_t number;
    uint64_t commit; /* the change that completed its commit; 0: not yet */
} markers[MARKERS];
static uint32_t uncommitted[MARKERS / 2]; /* slots */
static size_t uncommitted_count;
static uint64_t synced;    /* changes up to this one are on disk */
static uint32_t page_size; /* of the log, from its header */
static bool page_commits;  /* the page that comes next belongs to a commit frame */

static uint32_t marker_slot(uint64_t number)
{
    uint32_t slot = (uint32_t)(number * 0x9e3779b97f4a7c15u >> 43);
    while (markers[slot].number != 0 && markers[slot].number != number)
        slot = (slot + 1) % MARKERS;
    return slot;
}

static uint32_t big_endian(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static uint64_t digits(const char **at, const char *end)
{
    uint64_t number = 0;
    while (*at < end && **at >= '0' && **at <= '9')
        number = number * 10 + (uint64_t)(*(*at)++ - '0');
    return number;
}

static void find_markers(const char *data, size_t len)
{
    const char *end = data + len, *at = data;
    while ((at = memmem(at, (size_t)(end - at), "mk:", 3)) != NULL) {
        at += 3;
        uint64_t number = digits(&at, end);
        uint32_t slot = marker_slot(number);
        if (number != 0 && markers[slot].number == 0) {
            if (uncommitted_count == MARKERS / 2)
                abort();
            markers[slot].number = number;
            uncommitted[uncommitted_count++] = slot;
        }
    }
}

static void note_page_size(int fd, const char *data, size_t len, off_t offset)
{
    unsigned char header[LOG_HEADER];
    if (offset == 0 && len >= LOG_HEADER)
        page_size = big_endian((const unsigned char *)data + 8);
    else if (page_size == 0 && real_pread(fd, header, LOG_HEADER, 0) == LOG_HEADER)
        page_size = big_endian(header + 8); /* a log that was there before */
}

/* The next piece of a write that belongs together: a frame's header, or its page, or what there is of
 * one. A write may hold many frames, or a part of one. */
static size_t record_piece(const char *data, size_t len, off_t offset)
{
    size_t frame = page_size + FRAME_HEADER;
    size_t at = (size_t)(offset - LOG_HEADER) % frame;
    size_t left = at < FRAME_HEADER ? FRAME_HEADER - at : frame - at;
    size_t piece = left < len ? left : len;
    if (at == 0 && piece == FRAME_HEADER)
        page_commits = big_endian((const unsigned char *)data + 4) != 0;
    if (at < FRAME_HEADER)
        return piece;
    find_markers(data, piece);
    if (page_commits && piece == left) {
        while (uncommitted_count > 0)
            markers[uncommitted[--uncommitted_count]].commit = sequence;
        page_commits = false;
    }
    return piece;
}

/* What was just written to the log. */
static void record_write(int fd, const char *data, size_t len, off_t offset)
{
    pthread_mutex_lock(&mutex);
    sequence++;
    atomic_fetch_add(&state->writes, 1);
    note_page_size(fd, data, len, offset);
    size_t at = offset < LOG_HEADER ? (size_t)(LOG_HEADER - offset) : 0;
    while (page_size != 0 && at < len)
        at += record_piece(data + at, len - at, offset + (off_t)at);
    pthread_mutex_unlock(&mutex);
}

static void violation(uint64_t number, const struct marker *marker)
{
    char line[160];
    int len = snprintf(line, sizeof(line), "VIOLATION %llu: %s\n", (unsigned long long)number,
                       marker->number == 0   ? "its name was never written"
                       : marker->commit == 0 ? "its commit was never written"
                                             : "its commit was not synced");
    log_bytes(line, (size_t)len);
    atomic_fetch_add(&state->violations, 1);
}

static void check_reply(const char *data, size_t len)
{
    static const char key[] = "\"successWhatsIds\":[";
    const char *end = data + len, *at = data;
    while ((at = memmem(at, (size_t)(end - at), key, sizeof(key) - 1)) != NULL) {
        at += sizeof(key) - 1;
        while (at < end && *at != ']') {
            at++; /* the quote */
            uint64_t number = digits(&at, end);
            if (number == 0)
                continue;
            pthread_mutex_lock(&mutex);
            const struct marker *marker = &markers[marker_slot(number)];
            if (marker->commit == 0 || marker->commit > synced)
                violation(number, marker);
            pthread_mutex_unlock(&mutex);
            atomic_fetch_add(&state->acknowledged, 1);
        }
    }
}

static void check_replies(const struct iovec *parts, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += parts[i].iov_len;
    char *whole = malloc(total + 1), *at = whole;
    if (!whole)
        abort();
    for (size_t i = 0; i < count; i++)
        at = mempcpy(at, parts[i].iov_base, parts[i].iov_len);
    check_reply(whole, total);
    free(whole);
}

/* --- lose: the undo log */

struct undo {
    uint64_t
        type; /* 'W' write, 'T' truncate, 'C' file made, 'S' file synced, 'D' directory synced */
    uint64_t sequence;      /* of the change; what a sync reached */
    uint64_t offset;        /* of the old bytes */
    uint64_t old_size;      /* of the file */
    uint64_t path_len, len; /* of what follows: path, old bytes */
};

#define KNOWN_MAX 32
static char known[KNOWN_MAX][NAME_MAX + 1]; /* files that are there for good or noted as made */
static size_t known_count;

static void undo_append(char type, uint64_t at, const char *path, const void *old, size_t len,
                        uint64_t offset, uint64_t old_size)
{
    struct undo undo = {(uint64_t)type, at, offset, old_size, strlen(path), len};
    log_bytes(&undo, sizeof(undo));
    log_bytes(path, strlen(path));
    log_bytes(old, len);
}

/* What the run before left behind was made by it, be it empty. */
static void know_files(void)
{
    DIR *folder = opendir(directory);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_type != DT_REG || ends_with(entry->d_name, "-wal"))
            continue;
        if (known_count == KNOWN_MAX)
            abort();
        strcpy(known[known_count++], entry->d_name);
    }
    if (folder)
        closedir(folder);
}

/* SQLite makes a log with its first write in mind: an empty file is a new one. */
static void note_made(const char *path, uint64_t size)
{
    const char *name = path + directory_len + 1;
    for (size_t i = 0; i < known_count; i++)
        if (strcmp(known[i], name) == 0)
            return;
    if (known_count == KNOWN_MAX || strlen(name) > NAME_MAX)
        abort();
    strcpy(known[known_count++], name);
    if (size == 0)
        undo_append('C', ++sequence, path, NULL, 0, 0, 0);
}

/* Under the mutex, before bytes [offset, offset + len) of the file change or go. */
static void note_change(int fd, const char *path, char type, off_t offset, size_t len)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        abort();
    note_made(path, (uint64_t)status.st_size);
    off_t end = offset + (off_t)len;
    size_t old_len = offset >= status.st_size ? 0
                     : end < status.st_size   ? len
                                              : (size_t)(status.st_size - offset);
    char *old = malloc(old_len + 1);
    if (!old || real_pread(fd, old, old_len, offset) != (ssize_t)old_len)
        abort();
    undo_append(type, ++sequence, path, old, old_len, (uint64_t)offset, (uint64_t)status.st_size);
    free(old);
}

/* --- fail */

static bool fails(enum kind kind, enum fault at_least, enum fault at_most)
{
    if (mode != MODE_FAIL || !(is_file(kind) || kind == KIND_SCRATCH))
        return false;
    enum fault fault = (enum fault)atomic_load(&state->fault);
    if (fault < at_least || fault > at_most)
        return false;
    atomic_fetch_add(&state->failed, 1);
    errno = fault == FAULT_FULL ? ENOSPC : EIO;
    return true;
}

/* --- the calls */

static ssize_t write_file(int fd, enum kind kind, const char *path, const void *data, size_t len,
                          off_t offset)
{
    if (fails(kind, FAULT_FULL, FAULT_GONE)) {
        /* A disk fills up in the middle of a page. */
        return errno == ENOSPC && len >= 1024 ? real_pwrite(fd, data, len / 2, offset) : -1;
    }
    if (mode == MODE_LOSE && is_file(kind)) {
        pthread_mutex_lock(&mutex);
        note_change(fd, path, 'W', offset, len);
        ssize_t done = real_pwrite(fd, data, len, offset);
        pthread_mutex_unlock(&mutex);
        return done;
    }
    ssize_t done = real_pwrite(fd, data, len, offset);
    if (mode == MODE_RECORD && kind == KIND_WAL && done > 0)
        record_write(fd, data, (size_t)done, offset);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    char path[PATH_MAX];
    enum kind kind = kind_of(fd, path);
    return write_file(fd, kind, path, data, len, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return pwrite(fd, data, len, offset);
}

ssize_t write(int fd, const void *data, size_t len)
{
    char path[PATH_MAX];
    enum kind kind = kind_of(fd, path);
    if (mode == MODE_RECORD && kind == KIND_SOCKET)
        check_reply(data, len);
    if (!is_file(kind))
        return real_write(fd, data, len);
    bool appends = fcntl(fd, F_GETFL) & O_APPEND;
    ssize_t done =
        write_file(fd, kind, path, data, len, lseek(fd, 0, appends ? SEEK_END : SEEK_CUR));
    if (done > 0 && !appends)
        lseek(fd, done, SEEK_CUR);
    return done;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    char path[PATH_MAX];
    enum kind kind = kind_of(fd, path);
    if (mode == MODE_RECORD && kind == KIND_SOCKET)
        check_replies(parts, (size_t)count);
    if (is_file(kind))
        abort(); /* nobody does so today: the modes would miss it */
    return real_writev(fd, parts, count);
}

ssize_t pread(int fd, void *data, size_t len, off_t offset)
{
    char path[PATH_MAX];
    if (mode == MODE_FAIL && fails(kind_of(fd, path), FAULT_GONE, FAULT_GONE))
        return -1;
    return real_pread(fd, data, len, offset);
}

ssize_t pread64(int fd, void *data, size_t len, off64_t offset)
{
    return pread(fd, data, len, offset);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    if (mode == MODE_RECORD)
        check_reply(data, len);
    return real_send(fd, data, len, flags);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, const struct sockaddr *address,
               socklen_t address_len)
{
    if (mode == MODE_RECORD)
        check_reply(data, len);
    return real_sendto(fd, data, len, flags, address, address_len);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    if (mode == MODE_RECORD)
        check_replies(message->msg_iov, message->msg_iovlen);
    return real_sendmsg(fd, message, flags);
}

static int sync_file(int fd, int (*really)(int))
{
    char path[PATH_MAX];
    enum kind kind = kind_of(fd, path);
    if (fails(kind, FAULT_GONE, FAULT_SYNC))
        return -1;
    pthread_mutex_lock(&mutex);
    uint64_t reached = sequence;
    pthread_mutex_unlock(&mutex);
    int result = really(fd);
    if (result == 0 && (is_file(kind) || kind == KIND_DIRECTORY)) {
        pthread_mutex_lock(&mutex);
        if (mode == MODE_LOSE)
            undo_append(kind == KIND_DIRECTORY ? 'D' : 'S', reached, path, NULL, 0, 0, 0);
        else if (kind == KIND_WAL && reached > synced)
            synced = reached;
        pthread_mutex_unlock(&mutex);
        if (kind == KIND_WAL)
            atomic_fetch_add(&state->syncs, 1);
    }
    return result;
}

int fsync(int fd)
{
    return sync_file(fd, real_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, real_fdatasync);
}

int ftruncate(int fd, off_t size)
{
    char path[PATH_MAX];
    enum kind kind = kind_of(fd, path);
    if (fails(kind, FAULT_GONE, FAULT_GONE))
        return -1;
    if (mode != MODE_LOSE || !is_file(kind))
        return real_ftruncate(fd, size);
    pthread_mutex_lock(&mutex);
    note_change(fd, path, 'T', size, SIZE_MAX / 4);
    int result = real_ftruncate(fd, size);
    pthread_mutex_unlock(&mutex);
    return result;
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}
