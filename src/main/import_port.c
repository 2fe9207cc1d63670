#include "main/import_port.h"

#include <errno.h>
#include <poll.h>

#include "main/control.h"
#include "main/frame.h"

/* A server that is alive reads at once. */
#define WRITE_TIMEOUT_MS 30000
/* For the answers that are on their way when the user breaks off. */
#define LAST_TIMEOUT_MS 10000

/* What a client asks for: a frame of this byte, and a second one with what belongs to it. */
enum verb {
    VERB_COLUMNS = 'c', /* names; answered */
    VERB_ROWS = 'r',    /* a batch; not answered */
    VERB_FINISH = 'f',  /* nothing; answered with the oldest batch's outcomes */
    VERB_END = 'e',     /* nothing; answered with the command's reply, as any command is */
};
/* An answer begins with this byte, a command's reply with a brace. */
#define ANSWER '='

/* --- both sides */

static int complain_rows(struct context *context, int result)
{
    if (result == ERR_NOT_FOUND)
        complain(context, "the tenant is gone");
    else
        (void)complain_store(context, result);
    return result;
}

struct twins {
    int64_t number, other;
    bool found;
};

static void see_twins(void *context, int64_t tenant_id, int64_t number, int64_t other)
{
    struct twins *twins = context;
    (void)tenant_id;
    if (!twins->found)
        *twins = (struct twins){number, other, true};
}

/* Looking for them takes a fifth of a second per million customers, and is only done when the file had
 * numbers that may have two forms. */
static void note_twins(struct context *context, const struct import_session *session)
{
    struct twins twins = {0};
    int64_t tenant_id;
    if (!import_session_twofold(session, &tenant_id))
        return;
    int count = store_twins(context->store, tenant_id, see_twins, &twins);
    if (count > 0) {
        complain(context,
                 "note: %d pair%s of customers are one number in two forms, such as %lld and "
                 "%lld; `wscrm check` lists them",
                 count, count == 1 ? "" : "s", (long long)twins.number, (long long)twins.other);
    }
}

/* --- the client's side of a remote port */

static int broken(struct import_port *port, int result)
{
    complain(port->context, "the server broke off: %s", err_text(result));
    port->is_over = true;
    port->status = EXIT_FAILED;
    return result;
}

static int ask(struct import_port *port, enum verb verb, struct str what)
{
    int fd = port->context->channel->fd;
    char byte = (char)verb;
    if (port->is_over)
        return ERR_CLOSED;
    int result = frame_write(fd, WRITE_TIMEOUT_MS, (struct str){&byte, 1});
    if (result == 0)
        result = frame_write(fd, WRITE_TIMEOUT_MS, what);
    return result;
}

/* The command's own reply instead of an answer: it is over. What it printed comes out. */
static int take_reply(struct import_port *port, struct str text)
{
    int status;
    if (control_take_reply(text, port->context, &status) < 0)
        return broken(port, ERR_PROTOCOL);
    port->is_over = true;
    port->status = status;
    return ERR_CLOSED;
}

/* As long as it takes; when the user has broken off, not much longer. */
static int read_patiently(struct import_port *port)
{
    int fd = port->context->channel->fd;
    struct pollfd polled[2] = {{.fd = fd, .events = POLLIN},
                               {.fd = port->stop_fd, .events = POLLIN}};
    while (poll(polled, 2, -1) < 0 && errno == EINTR)
        continue;
    return frame_read(fd, -1, polled[1].revents ? LAST_TIMEOUT_MS : -1, &port->message);
}

static int answer(struct import_port *port, struct buf *reply)
{
    struct buf *message = &port->message;
    int result = read_patiently(port);
    if (result < 0)
        return broken(port, result);
    struct str text = {message->data, message->len};
    if (text.len > 0 && text.p[0] == ANSWER && reply) {
        buf_clear(reply);
        buf_add(reply, text.p + 1, text.len - 1);
        return reply->failed ? broken(port, ERR_NOMEM) : 0;
    }
    return take_reply(port, text);
}

/* When writing failed, the server may have said why before it closed. */
static int ask_and_take(struct import_port *port, enum verb verb, struct str what,
                        struct buf *reply)
{
    int result = ask(port, verb, what);
    if (port->is_over || (result < 0 && result != ERR_CLOSED))
        return port->is_over ? result : broken(port, result);
    return answer(port, reply);
}

/* --- a port */

int port_open(struct import_port *port, struct context *context, int stop_fd)
{
    *port = (struct import_port){.context = context, .stop_fd = stop_fd};
    buf_init(&port->message, FRAME_MAX);
    return context->channel ? EXIT_GOOD : import_session_new(context, &port->session);
}

void port_close(struct import_port *port)
{
    import_session_free(port->session);
    buf_free(&port->message);
}

int port_columns(struct import_port *port, struct str names, struct buf *reply)
{
    if (!port->session)
        return ask_and_take(port, VERB_COLUMNS, names, reply);
    buf_clear(reply);
    int result = import_session_columns(port->session, names, reply);
    return result < 0 ? complain_rows(port->context, result) : 0;
}

int port_rows(struct import_port *port, struct str bytes)
{
    if (port->session) {
        int result = import_session_rows(port->session, bytes);
        return result < 0 ? complain_rows(port->context, result) : 0;
    }
    int result = ask(port, VERB_ROWS, bytes);
    if (result == ERR_CLOSED && !port->is_over)
        return answer(port, NULL);
    return result < 0 && !port->is_over ? broken(port, result) : result;
}

int port_finish(struct import_port *port, struct buf *reply)
{
    if (!port->session)
        return ask_and_take(port, VERB_FINISH, STR(""), reply);
    buf_clear(reply);
    int result = import_session_finish(port->session, reply);
    return result < 0 ? complain_rows(port->context, result) : 0;
}

int port_end(struct import_port *port)
{
    if (port->session) {
        note_twins(port->context, port->session);
        return EXIT_GOOD;
    }
    if (!port->is_over) {
        int result = ask_and_take(port, VERB_END, STR(""), NULL);
        (void)result; /* it is over in any case */
    }
    return port->status;
}

/* --- the server's side */

struct served {
    struct context *context;
    struct import_session *session;
    /* A ring: batches stay until they are finished, and one more frame is read meanwhile. */
    struct buf frames[SESSION_MAX_BATCHES + 1];
    size_t next_frame;
    struct buf reply;
    bool is_over;
};

static int send_answer(struct served *served, int result)
{
    if (result < 0)
        return complain_rows(served->context, result);
    return frame_write(served->context->channel->fd, WRITE_TIMEOUT_MS,
                       (struct str){served->reply.data, served->reply.len});
}

static int serve_verb(struct served *served, char verb, struct str what)
{
    buf_clear(&served->reply);
    buf_add_char(&served->reply, ANSWER);
    int result;
    switch (verb) {
    case VERB_COLUMNS:
        return send_answer(served, import_session_columns(served->session, what, &served->reply));
    case VERB_FINISH:
        return send_answer(served, import_session_finish(served->session, &served->reply));
    case VERB_ROWS:
        served->next_frame = (served->next_frame + 1) % (SESSION_MAX_BATCHES + 1);
        result = import_session_rows(served->session, what);
        return result < 0 ? complain_rows(served->context, result) : 0;
    case VERB_END:
        served->is_over = true;
        note_twins(served->context, served->session);
        return 0;
    default: return complain_rows(served->context, ERR_PROTOCOL);
    }
}

static int serve_next(struct served *served)
{
    const struct channel *channel = served->context->channel;
    struct buf *frame = &served->frames[served->next_frame];
    int result = frame_read(channel->fd, channel->stop_fd, -1, frame);
    char verb = result == 0 && frame->len == 1 ? frame->data[0] : '\0';
    if (result == 0)
        result = frame_read(channel->fd, channel->stop_fd, -1, frame);
    if (result == ERR_CLOSED)
        complain(served->context, "the server is shutting down");
    else if (result < 0)
        complain(served->context, "the control socket: %s", err_text(result));
    return result < 0 ? result : serve_verb(served, verb, (struct str){frame->data, frame->len});
}

int import_serve(struct context *context)
{
    struct served served = {.context = context};
    int status = import_session_new(context, &served.session);
    if (status != EXIT_GOOD)
        return status;
    buf_init(&served.reply, FRAME_MAX);
    for (size_t i = 0; i <= SESSION_MAX_BATCHES; i++)
        buf_init(&served.frames[i], FRAME_MAX);
    int result = 0;
    while (result == 0 && !served.is_over)
        result = serve_next(&served);
    import_session_free(served.session);
    for (size_t i = 0; i <= SESSION_MAX_BATCHES; i++)
        buf_free(&served.frames[i]);
    buf_free(&served.reply);
    return result < 0 ? EXIT_FAILED : EXIT_GOOD;
}
