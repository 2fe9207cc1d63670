#include "domain/number.h"

#include <stdlib.h>

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

int group_id_parse(struct str text, int64_t *ret_id)
{
    int64_t id;
    (void)strip_suffix(&text, STR("@g.us"));
    if (text.len <= NUMBER_MAX_DIGITS || text.len > GROUP_ID_MAX_DIGITS || text.p[0] < '1' ||
        text.p[0] > '9' || str_to_i64(text, &id) < 0)
        return ERR_INVALID;
    *ret_id = id;
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

#define TEN_8  INT64_C(100000000)
#define TEN_10 INT64_C(10000000000)

/* The national part of `number` when it is `digits` long behind `country`; -1 when it is not. */
static int64_t national(int64_t number, int64_t country, int64_t digits_power)
{
    return number / digits_power == country ? number % digits_power : -1;
}

static bool is_old_mobile(int64_t subscriber)
{
    return subscriber / (TEN_8 / 10) >= 6;
}

static bool variant_brazil(int64_t number, int64_t *ret_variant)
{
    int64_t old = national(number, 55, TEN_10), now = national(number, 55, 10 * TEN_10);
    if (old >= TEN_10 / 10 && is_old_mobile(old % TEN_8)) {
        *ret_variant = (55 * 100 + old / TEN_8) * 10 * TEN_8 + 9 * TEN_8 + old % TEN_8;
        return true;
    }
    if (now >= TEN_10 && now / TEN_8 % 10 == 9 && is_old_mobile(now % TEN_8)) {
        *ret_variant = (55 * 100 + now / (10 * TEN_8)) * TEN_8 + now % TEN_8;
        return true;
    }
    return false;
}

/* `mark` stands between the country code and ten digits, or does not. */
static bool variant_marked(int64_t number, int64_t country, int64_t mark, int64_t *ret_variant)
{
    int64_t plain = national(number, country, TEN_10);
    int64_t marked = national(number, country * 10 + mark, TEN_10);
    if (plain >= TEN_10 / 10)
        *ret_variant = (country * 10 + mark) * TEN_10 + plain;
    else if (marked >= TEN_10 / 10)
        *ret_variant = country * TEN_10 + marked;
    else
        return false;
    return true;
}

bool number_variant(int64_t number, int64_t *ret_variant)
{
    return variant_brazil(number, ret_variant) || variant_marked(number, 54, 9, ret_variant) ||
           variant_marked(number, 52, 1, ret_variant);
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

size_t numbers_unique(int64_t *numbers, size_t count)
{
    size_t left = 0;
    if (count > 0)
        qsort(numbers, count, sizeof(*numbers), compare);
    /* What stands in front of `left` is sorted too, and has every smaller form that is to stay. */
    for (size_t i = 0; i < count; i++) {
        int64_t number = numbers[i], variant;
        bool there = left > 0 && numbers[left - 1] == number;
        if (!there && left > 0 && number_variant(number, &variant) && variant < number)
            there = bsearch(&variant, numbers, left, sizeof(*numbers), compare) != NULL;
        if (!there)
            numbers[left++] = number;
    }
    return left;
}
