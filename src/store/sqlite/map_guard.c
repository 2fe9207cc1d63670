#include "store/sqlite/map_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not in a struct of somebody's: a signal handler is given nothing but the address. */
static _Atomic(struct map_guard *) guards[MAP_GUARDS_MAX];
/* Written before the first guard is there, and when somebody else has put a handler in place of ours. */
static struct sigaction before;
static size_t page_size;

static struct map_guard *guard_of(const char *address)
{
    for (size_t i = 0; i < MAP_GUARDS_MAX; i++) {
        struct map_guard *guard = atomic_load(&guards[i]);
        if (guard && address >= guard->base && address < guard->base + guard->len)
            return guard;
    }
    return NULL;
}

/* First the mark, then the zeros: whoever saw them finds it. */
static bool replace_page(struct map_guard *guard, const char *address)
{
    size_t offset = (size_t)(address - guard->base) & ~(page_size - 1);
    atomic_store(&guard->failed, true);
    return mmap(guard->base + offset, page_size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                -1, 0) != MAP_FAILED;
}

/* Calls nothing but system calls. Returning, it lets the access be tried again, which is how the action
 * from before gets its turn too; a signal that somebody sent would not come again by itself. */
static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)context;
    int error = errno;
    bool is_access = info->si_code > 0;
    struct map_guard *guard = is_access ? guard_of(info->si_addr) : NULL;
    if (!guard || !replace_page(guard, info->si_addr)) {
        sigaction(number, &before, NULL);
        if (!is_access)
            raise(number);
    }
    errno = error;
}

static int install(void)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    struct sigaction present;
    sigset_t bus_error;
    sigfillset(&action.sa_mask);
    sigemptyset(&bus_error);
    sigaddset(&bus_error, SIGBUS);
    /* Blocked, it would end the process whatever the handler. */
    if (pthread_sigmask(SIG_UNBLOCK, &bus_error, NULL) != 0 ||
        sigaction(SIGBUS, NULL, &present) < 0)
        return ERR_SYSTEM;
    if (present.sa_sigaction == on_bus_error)
        return 0;
    page_size = (size_t)sysconf(_SC_PAGESIZE);
    before = present;
    return sigaction(SIGBUS, &action, NULL) < 0 ? ERR_SYSTEM : 0;
}

int map_guard_add(struct map_guard *guard, void *base, size_t len)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    int result = install();
    pthread_mutex_unlock(&one_at_a_time);
    if (result < 0)
        return result;
    guard->base = base;
    guard->len = len;
    atomic_init(&guard->failed, false);
    for (size_t i = 0; i < MAP_GUARDS_MAX; i++) {
        struct map_guard *nobody = NULL;
        if (atomic_compare_exchange_strong(&guards[i], &nobody, guard))
            return 0;
    }
    return ERR_BUSY;
}

void map_guard_remove(struct map_guard *guard)
{
    for (size_t i = 0; i < MAP_GUARDS_MAX; i++) {
        struct map_guard *own = guard;
        (void)atomic_compare_exchange_strong(&guards[i], &own, NULL);
    }
}

bool map_guard_failed(const struct map_guard *guard)
{
    /* What was read before is read before the mark. */
    atomic_thread_fence(memory_order_acquire);
    return atomic_load(&guard->failed);
}
