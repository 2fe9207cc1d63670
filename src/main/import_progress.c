#include "main/import_progress.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define SHOW_EVERY_MS 200
#define BAR_WIDTH     30

void progress_init(struct import_progress *progress, FILE *err)
{
    *progress = (struct import_progress){.terminal = isatty(fileno(err)) == 1 ? err : NULL,
                                         .begin_ms = clock_mono_ms()};
}

static void show_bar(const struct import_progress *progress, int64_t done, int64_t size)
{
    int filled = (int)(done * BAR_WIDTH / size);
    char bar[BAR_WIDTH + 1];
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '#', (size_t)(filled < BAR_WIDTH ? filled : BAR_WIDTH));
    bar[BAR_WIDTH] = '\0';
    fprintf(progress->terminal, "[%s] %3d %%, ", bar, (int)(done * 100 / size));
}

void progress_show(struct import_progress *progress, const char *what, int64_t done, int64_t size)
{
    int64_t now_ms = clock_mono_ms();
    if (!progress->terminal || now_ms < progress->shown_ms + SHOW_EVERY_MS)
        return;
    progress->shown_ms = now_ms;
    progress->is_shown = true;
    fprintf(progress->terminal, "\r%s ", what);
    if (size > 0 && done <= size)
        show_bar(progress, done, size);
    if (progress->rows > 0)
        fprintf(progress->terminal, "%" PRIu64 " rows, %" PRIu64 " refused, ", progress->rows,
                progress->refused);
    fprintf(progress->terminal, "%" PRId64 " s\033[K", (now_ms - progress->begin_ms) / 1000);
    fflush(progress->terminal);
}

void progress_clear(struct import_progress *progress)
{
    if (progress->is_shown)
        fputs("\r\033[K", progress->terminal);
    progress->is_shown = false;
}

void progress_summary(const struct import_progress *progress, FILE *out, FILE *err)
{
    fprintf(out,
            "%" PRIu64 " rows: %" PRIu64 " customers new, %" PRIu64 " changed, %" PRIu64
            " unchanged, %" PRIu64 " refused\n",
            progress->rows, progress->created, progress->changed, progress->unchanged,
            progress->refused);
    if (progress->odd > 0) {
        fprintf(err,
                "wscrm: warning: %" PRIu64 " number%s a length that is not possible in %s country, "
                "the first in line %" PRIu64 "\n",
                progress->odd, progress->odd == 1 ? " has" : "s have",
                progress->odd == 1 ? "its" : "their", progress->odd_line);
    }
}
