#include "domain/keyword.h"

/* --- characters --- */

/* A code point of valid UTF-8 and its length. */
static uint32_t decode(const unsigned char *p, size_t *ret_len)
{
    if (p[0] < 0x80) {
        *ret_len = 1;
        return p[0];
    }
    size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    uint32_t code = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3fu);
    *ret_len = len;
    return code;
}

static void encode(uint32_t code, size_t len, char *to)
{
    static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        to[i] = (char)(0x80 | (code & 0x3f));
    to[0] = (char)(marks[len] | code);
}

/* Ranges of upper-case letters behind ASCII. step 1: each has its lower case `add` further on; step 2:
 * upper and lower case take turns, beginning with `first`. None leaves the length of its UTF-8. */
static const struct fold_range {
    uint32_t first, last, add, step;
} fold_ranges[] = {
    {0xc0, 0xd6, 32, 1},     {0xd8, 0xde, 32, 1},   {0x100, 0x12e, 1, 2},   {0x132, 0x136, 1, 2},
    {0x139, 0x147, 1, 2},    {0x14a, 0x176, 1, 2},  {0x179, 0x17d, 1, 2},   {0x391, 0x3a1, 32, 1},
    {0x3a3, 0x3ab, 32, 1},   {0x400, 0x40f, 80, 1}, {0x410, 0x42f, 32, 1},  {0x460, 0x480, 1, 2},
    {0x48a, 0x4be, 1, 2},    {0x4d0, 0x52e, 1, 2},  {0x1e00, 0x1e94, 1, 2}, {0x1ea0, 0x1efe, 1, 2},
    {0xff21, 0xff3a, 32, 1},
};

static uint32_t fold(uint32_t code)
{
    for (size_t i = 0; i < sizeof(fold_ranges) / sizeof(fold_ranges[0]); i++) {
        const struct fold_range *range = &fold_ranges[i];
        if (code < range->first)
            return code;
        if (code <= range->last)
            return range->step == 1 || (code - range->first) % 2 == 0 ? code + range->add : code;
    }
    return code;
}

void text_fold(struct str text, char *ret_text)
{
    const unsigned char *p = (const unsigned char *)text.p;
    for (size_t at = 0, len = 1; at < text.len; at += len) {
        if (p[at] < 0x80) {
            len = 1;
            ret_text[at] = (char)(p[at] >= 'A' && p[at] <= 'Z' ? p[at] + 32 : p[at]);
        } else {
            uint32_t code = decode(p + at, &len);
            encode(fold(code), len, ret_text + at);
        }
    }
}

/* --- keywords --- */

/* The digits, when nothing else but what people write between them is there. */
static void read_digits(struct keyword *keyword)
{
    for (size_t i = 0; i < keyword->len; i++) {
        char c = keyword->text[i];
        bool is_digit = c >= '0' && c <= '9';
        if ((is_digit && keyword->digit_count == NUMBER_MAX_DIGITS) ||
            (!is_digit && !strchr(" -()+", c))) {
            keyword->digit_count = 0;
            return;
        }
        if (is_digit)
            keyword->digits[keyword->digit_count++] = c;
    }
}

int keyword_parse(struct str text, struct keyword *ret_keyword)
{
    if (text.len > sizeof(ret_keyword->text) || utf8_count(text) > KEYWORD_LONGEST)
        return ERR_TOO_LARGE;
    ret_keyword->len = text.len;
    ret_keyword->digit_count = 0;
    text_fold(text, ret_keyword->text);
    read_digits(ret_keyword);
    return 0;
}

static bool contains(const char *text, size_t len, const char *part, size_t part_len)
{
    return part_len <= len && memmem(text, len, part, part_len) != NULL;
}

bool keyword_matches(const struct keyword *keyword, struct str name, int64_t number)
{
    char folded[NAME_MAX_BYTES], digits[NUMBER_MAX_DIGITS + 4];
    if (keyword->len == 0)
        return true;
    if (keyword->digit_count > 0 &&
        contains(digits, number_format(number, digits), keyword->digits, keyword->digit_count))
        return true;
    if (name.len < keyword->len || name.len > sizeof(folded))
        return false;
    text_fold(name, folded);
    return contains(folded, name.len, keyword->text, keyword->len);
}

/* --- grams --- */

/* What is written without blanks, a word a character or two: CJK, kana, hangul, and the planes of rare
 * ideographs. */
static bool is_ideograph(uint32_t code)
{
    return (code >= 0x2e80 && code <= 0xd7ff) || (code >= 0xf900 && code <= 0xfaff) ||
           code >= 0x20000;
}

enum gram_kind { GRAM_IDEOGRAPH, GRAM_TEXT, GRAM_DIGITS };

static uint32_t gram(enum gram_kind kind, uint64_t content)
{
    return (uint32_t)(hash_u64(content, (uint64_t)kind) >> (64 - KEYWORD_GRAM_BITS));
}

/* `folded` has at most `max` characters. */
static size_t text_grams(struct str folded, uint32_t *ret_grams, size_t max)
{
    size_t count = 0, run = 0; /* run: characters in a row that are no ideographs */
    uint64_t last = 0;         /* three of them, 21 bits each */
    for (size_t at = 0, len; at < folded.len && count < max; at += len) {
        uint32_t code = decode((const unsigned char *)folded.p + at, &len);
        if (is_ideograph(code)) {
            run = 0;
            ret_grams[count++] = gram(GRAM_IDEOGRAPH, code);
        } else {
            last = (last << 21 | code) & ((UINT64_C(1) << 63) - 1);
            if (++run >= 3)
                ret_grams[count++] = gram(GRAM_TEXT, last);
        }
    }
    return count;
}

static size_t digit_grams(const char *digits, size_t len, uint32_t *ret_grams)
{
    size_t count = 0;
    for (size_t i = 0; i + 4 <= len; i++) {
        uint64_t four = 0;
        for (size_t j = i; j < i + 4; j++)
            four = four << 8 | (unsigned char)digits[j];
        ret_grams[count++] = gram(GRAM_DIGITS, four);
    }
    return count;
}

size_t name_grams(struct str name, uint32_t ret_grams[NAME_GRAMS_MAX])
{
    char folded[NAME_MAX_BYTES];
    if (name.len > sizeof(folded))
        name.len = 0; /* no name of ours */
    text_fold(name, folded);
    return text_grams((struct str){folded, name.len}, ret_grams, NAME_GRAMS_MAX);
}

size_t number_grams(int64_t number, uint32_t ret_grams[NUMBER_GRAMS_MAX])
{
    char digits[NUMBER_MAX_DIGITS + 4];
    size_t len = number_format(number, digits);
    return digit_grams(digits, len <= NUMBER_MAX_DIGITS ? len : NUMBER_MAX_DIGITS, ret_grams);
}

bool keyword_to_grams(const struct keyword *keyword, struct keyword_grams *ret_grams)
{
    struct str text = {keyword->text, keyword->len};
    ret_grams->text_count = text_grams(text, ret_grams->text, KEYWORD_LONGEST);
    ret_grams->digits_count = digit_grams(keyword->digits, keyword->digit_count, ret_grams->digits);
    return ret_grams->text_count > 0 && (keyword->digit_count == 0 || ret_grams->digits_count > 0);
}
