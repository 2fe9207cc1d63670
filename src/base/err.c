#include "base/err.h"

#include <stddef.h>

static const char *const err_texts[] = {
    [0] = "no error",
    [-ERR_NOMEM] = "out of memory or over a limit on it",
    [-ERR_SYSTEM] = "refused by the operating system",
    [-ERR_INVALID] = "malformed input",
    [-ERR_TOO_LARGE] = "input over its limit",
    [-ERR_NOT_FOUND] = "not found",
    [-ERR_EXISTS] = "exists already",
    [-ERR_BUSY] = "busy: nothing was done",
    [-ERR_STORE] = "the store failed: nothing was changed",
    [-ERR_UNKNOWN] = "the store failed while committing: outcome unknown",
    [-ERR_CRYPTO] = "refused by OpenSSL, or a secret could not be decrypted",
    [-ERR_RANGE] = "number out of range",
    [-ERR_CLOSED] = "shutting down: nothing was done",
    [-ERR_NO_AGENT] = "no such agent",
    [-ERR_PROTOCOL] = "the peer broke the protocol",
    [-ERR_CONFLICT] = "in use for something else",
    [-ERR_RUNNING] = "under way already",
    [-ERR_FULL] = "a store is full: nothing was done",
    [-ERR_TIMEOUT] = "it would take too long",
};

const char *err_text(int err)
{
    const size_t count = sizeof(err_texts) / sizeof(err_texts[0]);
    if (err > 0) /* a count */
        return err_texts[0];
    const size_t at = (size_t)(-(long long)err);
    return at < count && err_texts[at] ? err_texts[at] : "unknown error";
}
