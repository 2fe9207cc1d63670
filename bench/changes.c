/* The comparator of ./bench/run for mass sending: the two changes of state that a message goes through,
 * and nothing else, written by a loop inside the process.
 *
 *     changes STORE JOURNAL ROWS SECONDS GROUP_ROWS CHECKPOINT_PAGES CACHE_KIB
 *
 * STORE is a database that the product made and filled, with a task's messages queued; schema and indexes
 * are the product's own. The loop takes them as the product does, one of each account in turn, GROUP_ROWS
 * at a time: a transaction holds the first change of one group (queued to sending) and the second of the
 * group before (sending to read); between the two the group's lines go to JOURNAL, with one write and one
 * fdatasync. It ends after ROWS messages or SECONDS seconds. One line of JSON on stdout says how it went. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lone_store.h"

#define LINE_MAX_LEN 256
#define ID_MAX_LEN   32

static const char queued_sql[] =
    "SELECT id, account, number, row_number() OVER (PARTITION BY account ORDER BY id) AS turn"
    " FROM message WHERE status = 1 ORDER BY turn, account LIMIT ?1";
static const char first_sql[] =
    "UPDATE message SET status = 2, tries = tries + 1, status_ms = ?2 WHERE id = ?1";
static const char second_sql[] = "UPDATE message SET status = 5, time_ms = ?2, status_ms = ?2,"
                                 " provider_id = ?3 WHERE id = ?1";

struct message {
    int64_t id, account, number;
};

struct changes {
    struct lone_store store;
    sqlite3_stmt *first, *second;
    int journal;
    char *lines;
    struct message *messages;
    int64_t count, group_rows;
};

static void messages_read(struct changes *changes, int64_t most)
{
    sqlite3_stmt *queued = lone_prepare(&changes->store, queued_sql);
    changes->messages = malloc((size_t)most * sizeof(*changes->messages));
    changes->lines = malloc((size_t)changes->group_rows * LINE_MAX_LEN);
    if (!changes->messages || !changes->lines)
        die("no memory");
    sqlite3_bind_int64(queued, 1, most);
    while (sqlite3_step(queued) == SQLITE_ROW)
        changes->messages[changes->count++] =
            (struct message){sqlite3_column_int64(queued, 0), sqlite3_column_int64(queued, 1),
                             sqlite3_column_int64(queued, 2)};
    sqlite3_finalize(queued);
}

/* --- one group ---------------------------------------------------------------------------------- */

static void change(struct changes *changes, sqlite3_stmt *statement, const struct message *message,
                   int64_t now_ms)
{
    char id[ID_MAX_LEN];
    sqlite3_bind_int64(statement, 1, message->id);
    sqlite3_bind_int64(statement, 2, now_ms);
    if (statement == changes->second) {
        int len = snprintf(id, sizeof(id), "sandbox.%016llx", (unsigned long long)message->id);
        sqlite3_bind_text(statement, 3, id, len, SQLITE_STATIC);
    }
    lone_step(&changes->store, statement);
}

static void group_write(struct changes *changes, int64_t from, int64_t first, int64_t end)
{
    int64_t now_ms = now_us(CLOCK_REALTIME) / 1000;
    lone_begin(&changes->store);
    for (int64_t i = from; i < first; i++)
        change(changes, changes->second, &changes->messages[i], now_ms);
    for (int64_t i = first; i < end; i++)
        change(changes, changes->first, &changes->messages[i], now_ms);
    lone_commit(&changes->store);
}

static void journal_write(struct changes *changes, int64_t first, int64_t end)
{
    size_t len = 0;
    for (int64_t i = first; i < end; i++) {
        const struct message *message = &changes->messages[i];
        len += (size_t)snprintf(
            changes->lines + len, LINE_MAX_LEN,
            "{\"time\":%lld,\"tenant\":1,\"kind\":\"message\",\"from\":\"%lld\","
            "\"to\":\"%lld\",\"msgId\":\"%lld\",\"text\":\"Good day\"}\n",
            (long long)(now_us(CLOCK_REALTIME) / 1000), (long long)message->account,
            (long long)message->number, (long long)message->id);
    }
    if (write(changes->journal, changes->lines, len) != (ssize_t)len ||
        fdatasync(changes->journal) < 0)
        die("the journal cannot be written");
}

static int64_t run(struct changes *changes, int64_t end_us)
{
    int64_t before = 0, at = 0;
    while (at < changes->count && now_us(CLOCK_MONOTONIC) < end_us) {
        int64_t end =
            at + changes->group_rows < changes->count ? at + changes->group_rows : changes->count;
        group_write(changes, before, at, end);
        journal_write(changes, at, end);
        before = at;
        at = end;
    }
    group_write(changes, before, at, at);
    return at;
}

int main(int argc, char **argv)
{
    static struct changes changes;
    if (argc != 8)
        die("usage: changes STORE JOURNAL ROWS SECONDS GROUP_ROWS CHECKPOINT_PAGES CACHE_KIB");
    changes.group_rows = atoll(argv[5]);
    lone_open(&changes.store, argv[1], atoi(argv[6]), atoi(argv[7]));
    changes.first = lone_prepare(&changes.store, first_sql);
    changes.second = lone_prepare(&changes.store, second_sql);
    changes.journal = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (changes.journal < 0)
        die("%s cannot be opened", argv[2]);
    messages_read(&changes, atoll(argv[3]));

    int64_t began_us = now_us(CLOCK_MONOTONIC), began_cpu_us = cpu_us();
    int64_t written = run(&changes, began_us + (int64_t)(atof(argv[4]) * 1e6));
    report(written, began_us, began_cpu_us);

    free(changes.messages);
    free(changes.lines);
    close(changes.journal);
    sqlite3_finalize(changes.first);
    sqlite3_finalize(changes.second);
    lone_close(&changes.store);
    return 0;
}
