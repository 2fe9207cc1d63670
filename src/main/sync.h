/* A store's verb called like a function: for threads without a loop. */
#ifndef WSCRM_MAIN_SYNC_H
#define WSCRM_MAIN_SYNC_H

#include "base/err.h"
#include "main/command.h"
#include "store/store.h"

struct sync {
    struct mailbox *mailbox;
    bool done;
};

/* Before the verb: `struct sync sync; sync_begin(&sync, context, &op.call); store_x(store, &op);` */
void sync_begin(struct sync *sync, const struct context *context, struct store_call *call);
/* Waits for its end; its result. */
int sync_end(struct sync *sync, const struct store_call *call) MUST_USE;

/* The same for a reading verb: `store_x(reader, &op)` between the two. sync_read_end() frees the reader. */
int sync_read_begin(struct sync *sync, const struct context *context, struct store_call *call,
                    struct store_reader **ret_reader) MUST_USE;
int sync_read_end(struct sync *sync, struct store_reader *reader,
                  const struct store_call *call) MUST_USE;

#endif
