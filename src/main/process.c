#include "main/process.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

/* Besides connections: listeners, loops, the database's files for each thread, the log. */
#define DESCRIPTORS_RESERVED 256

/* glibc raises its mmap threshold each time a large block is freed, up to 32 MiB: bodies of requests
 * would then stay in the heap for good. Fixed, what is larger goes back to the kernel when freed. */
#define MMAP_THRESHOLD (256 << 10)
/* Each arena keeps what was once freed in it, so that every thread's peak stays: glibc's default, eight
 * a core, gives each of our threads its own. Request memory comes in blocks of 16 KiB, of which few
 * are made per request: four arenas are shared without waiting much. */
#define ARENAS_MAX 4

void process_open_standard_streams(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR | O_NOCTTY);
    if (fd > STDERR_FILENO)
        close(fd);
}

void process_tune_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    mallopt(M_ARENA_MAX, ARENAS_MAX);
}

void process_raise_descriptors(int connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
        limit.rlim_cur < (rlim_t)connections + DESCRIPTORS_RESERVED) {
        log_line(LOG_WARNING,
                 "open files are limited to %llu (ulimit -n): too few for max-connections %d",
                 (unsigned long long)limit.rlim_cur, connections);
    }
}
