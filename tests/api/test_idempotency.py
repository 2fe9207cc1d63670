"""The header Idempotency-Key: a call that creates is done once, and answered as often as it is sent."""

import sqlite3
import threading
import time

import pytest
from harness import (
    BATCH_IMPORT,
    IMPORT,
    QUERY,
    Client,
    Connection,
    request_bytes,
    to_bytes,
    wait_until,
)

REPLAYED = "idempotency-replayed"


@pytest.fixture
def key(number):
    return f"key-of-{number}"


def body_of(number, name):
    return {"data": [{"whatsApp": number, "agentAccount": "anna", "friendName": name}]}


def keyed(client, key, value, path=BATCH_IMPORT, method="POST"):
    return client.call(path, value, method=method, headers={"Idempotency-Key": key})


def name_of(client, number):
    return client.customer(number)["friendName"]


def test_a_repetition_is_answered_byte_for_byte_the_same_and_changes_nothing(client, number, key):
    first = keyed(client, key, body_of(number, "first"))
    assert first.data["successWhatsIds"] == [number]
    assert REPLAYED not in first.headers
    client.imported(body_of(number, "later")["data"])
    for _ in range(3):
        again = keyed(client, key, body_of(number, "first"))
        assert (again.status, again.body) == (200, first.body)
        assert again.headers[REPLAYED] == "true"
    assert name_of(client, number) == "later"


def test_a_repetition_has_its_own_request_id_and_counts_for_the_rate_limit(server, add_tenant, fresh):
    with Client(server, add_tenant(rate_limit=2)) as client:
        body, headers = body_of(fresh(), "first"), {"Idempotency-Key": "k"}
        replies = [
            client.call(BATCH_IMPORT, body, headers={**headers, "X-Request-Id": f"id-{n}"})
            for n in range(3)
        ]
    assert [reply.headers["x-request-id"] for reply in replies] == ["id-0", "id-1", "id-2"]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[1].headers[REPLAYED] == "true"
    assert 'r=0' in replies[1].headers["ratelimit"]


def test_partial_failures_are_replayed_too(client, number, key):
    body = {"data": [*body_of(number, "first")["data"], {"whatsApp": "12", "agentAccount": "anna"},
                     {"whatsApp": number, "agentAccount": "nobody"}]}
    first = keyed(client, key, body)
    assert first.data["isAllOk"] is False and len(first.data["failDetails"]) == 2
    again = keyed(client, key, body)
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")


def test_an_import_that_stores_nothing_uses_its_key_up_as_well(client, number, key):
    nothing = {"data": [{"whatsApp": "12", "agentAccount": "anna"}]}
    first = keyed(client, key, nothing)
    assert first.data["successWhatsIds"] == []
    assert keyed(client, key, nothing).headers[REPLAYED] == "true"
    assert keyed(client, key, body_of(number, "first")).status == 422


def test_another_body_under_the_same_key_is_422_and_changes_nothing(client, number, key):
    keyed(client, key, body_of(number, "first"))
    reply = keyed(client, key, body_of(number, "second"))
    assert (reply.status, reply.code, reply.data) == (422, 422, "")
    assert "Idempotency-Key" in reply.message
    assert name_of(client, number) == "first"
    assert keyed(client, key, body_of(number, "first")).headers[REPLAYED] == "true"


@pytest.mark.parametrize(
    "other",
    [
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"a","email":""}]}',
        b'{"data":[{"whatsApp":"%s","friendName":"anna","agentAccount":"a"}]}',
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"ab"}]}',
        b'{"data":[{"whatsApp":"%s","agentAccount":"anna","friendName":"a"}],"x":1}',
        b'[{"whatsApp":"%s","agentAccount":"anna","friendName":"a"}]',
        b'{"data":[{"whatsApp":%s,"agentAccount":"anna","friendName":"a"}]}',
    ],
    ids=["member", "moved", "longer", "unknown", "bare", "number"],
)
def test_a_body_differs_by_any_member(client, number, key, other):
    assert keyed(client, key, body_of(number, "a")).code == 200
    assert keyed(client, key, other.replace(b"%s", number.encode())).status == 422


def test_blanks_and_escapes_make_no_other_body(client, number, key):
    first = keyed(client, key, body_of(number, "b"))
    again = b'{ "data":\n[{"whatsApp":"%s" , "agentAccount":"\\u0061nna","friendName":"\\u0062"}]}'
    reply = keyed(client, key, again.replace(b"%s", number.encode()))
    assert (reply.body, reply.headers[REPLAYED]) == (first.body, "true")


def test_a_repetition_may_be_signed_anew_in_the_body(client, tenant, number, key):
    def call(epoch_s, user="anna"):
        body = tenant.body(user, body_of(number, "first"), tenant.local_time(epoch_s))
        return client.exchange(request_bytes(
            "PUT", IMPORT, to_bytes(body), {"Idempotency-Key": key}))

    first, again = call(time.time() - 60), call(time.time())
    assert (first.code, first.body) == (200, again.body)
    assert again.headers[REPLAYED] == "true"
    assert call(time.time(), user="ben").status == 422


def test_a_repetition_is_answered_as_then_though_it_would_be_refused_now(server, tenant, client,
                                                                         number, key):
    server.command("agent", "add", "--tenant", tenant.id, f"agent{number}")
    body = {"userName": f"agent{number}", "data": [{"whatsApp": number}]}
    first = keyed(client, key, body, IMPORT, "PUT")
    assert first.data["successWhatsIds"] == [number]
    server.command("agent", "remove", "--tenant", tenant.id, f"agent{number}")
    assert client.call(IMPORT, body, method="PUT").code == 531
    again = keyed(client, key, body, IMPORT, "PUT")
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    # Nor is another body looked at: the key is used.
    assert keyed(client, key, {"userName": "nobody", "data": [{}]}, IMPORT, "PUT").status == 422


def test_a_user_is_added_once(client, number, key):
    add = {"username": f"u{number}", "nickname": "U", "password": "correct horse"}
    first = keyed(client, key, add, "/se-api/user/add")
    assert (first.status, first.code) == (200, 200)
    again = keyed(client, key, add, "/se-api/user/add")
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    assert client.call("/se-api/user/add", add).code == -1  # taken
    assert keyed(client, key, {**add, "password": "another horse"}, "/se-api/user/add").status == 422


GROUP_SAVE = "/wscrm-bus-api/open/customerGroup/save"
FIELD_SAVE = "/wscrm-bus-api/open/customerField/save"


@pytest.mark.parametrize(
    ("path", "body", "other"),
    [
        (GROUP_SAVE, {"name": "vip", "whatsIds": ["8613800138000"]}, {"name": "vip", "whatsIds": ["8613800138001"]}),
        (FIELD_SAVE, {"name": "Plan", "type": "text"}, {"name": "Plan", "type": "number"}),
    ],
    ids=["customerGroup/save", "customerField/save"],
)
def test_other_calls_that_create_take_the_key_too(client, number, key, path, body, other):
    body, other = ({**value, "name": value["name"] + number} for value in (body, other))
    first = keyed(client, key, body, path)
    assert first.code == 200
    again = keyed(client, key, body, path)
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    assert keyed(client, key, other, path).status == 422


def test_while_the_first_call_is_running_a_repetition_is_409(server, tenant, fresh):
    """A long list is written in pieces, between which the repetition's turn comes."""
    body = {"name": "long", "whatsIds": [str(8520000000000 + n) for n in range(100_000)]}
    for _ in range(20):
        key = fresh()
        data = request_bytes("POST", GROUP_SAVE, to_bytes(body),
                             {**tenant.headers(), "Idempotency-Key": key})
        connections = [Connection(server.port) for _ in range(4)]
        for connection in connections:
            connection.send(data[:-1])
        for connection in connections:
            connection.send(data[-1:])
        replies = [connection.reply() for connection in connections]
        for connection in connections:
            connection.close()
        done = [reply for reply in replies if reply.status == 200]
        assert len([reply for reply in done if REPLAYED not in reply.headers]) == 1
        refused = [reply for reply in replies if reply.status != 200]
        for reply in refused:
            assert (reply.status, reply.code, reply.data) == (409, 409, "")
            assert "Idempotency-Key" in reply.message
        with Client(server, tenant) as client:
            again = keyed(client, key, body, GROUP_SAVE)
            assert (again.body, again.headers[REPLAYED]) == (done[0].body, "true")
        if refused:
            return
    pytest.fail("no repetition came between two pieces")


@pytest.mark.threads
def test_large_bodies_are_replayed_too(client, fresh, key):
    items = [{"whatsApp": fresh(), "agentAccount": "anna", "desc": "x" * 500} for _ in range(1000)]
    first = keyed(client, key, {"data": items})
    assert len(first.data["successWhatsIds"]) == 1000
    again = keyed(client, key, {"data": items})
    assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
    items[999]["desc"] += "y"
    assert keyed(client, key, {"data": items}).status == 422


def test_a_refused_call_leaves_its_key_free(client, number, key):
    for refused in ({"data": []}, {}, b"{", {"data": 1}):
        assert keyed(client, key, refused).code != 200
    reply = client.call(BATCH_IMPORT, body_of(number, "x"), headers={"Idempotency-Key": key, "token": "x"})
    assert reply.code == 522
    assert REPLAYED not in keyed(client, key, body_of(number, "first")).headers
    assert name_of(client, number) == "first"


def test_a_key_is_its_tenants_and_its_endpoints(server, client, add_tenant, number, key):
    keyed(client, key, body_of(number, "first"))
    with Client(server, add_tenant(rate_limit=0)) as other:
        assert REPLAYED not in keyed(other, key, body_of(number, "theirs")).headers
        assert name_of(other, number) == "theirs"
    reply = keyed(client, key, {"userName": "ben", **body_of(number, "put")}, IMPORT, "PUT")
    assert (reply.status, reply.code) == (200, 200)
    assert REPLAYED not in reply.headers
    assert name_of(client, number) == "put"


@pytest.mark.parametrize(
    "bad", ["", " ", "a b", "a\tb", "k\u00e4se", "x" * 256, "\x7f"],
    ids=["empty", "blank", "inner blank", "tab", "latin-1", "256", "DEL"],
)
def test_a_key_is_1_to_255_visible_characters(client, tenant, number, bad):
    body = to_bytes(body_of(number, "first"))
    head = request_bytes("POST", BATCH_IMPORT, b"", {
        **tenant.headers(), "Content-Type": "application/json", "Idempotency-Key": "KEY",
        "Content-Length": len(body)})
    reply = client.exchange(head.replace(b"KEY", bad.encode("latin-1")) + body)
    assert reply.status == 400
    assert bad == "\x7f" or "Idempotency-Key" in reply.message
    assert client.customers(number) == []


def test_a_key_of_255_characters_works(client, number):
    key = (number + "~!\"#,;'" + "x" * 255)[:255]
    first = keyed(client, key, body_of(number, "first"))
    assert keyed(client, key, body_of(number, "first")).body == first.body
    assert REPLAYED not in keyed(client, key[:-1] + "y", body_of(number, "first")).headers


def test_two_keys_at_once_are_refused(client, tenant, number):
    headers = [*tenant.headers().items(), ("Idempotency-Key", "a"), ("idempotency-key", "a")]
    reply = client.exchange(request_bytes("POST", BATCH_IMPORT, to_bytes(body_of(number, "x")), headers))
    assert reply.status == 400 and "Idempotency-Key" in reply.message


def test_a_call_that_creates_nothing_ignores_the_header(client, number):
    for _ in range(2):
        reply = client.call(QUERY, [{"whatsApp": number}], headers={"Idempotency-Key": "a b"})
        assert (reply.status, reply.code) == (200, 200)
        assert REPLAYED not in reply.headers
        client.imported(body_of(number, "first")["data"])
    assert client.customer(number)


@pytest.mark.threads
@pytest.mark.parametrize("count", [1, 5000], ids=["small", "cut into pieces"])
def test_of_duplicates_at_the_same_time_one_is_done(server, tenant, fresh, count):
    numbers = [fresh() for _ in range(count)]
    body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"} for number in numbers]})
    data = request_bytes("POST", BATCH_IMPORT, body,
                         {**tenant.headers(), "Idempotency-Key": f"all-{numbers[0]}"})
    connections = [Connection(server.port) for _ in range(4 if count > 1 else 16)]
    # All but the last byte, so that the others come as close together as can be.
    for connection in connections:
        connection.send(data[:-1])
    for connection in connections:
        connection.send(data[-1:])
    replies = [connection.reply() for connection in connections]
    for connection in connections:
        connection.close()
    done = [reply for reply in replies if reply.status == 200]
    assert {reply.status for reply in replies} <= {200, 409}
    assert len({reply.body for reply in done}) == 1
    assert done[0].data["successWhatsIds"] == numbers
    assert len([reply for reply in done if REPLAYED not in reply.headers]) == 1


@pytest.mark.threads
def test_keys_are_kept_over_a_restart_and_a_kill(own_server, fresh):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    number = fresh()
    with Client(server, tenant) as client:
        first = keyed(client, "k", body_of(number, "first"))
        client.imported(body_of(number, "later")["data"])
    for end in (server.stop, server.kill):
        end()
        server.start()
        with Client(server, tenant) as client:
            again = keyed(client, "k", body_of(number, "first"))
            assert (again.body, again.headers[REPLAYED]) == (first.body, "true")
            assert name_of(client, number) == "later"
    assert server.command("check").returncode == 0


def test_a_client_that_never_saw_the_answer_gets_it_after_the_kill(own_server, fresh):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    for _ in range(3):
        number = fresh()
        with Connection(server.port) as connection, Client(server, tenant) as client:
            connection.send(request_bytes("POST", BATCH_IMPORT, to_bytes(body_of(number, "first")),
                                          {**tenant.headers(), "Idempotency-Key": number}))
            wait_until("the commit", lambda: client.customers(number))
            server.kill()  # the answer is unread
        server.start()
        with Client(server, tenant) as client:
            client.imported(body_of(number, "later")["data"])
            again = keyed(client, number, body_of(number, "first"))
            assert again.data["successWhatsIds"] == [number]
            assert again.headers[REPLAYED] == "true"
            assert name_of(client, number) == "later"


def test_a_client_that_hangs_up_finds_its_answer_later(server, tenant, client, number, key):
    with Connection(server.port) as connection:
        connection.send(request_bytes("POST", BATCH_IMPORT, to_bytes(body_of(number, "first")),
                                      {**tenant.headers(), "Idempotency-Key": key}))
    wait_until("the import", lambda: client.customers(number))
    again = keyed(client, key, body_of(number, "first"))
    assert (again.code, again.headers[REPLAYED]) == (200, "true")


def test_beyond_a_million_keys_of_a_tenant_new_ones_are_503(own_server, fresh):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    with Client(server, tenant) as client:
        keyed(client, "old", body_of(fresh(), "first"))
    server.stop()
    with sqlite3.connect(server.data / "wscrm.db") as db:
        db.execute("UPDATE tenant SET answers = 1000000 WHERE id = 77")
    db.close()
    server.start()
    number = fresh()
    with Client(server, tenant) as client:
        reply = keyed(client, "new", body_of(number, "first"))
        assert (reply.status, reply.code) == (503, 503)
        assert "Idempotency-Key" in reply.message
        assert client.customers(number) == []
        client.imported(body_of(number, "without a key")["data"])


def test_many_threads_with_few_keys_do_each_once(server, tenant, fresh):
    numbers = [fresh() for _ in range(8)]
    done = {number: [] for number in numbers}

    def run():
        with Client(server, tenant) as client:
            for number in numbers:
                done[number].append(keyed(client, number, body_of(number, "first")))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for replies in done.values():
        assert len(replies) == 6
        assert len({reply.body for reply in replies}) == 1
        assert sum(REPLAYED not in reply.headers for reply in replies) == 1
