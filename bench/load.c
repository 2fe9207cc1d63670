/* The load generator of ./bench/run: keep-alive connections to 127.0.0.1, each with one request
 * outstanding, on one thread.
 *
 * It knows nothing of the API. The request is a file, head and body; each "############" in it is a
 * slot that gets a customer's number before the request is sent: the next one in line, or, with
 * --customers N, a random one of the first N. One line of JSON on stdout says how it went. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "number.h"

#define SLOT "############"
/* Head, code and first members of an answer; what comes behind is counted, not kept. */
#define ANSWER_KEPT 2048
/* After the end answers have so long to arrive. */
#define PATIENCE_US 5000000

struct options {
    int port, connections;
    const char *request, *expect;
    double seconds, rate;
    int64_t requests, first, customers;
    bool any_answer, hold;
};

struct request {
    char *text;
    size_t length;
    size_t *slots; /* where in the text */
    size_t slot_count;
};

struct connection {
    int fd;
    bool outstanding, blocked;
    char *text; /* a copy of the request's, when it has slots */
    size_t sent, got, kept;
    size_t length; /* of the answer; 0: not known yet */
    int64_t begun_us, due_us;
    char answer[ANSWER_KEPT + 1];
};

struct load {
    struct options options;
    struct request request;
    struct connection *connections;
    int epoll, opened, outstanding;
    int64_t asked, next_index;
    uint64_t random;
    int64_t start_us, last_us;
    uint32_t *latencies_us;
    size_t answered, failed, broken, latency_room;
};

static void __attribute__((format(printf, 1, 2), noreturn)) die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void *checked(void *memory)
{
    if (!memory)
        die("out of memory");
    return memory;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- the request ------------------------------------------------------------------------------ */

static void find_slots(struct request *request)
{
    size_t room = 0;
    for (char *at = request->text; (at = strstr(at, SLOT)); at += NUMBER_DIGITS) {
        if (request->slot_count == room) {
            room = room ? room * 2 : 16;
            request->slots = checked(realloc(request->slots, room * sizeof(request->slots[0])));
        }
        request->slots[request->slot_count++] = (size_t)(at - request->text);
    }
}

static void request_read(struct request *request, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die("%s: %s", path, strerror(errno));
    request->length = (size_t)ftell(file);
    request->text = checked(malloc(request->length + 1));
    rewind(file);
    if (fread(request->text, 1, request->length, file) != request->length)
        die("%s: cannot be read", path);
    request->text[request->length] = '\0';
    fclose(file);
    find_slots(request);
}

static int64_t next_number(struct load *load)
{
    if (load->options.customers == 0)
        return number_at(load->next_index++);
    load->random ^= load->random << 13;
    load->random ^= load->random >> 7;
    load->random ^= load->random << 17;
    return number_at((int64_t)(load->random % (uint64_t)load->options.customers));
}

static void fill_slots(struct load *load, struct connection *connection)
{
    for (size_t i = 0; i < load->request.slot_count; i++)
        number_write(next_number(load), connection->text + load->request.slots[i]);
}

/* --- connections ------------------------------------------------------------------------------ */

static void watch(struct load *load, struct connection *connection, int operation)
{
    struct epoll_event event = {.events = connection->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = connection};
    if (epoll_ctl(load->epoll, operation, connection->fd, &event) != 0)
        die("epoll_ctl: %s", strerror(errno));
}

static void connection_open(struct load *load, struct connection *connection)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)load->options.port),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connection->fd < 0 ||
        connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0 ||
        fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
        die("connect: %s", strerror(errno));
    connection->blocked = false;
    watch(load, connection, EPOLL_CTL_ADD);
}

static bool may_ask(const struct load *load)
{
    const struct options *options = &load->options;
    return (options->requests == 0 || load->asked < options->requests) &&
           (options->seconds <= 0 || now_us() < load->start_us + (int64_t)(options->seconds * 1e6));
}

static void forget_request(struct load *load, struct connection *connection)
{
    connection->outstanding = false;
    load->outstanding--;
}

/* The server has hung up. Only a client that expects to be thrown out may go on. */
static void reopen(struct load *load, struct connection *connection)
{
    if (!load->options.any_answer)
        die("the server closed a connection (%zu answers so far)", load->answered);
    if (connection->outstanding) {
        load->broken++;
        forget_request(load, connection);
    }
    close(connection->fd);
    connection_open(load, connection);
}

/* False: the server has hung up. */
static bool send_rest(struct load *load, struct connection *connection)
{
    bool was_blocked = connection->blocked;
    connection->blocked = false;
    while (!connection->blocked && connection->sent < load->request.length) {
        ssize_t count = send(connection->fd, connection->text + connection->sent,
                             load->request.length - connection->sent, MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN)
            return false;
        connection->blocked = count < 0;
        connection->sent += count < 0 ? 0 : (size_t)count;
    }
    if (connection->blocked != was_blocked)
        watch(load, connection, EPOLL_CTL_MOD);
    return true;
}

static void ask(struct load *load, struct connection *connection)
{
    fill_slots(load, connection);
    connection->sent = connection->got = connection->kept = connection->length = 0;
    connection->outstanding = true;
    connection->begun_us = now_us();
    load->outstanding++;
    load->asked++;
    if (!send_rest(load, connection))
        reopen(load, connection);
}

/* Connections that nothing is outstanding on ask when their time has come. */
static void ask_due(struct load *load)
{
    int64_t period_us = load->options.rate > 0
                            ? (int64_t)(1e6 * load->options.connections / load->options.rate)
                            : 0;
    for (int i = 0; i < load->opened; i++) {
        struct connection *connection = &load->connections[i];
        if (!connection->outstanding && connection->due_us <= now_us() && may_ask(load)) {
            connection->due_us += period_us;
            ask(load, connection);
        }
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

static void note_latency(struct load *load, int64_t latency_us)
{
    if (load->answered == load->latency_room) {
        load->latency_room = load->latency_room ? load->latency_room * 2 : 4096;
        load->latencies_us = checked(
            realloc(load->latencies_us, load->latency_room * sizeof(load->latencies_us[0])));
    }
    load->latencies_us[load->answered++] = (uint32_t)latency_us;
}

static void judge(struct load *load, const struct connection *connection)
{
    bool good = strncmp(connection->answer, "HTTP/1.1 200 ", 13) == 0 &&
                (!load->options.expect || strstr(connection->answer, load->options.expect));
    if (!good && load->failed++ == 0 && !load->options.any_answer)
        fprintf(stderr, "load: the first bad answer: %s\n", connection->answer);
}

static void answer_complete(struct load *load, struct connection *connection)
{
    load->last_us = now_us();
    note_latency(load, load->last_us - connection->begun_us);
    judge(load, connection);
    forget_request(load, connection);
    if (connection->sent < load->request.length)
        reopen(load, connection); /* refused before it was sent whole: of no further use */
    if (load->options.hold && load->opened < load->options.connections)
        connection_open(load, &load->connections[load->opened++]);
}

static void find_length(struct connection *connection)
{
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *header = strcasestr(connection->answer, "\r\nContent-Length:");
    if (end && (!header || header > end))
        die("an answer without Content-Length: %s", connection->answer);
    if (end) {
        connection->length =
            (size_t)(end + 4 - connection->answer) + strtoul(header + 17, NULL, 10);
    }
}

static void answer_read(struct load *load, struct connection *connection)
{
    static char piece[262144];
    ssize_t count = recv(connection->fd, piece, sizeof(piece), 0);
    if (count < 0 && errno == EAGAIN)
        return;
    if (count <= 0) {
        reopen(load, connection);
        return;
    }
    size_t room = ANSWER_KEPT - connection->kept;
    size_t keep = (size_t)count < room ? (size_t)count : room;
    memcpy(connection->answer + connection->kept, piece, keep);
    connection->kept += keep;
    connection->answer[connection->kept] = '\0';
    connection->got += (size_t)count;
    if (connection->length == 0)
        find_length(connection);
    if (connection->length > 0 && connection->got >= connection->length)
        answer_complete(load, connection);
}

static void serve_event(struct load *load, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    if ((event->events & EPOLLOUT) && !send_rest(load, connection))
        reopen(load, connection);
    else if (event->events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        answer_read(load, connection);
    if (!load->options.hold && load->options.rate <= 0 && !connection->outstanding && may_ask(load))
        ask(load, connection);
}

/* --- a run ------------------------------------------------------------------------------------ */

/* How long to wait for events: to the next due request, or for ever when one is outstanding. */
static struct timespec next_wait(const struct load *load)
{
    int64_t wait_us = 100000;
    for (int i = 0; load->options.rate > 0 && i < load->opened; i++) {
        int64_t left_us = load->connections[i].due_us - now_us();
        if (!load->connections[i].outstanding && left_us < wait_us)
            wait_us = left_us > 0 ? left_us : 0;
    }
    return (struct timespec){wait_us / 1000000, wait_us % 1000000 * 1000};
}

static bool patience_ends(const struct load *load, int64_t *over_us)
{
    if (may_ask(load))
        return false;
    if (load->options.any_answer)
        return true; /* what it would still get is of no interest */
    if (*over_us == 0)
        *over_us = now_us();
    return load->outstanding == 0 || now_us() > *over_us + PATIENCE_US;
}

static void run(struct load *load)
{
    struct epoll_event events[256];
    int64_t over_us = 0;
    bool paced = load->options.rate > 0 || load->options.hold;
    ask_due(load);
    while (!patience_ends(load, &over_us)) {
        struct timespec wait = next_wait(load);
        int count = epoll_pwait2(load->epoll, events, 256, &wait, NULL);
        for (int i = 0; i < count; i++)
            serve_event(load, &events[i]);
        if (paced)
            ask_due(load);
    }
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static uint32_t percentile(const struct load *load, size_t per_cent)
{
    return load->answered ? load->latencies_us[(load->answered - 1) * per_cent / 100] : 0;
}

static void report(const struct load *load)
{
    qsort(load->latencies_us, load->answered, sizeof(load->latencies_us[0]), compare);
    printf("{\"answered\":%zu,\"failed\":%zu,\"broken\":%zu,\"unanswered\":%d,\"seconds\":%.6f,"
           "\"p50_us\":%u,\"p99_us\":%u,\"max_us\":%u,\"next\":%lld}\n",
           load->answered, load->failed, load->broken, load->outstanding,
           (double)(load->last_us - load->start_us) / 1e6, percentile(load, 50),
           percentile(load, 99), percentile(load, 100), (long long)load->next_index);
    fflush(stdout);
}

static void prepare(struct load *load)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    size_t count = (size_t)load->options.connections;
    load->connections = checked(calloc(count, sizeof(load->connections[0])));
    load->epoll = epoll_create1(0);
    load->random = UINT64_C(88172645463325252);
    load->next_index = load->options.first;
    for (size_t i = 0; i < count; i++) {
        struct connection *connection = &load->connections[i];
        connection->text = load->request.text;
        if (load->request.slot_count > 0) {
            connection->text = checked(malloc(load->request.length));
            memcpy(connection->text, load->request.text, load->request.length);
        }
    }
    load->opened = load->options.hold ? 1 : load->options.connections;
    for (int i = 0; i < load->opened; i++)
        connection_open(load, &load->connections[i]);
    load->start_us = load->last_us = now_us();
    for (int i = 0; load->options.rate > 0 && i < load->opened; i++)
        load->connections[i].due_us = load->start_us + (int64_t)(1e6 * i / load->options.rate);
}

static void parse(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {{"port", required_argument, NULL, 'p'},
                                          {"connections", required_argument, NULL, 'c'},
                                          {"request", required_argument, NULL, 'f'},
                                          {"expect", required_argument, NULL, 'e'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"rate", required_argument, NULL, 'r'},
                                          {"requests", required_argument, NULL, 'n'},
                                          {"first", required_argument, NULL, 'i'},
                                          {"customers", required_argument, NULL, 'k'},
                                          {"any-answer", no_argument, NULL, 'a'},
                                          {"hold", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'p': options->port = atoi(optarg); break;
        case 'c': options->connections = atoi(optarg); break;
        case 'f': options->request = optarg; break;
        case 'e': options->expect = optarg; break;
        case 's': options->seconds = atof(optarg); break;
        case 'r': options->rate = atof(optarg); break;
        case 'n': options->requests = atoll(optarg); break;
        case 'i': options->first = atoll(optarg); break;
        case 'k': options->customers = atoll(optarg); break;
        case 'a': options->any_answer = true; break;
        case 'h': options->hold = true; break;
        default: exit(2);
        }
    }
    if (!options->request || options->port <= 0 || options->connections <= 0)
        die("--port, --connections and --request are needed");
}

int main(int argc, char **argv)
{
    static struct load load;
    parse(&load.options, argc, argv);
    if (load.options.hold)
        load.options.requests = load.options.connections;
    request_read(&load.request, load.options.request);
    prepare(&load);
    run(&load);
    report(&load);
    /* --hold: the connections stay until our stdin is closed. */
    char byte;
    while (load.options.hold && read(STDIN_FILENO, &byte, 1) > 0) {
    }
    return load.outstanding > 0 && !load.options.any_answer;
}
