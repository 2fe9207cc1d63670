/* The variables of a content: which field's value goes into its text, and where. */
#ifndef WSCRM_API_TASK_VARIABLES_H
#define WSCRM_API_TASK_VARIABLES_H

#include "api/input.h"
#include "domain/content.h"

/* contentIndexField, variableFields: an array of {"index","fieldType","fieldName"}, where the value goes in
 * at the index-th character; or of plain names, where the i-th takes the place of the i-th `{}` of the text.
 * Fills content's inserts and, of the second kind, its text anew. NULL: none. Refuses: 507 more than
 * CONTENT_MAX_INSERTS, 533 a field that is not there, HTTP 400. */
int task_variables_read(struct exchange *x, const struct json *list, const char *place,
                        struct content *content) MUST_USE;

#endif
