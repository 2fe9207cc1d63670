/* Words that opt a number out when it sends one as a message. */
#include "domain/keyword.h"
#include "domain/tenant.h"

/* Four bytes a character. */
#define STOP_WORD_MAX_BYTES (4 * (size_t)STOP_WORD_LONGEST)

bool stop_words_allowed(struct str text)
{
    size_t count = 0;
    for (struct str rest = text; rest.p && text.len > 0; count++) {
        struct str word = str_trim(str_split(&rest, ','));
        if (word.len == 0 || str_has_control(word) || utf8_count(word) > STOP_WORD_LONGEST)
            return false;
    }
    return count <= TENANT_MAX_STOP_WORDS;
}

static bool is_same(struct str a, struct str b)
{
    char folded[2][STOP_WORD_MAX_BYTES];
    if (a.len != b.len || a.len > STOP_WORD_MAX_BYTES)
        return false;
    text_fold(a, folded[0]);
    text_fold(b, folded[1]);
    return memcmp(folded[0], folded[1], a.len) == 0;
}

bool tenant_has_stop_word(const struct tenant *tenant, struct str text)
{
    struct str rest = tenant->stop_words, word = str_trim(text);
    while (rest.p && word.len > 0)
        if (is_same(str_trim(str_split(&rest, ',')), word))
            return true;
    return false;
}
