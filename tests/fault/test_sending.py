"""The server is killed while it sends. The sandbox's journal is the witness of what left: it is written
by the transport, outside the store."""

import itertools
import json
import random
import time

import pytest
from harness import Client, Server, wait_until
from storm import FAULT_FULL, FAULT_GONE, FAULT_NONE, FAULT_SYNC, lose_what_was_not_synced

KILLS = 50
CUTS = 5
FAULTS = {"full": FAULT_FULL, "gone": FAULT_GONE, "not syncing": FAULT_SYNC}
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


def check_all(server, tasks):
    """Waits for the end of the tasks; returns how many messages left and how many are unknown."""
    for task in tasks:
        wait_until(f"{task} is over", lambda task=task: is_over(server, task), 120, step_s=0.05)
    journal = read_journal(server)
    unknown = sum(
        check_task(state_of(server, task), messages_of(server, task), journal) for task in tasks
    )
    print(f"{len(tasks)} tasks, {len(journal)} hand-overs, {unknown} unknown")
    assert server.command("check").returncode == 0
    return len(journal), unknown


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
    left, unknown = check_all(sender, tasks)
    assert left > RECIPIENTS / 2
    assert unknown <= KILLS * sum(IN_FLIGHT.values())


def has_sent(server, count):
    journal = server.data / "sandbox.journal"
    return journal.exists() and journal.read_bytes().count(b"\n") >= count


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_disk_that_fails_and_comes_back_sends_nothing_twice(sender, preload, fault):
    disk = preload("fail", sender.data)
    sender.stop()
    sender.env = disk.env
    sender.start()
    task = make_task(sender, "on a bad disk")
    for count in range(1000, 6000, 1000):
        wait_until("it sends", lambda count=count: has_sent(sender, count))
        disk.set_fault(fault)
        failed = disk.failed
        wait_until("it fails", lambda failed=failed: disk.failed > failed + 5)
        disk.set_fault(FAULT_NONE)
    _, unknown = check_all(sender, [task])
    assert unknown <= 5 * sum(IN_FLIGHT.values())


def test_what_a_power_cut_takes_away_is_not_sent_twice(sender, preload):
    sender.stop()
    tasks, unknown_most = [], 0
    for cut in range(CUTS):
        disk = preload("lose", sender.data)
        sender.env = disk.env
        sender.start()
        tasks.append(make_task(sender, f"cut {cut}"))
        wait_until("it sends", lambda cut=cut: has_sent(sender, 500 * (cut + 1)))
        sender.kill()
        lose_what_was_not_synced(disk, sender.data)
        unknown_most += sum(IN_FLIGHT.values())
    sender.env = {}
    sender.start()
    _, unknown = check_all(sender, tasks)
    assert unknown <= unknown_most
