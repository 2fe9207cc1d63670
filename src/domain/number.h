/* WhatsApp numbers: normalised once, at the edge, to digits with the country code. */
#ifndef WSCRM_DOMAIN_NUMBER_H
#define WSCRM_DOMAIN_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

#define NUMBER_MIN_DIGITS 7
#define NUMBER_MAX_DIGITS 15 /* E.164; fits an int64_t */
/* What to tell whoever sent something else. */
#define NUMBER_FORM "7 to 15 digits with the country code expected"

/* Strips `+`, a leading `00`, blanks, `-`, `(`, `)` and the suffixes `@c.us`, `@s.whatsapp.net`; the
 * rest must be 7 to 15 digits that do not start with 0. "Possible" is checked, never "valid": the
 * Development Guide's own example has 14 digits. ERR_INVALID otherwise, also for `…@g.us`. */
int number_parse(struct str text, int64_t *ret_number) MUST_USE;

/* A group chat's id, "120363…" with or without @g.us: 16 to 18 digits, so that it is none of a number's and
 * fits where a number does. ERR_INVALID. */
#define GROUP_ID_MAX_DIGITS 18
int group_id_parse(struct str text, int64_t *ret_id) MUST_USE;
static inline bool number_is_group(int64_t number)
{
    return number >= INT64_C(1000000000000000);
}

/* The digits; returns their count (at most GROUP_ID_MAX_DIGITS). No NUL. */
size_t number_format(int64_t number, char ret_digits[NUMBER_MAX_DIGITS + 4]);

/* The other way to write the same line, where a country's numbers are met in two forms; false: there
 * is none. Both directions, so whichever form is stored is found by the other:
 * - Brazil: mobiles got a ninth digit, a 9 before the eight (Anatel, 2012 to 2016); WhatsApp accounts
 *   from before may go without it. 55, area of 2, then 6 to 9 as the first of the eight.
 * - Argentina: a 9 between country code and area says "mobile" in international calls. 54 and 10.
 * - Mexico: a 1 in the same place did, until 2019. 52 and 10. */
bool number_variant(int64_t number, int64_t *ret_variant);

/* Sorts the numbers ascending and leaves each line in once, in the smaller of its forms that are there.
 * Returns how many are left. */
size_t numbers_unique(int64_t *numbers, size_t count);

/* Whether it begins with a country calling code and has as many digits behind it as the country's
 * numbers may have (number_lengths.def), in either form. To warn by, never to refuse: plans change. */
bool number_plausible(int64_t number);

#endif
