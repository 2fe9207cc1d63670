#include "domain/segment.h"

bool segment_is_all(const struct segment *segment)
{
    return segment->stage.len == 0 && segment->source.len == 0 && segment->tag_count == 0 &&
           segment->owner_id == 0 && segment->group.len == 0 && segment->extended_count == 0 &&
           segment->created_from_ms == 0 && segment->created_before_ms == 0 &&
           segment->updated_from_ms == 0 && segment->updated_before_ms == 0 &&
           segment->opt_out == SEGMENT_ANY && segment->keyword.len == 0;
}

static bool text_fits(struct str wanted, struct str text)
{
    return wanted.len == 0 || str_eq(wanted, text);
}

static bool time_fits(int64_t time_ms, int64_t from_ms, int64_t before_ms)
{
    return time_ms >= from_ms && (before_ms == 0 || time_ms < before_ms);
}

static bool has_tag(const struct customer *customer, struct str tag)
{
    for (size_t i = 0; i < customer->tag_count; i++)
        if (str_eq(customer->tags[i], tag))
            return true;
    return false;
}

static bool has_value(const struct customer *customer, const struct extended_value *value)
{
    for (size_t i = 0; i < customer->extended_count; i++)
        if (customer->extended[i].field_id == value->field_id)
            return str_eq(customer->extended[i].text, value->text);
    return false;
}

static bool lists_fit(const struct segment *segment, const struct customer *customer)
{
    for (size_t i = 0; i < segment->tag_count; i++)
        if (!has_tag(customer, segment->tags[i]))
            return false;
    for (size_t i = 0; i < segment->extended_count; i++)
        if (!has_value(customer, &segment->extended[i]))
            return false;
    return true;
}

bool segment_has(const struct segment *segment, const struct customer *customer, bool in_group)
{
    return text_fits(segment->stage, customer->fields[CUSTOMER_STAGE]) &&
           text_fits(segment->source, customer->fields[CUSTOMER_SOURCE]) &&
           (segment->owner_id == 0 || segment->owner_id == customer->owner_id) &&
           (segment->group.len == 0 || in_group) &&
           time_fits(customer->created_ms, segment->created_from_ms, segment->created_before_ms) &&
           time_fits(customer->updated_ms, segment->updated_from_ms, segment->updated_before_ms) &&
           (segment->opt_out == SEGMENT_ANY ||
            (segment->opt_out == SEGMENT_ONLY) == customer->opt_out) &&
           lists_fit(segment, customer) &&
           keyword_matches(&segment->keyword, customer->fields[CUSTOMER_FRIEND_NAME],
                           customer->number);
}

static uint64_t add_text(uint64_t hash, struct str text)
{
    return hash_bytes(text.len ? text.p : "", text.len, hash);
}

uint64_t segment_hash(const struct segment *segment, uint64_t seed)
{
    uint64_t hash = add_text(add_text(seed, segment->stage), segment->source);
    hash = hash_u64(segment->tag_count, hash);
    for (size_t i = 0; i < segment->tag_count; i++)
        hash = add_text(hash, segment->tags[i]);
    hash = add_text(hash_u64((uint64_t)segment->owner_id, hash), segment->group);
    hash = hash_u64(segment->extended_count, hash);
    for (size_t i = 0; i < segment->extended_count; i++) {
        hash = hash_u64((uint64_t)segment->extended[i].field_id, hash);
        hash = add_text(hash, segment->extended[i].text);
    }
    const int64_t times_ms[] = {segment->created_from_ms, segment->created_before_ms,
                                segment->updated_from_ms, segment->updated_before_ms};
    for (size_t i = 0; i < sizeof(times_ms) / sizeof(times_ms[0]); i++)
        hash = hash_u64((uint64_t)times_ms[i], hash);
    hash = hash_u64((uint64_t)segment->opt_out, hash);
    return add_text(hash, (struct str){segment->keyword.text, segment->keyword.len});
}
