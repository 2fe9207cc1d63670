#include "base/smallest.h"

#include <stdlib.h>

int smallest_begin(struct smallest *smallest, size_t most)
{
    if (most > smallest->room) {
        int64_t *numbers = reallocarray(smallest->numbers, most, sizeof(*numbers));
        if (!numbers)
            return ERR_NOMEM;
        smallest->numbers = numbers;
        smallest->room = most;
    }
    smallest->most = most;
    smallest->count = 0;
    return 0;
}

void smallest_free(struct smallest *smallest)
{
    free(smallest->numbers);
    *smallest = (struct smallest){0};
}

static void sift_up(int64_t *numbers, size_t at, int64_t number)
{
    while (at > 0 && numbers[(at - 1) / 2] < number) {
        numbers[at] = numbers[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    numbers[at] = number;
}

/* The root is free: `number` goes where it belongs below it. */
static void sift_down(int64_t *numbers, size_t count, int64_t number)
{
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && numbers[child + 1] > numbers[child])
            child++;
        if (numbers[child] <= number)
            break;
        numbers[at] = numbers[child];
    }
    numbers[at] = number;
}

void smallest_add(struct smallest *smallest, int64_t number)
{
    if (smallest->count < smallest->most)
        sift_up(smallest->numbers, smallest->count++, number);
    else if (smallest_wants(smallest, number))
        sift_down(smallest->numbers, smallest->count, number);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void smallest_sort(struct smallest *smallest)
{
    if (smallest->count > 0)
        qsort(smallest->numbers, smallest->count, sizeof(smallest->numbers[0]), compare);
}
