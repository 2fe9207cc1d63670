"""POST gsTask/page: the tenant's tasks, newest first, in pages."""

import pytest
from tasks import MARK, NOT_STARTED, PAGE, PAUSE, PAUSED, add_senders, data_of, mark_item, page


@pytest.fixture(scope="module")
def filled(server, add_tenant):
    """A tenant with 12 tasks, which no test changes; the third is paused."""
    senders = add_senders(server, add_tenant)
    with senders.client() as client:
        names = [f"Spring 春 {n}" if n % 3 == 0 else f"Sale {n}%" for n in range(12)]
        client.ids = data_of(client.call(MARK, {"data": [mark_item(name=name) for name in names]}))
        data_of(client.call(PAUSE, {"taskId": client.ids[2]}))
        yield client


def ids(data):
    return [one["taskId"] for one in data["records"]]


def test_a_record_has_all_its_members(filled):
    data = page(filled, pageSize=1)
    assert list(data) == ["total", "size", "current", "pages", "records"]
    [record] = data["records"]
    assert list(record) == ["taskId", "name", "status", "total", "sent", "delivered", "read", "replied",
                            "failed", "createTime", "startTime", "endTime", "finishTime"]
    assert (record["name"], record["status"], record["total"]) == ("Sale 11%", NOT_STARTED, 1)
    assert record["createTime"] > 0 and record["finishTime"] == 0


def test_tasks_come_newest_first(filled):
    assert ids(page(filled, pageSize=500)) == filled.ids[::-1]
    assert len(ids(page(filled))) == 10


@pytest.mark.parametrize("size", [1, 5, 12, 13])
def test_pages_are_the_whole(filled, size):
    first = page(filled, pageSize=size)
    assert (first["total"], first["pages"]) == (12, -(-12 // size))
    got = sum((ids(page(filled, pageSize=str(size), current=str(n + 1)))
               for n in range(first["pages"] + 1)), [])
    assert got == filled.ids[::-1]
    assert page(filled, current=10**9)["records"] == []


@pytest.mark.parametrize("info, wanted", [
    ({"status": PAUSED}, [2]), ({"status": "6"}, [2]), ({"status": 5}, []), ({"name": "春"}, [9, 6, 3, 0]),
    ({"name": "Sale 1"}, [11, 10, 1]), ({"name": "%"}, [11, 10, 8, 7, 5, 4, 2, 1]),
    ({"name": "Sale", "status": PAUSED}, [2]), ({"name": "nothing"}, []), ({}, range(11, -1, -1)),
])
def test_info_narrows_them(filled, info, wanted):
    data = page(filled, info=info, pageSize=20)
    assert ids(data) == [filled.ids[n] for n in wanted]
    assert data["total"] == len(wanted)


@pytest.mark.parametrize("place, body", [
    ("pageSize", {"pageSize": 501}), ("current", {"current": 0}), ("info", {"info": []}),
    ("info.status", {"info": {"status": 7}}), ("info.status", {"info": {"status": "x"}}),
    ("info.name", {"info": {"name": "x" * 256}}),
])
def test_a_wrong_shape_is_refused_with_its_place(filled, place, body):
    reply = filled.call(PAGE, body)
    assert (reply.status, reply.code) == (400, 400)
    assert reply.message.startswith(f"{place}: ")


def test_a_tenant_without_tasks_has_an_empty_page(server, add_tenant):
    with add_senders(server, add_tenant).client() as client:
        assert page(client) == {"total": 0, "size": 10, "current": 1, "pages": 0, "records": []}
        assert data_of(client.call_body(PAGE, "boss", {}))["total"] == 0
