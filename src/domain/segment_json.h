/* A segment as JSON: how one is kept that has to outlive its request. */
#ifndef WSCRM_DOMAIN_SEGMENT_JSON_H
#define WSCRM_DOMAIN_SEGMENT_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "domain/segment.h"

/* An object with what the segment says. */
void segment_write(struct buf *b, const struct segment *segment);
/* What segment_write() wrote: equal in everything, keyword included. Borrows from `json` and the arena.
 * ERR_INVALID (also an unknown member: an older program does not take half of a segment for all of it),
 * ERR_NOMEM. */
int segment_read(const struct json *json, struct arena *arena,
                 struct segment *ret_segment) MUST_USE;

#endif
