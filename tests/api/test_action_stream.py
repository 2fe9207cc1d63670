"""open/action/stream: who is told what, once."""

import re
import time

import pytest
from actions import FRIEND, STREAM, Listener, add, answer, item, results
from harness import Client, Closed, Connection, Server, request_bytes, wait_until

QUICK = ("--action-interval", "0", "--action-heartbeat", "150ms")


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A server whose actions are due at once, with a tenant without a rate limit."""
    running = Server(tmp_path_factory.mktemp("actions") / "data", *QUICK)
    try:
        yield running.start()
        running.stop()
    finally:
        running.end()


@pytest.fixture(scope="module")
def tenant(quick):
    return quick.add_tenant(7, rate_limit=0, agents=[f"agent{i}" for i in range(20)] + ["anna"])


@pytest.fixture
def client(quick, tenant):
    with Client(quick, tenant) as made:
        yield made


@pytest.fixture
def agent(request, _numbers=iter(range(20))):
    return f"agent{next(_numbers)}"


def test_a_listener_gets_an_action_and_answers(quick, tenant, client, agent):
    quick.command("account", "add", "--tenant", tenant.id, "8613900000011", "--agent", agent,
                  "--transport", "sandbox")
    with Listener(quick, tenant, agent) as listener:
        assert listener.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert listener.headers["cache-control"] == "no-store"
        assert "content-length" not in listener.headers
        one, two = add(client, item(agent, whatsId="8613900000011", content='say "hi"\nthere'),
                       item(agent))
        assert listener.action() == {"id": one, "whatsId": "8613900000011", "friendWhatsId": FRIEND,
                                     "content": 'say "hi"\nthere'}
        assert listener.action() == {"id": two, "whatsId": "", "friendWhatsId": FRIEND,
                                     "content": ""}
        assert answer(client, one).code == 200
        assert results(client, [one, two]) == [(1, ""), (0, "")]


def test_a_heartbeat_and_a_time_to_come_again(quick, tenant, agent):
    with Listener(quick, tenant, agent, wait=False) as listener:
        listener.connection._head()
        assert listener.event()["retry"] == "3000"
        assert listener.event() == {}
        before = time.monotonic()
        assert listener.event() == {}
        assert time.monotonic() - before > 0.1


def test_actions_wait_for_a_listener(quick, tenant, client, agent):
    ids = add(client, item(agent), item(agent))
    with Listener(quick, tenant, agent) as listener:
        assert [listener.action()["id"], listener.action()["id"]] == ids


def test_one_listener_gets_each_action_and_the_newest_is_asked_first(quick, tenant, client, agent):
    with Listener(quick, tenant, agent) as old:
        with Listener(quick, tenant, agent) as new:
            ids = add(client, item(agent), item(agent))
            assert [new.action()["id"], new.action()["id"]] == ids
            old.silent()
        wait_until("the old one is asked", lambda: add(client, item(agent)) and old.event())
        with Listener(quick, tenant, "anna") as other:
            other.silent()


def test_what_was_not_seen_is_replayed(quick, tenant, client, agent):
    with Listener(quick, tenant, agent) as first:
        ids = add(client, *[item(agent)] * 3)
        assert first.action()["id"] == ids[0]
        wait_until("all are handed over", lambda: len(first.connection.buffer) or not first.event())
    with Listener(quick, tenant, agent, last=ids[0]) as second:
        assert [second.action()["id"], second.action()["id"]] == ids[1:]
        assert answer(client, ids[1]).code == 200
    with Listener(quick, tenant, agent, last=ids[0]) as third:  # it had noted nothing
        assert third.action()["id"] == ids[2]
        third.silent()
    with Listener(quick, tenant, agent, last=ids[2]) as fourth:
        fourth.silent()


def test_a_session_that_has_seen_nothing_is_replayed_from_its_start(quick, tenant, client, agent):
    with Listener(quick, tenant, agent) as first:
        session = first.last
        ids = add(client, item(agent))
        assert first.action()["id"] == ids[0]
        with Listener(quick, tenant, agent, last=session) as second:
            assert first.ended() == []  # its session came again
            assert second.action()["id"] == ids[0]
            assert second.last == ids[0]


@pytest.mark.parametrize("last", ["", "x", "s000000000000", "s00000000000g", "0" * 32, "s" * 300])
def test_an_unknown_last_event_is_none(quick, tenant, client, last):
    with Listener(quick, tenant, "anna") as other:
        ids = add(client, item("anna"))
        assert other.action()["id"] == ids[0]
        with Listener(quick, tenant, "anna", last=last) as listener:
            listener.silent()
            other.silent()


def test_streams_at_fault(quick, tenant, client):
    def opened(query, **headers):
        return client.call(STREAM + query, b"", method="GET", headers=headers)

    assert (opened("").status, opened("").code) == (200, 531)
    assert opened("?agentAccount=nobody").code == 530
    assert client.call_unsigned(STREAM + "?agentAccount=anna", b"", method="GET").code == 523
    # What stands in a URL stands in logs: there is no signing there.
    signed = "&".join(f"{name}={value}" for name, value in tenant.headers().items())
    reply = client.call_unsigned(f"{STREAM}?agentAccount=anna&{signed}", b"", method="GET")
    assert reply.code == 523
    assert client.call(STREAM, {}).status == 405
    with Connection(quick.port) as connection:
        path = f"{STREAM}?agentAccount=anna"
        connection.send(request_bytes("HEAD", path, b"", tenant.headers()))
        assert connection.reply(head_only=True).status == 400


def open_streams(client):
    metrics = client.call_unsigned("/metrics", b"", method="GET").body.decode()
    return int(re.search(r"^wscrm_action_streams (\d+)$", metrics, re.M)[1])


def test_an_agent_has_eight_streams(quick, tenant, client, agent):
    streams = [Listener(quick, tenant, agent) for _ in range(8)]
    assert open_streams(client) >= 8
    reply = client.call(f"{STREAM}?agentAccount={agent}", b"", method="GET")
    assert (reply.status, reply.code) == (503, 503)
    assert "of an agent at most 8" in reply.message
    Listener(quick, tenant, agent, last=streams[0].last).close()  # in the place of the first
    assert streams[0].ended() == []
    for stream in streams:
        stream.close()


def test_a_client_that_says_too_much_is_left(quick, tenant, agent):
    with Listener(quick, tenant, agent) as listener:
        listener.connection.send(b"x" * 4096)
        listener.silent()
        listener.connection.send_or_closed(b"x" * 2)
        assert listener.ended() == []


def test_a_client_that_does_not_read_is_left_and_comes_again(quick, tenant, client, agent):
    ids = []
    wait_until("those of other tests are gone", lambda: open_streams(client) == 0)
    with Listener(quick, tenant, agent) as slow:
        for _ in range(8):  # 3 MiB: more than the kernel's buffers and the outbox
            ids += add(client, *[item(agent, content="\u4f60" * 1024)] * 125)
        wait_until("it is closed", lambda: open_streams(client) == 0)
        seen = slow.ended()
        assert seen == ids[: len(seen)]
        assert len(seen) < len(ids)
        last = slow.last
    with Listener(quick, tenant, agent, last=last) as again:
        assert again.action()["id"] == ids[len(seen)]


@pytest.mark.parametrize("change", ["key", "agent", "edition"])
def test_a_stream_ends_with_what_opened_it(quick, change):
    tenant = quick.add_tenant({"key": 91, "agent": 92, "edition": 93}[change])
    with Listener(quick, tenant, "anna") as listener:
        if change == "key":
            quick.command("tenant", "rotate-key", tenant.id)
        elif change == "agent":
            quick.command("agent", "remove", "--tenant", tenant.id, "anna")
        else:
            quick.command("tenant", "set", tenant.id, "--edition", "standard")
        assert listener.ended() == []


def test_times_of_an_agent_and_of_patience(own_server):
    server = own_server("--action-interval", "500ms", "--action-timeout", "1s")
    tenant = server.add_tenant(7, rate_limit=0)
    with Client(server, tenant) as client, Listener(server, tenant, "anna") as listener:
        asked = time.monotonic()
        ids = add(client, item(), item(), item("ben"))
        assert listener.action()["id"] == ids[0]
        at_once = time.monotonic()
        assert listener.action()["id"] == ids[1]
        assert time.monotonic() - asked > 0.45 > at_once - asked or at_once - asked > 0.45
        assert answer(client, ids[0]).code == 200
        wait_until("both have failed", lambda: results(client, ids) == [
            (1, ""), (-1, "no answer"), (-1, "no listener")])
        assert time.monotonic() - asked > 1


def test_a_drain_does_not_wait_for_streams(own_server):
    server = own_server()
    tenant = server.add_tenant(7)
    streams = [Listener(server, tenant, agent) for agent in ("anna", "ben") for _ in range(4)]
    before = time.monotonic()
    server.stop()
    assert time.monotonic() - before < 5
    for stream in streams:
        assert stream.ended() == []


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.threads
def test_a_restart_in_the_middle_loses_and_repeats_nothing(own_server, end):
    server = own_server(*QUICK)
    agents = ["anna", "ben", "cem"]
    tenant = server.add_tenant(7, rate_limit=0, agents=agents)
    seen = {agent: [] for agent in agents}
    made = {agent: [] for agent in agents}
    last = dict.fromkeys(agents)
    for round_ in range(3):
        streams = {a: Listener(server, tenant, a, last=last[a]) for a in agents[: 2 + round_ % 2]}
        with Client(server, tenant) as client:
            ids = add(client, *[item(agent) for agent in agents for _ in range(20)])
        for i, agent in enumerate(agents):
            made[agent] += ids[20 * i : 20 * i + 20]
        first = next(iter(streams))
        for _ in range(7):  # some are seen, some are on their way, some are not handed over
            seen[first].append(streams[first].action()["id"])
        end(server)
        for agent, stream in streams.items():
            seen[agent] += stream.ended()
            last[agent] = stream.last
            stream.close()
        server.start()
    for agent in agents:
        with Listener(server, tenant, agent, last=last[agent]) as listener:
            while len(seen[agent]) < len(made[agent]):
                seen[agent].append(listener.action()["id"])
            listener.silent()
        assert seen[agent] == made[agent]
    assert server.command("check").returncode == 0
