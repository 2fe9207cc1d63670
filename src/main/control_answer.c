/* The server's side of a control request: from its text to a command's run and the reply. */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "main/arguments.h"
#include "main/control.h"
#include "main/frame.h"
#include "main/value.h"

#define REQUEST_MAX_VALUES (ARGUMENTS_MAX + 64)

struct request {
    struct json_doc *json;
    char *argv[ARGUMENTS_MAX];
    int argc;
};

/* The words, NUL-terminated. */
static int read_argv(struct request *request)
{
    const struct json *argv = json_member(json_root(request->json), "argv");
    for (const struct json *item = argv ? json_first(argv) : NULL; item; item = json_next(item)) {
        if (json_type(item) != JSON_STRING || request->argc == ARGUMENTS_MAX)
            return ERR_INVALID;
        char *copy = value_copy(json_text(item));
        if (!copy)
            return ERR_NOMEM;
        request->argv[request->argc++] = copy;
    }
    return 0;
}

static int take_secrets(const struct request *request, struct arguments *arguments)
{
    const struct json *secrets = json_member(json_root(request->json), "secrets");
    for (const struct json *item = secrets ? json_first(secrets) : NULL; item;
         item = json_next(item)) {
        int result = json_type(item) == JSON_STRING
                         ? arguments_set(arguments, json_name(item), json_text(item))
                         : ERR_INVALID;
        if (result < 0)
            return result;
    }
    return 0;
}

static int run_stream(struct context *context)
{
    atomic_int *streams = context->channel->streams;
    int status = EXIT_FAILED;
    if (atomic_fetch_add(streams, 1) < STREAMS_MAX)
        status = context->command->run(context);
    else
        complain(context, "the server has %d such commands running already: try again later",
                 STREAMS_MAX);
    atomic_fetch_sub(streams, 1);
    return status;
}

/* How long a command waits for the engine to know of a changed account. */
#define SYNC_MS 1000

/* What a command changed is in force everywhere before it is answered. */
static void finish(const struct context *context, int status)
{
    if (context->command->kind == COMMAND_ASK)
        return; /* once a second, while somebody looks */
    if (context->engine)
        engine_sync(context->engine, SYNC_MS);
    log_line(LOG_INFO, "control command=\"%s\" status=%d", context->command->path, status);
}

static int run(const struct request *request, struct context *context)
{
    struct arguments arguments;
    int words;
    const struct command *command = command_find(request->argc, request->argv, &words);
    if (!command || command->kind == COMMAND_LOCAL || command->kind == COMMAND_READ ||
        command->kind == COMMAND_CHECK) {
        complain(context, "the server has no such command; is it of another version?");
        return EXIT_FAILED;
    }
    int status = EXIT_WRONG_USE;
    if (arguments_parse(command, request->argc - words, request->argv + words, NULL, context->err,
                        &arguments) == 0 &&
        take_secrets(request, &arguments) == 0 && arguments_check(&arguments, context->err) == 0) {
        context->command = command;
        context->arguments = &arguments;
        status = command->kind == COMMAND_STREAM ? run_stream(context) : command->run(context);
        finish(context, status);
    }
    arguments_free(&arguments);
    return status;
}

static int run_text(struct str text, struct context *context)
{
    struct json_error error;
    struct request request = {0};
    int status = EXIT_FAILED;
    if (json_parse(text, REQUEST_MAX_VALUES, &request.json, &error) < 0 || read_argv(&request) < 0)
        complain(context, "the control socket got no request that it knows");
    else
        status = run(&request, context);
    for (int i = 0; i < request.argc; i++)
        free(request.argv[i]);
    json_free(request.json);
    return status;
}

static void write_text(struct buf *reply, const char *name, char *text, size_t len)
{
    bool valid = text && utf8_valid(text, len);
    buf_add_json_name(reply, name);
    buf_add_json_str(reply, valid ? (struct str){text, len} : STR("(not valid UTF-8)\n"));
    if (text) {
        explicit_bzero(text, len);
        free(text);
    }
}

void control_answer(struct str request, struct context *context, struct buf *ret_reply)
{
    char *out = NULL, *err = NULL;
    size_t out_len = 0, err_len = 0;
    int status = EXIT_FAILED;
    context->out = open_memstream(&out, &out_len);
    context->err = open_memstream(&err, &err_len);
    if (context->out && context->err)
        status = run_text(request, context);
    if (context->out)
        fclose(context->out);
    if (context->err)
        fclose(context->err);
    buf_printf(ret_reply, "{\"status\":%d", status);
    write_text(ret_reply, "out", out, out_len);
    write_text(ret_reply, "err", err, err_len);
    buf_add_char(ret_reply, '}');
}
