"""open/webhook/set, …/del, …/query, …/log, …/replay, …/test."""

import base64
import contextlib
import re
import socket
import sqlite3

import pytest
from harness import Client, Server, now_ms, wait_until

OPEN = "/wscrm-bus-api/open/webhook/"
TYPES = "customer, account, message, status or task expected"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server whose webhooks may lead to this machine."""
    running = Server(tmp_path_factory.mktemp("webhook") / "data", "--webhook-allow", "127.0.0.0/8")
    try:
        yield running.start()
        running.stop()
    finally:
        running.end()


@pytest.fixture
def tenant(server, tenant_id):
    return server.add_tenant(tenant_id, rate_limit=0)


@pytest.fixture
def tenant_id(counter=iter(range(5001, 6000))):
    return next(counter)


@pytest.fixture(scope="module")
def nowhere():
    """A port of this machine where nobody listens, held so that nobody will."""
    with contextlib.closing(socket.socket()) as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def url(nowhere):
    return f"http://127.0.0.1:{nowhere}/hook"


def ok(reply):
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def hook(client, kind, url, **members):
    return ok(client.call(OPEN + "set", {"type": kind, "url": url, **members}))


def hooks(client):
    return ok(client.call(OPEN + "query", {}))


def log(client, **members):
    return ok(client.call(OPEN + "log", members))


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def change(client, number, stage):
    ok(client.batch_import([{"whatsApp": number, "agentAccount": "anna", "stage": stage}]))


def test_a_new_url_gets_an_id_and_a_secret_that_is_shown_once(client, url):
    made = hook(client, "customer", url)
    assert list(made) == ["id", "secret"] and isinstance(made["id"], int)
    prefix, _, text = made["secret"].partition("_")
    assert prefix == "whsec" and len(base64.b64decode(text, validate=True)) == 32
    assert hook(client, "customer", url) == {"id": made["id"], "secret": None}
    assert made["secret"] not in client.call(OPEN + "query", {}).body.decode()


def test_urls_are_listed_in_the_order_they_were_made(client, url):
    ids = [hook(client, kind, url + tail)["id"]
           for kind, tail in [("message", ""), ("message", "2"), ("account", "")]]
    hook(client, "message", url + "2", enabled=False)
    assert client.call(OPEN + "query", b"").body.decode() == (
        '{"code":200,"message":"Success","data":['
        f'{{"id":{ids[0]},"type":"message","url":"{url}","enabled":true,"failingSince":0,'
        '"pending":0,"waiting":0,"parked":0},'
        f'{{"id":{ids[1]},"type":"message","url":"{url}2","enabled":false,"failingSince":0,'
        '"pending":0,"waiting":0,"parked":0},'
        f'{{"id":{ids[2]},"type":"account","url":"{url}","enabled":true,"failingSince":0,'
        '"pending":0,"waiting":0,"parked":0}]}')


def test_a_secret_of_ones_own_is_taken_and_replaced(client, url):
    first, second = ("whsec_" + base64.b64encode(bytes([n] * 24)).decode() for n in (1, 2))
    made = hook(client, "task", url, secret=first)
    assert made["secret"] == first
    assert hook(client, "task", url, secret=second) == {"id": made["id"], "secret": second}
    assert hook(client, "task", url, secret=second)["secret"] is None


@pytest.mark.parametrize("secret", ["whsec_", "whsec_AAAA", "AAAA", "whsec_" + "A" * 31,
                                    "whsec_" + base64.b64encode(bytes(65)).decode(), "x" * 97])
def test_a_secret_of_another_form_is_400(client, url, secret):
    reply = client.call(OPEN + "set", {"type": "task", "url": url, "secret": secret})
    assert_refused(reply, 400, 400, "secret")
    assert hooks(client) == []


@pytest.mark.parametrize("kind", [None, "", "Customer", "all"])
def test_another_type_is_400(client, url, kind):
    assert_refused(client.call(OPEN + "set", {"type": kind, "url": url}), 400, 400, TYPES)


@pytest.mark.parametrize("bad, said", [
    (None, "1 to 2048"), ("", "1 to 2048"), ("ftp://127.0.0.1/", "http:// or https://"),
    ("127.0.0.1", "http:// or https://"), ("http://u:p@127.0.0.1/", "user"),
    ("http://127.0.0.1/\u0001", "1 to 2048"), ("http://127.0.0.1/ x", "1 to 2048"),
    ("http://127.0.0.1:0/", "port"), ("http:///x", "host"), ("http://[::1/", "host"),
    ("http://127.0.0.1/" + "x" * 2048, "2048"),
])
def test_what_is_no_url_is_400(client, bad, said):
    assert_refused(client.call(OPEN + "set", {"type": "task", "url": bad}), 400, 400, "url", said)
    assert hooks(client) == []


@pytest.mark.parametrize("host, address", [
    ("10.0.0.1", "10.0.0.1"), ("169.254.169.254", "169.254.169.254"), ("[::1]", "::1"),
    ("167772161", "10.0.0.1"), ("[::ffff:192.168.0.1]", "192.168.0.1"), ("0.0.0.0", "0.0.0.0"),
])
def test_an_address_that_is_not_public_is_refused_with_the_option_that_allows_it(
        client, host, address):
    reply = client.call(OPEN + "set", {"type": "task", "url": f"http://{host}/"})
    assert_refused(reply, 200, -1, address, "--webhook-allow")
    assert hooks(client) == []
    # What is switched off leads nowhere.
    hook(client, "task", f"http://{host}/", enabled=False)
    reply = client.call(OPEN + "set", {"type": "task", "url": f"http://{host}/", "enabled": True})
    assert_refused(reply, 200, -1, address)


def test_a_host_that_nobody_knows_is_refused(client):
    reply = client.call(OPEN + "set", {"type": "task", "url": "http://no.such.host.invalid/"})
    assert_refused(reply, 200, -1, "no.such.host.invalid")


def test_loopback_is_refused_where_it_is_not_allowed(own_server):
    server = own_server()
    with Client(server, server.add_tenant(9)) as client:
        reply = client.call(OPEN + "set", {"type": "task", "url": "http://127.0.0.1/"})
        assert_refused(reply, 200, -1, "127.0.0.1", "--webhook-allow")


def test_a_deleted_url_is_gone(client, url):
    made = hook(client, "task", url)
    assert ok(client.call(OPEN + "del", {"id": made["id"]})) is None
    assert hooks(client) == []
    assert_refused(client.call(OPEN + "del", {"id": made["id"]}), 200, -1, "no such webhook")


@pytest.mark.parametrize("call", ["del", "test"])
@pytest.mark.parametrize("members", [{}, {"id": 0}, {"id": "x"}, {"id": None}])
def test_an_id_is_needed(client, call, members):
    assert_refused(client.call(OPEN + call, members), 400, 400, "id")


def test_a_tenant_has_at_most_100(client, url):
    for i in range(100):
        hook(client, "task", f"{url}{i}")
    reply = client.call(OPEN + "set", {"type": "task", "url": url})
    assert_refused(reply, 200, -1, "100 webhooks")


def test_set_is_run_once_for_a_key_and_answers_the_same_secret(client, url):
    asked = {"type": "task", "url": url}
    first, second = (client.call(OPEN + "set", asked, headers={"Idempotency-Key": "one"})
                     for _ in range(2))
    assert first.body == second.body and ok(first)["secret"].startswith("whsec_")


def test_the_standard_edition_has_none_of_it(server, tenant_id):
    with Client(server, server.add_tenant(tenant_id, edition="standard")) as client:
        for call in ("set", "del", "query", "log", "replay", "test"):
            assert_refused(client.call(OPEN + call, {}), 200, 529)


def test_tenants_do_not_see_each_others(server, tenant_id, client, url, fresh):
    made = hook(client, "customer", url)
    change(client, fresh(), "new")
    event = log(client)["records"][0]["eventId"]
    with Client(server, server.add_tenant(tenant_id + 5000, rate_limit=0)) as other:
        assert hooks(other) == [] and log(other)["total"] == 0
        assert log(other, id=made["id"])["total"] == 0
        assert_refused(other.call(OPEN + "del", {"id": made["id"]}), 200, -1)
        assert ok(other.call(OPEN + "replay", {"eventIds": [event]})) == 0
        assert_refused(other.call(OPEN + "replay", {"id": made["id"]}), 200, -1, "no such webhook")
    assert len(hooks(client)) == 1


# --- log, replay


def test_an_event_stands_in_the_log_for_each_url_newest_first(client, url, fresh):
    number, start = fresh(), now_ms()
    first, second = (hook(client, "customer", url + tail)["id"] for tail in ("", "2"))
    change(client, number, "new")
    change(client, number, "new")  # changes nothing
    change(client, number, "won")
    page = log(client)
    assert {key: page[key] for key in ("total", "size", "current", "pages")} == {
        "total": 4, "size": 10, "current": 1, "pages": 1}
    assert [record["id"] for record in page["records"]] == [second, first, second, first]
    record = page["records"][3]
    assert list(record) == ["eventId", "id", "type", "url", "state", "tries", "lastStatus",
                            "lastError", "nextTime", "time"]
    assert re.fullmatch(r"evt_\d+", record["eventId"])
    assert (record["type"], record["url"], record["state"]) == ("customer", url, "pending")
    assert start <= record["time"] <= now_ms()
    assert page["records"][1]["nextTime"] == 0  # it waits for the one before
    assert log(client, id=first, pageSize=1, current=2)["records"] == [log(client)["records"][3]]
    assert log(client, type="task")["total"] == log(client, state="parked")["total"] == 0
    assert log(client, state="pending")["total"] == 4
    assert [(h["pending"], h["waiting"]) for h in hooks(client)] == [(2, 1), (2, 1)]


@pytest.mark.parametrize("members, said", [
    ({"type": "x"}, TYPES), ({"state": "ready"}, "pending, done or parked"), ({"id": -1}, "id"),
    ({"pageSize": 501}, "pageSize"), ({"current": 0}, "current"),
])
def test_a_bad_log_query_is_400(client, members, said):
    assert_refused(client.call(OPEN + "log", members), 400, 400, said)


def set_states(server, tenant, state):
    """What an engine would have done."""
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data / "wscrm.db")) as db, db:
        db.execute("UPDATE delivery SET state = ?, http_status = 500, error = 'HTTP 500'"
                   " WHERE tenant = ?", (state, tenant.id))
    server.start()


@pytest.mark.parametrize("state, name", [(2, "done"), (3, "parked")])
def test_what_is_over_is_replayed_by_event_or_by_time(own_server, nowhere, fresh, state, name):
    url = f"http://127.0.0.1:{nowhere}/"
    server = own_server("--webhook-allow", "127.0.0.0/8")
    tenant = server.add_tenant(9, rate_limit=0)
    with Client(server, tenant) as client:
        webhook = hook(client, "customer", url)["id"]
        for stage in "abc":
            change(client, "8613812345678", stage)
    set_states(server, tenant, state)
    with Client(server, tenant) as client:
        records = log(client, state=name)["records"]
        assert [(r["lastStatus"], r["lastError"], r["nextTime"]) for r in records] == [
            (500, "HTTP 500", 0)] * 3
        assert hooks(client)[0]["parked"] == (3 if name == "parked" else 0)
        assert ok(client.call(OPEN + "replay", {"eventIds": [records[1]["eventId"], "evt_99999"]})) == 1
        assert log(client, state="pending")["records"][0]["eventId"] == records[1]["eventId"]
        times = sorted(record["time"] for record in records)
        assert ok(client.call(OPEN + "replay", {"id": webhook, "to": times[0]})) == 0
        assert ok(client.call(OPEN + "replay", {"id": webhook, "from": times[2] + 1})) == 0
        assert ok(client.call(OPEN + "replay", {"id": webhook, "from": times[0]})) == 2
        assert log(client, state=name)["total"] == 0
    assert server.command("check").stdout == "ok\n"


@pytest.mark.parametrize("members, said", [
    ({}, "eventIds, or id"), ({"eventIds": []}, "eventIds, or id"),
    ({"eventIds": ["evt_1"], "id": 1}, "eventIds, or id"),
    ({"eventIds": ["evt_1", "evt_x"]}, "eventIds[1]"), ({"eventIds": [1]}, "eventIds[0]"),
    ({"id": 1, "from": -1}, "from"), ({"id": 1, "to": "soon"}, "to"),
])
def test_a_bad_replay_is_400(client, members, said):
    assert_refused(client.call(OPEN + "replay", members), 400, 400, said)


def test_more_than_1000_events_are_507(client):
    assert_refused(client.call(OPEN + "replay", {"eventIds": ["evt_1"] * 1001}), 200, 507)


def test_a_replay_of_an_unknown_url_is_refused(client):
    assert_refused(client.call(OPEN + "replay", {"id": 987654}), 200, -1, "no such webhook")


# --- test


def test_a_test_of_an_unknown_url_is_refused(client):
    assert_refused(client.call(OPEN + "test", {"id": 987654}), 200, -1)


# --- what is told


def test_changes_of_customers_are_told(server, client, tenant, url, fresh):
    number = fresh()
    hook(client, "customer", url)
    change(client, number, "new")
    ok(client.call("/wscrm-bus-api/open/optOut/set", {"whatsIds": [number], "optOut": True}))
    ok(client.call("/wscrm-bus-api/open/customer/setPrincipalAsNull", {"data": [number]}))
    ok(client.call("/wscrm-bus-api/open/customer/del", {"type": 3, "item": [number]}))
    with contextlib.closing(sqlite3.connect(server.data / "wscrm.db")) as db:
        told = [row[0] for row in db.execute(
            "SELECT data FROM event WHERE tenant = ? ORDER BY id", (tenant.id,))]
    begin = f'{{"whatsApp":"{number}","change":'
    assert told == [begin + '"created","fields":["stage","agentAccount"]}',
                    begin + '"changed","fields":["optOut"]}',
                    begin + '"changed","fields":["agentAccount"]}',
                    begin + '"deleted","fields":[]}']


def test_the_rest_of_a_deleted_url_is_swept(server, client, tenant, url, fresh):
    webhook = hook(client, "customer", url)["id"]
    for _ in range(3):
        change(client, fresh(), "new")
    ok(client.call(OPEN + "del", {"id": webhook}))
    assert log(client)["total"] == 0
    with contextlib.closing(sqlite3.connect(server.data / "wscrm.db")) as db:
        wait_until("its events are gone", lambda: db.execute(
            "SELECT count(*) FROM event WHERE tenant = ?", (tenant.id,)).fetchone() == (0,))


def test_the_metrics_count_what_was_dropped(server, client):
    reply = client.call_unsigned("/metrics", b"", method="GET")
    assert b"\nwscrm_webhook_events_dropped_total 0\n" in reply.body
