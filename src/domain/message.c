#include "domain/message.h"

#include "domain/number.h"

static const struct reason {
    const char *text;
    bool open; /* nobody knew what became of the message */
} reasons[] = {
    {"", false},
#define MESSAGE_REASON(number, name, text, open) [name] = {text, open},
#include "domain/message_reasons.def"
#undef MESSAGE_REASON
};

enum chat_type message_chat(int64_t number)
{
    return number_is_group(number) ? CHAT_GROUP : CHAT_PERSON;
}

const char *message_reason_text(enum message_reason reason)
{
    return reasons[reason].text;
}

/* Development Guide's order of states: 7 comes before 6, for a late reply replaces "not replied". */
static int rank(enum message_status status)
{
    switch (status) {
    case MESSAGE_WAITING: return 0;
    case MESSAGE_QUEUED:
    case MESSAGE_RETRY: return 1;
    case MESSAGE_NOT_REPLIED: return 6;
    case MESSAGE_REPLIED: return 7;
    default: return (int)status;
    }
}

bool message_may_become(enum message_status from, enum message_reason reason,
                        enum message_status to)
{
    if (from == MESSAGE_FAILED)
        return reasons[reason].open && to >= MESSAGE_SENT && to != MESSAGE_RETRY;
    if (to == MESSAGE_FAILED)
        return rank(from) <= rank(MESSAGE_SENT);
    return rank(to) > rank(from);
}

int message_status_wire(enum message_status status)
{
    return status == MESSAGE_RETRY ? MESSAGE_QUEUED : (int)status;
}

static void add(struct message_counts *counts, enum message_status status, int64_t one)
{
    int at = status == MESSAGE_FAILED ? -1 : rank(status);
    counts->sent += at >= rank(MESSAGE_SENT) ? one : 0;
    counts->delivered += at >= rank(MESSAGE_DELIVERED) ? one : 0;
    counts->read += at >= rank(MESSAGE_READ) ? one : 0;
    counts->replied += status == MESSAGE_REPLIED ? one : 0;
    counts->failed += status == MESSAGE_FAILED ? one : 0;
    counts->left += at >= 0 && at < rank(MESSAGE_SENT) ? one : 0;
}

void message_count(struct message_counts *counts, enum message_status from, enum message_status to)
{
    add(counts, from, -1);
    add(counts, to, 1);
}
