/* How threads talk: a mailbox with many senders and one reader, woken through an eventfd.
 *
 * A letter is embedded in what it carries (no allocation, so posting cannot fail); the sender lets go
 * of it with mailbox_post(), which orders memory. Only the first letter since the last mailbox_take()
 * writes to the eventfd: one wake-up a batch. Bounds are the owner's: whoever makes letters counts
 * them. */
#ifndef WSCRM_BASE_MAILBOX_H
#define WSCRM_BASE_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct letter {
    struct letter *next;                 /* the mailbox's while posted */
    void (*open)(struct letter *letter); /* runs on the reader's thread */
};

struct mailbox;

int mailbox_new(struct mailbox **ret_box) MUST_USE;
void mailbox_free(struct mailbox *box); /* must be empty and without senders */

int mailbox_fd(const struct mailbox *box); /* readable when there are letters: for an event loop */

/* Any thread. */
void mailbox_post(struct mailbox *box, struct letter *letter);

/* The reader's thread: all letters in the order they were posted, as a list through `next`, or NULL.
 * Clears the eventfd. */
struct letter *mailbox_take(struct mailbox *box);

/* Takes and opens all; returns how many. */
size_t mailbox_run(struct mailbox *box);

/* Blocks until there are letters or `timeout_ms` is over (-1: no limit). May return early (a signal,
 * a wake-up whose letters are taken already): call it in a loop. For threads without a loop. */
void mailbox_wait(struct mailbox *box, int timeout_ms);

/* offsetof-based: the struct that holds `member`. */
#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
