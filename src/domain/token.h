/* The two token schemes of the Development Guide: what is joined, and what is fresh. The digest itself
 * and its comparison in constant time are base/crypto's. */
#ifndef WSCRM_DOMAIN_TOKEN_H
#define WSCRM_DOMAIN_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/text.h"
#include "base/zone.h"

/* md5(tenant_id + timestamp + ApiKey), 32-bit lowercase (Development Guide). */
int token_header(struct digest *digest, struct str tenant_id, struct str timestamp,
                 struct str api_key, char ret_hex[MD5_HEX_LEN]) MUST_USE;

/* md5(tenantId + userName + createTime + ApiKey) (Development Guide, "Old Token"). */
int token_body(struct digest *digest, struct str tenant_id, struct str user_name,
               struct str create_time, struct str api_key, char ret_hex[MD5_HEX_LEN]) MUST_USE;

/* |now - time| within the window; a window of 0 is always fresh. */
bool token_fresh(int64_t now_ms, int64_t time_ms, int window_s);
/* createTime has no zone: it is read in the tenant's. An hour that occurs twice is fresh if either
 * reading is. */
bool token_fresh_local(int64_t now_ms, const struct civil *local, const struct zone *zone,
                       int window_s);

#endif
