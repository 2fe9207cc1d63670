/* Keywords against names: the first line is the keyword, the rest the name and, by its digits, the number.
 * Folding keeps the length and is done once; whatever matches has all grams of the keyword, which is what
 * the search index relies on. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "domain/keyword.h"

#define CHECK(condition) ((condition) ? (void)0 : abort())

static void check_fold(struct str text)
{
    char once[NAME_MAX_BYTES], twice[NAME_MAX_BYTES];
    text_fold(text, once);
    CHECK(utf8_valid(once, text.len));
    text_fold((struct str){once, text.len}, twice);
    CHECK(memcmp(once, twice, text.len) == 0);
}

static bool has_all(const uint32_t *some, size_t some_count, const uint32_t *all, size_t count)
{
    for (size_t i = 0; i < some_count; i++) {
        size_t at = 0;
        while (at < count && all[at] != some[i])
            at++;
        if (at == count)
            return false;
    }
    return true;
}

static void check_grams(const struct keyword *keyword, struct str name, int64_t number)
{
    struct keyword_grams grams;
    uint32_t of_name[NAME_GRAMS_MAX], of_number[NUMBER_GRAMS_MAX];
    size_t names = name_grams(name, of_name), numbers = number_grams(number, of_number);
    if (!keyword_to_grams(keyword, &grams) || !keyword_matches(keyword, name, number))
        return;
    CHECK(
        has_all(grams.text, grams.text_count, of_name, names) ||
        (grams.digits_count > 0 && has_all(grams.digits, grams.digits_count, of_number, numbers)));
}

static int64_t number_in(struct str text)
{
    int64_t number = 0;
    for (size_t i = 0; i < text.len && number < INT64_C(100000000000000); i++)
        if (text.p[i] >= '0' && text.p[i] <= '9')
            number = number * 10 + (text.p[i] - '0');
    return number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyword keyword;
    struct str name = {(const char *)data, size};
    if (!utf8_valid(data, size))
        return 0;
    struct str text = str_split(&name, '\n');
    int result = keyword_parse(text, &keyword);
    CHECK(result == 0 || result == ERR_TOO_LARGE);
    if (name.len > NAME_MAX_BYTES || utf8_count(name) > 255)
        return 0;
    check_fold(name);
    if (result == 0)
        check_grams(&keyword, name, number_in(name));
    return 0;
}
