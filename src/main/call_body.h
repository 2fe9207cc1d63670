/* The body scheme of the Development Guide ("Old Token"): tenantId, userName, createTime and token inside
 * the JSON object. */
#ifndef WSCRM_MAIN_CALL_BODY_H
#define WSCRM_MAIN_CALL_BODY_H

#include "base/buf.h"
#include "base/crypto.h"
#include "base/err.h"
#include "domain/tenant.h"

/* Writes `json` (an object; an array becomes the object's `data`; empty is {}) with what is missing of
 * the four. A userName, tenantId or createTime that stands in it is signed as it stands there; `user`
 * is for a body without one (p NULL: the tenant's admin). ERR_INVALID with why[]. */
int call_body_sign(struct digest *digest, const struct tenant *tenant, struct str json,
                   struct str user, int64_t now_ms, struct buf *ret_body, char *why,
                   size_t why_size) MUST_USE;

#endif
