#include "api/reply.h"

#include <stdarg.h>
#include <stdio.h>

#include "domain/number.h"

/* An answer of 1,000 customers with every field at its longest stays below it. */
#define REPLY_MAX ((size_t)64 << 20)

static struct str success_message(const struct route *route)
{
    /* The vendor writes `Success` under its first prefix and `success` under the others. */
    static const struct str first = {"/wscrm-bus-api/", sizeof("/wscrm-bus-api/") - 1};
    bool is_first = route->path.len > first.len && memcmp(route->path.p, first.p, first.len) == 0;
    return is_first ? STR("Success") : STR("success");
}

struct buf *reply_begin(struct exchange *x)
{
    struct buf *b = &x->reply;
    buf_init(b, REPLY_MAX);
    buf_add_text(b, "{\"code\":200,\"message\":\"");
    buf_add_str(b, success_message(x->route));
    buf_add_text(b, "\",\"data\":");
    x->http_status = 200;
    x->code = STATUS_OK;
    return b;
}

void reply_end_list(struct exchange *x, int result)
{
    if (result < 0) {
        buf_free(&x->reply);
        (void)refuse_store(x, result);
    } else {
        buf_add_char(&x->reply, ']');
        reply_end(x);
    }
}

void reply_end(struct exchange *x)
{
    buf_add_char(&x->reply, '}');
    if (x->reply.failed) {
        buf_free(&x->reply);
        (void)refuse_with(x, STATUS_DATA_SIZE, "data size big: the answer is over 64 MiB");
    }
}

void reply_nothing(struct exchange *x)
{
    buf_add_text(reply_begin(x), "null");
    reply_end(x);
}

void reply_add_number(struct buf *b, int64_t number)
{
    char digits[NUMBER_MAX_DIGITS + 4];
    size_t count = number_format(number, digits);
    buf_add_json_str(b, (struct str){digits, count});
}

void envelope_error(struct buf *out, int code, struct str message)
{
    buf_add_text(out, "{\"code\":");
    buf_add_i64(out, code);
    buf_add_text(out, ",\"message\":");
    buf_add_json_str(out, message);
    buf_add_text(out, ",\"data\":\"\"}");
}

static int refuse_as(struct exchange *x, int http_status, int code, struct str message)
{
    buf_init(&x->reply, REPLY_MAX);
    envelope_error(&x->reply, code, message);
    x->http_status = http_status;
    x->code = code;
    return ERR_INVALID;
}

int refuse(struct exchange *x, enum status status)
{
    return refuse_as(x, 200, status, str_of(status_message(status)));
}

int refuse_with(struct exchange *x, enum status status, const char *message)
{
    return refuse_as(x, 200, status, str_of(message));
}

int refuse_http(struct exchange *x, int http_status, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    struct str text = str_of(message);
    while (!utf8_valid(text.p, text.len))
        text.len--; /* cut within a character */
    return refuse_as(x, http_status, http_status, text);
}

int reply_no_memory(struct exchange *x)
{
    return refuse_http(x, 503, "out of memory, try again");
}

int refuse_store(struct exchange *x, int result)
{
    switch (result) {
    case ERR_BUSY: return refuse_http(x, 503, "the write queue is full, try again");
    case ERR_CLOSED: return refuse_http(x, 503, "shutting down");
    case ERR_NOMEM: return reply_no_memory(x);
    case ERR_NOT_FOUND: return refuse(x, STATUS_APP_SECRET); /* the tenant went meanwhile */
    case ERR_CONFLICT: return refuse_http(x, 422, "Idempotency-Key: used for another call");
    case ERR_RUNNING: return refuse_http(x, 409, "Idempotency-Key: its call is still running");
    case ERR_FULL:
        return refuse_http(x, 503, "Idempotency-Key: too many are kept, try again later");
    case ERR_TIMEOUT:
        return refuse_http(x, 503, "the search took longer than 5 s, narrow it or try again");
    case ERR_UNKNOWN:
        return refuse_with(x, STATUS_DATABASE,
                           "database error: outcome unknown, please repeat the call");
    default: return refuse(x, STATUS_DATABASE);
    }
}
