/* The one error convention of the program.
 *
 * A function that can fail returns an int: 0 or a count is good, a negative `enum err` is bad.
 * Its outputs come last, are named `ret_x`, and are untouched when it fails. Libraries return,
 * the edges (api, main) log. */
#ifndef WSCRM_BASE_ERR_H
#define WSCRM_BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

enum err {
    ERR_NOMEM = -1,     /* memory or a stated limit on it is used up */
    ERR_SYSTEM = -2,    /* the operating system refused; errno says why */
    ERR_INVALID = -3,   /* the input is not of its form */
    ERR_TOO_LARGE = -4, /* the input is over a stated limit */
    ERR_NOT_FOUND = -5, /* no such thing */
    ERR_EXISTS = -6,    /* there is one already */
    ERR_BUSY = -7,      /* a bounded queue is full or a lock is held: nothing was done */
    ERR_STORE = -8,     /* the store failed; nothing was changed */
    ERR_UNKNOWN = -9,   /* the store failed while it committed: the outcome is unknown */
    ERR_CRYPTO = -10,   /* OpenSSL refused, or a secret could not be decrypted */
    ERR_RANGE = -11,    /* a number outside the range of its field */
    ERR_CLOSED = -12,   /* shutting down: nothing was done */
    ERR_NO_AGENT = -13, /* an agent that the tenant does not have */
    ERR_PROTOCOL = -14, /* a peer broke the protocol */
    ERR_CONFLICT = -15, /* the same name for something else */
    ERR_RUNNING = -16,  /* the same call is under way */
    ERR_FULL = -17,     /* as much is kept as may be: nothing was done */
    ERR_TIMEOUT = -18,  /* it would take longer than it may */
};

/* A short English text for `err`, never NULL; static, any thread. */
const char *err_text(int err);

#endif
