#include "domain/message_json.h"

#include "domain/content.h"
#include "domain/number.h"

/* A content as it is stored, 100 routes and 50 inserts. */
#define ARENA_MAX  ((size_t)64 << 10)
#define VALUES_MAX 1000

enum { ACTION_SENT = 1, ACTION_RECEIVED = 2 };

struct parsed {
    struct json_doc *doc;
    struct arena arena;
    struct content content; /* type 0: it is none */
};

static void parse(struct parsed *parsed, struct str text)
{
    struct json_error error;
    *parsed = (struct parsed){0};
    arena_init(&parsed->arena, ARENA_MAX);
    if (json_parse(text, VALUES_MAX, &parsed->doc, &error) < 0 ||
        content_read(json_root(parsed->doc), &parsed->arena, &parsed->content) < 0)
        parsed->content = (struct content){0};
}

static void parsed_free(struct parsed *parsed)
{
    json_free(parsed->doc);
    arena_free(&parsed->arena);
}

static void add_text(struct buf *b, const char *name, struct str text)
{
    if (text.len > 0)
        buf_add_json_text(b, name, text);
}

static void add_routes(struct buf *b, const struct content *content)
{
    if (content->route_type == 0)
        return;
    buf_add_json_i64(b, "routeType", content->route_type);
    buf_add_json_name(b, "routeList");
    buf_add_char(b, '[');
    for (size_t i = 0; i < content->route_count; i++) {
        buf_add_json_comma(b);
        buf_add_json_str(b, content->routes[i]);
    }
    buf_add_char(b, ']');
}

/* The members of soCreate's content that say something; transId is a name for it and not said. */
static void add_content(struct buf *b, const struct content *content)
{
    buf_add_char(b, '{');
    add_text(b, "text", content->text);
    add_text(b, "url", content->url);
    add_text(b, "fileName", content->file_name);
    add_text(b, "title", content->title);
    add_text(b, "desc", content->desc);
    add_text(b, "link", content->link);
    add_routes(b, content);
    buf_add_char(b, '}');
}

static void add_number(struct buf *b, const char *name, int64_t number)
{
    char digits[NUMBER_MAX_DIGITS + 4];
    size_t count = number_format(number, digits);
    buf_add_json_text(b, name, (struct str){digits, count});
}

void message_json(struct buf *b, const struct message_record *message)
{
    struct parsed parsed;
    parse(&parsed, message->content);
    buf_add_text(b, "{\"msgId\":\"");
    buf_add_i64(b, message->id);
    buf_add_char(b, '"');
    buf_add_json_text(b, "username", message->user_name);
    add_number(b, "whatsId", message->account);
    add_number(b, "friendWhatsId", message->number);
    buf_add_json_text(b, "friendName", message->friend_name);
    buf_add_json_i64(b, "actionType", message->incoming ? ACTION_RECEIVED : ACTION_SENT);
    buf_add_json_i64(b, "chatType", message_chat(message->number));
    buf_add_json_i64(b, "contentType", parsed.content.type);
    buf_add_json_name(b, "content");
    add_content(b, &parsed.content);
    buf_add_json_i64(b, "status", message_status_wire(message->status));
    buf_add_json_i64(b, "chatTime", message->time_ms);
    buf_add_char(b, '}');
    parsed_free(&parsed);
}

void message_summary(struct str content, struct buf *text)
{
    struct parsed parsed;
    parse(&parsed, content);
    const struct str choices[] = {parsed.content.text, parsed.content.title,
                                  parsed.content.file_name, parsed.content.link,
                                  parsed.content.url};
    buf_clear(text);
    for (size_t i = 0; text->len == 0 && i < sizeof(choices) / sizeof(choices[0]); i++)
        buf_add_str(text, choices[i]);
    parsed_free(&parsed);
}
