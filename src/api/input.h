/* Declared input: a handler says in a static table which members its body has; one walk over the
 * object fills the handler's struct.
 *
 * Liberal where the contract is: an integer may come as a text, a name that looks like a number as a
 * number, "" means absent. Unknown members are ignored. A fault names its place. */
#ifndef WSCRM_API_INPUT_H
#define WSCRM_API_INPUT_H

#include "api/exchange.h"

enum input_type {
    INPUT_TEXT, /* struct str: a text */
    INPUT_NAME, /* struct str: a text, or an integer taken as its digits (user names, numbers) */
    INPUT_LIST, /* struct input_list: an array */
};

struct input_list {
    const struct json *first; /* go on with json_next() */
    size_t count;
};

struct input_field {
    const char *name;
    enum input_type type;
    size_t offset;       /* into the handler's struct */
    size_t longest;      /* characters of a text, items of a list */
    enum status missing; /* a required member that is missing, null or empty; 0: optional */
    enum status longer;  /* over `longest`; 0: HTTP 400 */
};

struct input_table {
    const struct input_field *fields;
    size_t count;
    size_t size;          /* of the handler's struct */
    const char *array_is; /* a body that is an array is taken as this member; NULL: refused */
};

/* Makes x->input, zeroed, and fills it from x->body. Refuses and returns an error. */
int input_read(struct exchange *x, const struct input_table *table) MUST_USE;

/* One value as a text: for INPUT_NAME's rule outside a table. ERR_INVALID: of another type;
 * ERR_RANGE: a number too large for JSON. The text lives as long as the request. */
int input_name(struct exchange *x, const struct json *value, struct str *ret_text) MUST_USE;

#endif
