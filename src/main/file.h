/* Files that commands write beside the data directory, where their user wants them. */
#ifndef WSCRM_MAIN_FILE_H
#define WSCRM_MAIN_FILE_H

#include <stdbool.h>

#include "base/err.h"

/* Opens it for writing, as it is; makes it (mode 0600: customers' data) when it is missing, and then, as
 * root, gives it to the owner of its folder. ERR_SYSTEM with errno. */
int file_open(const char *path, int *ret_fd, bool *ret_is_fresh) MUST_USE;
/* Removes a regular file; where that is not allowed (privileges were dropped meanwhile) it is empty. */
void file_remove(int fd, const char *path);

#endif
