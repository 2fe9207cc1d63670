/* Helper threads: what would hold a loop up, such as parsing bodies above 256 KiB and deriving keys from
 * passwords (60 ms). A job runs on a helper, then goes home to the mailbox of the thread that asked.
 *
 * Two lines. Large jobs carry the tree of a large body: at most HELPERS_LARGE_MAX of them are between
 * their run and their release at once, so that the trees have a bound; their line is bounded by the budget
 * of all bodies. Small ones are at most HELPERS_SMALL_MAX in line. Where both wait, the helpers take from
 * them in turns. */
#ifndef WSCRM_API_HELPERS_H
#define WSCRM_API_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/crypto.h"
#include "base/err.h"
#include "base/mailbox.h"

#define LARGE_BODY        ((size_t)256 << 10)
#define HELPERS_LARGE_MAX 4
/* The last of them waits some 8 s for two helpers. */
#define HELPERS_SMALL_MAX 256

struct helpers;

struct job {
    struct letter letter; /* the helpers' until `open` runs, on the reader of `home` */
    struct mailbox *home;
    void (*run)(struct job *job,
                struct digest *digest); /* on a helper, with that thread's digest */
    bool large;                         /* holds a place until helpers_release() */
};

int helpers_new(int threads, struct crypto *crypto, struct helpers **ret_helpers) MUST_USE;
void helpers_free(struct helpers *helpers); /* with nothing in line */

/* Any thread. The job, filled, must stay until its `open` has run. ERR_BUSY: a small one for which there
 * is no room in line; nothing was done. */
int helpers_submit(struct helpers *helpers, struct job *job) MUST_USE;
/* What a large job has made is gone: the next in line may start. */
void helpers_release(struct helpers *helpers);

#endif
