#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mailbox.h"

#define SENDERS 8
#define EACH    5000

struct parcel {
    struct letter letter;
    int sender, number;
    int *opened; /* counted up when opened */
};

static void open_parcel(struct letter *letter)
{
    struct parcel *parcel = container_of(letter, struct parcel, letter);
    ++*parcel->opened;
}

static struct mailbox *new_box(void)
{
    struct mailbox *box = NULL;
    assert_int_equal(mailbox_new(&box), 0);
    return box;
}

static bool is_readable(const struct mailbox *box)
{
    struct pollfd fd = {.fd = mailbox_fd(box), .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

static void letters_come_out_in_the_order_they_were_posted(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    struct parcel parcels[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
    for (int i = 0; i < 3; i++)
        mailbox_post(box, &parcels[i].letter);
    struct letter *letter = mailbox_take(box);
    for (int i = 0; i < 3; i++, letter = letter->next)
        assert_int_equal(container_of(letter, struct parcel, letter)->number, i);
    assert_null(letter);
    assert_null(mailbox_take(box));
    mailbox_free(box);
}

static void the_eventfd_is_readable_while_there_are_letters(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    struct parcel parcel = {0};
    assert_false(is_readable(box));
    mailbox_post(box, &parcel.letter);
    assert_true(is_readable(box));
    assert_ptr_equal(mailbox_take(box), &parcel.letter);
    assert_false(is_readable(box));
    mailbox_post(box, &parcel.letter);
    assert_true(is_readable(box));
    assert_non_null(mailbox_take(box));
    mailbox_free(box);
}

static void run_opens_all_and_counts_them(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    int opened = 0;
    struct parcel parcels[5];
    for (int i = 0; i < 5; i++) {
        parcels[i] = (struct parcel){.letter.open = open_parcel, .opened = &opened};
        mailbox_post(box, &parcels[i].letter);
    }
    assert_int_equal(mailbox_run(box), 5);
    assert_int_equal(opened, 5);
    assert_int_equal(mailbox_run(box), 0);
    mailbox_free(box);
}

struct round_trip {
    struct letter letter;
    struct mailbox *box;
    int left;
};

static void post_again(struct letter *letter)
{
    struct round_trip *trip = container_of(letter, struct round_trip, letter);
    if (--trip->left > 0)
        mailbox_post(trip->box, letter);
}

static void a_letter_may_be_posted_again_while_it_is_opened(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    struct round_trip trip = {.letter.open = post_again, .box = box, .left = 3};
    mailbox_post(box, &trip.letter);
    assert_int_equal(mailbox_run(box), 1); /* the next turn's */
    assert_int_equal(mailbox_run(box), 1);
    assert_int_equal(mailbox_run(box), 1);
    assert_int_equal(mailbox_run(box), 0);
    mailbox_free(box);
}

static void waiting_ends_at_its_timeout(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    mailbox_wait(box, 0);
    mailbox_wait(box, 1);
    struct parcel parcel = {0};
    mailbox_post(box, &parcel.letter);
    mailbox_wait(box, -1);
    assert_non_null(mailbox_take(box));
    mailbox_free(box);
}

struct sender {
    pthread_t thread;
    struct mailbox *box;
    struct parcel parcels[EACH];
};

static void *send_all(void *arg)
{
    struct sender *sender = arg;
    for (int i = 0; i < EACH; i++)
        mailbox_post(sender->box, &sender->parcels[i].letter);
    return NULL;
}

/* Written without atomics on purpose: ThreadSanitizer then sees whether the mailbox orders memory. */
static void receive_all(struct mailbox *box, int next[SENDERS])
{
    for (int received = 0; received < SENDERS * EACH;) {
        mailbox_wait(box, -1);
        for (struct letter *letter = mailbox_take(box); letter; letter = letter->next) {
            const struct parcel *parcel = container_of(letter, struct parcel, letter);
            assert_int_equal(parcel->number, next[parcel->sender]++);
            received++;
        }
    }
}

static void many_senders_lose_no_letter_and_keep_their_order(void **state)
{
    (void)state;
    struct mailbox *box = new_box();
    struct sender *senders = calloc(SENDERS, sizeof(*senders));
    int next[SENDERS] = {0};
    for (int s = 0; s < SENDERS; s++) {
        senders[s].box = box;
        for (int i = 0; i < EACH; i++)
            senders[s].parcels[i] = (struct parcel){.sender = s, .number = i};
        assert_int_equal(pthread_create(&senders[s].thread, NULL, send_all, &senders[s]), 0);
    }
    receive_all(box, next);
    for (int s = 0; s < SENDERS; s++) {
        pthread_join(senders[s].thread, NULL);
        assert_int_equal(next[s], EACH);
    }
    assert_null(mailbox_take(box));
    free(senders);
    mailbox_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_out_in_the_order_they_were_posted),
        cmocka_unit_test(the_eventfd_is_readable_while_there_are_letters),
        cmocka_unit_test(run_opens_all_and_counts_them),
        cmocka_unit_test(a_letter_may_be_posted_again_while_it_is_opened),
        cmocka_unit_test(waiting_ends_at_its_timeout),
        cmocka_unit_test(many_senders_lose_no_letter_and_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
