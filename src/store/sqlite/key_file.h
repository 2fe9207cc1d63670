/* The key that seals secrets at rest: a file of 64 hex digits and a newline, mode 0600, beside the
 * database. Without it the sealed values (ApiKeys) are lost; so it is never made for a database that
 * exists, and never overwritten. */
#ifndef WSCRM_STORE_SQLITE_KEY_FILE_H
#define WSCRM_STORE_SQLITE_KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/crypto.h"
#include "base/err.h"
#include "store/sqlite/connection.h"

/* ERR_NOT_FOUND: there is none; ERR_INVALID: readable by others, or not of its form; ERR_SYSTEM.
 * why[] then names the file and the cause. */
int key_file_load(const char *path, uint8_t ret_key[SECRET_KEY_LEN], char *why,
                  size_t why_size) MUST_USE;
/* Makes it from random bytes and syncs it; the caller syncs the directory. ERR_SYSTEM with why[]. */
int key_file_create(const char *path, uint8_t ret_key[SECRET_KEY_LEN], char *why,
                    size_t why_size) MUST_USE;

/* The database holds a value sealed with its key, so that another key is noticed before anything is
 * read or written with it. 0, ERR_CRYPTO: another key's, ERR_NOT_FOUND: no value there, ERR_STORE. */
int key_check(struct connection *connection, struct crypto *crypto,
              const uint8_t key[SECRET_KEY_LEN]) MUST_USE;
/* Writes that value, once, into a new database. ERR_STORE. */
int key_mark(struct connection *connection, struct crypto *crypto,
             const uint8_t key[SECRET_KEY_LEN]) MUST_USE;

#endif
