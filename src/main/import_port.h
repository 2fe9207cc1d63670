/* Where an import's batches go: to a session in this process, or to one in the server, through its
 * control socket. Each function says what is wrong before it returns an error. */
#ifndef WSCRM_MAIN_IMPORT_PORT_H
#define WSCRM_MAIN_IMPORT_PORT_H

#include "main/import_session.h"

struct import_port {
    struct context *context;
    int stop_fd;
    struct import_session *session; /* NULL: remote */
    int status;                     /* the server's exit status, once it has ended */
    bool is_over;
    struct buf message;
};

/* EXIT_GOOD, or another exit status. In any case port_close(). `stop_fd` is readable when the user breaks
 * off. */
int port_open(struct import_port *port, struct context *context, int stop_fd) MUST_USE;
void port_close(struct import_port *port);

/* As those of import_session.h. `reply` may be port->message. */
int port_columns(struct import_port *port, struct str names, struct buf *reply) MUST_USE;
int port_rows(struct import_port *port, struct str bytes) MUST_USE;
int port_finish(struct import_port *port, struct buf *reply) MUST_USE;
/* All is finished: notes on the whole. EXIT_GOOD or another exit status. */
int port_end(struct import_port *port) MUST_USE;

/* The server's side of a port: answers until its client ends. */
int import_serve(struct context *context);

#endif
