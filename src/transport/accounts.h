/* The accounts that are known, by number: a hash table. */
#ifndef WSCRM_TRANSPORT_ACCOUNTS_H
#define WSCRM_TRANSPORT_ACCOUNTS_H

#include "transport/driver.h"

/* Zeroed is empty. */
struct transport_accounts {
    struct transport_account **slots; /* lists through `next` */
    size_t slot_count, count;         /* slots: a power of two, not fewer than accounts */
};

struct transport_account *accounts_find(const struct transport_accounts *accounts,
                                        int64_t number); /* or NULL */
/* A zeroed one with this number, which is not there yet. NULL: no memory. */
struct transport_account *accounts_add(struct transport_accounts *accounts, int64_t number);
void accounts_remove(struct transport_accounts *accounts, struct transport_account *account);
void accounts_free(struct transport_accounts *accounts);

#endif
