/* WhatsApp numbers: normalised once, at the edge, to digits with the country code. */
#ifndef WSCRM_DOMAIN_NUMBER_H
#define WSCRM_DOMAIN_NUMBER_H

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

/* The digits; returns their count (at most NUMBER_MAX_DIGITS). No NUL. */
size_t number_format(int64_t number, char ret_digits[NUMBER_MAX_DIGITS + 4]);

#endif
