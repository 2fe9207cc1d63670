"""GET and POST gsTask/queryExecuteStatus: a task, what became of it, and of each of its messages."""

import pytest
from harness import request_bytes
from tasks import (
    MANY,
    MARK,
    SINGLE,
    STATUS,
    TEXT,
    add_senders,
    create,
    data_of,
    infos,
    many,
    mark,
    single,
    status,
)


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    return add_senders(server, add_tenant)


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def get(client, query):
    return client.exchange(request_bytes("GET", STATUS + query, b"", client.tenant.headers()))


def test_a_get_answers_what_a_post_does(client, senders):
    task = create(client, SINGLE, single(senders))
    by_get = get(client, f"?taskId={task}")
    assert by_get.body == client.call(STATUS, {"taskId": task}).body
    assert by_get.body == client.call(STATUS, {"taskId": int(task)}).body
    assert by_get.message == "success"


def test_the_answer_has_all_its_members_in_their_order(client, senders):
    body = single(senders, name="Über 😀", content=[{"type": 1, "text": "hi", "transId": "t-1"}])
    data = status(client, create(client, SINGLE, body))
    assert list(data) == ["taskId", "name", "status", "total", "sent", "delivered", "read", "replied",
                          "failed", "startTime", "endTime", "info", "events"]
    assert [data[n] for n in ("total", "sent", "delivered", "read", "replied", "failed")] == [
        1, 0, 0, 0, 0, 0]
    [message] = data["info"]
    assert list(message) == ["sendWhatsApp", "friendWhatsApp", "transId", "msgId", "status", "code",
                             "reason", "sendTime"]
    assert (message["transId"], message["status"]) == ("t-1", 1)
    assert message["msgId"].isdigit()
    assert list(data["events"][0]) == ["time", "from", "to", "cause"]


def test_later_contents_of_a_recipient_wait_for_the_first(client, senders):
    data = status(client, create(client, MANY, many(senders, content=TEXT * 3)))
    assert data["total"] == 6
    assert [one["status"] for one in data["info"]] == [1, 0, 0] * 2
    ids = [int(one["msgId"]) for one in data["info"]]
    assert ids == sorted(set(ids))


def test_pages_through_info_are_the_whole(client, senders):
    task = create(client, MANY, many(senders, sendInfos=infos(senders, 1003)))
    whole = status(client, task)["info"]
    assert len(whole) == 1003
    for size in (101, 499, 500, 501, 1002, 1003, 1004, 5000):
        pages = [status(client, task, current=str(n), pageSize=size)["info"]
                 for n in range(1, 1003 // size + 2)]
        assert sum(pages, []) == whole
        assert status(client, task, current=10**6, pageSize=size)["info"] == []
    assert get(client, f"?taskId={task}&current=2&pageSize=20").data["info"] == whole[20:40]


@pytest.mark.parametrize("task", ["1", "65535", "x", "-1", "9" * 19, "9" * 30, 0])
def test_there_is_no_such_task(client, task):
    reply = client.call(STATUS, {"taskId": task})
    assert (reply.status, reply.code, reply.message) == (200, -1, "no such task")


@pytest.mark.parametrize("place, body", [
    ("taskId", {}), ("taskId", {"taskId": ""}), ("taskId", {"taskId": {}}), ("taskId", {"taskId": "1" * 33}),
    ("pageSize", {"taskId": "1", "pageSize": 5001}), ("pageSize", {"taskId": "1", "pageSize": 0}),
    ("current", {"taskId": "1", "current": 0}), ("current", {"taskId": "1", "current": "x"}),
])
def test_a_wrong_shape_is_refused_with_its_place(client, place, body):
    reply = client.call(STATUS, body)
    assert (reply.status, reply.code) == (400, 400)
    assert reply.message.startswith(f"{place}: ")


def test_of_a_task_for_customers_who_are_not_chosen_yet_there_is_no_message(client):
    client.imported([{"whatsApp": "8613899999999", "agentAccount": "anna", "stage": "won"}])
    data = status(client, create(client, MARK, mark(customerGroupKey=0, customerGroupValue="won")))
    assert (data["total"], data["info"]) == (0, [])


def test_reached_num_bounds_a_list_of_numbers(client):
    numbers = "8613800000001,8613800000001,8613800000002,8613800000003"
    data = status(client, create(client, MARK, mark(customerGroupValue=numbers, reachedNum=2)))
    assert [one["friendWhatsApp"] for one in data["info"]] == ["8613800000001", "8613800000002"]


def test_the_body_scheme_asks_too(client, senders):
    task = create(client, SINGLE, single(senders))
    assert data_of(client.call_body(STATUS, "anna", {"taskId": task}))["taskId"] == task
