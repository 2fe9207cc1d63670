"""The server is killed while it sends. The sandbox's journal is the witness of what left: it is written
by the transport, outside the store."""

import itertools
import json
import random
import time

import pytest
from harness import Client, Server, wait_until

KILLS = 50
RECIPIENTS = 20_000
PAGE = 5000

# Half of the accounts have more than one message under way at a time.
IN_FLIGHT = {8613900000000 + i: 1 if i % 2 else 4 for i in range(10)}

MARK = "/wscrm-bus-api/open/mark/batchAdd"
GROUP = "/wscrm-bus-api/open/customerGroup/save"
STATUS = "/group-dispatch-api/gsTask/queryExecuteStatus"

# The last four digits say what the sandbox does: these are none that it knows.
RECIPIENT = "861{:07}7777"

COMPLETED = 5
UNKNOWN = "unknown after restart"


@pytest.fixture
def sender(tmp_path):
    """A server, started, with a tenant whose accounts send at once, and a group of recipients."""
    server = Server(tmp_path / "data", "--log-requests=none", demo=False)
    try:
        server.start()
        server.tenant = server.add_tenant(
            7, agents=("anna",), rate_limit=0, token_window=0, edition="professional"
        )
        for number, in_flight in IN_FLIGHT.items():
            settings = ("--set", "speed=0", "--set", f"in_flight={in_flight}")
            server.command(
                *("account", "add", "--tenant", 7, number, "--agent", "anna"),
                *("--transport", "sandbox", *settings),
            )
        numbers = [RECIPIENT.format(i) for i in range(RECIPIENTS)]
        ask(server, GROUP, {"name": "all", "whatsIds": numbers})
        yield server
        if server.process:
            server.stop()
    finally:
        server.end()


def ask(server, path, body):
    with Client(server, server.tenant) as client:
        reply = client.call(path, body)
    assert reply.code == 200, reply.body
    return reply.data


def make_task(server, name):
    item = {
        "name": name,
        "executorList": ["anna"],
        "customerGroupKey": 2,
        "customerGroupValue": "all",
        "contentType": 1,
        "content": "Good day",
        "type": 1,
        "sendTimeMin": 0,
        "sendTimeMax": 0,
    }
    return ask(server, MARK, {"data": [item]})[0]


def state_of(server, task, current=1, size=1):
    return ask(server, STATUS, {"taskId": task, "current": current, "pageSize": size})


def is_over(server, task):
    return state_of(server, task)["status"] == COMPLETED


def messages_of(server, task):
    messages = []
    for current in itertools.count(1):
        page = state_of(server, task, current, PAGE)["info"]
        messages += page
        if len(page) < PAGE:
            return messages


def read_journal(server):
    """msgId → whom it went to. A line that a kill has cut is not one that was acknowledged."""
    journal = {}
    for line in (server.data / "sandbox.journal").read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        assert entry["kind"] == "message"
        assert entry["msgId"] not in journal, f"handed over twice: {entry}"
        journal[entry["msgId"]] = entry["to"]
    return journal


def check_task(state, messages, journal):
    """Returns how many of the task's messages are unknown."""
    assert len(messages) == state["total"] == RECIPIENTS
    assert len({message["friendWhatsApp"] for message in messages}) == RECIPIENTS
    unknown = 0
    for message in messages:
        left = message["msgId"] in journal
        if message["status"] == -1:
            assert message["reason"] == UNKNOWN, message
            unknown += 1
        else:
            assert message["status"] == 5, message  # speed 0: read at once
            assert left, f"acknowledged, and never handed over: {message}"
        assert not left or journal[message["msgId"]] == message["friendWhatsApp"]
    assert state["failed"] == unknown
    assert state["sent"] == state["read"] == RECIPIENTS - unknown
    return unknown


def test_fifty_kills_send_nothing_twice_and_lose_nothing(sender):
    moments = random.Random(4)
    tasks, going_on = [], None
    for kill in range(KILLS):
        if going_on is None or is_over(sender, going_on):
            going_on = make_task(sender, f"task {kill}")
            tasks.append(going_on)
        # Soon after a start this is while what was in flight is resolved or recipients are taken in.
        time.sleep(moments.uniform(0, 0.3))
        sender.kill()
        sender.start()
    for task in tasks:
        wait_until(f"{task} is over", lambda task=task: is_over(sender, task), step_s=0.05)
    journal = read_journal(sender)
    unknown = sum(
        check_task(state_of(sender, task), messages_of(sender, task), journal) for task in tasks
    )
    print(f"{len(tasks)} tasks, {len(journal)} hand-overs, {unknown} unknown")
    assert unknown <= KILLS * sum(IN_FLIGHT.values())
    assert len(journal) > RECIPIENTS / 2
    assert sender.command("check").returncode == 0
