"""Tasks that are really sent, by the sandbox: what becomes of their messages, and of them."""

import json

import pytest
from harness import Server, wait_until
from tasks import (
    COMPLETED,
    GROUP,
    MANY,
    MARK,
    PAUSE,
    PAUSED,
    RESUME,
    SENDER,
    SENDING,
    STOP,
    STOPPED,
    Senders,
    add_senders,
    create,
    data_of,
    many,
    mark,
    sender,
    status,
    wait_for,
)

AT_ONCE = {"startTaskTime": ..., "startInterval": 0, "endInterval": 0}


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    """The sandbox answers at once."""
    made = add_senders(server, add_tenant)
    for number in made.anna + made.ben:
        server.command("account", "set", "--tenant", made.tenant.id, number, "--set", "speed=0")
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def send(client, senders, *numbers, **change):
    targets = [{"sendWhatsApp": senders.anna[0], "friendWhatsApp": number} for number in numbers]
    return create(client, MANY, many(senders, sendInfos=targets, **{**AT_ONCE, **change}))


def settled(client, task, wanted):
    """The answer as soon as the messages have these statuses."""
    def look():
        now = status(client, task)
        return now if [one["status"] for one in now["info"]] == wanted else None
    return wait_until(f"{task} has {wanted}, not {status(client, task)['info']}", look)


def journal(server):
    lines = (server.data / "sandbox.journal").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.threads
def test_a_task_runs_from_its_call_to_its_end(client, senders, server):
    task = send(client, senders, "861380000100", name="from call to end")
    [message] = settled(client, task, [5])["info"]
    done = wait_for(client, task, COMPLETED)
    assert message["sendTime"] > 0 and message["reason"] == ""
    assert [done[n] for n in ("total", "sent", "delivered", "read", "replied", "failed")] == [
        1, 1, 1, 1, 0, 0]
    moves = [(one["from"], one["to"]) for one in done["events"]]
    assert moves == [(0, 2), (2, 3), (3, 5)]
    [line] = [one for one in journal(server) if one["to"] == "861380000100"]
    assert (line["from"], line["text"]) == (senders.anna[0], "hi")


def test_statuses_are_those_of_the_recipients(client, senders):
    task = send(client, senders, *[f"86138001{end}" for end in ("0001", "0002", "0003", "0401", "0402")])
    info = settled(client, task, [4, 3, 6, -1, -1])["info"]
    assert info[3]["reason"] == "not on WhatsApp"
    assert info[3]["sendTime"] == 0
    assert info[4]["reason"] and info[4]["code"] == 131026
    counts = wait_for(client, task, COMPLETED)
    assert [counts[n] for n in ("total", "sent", "delivered", "read", "replied", "failed")] == [
        5, 3, 2, 1, 1, 2]


def test_contents_arrive_in_their_order_filled_in(client, senders, server):
    client.imported([{"whatsApp": "861380020100", "friendName": "李 Lee", "agentAccount": "anna"}])
    content = [{"type": 1, "text": "second {{Name|x}}", "sort": 2}, {"type": 1, "text": "first {}", "sort": 1,
                                                                    "variableFields": ["Name"]}]
    task = send(client, senders, "861380020100", content=content)
    settled(client, task, [5, 5])
    texts = [one["text"] for one in journal(server) if one["to"] == "861380020100"]
    assert texts == ["first 李 Lee", "second 李 Lee"]


def test_who_has_opted_out_gets_nothing(client, senders, server):
    number = "861380030100"
    data_of(client.call("/wscrm-bus-api/open/optOut/set", {"whatsIds": [number], "optOut": True}))
    [message] = settled(client, send(client, senders, number), [-1])["info"]
    assert message["reason"] == "opted out" and message["sendTime"] == 0
    assert number not in [one["to"] for one in journal(server)]


def test_a_reply_that_says_stop_is_an_opt_out(client, senders):
    number = "86138003" + "0004"
    settled(client, send(client, senders, number), [6])
    [message] = settled(client, send(client, senders, number), [-1])["info"]
    assert message["reason"] == "opted out"


@pytest.mark.parametrize("change", [
    {"customerGroupKey": 0, "customerGroupValue": "to be sent"},
    {"customerGroupKey": 1, "customerGroupValue": "sendable"},
    {"customerGroupKey": 2, "customerGroupValue": "sent to"},
    {"segment": {"stage": "to be sent", "tabName": "sendable"}},
])
def test_customers_are_chosen_when_the_task_starts(client, change):
    numbers = [f"86138004{n:04}" for n in range(1000, 1010)]
    client.imported([{"whatsApp": number, "agentAccount": "anna", "stage": "to be sent",
                      "tabName": "sendable"} for number in numbers])
    data_of(client.call(GROUP, {"name": "sent to", "whatsIds": numbers}))
    task = create(client, MARK, mark(type=1, startTime=..., sendTimeMin=0, sendTimeMax=0, **change))
    info = settled(client, task, [5] * 10)["info"]
    assert [one["friendWhatsApp"] for one in info] == numbers
    some = create(client, MARK, mark(type=1, startTime=..., sendTimeMin=0, sendTimeMax=0, reachedNum=3,
                                     **change))
    assert [one["friendWhatsApp"] for one in settled(client, some, [5] * 3)["info"]] == numbers[:3]


@pytest.mark.threads
def test_a_paused_task_waits_and_a_stopped_one_fails_what_is_left(client, senders):
    numbers = [f"86138005{n:04}" for n in range(1000, 1005)]
    task = send(client, senders, *numbers, startInterval=3600, endInterval=3600)
    wait_for(client, task, SENDING)
    assert data_of(client.call(PAUSE, {"taskId": task}))["status"] == PAUSED
    assert data_of(client.call(RESUME, {"taskId": task}))["status"] in (2, SENDING)
    assert data_of(client.call(STOP, {"taskId": task}))["status"] == STOPPED
    def drained():
        now = status(client, task)
        return now if now["failed"] >= 4 else None
    after = wait_until("the rest has failed", drained)
    assert {one["reason"] for one in after["info"] if one["status"] == -1} == {"task stopped"}
    assert after["status"] == STOPPED and after["sent"] + after["failed"] == 5


def test_an_acknowledged_task_outlives_a_crash(tmp_path):
    server = Server(tmp_path / "data").start()
    try:
        senders = Senders(server, server.add_tenant(9, agents=("anna", "ben", "carl"), rate_limit=0,
                                                    edition="professional"))
        for number in senders.anna:
            server.command("account", "set", "--tenant", 9, number, "--set", "speed=0")
        with senders.client() as client:
            task = create(client, SENDER, sender(startInterval=0, endInterval=0))
        server.kill()
        server.start()
        with senders.client() as client:
            done = wait_for(client, task, COMPLETED)
            assert done["sent"] + done["failed"] == 2
            assert all(one["reason"] in ("", "unknown after restart") for one in done["info"])
        server.stop()
    finally:
        server.end()
