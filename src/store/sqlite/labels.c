#include "store/sqlite/labels.h"

#include <stdlib.h>
#include <string.h>

/* Tenants may have up to 10,000 names of each kind; the caches hold those in use. An entry is some 60
 * bytes with a name of ordinary length: a full cache is 4 MiB, and 16 MiB whatever the names are. */
#define LABELS_MAX      65536
#define LABEL_TEXTS_MAX ((size_t)16 << 20)
/* 255 characters of 4 bytes, rounded. */
#define LABEL_TEXT_LONGEST 1024
#define FIRST_CAPACITY     64

/* A kind beside those of the table: the count of a tenant's labels of kind k is cached under the
 * empty name, which no label has. */
struct label_entry {
    int64_t tenant_id;
    int64_t id; /* 0: a free place; a count is kept + 1 */
    struct str name;
    uint32_t hash;
    uint32_t kind;
};

void labels_init(struct labels *labels)
{
    memset(labels, 0, sizeof(*labels));
    arena_init(&labels->names, LABEL_TEXTS_MAX);
}

void labels_free(struct labels *labels)
{
    free(labels->entries);
    labels->entries = NULL;
    labels->count = labels->capacity = 0;
    arena_free(&labels->names);
}

void labels_forget(struct labels *labels)
{
    if (labels->count > 0)
        memset(labels->entries, 0, labels->capacity * sizeof(*labels->entries));
    labels->count = 0;
    labels->created = false;
    arena_reset(&labels->names);
}

void labels_keep(struct labels *labels)
{
    labels->created = false;
}

static struct label_entry *labels_place(struct label_entry *entries, size_t capacity,
                                        int64_t tenant_id, enum label_kind kind, struct str name,
                                        uint32_t hash)
{
    for (size_t at = hash & (capacity - 1);; at = (at + 1) & (capacity - 1)) {
        struct label_entry *entry = &entries[at];
        if (entry->id == 0 || (entry->hash == hash && entry->tenant_id == tenant_id &&
                               entry->kind == (uint32_t)kind && str_eq(entry->name, name)))
            return entry;
    }
}

static uint32_t label_hash(int64_t tenant_id, enum label_kind kind, struct str name)
{
    uint64_t seed = hash_u64((uint64_t)tenant_id * 4 + (uint64_t)kind, 0);
    return (uint32_t)(hash_bytes(name.len ? name.p : "", name.len, seed) >> 16);
}

static int labels_grow(struct labels *labels)
{
    size_t capacity = labels->capacity ? labels->capacity * 2 : FIRST_CAPACITY;
    struct label_entry *entries = calloc(capacity, sizeof(*entries));
    if (!entries)
        return ERR_NOMEM;
    for (size_t i = 0; i < labels->capacity; i++) {
        const struct label_entry *old = &labels->entries[i];
        if (old->id != 0) {
            *labels_place(entries, capacity, old->tenant_id, (enum label_kind)old->kind, old->name,
                          old->hash) = *old;
        }
    }
    free(labels->entries);
    labels->entries = entries;
    labels->capacity = capacity;
    return 0;
}

static int64_t labels_look(const struct labels *labels, int64_t tenant_id, enum label_kind kind,
                           struct str name)
{
    if (labels->count == 0)
        return 0;
    return labels_place(labels->entries, labels->capacity, tenant_id, kind, name,
                        label_hash(tenant_id, kind, name))
        ->id;
}

static int labels_put(struct labels *labels, int64_t tenant_id, enum label_kind kind,
                      struct str name, int64_t id)
{
    if (labels->count >= LABELS_MAX ||
        labels->names.total + LABEL_TEXT_LONGEST > LABEL_TEXTS_MAX / 2) {
        bool created = labels->created;
        labels_forget(labels);
        labels->created = created;
    }
    if (labels->count * 2 >= labels->capacity) {
        int result = labels_grow(labels);
        if (result < 0)
            return result;
    }
    uint32_t hash = label_hash(tenant_id, kind, name);
    struct label_entry *entry =
        labels_place(labels->entries, labels->capacity, tenant_id, kind, name, hash);
    if (entry->id == 0) {
        char *copy = arena_memdup(&labels->names, name.len ? name.p : "", name.len);
        if (!copy)
            return ERR_NOMEM;
        *entry = (struct label_entry){tenant_id, id, {copy, name.len}, hash, (uint32_t)kind};
        labels->count++;
    }
    entry->id = id;
    return 0;
}

int labels_find(struct labels *labels, struct connection *connection, int64_t tenant_id,
                enum label_kind kind, struct str name, int64_t *ret_id)
{
    int64_t id = labels_look(labels, tenant_id, kind, name);
    if (id != 0) {
        *ret_id = id;
        return 0;
    }
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_LABEL_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, tenant_id);
    bind_i64(find, 2, kind);
    bind_str(find, 3, name);
    int result = connection_step(connection, find);
    if (result < 0)
        return ERR_STORE;
    if (result == 1) {
        id = sqlite3_column_int64(find, 0);
        sqlite3_reset(find);
        result = labels_put(labels, tenant_id, kind, name, id);
        if (result < 0)
            return result;
    }
    *ret_id = id;
    return 0;
}

int labels_count(struct labels *labels, struct connection *connection, int64_t tenant_id,
                 enum label_kind kind, int64_t *ret_count)
{
    int64_t kept = labels_look(labels, tenant_id, kind, (struct str){0});
    if (kept != 0) {
        *ret_count = kept - 1;
        return 0;
    }
    sqlite3_stmt *count = connection_statement(connection, STATEMENT_LABEL_COUNT);
    if (!count)
        return ERR_STORE;
    bind_i64(count, 1, tenant_id);
    bind_i64(count, 2, kind);
    if (connection_step(connection, count) != 1)
        return ERR_STORE;
    int64_t value = sqlite3_column_int64(count, 0);
    sqlite3_reset(count);
    int result = labels_put(labels, tenant_id, kind, (struct str){0}, value + 1);
    if (result == 0)
        *ret_count = value;
    return result;
}

int labels_create(struct labels *labels, struct connection *connection, int64_t tenant_id,
                  enum label_kind kind, struct str name, int64_t *ret_id)
{
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_LABEL_INSERT);
    if (!insert)
        return ERR_STORE;
    bind_i64(insert, 1, tenant_id);
    bind_i64(insert, 2, kind);
    bind_str(insert, 3, name);
    int result = connection_step(connection, insert);
    if (result < 0)
        return ERR_STORE;
    labels->created = true;
    int64_t id = sqlite3_last_insert_rowid(connection->db);
    int64_t kept = labels_look(labels, tenant_id, kind, (struct str){0});
    if (kept != 0)
        result = labels_put(labels, tenant_id, kind, (struct str){0}, kept + 1);
    if (result == 0)
        result = labels_put(labels, tenant_id, kind, name, id);
    if (result == 0)
        *ret_id = id;
    return result;
}

/* --- the readers' cache */

struct label_name {
    int64_t id; /* 0: a free place */
    struct str name;
};

void label_names_init(struct label_names *names)
{
    memset(names, 0, sizeof(*names));
    arena_init(&names->texts, LABEL_TEXTS_MAX);
}

void label_names_free(struct label_names *names)
{
    free(names->entries);
    names->entries = NULL;
    names->count = names->capacity = 0;
    arena_free(&names->texts);
}

static struct label_name *label_names_place(struct label_name *entries, size_t capacity, int64_t id)
{
    /* Ids count up from 1, so their low bits spread by themselves. */
    size_t at = (size_t)id & (capacity - 1);
    while (entries[at].id != 0 && entries[at].id != id)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static int label_names_grow(struct label_names *names, size_t capacity)
{
    struct label_name *entries = calloc(capacity, sizeof(*entries));
    if (!entries)
        return ERR_NOMEM;
    for (size_t i = 0; i < names->capacity; i++)
        if (names->entries[i].id != 0)
            *label_names_place(entries, capacity, names->entries[i].id) = names->entries[i];
    free(names->entries);
    names->entries = entries;
    names->capacity = capacity;
    return 0;
}

int label_names_reserve(struct label_names *names, size_t count)
{
    if (names->count + count > LABELS_MAX ||
        names->texts.total + count * LABEL_TEXT_LONGEST > LABEL_TEXTS_MAX / 2) {
        memset(names->entries, 0, names->capacity * sizeof(*names->entries));
        names->count = 0;
        arena_reset(&names->texts);
    }
    if (names->capacity >= 2 * (names->count + count))
        return 0;
    size_t capacity = names->capacity ? names->capacity : FIRST_CAPACITY;
    while (capacity < 2 * (names->count + count))
        capacity *= 2;
    return label_names_grow(names, capacity);
}

static int label_names_read(struct label_names *names, struct connection *connection, int64_t id,
                            struct str *ret_name)
{
    sqlite3_stmt *read = connection_statement(connection, STATEMENT_LABEL_NAME);
    if (!read)
        return ERR_STORE;
    bind_i64(read, 1, id);
    int result = connection_step(connection, read);
    if (result < 0)
        return ERR_STORE;
    struct str name = {0};
    if (result == 1) {
        struct str text = column_str(read, 0);
        name =
            (struct str){arena_memdup(&names->texts, text.len ? text.p : "", text.len), text.len};
        sqlite3_reset(read);
        if (!name.p)
            return ERR_NOMEM;
    }
    *ret_name = name;
    return 0;
}

int label_names_get(struct label_names *names, struct connection *connection, int64_t id,
                    struct str *ret_name)
{
    struct label_name *entry = label_names_place(names->entries, names->capacity, id);
    if (entry->id == 0) {
        struct str name;
        int result = label_names_read(names, connection, id, &name);
        if (result < 0)
            return result;
        if (name.len == 0) {
            *ret_name = name;
            return 0;
        }
        *entry = (struct label_name){id, name};
        names->count++;
    }
    *ret_name = entry->name;
    return 0;
}
