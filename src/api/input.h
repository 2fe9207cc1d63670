/* Declared input: a handler says in a static table which members its body has; one walk over the
 * object fills the handler's struct. The same table reads the query string of a GET, whose body, if there
 * is one, may sign the call and says nothing else.
 *
 * Liberal where the contract is: an integer may come as a text, a name that looks like a number as a
 * number, "" means absent. Unknown members are ignored. A fault names its place. */
#ifndef WSCRM_API_INPUT_H
#define WSCRM_API_INPUT_H

#include "api/exchange.h"

enum input_type {
    INPUT_TEXT,    /* struct str: a text */
    INPUT_NAME,    /* struct str: a text, or an integer taken as its digits (user names, numbers) */
    INPUT_INTEGER, /* struct input_integer: an integer, or a text that is one */
    INPUT_BOOL,    /* struct input_bool: true or false, also as texts, and 1 or 0 */
    INPUT_NUMBER,  /* int64_t: a WhatsApp number; 0: absent */
    INPUT_LIST,    /* struct input_list: an array; never in a query string */
    INPUT_NUMBERS, /* struct input_numbers: an array of WhatsApp numbers; the same */
    /* struct input_names: an array of what INPUT_NAME takes, or one of these with commas between names,
     * which may stand in brackets: ["a","b"], "a", "a,b", "[a,b]" */
    INPUT_NAMES,
    INPUT_OBJECT, /* an object, whose `members` go into the same struct; the same */
    INPUT_VALUE,  /* const struct json *: any value, which the handler judges; the same */
};

struct input_integer {
    int64_t value;
    bool given; /* false: absent, value is 0 */
};

struct input_bool {
    bool value, given;
};

struct input_list {
    const struct json *first; /* go on with json_next() */
    size_t count;
};

struct input_numbers {
    int64_t *items; /* as they came, doubles too; in request memory */
    size_t count;
};

struct input_names {
    struct str *names;
    size_t count;
};

struct input_table;

/* Written with designated initializers: what a row does not name is 0. */
struct input_field {
    const char *name; /* of a member of an object with its place: "info.stage" */
    enum input_type type;
    size_t offset;       /* into the handler's struct */
    size_t longest;      /* characters of a text, items of a list or names */
    bool groups;         /* INPUT_NUMBER: a group chat's id is good too */
    int64_t min, max;    /* of an integer */
    enum status missing; /* a required member that is missing, null or empty; 0: optional */
    enum status longer;  /* over `longest`; 0: HTTP 400 */
    enum status wrong;   /* of another type, or not from min to max; 0: HTTP 400 */
    const struct input_table *members; /* of an object */
};

struct input_table {
    const struct input_field *fields;
    size_t count;
    size_t size;          /* of the handler's struct */
    const char *array_is; /* a body that is an array is taken as this member; NULL: refused */
};

/* Of a call that takes nothing but who calls. */
extern const struct input_table input_nothing;

/* Makes x->input, zeroed, and fills it from x->body or the query. Refuses and returns an error. */
int input_read(struct exchange *x, const struct input_table *table) MUST_USE;

/* The same for one object of a list: fills the struct of table->size, which is zeroed. A fault's place
 * begins with `place`, "data[3].". Refuses and returns an error. */
int input_read_item(struct exchange *x, const struct input_table *table, const struct json *object,
                    const char *place, void *ret_item) MUST_USE;

/* One value as a text: for INPUT_NAME's rule outside a table. ERR_INVALID: of another type;
 * ERR_RANGE: a number too large for JSON. The text lives as long as the request. */
int input_name(struct exchange *x, const struct json *value, struct str *ret_text) MUST_USE;

#endif
