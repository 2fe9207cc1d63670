/* The data directory: who owns it, and what stands in it. */
#ifndef WSCRM_MAIN_DIRECTORY_H
#define WSCRM_MAIN_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "base/err.h"

#define DIRECTORY_PATH_MAX 4200

/* "DIR/name". ERR_TOO_LARGE. */
int directory_path(const char *directory, const char *name,
                   char ret_path[DIRECTORY_PATH_MAX]) MUST_USE;

/* When root, and the directory (or, when it is missing, the one above it) is somebody else's: becomes
 * that user, for good, so that no root-owned file is left behind. Before threads. ERR_SYSTEM with
 * why[]. */
int directory_adopt(const char *directory, char *why, size_t why_size) MUST_USE;

/* Makes it (mode 0700) when it is missing; the one above it must be there. Then it can be written to.
 * ERR_SYSTEM with why[]. */
int directory_make(const char *directory, char *why, size_t why_size) MUST_USE;

/* Whether a store was ever made there. */
bool directory_has_store(const char *directory);

/* The address of the socket `name` in it. A path that is too long for a socket's address goes by way
 * of *ret_holder, a descriptor to close after bind() or connect(); -1 when there is none. ERR_SYSTEM
 * with errno, ERR_TOO_LARGE. */
int directory_socket(const char *directory, const char *name, struct sockaddr_un *ret_address,
                     int *ret_holder) MUST_USE;

#endif
