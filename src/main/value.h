/* Values as people write them: in options, the environment and the configuration file. Any thread. */
#ifndef WSCRM_MAIN_VALUE_H
#define WSCRM_MAIN_VALUE_H

#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

/* All: ERR_INVALID when it is not one, ERR_RANGE when it does not fit. */
int value_size(struct str text, int64_t *ret_bytes) MUST_USE;  /* 65536, 64K, 16M, 1G */
int value_duration(struct str text, int64_t *ret_ms) MUST_USE; /* 10, 10s, 500ms */
/* `choices` is "none|errors|all"; the index of the one that is meant. */
int value_choice(struct str text, const char *choices, int64_t *ret_index) MUST_USE;

/* The same in the largest unit that divides it. */
#define VALUE_TEXT_MAX 32
void value_size_text(int64_t bytes, char ret_text[VALUE_TEXT_MAX]);
void value_duration_text(int64_t ms, char ret_text[VALUE_TEXT_MAX]);

/* A copy that ends in a NUL, for free(); NULL: no memory. */
char *value_copy(struct str text) MUST_USE;

#endif
