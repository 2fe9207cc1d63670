/* The store's face, screenings: orders to find out which numbers are on WhatsApp. See store/store.h for how
 * verbs work. What is asked, and in which order, is in store/queries.h. */
#ifndef WSCRM_STORE_SCREENINGS_H
#define WSCRM_STORE_SCREENINGS_H

#include "store/store.h"

#define SCREENING_MIN_NUMBERS      500
#define SCREENING_MAX_NUMBERS      20000
#define SCREENING_ID_LEN           16
#define TENANT_MAX_SCREENINGS      1000 /* kept, those that are over for a week */
#define TENANT_MAX_SCREENINGS_OPEN 100

/* In the table: never renumber. */
enum screening_answer { SCREENING_UNKNOWN = 0, SCREENING_NOT_THERE = 1, SCREENING_EXISTS = 2 };

/* ERR_NOT_FOUND no such tenant, ERR_FULL over one of the limits. */
struct screening_add {
    struct store_call call;
    int64_t tenant_id, now_ms;
    uint8_t id[SCREENING_ID_LEN];
    const int64_t *numbers;
    size_t count;
};
void store_screening_add(struct store *store, struct screening_add *op);

struct screening {
    int64_t total, done, found;
    int64_t created_ms, started_ms, finished_ms; /* 0: not yet */
};

/* `screening` runs first, then `number` for each of its numbers in the order sent, when there is one and the
 * order is finished. ERR_NOT_FOUND. 20,000 numbers take 1 ms. */
struct screening_get {
    struct store_call call;
    int64_t tenant_id;
    uint8_t id[SCREENING_ID_LEN];
    void (*screening)(struct screening_get *op, const struct screening *screening);
    void (*number)(struct screening_get *op, int64_t number, bool exists); /* or NULL */
};
void store_screening_get(struct store_reader *reader, struct screening_get *op);

#endif
