#include "domain/account.h"

static const char *const platform_names[] = {
    [PLATFORM_PC] = "pc",
    [PLATFORM_MOBILE] = "mobile",
    [PLATFORM_CLOUD] = "cloud",
};

const char *platform_name(enum platform platform)
{
    return platform_names[platform];
}

int platform_parse(struct str text, enum platform *ret_platform)
{
    for (int platform = PLATFORM_PC; platform <= PLATFORM_CLOUD; platform++) {
        if (str_is(text, platform_names[platform])) {
            *ret_platform = (enum platform)platform;
            return 0;
        }
    }
    return ERR_INVALID;
}
