#include "net/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of a header line, "name: value". The longest value is a signature; URLs are no headers. */
#define LINE_MAX_LEN 4096

struct http_client {
    struct event_base *base;
    struct event *timer;
    CURLM *multi;
    struct http_client_settings settings;
    struct http_call *first; /* under way */
    size_t under_way;
};

/* --- the loop: libcurl says what it waits for, libevent waits for it --- */

/* Ends the calls that are over. A `done` may start others, and drop others. */
static void finish(struct http_client *client);

static void on_ready(evutil_socket_t fd, short what, void *context)
{
    struct http_client *client = context;
    int running,
        action = (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(client->multi, fd, action, &running);
    finish(client);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    (void)fd;
    (void)what;
    struct http_client *client = context;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish(client);
}

static int set_timer(CURLM *multi, long timeout_ms, void *context)
{
    (void)multi;
    struct http_client *client = context;
    struct timeval after = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    if (timeout_ms < 0)
        return evtimer_del(client->timer);
    return evtimer_add(client->timer, &after);
}

/* `watched` is the event of this socket, NULL for a new one. */
static int watch(CURL *easy, curl_socket_t fd, int what, void *context, void *watched)
{
    (void)easy;
    struct http_client *client = context;
    short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
                           (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);
    if (watched)
        event_free(watched);
    struct event *event =
        what == CURL_POLL_REMOVE ? NULL : event_new(client->base, fd, events, on_ready, client);
    curl_multi_assign(client->multi, fd, event);
    return what == CURL_POLL_REMOVE || (event && event_add(event, NULL) == 0) ? 0 : -1;
}

/* --- a call --- */

static curl_socket_t dial(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    (void)purpose;
    struct http_call *call = context;
    const struct http_client_settings *settings = &call->client->settings;
    struct address address;
    /* A family that has no address of ours (a unix socket) is nothing that anybody may name. */
    if (!address_of(&to->addr, &address) ||
        (settings->may_dial && !settings->may_dial(settings->context, &address))) {
        call->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static size_t take_head(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    struct http_call *call = context;
    call->head_len += size * count;
    return call->head_len <= HTTP_CALL_HEAD_MAX ? size * count : 0;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct http_call *call = context;
    buf_add(&call->answer, data, size * count);
    return call->answer.failed ? 0 : size * count;
}

static int add_line(struct http_call *call, struct str name, struct str value)
{
    char line[LINE_MAX_LEN];
    if (str_has_control(name) || str_has_control(value) || memchr(name.p, ':', name.len))
        return ERR_INVALID;
    /* "Name;" is how libcurl sends a header without a value: "Name:" would take its own away. */
    int len = value.len ? snprintf(line, sizeof(line), "%.*s: %.*s", (int)name.len, name.p,
                                   (int)value.len, value.p)
                        : snprintf(line, sizeof(line), "%.*s;", (int)name.len, name.p);
    if (len < 0 || len >= (int)sizeof(line))
        return ERR_INVALID;
    struct curl_slist *longer = curl_slist_append(call->lines, line);
    call->lines = longer ? longer : call->lines;
    return longer ? 0 : ERR_NOMEM;
}

static int add_lines(struct http_call *call)
{
    /* Without libcurl's wait of a second for "100 Continue". */
    struct curl_slist *first = curl_slist_append(NULL, "Expect:");
    int result = first ? 0 : ERR_NOMEM;
    call->lines = first;
    for (size_t i = 0; result == 0 && i < call->header_count; i++)
        result = add_line(call, call->headers[i].name, call->headers[i].value);
    return result;
}

/* What holds for each call of each client. */
static void set_rules(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* whatever the environment says */
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* A look-up that takes longer than the call is forgotten; by default the loop would wait for its
     * thread. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, dial);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, call);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
}

static int set_request(struct http_call *call)
{
    CURL *easy = call->easy;
    curl_easy_setopt(easy, CURLOPT_USERAGENT, call->client->settings.user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->lines);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->timeout_ms);
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(call->method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body.len ? call->body.p : "");
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    return curl_easy_setopt(easy, CURLOPT_URL, call->url) == CURLE_OK ? 0 : ERR_NOMEM;
}

static void release(struct http_call *call)
{
    if (call->easy)
        curl_easy_cleanup(call->easy);
    curl_slist_free_all(call->lines);
    call->easy = NULL;
    call->lines = NULL;
}

static void enter(struct http_call *call)
{
    struct http_client *client = call->client;
    call->before = NULL;
    call->behind = client->first;
    if (client->first)
        client->first->before = call;
    client->first = call;
    client->under_way++;
}

static void leave(struct http_call *call)
{
    struct http_client *client = call->client;
    curl_multi_remove_handle(client->multi, call->easy);
    if (call->before)
        call->before->behind = call->behind;
    else
        client->first = call->behind;
    if (call->behind)
        call->behind->before = call->before;
    client->under_way--;
    release(call);
}

static bool is_web(const char *url)
{
    return strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0;
}

static int start(struct http_call *call)
{
    int result = is_web(call->url) ? add_lines(call) : ERR_INVALID;
    if (result < 0)
        return result;
    call->easy = curl_easy_init();
    if (!call->easy)
        return ERR_NOMEM;
    set_rules(call);
    result = set_request(call);
    if (result < 0)
        return result;
    return curl_multi_add_handle(call->client->multi, call->easy) == CURLM_OK ? 0 : ERR_NOMEM;
}

int http_client_call(struct http_client *client, struct http_call *call)
{
    call->client = client;
    call->result = call->status = 0;
    call->head_len = 0;
    call->left = call->refused = false;
    call->error[0] = call->curl_error[0] = '\0';
    call->easy = NULL;
    call->lines = NULL;
    buf_init(&call->answer, call->answer_max);
    int result = start(call);
    if (result < 0)
        release(call);
    else
        enter(call);
    return result;
}

void http_client_drop(struct http_call *call)
{
    leave(call);
    buf_free(&call->answer);
}

/* --- its outcome --- */

static int result_of(const struct http_call *call, CURLcode code)
{
    switch (code) {
    case CURLE_OK: return 0;
    case CURLE_OPERATION_TIMEDOUT: return ERR_TIMEOUT;
    case CURLE_COULDNT_CONNECT: return call->refused ? ERR_INVALID : ERR_SYSTEM;
    case CURLE_COULDNT_RESOLVE_HOST: return ERR_SYSTEM;
    case CURLE_URL_MALFORMAT: return ERR_INVALID;
    case CURLE_WRITE_ERROR:
        return call->answer.failed || call->head_len > HTTP_CALL_HEAD_MAX ? ERR_TOO_LARGE
                                                                          : ERR_PROTOCOL;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE: return ERR_CLOSED;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION: return ERR_CRYPTO;
    case CURLE_OUT_OF_MEMORY: return ERR_NOMEM;
    default: return ERR_PROTOCOL;
    }
}

static void tell(struct http_call *call, CURLcode code)
{
    char *text = call->error;
    if (call->result == ERR_TIMEOUT)
        snprintf(text, sizeof(call->error), "no answer within %d ms", call->timeout_ms);
    else if (call->result == ERR_TOO_LARGE)
        snprintf(text, sizeof(call->error), "the answer is too long");
    else if (call->result == ERR_INVALID && call->refused)
        snprintf(text, sizeof(call->error), "the address of the host may not be called");
    else
        snprintf(text, sizeof(call->error), "%.159s",
                 call->curl_error[0] ? call->curl_error : curl_easy_strerror(code));
}

static void end(struct http_call *call, CURLcode code)
{
    long status = 0, sent = 0;
    curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
    call->status = (int)status;
    call->left = sent > 0;
    call->result = result_of(call, code);
    if (call->result < 0)
        tell(call, code);
    leave(call);
    call->done(call);
}

static void finish(struct http_client *client)
{
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(client->multi, &left)) != NULL;) {
        struct http_call *call = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
        end(call, message->data.result);
    }
}

size_t http_client_under_way(const struct http_client *client)
{
    return client->under_way;
}

/* --- the client --- */

static void set_multi(struct http_client *client)
{
    CURLM *multi = client->multi;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      (long)client->settings.connections_max);
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
                      (long)client->settings.connections_per_host);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)client->settings.connections_max);
}

int http_client_new(struct event_base *base, const struct http_client_settings *settings,
                    struct http_client **ret_client)
{
    struct http_client *client = calloc(1, sizeof(*client));
    if (!client)
        return ERR_NOMEM;
    client->base = base;
    client->settings = *settings;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(client);
        return ERR_NOMEM;
    }
    client->multi = curl_multi_init();
    client->timer = evtimer_new(base, on_timer, client);
    if (!client->multi || !client->timer) {
        http_client_free(client);
        return ERR_NOMEM;
    }
    set_multi(client);
    *ret_client = client;
    return 0;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->first)
        http_client_drop(client->first);
    curl_multi_cleanup(client->multi);
    if (client->timer)
        event_free(client->timer);
    curl_global_cleanup();
    free(client);
}
