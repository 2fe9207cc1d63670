"""Figures of mass sending: a million recipients over a hundred accounts of the sandbox, which sends at once
and without a pause, beside a loop that does no more than the two changes of state of each message."""

import json
import re
import time
from statistics import median

from lab import AGENT, TENANT, Server, Watch, answer, number_at, rss_anon, signed

MIB = 1 << 20
ACCOUNTS = [8_613_900_000_000 + i for i in range(100)]
COMPLETED = 5

MARK = "/wscrm-bus-api/open/mark/batchAdd"
SENDER = "/wscrm-bus-api/open/sender/batchAdd"
STATUS = "/group-dispatch-api/gsTask/queryExecuteStatus"
TARGETS = 5000  # the most that one call takes

FAST = ("speed=0", "interval_min=0", "interval_max=0")


def call(server, path, body):
    reply = json.loads(answer(server.port, signed("POST", path, json.dumps(body).encode()))
                       .partition(b"\r\n\r\n")[2])
    if reply["code"] != 200:
        raise RuntimeError(f"{path}: {reply}")
    return reply["data"]


def set_accounts(lab, data, command, *settings):
    for number in ACCOUNTS:
        words = ["account", command, "--data", data, "--tenant", TENANT, str(number)]
        words += ["--agent", AGENT, "--transport", "sandbox"] if command == "add" else []
        for setting in settings:
            words += ["--set", setting]
        lab.wscrm(*words)


def quiet_now():
    """So that a task's recipients can be taken in while nothing is sent yet."""
    hour = time.localtime().tm_hour
    return f"quiet_hours={(hour - 1) % 24:02}:00-{(hour + 12) % 24:02}:00"


def start_segment_task(server):
    """All customers, by their stage."""
    task = {
        "name": "all of them",
        "executorList": [AGENT],
        "customerGroupKey": 0,
        "customerGroupValue": "negotiating",
        "contentType": 1,
        "content": "Good day",
        "type": 1,
        "sendTimeMin": 0,
        "sendTimeMax": 0,
    }
    return call(server, MARK, {"data": [task]})[0]


def start_number_tasks(server, count):
    """The same recipients, given by number."""
    tasks = []
    for first in range(0, count, TARGETS):
        numbers = [str(number_at(i)) for i in range(first, min(first + TARGETS, count))]
        info = {
            "agentAccount": AGENT,
            "whatsId": "",
            "taskType": 1,
            "friendWhatsIds": numbers,
            "startInterval": 0,
            "endInterval": 0,
            "sendData": [{"sendIndex": 0, "sendType": 1, "content": "Good day"}],
        }
        tasks.append(call(server, SENDER, {"info": info})["taskId"])
    return tasks


def state(server, task):
    return call(server, STATUS, {"taskId": task, "current": 1, "pageSize": 1})


def wait_for(condition, seconds=1800):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the tasks do not end")
        time.sleep(0.1)


def sent_lines(data):
    try:
        return (data / "sandbox.journal").read_bytes().count(b"\n")
    except FileNotFoundError:
        return 0


def journal_rate(data):
    """Messages a second between the first line of the journal and the last."""
    with open(data / "sandbox.journal", "rb") as journal:
        lines = journal.read().split(b"\n")[:-1]
    first, last = (int(re.search(rb'"time":(\d+)', line)[1]) for line in (lines[0], lines[-1]))
    return (len(lines) - 1) * 1000 / max(1, last - first)


def queued_store(bench):
    """A store with the task's messages queued and nothing sent; reports how that went."""
    lab = bench.lab
    data = bench.store()
    set_accounts(lab, data, "add", *FAST, quiet_now())
    server = Server(lab, data, "--log-requests", "none")
    watch = Watch(lambda: rss_anon(server.pids))
    began = time.monotonic()
    task = start_segment_task(server)
    wait_for(lambda: state(server, task)["total"] >= bench.plan.customers)
    bench.say(f"recipients of a segment taken in: {time.monotonic() - began:.1f} s")
    bench.frozen = watch.stop()
    server.stop()
    set_accounts(lab, data, "set", "quiet_hours=")
    return data, task


def send_for(bench, data, seconds):
    """The product for some seconds, on a copy. Its rate."""
    copy = bench.lab.copy_store(data)
    server = Server(bench.lab, copy, "--log-requests", "none")
    wait_for(lambda: sent_lines(copy) > 0)
    time.sleep(seconds)
    server.stop()
    return journal_rate(copy)


def change_for(bench, data, seconds, group_rows):
    """The loop for some seconds, on a copy. Its rate."""
    copy = bench.lab.copy_store(data)
    report = bench.lab.changes(copy, bench.plan.customers, seconds, group_rows)
    return report["rate"]


def whole_task(bench, data, task):
    """The task from a start with all of it queued to its end."""
    copy = bench.lab.copy_store(data)
    began = time.monotonic()
    server = Server(bench.lab, copy, "--log-requests", "none")
    ready = time.monotonic() - began
    watch = Watch(lambda: rss_anon(server.pids))
    wait_for(lambda: state(server, task)["status"] == COMPLETED)
    largest = max(watch.stop(), bench.frozen)
    counts = state(server, task)
    server.stop()
    if counts["sent"] + counts["failed"] != counts["total"]:
        raise RuntimeError(f"counts do not add up: {counts}")
    bench.say(f"sending: {counts['total']:,} messages, {journal_rate(copy):,.0f}/s")
    return ready, largest


def by_numbers(bench):
    """The same number of recipients in calls of 5,000."""
    lab = bench.lab
    data = lab.new_store()
    set_accounts(lab, data, "add", *FAST)
    server = Server(lab, data, "--log-requests", "none")
    watch = Watch(lambda: rss_anon(server.pids))
    began = time.monotonic()
    tasks = start_number_tasks(server, bench.plan.customers)
    asked = time.monotonic() - began
    for task in tasks:
        wait_for(lambda task=task: state(server, task)["status"] == COMPLETED)
    bench.say(
        f"sending: {len(tasks)} calls in {asked:.1f} s, all sent after"
        f" {time.monotonic() - began:.1f} s, {journal_rate(data):,.0f}/s"
    )
    largest = watch.stop()
    server.stop()
    return largest


def sending(bench):
    plan = bench.plan
    data, task = queued_store(bench)
    ready, largest = whole_task(bench, data, task)
    ratios = []
    for _ in range(plan.sending_rounds):
        rate = send_for(bench, data, plan.sending_seconds)
        ratios.append(rate / change_for(bench, data, plan.sending_seconds, len(ACCOUNTS)))
    table = bench.table
    table.add("sending: rate, against the two changes of state alone", median(ratios), least=0.5)
    table.add("sending: RssAnon, one task over a segment", largest / MIB, " MiB", most=64)
    table.add("sending: RssAnon, calls of 5,000 numbers", by_numbers(bench) / MIB, " MiB", most=64)
    table.add("sending: a start with all of it queued", ready, " s", most=1)
