/* wscrm export: all customers of a tenant, as CSV or JSON Lines, in the form that wscrm import takes. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/customer_json.h"
#include "domain/number.h"
#include "main/arguments.h"
#include "main/cell.h"
#include "main/file.h"
#include "main/session.h"
#include "main/signals.h"

/* One transaction's worth (see reader.h); between two of them the log may start over. */
#define PIECE_ROWS 250
/* All of them at their longest, 200 extended values each: never met, and then an error, not a crash. */
#define PIECE_MAX_BYTES ((size_t)256 << 20)

struct customers_export {
    struct customers_walk walk;
    struct context *context;
    const char *path;
    int fd, signal_fd;
    bool is_fresh, is_json;
    const struct tenant *tenant;
    struct buf text, tags;
    uint64_t count;
};

/* --- CSV, in the order of the API's answers */

static void add_cell(struct buf *b, struct str text)
{
    cell_write(b, (struct item_value){VALUE_TEXT, text});
    buf_add_char(b, ',');
}

static void add_header(struct customers_export *export)
{
    struct buf *b = &export->text;
    add_cell(b, STR("whatsApp"));
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        add_cell(b, customer_field_rules[i].wire);
        if (i == CUSTOMER_FRIEND_NAME)
            add_cell(b, STR("sex"));
        if (i == CUSTOMER_DESC)
            add_cell(b, STR("tabName"));
    }
    for (size_t i = 0; i < export->tenant->field_count; i++)
        add_cell(b, export->tenant->fields[i].name);
    buf_add_text(b, "agentAccount,createTime,updateTime\n");
}

static struct str tag_list(struct customers_export *export, const struct customer *customer)
{
    buf_clear(&export->tags);
    for (size_t i = 0; i < customer->tag_count; i++) {
        if (i > 0)
            buf_add_char(&export->tags, ',');
        buf_add_str(&export->tags, customer->tags[i]);
    }
    return (struct str){export->tags.data, export->tags.len};
}

static void add_csv(struct customers_export *export, const struct customer *customer)
{
    struct buf *b = &export->text;
    const struct tenant *tenant = export->tenant;
    const struct agent *owner =
        customer->owner_id ? tenant_agent_by_id(tenant, customer->owner_id) : NULL;
    buf_add_i64(b, customer->number);
    buf_add_char(b, ',');
    for (int i = 0; i < CUSTOMER_FIELD_COUNT; i++) {
        add_cell(b, customer->fields[i]);
        if (i == CUSTOMER_FRIEND_NAME)
            add_cell(b, str_of(sex_name(customer->sex)));
        if (i == CUSTOMER_DESC)
            add_cell(b, tag_list(export, customer));
    }
    for (size_t i = 0; i < tenant->field_count; i++)
        add_cell(b, customer_extended(customer, tenant->fields[i].id));
    add_cell(b, owner ? owner->user_name : STR(""));
    buf_add_i64(b, customer->created_ms);
    buf_add_char(b, ',');
    buf_add_i64(b, customer->updated_ms);
    buf_add_char(b, '\n');
}

/* --- the walk */

static void each(struct customers_walk *walk, const struct customer *customer)
{
    struct customers_export *export = container_of(walk, struct customers_export, walk);
    if (export->is_json) {
        customer_json(&export->text, export->tenant, customer);
        buf_add_char(&export->text, '\n');
    } else {
        add_csv(export, customer);
    }
    export->count++;
}

static void done(struct store_call *call)
{
    (void)call; /* store_reads_run() has come back then */
}

static int write_text(struct customers_export *export)
{
    struct str rest = {export->text.data, export->text.len};
    if (export->text.failed)
        return ERR_TOO_LARGE;
    while (rest.len > 0) {
        ssize_t written = write(export->fd, rest.p, rest.len);
        if (written < 0 && errno != EINTR)
            return ERR_SYSTEM;
        size_t step = written > 0 ? (size_t)written : 0;
        rest = (struct str){rest.p + step, rest.len - step};
    }
    buf_clear(&export->text);
    return 0;
}

static bool is_interrupted(const struct customers_export *export)
{
    struct pollfd polled = {.fd = export->signal_fd, .events = POLLIN};
    return poll(&polled, 1, 0) > 0;
}

static int walk_pieces(struct customers_export *export, struct store_reader *reader)
{
    struct customers_walk *walk = &export->walk;
    int result = write_text(export); /* the header */
    walk->tenant = export->tenant;
    walk->limit = PIECE_ROWS;
    walk->each = each;
    walk->call.result = PIECE_ROWS;
    while (result == 0 && walk->call.result == PIECE_ROWS) {
        if (is_interrupted(export))
            return ERR_CLOSED;
        walk->call = (struct store_call){.done = done};
        store_customers_walk(reader, walk);
        while (store_reads_waiting(reader) > 0)
            store_reads_run(reader);
        result = walk->call.result < 0 ? walk->call.result : write_text(export);
    }
    return result;
}

/* --- the whole of it */

/* What was in the file goes only now that there is something to write. */
static int export_tenant(struct customers_export *export)
{
    struct store_reader *reader;
    if (export->fd != STDOUT_FILENO && ftruncate(export->fd, 0) < 0 && errno != EINVAL)
        return ERR_SYSTEM;
    int result = store_reader_new(export->context->store, &reader);
    if (result < 0)
        return result;
    if (!export->is_json)
        add_header(export);
    result = walk_pieces(export, reader);
    int cause = errno;
    store_reader_free(reader);
    errno = cause;
    return result;
}

static void complain_export(struct customers_export *export, int result)
{
    if (result == ERR_SYSTEM)
        complain(export->context, "%s: %s", export->path, strerror(errno));
    else if (result == ERR_CLOSED)
        complain(export->context, "interrupted");
    else
        (void)complain_store(export->context, result);
}

static int work(struct context *context)
{
    struct customers_export *export = context->work;
    struct tenants *tenants;
    int status = context_tenant(context, "tenant", &tenants, &export->tenant);
    if (status != EXIT_GOOD)
        return status;
    int result = export_tenant(export);
    if (result < 0)
        complain_export(export, result);
    else
        fprintf(context->err, "%" PRIu64 " customers exported\n", export->count);
    tenants_unref(tenants);
    return result < 0 ? EXIT_FAILED : EXIT_GOOD;
}

static bool ends_in(struct str text, struct str end)
{
    return text.len >= end.len && str_eq((struct str){text.p + text.len - end.len, end.len}, end);
}

static int find_format(struct customers_export *export, struct str path)
{
    struct str format = argument(export->context, "format");
    export->is_json = format.p ? str_is(format, "jsonl") : ends_in(path, STR(".jsonl"));
    if (!format.p || export->is_json || str_is(format, "csv"))
        return 0;
    complain(export->context, "--format: csv or jsonl expected, not \"%.*s\"", (int)format.len,
             format.p);
    return ERR_INVALID;
}

/* A half export must not look like a whole one. */
static void take_back(struct customers_export *export)
{
    if (export->is_fresh)
        file_remove(export->fd, export->path);
    else if (export->count > 0 && ftruncate(export->fd, 0) < 0)
        return; /* a pipe, a device: its reader has seen our exit status */
}

static int run(struct customers_export *export, struct str path)
{
    char name[4096];
    bool is_stdout = str_is(path, "-");
    snprintf(name, sizeof(name), "%.*s", (int)path.len, path.p);
    export->path = is_stdout ? "standard output" : name;
    export->fd = STDOUT_FILENO;
    if ((!is_stdout && file_open(name, &export->fd, &export->is_fresh) < 0) ||
        signals_open(&export->signal_fd) < 0) {
        complain(export->context, "%s: %s", export->path, strerror(errno));
        return EXIT_FAILED;
    }
    export->context->work = export;
    int status = session_read(export->context, work);
    if (status != EXIT_GOOD && !is_stdout)
        take_back(export);
    if (!is_stdout && close(export->fd) < 0 && status == EXIT_GOOD) {
        complain(export->context, "%s: %s", export->path, strerror(errno));
        status = EXIT_FAILED;
    }
    close(export->signal_fd);
    return status;
}

int export_run(struct context *context)
{
    struct customers_export export = {.context = context};
    struct str path = argument(context, "FILE");
    if (find_format(&export, path) < 0)
        return EXIT_WRONG_USE;
    buf_init(&export.text, PIECE_MAX_BYTES);
    buf_init(&export.tags, PIECE_MAX_BYTES);
    int status = run(&export, path);
    buf_free(&export.text);
    buf_free(&export.tags);
    return status;
}
