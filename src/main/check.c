/* wscrm check */
#include "main/command.h"

static void problem(void *context_, const char *text)
{
    struct context *context = context_;
    fprintf(context->out, "%s\n", text);
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
    fprintf(context->out, "ok\n");
    return EXIT_GOOD;
}
