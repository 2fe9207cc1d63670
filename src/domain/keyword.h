/* Keywords: text search in customers' names and numbers, and the grams that an index of them is made of.
 *
 * A keyword matches a name that contains it, whatever the case of its letters, and a number whose digits
 * contain its own. Pure functions: any thread. */
#ifndef WSCRM_DOMAIN_KEYWORD_H
#define WSCRM_DOMAIN_KEYWORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "domain/number.h"

#define KEYWORD_LONGEST 100 /* characters */
/* The longest name, 255 characters of 4 bytes. */
#define NAME_MAX_BYTES 1020

struct keyword {
    char text[4 * KEYWORD_LONGEST]; /* folded */
    size_t len;                     /* 0: everything matches */
    /* As part of a number: `+86 138-00` is 8613800. 0: it cannot be one. */
    char digits[NUMBER_MAX_DIGITS];
    size_t digit_count;
};

/* ERR_TOO_LARGE: over KEYWORD_LONGEST characters. `text` is valid UTF-8. */
int keyword_parse(struct str text, struct keyword *ret_keyword) MUST_USE;

bool keyword_matches(const struct keyword *keyword, struct str name, int64_t number);

/* Upper-case letters of Latin, Greek and Cyrillic become the lower-case ones of the same length in UTF-8:
 * ret_text holds text.len bytes afterwards. */
void text_fold(struct str text, char *ret_text);

/* Grams are what an index finds a row by: each ideograph (also kana and hangul) of a name, each three
 * characters in a row that are none, and each four digits in a row of a number; as hashes of
 * KEYWORD_GRAM_BITS bits. Whatever a keyword matches has all grams of it (of its text if by the name, of
 * its digits if by the number). KEYWORD_RULES grows whenever the same text gives other grams. */
#define KEYWORD_RULES     1
#define KEYWORD_GRAM_BITS 30
#define NAME_GRAMS_MAX    255
#define NUMBER_GRAMS_MAX  (NUMBER_MAX_DIGITS - 3)
size_t name_grams(struct str name, uint32_t ret_grams[NAME_GRAMS_MAX]);
size_t number_grams(int64_t number, uint32_t ret_grams[NUMBER_GRAMS_MAX]);

struct keyword_grams {
    uint32_t text[KEYWORD_LONGEST], digits[NUMBER_GRAMS_MAX];
    size_t text_count, digits_count;
};
/* False: it is too short for an index, rows have to be looked at. */
bool keyword_to_grams(const struct keyword *keyword, struct keyword_grams *ret_grams);

#endif
