/* What a task says, as the calls that make one say it: from JSON to struct content. */
#ifndef WSCRM_API_TASK_CONTENT_INPUT_H
#define WSCRM_API_TASK_CONTENT_INPUT_H

#include "api/input.h"
#include "domain/content.h"

/* The contents of one recipient, in the order they are sent; in request memory. */
struct task_contents {
    struct content *items;
    size_t count; /* 1 to TASK_MAX_PARTS */
};

/* A member `content` of the assign calls, an array; `place`: where it stands, "sendInfos[3].content". All
 * that a code tells is refused with it: 507 too many, 514, 515, 533; HTTP 400 what is of no shape. */
int task_content_read(struct exchange *x, const struct json *list, const char *place,
                      struct task_contents *ret_contents) MUST_USE;

/* The member sendData of sender/batchAdd, the same way. */
int task_send_data_read(struct exchange *x, const struct json *list, const char *place,
                        struct task_contents *ret_contents) MUST_USE;

/* A content as its type needs it: texts within their lengths (514), a file where there has to be one (515). */
int task_content_check(struct exchange *x, const struct content *content) MUST_USE;

#endif
