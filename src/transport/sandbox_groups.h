/* What the sandbox answers to questions: the number's last four digits or the link's first letter decide.
 * Pure. */
#ifndef WSCRM_TRANSPORT_SANDBOX_GROUPS_H
#define WSCRM_TRANSPORT_SANDBOX_GROUPS_H

#include "domain/query.h"

#define SANDBOX_LINK_MS 1000 /* a look-up or a join takes so long */

bool sandbox_exists(int64_t number);
/* A link that is never parsed. */
bool sandbox_link_hangs(const char *code);
/* Fills in what is told of the group; its id, name and members follow from seed and code. */
void sandbox_link_info(int64_t seed, const char *code, struct query_answer *answer);
void sandbox_link_join(int64_t seed, const char *code, struct query_answer *answer);

#endif
