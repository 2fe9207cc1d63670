/* SQLite's own page cache, spared a walk over all of it at the end of most writing transactions.
 *
 * When SQLite 3.40 splits a page of a b-tree it gives one, for an instant, the number of the page that is
 * never used (at 1 GiB), and its cache remembers the largest number it has seen. At the end of the
 * transaction it drops what lies behind the database's last page: nothing, but with that number in mind it
 * looks at every page it holds. With 16,000 pages that was a tenth of what a single import costs.
 * So this stands in front of it and lets through only what drops something. */
#ifndef WSCRM_STORE_SQLITE_PAGE_CACHE_H
#define WSCRM_STORE_SQLITE_PAGE_CACHE_H

/* Once, before SQLite is initialised; too late, and all is as without. */
void page_cache_configure(void);

#endif
