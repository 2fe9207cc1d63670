#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "main/arguments.h"

#define MAX_WORDS 16

struct run {
    struct context context;
    struct arguments arguments;
    struct settings settings;
    char *err;
    size_t err_len;
    int result; /* of parse, then check */
};

/* Parses a command line, its words separated by `|`. */
static struct run *parse(const char *line)
{
    static char text[512];
    char *argv[MAX_WORDS];
    int argc = 0, words = 0;
    struct run *run = calloc(1, sizeof(*run));
    assert_non_null(run);
    snprintf(text, sizeof(text), "%s", line);
    for (char *rest = text, *word; (word = strsep(&rest, "|"));)
        argv[argc++] = word;
    FILE *err = open_memstream(&run->err, &run->err_len);
    assert_int_equal(settings_init(&run->settings), 0);
    run->context.command = command_find(argc, argv, &words);
    assert_non_null(run->context.command);
    run->context.arguments = &run->arguments;
    run->context.err = err;
    run->result = arguments_parse(run->context.command, argc - words, argv + words, &run->settings,
                                  err, &run->arguments);
    if (run->result == 0 && !run->arguments.help)
        run->result = arguments_check(&run->arguments, err);
    fflush(err);
    return run;
}

static void end(struct run *run)
{
    fclose(run->context.err);
    free(run->err);
    arguments_free(&run->arguments);
    settings_free(&run->settings);
    free(run);
}

static void assert_fault(const char *line, const char *fault)
{
    struct run *run = parse(line);
    assert_int_equal(run->result, ERR_INVALID);
    assert_string_equal(run->err, fault);
    end(run);
}

static void assert_value(const struct run *run, const char *name, const char *text)
{
    struct str value = argument(&run->context, name);
    assert_non_null(value.p);
    assert_int_equal(value.len, strlen(text));
    assert_memory_equal(value.p, text, value.len);
}

static void options_and_arguments_may_be_mixed(void **state)
{
    (void)state;
    struct run *run = parse("tenant|add|--admin|Ann|7|--name=A = B|--edition|standard");
    assert_int_equal(run->result, 0);
    assert_value(run, "ID", "7");
    assert_value(run, "admin", "Ann");
    assert_value(run, "name", "A = B");
    assert_value(run, "edition", "standard");
    assert_null(argument(&run->context, "time-zone").p);
    end(run);
}

static void behind_two_dashes_all_are_arguments(void **state)
{
    (void)state;
    struct run *run = parse("field|add|--tenant=1|--|--help");
    assert_int_equal(run->result, 0);
    assert_false(run->arguments.help);
    assert_value(run, "NAME", "--help");
    end(run);
}

static void an_option_for_many_values_keeps_them_in_order(void **state)
{
    (void)state;
    struct run *run = parse("field|add|--tenant|1|F|--option|b|--option=a|--option|b");
    struct str text;
    size_t index = 0;
    const char *const expected[] = {"b", "a", "b"};
    for (size_t i = 0; i < 3; i++) {
        assert_true(argument_next(&run->context, "option", &index, &text));
        assert_true(str_is(text, expected[i]));
    }
    assert_false(argument_next(&run->context, "option", &index, &text));
    end(run);
}

static void a_list_takes_all_words_behind_the_others(void **state)
{
    (void)state;
    struct run *run = parse("group|save|vip|--tenant|1|15266667779|-|+86 138|15266667779");
    struct str text;
    size_t index = 0;
    const char *const expected[] = {"15266667779", "-", "+86 138", "15266667779"};
    assert_int_equal(run->result, 0);
    assert_value(run, "NAME", "vip");
    for (size_t i = 0; i < 4; i++) {
        assert_true(argument_next(&run->context, "NUMBER", &index, &text));
        assert_true(str_is(text, expected[i]));
    }
    assert_false(argument_next(&run->context, "NUMBER", &index, &text));
    end(run);
    assert_fault("group|save|vip|--tenant=1", "wscrm group save: NUMBER is missing\n");
}

static void assert_numbers(const char *line, size_t max, const int64_t *expected,
                           size_t expected_count)
{
    struct run *run = parse(line);
    int64_t *numbers = NULL;
    size_t count = 0;
    int result = argument_whatsapp_numbers(&run->context, "NUMBER", max, &numbers, &count);
    assert_int_equal(result, expected_count > 0 ? 0 : ERR_INVALID);
    assert_int_equal(count, expected_count);
    if (expected_count > 0)
        assert_memory_equal(numbers, expected, count * sizeof(*numbers));
    free(numbers);
    end(run);
}

static void the_numbers_of_a_list_stand_one_a_line(void **state)
{
    (void)state;
    const int64_t expected[] = {15266667779, 8613811110009, 15266667779};
    const char *good =
        "optout|set|--tenant=1|15266667779|\n\r\n +86 138 1111 0009 \r\n|15266667779\n";
    assert_numbers(good, 3, expected, 3);
    assert_numbers(good, 2, NULL, 0);
    assert_numbers("optout|set|--tenant=1|\n \n", 3, NULL, 0);
    assert_numbers("optout|set|--tenant=1|15266667779\nx", 3, NULL, 0);
}

static void wrong_use_is_told_with_a_hint(void **state)
{
    (void)state;
    assert_fault("tenant|add|1", "wscrm tenant add: --admin is missing\n");
    assert_fault("tenant|add|--admin|x", "wscrm tenant add: ID is missing\n");
    assert_fault("tenant|add|1|--admn|x",
                 "wscrm tenant add: unknown option --admn (did you mean --admin?)\n");
    assert_fault("tenant|add|1|-x", "wscrm tenant add: unknown option -x\n");
    assert_fault("tenant|add|1|2", "wscrm tenant add: one argument too many: 2\n");
    assert_fault("tenant|add|1|--admin", "wscrm tenant add: a value is missing behind --admin\n");
    assert_fault("tenant|add|1|--admin|--name|x",
                 "wscrm tenant add: a value is missing between this option and the next: "
                 "--admin\n");
    assert_fault("tenant|add|1|--admin=a|--admin=b", "wscrm tenant add: given twice: --admin\n");
    assert_fault("serve|--demo=yes", "wscrm serve: takes no value: --demo\n");
    assert_fault("tenant|add|1|--admin|\xff",
                 "wscrm tenant add: not valid UTF-8: the value of admin\n");
}

static void settings_are_options_of_serve_and_the_global_ones_of_all(void **state)
{
    (void)state;
    struct run *run = parse("serve|--workers|3|--data=/srv/x");
    assert_int_equal(run->result, 0);
    assert_int_equal(settings_number(&run->settings, SETTING_WORKERS), 3);
    assert_string_equal(settings_text(&run->settings, SETTING_DATA), "/srv/x");
    end(run);
    run = parse("tenant|list|--data|/srv/x");
    assert_int_equal(run->result, 0);
    end(run);
    assert_fault("tenant|list|--workers|3", "wscrm tenant list: unknown option --workers\n");
    assert_fault("serve|--idle-timeout|1h", "wscrm serve: --idle-timeout: a time from 100ms to "
                                            "3600s expected, not \"1h\"\n");
}

static void help_wins_over_what_is_missing(void **state)
{
    (void)state;
    struct run *run = parse("tenant|add|--help");
    assert_int_equal(run->result, 0);
    assert_true(run->arguments.help);
    end(run);
}

static void the_method_of_a_call_may_be_left_out(void **state)
{
    (void)state;
    struct run *run = parse("call|--tenant|1|/path|{}");
    assert_int_equal(run->result, 0);
    assert_null(argument(&run->context, "METHOD").p);
    assert_value(run, "PATH", "/path");
    assert_value(run, "JSON|@FILE|-", "{}");
    end(run);
    run = parse("call|--tenant|1|path");
    assert_int_equal(run->result, 0);
    assert_value(run, "PATH", "path"); /* told there that a slash is missing */
    end(run);
    run = parse("call|--tenant|1|PUT|/path|-");
    assert_int_equal(run->result, 0);
    assert_value(run, "METHOD", "PUT");
    assert_value(run, "JSON|@FILE|-", "-");
    end(run);
}

static void a_number_outside_its_range_is_told_by_name(void **state)
{
    (void)state;
    int64_t value = 50;
    struct run *run = parse("tenant|set|x|--rate-limit|10001");
    assert_int_equal(argument_number(&run->context, "rate-limit", 0, 10000, &value), ERR_INVALID);
    assert_int_equal(argument_tenant_id(&run->context, "ID", &value), ERR_INVALID);
    assert_int_equal(argument_number(&run->context, "token-window", 0, 10, &value), 0);
    assert_int_equal(value, 50);
    fflush(run->context.err);
    assert_string_equal(run->err, "wscrm: --rate-limit: a number from 0 to 10000 expected, not "
                                  "\"10001\"\n"
                                  "wscrm: ID: a number from 1 to 9007199254740992 expected, not "
                                  "\"x\"\n");
    end(run);
}

static void a_literal_secret_earns_a_warning_and_a_file_does_not(void **state)
{
    (void)state;
    char path[] = "/tmp/wscrm-secret.XXXXXX", line[128];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    fputs("s3cret\r\n", file);
    fclose(file);
    snprintf(line, sizeof(line), "tenant|rotate-key|1|--api-key|@%s", path);
    struct run *run = parse(line);
    assert_int_equal(arguments_resolve(&run->arguments, run->context.err), 0);
    fflush(run->context.err);
    assert_string_equal(run->err, "");
    assert_value(run, "api-key", "s3cret");
    end(run);
    unlink(path);

    run = parse("tenant|rotate-key|1|--api-key|s3cret");
    assert_int_equal(arguments_resolve(&run->arguments, run->context.err), 0);
    fflush(run->context.err);
    assert_non_null(strstr(run->err, "warning: --api-key"));
    assert_null(strstr(run->err, "s3cret"));
    end(run);
}

static void a_secret_of_the_control_socket_must_be_one(void **state)
{
    (void)state;
    struct run *run = parse("tenant|rotate-key|1");
    assert_int_equal(arguments_set(&run->arguments, STR("ID"), STR("2")), ERR_NOT_FOUND);
    assert_int_equal(arguments_set(&run->arguments, STR("name"), STR("2")), ERR_NOT_FOUND);
    assert_int_equal(arguments_set(&run->arguments, STR("api-key"), STR("@literally")), 0);
    assert_int_equal(arguments_set(&run->arguments, STR("api-key"), STR("twice")), ERR_NOT_FOUND);
    assert_value(run, "api-key", "@literally");
    end(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_arguments_may_be_mixed),
        cmocka_unit_test(behind_two_dashes_all_are_arguments),
        cmocka_unit_test(an_option_for_many_values_keeps_them_in_order),
        cmocka_unit_test(a_list_takes_all_words_behind_the_others),
        cmocka_unit_test(the_numbers_of_a_list_stand_one_a_line),
        cmocka_unit_test(wrong_use_is_told_with_a_hint),
        cmocka_unit_test(settings_are_options_of_serve_and_the_global_ones_of_all),
        cmocka_unit_test(help_wins_over_what_is_missing),
        cmocka_unit_test(the_method_of_a_call_may_be_left_out),
        cmocka_unit_test(a_number_outside_its_range_is_told_by_name),
        cmocka_unit_test(a_literal_secret_earns_a_warning_and_a_file_does_not),
        cmocka_unit_test(a_secret_of_the_control_socket_must_be_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
