/* The KEY=VALUE settings of a WhatsApp account: declared in domain/account_settings.def, kept as a JSON object of
 * texts. */
#ifndef WSCRM_MAIN_ACCOUNT_SETTINGS_H
#define WSCRM_MAIN_ACCOUNT_SETTINGS_H

#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/text.h"

#define ACCOUNT_SETTING_WHY_MAX 256

/* Appends "KEY=VALUE" to an object that is being written ("{" stands there). ERR_INVALID with why[] when
 * the key is unknown or given twice, or the value is not of its form. `seen` starts as 0. */
int account_settings_add(struct buf *object, struct str text, unsigned *seen, char *why,
                         size_t why_size) MUST_USE;
/* The same for a change of settings that are there: "KEY=" appends a null, which takes the key out. */
int account_settings_change(struct buf *object, struct str text, unsigned *seen, char *why,
                            size_t why_size) MUST_USE;
void account_settings_help(FILE *out);

#endif
