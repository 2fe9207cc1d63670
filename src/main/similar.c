#include "main/similar.h"

#include <stdint.h>
#include <stdio.h>

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

size_t similar_distance(struct str a, struct str b)
{
    size_t row[SIMILAR_NAME_MAX];
    if (a.len >= SIMILAR_NAME_MAX || b.len >= SIMILAR_NAME_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t exchanged = diagonal + (a.p[i - 1] != b.p[j - 1]);
            diagonal = row[j];
            row[j] = least(row[j] + 1, row[j - 1] + 1, exchanged);
        }
    }
    return row[b.len];
}

void similar_try(struct similar *similar, struct str word, struct str candidate)
{
    size_t distance = similar_distance(word, candidate);
    /* A third of the letters may be wrong: "lst" is list, "on" is nothing. */
    bool near = distance <= 3 && distance * 3 <= candidate.len;
    if (near && (!similar->name[0] || distance < similar->distance)) {
        snprintf(similar->name, sizeof(similar->name), "%.*s", (int)candidate.len, candidate.p);
        similar->distance = distance;
    }
}

void similar_try_name(struct similar *similar, struct str word, struct str candidate)
{
    if (str_eq_nocase(word, candidate) && candidate.len < sizeof(similar->name)) {
        memcpy(similar->name, candidate.p, candidate.len);
        similar->name[candidate.len] = '\0';
        similar->distance = 0;
    } else {
        similar_try(similar, word, candidate);
    }
}
