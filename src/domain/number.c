#include "domain/number.h"

#include <stdbool.h>

/* What people write between digits; a `+` only before the first. */
static bool is_filler(char c, size_t digits_before)
{
    return c == ' ' || c == '-' || c == '(' || c == ')' || (c == '+' && digits_before == 0);
}

static bool strip_suffix(struct str *text, struct str suffix)
{
    if (text->len < suffix.len ||
        !str_eq((struct str){text->p + text->len - suffix.len, suffix.len}, suffix))
        return false;
    text->len -= suffix.len;
    return true;
}

int number_parse(struct str text, int64_t *ret_number)
{
    if (!strip_suffix(&text, STR("@c.us")))
        (void)strip_suffix(&text, STR("@s.whatsapp.net"));
    char digits[NUMBER_MAX_DIGITS + 2]; /* two more for a leading 00 */
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.p[i];
        if (c >= '0' && c <= '9') {
            if (count == sizeof(digits))
                return ERR_INVALID;
            digits[count++] = c;
        } else if (!is_filler(c, count)) {
            return ERR_INVALID;
        }
    }
    size_t first = count >= 2 && digits[0] == '0' && digits[1] == '0' ? 2 : 0;
    size_t length = count - first;
    if (length < NUMBER_MIN_DIGITS || length > NUMBER_MAX_DIGITS || digits[first] == '0')
        return ERR_INVALID;
    int64_t number = 0;
    for (size_t i = first; i < count; i++)
        number = number * 10 + (digits[i] - '0');
    *ret_number = number;
    return 0;
}

size_t number_format(int64_t number, char ret_digits[NUMBER_MAX_DIGITS + 4])
{
    char reversed[NUMBER_MAX_DIGITS + 4];
    size_t count = 0;
    do {
        reversed[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 && count < sizeof(reversed));
    for (size_t i = 0; i < count; i++)
        ret_digits[i] = reversed[count - 1 - i];
    return count;
}
