"""Mass sending from the call to the journal: tasks are sent, their messages' states come, a restart and a
kill lose nothing and send nothing twice."""

import json
import os

import pytest
from harness import DEMO, Client, wait_until
from tasks import COMPLETED, MANY, PAUSE, PAUSED, RESUME, SINGLE, STOP, STOPPED, create, data_of, status

ONLINE = "/group-dispatch-api/whatsapp/queryWhatsAppStatus"
TEXT = [{"type": 1, "text": "hello"}]
FIRST = 49170000000


def wait(what, condition):
    """The demo tenant may call 50 times a second."""
    return wait_until(what, condition, step_s=0.05)


def journal(server):
    path = os.path.join(server.data, "sandbox.journal")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def add_account(server, number, *settings, tenant="1", agent="lsl001"):
    server.command("account", "add", "--tenant", tenant, number, "--agent", agent, "--transport",
                   "sandbox", *(f"--set={one}" for one in settings))
    return number


def targets(account, count, first=1000):
    return [{"sendWhatsApp": account, "friendWhatsApp": f"{FIRST}{first + n:04}"}
            for n in range(count)]


def task(client, account, count, first=1000, interval=0):
    return create(client, MANY, {"sendInfos": targets(account, count, first), "content": TEXT,
                                 "startInterval": interval, "endInterval": interval})


def has_status(client, task_id, wanted):
    return lambda: status(client, task_id)["status"] == wanted


@pytest.fixture
def running(own_server):
    return own_server()


@pytest.fixture
def fast(running):
    return add_account(running, "4915200000001", "speed=0", "in_flight=16")


def test_a_task_is_sent_and_its_messages_are_read(running, fast):
    with Client(running, DEMO) as client:
        made = task(client, fast, 50)
        wait("the task's end", has_status(client, made, COMPLETED))
        shown = status(client, made)
        assert (shown["total"], shown["sent"], shown["read"], shown["failed"]) == (50, 50, 50, 0)
        assert {one["status"] for one in shown["info"]} == {5}
        lines = journal(running)
        assert len(lines) == 50
        assert {line["to"] for line in lines} == {t["friendWhatsApp"] for t in targets(fast, 50)}
        assert {line["text"] for line in lines} == {"hello"}


def test_what_numbers_stand_for_is_shown_with_its_reason(running, fast):
    with Client(running, DEMO) as client:
        made = create(client, MANY, {
            "sendInfos": [{"sendWhatsApp": fast, "friendWhatsApp": f"{FIRST}{end}"}
                          for end in ("0401", "0402", "0500", "0003")],
            "content": TEXT, "startInterval": 0, "endInterval": 0})
        wait("the reply", lambda: status(client, made)["info"][3]["status"] == 6)
        found = [(one["status"], one["reason"]) for one in status(client, made)["info"]]
        assert found == [(-1, "not on WhatsApp"), (-1, "undeliverable"), (-1, "timed out"), (6, "")]


def test_who_answers_stop_gets_no_more(running, fast):
    with Client(running, DEMO) as client:
        made = task(client, fast, 1, first=4)
        wait("the task's end", has_status(client, made, COMPLETED))
        wait("the answer", lambda: status(client, made)["info"][0]["status"] == 6)
        again = task(client, fast, 1, first=4)
        wait("the task's end", has_status(client, again, COMPLETED))
        shown = status(client, again)["info"][0]
        assert (shown["status"], shown["reason"]) == (-1, "opted out")
        assert len(journal(running)) == 1


def test_a_task_pauses_goes_on_and_stops(running):
    account = add_account(running, "4915200000001", "speed=0")
    with Client(running, DEMO) as client:
        made = task(client, account, 100, interval=3600)
        wait("the first message", lambda: status(client, made)["sent"] == 1)
        data_of(client.call(PAUSE, {"taskId": made}))
        assert status(client, made)["status"] == PAUSED
        data_of(client.call(RESUME, {"taskId": made}))
        data_of(client.call(STOP, {"taskId": made}))
        wait("the end", lambda: status(client, made)["failed"] == 99)
        shown = status(client, made)
        assert shown["status"] == STOPPED
        assert {one["reason"] for one in shown["info"][1:]} == {"task stopped"}
        assert len(journal(running)) == 1


def test_variables_are_filled_in_for_each_recipient(running, fast):
    with Client(running, DEMO) as client:
        made = create(client, SINGLE, {
            "sendWhatsApp": fast, "friendWhatsApp": "15266667779", "targetType": 1,
            "startInterval": 0, "endInterval": 0,
            "content": [{"type": 1, "text": "dear {{Name|friend}}, {{Email|-}}"}]})
        wait("the task's end", has_status(client, made, COMPLETED))
        assert journal(running)[0]["text"] == "dear lee, 223@gmail.com"


def test_a_kill_in_between_loses_nothing_and_sends_nothing_twice(own_server):
    server = own_server()
    accounts = [add_account(server, f"491520000000{n}", "speed=0", "in_flight=4") for n in range(4)]
    with Client(server, DEMO) as client:
        made = [task(client, account, 400, first=1000 + 500 * n)
                for n, account in enumerate(accounts)]
        wait("some messages", lambda: len(journal(server)) > 100)
    server.kill()
    server.start()
    with Client(server, DEMO) as client:
        for one in made:
            wait("the task's end", has_status(client, one, COMPLETED))
        lines = journal(server)
        ids = [line["msgId"] for line in lines]
        assert len(ids) == len(set(ids))
        by_id = set(map(str, ids))
        unknown = 0
        for one in made:
            for message in status(client, one)["info"]:
                if message["status"] == -1:
                    assert message["reason"] == "unknown after restart"
                    unknown += 1
                else:
                    assert message["msgId"] in by_id
        assert unknown <= 16


def test_an_account_is_online_as_its_transport_says(running):
    account = add_account(running, "4915200000001", "speed=0.2")
    with Client(running, DEMO) as client:
        def is_online():
            return data_of(client.call(f"{ONLINE}?whatsapp={account}", None, method="GET"))["online"]
        assert is_online()
        task(client, account, 1, first=503)
        wait("it is offline", lambda: not is_online())
        wait("it is online again", is_online)


def test_status_shows_accounts_and_tasks(running, fast):
    with Client(running, DEMO) as client:
        made = task(client, fast, 100, interval=3600)
        wait("the first message", lambda: status(client, made)["sent"] == 1)
        shown = running.command("status").stdout
        assert fast in shown and "online" in shown and made in shown and "sending" in shown
        assert "3 accounts, 3 online" in shown
    running.stop()
    shown = running.command("status").stdout
    assert "no server runs" in shown and made in shown and "sending" in shown
