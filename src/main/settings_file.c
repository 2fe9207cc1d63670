#include "main/settings_file.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

#include "main/settings.h"
#include "main/similar.h"

#define PLACE_MAX 1024

struct reading {
    struct settings *settings;
    const char *path;
    FILE *file;
    int line;
    bool seen[SETTING_COUNT];
    int result;
    char *why;
    size_t why_size;
};

/* The first fault is the one that is told. */
static int fault(struct reading *reading, const char *what, const char *subject)
{
    if (reading->result == 0) {
        reading->result = ERR_INVALID;
        snprintf(reading->why, reading->why_size, "%s:%d: %s%s", reading->path, reading->line, what,
                 subject);
    }
    return 0; /* inih's word for it */
}

static char *next_line(char *text, int size, void *stream)
{
    struct reading *reading = stream;
    if (reading->result < 0 || !fgets(text, size, reading->file))
        return NULL;
    reading->line++;
    size_t len = strlen(text);
    if (len > 0 && text[len - 1] != '\n' && !feof(reading->file)) {
        fault(reading, len == (size_t)size - 1 ? "the line is too long" : "a zero byte", "");
        return NULL;
    }
    return text;
}

static int unknown_key(struct reading *reading, const char *key)
{
    struct similar similar = {0};
    char subject[PLACE_MAX];
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (i != SETTING_CONFIG)
            similar_try(&similar, str_of(key), str_of(setting_rows[i].key));
    snprintf(subject, sizeof(subject), "%.512s%s%s%s", key,
             similar.name[0] ? " (did you mean " : "", similar.name, similar.name[0] ? "?)" : "");
    return fault(reading, "unknown key ", subject);
}

static int entry(void *user, const char *section, const char *key, const char *value)
{
    struct reading *reading = user;
    if (*section)
        return fault(reading, "sections are not used here: ", section);
    const struct setting *setting = setting_find(str_of(key));
    if (!setting || setting == &setting_rows[SETTING_CONFIG])
        return unknown_key(reading, key);
    size_t index = (size_t)(setting - setting_rows);
    if (reading->seen[index])
        return fault(reading, "given twice: ", key);
    reading->seen[index] = true;
    char place[PLACE_MAX];
    snprintf(place, sizeof(place), "%.900s:%d: %s", reading->path, reading->line, key);
    int result = settings_set(reading->settings, setting, str_of(value), ORIGIN_FILE, place,
                              reading->why, reading->why_size);
    if (result < 0)
        reading->result = result;
    return result == 0;
}

int settings_file_read(struct settings *settings, const char *path, char *why, size_t why_size)
{
    struct reading reading = {.settings = settings, .path = path, .why = why, .why_size = why_size};
    reading.file = fopen(path, "re");
    if (!reading.file) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        return ERR_SYSTEM;
    }
    int line = ini_parse_stream(next_line, &reading, entry, &reading);
    if (ferror(reading.file)) {
        snprintf(why, why_size, "%s: %s", path, strerror(errno));
        reading.result = ERR_SYSTEM;
    } else if (line != 0 && reading.result == 0) {
        /* inih found it before us. */
        reading.line = line;
        fault(&reading, "not a `key = value` line", "");
    }
    fclose(reading.file);
    return reading.result;
}
