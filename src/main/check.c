/* wscrm check */
#include <inttypes.h>

#include "main/command.h"

/* Pairs of customers shown; the others are counted. */
#define TWINS_SHOWN 100

struct notes {
    struct context *context;
    int count;
};

static void problem(void *context_, const char *text)
{
    struct context *context = context_;
    fprintf(context->out, "%s\n", text);
}

/* Not a fault: which of the two is the right one, only people know. */
static void twins(void *context, int64_t tenant_id, int64_t number, int64_t other)
{
    struct notes *notes = context;
    if (notes->count++ < TWINS_SHOWN) {
        fprintf(notes->context->out,
                "note: tenant %" PRId64 ": %" PRId64 " and %" PRId64
                " are two customers, and one number in two forms\n",
                tenant_id, number, other);
    }
}

static int note_twins(struct context *context)
{
    struct notes notes = {.context = context};
    int count = store_twins(context->store, 0, twins, &notes);
    if (count > TWINS_SHOWN)
        fprintf(context->out, "note: and %d more such pairs\n", count - TWINS_SHOWN);
    return count;
}

int check_run(struct context *context)
{
    int faults = store_check(context->store, problem, context);
    if (faults < 0)
        return complain_store(context, faults);
    if (faults > 0) {
        complain(context, "%s: %d fault%s found", settings_directory(context->settings), faults,
                 faults == 1 ? "" : "s");
        return EXIT_FAILED;
    }
    int twins_found = note_twins(context);
    if (twins_found < 0)
        return complain_store(context, twins_found);
    fprintf(context->out, "ok\n");
    return EXIT_GOOD;
}
