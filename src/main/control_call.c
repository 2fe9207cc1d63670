/* The client's side of the control socket. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/json.h"
#include "main/arguments.h"
#include "main/control.h"
#include "main/directory.h"
#include "main/frame.h"

/* The server runs CONTROL_MAX commands at a time, so ours may have to wait for another. */
#define BEGIN_TIMEOUT_MS 30000

static bool travels_apart(const struct argument *item)
{
    return option_is_secret(item->option);
}

static void add_word(struct buf *request, const char *prefix, const char *name, const char *sign,
                     struct str text)
{
    buf_add_json_comma(request);
    buf_add_char(request, '"');
    buf_add_text(request, prefix);
    buf_add_text(request, name);
    buf_add_text(request, sign);
    buf_add_json_part(request, text);
    buf_add_char(request, '"');
}

static void add_options(struct buf *request, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *item = &arguments->items[i];
        if (!item->option->positional && !travels_apart(item)) {
            const char *sign = option_takes_value(item->option) ? "=" : "";
            add_word(request, "--", item->option->name, sign, item->text);
        }
    }
}

static void add_positional(struct buf *request, const struct arguments *arguments)
{
    add_word(request, "--", "", "", STR(""));
    for (size_t i = 0; i < arguments->count; i++)
        if (arguments->items[i].option->positional)
            add_word(request, "", "", "", arguments->items[i].text);
}

static void add_secrets(struct buf *request, const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        if (travels_apart(&arguments->items[i])) {
            buf_add_json_name(request, arguments->items[i].option->name);
            buf_add_json_str(request, arguments->items[i].text);
        }
    }
}

static void make_request(const struct context *context, struct buf *request)
{
    struct str path = str_of(context->command->path);
    buf_add_text(request, "{\"argv\":[");
    while (path.p)
        add_word(request, "", "", "", str_split(&path, ' '));
    add_options(request, context->arguments);
    add_positional(request, context->arguments);
    buf_add_text(request, "],\"secrets\":{");
    add_secrets(request, context->arguments);
    buf_add_text(request, "}}");
}

static int open_connection(const char *directory, int *ret_fd)
{
    struct sockaddr_un address;
    int holder;
    int result = directory_socket(directory, CONTROL_SOCKET, &address, &holder);
    if (result < 0)
        return result;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    result = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&address, sizeof(address));
    int cause = errno;
    if (holder >= 0)
        close(holder);
    if (result < 0) {
        if (fd >= 0)
            close(fd);
        errno = cause;
        return cause == ENOENT || cause == ECONNREFUSED ? ERR_NOT_FOUND : ERR_SYSTEM;
    }
    *ret_fd = fd;
    return 0;
}

static void print_member(const struct json *reply, const char *name, FILE *out)
{
    const struct json *member = json_member(reply, name);
    struct str text = member && json_type(member) == JSON_STRING ? json_text(member) : STR("");
    fwrite(text.p, 1, text.len, out);
}

int control_take_reply(struct str reply, struct context *context, int *ret_status)
{
    struct json_doc *json;
    struct json_error error;
    int64_t status;
    int result = json_parse(reply, JSON_MAX_VALUES, &json, &error);
    if (result < 0)
        return result;
    const struct json *member = json_member(json_root(json), "status");
    result =
        member && json_type(member) == JSON_NUMBER ? json_integer(member, &status) : ERR_PROTOCOL;
    if (result == 0) {
        print_member(json_root(json), "out", context->out);
        print_member(json_root(json), "err", context->err);
        *ret_status = (int)status;
    }
    json_free(json);
    return result;
}

/* Up to the empty frame that says that the server has begun. */
static int begin(int fd, struct buf *message, const struct context *context, char *why,
                 size_t why_size)
{
    make_request(context, message);
    int result = message->failed
                     ? ERR_TOO_LARGE
                     : frame_write(fd, BEGIN_TIMEOUT_MS, (struct str){message->data, message->len});
    if (result == 0)
        result = frame_read(fd, -1, BEGIN_TIMEOUT_MS, message);
    if (result < 0) {
        snprintf(why, why_size, "the server did not take the command: %s",
                 result == ERR_BUSY ? "it does not answer" : err_text(result));
    }
    return result;
}

static int connect_and_begin(const char *directory, const struct context *context,
                             struct buf *message, int *ret_fd, char *why, size_t why_size)
{
    int fd;
    int result = open_connection(directory, &fd);
    if (result < 0) {
        snprintf(why, why_size, "%s/%s: %s", directory, CONTROL_SOCKET, strerror(errno));
        return result;
    }
    result = begin(fd, message, context, why, why_size);
    if (result < 0) {
        close(fd);
        return result == ERR_NOT_FOUND ? ERR_PROTOCOL : result;
    }
    *ret_fd = fd;
    return 0;
}

static int finish(int fd, struct buf *message, struct context *context, int *ret_status, char *why,
                  size_t why_size)
{
    int result = frame_read(fd, -1, -1, message);
    if (result == 0)
        result = control_take_reply((struct str){message->data, message->len}, context, ret_status);
    if (result < 0) {
        snprintf(why, why_size,
                 "the server broke off while it ran the command; whether it took effect is "
                 "unknown: %s",
                 err_text(result));
    }
    return result == ERR_NOT_FOUND ? ERR_PROTOCOL : result;
}

static void wipe(struct buf *message)
{
    if (message->data)
        explicit_bzero(message->data, message->len);
    buf_free(message);
}

int control_call(const char *directory, struct context *context, int *ret_status, char *why,
                 size_t why_size)
{
    int fd;
    struct buf message;
    buf_init(&message, FRAME_MAX);
    int result = connect_and_begin(directory, context, &message, &fd, why, why_size);
    if (result == 0) {
        result = finish(fd, &message, context, ret_status, why, why_size);
        close(fd);
    }
    wipe(&message);
    return result;
}

int control_stream(const char *directory, struct context *context,
                   int (*work)(struct context *context), int *ret_status, char *why,
                   size_t why_size)
{
    struct channel channel = {.stop_fd = -1};
    struct buf message;
    buf_init(&message, FRAME_MAX);
    int result = connect_and_begin(directory, context, &message, &channel.fd, why, why_size);
    wipe(&message);
    if (result < 0)
        return result;
    context->channel = &channel;
    *ret_status = work(context);
    context->channel = NULL;
    close(channel.fd);
    return 0;
}
