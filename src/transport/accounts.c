#include "transport/accounts.h"

#include <stdlib.h>

static struct transport_account **slot_of(const struct transport_accounts *accounts, int64_t number)
{
    return &accounts->slots[hash_u64((uint64_t)number, 0) & (accounts->slot_count - 1)];
}

struct transport_account *accounts_find(const struct transport_accounts *accounts, int64_t number)
{
    struct transport_account *account = accounts->slots ? *slot_of(accounts, number) : NULL;
    while (account && account->number != number)
        account = account->next;
    return account;
}

static void put(struct transport_accounts *accounts, struct transport_account *account)
{
    struct transport_account **slot = slot_of(accounts, account->number);
    account->next = *slot;
    *slot = account;
}

static int grow(struct transport_accounts *accounts)
{
    struct transport_accounts larger = {.slot_count =
                                            accounts->slot_count ? accounts->slot_count * 2 : 64};
    larger.slots = calloc(larger.slot_count, sizeof(struct transport_account *));
    if (!larger.slots)
        return ERR_NOMEM;
    for (size_t i = 0; i < accounts->slot_count; i++) {
        for (struct transport_account *account = accounts->slots[i], *next; account;
             account = next) {
            next = account->next;
            put(&larger, account);
        }
    }
    free(accounts->slots);
    accounts->slots = larger.slots;
    accounts->slot_count = larger.slot_count;
    return 0;
}

struct transport_account *accounts_add(struct transport_accounts *accounts, int64_t number)
{
    if (accounts->count >= accounts->slot_count && grow(accounts) < 0)
        return NULL;
    struct transport_account *account = calloc(1, sizeof(*account));
    if (!account)
        return NULL;
    account->number = number;
    put(accounts, account);
    accounts->count++;
    return account;
}

void accounts_remove(struct transport_accounts *accounts, struct transport_account *account)
{
    struct transport_account **link = slot_of(accounts, account->number);
    while (*link != account)
        link = &(*link)->next;
    *link = account->next;
    accounts->count--;
    free(account);
}

void accounts_free(struct transport_accounts *accounts)
{
    for (size_t i = 0; i < accounts->slot_count; i++)
        while (accounts->slots[i])
            accounts_remove(accounts, accounts->slots[i]);
    free(accounts->slots);
    *accounts = (struct transport_accounts){0};
}
