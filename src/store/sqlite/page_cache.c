#include "store/sqlite/page_cache.h"

#include <sqlite3.h>
#include <stdlib.h>

struct page_cache {
    sqlite3_pcache *real;
    unsigned last; /* no page has a larger number, but for those that are away */
    unsigned away; /* pages that a split has moved behind it for an instant */
};

/* SQLite's own methods: written once, before it is initialised. */
static sqlite3_pcache_methods2 real;

static struct page_cache *page_cache(sqlite3_pcache *cache)
{
    return (struct page_cache *)(void *)cache;
}

static int cache_init(void *argument)
{
    (void)argument;
    return real.xInit(real.pArg);
}

static void cache_shutdown(void *argument)
{
    (void)argument;
    real.xShutdown(real.pArg);
}

static sqlite3_pcache *cache_create(int page_size, int extra_size, int purgeable)
{
    struct page_cache *cache = calloc(1, sizeof(*cache));
    if (cache)
        cache->real = real.xCreate(page_size, extra_size, purgeable);
    if (cache && !cache->real) {
        free(cache);
        return NULL;
    }
    return (sqlite3_pcache *)(void *)cache;
}

static void cache_size(sqlite3_pcache *cache, int pages)
{
    real.xCachesize(page_cache(cache)->real, pages);
}

static int cache_count(sqlite3_pcache *cache)
{
    return real.xPagecount(page_cache(cache)->real);
}

static sqlite3_pcache_page *cache_fetch(sqlite3_pcache *cache, unsigned number, int create)
{
    struct page_cache *own = page_cache(cache);
    if (create && number > own->last)
        own->last = number;
    return real.xFetch(own->real, number, create);
}

static void cache_unpin(sqlite3_pcache *cache, sqlite3_pcache_page *page, int discard)
{
    real.xUnpin(page_cache(cache)->real, page, discard);
}

static void cache_rekey(sqlite3_pcache *cache, sqlite3_pcache_page *page, unsigned from,
                        unsigned to)
{
    struct page_cache *own = page_cache(cache);
    own->away += to > own->last;
    own->away -= from > own->last;
    real.xRekey(own->real, page, from, to);
}

/* Drops the pages from `first` on. */
static void cache_truncate(sqlite3_pcache *cache, unsigned first)
{
    struct page_cache *own = page_cache(cache);
    if (first > own->last && !own->away)
        return;
    real.xTruncate(own->real, first);
    own->away = 0;
    own->last = first ? first - 1 : 0;
}

static void cache_destroy(sqlite3_pcache *cache)
{
    real.xDestroy(page_cache(cache)->real);
    free(cache);
}

static void cache_shrink(sqlite3_pcache *cache)
{
    real.xShrink(page_cache(cache)->real);
}

void page_cache_configure(void)
{
    static sqlite3_pcache_methods2 methods = {
        .iVersion = 1,
        .xInit = cache_init,
        .xShutdown = cache_shutdown,
        .xCreate = cache_create,
        .xCachesize = cache_size,
        .xPagecount = cache_count,
        .xFetch = cache_fetch,
        .xUnpin = cache_unpin,
        .xRekey = cache_rekey,
        .xTruncate = cache_truncate,
        .xDestroy = cache_destroy,
        .xShrink = cache_shrink,
    };
    if (sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &real) == SQLITE_OK)
        (void)sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}
