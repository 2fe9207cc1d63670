#include "domain/status.h"

const char *status_message(int status)
{
    switch (status) {
#define STATUS(code, name, message, raised_by) \
    case (code):                               \
        return message;
#include "domain/status.def"
#undef STATUS
    default: return "";
    }
}
