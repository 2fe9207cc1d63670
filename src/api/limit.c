#include "api/limit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"

#define SHARDS              64
#define BUCKETS             1024 /* of a shard: at the default maximum, some two entries each */
#define FAILURES_PER_SECOND 100
#define PEER_ROUTE          UINT64_MAX /* in place of a route: the entry counts an address's failures */

struct limit_key {
    uint64_t high, low; /* tenant id, 0; or the address */
    uint64_t route;
};

struct limit_entry {
    struct limit_entry *next;
    struct limit_key key;
    struct rate_window window;
};

struct limit_shard {
    pthread_mutex_t mutex;
    struct limit_entry *buckets[BUCKETS];
};

struct limit_table {
    int64_t (*clock_us)(void);
    size_t max_bytes;
    uint64_t seed; /* random, so that nobody can aim at one bucket */
    atomic_size_t bytes;
    struct limit_shard shards[SHARDS];
};

int limit_table_new(size_t max_bytes, int64_t (*clock_us)(void), struct limit_table **ret_table)
{
    struct limit_table *table = calloc(1, sizeof(*table)); /* untouched pages cost nothing */
    if (!table)
        return ERR_NOMEM;
    int result = random_bytes(&table->seed, sizeof(table->seed));
    if (result < 0) {
        free(table);
        return result;
    }
    table->max_bytes = max_bytes;
    table->clock_us = clock_us;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&table->shards[i].mutex, NULL);
    *ret_table = table;
    return 0;
}

static void entry_free(struct limit_table *table, struct limit_entry *entry)
{
    size_t bytes = sizeof(*entry) + entry->window.capacity * sizeof(*entry->window.times);
    atomic_fetch_sub_explicit(&table->bytes, bytes, memory_order_relaxed);
    rate_window_free(&entry->window);
    free(entry);
}

void limit_table_free(struct limit_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        for (size_t j = 0; j < BUCKETS; j++) {
            while (table->shards[i].buckets[j]) {
                struct limit_entry *entry = table->shards[i].buckets[j];
                table->shards[i].buckets[j] = entry->next;
                entry_free(table, entry);
            }
        }
        pthread_mutex_destroy(&table->shards[i].mutex);
    }
    free(table);
}

/* The entry of `key`, made when it is not there; NULL at the table's maximum. Under the mutex. */
static struct limit_entry *entry_get(struct limit_table *table, struct limit_entry **bucket,
                                     const struct limit_key *key)
{
    for (struct limit_entry *entry = *bucket; entry; entry = entry->next)
        if (memcmp(&entry->key, key, sizeof(*key)) == 0)
            return entry;
    if (atomic_load_explicit(&table->bytes, memory_order_relaxed) >= table->max_bytes)
        return NULL;
    struct limit_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    atomic_fetch_add_explicit(&table->bytes, sizeof(*entry), memory_order_relaxed);
    entry->key = *key;
    entry->next = *bucket;
    *bucket = entry;
    return entry;
}

static int judge(struct limit_table *table, const struct limit_key *key, uint32_t limit,
                 struct rate_verdict *ret_verdict)
{
    uint64_t hash = hash_bytes(key, sizeof(*key), table->seed);
    struct limit_shard *shard = &table->shards[hash % SHARDS];
    int result = ERR_NOMEM;
    pthread_mutex_lock(&shard->mutex);
    struct limit_entry *entry = entry_get(table, &shard->buckets[(hash / SHARDS) % BUCKETS], key);
    if (entry) {
        size_t grown;
        result = rate_window_call(&entry->window, table->clock_us(), limit, ret_verdict, &grown);
        atomic_fetch_add_explicit(&table->bytes, grown, memory_order_relaxed);
    }
    pthread_mutex_unlock(&shard->mutex);
    return result;
}

int limit_call(struct limit_table *table, int64_t tenant_id, size_t route, uint32_t limit,
               struct rate_verdict *ret_verdict)
{
    struct limit_key key = {.high = (uint64_t)tenant_id, .route = route};
    return judge(table, &key, limit, ret_verdict);
}

/* IPv4 as its IPv6 form; 0 for what is no address, such as "unix". */
static struct limit_key key_of_peer(struct str peer)
{
    struct limit_key key = {.route = PEER_ROUTE};
    char text[INET6_ADDRSTRLEN] = "";
    unsigned char address[16] = {0};
    if (peer.len < sizeof(text)) {
        memcpy(text, peer.p, peer.len);
        if (inet_pton(AF_INET6, text, address) != 1)
            (void)inet_pton(AF_INET, text, address + 12);
    }
    memcpy(&key.high, address, 8);
    memcpy(&key.low, address + 8, 8);
    return key;
}

bool limit_failure(struct limit_table *table, struct str peer)
{
    struct limit_key key = key_of_peer(peer);
    struct rate_verdict verdict;
    /* At the table's maximum the failure is not counted: its answer is a refusal anyway. */
    return judge(table, &key, FAILURES_PER_SECOND, &verdict) == 0 && !verdict.accepted;
}

static void sweep_bucket(struct limit_table *table, struct limit_entry **link, int64_t now_us)
{
    while (*link) {
        struct limit_entry *entry = *link;
        if (rate_window_idle(&entry->window, now_us)) {
            *link = entry->next;
            entry_free(table, entry);
        } else {
            link = &entry->next;
        }
    }
}

void limit_sweep(struct limit_table *table)
{
    if (limit_table_bytes(table) == 0)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct limit_shard *shard = &table->shards[i];
        pthread_mutex_lock(&shard->mutex);
        int64_t now_us = table->clock_us();
        for (size_t j = 0; j < BUCKETS; j++)
            sweep_bucket(table, &shard->buckets[j], now_us);
        pthread_mutex_unlock(&shard->mutex);
    }
}

size_t limit_table_bytes(const struct limit_table *table)
{
    return atomic_load_explicit(&table->bytes, memory_order_relaxed);
}
