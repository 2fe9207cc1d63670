"""`wscrm call`: a signed call of the API, on the command line."""

import json
import re
import socket
import threading

import pytest
from harness import (
    BATCH_IMPORT,
    DEMO,
    DEMO_CUSTOMER,
    IMPORT,
    PATIENCE_S,
    QUERY,
    Client,
    md5,
)

ASK = json.dumps([{"whatsApp": DEMO_CUSTOMER}])


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "*")


def call(server, *arguments, tenant=1, **more):
    return server.command("call", "--tenant", tenant, *arguments, **more)


def answer(done):
    """The answer of a call that went well: one line on stdout, nothing on stderr."""
    assert done.stderr == "" and done.stdout.endswith("}\n") and done.stdout.count("\n") == 1
    envelope = json.loads(done.stdout)
    assert envelope["code"] == 200
    return envelope["data"]


@pytest.mark.parametrize("scheme", [(), ("--body-auth",)], ids=["header", "body"])
def test_a_query_finds_the_running_server_by_itself(server, scheme):
    assert [found["friendName"] for found in answer(call(server, *scheme, QUERY, ASK))] == ["lee"]


@pytest.mark.parametrize("scheme", [(), ("--body-auth",)], ids=["header", "body"])
def test_the_method_is_post_or_the_one_that_is_given(server, scheme, number):
    item = {"whatsApp": number, "friendName": "grüße 中文 \"q\""}
    body = json.dumps({"userName": "lsl001", "data": [item]}, ensure_ascii=False)
    for method in ("PUT", "put"):
        answer(call(server, *scheme, method, IMPORT, body))
    with Client(server, DEMO) as client:
        assert client.customer(number)["friendName"] == item["friendName"]
    assert call(server, *scheme, "PUT", QUERY, ASK, check=False).returncode == 1


def test_the_body_comes_from_a_file_or_standard_input(server, tmp_path):
    (tmp_path / "ask.json").write_text(ASK + "\n")
    assert len(answer(call(server, QUERY, f"@{tmp_path / 'ask.json'}"))) == 1
    assert len(answer(call(server, QUERY, "-", text=ASK))) == 1
    done = call(server, QUERY, f"@{tmp_path / 'missing'}", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"wscrm: {tmp_path / 'missing'}: No such file or directory\n"


def test_a_large_body_arrives_whole(server, fresh, tmp_path):
    items = [{"whatsApp": fresh(), "agentAccount": "lsl001", "desc": "x" * 900} for _ in range(1000)]
    (tmp_path / "items").write_text(json.dumps({"data": items}))
    for scheme in ((), ("--body-auth",)):
        assert answer(call(server, *scheme, BATCH_IMPORT, f"@{tmp_path / 'items'}"))["isAllOk"]


def test_a_get_has_no_body(server):
    done = call(server, "GET", "/healthz")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("scheme", [(), ("--body-auth",)], ids=["header", "body"])
def test_a_refusal_is_printed_and_the_exit_status_is_1(server, scheme):
    done = call(server, *scheme, QUERY, '{"data":[]}', check=False)
    assert json.loads(done.stdout) == {"code": 506, "message": "data is empty", "data": ""}
    assert (done.returncode, done.stderr) == (1, "wscrm: refused with code 506\n")


def test_an_http_error_is_printed_and_the_exit_status_is_1(server):
    done = call(server, "/nowhere", "{}", check=False)
    assert json.loads(done.stdout)["code"] == 404
    assert (done.returncode, done.stderr) == (1, "wscrm: HTTP status 404\n")
    done = call(server, QUERY, "no json", check=False)
    assert json.loads(done.stdout)["code"] == 400
    assert (done.returncode, done.stderr) == (1, "wscrm: HTTP status 400\n")


def test_who_signs_in_the_body_is_the_admin_or_who_is_named(server, number):
    body = json.dumps({"data": [{"whatsApp": number}]})
    answer(call(server, "--body-auth", "--user", "lsl001", "PUT", IMPORT, body))
    with Client(server, DEMO) as client:
        assert client.customer(number)["agentAccount"] == "lsl001"
    done = call(server, "--body-auth", "--user", "nobody", QUERY, ASK, check=False)
    assert (done.returncode, json.loads(done.stdout)["code"]) == (1, 516)


def test_the_server_is_found_again_after_its_restart_on_another_port(own_server):
    server = own_server()
    for _ in range(2):
        answer(call(server, QUERY, ASK))
        server.stop()
        done = call(server, QUERY, ASK, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            f"wscrm: no server is running on {server.data}; --url names another\n"
        )
        server.start()


def test_a_killed_server_is_not_running(own_server):
    server = own_server()
    server.kill()
    done = call(server, QUERY, ASK, check=False)
    assert done.returncode == 1 and "no server is running on" in done.stderr


def test_the_own_server_is_called_past_any_proxy(server, monkeypatch):
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert len(answer(call(server, QUERY, ASK))) == 1


def test_another_server_is_named_by_its_url(server, own_server):
    """The key is this store's, the server that one."""
    elsewhere = own_server()
    elsewhere.stop()
    for slash in ("", "/"):
        url = f"http://127.0.0.1:{server.port}{slash}"
        assert len(answer(call(elsewhere, "--url", url, QUERY, ASK))) == 1


def test_a_server_that_does_not_listen_is_named(server):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = call(server, "--url", url, QUERY, ASK, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"wscrm: {url}{QUERY}: ")


@pytest.mark.parametrize(
    "arguments, told",
    [
        ((QUERY,), "--tenant is missing"),
        (("--tenant", "1"), "PATH is missing"),
        (("--tenant", "one", QUERY), "--tenant: a number"),
        (("--tenant", "1", "customer/query"), "PATH: something like /wscrm-bus-api/customer/query "
                                              'expected, not "customer/query"'),
        (("--tenant", "1", "POST", "query"), 'PATH: something like '),
        (("--tenant", "1", "GE T", QUERY), 'METHOD: letters such as GET, POST or PUT expected, not "'),
        (("--tenant", "1", "--url", "127.0.0.1:8080", QUERY), "--url: something like http://"),
        (("--tenant", "1", "--url", "ftp://127.0.0.1", QUERY), "--url: something like http://"),
        (("--tenant", "1", "--url", "", QUERY), "--url: something like http://"),
        (("--tenant", "1", "--user", "lsl001", QUERY), "--user: only with --body-auth"),
        (("--tenant", "1", "--body-auth", QUERY, "no json"), "the body is not JSON: byte 0"),
        (("--tenant", "1", "--body-auth", QUERY, "7"), "the body: an object or an array expected"),
        (("--tenant", "1", "--body-auth", QUERY, '{"token":"x"}'), "the body has a token already"),
        (("--tenant", "1", "--body-auth", "--user", "a", QUERY, '{"userName":"b"}'),
         "--user differs from the userName in the body"),
        (("--tenant", "1", "POST", QUERY, "[]", "[]"), "one argument too many: []"),
    ],
)
def test_wrong_use_of_call_is_named(server, arguments, told):
    done = server.command("call", *arguments, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_tenant_that_is_not_there_cannot_sign(server):
    done = call(server, QUERY, ASK, tenant=99, check=False)
    assert (done.returncode, done.stderr) == (1, "wscrm: there is no tenant 99\n")


# --- what it sends


class Listener:
    """Answers one request with what it is told, and keeps its bytes."""

    def __init__(self, reply):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.socket.settimeout(PATIENCE_S)
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = threading.Thread(target=self._serve, args=(reply,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.socket.close()

    def _serve(self, reply):
        connection, _ = self.socket.accept()
        with connection:
            got = b""
            while b"\r\n\r\n" not in got:
                got += connection.recv(65536)
            head, body = got.split(b"\r\n\r\n", 1)
            self.first, *lines = head.decode().split("\r\n")
            self.headers = {name.lower(): value for name, value in
                            (line.split(": ", 1) for line in lines)}
            while len(body) < int(self.headers.get("content-length", 0)):
                body += connection.recv(65536)
            self.body = body.decode()
            connection.sendall(
                f"HTTP/1.1 200 OK\r\nContent-Length: {len(reply)}\r\n\r\n{reply}".encode())


GOOD = '{"code":200,"message":"Success","data":null}'


def test_the_header_scheme_is_sent_to_the_letter(server):
    with Listener(GOOD) as listener:
        done = call(server, "--url", listener.url, QUERY, ASK)
    assert done.stdout == GOOD + "\n"
    assert (listener.first, listener.body) == (f"POST {QUERY} HTTP/1.1", ASK)
    sent = listener.headers
    assert sent["tenant_id"] == "1" and re.fullmatch(r"\d{13}", sent["timestamp"])
    assert sent["token"] == md5("1", sent["timestamp"], DEMO.key)
    assert sent["content-type"] == "application/json; charset=utf-8"
    assert "expect" not in sent and "authorization" not in sent


def test_the_body_scheme_is_sent_to_the_letter(server):
    with Listener(GOOD) as listener:
        call(server, "--url", listener.url, "--body-auth", QUERY, '{"data":[{"whatsApp":"1"}]}')
    sent = json.loads(listener.body)
    assert list(sent) == ["data", "tenantId", "userName", "createTime", "token"]
    assert (sent["tenantId"], sent["userName"]) == ("1", "WhatsApp")
    assert sent["token"] == md5("1", "WhatsApp", sent["createTime"], DEMO.key)
    assert {"tenant_id", "timestamp", "token"}.isdisjoint(listener.headers)


def test_a_get_is_sent_without_body_and_type(server):
    with Listener(GOOD) as listener:
        call(server, "--url", listener.url, "GET", "/x?y=1")
    assert (listener.first, listener.body) == ("GET /x?y=1 HTTP/1.1", "")
    assert {"content-length", "content-type"}.isdisjoint(listener.headers)


@pytest.mark.parametrize("reply", ["", "hello", "[200]", '{"code":"200"}', '{"cod'])
def test_an_answer_that_is_no_envelope_is_printed_and_a_failure(server, reply):
    with Listener(reply) as listener:
        done = call(server, "--url", listener.url, QUERY, ASK, check=False)
    assert (done.returncode, done.stdout) == (1, reply + "\n")
    assert done.stderr == "wscrm: the answer is no envelope\n"


def test_the_key_is_neither_printed_nor_logged(server):
    shown = call(server, QUERY, ASK)
    refused = call(server, "/nowhere", check=False)
    for text in (shown.stdout, refused.stdout, refused.stderr, server.stderr()):
        assert DEMO.key not in text
