#include "store/sqlite/answers.h"

#include "store/sqlite/reader.h"
#include "store/sqlite/store_sqlite.h"

/* ANSWERS_OLDEST shows so many; and a piece of the sweep ends at so many bytes: each of their pages is
 * looked at when it is given back. */
#define SWEEP_ROWS  250
#define SWEEP_BYTES ((int64_t)4 << 20)

/* What was asked for and what was answered are sealed together: passwords and secrets may stand in
 * either, and a bare hash of a password can be guessed at. */
#define SEALED_LEN(answer_len) (SEAL_OVERHEAD + SHA256_LEN + (answer_len))

static struct str seal_context(struct arena *arena, const struct idempotency *call)
{
    return str_of(arena_printf(arena, "answer:%lld:%.*s:%.*s", (long long)call->tenant_id,
                               (int)call->route.len, call->route.p, (int)call->key.len,
                               call->key.p));
}

static int count_answers(struct connection *connection, int64_t tenant_id, int64_t rows,
                         int64_t bytes)
{
    sqlite3_stmt *count = connection_statement(connection, STATEMENT_ANSWERS_COUNT);
    if (!count)
        return ERR_STORE;
    bind_i64(count, 1, tenant_id);
    bind_i64(count, 2, rows);
    bind_i64(count, 3, bytes);
    return connection_step(connection, count) < 0 ? ERR_STORE : 0;
}

static int forget(struct connection *connection, int64_t id, int64_t tenant_id, int64_t bytes)
{
    sqlite3_stmt *delete = connection_statement(connection, STATEMENT_ANSWER_DELETE);
    if (!delete)
        return ERR_STORE;
    bind_i64(delete, 1, id);
    if (connection_step(connection, delete) < 0)
        return ERR_STORE;
    return count_answers(connection, tenant_id, -1, -bytes);
}

/* --- finding */

static bool is_same_call(const struct idempotency *a, const struct idempotency *b)
{
    return a->tenant_id == b->tenant_id && str_eq(a->key, b->key) && str_eq(a->route, b->route);
}

/* A long call of this key that has begun waits in its lane for its next piece. */
static int find_running(const struct writer *writer, const struct idempotency *wanted)
{
    for (const struct store_call *call = writer->heavy.first; call; call = call->next) {
        const struct idempotency *running = call->begun ? call->idempotency : NULL;
        if (running && is_same_call(running, wanted)) {
            return memcmp(running->hash, wanted->hash, SHA256_LEN) == 0 ? ERR_RUNNING
                                                                        : ERR_CONFLICT;
        }
    }
    return 0;
}

static int check_room(struct connection *connection, int64_t tenant_id)
{
    sqlite3_stmt *kept = connection_statement(connection, STATEMENT_ANSWERS_OF_TENANT);
    if (!kept)
        return ERR_STORE;
    bind_i64(kept, 1, tenant_id);
    int result = connection_step(connection, kept);
    if (result <= 0)
        return result; /* without its tenant the call will not get far */
    bool full = sqlite3_column_int64(kept, 0) >= TENANT_MAX_ANSWERS ||
                sqlite3_column_int64(kept, 1) >= TENANT_MAX_ANSWER_BYTES;
    sqlite3_reset(kept);
    return full ? ERR_FULL : 0;
}

/* 1: it is open, and the answer to the same call. */
static int open_answer(struct store *store, struct arena *arena, struct idempotency *call,
                       struct str sealed)
{
    struct str context = seal_context(arena, call);
    if (!context.p || sealed.len < SEALED_LEN(1))
        return context.p ? ERR_CRYPTO : ERR_NOMEM;
    struct buf *kept = &call->kept;
    buf_init(kept, SHA256_LEN + ANSWER_LONGEST);
    char *room = buf_reserve(kept, sealed.len - SEAL_OVERHEAD);
    int result = !room ? ERR_NOMEM
                       : secret_open(store->crypto, store->key, context, (const uint8_t *)sealed.p,
                                     sealed.len, room);
    if (result == 0 && memcmp(room, call->hash, SHA256_LEN) != 0)
        result = ERR_CONFLICT;
    if (result < 0) {
        buf_free(kept);
        return result;
    }
    kept->len = sealed.len - SEALED_LEN(0);
    memmove(room, room + SHA256_LEN, kept->len);
    call->replayed = true;
    return 1;
}

/* 1: *ret_find stands on the row of the key, and has to be reset. 0: there is none. */
static int find_row(struct connection *connection, const struct idempotency *wanted,
                    sqlite3_stmt **ret_find)
{
    sqlite3_stmt *find = connection_statement(connection, STATEMENT_ANSWER_FIND);
    if (!find)
        return ERR_STORE;
    bind_i64(find, 1, wanted->tenant_id);
    bind_str(find, 2, wanted->route);
    bind_str(find, 3, wanted->key);
    *ret_find = find;
    return connection_step(connection, find);
}

/* 0: it is over its time. */
static int judge_row(struct store *store, struct arena *arena, struct idempotency *wanted,
                     sqlite3_stmt *find)
{
    if (store->settings.clock_ms() - sqlite3_column_int64(find, 1) >= ANSWER_KEPT_MS)
        return 0;
    return open_answer(store, arena, wanted, column_str(find, 2));
}

/* Judges the row of the key; one that is over its time goes. */
static int judge_kept(struct store *store, struct idempotency *wanted, sqlite3_stmt *find)
{
    int64_t id = sqlite3_column_int64(find, 0), bytes = sqlite3_column_bytes(find, 2);
    int result = judge_row(store, &store->writer.arena, wanted, find);
    sqlite3_reset(find);
    return result == 0 ? forget(&store->writer.connection, id, wanted->tenant_id, bytes) : result;
}

int answers_find(struct store *store, struct store_call *call)
{
    struct idempotency *wanted = call->idempotency;
    struct connection *connection = &store->writer.connection;
    sqlite3_stmt *find;
    int result = find_row(connection, wanted, &find);
    if (result == 1)
        result = judge_kept(store, wanted, find);
    if (result == 0)
        result = find_running(&store->writer, wanted);
    return result == 0 ? check_room(connection, wanted->tenant_id) : result;
}

static int read_answer(struct store_reader *reader, struct store_call *call)
{
    struct idempotency *wanted = container_of(call, struct answer_get, call)->idempotency;
    sqlite3_stmt *find;
    int result = find_row(&reader->connection, wanted, &find);
    if (result == 1) {
        result = judge_row(reader->store, &reader->arena, wanted, find);
        sqlite3_reset(find);
        arena_reset(&reader->arena);
    }
    return result < 0 ? result : 0;
}

void store_answer_get(struct store_reader *reader, struct answer_get *op)
{
    reader_ask(reader, &op->call, read_answer);
}

/* --- keeping */

/* In the arena. NULL: no memory. */
static uint8_t *seal(struct store *store, const struct idempotency *call, struct str answer)
{
    struct arena *arena = &store->writer.arena;
    struct str context = seal_context(arena, call);
    struct str plain = {.len = SHA256_LEN + answer.len};
    char *room = arena_alloc(arena, plain.len);
    uint8_t *sealed = arena_alloc(arena, SEALED_LEN(answer.len));
    if (!context.p || !room || !sealed)
        return NULL;
    memcpy(room, call->hash, SHA256_LEN);
    memcpy(room + SHA256_LEN, answer.p, answer.len);
    plain.p = room;
    return secret_seal(store->crypto, store->key, context, plain, sealed) == 0 ? sealed : NULL;
}

int answers_keep(struct store *store, struct store_call *call)
{
    const struct idempotency *kept = call->idempotency;
    struct connection *connection = &store->writer.connection;
    struct str answer = kept->answer(call);
    if (answer.len == 0 || answer.len > ANSWER_LONGEST)
        return call->result;
    arena_reset(&store->writer.arena); /* the command's own is of no more use */
    uint8_t *sealed = seal(store, kept, answer);
    sqlite3_stmt *insert = connection_statement(connection, STATEMENT_ANSWER_INSERT);
    if (!sealed || !insert)
        return sealed ? ERR_STORE : ERR_NOMEM;
    bind_i64(insert, 1, kept->tenant_id);
    bind_str(insert, 2, kept->route);
    bind_str(insert, 3, kept->key);
    bind_i64(insert, 4, store->settings.clock_ms());
    bind_blob_or_null(insert, 5, sealed, SEALED_LEN(answer.len));
    if (connection_step(connection, insert) < 0)
        return ERR_STORE;
    store->writer.group_rows++;
    int result = count_answers(connection, kept->tenant_id, 1, (int64_t)SEALED_LEN(answer.len));
    return result < 0 ? result : call->result;
}

/* --- forgetting */

struct expired {
    int64_t id, tenant_id, bytes;
};

/* The oldest rows as far as they are over their time. Returns how many. */
static int list_expired(struct connection *connection, int64_t until_ms,
                        struct expired ret_rows[SWEEP_ROWS])
{
    sqlite3_stmt *oldest = connection_statement(connection, STATEMENT_ANSWERS_OLDEST);
    int result = ERR_STORE, count = 0;
    int64_t bytes = 0;
    while (oldest && bytes < SWEEP_BYTES && (result = connection_step(connection, oldest)) == 1 &&
           sqlite3_column_int64(oldest, 1) <= until_ms) {
        ret_rows[count++] = (struct expired){.id = sqlite3_column_int64(oldest, 0),
                                             .tenant_id = sqlite3_column_int64(oldest, 2),
                                             .bytes = sqlite3_column_int64(oldest, 3)};
        bytes += ret_rows[count - 1].bytes;
    }
    sqlite3_reset(oldest);
    return result < 0 ? ERR_STORE : count;
}

/* Ids ascend with time: only the front is looked at. */
int answers_sweep(struct store *store)
{
    struct connection *connection = &store->writer.connection;
    struct expired rows[SWEEP_ROWS];
    int count = list_expired(connection, store->settings.clock_ms() - ANSWER_KEPT_MS, rows);
    for (int i = 0; i < count; i++)
        if (forget(connection, rows[i].id, rows[i].tenant_id, rows[i].bytes) < 0)
            return ERR_STORE;
    if (count <= 0)
        return count;
    store->writer.group_rows += (size_t)count;
    return WRITER_MORE;
}
