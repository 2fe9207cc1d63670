"""What all calls of mass sending have in common: edition, schemes, tenants, Idempotency-Key."""

import json
import pathlib
import re

import pytest
from harness import DEMO, Client, request_bytes
from tasks import (
    CALLS,
    CREATES,
    MARK,
    SENDER,
    STATUS,
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
            task = data[0] if path == MARK else data["taskId"]
