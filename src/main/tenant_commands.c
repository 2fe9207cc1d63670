/* wscrm tenant … */
#include <inttypes.h>

#include "base/clock.h"
#include "domain/content.h"
#include "domain/tenant.h"
#include "main/arguments.h"
#include "main/sync.h"
#include "main/table.h"

#define API_KEY_LEN     20 /* 119 bits */
#define API_KEY_LONGEST 128

/* Letters and digits, each as likely as the others: bytes that would favour some are thrown away. */
static int make_api_key(char ret_key[API_KEY_LEN + 1])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const size_t count = sizeof(letters) - 1;
    size_t len = 0;
    while (len < API_KEY_LEN) {
        uint8_t byte;
        int result = random_bytes(&byte, 1);
        if (result < 0)
            return result;
        if (byte < 256 / count * count)
            ret_key[len++] = letters[byte % count];
    }
    ret_key[len] = '\0';
    return 0;
}

static bool api_key_allowed(struct str key)
{
    bool printable = key.len > 0 && key.len <= API_KEY_LONGEST;
    for (size_t i = 0; printable && i < key.len; i++)
        printable = key.p[i] > ' ' && key.p[i] < 0x7f;
    return printable;
}

/* The key of --api-key, or a fresh one in `room`. */
static int take_api_key(struct context *context, char room[API_KEY_LEN + 1], struct str *ret_key)
{
    struct str key = argument(context, "api-key");
    if (!key.p) {
        int result = make_api_key(room);
        if (result < 0) {
            complain(context, "random bytes: %s", err_text(result));
            return result;
        }
        key = str_of(room);
    }
    if (!api_key_allowed(key)) {
        complain(context, "--api-key: 1 to %d letters, digits and signs without blanks expected",
                 API_KEY_LONGEST);
        return ERR_INVALID;
    }
    *ret_key = key;
    return 0;
}

static int take_edition(struct context *context, struct tenant_write *write)
{
    enum edition edition;
    struct str text = argument(context, "edition");
    if (!text.p)
        return 0;
    if (edition_parse(text, &edition) < 0) {
        complain(context, "--edition: professional or standard expected, not \"%.*s\"",
                 (int)text.len, text.p);
        return ERR_INVALID;
    }
    write->edition = (int)edition;
    return 0;
}

static int take_time_zone(struct context *context, struct tenant_write *write)
{
    struct zone *zone;
    struct str text = argument(context, "time-zone");
    if (!text.p)
        return 0;
    /* Texts of arguments end in a NUL. */
    if (zone_load(text.p, &zone) < 0) {
        complain(context,
                 "--time-zone: no time zone of the name \"%s\"; a name such as Asia/Shanghai is "
                 "expected",
                 text.p);
        return ERR_INVALID;
    }
    zone_free(zone);
    write->time_zone = text;
    return 0;
}

/* What `tenant add` and `tenant set` have in common. */
static int take_settings(struct context *context, struct tenant_write *write)
{
    int64_t rate_limit = -1, token_window = -1;
    if (argument_number(context, "rate-limit", 0, TENANT_MAX_RATE, &rate_limit) < 0 ||
        argument_number(context, "token-window", 0, TENANT_MAX_WINDOW_S, &token_window) < 0 ||
        argument_text(context, "name", TENANT_NAME_LONGEST, &write->name) < 0 ||
        take_edition(context, write) < 0 || take_time_zone(context, write) < 0)
        return ERR_INVALID;
    write->rate_limit = (int)rate_limit;
    write->token_window_s = (int)token_window;
    return 0;
}

static struct tenant_write leave_all(void)
{
    return (struct tenant_write){
        .edition = -1, .rate_limit = -1, .token_window_s = -1, .now_ms = clock_real_ms()};
}

static int take_id(struct context *context, struct tenant_write *write)
{
    return argument_tenant_id(context, "ID", &write->id);
}

static int take_admin(struct context *context, struct tenant_write *write)
{
    write->admin = argument(context, "admin");
    if (!user_name_allowed(write->admin)) {
        complain(context, "--admin: 1 to %d characters without commas expected",
                 TENANT_NAME_LONGEST);
        return ERR_INVALID;
    }
    return 0;
}

static int write_tenant(struct context *context,
                        void (*verb)(struct store *store, struct tenant_write *write),
                        struct tenant_write *write)
{
    struct sync sync;
    sync_begin(&sync, context, &write->call);
    verb(context->store, write);
    return sync_end(&sync, &write->call);
}

/* The outcome of a verb on tenant `id`. */
static int outcome(struct context *context, int result, int64_t id)
{
    switch (result) {
    case ERR_EXISTS: complain(context, "tenant %" PRId64 " is there already", id); break;
    case ERR_NOT_FOUND: complain(context, "there is no tenant %" PRId64, id); break;
    case ERR_TOO_LARGE: complain(context, "there are %d tenants: no more", TENANTS_MAX); break;
    default: return result < 0 ? complain_store(context, result) : EXIT_GOOD;
    }
    return EXIT_FAILED;
}

int tenant_add(struct context *context)
{
    char room[API_KEY_LEN + 1], zone[128];
    struct tenant_write write = leave_all();
    write.edition = EDITION_PROFESSIONAL;
    if (take_id(context, &write) < 0 || take_admin(context, &write) < 0 ||
        take_settings(context, &write) < 0)
        return EXIT_WRONG_USE;
    if (take_api_key(context, room, &write.api_key) < 0)
        return EXIT_WRONG_USE;
    if (write.time_zone.len == 0) {
        zone_system_name(zone, sizeof(zone));
        write.time_zone = str_of(zone);
    }
    write.rate_limit = write.rate_limit < 0 ? TENANT_DEFAULT_RATE : write.rate_limit;
    write.token_window_s =
        write.token_window_s < 0 ? TENANT_DEFAULT_WINDOW_S : write.token_window_s;
    int status = outcome(context, write_tenant(context, store_tenant_add, &write), write.id);
    if (status == EXIT_GOOD)
        fprintf(context->out, "%.*s\n", (int)write.api_key.len, write.api_key.p);
    explicit_bzero(room, sizeof(room));
    return status;
}

static int take_opt_out(struct context *context, struct tenant_write *write)
{
    write->stop_words = argument(context, "opt-out-words");
    if (stop_words_allowed(write->stop_words))
        return argument_text(context, "opt-out-reply", CONTENT_TEXT_LONGEST, &write->stop_reply);
    complain(context,
             "--opt-out-words: at most %d words of at most %d characters, separated by commas, "
             "expected",
             TENANT_MAX_STOP_WORDS, STOP_WORD_LONGEST);
    return ERR_INVALID;
}

int tenant_set(struct context *context)
{
    struct tenant_write write = leave_all();
    if (take_id(context, &write) < 0 || take_settings(context, &write) < 0 ||
        take_opt_out(context, &write) < 0)
        return EXIT_WRONG_USE;
    if (context->arguments->count == 1) {
        complain(context, "nothing to set; `wscrm tenant set --help` lists what can be");
        return EXIT_WRONG_USE;
    }
    /* To the store an empty text means "leave". */
    if (write.name.p && write.name.len == 0) {
        complain(context, "--name: 1 to %d characters expected", TENANT_NAME_LONGEST);
        return EXIT_WRONG_USE;
    }
    return outcome(context, write_tenant(context, store_tenant_set, &write), write.id);
}

int tenant_rotate_key(struct context *context)
{
    char room[API_KEY_LEN + 1];
    struct tenant_write write = leave_all();
    if (take_id(context, &write) < 0 || take_api_key(context, room, &write.api_key) < 0)
        return EXIT_WRONG_USE;
    int status = outcome(context, write_tenant(context, store_tenant_set, &write), write.id);
    if (status == EXIT_GOOD)
        fprintf(context->out, "%.*s\n", (int)write.api_key.len, write.api_key.p);
    explicit_bzero(room, sizeof(room));
    return status;
}

int tenant_remove(struct context *context)
{
    struct tenant_write write = leave_all();
    if (take_id(context, &write) < 0)
        return EXIT_WRONG_USE;
    return outcome(context, write_tenant(context, store_tenant_remove, &write), write.id);
}

int tenant_list(struct context *context)
{
    static const char *const headers[] = {"ID",        "NAME",       "ADMIN",        "EDITION",
                                          "TIME ZONE", "RATE LIMIT", "TOKEN WINDOW", NULL};
    struct table table;
    struct tenants *tenants = store_tenants(context->store);
    table_begin(&table, context->out, headers);
    for (size_t i = 0; i < tenants_count(tenants); i++) {
        const struct tenant *tenant = tenants_at(tenants, i);
        table_add_i64(&table, tenant->id);
        table_add(&table, tenant->name);
        table_add(&table, tenant->admin);
        table_add(&table, str_of(edition_name(tenant->edition)));
        table_add(&table, tenant->time_zone);
        table_add_i64(&table, tenant->rate_limit);
        table_add_i64(&table, tenant->token_window_s);
    }
    tenants_unref(tenants);
    int result = table_end(&table);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}

static void show_number(struct table *table, const char *name, int64_t number)
{
    table_add(table, str_of(name));
    table_add_i64(table, number);
}

static void show_text(struct table *table, const char *name, struct str text)
{
    table_add(table, str_of(name));
    table_add(table, text);
}

int tenant_show(struct context *context)
{
    static const char *const headers[] = {"KEY", "VALUE", NULL};
    struct tenants *tenants;
    const struct tenant *tenant;
    struct table table;
    int status = context_tenant(context, "ID", &tenants, &tenant);
    if (status != EXIT_GOOD)
        return status;
    table_begin(&table, context->out, headers);
    show_number(&table, "id", tenant->id);
    show_text(&table, "name", tenant->name);
    show_text(&table, "admin", tenant->admin);
    show_text(&table, "edition", str_of(edition_name(tenant->edition)));
    show_text(&table, "time-zone", tenant->time_zone);
    show_number(&table, "rate-limit", tenant->rate_limit);
    show_number(&table, "token-window", tenant->token_window_s);
    show_text(&table, "opt-out-words", tenant->stop_words);
    show_text(&table, "opt-out-reply", tenant->stop_reply);
    show_number(&table, "agents", (int64_t)tenant->agent_count);
    show_number(&table, "accounts", (int64_t)tenant->account_count);
    show_number(&table, "fields", (int64_t)tenant->field_count);
    tenants_unref(tenants);
    int result = table_end(&table);
    return result < 0 ? complain_store(context, result) : EXIT_GOOD;
}
