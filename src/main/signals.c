#include "main/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t handled(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

int signals_open(int *ret_fd)
{
    sigset_t set = handled();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return ERR_SYSTEM;
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd < 0)
        return ERR_SYSTEM;
    *ret_fd = fd;
    return 0;
}

int signals_next(int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        if (errno != EINTR) {
            return SIGTERM; /* cannot happen with a valid descriptor; a server deaf to signals is worse */
        }
    }
    return (int)info.ssi_signo;
}

static void end_at_once(int number)
{
    (void)number;
    static const char text[] = "wscrm: second signal: ends at once\n";
    if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
        /* Nobody to tell. */
    }
    _exit(1);
}

void signals_impatient(void)
{
    sigset_t set;
    struct sigaction action = {.sa_handler = end_at_once};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}
