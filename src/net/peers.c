#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "net/http_internal.h"

/* Connections come and go by the hundred, not by the million: one lock, and chains of ten at 10,000
 * different addresses. */
#define BUCKETS 1024

struct peer {
    struct peer *next;
    struct address address;
    int count;
};

struct peer_table {
    pthread_mutex_t lock;
    uint64_t seed;
    struct peer *buckets[BUCKETS];
};

int http_shared_init(struct http_shared *shared)
{
    struct peer_table *peers = calloc(1, sizeof(*peers));
    if (!peers)
        return ERR_NOMEM;
    if (getrandom(&peers->seed, sizeof(peers->seed), 0) != sizeof(peers->seed)) {
        free(peers);
        return ERR_SYSTEM;
    }
    pthread_mutex_init(&peers->lock, NULL);
    atomic_init(&shared->connections, 0);
    atomic_init(&shared->body_bytes, 0);
    shared->peers = peers;
    return 0;
}

void http_shared_free(struct http_shared *shared)
{
    struct peer_table *peers = shared->peers;
    if (!peers)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct peer *peer = peers->buckets[i], *next; peer; peer = next) {
            next = peer->next;
            free(peer);
        }
    }
    pthread_mutex_destroy(&peers->lock);
    free(peers);
    shared->peers = NULL;
}

/* One customer of an IPv6 network has 2^64 addresses: its /64 counts as one peer. */
static struct address network_of(const struct address *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct address network = *address;
    if (memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
        memset(network.bytes + 8, 0, 8);
    return network;
}

static struct peer **find(struct peer_table *peers, const struct address *network)
{
    uint64_t hash = hash_bytes(network->bytes, sizeof(network->bytes), peers->seed);
    struct peer **at = &peers->buckets[hash % BUCKETS];
    while (*at && memcmp(&(*at)->address, network, sizeof(*network)) != 0)
        at = &(*at)->next;
    return at;
}

static int enter(struct peer_table *peers, const struct address *network, int max,
                 struct peer **ret_peer)
{
    struct peer **at = find(peers, network);
    if (*at && (*at)->count >= max)
        return ERR_BUSY;
    if (!*at) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            return ERR_NOMEM;
        (*at)->address = *network;
    }
    (*at)->count++;
    *ret_peer = *at;
    return 0;
}

int peer_enter(struct peer_table *peers, const struct address *address, int max,
               struct peer **ret_peer)
{
    struct address network = network_of(address);
    pthread_mutex_lock(&peers->lock);
    int result = enter(peers, &network, max, ret_peer);
    pthread_mutex_unlock(&peers->lock);
    return result;
}

void peer_leave(struct peer_table *peers, struct peer *peer)
{
    pthread_mutex_lock(&peers->lock);
    if (--peer->count == 0) {
        struct peer **at = find(peers, &peer->address);
        *at = peer->next;
        free(peer);
    }
    pthread_mutex_unlock(&peers->lock);
}
