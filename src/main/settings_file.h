/* The configuration file: `key = value` lines, comments with # or ;. */
#ifndef WSCRM_MAIN_SETTINGS_FILE_H
#define WSCRM_MAIN_SETTINGS_FILE_H

#include <stddef.h>

#include "base/err.h"

struct settings;

/* Fills settings with origin FILE. An unknown key, one given twice, a bad value, a section or a line
 * that is no `key = value`: ERR_INVALID, and why[] names file and line. ERR_SYSTEM: unreadable. */
int settings_file_read(struct settings *settings, const char *path, char *why,
                       size_t why_size) MUST_USE;

#endif
