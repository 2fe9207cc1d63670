/* Whether a number is as long as its country's numbers are. */
#include "domain/number.h"

/* By calling code. Codes are prefix-free: at most one is the beginning of a number. */
static const uint32_t lengths[1000] = {
#define NUMBER_LENGTHS(code, bits) [code] = (bits),
#include "domain/number_lengths.def"
#undef NUMBER_LENGTHS
};

static bool is_possible(int64_t number)
{
    size_t digits = 0;
    for (int64_t rest = number; rest > 0; rest /= 10)
        digits++;
    int64_t code = number;
    for (size_t behind = 0; behind < digits; behind++, code /= 10)
        if (code < 1000 && lengths[code] != 0)
            return lengths[code] >> behind & 1;
    return false;
}

bool number_plausible(int64_t number)
{
    int64_t other;
    return is_possible(number) || (number_variant(number, &other) && is_possible(other));
}
