#include "store/sqlite/migrations.h"

#include <stdio.h>

static const struct migration {
    int version;
    const char *sql;
} migrations[] = {
#define MIGRATION(version, sql) {version, sql},
#include "store/sqlite/migrations.def"
#undef MIGRATION
};
#define MIGRATION_COUNT (sizeof(migrations) / sizeof(migrations[0]))

int migrations_newest(void)
{
    return migrations[MIGRATION_COUNT - 1].version;
}

int migrations_version(struct connection *connection)
{
    int64_t application = 0, version = 0, tables = 0;
    if (connection_ask(connection, "PRAGMA application_id", &application) < 0 ||
        connection_ask(connection, "PRAGMA user_version", &version) < 0 ||
        connection_ask(connection, "SELECT count(*) FROM sqlite_schema", &tables) < 0)
        return ERR_STORE;
    if (application == 0 && version == 0 && tables == 0)
        return 0;
    return application == STORE_APPLICATION_ID && version > 0 && version < INT32_MAX ? (int)version
                                                                                     : ERR_INVALID;
}

static int migrate(struct connection *connection, const struct migration *migration)
{
    char set_version[64];
    snprintf(set_version, sizeof(set_version), "PRAGMA user_version = %d", migration->version);
    if (connection_exec(connection, "BEGIN IMMEDIATE") < 0)
        return ERR_STORE;
    if (connection_exec(connection, migration->sql) < 0 ||
        connection_exec(connection, set_version) < 0 || connection_exec(connection, "COMMIT") < 0) {
        /* The fault that counts is the first: the rollback's own goes unseen. */
        (void)sqlite3_exec(connection->db, "ROLLBACK", NULL, NULL, NULL);
        return ERR_STORE;
    }
    return 0;
}

int migrations_run(struct connection *connection)
{
    int before = migrations_version(connection);
    if (before < 0)
        return ERR_STORE;
    for (size_t i = 0; i < MIGRATION_COUNT; i++)
        if (migrations[i].version > before && migrate(connection, &migrations[i]) < 0)
            return ERR_STORE;
    return before;
}
