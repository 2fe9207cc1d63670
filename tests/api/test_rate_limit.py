"""50 calls a second per API and tenant: refused if and only if that many were accepted before."""

import re
import time

import pytest
from harness import BATCH_IMPORT, QUERY, Connection, Swarm, request_bytes, to_bytes

ASK = b'[{"whatsApp":"8613800000000"}]'
REFUSAL = b'{"code":429,"message":"request limit exceeded","data":""}'


def burst(server, requests):
    """Pipelined; returns the replies, and whether all of it surely was within one second."""
    with Connection(server.port) as connection:
        began = time.monotonic()
        connection.send(b"".join(requests))
        replies = [connection.reply() for _ in requests]
        return replies, time.monotonic() - began < 0.95


def query(tenant, body=ASK, **headers):
    return request_bytes("POST", QUERY, body, {**tenant.headers(), **headers})


def batch(tenant, number):
    body = to_bytes({"data": [{"whatsApp": number, "agentAccount": "anna"}]})
    return request_bytes("POST", BATCH_IMPORT, body, tenant.headers())


def within_a_second(add_tenant, server, make_requests, **settings):
    """The replies to a burst of a tenant that has made no call yet."""
    for _ in range(5):
        tenant = add_tenant(**settings)
        replies, quick = burst(server, make_requests(tenant))
        if quick:
            return tenant, replies
    pytest.fail("the calls never came within a second")


def accepted(replies):
    return [reply.status != 429 for reply in replies]


def test_the_51st_call_within_a_second_is_429(server, add_tenant):
    _, replies = within_a_second(add_tenant, server, lambda tenant: [query(tenant)] * 53)
    for reply in replies[:50]:
        assert (reply.status, reply.body) == (200, b'{"code":200,"message":"Success","data":[]}')
    for reply in replies[50:]:
        assert (reply.status, reply.body) == (429, REFUSAL)
        assert reply.headers["retry-after"] == "1"
        assert reply.headers["content-type"] == "application/json; charset=utf-8"


def test_every_reply_says_what_is_left(server, add_tenant):
    _, replies = within_a_second(add_tenant, server, lambda tenant: [query(tenant)] * 52)
    for i, reply in enumerate(replies):
        assert reply.headers["ratelimit-policy"] == '"default";q=50;w=1'
        found = re.fullmatch(r'"default";r=(\d+);t=(\d+)', reply.headers["ratelimit"])
        assert found, reply.headers
        assert int(found[1]) == max(0, 49 - i)
        assert int(found[2]) in (0, 1)


def test_calls_are_accepted_again_when_a_second_has_passed_and_not_before(server, add_tenant):
    tenant = add_tenant(rate_limit=1)
    with Connection(server.port) as connection:
        before_first = time.monotonic()
        connection.send(query(tenant))
        assert connection.reply().status == 200
        after_first = time.monotonic()
        last_refused = after_first
        while True:
            sent = time.monotonic()
            connection.send(query(tenant))
            if connection.reply().status == 200:
                break
            last_refused = sent
        accepted_by = time.monotonic()
    assert last_refused - after_first < 1.0, "refused more than 1,000 ms after the accepted call"
    assert accepted_by - before_first >= 1.0, "accepted within 1,000 ms of the accepted call"


def test_each_api_has_its_own_count(server, add_tenant, fresh):
    def requests(tenant):
        return [query(tenant)] * 51 + [batch(tenant, fresh())] * 51

    _, replies = within_a_second(add_tenant, server, requests)
    assert accepted(replies) == ([True] * 50 + [False]) * 2


def test_each_tenant_has_its_own_count(server, add_tenant):
    other = add_tenant()
    _, replies = within_a_second(
        add_tenant, server, lambda tenant: [query(tenant)] * 51 + [query(other)]
    )
    assert accepted(replies) == [True] * 50 + [False, True]


def test_both_schemes_share_the_count(server, add_tenant):
    def requests(tenant):
        body = to_bytes(tenant.body("anna", {"data": [{"whatsApp": "8613800000000"}]}))
        return [query(tenant)] * 25 + [request_bytes("POST", QUERY, body)] * 26

    _, replies = within_a_second(add_tenant, server, requests)
    assert accepted(replies) == [True] * 50 + [False]


def test_calls_that_fail_to_authenticate_use_up_nothing(server, add_tenant):
    def requests(tenant):
        return [query(tenant, token="0" * 32)] * 60 + [query(tenant)] * 51

    _, replies = within_a_second(add_tenant, server, requests)
    assert [reply.code for reply in replies[:60]] == [522] * 60
    assert accepted(replies[60:]) == [True] * 50 + [False]


def test_authenticated_calls_that_are_refused_for_their_input_count(server, add_tenant):
    def requests(tenant):
        return [query(tenant, b"[]")] * 20 + [query(tenant, b"[5]")] * 20 + [query(tenant)] * 11

    _, replies = within_a_second(add_tenant, server, requests)
    assert [reply.code for reply in replies] == [506] * 20 + [400] * 20 + [200] * 10 + [429]


def test_a_refused_call_does_nothing(server, add_tenant, fresh):
    numbers = [fresh() for _ in range(4)]
    tenant, replies = within_a_second(
        add_tenant, server, lambda tenant: [batch(tenant, number) for number in numbers], rate_limit=3
    )
    assert accepted(replies) == [True, True, True, False]
    with Connection(server.port) as connection:
        connection.send(query(tenant, to_bytes([{"whatsApp": number} for number in numbers])))
        assert [shown["whatsApp"] for shown in connection.reply().data] == numbers[:3]


@pytest.mark.parametrize("limit", [1, 3, 60])
def test_the_limit_is_a_setting_of_the_tenant(server, add_tenant, limit):
    _, replies = within_a_second(
        add_tenant, server, lambda tenant: [query(tenant)] * (limit + 2), rate_limit=limit
    )
    assert accepted(replies) == [True] * limit + [False] * 2
    assert {reply.headers["ratelimit-policy"] for reply in replies} == {f'"default";q={limit};w=1'}


def test_a_limit_of_0_is_none(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    replies, _ = burst(server, [query(tenant)] * 300)
    assert accepted(replies) == [True] * 300


def test_a_new_limit_counts_at_once(server, add_tenant):
    tenant = add_tenant(rate_limit=1)
    server.command("tenant", "set", tenant.id, "--rate-limit", 0)
    assert accepted(burst(server, [query(tenant)] * 5)[0]) == [True] * 5


@pytest.mark.threads
def test_connections_share_the_count(server, add_tenant):
    """Of many calls at once, on connections of several threads of the server, exactly 50 pass."""
    for _ in range(5):
        tenant = add_tenant()
        statuses, left = [], [10] * 16
        request = query(tenant)

        def next_request():
            if not any(left):
                return None
            left[left.index(max(left))] -= 1
            return request, None

        began = time.monotonic()
        with Swarm(server.port) as swarm:
            swarm.connect(16, next_request, lambda tag, status, body: statuses.append(status), depth=10)
            swarm.run()
        if time.monotonic() - began < 0.95:
            break
    assert len(statuses) == 160
    assert statuses.count(200) == 50 and statuses.count(429) == 110
