#include "main/control.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "main/directory.h"
#include "main/frame.h"
#include "main/settings.h"

#define BACKLOG         16
#define READ_TIMEOUT_MS 10000

/* A thread and the connection that it serves. */
struct connection {
    struct control *control;
    struct mailbox *mailbox;
    pthread_t thread;
    int fd; /* -1: free */
    atomic_bool is_done;
};

struct control {
    const struct settings *settings;
    struct store *store;
    struct crypto *crypto;
    struct engine *engine;
    pthread_t thread;
    int listen_fd, stop_fd, done_fd; /* done_fd: a connection's thread has ended */
    atomic_int streams;
    struct connection connections[CONTROL_MAX];
    char path[DIRECTORY_PATH_MAX];
};

static bool peer_allowed(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void wipe(struct buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->len);
    buf_free(buf);
}

/* --- a connection, on its own thread */

static void serve(struct connection *connection)
{
    struct control *control = connection->control;
    struct channel channel = {connection->fd, control->stop_fd, &control->streams};
    struct context context = {.settings = control->settings,
                              .store = control->store,
                              .crypto = control->crypto,
                              .engine = control->engine,
                              .mailbox = connection->mailbox,
                              .channel = &channel};
    struct buf request, reply;
    buf_init(&request, CONTROL_REQUEST_MAX);
    buf_init(&reply, FRAME_MAX);
    /* A client that gave up waiting is not served: the empty frame finds out. */
    if (frame_read(channel.fd, channel.stop_fd, READ_TIMEOUT_MS, &request) == 0 &&
        frame_write(channel.fd, READ_TIMEOUT_MS, STR("")) == 0) {
        control_answer((struct str){request.data, request.len}, &context, &reply);
        if (frame_write(channel.fd, READ_TIMEOUT_MS, (struct str){reply.data, reply.len}) < 0)
            log_line(LOG_WARNING, "control: the client is gone before its answer");
    }
    wipe(&request);
    wipe(&reply);
}

static void *connection_main(void *argument_)
{
    struct connection *connection = argument_;
    serve(connection);
    shutdown(connection->fd, SHUT_RDWR);
    atomic_store(&connection->is_done, true);
    eventfd_write(connection->control->done_fd, 1);
    return NULL;
}

static void connection_join(struct connection *connection)
{
    pthread_join(connection->thread, NULL);
    close(connection->fd);
    mailbox_free(connection->mailbox);
    connection->fd = -1;
}

static int connection_start(struct connection *connection, int fd)
{
    if (mailbox_new(&connection->mailbox) < 0)
        return ERR_SYSTEM;
    connection->fd = fd;
    atomic_store(&connection->is_done, false);
    if (pthread_create(&connection->thread, NULL, connection_main, connection) == 0)
        return 0;
    mailbox_free(connection->mailbox);
    connection->fd = -1;
    return ERR_SYSTEM;
}

/* --- the thread that accepts */

static struct connection *find_free(struct control *control)
{
    for (size_t i = 0; i < CONTROL_MAX; i++)
        if (control->connections[i].fd < 0)
            return &control->connections[i];
    return NULL;
}

static void join_done(struct control *control)
{
    eventfd_t count;
    if (eventfd_read(control->done_fd, &count) < 0)
        return; /* none has ended */
    for (size_t i = 0; i < CONTROL_MAX; i++)
        if (control->connections[i].fd >= 0 && atomic_load(&control->connections[i].is_done))
            connection_join(&control->connections[i]);
}

static void accept_one(struct control *control, struct connection *connection)
{
    int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 && peer_allowed(fd) && connection_start(connection, fd) == 0)
        return;
    if (fd >= 0)
        close(fd);
    /* Out of descriptors or threads: a pause, not a busy loop. */
    struct pollfd stop = {.fd = control->stop_fd, .events = POLLIN};
    poll(&stop, 1, 100);
}

static void *control_main(void *argument_)
{
    struct control *control = argument_;
    struct pollfd polled[3] = {{.fd = control->stop_fd, .events = POLLIN},
                               {.fd = control->done_fd, .events = POLLIN},
                               {.events = POLLIN}};
    while (polled[0].revents == 0) {
        struct connection *free_one = find_free(control);
        polled[2].fd = free_one ? control->listen_fd : -1;
        if (poll(polled, 3, -1) < 0 && errno != EINTR) {
            log_line(LOG_ERROR, "control: poll: %s", strerror(errno));
            break;
        }
        if (polled[0].revents)
            break;
        join_done(control);
        if (polled[2].revents & POLLIN)
            accept_one(control, free_one);
    }
    for (size_t i = 0; i < CONTROL_MAX; i++)
        if (control->connections[i].fd >= 0)
            connection_join(&control->connections[i]);
    return NULL;
}

/* --- up and down */

static int bind_socket(const char *directory, struct control *control)
{
    struct sockaddr_un address;
    int holder;
    int result = directory_socket(directory, CONTROL_SOCKET, &address, &holder);
    if (result < 0)
        return result;
    unlink(control->path);
    /* Never reachable by others, not for an instant; threads that make files come later. */
    mode_t mask = umask(0177);
    result = bind(control->listen_fd, (struct sockaddr *)&address, sizeof(address));
    int cause = errno;
    umask(mask);
    if (holder >= 0)
        close(holder);
    errno = cause;
    return result < 0 || listen(control->listen_fd, BACKLOG) < 0 ? ERR_SYSTEM : 0;
}

static void control_free(struct control *control)
{
    if (control->listen_fd >= 0)
        close(control->listen_fd);
    if (control->stop_fd >= 0)
        close(control->stop_fd);
    if (control->done_fd >= 0)
        close(control->done_fd);
    free(control);
}

static int control_open(struct control *control, const char *directory)
{
    int result = directory_path(directory, CONTROL_SOCKET, control->path);
    if (result < 0)
        return result;
    control->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    control->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    control->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (control->stop_fd < 0 || control->done_fd < 0 || control->listen_fd < 0)
        return ERR_SYSTEM;
    result = bind_socket(directory, control);
    if (result < 0)
        return result;
    errno = pthread_create(&control->thread, NULL, control_main, control);
    return errno == 0 ? 0 : ERR_SYSTEM;
}

int control_start(const struct settings *settings, struct store *store, struct crypto *crypto,
                  struct engine *engine, struct control **ret_control, char *why, size_t why_size)
{
    const char *directory = settings_directory(settings);
    struct control *control = calloc(1, sizeof(*control));
    if (!control) {
        snprintf(why, why_size, "control socket: %s", err_text(ERR_NOMEM));
        return ERR_NOMEM;
    }
    control->settings = settings;
    control->store = store;
    control->crypto = crypto;
    control->engine = engine;
    control->listen_fd = control->stop_fd = control->done_fd = -1;
    for (size_t i = 0; i < CONTROL_MAX; i++)
        control->connections[i] = (struct connection){.control = control, .fd = -1};
    int result = control_open(control, directory);
    if (result < 0) {
        snprintf(why, why_size, "%s/%s: %s", directory, CONTROL_SOCKET,
                 result == ERR_SYSTEM ? strerror(errno) : err_text(result));
        control_free(control);
        return result;
    }
    *ret_control = control;
    return 0;
}

bool control_stop(struct control *control, int timeout_ms)
{
    unlink(control->path);
    eventfd_write(control->stop_fd, 1);
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += timeout_ms % 1000 * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    if (pthread_timedjoin_np(control->thread, NULL, &until) != 0)
        return false;
    control_free(control);
    return true;
}
