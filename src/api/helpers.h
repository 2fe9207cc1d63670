/* Helper threads: what would hold a loop up, such as parsing bodies above 256 KiB. At most
 * HELPERS_LARGE_MAX large calls are between their parse and their reply at once, so that their trees
 * have a bound; the others wait in line. */
#ifndef WSCRM_API_HELPERS_H
#define WSCRM_API_HELPERS_H

#include <stddef.h>

#include "base/crypto.h"
#include "base/err.h"

#define LARGE_BODY        ((size_t)256 << 10)
#define HELPERS_LARGE_MAX 4

struct exchange;
struct helpers;

/* `work` runs on a helper with that thread's digest; then the exchange goes home to its worker's
 * mailbox, where exchange->letter.open runs. */
int helpers_new(int threads, struct crypto *crypto,
                void (*work)(struct exchange *exchange, struct digest *digest),
                struct helpers **ret_helpers) MUST_USE;
void helpers_free(struct helpers *helpers); /* with nothing in line */

/* Any thread. */
void helpers_submit(struct helpers *helpers, struct exchange *exchange);
/* A submitted exchange has ended: the next in line may start. */
void helpers_release(struct helpers *helpers);

#endif
