"""Events reach receivers: signed, again after a failure, in order, and only where they may."""

import itertools
import json
import os
import subprocess
import sys
import time

import pytest
from harness import ROOT, Client, Connection, Server, request_bytes, wait_until
from receiver import (
    CODE_1,
    CUT,
    ENDLESS,
    FAILS,
    GONE,
    HALF,
    OK,
    REDIRECT,
    SILENT,
    Receiver,
    SometimesFails,
    assert_genuine,
)

SET = "/wscrm-bus-api/open/webhook/set"
QUERY = "/wscrm-bus-api/open/webhook/query"
LOG = "/wscrm-bus-api/open/webhook/log"
REPLAY = "/wscrm-bus-api/open/webhook/replay"
STATUS = "/group-dispatch-api/whatsapp/queryWhatsAppStatus"
TEST = "/wscrm-bus-api/open/webhook/test"

# Tries come after 0.1 s, 0.3 s, 1.8 s, …; a silent receiver is given up after 0.3 s.
QUICK = ("--webhook-retry-percent", "1", "--webhook-timeout", "300ms")
ALLOW = ("--webhook-allow", "127.0.0.0/8")

_paths = map("/in{}".format, itertools.count(1))


@pytest.fixture(scope="module")
def delivering(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("delivery") / "data", *QUICK, *ALLOW)
    try:
        yield running.start()
        running.stop()
    finally:
        running.end()


_tenants = itertools.count(701)


@pytest.fixture
def company(delivering):
    """A client of a tenant of its own: no other test's events come to its URLs."""
    with Client(delivering, delivering.add_tenant(next(_tenants), rate_limit=0)) as made:
        yield made


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.down()


def call(client, path, value):
    reply = client.call(path, value)
    assert reply.status == 200 and reply.code == 200, reply.body
    return reply.data


def add_url(client, receiver, path, **more):
    members = {"type": "customer", "url": receiver.url(path), "enabled": True, **more}
    return call(client, SET, members)


def change(client, number, **fields):
    """One event."""
    client.imported([{"whatsApp": number, "agentAccount": "anna", **fields}])


def log_of(client, webhook):
    return call(client, LOG, {"id": webhook, "current": 1, "pageSize": 100})["records"]


def wait_for_log(client, webhook, **expected):
    """The newest delivery, once it is as expected."""

    def look():
        records = log_of(client, webhook)
        return records and expected.items() <= records[0].items() and records[0]

    return wait_until(f"a delivery with {expected}", look)


def wait_for_failure(client, webhook):
    def look():
        records = log_of(client, webhook)
        return records and records[0]["tries"] > 0 and records[0]

    return wait_until("a try that failed", look)


def test_an_event_arrives_with_both_signatures(company, receiver, fresh):
    path, number = next(_paths), fresh()
    made = add_url(company, receiver, path)
    change(company, number)
    [request] = receiver.wait(path)
    assert_genuine(request, company.tenant, made["secret"])
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.headers["User-Agent"].startswith("wscrm/")
    assert "Transfer-Encoding" not in request.headers
    assert list(request.event) == ["id", "type", "tenantId", "time", "data"]
    assert request.event["id"] == request.headers["webhook-id"]
    assert request.event["type"] == "customer"
    assert str(request.event["tenantId"]) == company.tenant.id
    assert request.event["data"]["whatsApp"] == number
    record = wait_for_log(company, made["id"], state="done")
    assert (record["tries"], record["lastStatus"]) == (1, 200)


@pytest.mark.parametrize(
    "behaviour, status, error",
    [
        (FAILS, 500, "HTTP 500"),
        (CODE_1, 200, "HTTP 200 without a code that is 200 or 0"),
        (SILENT, 0, "no answer within 300 ms"),
        (CUT, 0, None),
        (HALF, 200, None),
        (ENDLESS, 200, "the answer is too long"),
        (REDIRECT, 302, "HTTP 302: redirects are not followed"),
    ],
    ids=["500", "code 1", "silent", "cut", "half", "endless", "redirect"],
)
def test_a_receiver_that_fails_gets_the_event_again(
    company, receiver, fresh, behaviour, status, error
):
    path = next(_paths)
    made = add_url(company, receiver, path)
    receiver.answers = lambda request: behaviour
    change(company, fresh())
    record = wait_for_failure(company, made["id"])
    assert (record["state"], record["lastStatus"]) == ("pending", status)
    assert record["lastError"] == error if error else record["lastError"]
    assert record["nextTime"] > record["time"]
    receiver.answers = lambda request: OK
    wait_for_log(company, made["id"], state="done", lastStatus=200)
    events = {request.event["id"] for request in receiver.at(path)}
    assert len(receiver.at(path)) >= 2 and events == {record["eventId"]}
    assert not receiver.at("/elsewhere")


def test_a_receiver_that_is_down_gets_the_event_when_it_is_up(company, receiver, fresh):
    path = next(_paths)
    made = add_url(company, receiver, path)
    receiver.down()
    change(company, fresh())
    record = wait_for_failure(company, made["id"])
    assert "connect" in record["lastError"]
    receiver.up()
    wait_for_log(company, made["id"], state="done")
    assert len(receiver.at(path)) == 1


def test_410_switches_the_url_off(company, receiver, fresh):
    path = next(_paths)
    made = add_url(company, receiver, path)
    receiver.answers = lambda request: GONE
    change(company, fresh())
    wait_for_log(company, made["id"], state="parked", lastStatus=410)
    [shown] = call(company, QUERY, {})
    assert shown["id"] == made["id"] and shown["enabled"] is False
    change(company, fresh())
    receiver.answers = lambda request: OK
    add_url(company, receiver, path)
    number = fresh()
    change(company, number)
    assert receiver.wait(path, 2)[1].event["data"]["whatsApp"] == number


def test_events_of_one_customer_arrive_in_order_whatever_fails(company, receiver, fresh):
    path, numbers = next(_paths), [fresh() for _ in range(10)]
    receiver.answers = SometimesFails()
    add_url(company, receiver, path)
    for i in range(8):
        for number in numbers:
            change(company, number, desc=str(i))
    wait_until("all events", lambda: len({r.event["id"] for r in receiver.at(path)}) == 80)
    for number in numbers:
        order = [
            int(request.event["id"].removeprefix("evt_"))
            for request in receiver.at(path)
            if request.event["data"]["whatsApp"] == number
        ]
        assert order == sorted(order) and len(set(order)) == 8


def test_each_url_of_the_type_gets_its_own(company, receiver, fresh):
    paths = [next(_paths) for _ in range(3)]
    secrets = [add_url(company, receiver, path)["secret"] for path in paths]
    other = next(_paths)
    add_url(company, receiver, other, type="account")
    change(company, fresh())
    for path, secret in zip(paths, secrets):
        [request] = receiver.wait(path)
        assert_genuine(request, company.tenant, secret)
    assert not receiver.at(other)


def test_both_secrets_sign_after_a_rotation(company, receiver, fresh):
    path = next(_paths)
    old = add_url(company, receiver, path)["secret"]
    new = "whsec_" + "bmV3" * 10
    add_url(company, receiver, path, secret=new)
    change(company, fresh())
    [request] = receiver.wait(path)
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    assert_genuine(request, company.tenant, old)
    assert_genuine(request, company.tenant, new)


def test_a_new_api_key_makes_the_next_token(delivering, company, receiver, fresh):
    path = next(_paths)
    secret = add_url(company, receiver, path)["secret"]
    key = delivering.command("tenant", "rotate-key", company.tenant.id).stdout.strip()
    assert key != company.tenant.key
    company.tenant.key = key
    change(company, fresh())
    assert_genuine(receiver.wait(path)[0], company.tenant, secret)


def test_a_replay_comes_with_the_same_id(company, receiver, fresh):
    path = next(_paths)
    made = add_url(company, receiver, path)
    change(company, fresh())
    record = wait_for_log(company, made["id"], state="done")
    assert call(company, REPLAY, {"eventIds": [record["eventId"]]}) == 1
    first, second = receiver.wait(path, 2)
    assert first.event == second.event
    wait_for_log(company, made["id"], state="done")
    span = {"id": made["id"], "from": record["time"], "to": record["time"] + 1}
    assert call(company, REPLAY, span) == 1
    assert receiver.wait(path, 3)[2].event == first.event


def test_tenants_never_get_each_others_events(delivering, company, receiver, fresh):
    mine, theirs = next(_paths), next(_paths)
    add_url(company, receiver, mine)
    other = delivering.add_tenant(next(_tenants), rate_limit=0)
    with Client(delivering, other) as their_client:
        secret = add_url(their_client, receiver, theirs)["secret"]
        number = fresh()
        change(their_client, number)
        [request] = receiver.wait(theirs)
        assert_genuine(request, other, secret)
        assert request.headers["tenant_id"] == other.id
    change(company, number)
    receiver.wait(mine)
    assert len(receiver.at(mine)) == len(receiver.at(theirs)) == 1


def test_an_account_that_comes_online_is_told_as_its_status_is_shown(
    delivering, company, receiver, fresh
):
    path, number = next(_paths), fresh()
    add_url(company, receiver, path, type="account")
    delivering.command(
        *("account", "add", "--tenant", company.tenant.id, number),
        *("--agent", "anna", "--transport", "sandbox"),
    )
    [request] = receiver.wait(path)
    assert request.event["type"] == "account" and request.event["data"]["online"] is True
    shown = company.exchange(
        request_bytes("GET", f"{STATUS}?whatsapp={number}", headers=company.tenant.headers())
    )
    assert request.event["data"] == shown.data


def test_a_test_fire_says_what_the_receiver_answers(company, receiver):
    path = next(_paths)
    made = add_url(company, receiver, path, enabled=False)
    answer = call(company, TEST, {"id": made["id"]})
    assert answer == {"status": 200, "acknowledged": True, "error": "", "body": '{"code":200}'}
    [request] = receiver.at(path)
    assert_genuine(request, company.tenant, made["secret"])
    assert request.event["data"] == {"test": True}
    receiver.answers = lambda request: SILENT
    answer = call(company, TEST, {"id": made["id"]})
    assert (answer["status"], answer["acknowledged"]) == (0, False)
    assert answer["error"] == "no answer within 300 ms"
    assert log_of(company, made["id"]) == []


def metrics(server):
    with Connection(server.port) as connection:
        connection.send(request_bytes("GET", "/metrics"))
        lines = connection.reply().body.decode().splitlines()
    return {line.split(" ")[0]: int(line.split(" ")[1]) for line in lines if line[0] != "#"}


def test_metrics_count_deliveries(delivering, company, receiver, fresh):
    path = next(_paths)
    made = add_url(company, receiver, path)
    before = metrics(delivering)
    turn = itertools.count()
    receiver.answers = lambda request: FAILS if next(turn) == 0 else OK
    change(company, fresh())
    wait_for_log(company, made["id"], state="done")
    after = metrics(delivering)
    for name, grown in [("delivered", 1), ("failed", 1), ("parked", 0), ("started", 2)]:
        name = f"wscrm_webhook_{name}_total"
        assert after[name] - before[name] == grown, name
    assert after["wscrm_webhook_in_flight"] == 0


@pytest.fixture
def example(request):
    """examples/webhook_receiver.py on a free port, with another's secret at first."""
    holder = Receiver()
    port = holder.port
    holder.down()
    started = []

    def start(key, secret):
        process = subprocess.Popen(
            [sys.executable, ROOT / "examples" / "webhook_receiver.py", str(port)],
            env={**os.environ, "API_KEY": key, "WEBHOOK_SECRET": secret},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return process

    start.url = f"http://127.0.0.1:{port}/"
    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_example_takes_what_is_genuine_and_refuses_the_rest(company, example, fresh):
    number, secret = fresh(), "whsec_" + "c2VjcmV0" * 5
    made = call(company, SET, {"type": "customer", "url": example.url, "secret": secret})
    wrong = example(company.tenant.key, "whsec_" + "b3RoZXIh" * 5)
    change(company, number)
    wait_for_log(company, made["id"], state="pending", lastStatus=200)
    wrong.kill()
    wrong.wait()
    right = example(company.tenant.key, secret)
    assert json.loads(right.stdout.readline())["data"]["whatsApp"] == number
    wait_for_log(company, made["id"], state="done")


def test_without_permission_no_loopback_address_is_called(own_server, receiver, fresh):
    """Neither at once nor later: the address is judged when it is dialled, too."""
    server = own_server(*QUICK, *ALLOW, demo=False)
    tenant = server.add_tenant(7, rate_limit=0)
    with Client(server, tenant) as client:
        made = add_url(client, receiver, "/in")
        receiver.answers = lambda request: FAILS
        change(client, fresh())
        receiver.wait("/in")
    server.stop()
    server.options = [*QUICK]
    server.start()
    seen = len(receiver.requests)
    with Client(server, tenant) as client:
        wait_for_log(client, made["id"], lastError="the address of the host may not be called")
        answer = call(client, TEST, {"id": made["id"]})
        assert answer["error"] == "the address of the host may not be called"
    assert len(receiver.requests) == seen


def test_what_was_pending_at_a_stop_arrives_after_the_start(own_server, receiver, fresh):
    server = own_server(*QUICK, *ALLOW, demo=False)
    tenant = server.add_tenant(7, rate_limit=0)
    receiver.answers = lambda request: SILENT
    with Client(server, tenant) as client:
        made = add_url(client, receiver, "/in")
        for _ in range(5):
            change(client, fresh())
        receiver.wait("/in", 5)
    begun = time.monotonic()
    server.stop()
    assert time.monotonic() - begun < 5
    receiver.answers = lambda request: OK
    server.start()
    with Client(server, tenant) as client:
        wait_until("all", lambda: all(r["state"] == "done" for r in log_of(client, made["id"])))
    assert len({request.event["id"] for request in receiver.requests}) == 5
