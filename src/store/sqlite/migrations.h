/* The numbered steps that make and change the schema. */
#ifndef WSCRM_STORE_SQLITE_MIGRATIONS_H
#define WSCRM_STORE_SQLITE_MIGRATIONS_H

#include "store/sqlite/connection.h"

int migrations_newest(void); /* the version that this program knows */

/* What a file is, without changing it: its schema version, 0 for an empty database. ERR_INVALID: a
 * database of another program, ERR_STORE: no database or not readable (see fault_text). */
int migrations_version(struct connection *connection) MUST_USE;

/* Runs the missing steps, each in a transaction of its own. Returns the version before. ERR_STORE. */
int migrations_run(struct connection *connection) MUST_USE;

#endif
