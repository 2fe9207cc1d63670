"""What all calls of mass sending have in common: edition, schemes, tenants, Idempotency-Key."""

import json
import pathlib
import random
import re

import pytest
from harness import DEMO, Client, Connection, Server, request_bytes, to_bytes
from tasks import (
    CALLS,
    CREATES,
    MARK,
    OWN,
    SENDER,
    STATUS,
    Senders,
    add_senders,
    create,
    data_of,
    good,
    mark,
    page,
    sender,
    single,
    SINGLE,
    status,
    total,
)


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    return add_senders(server, add_tenant)


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


@pytest.fixture(scope="module")
def others(server, add_tenant):
    return add_senders(server, add_tenant)


def test_the_standard_edition_has_none_of_them(server, add_tenant):
    standard = add_senders(server, add_tenant, edition="standard")
    with standard.client() as client:
        for path in CALLS:
            reply = client.call(path, {})
            assert (reply.status, reply.code) == (200, 529), path
        reply = client.exchange(request_bytes("GET", STATUS + "?taskId=1", b"",
                                              standard.tenant.headers()))
        assert reply.code == 529


@pytest.mark.parametrize("path", CREATES)
def test_both_schemes_sign_them(client, senders, path):
    for user in ("boss", "ben"):
        reply = client.call_body(path, user, good(senders, path))
        assert reply.code == 200, reply.body
    assert client.call_unsigned(path, good(senders, path)).code in (523, 524)


@pytest.mark.parametrize("path", CREATES)
def test_success_is_told_in_the_words_of_its_prefix(client, senders, path):
    message = client.call(path, good(senders, path)).message
    assert message == ("Success" if path.startswith("/wscrm-bus-api") else "success")


@pytest.mark.threads
@pytest.mark.parametrize("path", CREATES)
def test_two_calls_with_one_key_make_one_task(client, senders, path, number):
    body, key = good(senders, path), {"Idempotency-Key": f"task-{number}"}
    before = total(client)
    first = client.call(path, body, headers=key)
    data_of(first)
    again = client.call(path, body, headers=key)
    assert again.body == first.body and again.headers["idempotency-replayed"] == "true"
    assert total(client) == before + 1


def test_without_a_key_a_second_one_of_the_same_name_is_refused(client):
    body = mark()
    create(client, MARK, body)
    assert client.call(MARK, body).code == 521


def test_a_refused_call_leaves_its_key_free(client, number):
    key = {"Idempotency-Key": f"task-{number}"}
    assert client.call(MARK, mark(content=...), headers=key).code == 514
    assert client.call(MARK, mark(customerGroupValue="nobody"), headers=key).code == 511
    create(client, MARK, mark(), **key)


def test_tenants_neither_see_nor_steer_each_others_tasks(client, others):
    task = create(client, MARK, mark())
    with others.client() as other:
        for path in CALLS:
            if path not in CREATES and "taskId" in path or path.endswith(("Status", "pause", "resume", "stop")):
                reply = other.call(path, {"taskId": task})
                assert (reply.code, reply.message) == (-1, "no such task"), path
        assert task not in [one["taskId"] for one in page(other, pageSize=500)["records"]]
    assert status(client, task)["status"] == 1


def test_another_tenants_agents_and_accounts_are_nobodys(client, senders, others):
    body = single(senders)
    with others.client() as other:
        assert other.call(SINGLE, body).code == 508
        assert other.call(SENDER, sender(whatsId=senders.anna[0], agentAccount=...)).code == 508


def test_of_calls_at_once_one_gets_the_name(client, senders):
    body = to_bytes(mark())
    before = total(client)
    connections = [Connection(senders.server.port) for _ in range(8)]
    try:
        for connection in connections:
            connection.send(request_bytes("POST", MARK, body, senders.tenant.headers()))
        codes = sorted(connection.reply().code for connection in connections)
    finally:
        for connection in connections:
            connection.close()
    assert codes == [200] + [521] * 7
    assert total(client) == before + 1


def test_what_is_acknowledged_is_there_after_a_crash(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        tenant = server.add_tenant(9, agents=("anna", "ben", "carl"), rate_limit=0, edition="professional")
        senders = Senders(server, tenant)
        body, key = mark(), {"Idempotency-Key": "one"}
        with senders.client() as client:
            first = client.call(MARK, body, headers=key)
            shown = status(client, data_of(first)[0])
        server.kill()
        server.start()
        with senders.client() as client:
            assert status(client, first.data[0]) == shown
            again = client.call(MARK, body, headers=key)
            assert again.body == first.body and total(client) == 1
        server.stop()
    finally:
        server.end()


JUNK = [None, "", 0, 1, -1, 2, 1.5, 2**53 - 1, True, "x", "😀" * 300, "x" * 5000, [], {}, [[]], [{}], ["x"],
        {"a": 1}, [1, 2], ",", "[]", "{{Name|x}}", "{}", "2099-01-01", "8613800000001,", "http://a.b/c"]


def spoiled(dice, value):
    """The value with one of its members, at any depth, replaced by something else, twice, or gone."""
    if not isinstance(value, (dict, list)) or not value or dice.random() < 0.2:
        return dice.choice(JUNK)
    changed = value.copy()
    at = dice.choice(list(value) if isinstance(value, dict) else range(len(value)))
    if dice.random() < 0.2:
        del changed[at]
    elif dice.random() < 0.2 and isinstance(value, list):
        changed.append(changed[at])
    else:
        changed[at] = spoiled(dice, value[at])
    return changed


@pytest.mark.parametrize("path", CREATES)
def test_whatever_is_spoiled_is_refused_whole_or_makes_a_task(client, senders, path):
    dice = random.Random(path)
    content = [{"type": 1, "text": "a {} b", "variableFields": ["Name"], "sort": 1, "transId": "t"},
               {"type": 11, "link": "http://a.b/c", "routeType": 1, "routeList": ["anna"]}]
    count, codes = total(client), set()
    for _ in range(150):
        body = {**good(senders, path), "segment": {"stage": "x"}, "endTaskTime": "2100-01-01"}
        if "content" in body:
            body["content"] = content
        if path == OWN:
            body["sendInfos"] = [{**one, "content": content} for one in body["sendInfos"]]
        for _ in range(dice.randint(1, 3)):
            body = spoiled(dice, body)
        reply = client.call(path, body)
        assert (reply.code == 400) == (reply.status == 400) and reply.status in (200, 400), reply.body
        made = len(reply.data) if path == MARK and reply.code == 200 else reply.code == 200
        count += made
        codes.add(reply.code)
        assert total(client) == count, body
    assert len(codes) > 5


def test_the_examples_in_the_documentation_are_taken(own_server):
    text = (pathlib.Path(__file__).resolve().parents[2] / "docs/API.md").read_text()
    examples = re.findall(r"^call (/\S+) '(\{.*?\})'$", text, re.M | re.S)
    assert len(examples) >= 6 and {path for path, _ in examples} >= {MARK, SENDER, SINGLE, STATUS}
    with Client(own_server(), DEMO) as client:
        task = None
        for path, body in examples:
            body = json.loads(body)
            if "taskId" in body:
                body["taskId"] = task
            data = data_of(client.call(path, body))
            if path == MARK or "taskId" in data:
                task = data[0] if path == MARK else data["taskId"]
