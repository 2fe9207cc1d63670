#include "base/mailbox.h"

#include <assert.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A list whose newest letter is in front. The reader always takes all of it, so the letters' next
 * pointers are never followed while a sender might change them (no ABA). */
struct mailbox {
    struct letter *_Atomic newest;
    int fd;
};

int mailbox_new(struct mailbox **ret_box)
{
    struct mailbox *box = malloc(sizeof(*box));
    if (!box)
        return ERR_NOMEM;
    atomic_init(&box->newest, NULL);
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box->fd < 0) {
        free(box);
        return ERR_SYSTEM;
    }
    *ret_box = box;
    return 0;
}

void mailbox_free(struct mailbox *box)
{
    if (!box)
        return;
    assert(!atomic_load(&box->newest));
    close(box->fd);
    free(box);
}

int mailbox_fd(const struct mailbox *box)
{
    return box->fd;
}

void mailbox_post(struct mailbox *box, struct letter *letter)
{
    struct letter *head = atomic_load_explicit(&box->newest, memory_order_relaxed);
    do {
        letter->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&box->newest, &head, letter,
                                                    memory_order_release, memory_order_relaxed));
    if (head)
        return; /* whoever posted the first letter wakes the reader */
    /* Fails only with EAGAIN, when the counter is at its maximum: then it is readable anyway. */
    const ssize_t ignored = write(box->fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)ignored;
}

static struct letter *reversed(struct letter *letter)
{
    struct letter *front = NULL;
    while (letter) {
        struct letter *next = letter->next;
        letter->next = front;
        front = letter;
        letter = next;
    }
    return front;
}

struct letter *mailbox_take(struct mailbox *box)
{
    /* First the eventfd, then the list: the other way round, a letter posted between the two would
     * lose its wake-up. This way the worst is one wake-up that finds nothing. */
    uint64_t count;
    const ssize_t ignored = read(box->fd, &count, sizeof(count));
    (void)ignored;
    return reversed(atomic_exchange_explicit(&box->newest, NULL, memory_order_acquire));
}

size_t mailbox_run(struct mailbox *box)
{
    size_t count = 0;
    for (struct letter *letter = mailbox_take(box), *next; letter; letter = next) {
        next = letter->next; /* opening it may free or post it again */
        letter->open(letter);
        count++;
    }
    return count;
}

void mailbox_wait(struct mailbox *box, int timeout_ms)
{
    struct pollfd fd = {.fd = box->fd, .events = POLLIN};
    poll(&fd, 1, timeout_ms);
}
