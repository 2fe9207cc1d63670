/* Which customers a call means: the members of `info`, and what becomes of them. */
#ifndef WSCRM_API_SEGMENT_INPUT_H
#define WSCRM_API_SEGMENT_INPUT_H

#include "api/input.h"
#include "domain/segment.h"

/* The first member of a handler's struct. */
struct segment_input {
    struct str stage, source, tags, agent, group, keyword;
    struct str created_after, created_before, updated_after, updated_before;
    const struct json *extended;
    struct input_bool opt_out;
};
extern const struct input_table segment_table; /* of the object `info` */

/* Borrows from the request. Refuses: 519 a time, 531 an agent, 533 an extended field, HTTP 400. */
int segment_input_read(struct exchange *x, const struct segment_input *input,
                       struct segment *ret_segment) MUST_USE;

/* The same as it was sent: an object with the members that were given. */
void segment_input_write(struct buf *b, const struct segment_input *input);

#endif
