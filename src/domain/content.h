/* What a message says: one content, with the variables in it, and its text for one recipient. */
#ifndef WSCRM_DOMAIN_CONTENT_H
#define WSCRM_DOMAIN_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "domain/customer.h"
#include "domain/tenant.h"

/* The numbers of soCreate's content.type. In the table: never renumber. */
enum content_type {
    CONTENT_TEXT = 1,
    CONTENT_IMAGE = 2,
    CONTENT_AUDIO = 3,
    CONTENT_FILE = 4,
    CONTENT_VIDEO = 5,
    CONTENT_CONTACT = 6,
    CONTENT_CARD_LINK = 10,
    CONTENT_ROUTING_LINK = 11,
};

#define CONTENT_TEXT_LONGEST 1024 /* characters, after rendering */
#define CONTENT_URL_LONGEST  2048
#define CONTENT_NAME_LONGEST 255 /* fileName, title, transId, a variable's fallback */
#define CONTENT_MAX_INSERTS  50
#define CONTENT_MAX_ROUTES   100

/* A field whose value goes into the text at a place given as a position. */
struct content_insert {
    size_t index;     /* characters of the text before it */
    bool extended;    /* an extended field of the tenant, else a basic one */
    struct str field; /* basic: Name Gender DOB WhatsApp Address Email Position Income Description
                        * From State Language Tags; else the extended field's name */
};

/* Texts are borrowed from whoever makes it. */
struct content {
    enum content_type type;
    struct str text, url, file_name, title, desc, link;
    struct str trans_id; /* the caller's own id, echoed in status callbacks */
    int route_type;      /* 0: none; 1 agents, 2 account groups, 3 numbers */
    const struct str *routes;
    size_t route_count;
    const struct content_insert *inserts; /* ascending by index */
    size_t insert_count;
};

/* Whether the text depends on the recipient: inserts, or {{Name}} or {{Name|fallback}} in it. */
bool content_has_variables(const struct content *content);

/* Whether `field` is a basic field's name, any case. */
bool content_field_is_basic(struct str field);

/* The text for one recipient. `customer` NULL: the number is no customer's, so that every variable is
 * empty or its fallback, but WhatsApp, which is the number. An unknown {{Name}} stays as it is.
 * ERR_TOO_LARGE: over CONTENT_TEXT_LONGEST characters. */
int content_render(const struct content *content, const struct tenant *tenant, int64_t number,
                   const struct customer *customer, struct buf *ret_text) MUST_USE;

/* As it is stored: a JSON object, or an array of them. Reading borrows from `json` and the arena.
 * ERR_INVALID, ERR_NOMEM. */
void content_write(struct buf *b, const struct content *content);
int content_read(const struct json *json, struct arena *arena,
                 struct content *ret_content) MUST_USE;

#endif
