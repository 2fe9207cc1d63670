"""HTTP's own matters, over raw sockets. Every reply has a Content-Length and is an envelope."""

import json
import select
import socket
import threading
import time

import pytest
from harness import (
    BATCH_IMPORT,
    BUILD,
    DEMO,
    DEMO_CUSTOMER,
    IMPORT,
    QUERY,
    Client,
    Closed,
    Connection,
    Server,
    request_bytes,
    to_bytes,
    wait_until,
)

ASK = json.dumps([{"whatsApp": DEMO_CUSTOMER}]).encode()


@pytest.fixture(scope="module")
def tenant(server, add_tenant):
    """Without a rate limit, and with the customer that is asked for."""
    made = add_tenant(rate_limit=0)
    with Client(server, made) as client:
        client.imported([{"whatsApp": DEMO_CUSTOMER, "agentAccount": "anna"}])
    return made


@pytest.fixture
def connection(server):
    with Connection(server.port) as opened:
        yield opened


def query(tenant, number=None, **headers):
    """A good query's bytes."""
    body = ASK if number is None else to_bytes([{"whatsApp": number}])
    return request_bytes("POST", QUERY, body, {**tenant.headers(), **headers})


def head(tenant, *lines, method="POST", path=QUERY, version="HTTP/1.1"):
    """A head of exactly these lines, signed."""
    signed = [f"{name}: {value}" for name, value in tenant.headers().items()]
    lines = [f"{method} {path} {version}", *lines, *signed]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def assert_error(reply, status, said=""):
    assert reply.status == status, reply
    assert (reply.code, reply.data) == (status, ""), reply.body
    assert said in reply.message and reply.message != ""


def assert_good(reply):
    assert (reply.status, reply.code) == (200, 200), reply


# --- paths and methods ---


@pytest.mark.parametrize("path", [
    "/", "/nothing", "/wscrm-bus-api", "/wscrm-bus-api/customer", QUERY + "/", QUERY + "x", QUERY[:-1],
    "/wscrm-bus-api/customer/Query", "//wscrm-bus-api/customer/query", QUERY + "%00", "/%2e%2e/etc/passwd",
    "/wscrm-bus-api/../wscrm-bus-api/customer/query", "/" + "x" * 8000,
])
def test_a_path_that_does_not_exist_is_404(client, path):
    assert_error(client.call(path, []), 404)
    assert_error(client.exchange(request_bytes("GET", path)), 404)


@pytest.mark.parametrize("path,allow", [
    (QUERY, {"POST"}), (BATCH_IMPORT, {"POST"}), (IMPORT, {"PUT"}), ("/healthz", {"GET", "HEAD"}),
])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"])
def test_a_wrong_method_is_405_and_names_the_right_ones(client, path, allow, method):
    if method in allow:
        return
    reply = client.exchange(request_bytes(method, path))
    assert_error(reply, 405)
    assert {name.strip() for name in reply.headers["allow"].split(",")} == allow


def test_a_query_string_is_no_part_of_the_path(connection, tenant):
    connection.send(head(tenant, "Host: x", f"Content-Length: {len(ASK)}", path=QUERY + "?a=1&b=%zz") + ASK)
    assert_good(connection.reply())


def test_a_target_may_be_a_whole_url(connection, tenant):
    path = f"http://api.example.com{QUERY}"
    connection.send(head(tenant, "Host: x", f"Content-Length: {len(ASK)}", path=path) + ASK)
    assert_good(connection.reply())


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_stands_beside_the_api_answers_anyone(connection, path):
    connection.send(request_bytes("GET", path))
    got = connection.reply()
    assert (got.status, len(got.body)) == (200, int(got.headers["content-length"]))
    connection.send(request_bytes("HEAD", path))
    seen = connection.reply(head_only=True)
    assert seen.status == 200 and seen.headers["content-type"] == got.headers["content-type"]
    connection.send(request_bytes("GET", path))  # no body came after HEAD's head
    assert connection.reply().status == 200


def test_head_of_a_call_is_405_without_a_body(connection):
    connection.send(request_bytes("HEAD", QUERY) + request_bytes("HEAD", "/nothing"))
    assert connection.reply(head_only=True).status == 405
    assert connection.reply(head_only=True).status == 404


# --- bodies ---


@pytest.mark.parametrize("media", [
    "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html",
    "application/jsonx", "json", "application/xml", "application/octet-stream", "*/*", "application",
])
def test_a_body_that_says_it_is_no_json_is_415(client, media):
    assert_error(client.call(QUERY, ASK, headers={"Content-Type": media}), 415)


@pytest.mark.parametrize("media", [
    "application/json", "application/json; charset=utf-8", "application/json;charset=UTF-8",
    "APPLICATION/JSON", "Application/Json ; a=b",
])
def test_a_body_may_say_that_it_is_json(client, media):
    assert_good(client.call(QUERY, ASK, headers={"Content-Type": media}))


def test_a_body_need_not_say_what_it_is(connection, tenant):
    connection.send(head(tenant, "Host: x", f"Content-Length: {len(ASK)}") + ASK)
    assert_good(connection.reply())


def test_no_length_and_no_transfer_encoding_is_an_empty_body(connection, tenant):
    connection.send(head(tenant, "Host: x") + query(tenant))
    reply = connection.reply()
    assert (reply.status, reply.code) == (200, 506)
    assert_good(connection.reply())


def test_a_body_of_64_kib_is_read_and_one_byte_more_is_413(server, tenant, number):
    body = to_bytes([{"whatsApp": number}])
    with Client(server, tenant) as client:
        assert_good(client.call(QUERY, body + b" " * (65536 - len(body))))
        assert_error(client.call(QUERY, body + b" " * (65537 - len(body))), 413)
        assert_good(client.call(QUERY, body))


def test_a_body_of_16_mib_may_be_imported_and_one_byte_more_is_413(client, number):
    body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"}]})
    reply = client.call(BATCH_IMPORT, body + b" " * ((16 << 20) - len(body)))
    assert reply.data["successWhatsIds"] == [number]
    with Connection(client.server.port) as connection:
        # Refused by its head alone: nothing of the body is waited for.
        connection.send(head(client.tenant, "Host: x", "Content-Length: 16777217", path=BATCH_IMPORT))
        assert_error(connection.reply(), 413)
        assert connection.is_closed()


@pytest.mark.parametrize("length", ["16777217", "99999999999", "9223372036854775807"])
def test_an_announced_giant_is_413_at_once(connection, tenant, length):
    connection.send(head(tenant, "Host: x", f"Content-Length: {length}", path=BATCH_IMPORT))
    assert_error(connection.reply(), 413)
    assert connection.is_closed()


@pytest.mark.parametrize("length", ["18446744073709551616", "9" * 40])
def test_a_length_beyond_64_bits_is_refused(connection, tenant, length):
    connection.send(head(tenant, "Host: x", f"Content-Length: {length}"))
    assert connection.reply().status in (400, 413)
    assert connection.is_closed()


def test_a_chunked_body_over_the_limit_is_413(connection, tenant):
    connection.send(head(tenant, "Host: x", "Transfer-Encoding: chunked"))
    connection.send_or_closed(b"10000\r\n" + b" " * 65536 + b"\r\n1\r\n \r\n0\r\n\r\n")
    assert_error(connection.reply(), 413)
    assert connection.is_closed()


def chunked(body, *sizes):
    out, at = b"", 0
    for size in sizes:
        part = body[at : at + size]
        at += size
        out += b"%x\r\n%s\r\n" % (len(part), part)
    rest = body[at:]
    return out + (b"%X\r\n%s\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n"


@pytest.mark.parametrize("body", [
    chunked(ASK), chunked(ASK, 1, 1, 1), chunked(ASK, *[1] * len(ASK)), chunked(ASK, 7, 9),
    b"%x;name=value\r\n%s\r\n0;last\r\n\r\n" % (len(ASK), ASK),
    b'%x;name="quoted; text"\r\n%s\r\n0\r\n\r\n' % (len(ASK), ASK),
    b"000%x\r\n%s\r\n000\r\n\r\n" % (len(ASK), ASK),
    b"%x\r\n%s\r\n0\r\nX-Trailer: 1\r\nContent-Length: 5\r\n\r\n" % (len(ASK), ASK),
], ids=["one", "some", "bytes", "others", "extension", "quoted", "zeros", "trailers"])
def test_a_chunked_body_is_read(connection, tenant, body):
    connection.send(head(tenant, "Host: x", "Transfer-Encoding: chunked") + body + query(tenant))
    for _ in range(2):
        reply = connection.reply()
        assert_good(reply)
        assert [shown["whatsApp"] for shown in reply.data] == [DEMO_CUSTOMER]


def test_a_chunked_body_may_be_empty(connection, tenant):
    connection.send(head(tenant, "Host: x", "Transfer-Encoding: Chunked") + b"0\r\n\r\n")
    assert connection.reply().code == 506


@pytest.mark.parametrize("body", [
    b"x\r\n", b"-1\r\n", b"+5\r\n", b"0x5\r\n", b"\r\n", b" 5\r\n", b"5,\r\n", b"g\r\n",
    b"11111111111111111\r\n", b"5\n[    \n0\n\n", b"5\r[    \r\n",
    b"2\r\n[]x\r\n0\r\n\r\n", b"2\r\n[]\n0\r\n\r\n", b"2\r\n[]0\r\n\r\n", b"2\r\n[]\r\n0\r\nfolded\r\n\r\n",
    b"2;" + b"x" * 5000 + b"\r\n[]\r\n0\r\n\r\n",
])
def test_an_odd_chunk_is_400_and_a_close(connection, tenant, body):
    connection.send(head(tenant, "Host: x", "Transfer-Encoding: chunked") + body)
    connection.send_or_closed(query(tenant) * 3)
    reply = connection.reply()
    if body.startswith(b"111"):
        assert reply.status in (400, 413)
    else:
        assert_error(reply, 400)
    assert connection.is_closed()


@pytest.mark.parametrize("size", [b"ffffffffffffffff", b"7fffffffffffffff", b"100000000", b"10001"])
def test_a_giant_chunk_is_413(connection, tenant, size):
    connection.send(head(tenant, "Host: x", "Transfer-Encoding: chunked") + size + b"\r\n")
    connection.send_or_closed(b" " * 70_000)
    assert_error(connection.reply(), 413)
    assert connection.is_closed()


def test_expect_gets_100_and_then_the_answer(connection, tenant):
    connection.send(head(tenant, "Host: x", f"Content-Length: {len(ASK)}", "Expect: 100-continue"))
    assert connection.reply().status == 100
    connection.send(ASK)
    assert_good(connection.reply())


def test_expect_of_a_body_that_is_refused_gets_no_100(connection, tenant):
    connection.send(head(tenant, "Host: x", "Content-Length: 99999999", "Expect: 100-continue"))
    assert_error(connection.reply(), 413)


def test_a_client_need_not_wait_for_100(connection, tenant):
    connection.send(
        head(tenant, "Host: x", f"Content-Length: {len(ASK)}", "Expect: 100-continue") + ASK
    )
    reply = connection.reply()
    assert_good(connection.reply() if reply.status == 100 else reply)


# --- connections ---


def test_a_connection_serves_many_requests(connection, tenant):
    for _ in range(200):
        connection.send(query(tenant))
        assert_good(connection.reply())


def test_pipelined_requests_are_answered_in_order(server, client, fresh):
    numbers = [fresh() for _ in range(60)]
    client.imported([{"whatsApp": number, "agentAccount": "anna"} for number in numbers])
    with Connection(server.port) as connection:
        requests = [query(client.tenant, number) for number in numbers]
        for i in range(0, 60, 6):
            requests[i] += request_bytes("GET", "/nothing")
        connection.send(b"".join(requests))
        for i, number in enumerate(numbers):
            assert [shown["whatsApp"] for shown in connection.reply().data] == [number]
            if i % 6 == 0:
                assert_error(connection.reply(), 404)


def test_pipelined_writes_and_reads_take_effect_in_order_of_their_answers(server, tenant, fresh):
    """Imports wait for the disk, queries do not: the answers still stand in order."""
    numbers = [fresh() for _ in range(20)]
    with Connection(server.port) as connection:
        for number in numbers:
            body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"}]})
            connection.send(request_bytes("POST", BATCH_IMPORT, body, tenant.headers()))
            connection.send(request_bytes("GET", "/healthz"))
        for number in numbers:
            assert connection.reply().data["successWhatsIds"] == [number]
            assert connection.reply().status == 200


def test_a_client_that_reads_late_gets_every_answer(server, tenant, number):
    count = 5000
    with Connection(server.port) as connection:
        sender = threading.Thread(target=connection.send, args=(query(tenant, number) * count,))
        sender.start()
        sender.join(0.5)  # by then it is stuck, or all of it is in the server's hands
        for _ in range(count):
            assert connection.reply().body == b'{"code":200,"message":"Success","data":[]}'
        sender.join()


def test_a_request_may_come_byte_by_byte(connection, tenant):
    for byte in query(tenant) + query(tenant):
        connection.send(bytes([byte]))
    assert_good(connection.reply())
    assert_good(connection.reply())


def test_a_client_may_close_its_half_before_the_answer(connection, tenant):
    connection.send(query(tenant) + query(tenant))
    connection.socket.shutdown(socket.SHUT_WR)
    assert_good(connection.reply())
    assert_good(connection.reply())
    assert connection.is_closed()


def test_connection_close_is_honoured(connection, tenant):
    connection.send(query(tenant, Connection="close") + query(tenant))
    reply = connection.reply()
    assert_good(reply)
    assert reply.headers["connection"].lower() == "close"
    assert connection.is_closed()


def test_http_1_0_is_answered_and_closed(connection, tenant):
    connection.send(head(tenant, f"Content-Length: {len(ASK)}", version="HTTP/1.0") + ASK)
    assert_good(connection.reply())
    assert connection.is_closed()


def test_http_1_0_may_ask_to_keep_the_connection(connection, tenant):
    ask = head(tenant, f"Content-Length: {len(ASK)}", "Connection: keep-alive", version="HTTP/1.0") + ASK
    connection.send(ask)
    reply = connection.reply()
    assert_good(reply)
    if reply.headers.get("connection", "").lower() == "keep-alive":
        connection.send(ask)
        assert_good(connection.reply())
    else:
        assert connection.is_closed()


@pytest.mark.threads
def test_clients_that_go_in_the_middle_disturb_nobody(server, client, tenant, fresh):
    numbers = [fresh() for _ in range(40)]
    for number in numbers:
        body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"}]})
        whole = request_bytes("POST", BATCH_IMPORT, body, tenant.headers())
        gone = Connection(server.port)
        gone.send(whole if int(number) % 2 else whole[: -1 - int(number) % 300])
        # With the linger time at 0 the close is a reset.
        gone.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        gone.close()
        client.customers(number)
    # A body that did not come whole was not imported.
    assert all(int(shown["whatsApp"]) % 2 for shown in client.customers(*numbers))


def test_an_unfinished_body_is_not_imported(server, client, tenant, number):
    body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"}]})
    with Connection(server.port) as connection:
        connection.send(
            head(tenant, "Host: x", f"Content-Length: {len(body) + 1}", path=BATCH_IMPORT) + body
        )
        connection.socket.shutdown(socket.SHUT_WR)
        try:
            assert connection.reply().status == 400
        except Closed:
            pass
    assert client.customers(number) == []


# --- what request smuggling lives on: 400 and a close ---

HOST = "Host: x"

REFUSED_HEADS = {
    "two lengths that differ": [HOST, "Content-Length: 2", "Content-Length: 3"],
    "two lengths in one line": [HOST, "Content-Length: 2, 3"],
    "a length with a chunked body": [HOST, "Content-Length: 2", "Transfer-Encoding: chunked"],
    "a chunked body with a length": [HOST, "Transfer-Encoding: chunked", "Content-Length: 2"],
    "gzip": [HOST, "Transfer-Encoding: gzip"],
    "gzip, chunked": [HOST, "Transfer-Encoding: gzip, chunked"],
    "identity": [HOST, "Transfer-Encoding: identity"],
    "chunked twice": [HOST, "Transfer-Encoding: chunked, chunked"],
    "chunked on two lines": [HOST, "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    "xchunked": [HOST, "Transfer-Encoding: xchunked"],
    "chunked with a tail": [HOST, "Transfer-Encoding: chunked;a=b"],
    "quoted chunked": [HOST, 'Transfer-Encoding: "chunked"'],
    "an empty Transfer-Encoding": [HOST, "Transfer-Encoding:"],
    "a blank before the colon": [HOST, "Content-Length : 2"],
    "a tab before the colon": [HOST, "Content-Length\t: 2"],
    "a blank before the colon of a harmless header": [HOST, "X-Harmless : 2"],
    "a folded header": [HOST, "X-Folded: a", " b"],
    "a tab-folded header": [HOST, "X-Folded: a", "\tb"],
    "a fold at once": [" " + HOST, HOST],
    "a length with a sign": [HOST, "Content-Length: +5"],
    "a negative length": [HOST, "Content-Length: -5"],
    "a hexadecimal length": [HOST, "Content-Length: 0x5"],
    "a length with a fraction": [HOST, "Content-Length: 5.0"],
    "a length with a tail": [HOST, "Content-Length: 5x"],
    "a length with a blank inside": [HOST, "Content-Length: 1 5"],
    "an empty length": [HOST, "Content-Length:"],
    "no Host": ["X-Host: x"],
    "two Hosts": [HOST, HOST],
    "a bare CR in a value": [HOST, "X-Bare: a\rb"],
    "a bare LF in a value": [HOST, "X-Bare: a\nContent-Length: 5"],
    "a NUL in a value": [HOST, "X-Nul: a\0b"],
    "a control character in a value": [HOST, "X-Bell: \a"],
    "a line without a colon": [HOST, "nonsense"],
    "an empty name": [HOST, ": x"],
    "a name with a blank": [HOST, "Two Words: x"],
    "a name with a bracket": [HOST, "X(): x"],
    "a name beyond ASCII": [HOST, "X-\xe9: x"],
}


@pytest.mark.parametrize("lines", REFUSED_HEADS.values(), ids=REFUSED_HEADS)
def test_what_could_be_read_in_two_ways_is_400_and_a_close(connection, tenant, lines):
    connection.send(head(tenant, *lines))
    connection.send_or_closed(b"[]" + query(tenant))
    assert_error(connection.reply(), 400)
    assert connection.is_closed()


@pytest.mark.parametrize("line", [
    "POST {path}", "POST", "{path} HTTP/1.1", "POST {path} HTTP/1.1 x", "POST  {path} HTTP/1.1",
    "POST\t{path}\tHTTP/1.1", " POST {path} HTTP/1.1", "POST {path} http/1.1", "POST {path} HTTP/1",
    "POST {path} HTTP/11", "POST {path} HTTP/1.1\t", "P(ST {path} HTTP/1.1", "POST x{path} HTTP/1.1",
    "POST {path}\x80 HTTP/1.1", "POST {path}\x01 HTTP/1.1", "POST {path} XTTP/1.1", "\x16\x03\x01\x02",
])
def test_a_malformed_request_line_is_400_and_a_close(connection, tenant, line):
    signed = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers().items())
    connection.send(f"{line.format(path=QUERY)}\r\nHost: x\r\n{signed}\r\n".encode("latin-1"))
    connection.send_or_closed(query(tenant))
    assert_error(connection.reply(), 400)
    assert connection.is_closed()


@pytest.mark.parametrize("version", ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0"])
def test_another_version_is_505_and_a_close(connection, tenant, version):
    connection.send(head(tenant, HOST, f"Content-Length: {len(ASK)}", version=version) + ASK)
    reply = connection.reply()
    assert_error(reply, 505)
    assert connection.is_closed()


@pytest.mark.parametrize("data", [
    "POST {path} HTTP/1.1\nHost: x\n{signed}\n", "POST {path} HTTP/1.1\r\nHost: x\n{signed}\r\n",
    "POST {path} HTTP/1.1\r\nHost: x\r\n{signed}\n", "POST {path} HTTP/1.1\rHost: x\r{signed}\r",
    "POST {path} HTTP/1.1\n\r\nHost: x\r\n{signed}\r\n",
], ids=["all LF", "one LF", "LF at the end", "all CR", "LF after the request line"])
def test_bare_line_ends_are_400_and_a_close(connection, tenant, data):
    signed = "".join(f"{name}: {value}\r\n" for name, value in tenant.headers().items())
    connection.send(data.format(path=QUERY, signed=signed).encode())
    connection.send_or_closed(query(tenant))
    assert_error(connection.reply(), 400)
    assert connection.is_closed()


def test_the_same_header_twice_does_not_sign_twice(connection, tenant):
    """The first or none: never a mix that depends on who reads."""
    connection.send(head(tenant, HOST, "tenant_id: 999999999", f"Content-Length: {len(ASK)}") + ASK)
    reply = connection.reply()
    assert reply.status == 400 or reply.code in (501, 522, 502), reply


def test_a_head_over_16_kib_is_431_and_a_close(connection, tenant):
    connection.send_or_closed(head(tenant, HOST, f"X-Long: {'x' * 17000}"))
    assert_error(connection.reply(), 431)
    assert connection.is_closed()


def test_an_endless_head_is_431_and_a_close(connection):
    connection.send_or_closed(b"POST " + b"x" * 70000)
    assert connection.reply().status in (414, 431)
    assert connection.is_closed()


def test_a_head_of_15_kib_is_read(connection, tenant):
    lines = [f"X-{i}: {'x' * 480}" for i in range(30)]
    connection.send(head(tenant, HOST, *lines, f"Content-Length: {len(ASK)}") + ASK)
    assert_good(connection.reply())


def test_too_many_headers_are_431(connection, tenant):
    connection.send_or_closed(head(tenant, HOST, *(f"X-{i}: x" for i in range(1000))))
    assert_error(connection.reply(), 431)
    assert connection.is_closed()


# --- X-Request-Id ---


def test_a_request_id_is_echoed(client):
    reply = client.call(QUERY, ASK, headers={"X-Request-Id": "abc-123/u"})
    assert reply.headers["x-request-id"] == "abc-123/u"


def test_a_request_id_is_made_for_each_request(client):
    made = {client.call(QUERY, ASK).headers["x-request-id"] for _ in range(5)}
    assert len(made) == 5 and all(made)


@pytest.mark.parametrize("given", ["", "x" * 5000, "two words", "\x7f", "caf\xe9"])
def test_a_request_id_that_would_spoil_the_log_is_not_echoed(connection, tenant, given):
    connection.send(head(tenant, HOST, f"X-Request-Id: {given}", f"Content-Length: {len(ASK)}") + ASK)
    reply = connection.reply()
    if reply.status != 400:
        assert_good(reply)
        assert reply.headers["x-request-id"] not in ("", given)


@pytest.mark.parametrize("status,path,headers", [
    (404, "/nothing", {}), (405, IMPORT, {}), (415, QUERY, {"Content-Type": "text/plain"}),
    (413, QUERY, {"Content-Length": "99999999"}), (400, QUERY, {}),
])
def test_refusals_carry_the_request_id_too(connection, tenant, status, path, headers):
    signed = {**tenant.headers(), "X-Request-Id": "mine-7", **headers}
    connection.send(request_bytes("POST", path, b"x", signed))
    reply = connection.reply()
    assert_error(reply, status)
    assert reply.headers["x-request-id"] == "mine-7"


# --- deadlines and limits, on servers that have short ones ---

HASTE_S = 0.5


@pytest.fixture(scope="module")
def hasty_server(tmp_path_factory):
    """Its deadlines for head, body and idle connections are short."""
    options = [f"--{what}-timeout=500ms" for what in ("header", "body", "idle")]
    running = Server(tmp_path_factory.mktemp("hasty") / "data", *options)
    try:
        yield running.start()
        running.stop()
    finally:
        running.end()


def test_a_slow_head_is_408_and_a_close(hasty_server):
    with Connection(hasty_server.port) as connection:
        began = time.monotonic()
        connection.send(b"POST / HTTP/1.1\r\n")
        assert_error(connection.reply(), 408)
        assert connection.is_closed()
        assert time.monotonic() - began >= HASTE_S * 0.9


def test_the_deadline_of_the_head_is_for_all_of_it(hasty_server):
    with Connection(hasty_server.port) as connection:
        began = time.monotonic()
        for byte in b"POST / HTTP/1.1\r\nX: " + b"x" * 200:
            connection.send_or_closed(bytes([byte]))
            if select.select([connection.socket], [], [], 0.05)[0]:
                break
        else:
            pytest.fail("a byte now and then kept it open")
        assert_error(connection.reply(), 408)
        assert time.monotonic() - began >= HASTE_S * 0.9


def test_a_slow_body_is_408_and_a_close(hasty_server):
    with Connection(hasty_server.port) as connection:
        connection.send(head(DEMO, HOST, "Content-Length: 100") + b"[")
        assert_error(connection.reply(), 408)
        assert connection.is_closed()


def test_a_slow_chunked_body_is_408_and_a_close(hasty_server):
    with Connection(hasty_server.port) as connection:
        connection.send(head(DEMO, HOST, "Transfer-Encoding: chunked") + b"5\r\n[")
        assert_error(connection.reply(), 408)
        assert connection.is_closed()


def test_an_idle_connection_is_closed_silently(hasty_server):
    with Connection(hasty_server.port) as used, Connection(hasty_server.port) as unused:
        used.send(query(DEMO))
        assert_good(used.reply())
        assert used.is_closed()
        try:
            reply = unused.reply()  # one that never sent anything may be told
            assert reply.status == 408
        except Closed:
            pass


def test_over_the_limit_of_connections_is_503_and_a_close(own_server):
    server = own_server("--max-connections=3")
    opened = []
    try:
        for _ in range(3):
            opened.append(Connection(server.port))
            opened[-1].send(query(DEMO))
            assert_good(opened[-1].reply())
        with Connection(server.port) as refused:
            refused.send_or_closed(query(DEMO))
            assert_error(refused.reply(), 503)
        for connection in opened:
            connection.send(query(DEMO))
            assert_good(connection.reply())
        opened.pop().close()

        def served():
            with Connection(server.port) as again:
                again.send_or_closed(query(DEMO))
                return again.reply().status == 200

        wait_until("a place became free", served)
    finally:
        for connection in opened:
            connection.close()


@pytest.mark.threads
def test_500_connections_at_once_are_served(server, tenant, number):
    opened = [Connection(server.port) for _ in range(500 if BUILD == "release" else 100)]
    try:
        for connection in opened:
            connection.send(query(tenant, number))
        for connection in opened:
            assert_good(connection.reply())
    finally:
        for connection in opened:
            connection.close()
