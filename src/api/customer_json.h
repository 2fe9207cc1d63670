/* A customer as the API shows it. */
#ifndef WSCRM_API_CUSTOMER_JSON_H
#define WSCRM_API_CUSTOMER_JSON_H

#include "base/buf.h"
#include "domain/customer.h"
#include "domain/tenant.h"

/* One JSON object: all basic fields, the tenant's extended fields at item level, owner, opt-out, times. A field
 * never set is "". */
void customer_json(struct buf *b, const struct tenant *tenant, const struct customer *customer);

#endif
