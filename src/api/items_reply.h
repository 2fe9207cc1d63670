/* The answer to a call whose items are judged one by one. */
#ifndef WSCRM_API_ITEMS_REPLY_H
#define WSCRM_API_ITEMS_REPLY_H

#include "api/customer_item.h"

/* {"isAllOk","total","successWhatsIds","failWhatsIds"} and, where the call has it, "failDetails". */
void items_reply(struct exchange *x, const struct item_verdict *verdicts, size_t total,
                 bool with_details);

#endif
