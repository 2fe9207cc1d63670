/* wscrm call */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "domain/token.h"
#include "main/arguments.h"
#include "main/call.h"
#include "main/call_body.h"
#include "main/lock.h"

#define ANSWER_MAX_BYTES   ((size_t)256 << 20)
#define CONNECT_TIMEOUT_MS 10000L
#define CALL_TIMEOUT_MS    300000L
#define METHOD_MAX         16

struct call {
    struct context *context;
    const struct tenant *tenant;
    struct digest *digest;
    char method[METHOD_MAX];
    struct str json;
    struct buf url, body, answer;
    bool local; /* the URL came from the lock file */
    struct curl_slist *headers;
};

static int take_method(struct call *call)
{
    struct str text = argument(call->context, "METHOD");
    bool good = text.len < METHOD_MAX;
    text = text.p ? text : STR("POST");
    for (size_t i = 0; good && i < text.len; i++) {
        char letter =
            (char)(text.p[i] >= 'a' && text.p[i] <= 'z' ? text.p[i] - 'a' + 'A' : text.p[i]);
        good = letter >= 'A' && letter <= 'Z';
        call->method[i] = letter;
    }
    if (!good || text.len == 0) {
        complain(call->context, "METHOD: letters such as GET, POST or PUT expected, not \"%.*s\"",
                 (int)text.len, text.p);
        return ERR_INVALID;
    }
    return 0;
}

/* The server that holds the data directory's lock. */
static int local_url(struct call *call)
{
    struct lock_holder holder = {0};
    const char *directory = settings_directory(call->context->settings);
    if (lock_look(directory, &holder) < 0 || !holder.held || !holder.url[0]) {
        complain(call->context, "no server is running on %s; --url names another", directory);
        return ERR_NOT_FOUND;
    }
    buf_add_text(&call->url, holder.url);
    call->local = true;
    return 0;
}

static bool starts_with(struct str text, struct str start)
{
    return text.len >= start.len && str_eq_nocase((struct str){text.p, start.len}, start);
}

static bool is_web_url(struct str text)
{
    return starts_with(text, STR("http://")) || starts_with(text, STR("https://"));
}

static int take_url(struct call *call)
{
    struct str base = argument(call->context, "url"), path = argument(call->context, "PATH");
    if (path.len == 0 || path.p[0] != '/') {
        complain(call->context,
                 "PATH: something like /wscrm-bus-api/customer/query expected, not \"%.*s\"",
                 (int)path.len, path.p);
        return ERR_INVALID;
    }
    if (base.p && !is_web_url(base)) {
        complain(call->context,
                 "--url: something like http://127.0.0.1:8080 expected, not \"%.*s\"",
                 (int)base.len, base.p);
        return ERR_INVALID;
    }
    if (base.p) {
        while (base.p[base.len - 1] == '/')
            base.len--;
        buf_add_str(&call->url, base);
    } else if (local_url(call) < 0) {
        return ERR_NOT_FOUND;
    }
    buf_add_str(&call->url, path);
    buf_add_char(&call->url, '\0');
    return call->url.failed ? ERR_NOMEM : 0;
}

static int add_header(struct call *call, const char *name, struct str value)
{
    char line[256];
    snprintf(line, sizeof(line), "%s: %.*s", name, (int)value.len, value.p);
    struct curl_slist *headers = curl_slist_append(call->headers, line);
    call->headers = headers ? headers : call->headers;
    return headers ? 0 : ERR_NOMEM;
}

static int sign_header(struct call *call)
{
    char id[24], now[24], token[MD5_HEX_LEN];
    snprintf(id, sizeof(id), "%" PRId64, call->tenant->id);
    snprintf(now, sizeof(now), "%" PRId64, clock_real_ms());
    int result = token_header(call->digest, str_of(id), str_of(now), call->tenant->api_key, token);
    if (result == 0 && (add_header(call, "tenant_id", str_of(id)) < 0 ||
                        add_header(call, "timestamp", str_of(now)) < 0 ||
                        add_header(call, "token", (struct str){token, sizeof(token)}) < 0))
        result = ERR_NOMEM;
    buf_add_str(&call->body, call->json);
    if (result < 0)
        complain(call->context, "signing: %s", err_text(result));
    return result;
}

static int sign(struct call *call)
{
    char why[160];
    struct str user = argument(call->context, "user");
    if (call->tenant->api_key.len == 0) {
        complain(call->context, "tenant %" PRId64 " has no ApiKey", call->tenant->id);
        return ERR_CRYPTO;
    }
    if (!argument(call->context, "body-auth").p)
        return sign_header(call);
    int result = call_body_sign(call->digest, call->tenant, call->json, user, clock_real_ms(),
                                &call->body, why, sizeof(why));
    if (result < 0)
        complain(call->context, "%s", why);
    return result;
}

static size_t receive(char *data, size_t size, size_t count, void *answer_)
{
    struct buf *answer = answer_;
    buf_add(answer, data, size * count);
    return answer->failed ? 0 : size * count;
}

static void set_options(CURL *curl, struct call *call)
{
    curl_easy_setopt(curl, CURLOPT_URL, call->url.data);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, CALL_TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &call->answer);
    if (strcmp(call->method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (call->local)
        curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    /* A GET without a body has none; everything else has one, be it empty. */
    if (call->body.len > 0 ||
        (strcmp(call->method, "GET") != 0 && strcmp(call->method, "HEAD") != 0)) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body.data ? call->body.data : "");
    }
}

/* 200 in the envelope is success. */
static int judge(struct call *call, long http_status)
{
    struct json_doc *doc = NULL;
    struct json_error error;
    int64_t code = 0;
    struct str answer = {call->answer.data, call->answer.len};
    if (json_parse(answer, ANSWER_MAX_BYTES, &doc, &error) == 0) {
        const struct json *member = json_member(json_root(doc), "code");
        if (!member || json_type(member) != JSON_NUMBER || json_integer(member, &code) < 0)
            code = 0;
    }
    json_free(doc);
    if (http_status != 200)
        complain(call->context, "HTTP status %ld", http_status);
    else if (code == 0)
        complain(call->context, "the answer is no envelope");
    else if (code != 200)
        complain(call->context, "refused with code %" PRId64, code);
    return http_status == 200 && code == 200 ? EXIT_GOOD : EXIT_FAILED;
}

static int perform(CURL *curl, struct call *call)
{
    char error[CURL_ERROR_SIZE] = "";
    long http_status = 0;
    set_options(curl, call);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, error);
    CURLcode result = curl_easy_perform(curl);
    if (result != CURLE_OK) {
        complain(call->context, "%s: %s", call->url.data,
                 *error ? error : curl_easy_strerror(result));
        return EXIT_FAILED;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &http_status);
    fwrite(call->answer.len ? call->answer.data : "", 1, call->answer.len, call->context->out);
    if (call->answer.len == 0 || call->answer.data[call->answer.len - 1] != '\n')
        fputc('\n', call->context->out);
    return judge(call, http_status);
}

static int send_call(struct call *call)
{
    if ((call->body.len > 0 &&
         add_header(call, "Content-Type", STR("application/json; charset=utf-8")) < 0) ||
        /* No waiting for "100 Continue" before a large body. */
        add_header(call, "Expect", STR("")) < 0)
        return complain_store(call->context, ERR_NOMEM);
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    if (!curl) {
        complain(call->context, "libcurl does not start");
        return EXIT_FAILED;
    }
    int status = perform(curl, call);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return status;
}

static void release(struct call *call)
{
    curl_slist_free_all(call->headers);
    buf_free(&call->url);
    buf_free(&call->body);
    buf_free(&call->answer);
    digest_free(call->digest);
}

static int prepare(struct call *call)
{
    buf_init(&call->url, (size_t)1 << 20);
    buf_init(&call->body, CONTENT_MAX_BYTES + 4096);
    buf_init(&call->answer, ANSWER_MAX_BYTES);
    int result = digest_new(call->context->crypto, &call->digest);
    if (result < 0)
        call->digest = NULL;
    return result;
}

int call_server(struct context *context, const struct tenant *tenant, struct str path,
                struct str json)
{
    struct call call = {.context = context, .tenant = tenant, .method = "POST", .json = json};
    int status = EXIT_FAILED, result = prepare(&call);
    if (result < 0)
        status = complain_store(context, result);
    else if (local_url(&call) == 0 && sign_header(&call) == 0) {
        buf_add_str(&call.url, path);
        buf_add_char(&call.url, '\0');
        status = call.url.failed ? complain_store(context, ERR_NOMEM) : send_call(&call);
    }
    release(&call);
    return status;
}

static int call_tenant(struct call *call)
{
    call->json = argument(call->context, "JSON|@FILE|-");
    int status = EXIT_WRONG_USE, result = prepare(call);
    if (result < 0) {
        status = complain_store(call->context, result);
    } else if (take_method(call) == 0) {
        result = take_url(call);
        result = result == 0 ? sign(call) : result;
        status = result == ERR_INVALID ? EXIT_WRONG_USE : EXIT_FAILED;
        status = result == 0 ? send_call(call) : status;
    }
    release(call);
    return status;
}

int call_run(struct context *context)
{
    struct call call = {.context = context};
    struct tenants *tenants;
    int status = context_tenant(context, "tenant", &tenants, &call.tenant);
    if (status != EXIT_GOOD)
        return status;
    if (argument(context, "user").p && !argument(context, "body-auth").p) {
        tenants_unref(tenants);
        complain(context, "--user: only with --body-auth");
        return EXIT_WRONG_USE;
    }
    status = call_tenant(&call);
    tenants_unref(tenants);
    return status;
}
