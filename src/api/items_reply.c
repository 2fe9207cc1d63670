#include "api/items_reply.h"

#include "api/reply.h"

/* What was sent in place of a number is echoed up to this length. */
static struct str echo(struct str text)
{
    const size_t most = 255;
    if (text.len > most) {
        text.len = most;
        while (!utf8_valid(text.p, text.len))
            text.len--;
    }
    return text;
}

static bool all_good(const struct item_verdict *verdicts, size_t total)
{
    for (size_t i = 0; i < total; i++)
        if (verdicts[i].code != 0)
            return false;
    return true;
}

static void add_whats_ids(struct buf *b, const struct item_verdict *verdicts, size_t total,
                          bool good)
{
    buf_add_json_name(b, good ? "successWhatsIds" : "failWhatsIds");
    buf_add_char(b, '[');
    for (size_t i = 0; i < total; i++) {
        if ((verdicts[i].code == 0) != good)
            continue;
        buf_add_json_comma(b);
        if (good)
            reply_add_number(b, verdicts[i].number);
        else
            buf_add_json_str(b, echo(verdicts[i].whats_id));
    }
    buf_add_char(b, ']');
}

static void add_detail(struct buf *b, size_t index, const struct item_verdict *verdict)
{
    buf_add_json_comma(b);
    buf_add_char(b, '{');
    buf_add_json_i64(b, "index", (int64_t)index);
    buf_add_json_text(b, "whatsId", echo(verdict->whats_id));
    buf_add_json_i64(b, "code", verdict->code);
    buf_add_json_text(b, "message", str_of(verdict->message));
    buf_add_char(b, '}');
}

static void add_details(struct buf *b, const struct item_verdict *verdicts, size_t total)
{
    buf_add_json_name(b, "failDetails");
    buf_add_char(b, '[');
    for (size_t i = 0; i < total; i++)
        if (verdicts[i].code != 0)
            add_detail(b, i, &verdicts[i]);
    buf_add_char(b, ']');
}

void items_reply(struct exchange *x, const struct item_verdict *verdicts, size_t total,
                 bool with_details)
{
    struct buf *b = reply_begin(x);
    buf_add_text(b, all_good(verdicts, total) ? "{\"isAllOk\":true" : "{\"isAllOk\":false");
    buf_add_json_i64(b, "total", (int64_t)total);
    add_whats_ids(b, verdicts, total, true);
    add_whats_ids(b, verdicts, total, false);
    if (with_details)
        add_details(b, verdicts, total);
    buf_add_char(b, '}');
    reply_end(x);
}
