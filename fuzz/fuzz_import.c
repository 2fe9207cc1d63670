/* A file of any bytes through import_source.c, and what comes of it, or the bytes themselves, as a batch
 * through its reader. Beyond not crashing: a second reading gives the same batch, and a batch that was
 * written can be read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "main/import_source.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

/* How many rows; an error. */
static int64_t read_rows(struct str bytes)
{
    struct batch_reader reader = {bytes};
    struct import_row row;
    struct import_cell cell;
    int64_t rows = 0;
    int result;
    while ((result = batch_next_row(&reader, &row)) == 1) {
        for (unsigned i = 0; i < row.cells; i++)
            if (batch_next_cell(&reader, &cell) < 0)
                return ERR_PROTOCOL;
        rows++;
    }
    return result < 0 ? result : rows;
}

static int read_source(struct import_source *source, struct import_batch *batch)
{
    int result = 1;
    batch_clear(batch);
    while (result == 1)
        result = source_next(source, batch);
    CHECK(result == 0 || source->why[0]);
    CHECK(read_rows((struct str){batch->bytes.data, batch->bytes.len}) == (int64_t)batch->rows);
    return result;
}

static void check_twice(struct import_source *source)
{
    struct import_batch first, second;
    batch_init(&first);
    batch_init(&second);
    int result = read_source(source, &first);
    CHECK(source_rewind(source) == 0);
    CHECK(read_source(source, &second) == result);
    CHECK(first.rows == second.rows && first.bytes.len == second.bytes.len);
    CHECK(first.bytes.len == 0 || !memcmp(first.bytes.data, second.bytes.data, first.bytes.len));
    batch_free(&first);
    batch_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct import_source *source = malloc(sizeof(*source));
    int fd = memfd_create("import", MFD_CLOEXEC), stop_fd = eventfd(0, EFD_CLOEXEC);
    CHECK(source && fd >= 0 && stop_fd >= 0);
    CHECK(write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    if (source_open(source, fd, stop_fd, "fuzz") == 0)
        check_twice(source);
    else
        CHECK(source->why[0]);
    source_close(source);
    close(fd);
    close(stop_fd);
    free(source);
    CHECK(read_rows((struct str){(const char *)data, size}) <= (int64_t)size);
    return 0;
}
