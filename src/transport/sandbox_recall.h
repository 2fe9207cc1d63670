/* What the sandbox's journal knows of what was under way when a process ended. */
#ifndef WSCRM_TRANSPORT_SANDBOX_RECALL_H
#define WSCRM_TRANSPORT_SANDBOX_RECALL_H

#include "transport/sandbox_journal.h"

/* Sets left = 1 of the messages that stand in the journal, 0 of the others. When it cannot be read, `left`
 * stays as it is. Sorts the messages. */
void sandbox_recall_messages(struct sandbox_journal *journal, struct transport_recall *messages,
                             size_t count);

/* The same for questions: those that stand there since their asked_ms. */
void sandbox_recall_queries(struct sandbox_journal *journal, struct transport_query *const *queries,
                            size_t count);

#endif
