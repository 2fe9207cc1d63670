/* Tasks that are being written. For the store's own. */
#ifndef WSCRM_STORE_SQLITE_TASKS_CREATE_H
#define WSCRM_STORE_SQLITE_TASKS_CREATE_H

#include <stdint.h>

#include "base/err.h"

struct writer;

/* A task that nobody sees and nobody writes any more. ERR_NOT_FOUND: there is none. ERR_STORE. */
int tasks_find_unmade(struct writer *writer, int64_t *ret_id) MUST_USE;

#endif
