#include "main/sync.h"

static void done(struct store_call *call)
{
    struct sync *sync = call->owner;
    sync->done = true;
}

void sync_begin(struct sync *sync, const struct context *context, struct store_call *call)
{
    *sync = (struct sync){.mailbox = context->mailbox};
    call->home = context->mailbox;
    call->done = done;
    call->owner = sync;
}

int sync_end(struct sync *sync, const struct store_call *call)
{
    while (!sync->done) {
        mailbox_wait(sync->mailbox, -1);
        mailbox_run(sync->mailbox);
    }
    return call->result;
}

int sync_read_begin(struct sync *sync, const struct context *context, struct store_call *call,
                    struct store_reader **ret_reader)
{
    sync_begin(sync, context, call);
    return store_reader_new(context->store, ret_reader);
}

int sync_read_end(struct sync *sync, struct store_reader *reader, const struct store_call *call)
{
    while (!sync->done)
        store_reads_run(reader);
    store_reader_free(reader);
    return call->result;
}
