#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "main/settings.h"
#include "main/settings_file.h"

static char path[] = "/tmp/wscrm-settings.XXXXXX";
static char why[SETTINGS_WHY_MAX];

static int set_up(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int option(struct settings *settings, const char *key, const char *text)
{
    const struct setting *row = setting_find(str_of(key));
    assert_non_null(row);
    why[0] = '\0';
    return settings_set(settings, row, str_of(text), ORIGIN_OPTION, key, why, sizeof(why));
}

/* Loads with --config; the fault's text without the file's name. */
static const char *fault_of(const char *text)
{
    struct settings settings;
    write_file(text);
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "config", path), 0);
    int result = settings_load(&settings, why, sizeof(why));
    settings_free(&settings);
    if (result == 0)
        return "none";
    return strncmp(why, path, strlen(path)) == 0 ? why + strlen(path) : why;
}

static void the_defaults_are_those_of_the_floors_below(void **state)
{
    (void)state;
    struct settings settings;
    struct api_settings api, api_default;
    struct store_settings store, store_default;
    assert_int_equal(settings_init(&settings), 0);
    settings_api(&settings, &api);
    api_settings_default(&api_default);
    assert_string_equal(api.listen, api_default.listen);
    api.listen = api_default.listen;
    assert_memory_equal(&api, &api_default, sizeof(api));
    settings_store(&settings, &store);
    store_settings_default(&store_default);
    assert_int_equal(store.queue_max, store_default.queue_max);
    assert_int_equal(store.cache_kib, store_default.cache_kib);
    assert_int_equal(store.mmap_mib, store_default.mmap_mib);
    assert_string_equal(settings_directory(&settings), "/var/lib/wscrm");
    settings_free(&settings);
}

static void an_option_beats_the_environment_which_beats_the_file(void **state)
{
    (void)state;
    struct settings settings;
    write_file("workers = 1\nhelpers = 1\nstore-queue = 1\n");
    setenv("WSCRM_WORKERS", "2", 1);
    setenv("WSCRM_STORE_QUEUE", "2", 1);
    setenv("WSCRM_LISTEN", "", 1);
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "config", path), 0);
    assert_int_equal(option(&settings, "workers", "3"), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), 0);
    assert_int_equal(settings_number(&settings, SETTING_WORKERS), 3);
    assert_int_equal(settings_number(&settings, SETTING_STORE_QUEUE), 2);
    assert_int_equal(settings_number(&settings, SETTING_HELPERS), 1);
    assert_string_equal(settings_text(&settings, SETTING_LISTEN), "127.0.0.1:8080");
    unsetenv("WSCRM_WORKERS");
    unsetenv("WSCRM_STORE_QUEUE");
    unsetenv("WSCRM_LISTEN");
    settings_free(&settings);
}

static void the_environment_names_the_file_too(void **state)
{
    (void)state;
    struct settings settings;
    write_file("# a comment\n\nworkers = 7 ; another\n");
    setenv("WSCRM_CONFIG", path, 1);
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), 0);
    assert_int_equal(settings_number(&settings, SETTING_WORKERS), 7);
    unsetenv("WSCRM_CONFIG");
    settings_free(&settings);
}

static void a_fault_in_the_file_names_file_and_line(void **state)
{
    (void)state;
    assert_string_equal(fault_of("workers = 1\nworker = 2\n"),
                        ":2: unknown key worker (did you mean workers?)");
    assert_string_equal(fault_of("\nworkers = 65\n"),
                        ":2: workers: a number from 0 to 64 expected, not \"65\"");
    assert_string_equal(fault_of("workers = 1\nworkers = 2\n"), ":2: given twice: workers");
    assert_string_equal(fault_of("workers = 1\n  2\n"), ":2: given twice: workers");
    assert_string_equal(fault_of("workers\n"), ":1: not a `key = value` line");
    assert_string_equal(fault_of("[serve]\nworkers = 1\n"),
                        ":2: sections are not used here: serve");
    assert_string_equal(fault_of("config = /etc/passwd\n"), ":1: unknown key config");
    assert_string_equal(fault_of("log-requests = some\n"),
                        ":1: log-requests: one of none|errors|all expected, not \"some\"");
    assert_string_equal(fault_of("data = \xff\n"),
                        ":1: data: a text of 1 to 4096 bytes expected, not \"\xff\"");
}

static void a_line_too_long_is_refused_not_cut(void **state)
{
    (void)state;
    char text[1000];
    snprintf(text, sizeof(text), "data = /%0600d\n", 1);
    assert_string_equal(fault_of(text), ":1: the line is too long");
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    (void)state;
    struct settings settings;
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "config", "/nonexistent/wscrm.conf"), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), ERR_SYSTEM);
    assert_string_equal(why, "/nonexistent/wscrm.conf: No such file or directory");
    settings_free(&settings);
}

static void a_bad_variable_is_named(void **state)
{
    (void)state;
    struct settings settings;
    setenv("WSCRM_BODY_BUDGET", "1X", 1);
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), ERR_INVALID);
    assert_string_equal(why, "WSCRM_BODY_BUDGET: a size from 1M to 1024G expected, not \"1X\"");
    unsetenv("WSCRM_BODY_BUDGET");
    settings_free(&settings);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    assert_string_equal(fault_of("body-budget = 8M\n"),
                        ":1: body-budget: it must be at least max-body-import (16M)");
    assert_string_equal(fault_of("\nmax-body = 1G\n"),
                        ":2: max-body: it must be at most body-budget (256M)");
    assert_string_equal(fault_of("trusted-proxies = 10.0.0.0/99\n"),
                        ":1: trusted-proxies: networks such as 10.0.0.0/8,::1 expected, not "
                        "\"10.0.0.0/99\"");
}

static void only_sqlite_is_built_in(void **state)
{
    (void)state;
    struct settings settings;
    assert_string_equal(fault_of("database = postgresql://db/x\n"),
                        ":1: database: postgresql is not built in; sqlite:DIR is");
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "database", "sqlite:/srv/crm"), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), 0);
    assert_string_equal(settings_directory(&settings), "/srv/crm");
    settings_free(&settings);
}

static void a_value_knows_where_it_was_set(void **state)
{
    (void)state;
    struct settings settings, fresh;
    write_file("helpers = 3\n");
    setenv("WSCRM_WORKERS", "2", 1);
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "config", path), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), 0);
    assert_int_equal(settings_reload(&settings, &fresh, why, sizeof(why)), 0);
    assert_string_equal(settings_place(&fresh, SETTING_WORKERS), "WSCRM_WORKERS");
    assert_non_null(strstr(settings_place(&fresh, SETTING_HELPERS), ":1: helpers"));
    assert_string_equal(settings_place(&fresh, SETTING_LISTEN), "listen");
    unsetenv("WSCRM_WORKERS");
    settings_free(&settings);
    settings_free(&fresh);
}

static void a_reload_keeps_options_and_reads_the_file_again(void **state)
{
    (void)state;
    struct settings settings, fresh;
    write_file("log-requests = none\nworkers = 1\n");
    assert_int_equal(settings_init(&settings), 0);
    assert_int_equal(option(&settings, "config", path), 0);
    assert_int_equal(option(&settings, "helpers", "3"), 0);
    assert_int_equal(settings_load(&settings, why, sizeof(why)), 0);
    write_file("log-requests = errors\n");
    assert_int_equal(settings_reload(&settings, &fresh, why, sizeof(why)), 0);
    assert_string_equal(settings_text(&fresh, SETTING_LOG_REQUESTS), "errors");
    assert_int_equal(settings_number(&fresh, SETTING_WORKERS), 0);
    assert_int_equal(settings_number(&fresh, SETTING_HELPERS), 3);
    settings_free(&fresh);
    write_file("log-requests = nonsense\n");
    assert_int_equal(settings_reload(&settings, &fresh, why, sizeof(why)), ERR_INVALID);
    assert_non_null(strstr(why, ":1: log-requests: "));
    settings_free(&settings);
}

static void every_row_has_a_key_of_its_own_and_a_help_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        assert_ptr_equal(setting_find(str_of(setting_rows[i].key)), &setting_rows[i]);
        assert_true(strlen(setting_rows[i].help) > 10);
        assert_true(setting_rows[i].value || setting_rows[i].choices);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_those_of_the_floors_below),
        cmocka_unit_test(an_option_beats_the_environment_which_beats_the_file),
        cmocka_unit_test(the_environment_names_the_file_too),
        cmocka_unit_test(a_fault_in_the_file_names_file_and_line),
        cmocka_unit_test(a_line_too_long_is_refused_not_cut),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(a_bad_variable_is_named),
        cmocka_unit_test(what_does_not_go_together_is_refused),
        cmocka_unit_test(only_sqlite_is_built_in),
        cmocka_unit_test(a_value_knows_where_it_was_set),
        cmocka_unit_test(a_reload_keeps_options_and_reads_the_file_again),
        cmocka_unit_test(every_row_has_a_key_of_its_own_and_a_help_text),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
