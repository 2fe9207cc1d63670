"""POST /wscrm-bus-api/open/mark/batchAdd: tasks for customers, sent by the accounts of agents."""

import time

import pytest
from tasks import (
    GROUP,
    MARK,
    NOT_STARTED,
    PENDING,
    add_senders,
    assert_refused,
    create,
    data_of,
    fresh_name,
    mark,
    mark_item,
    page,
    status,
    total,
)


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    made = add_senders(server, add_tenant)
    with made.client() as client:
        client.imported([{"whatsApp": "8613811111111", "agentAccount": "anna", "stage": "won",
                          "tabName": "vip, gold"}])
        data_of(client.call(GROUP, {"name": "friends", "whatsIds": ["8613811111112"]}))
        data_of(client.call(GROUP, {"name": "8613811111113", "whatsIds": ["8613811111114"]}))
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def test_ids_come_in_the_order_of_the_items(client):
    names = [fresh_name() for _ in range(5)]
    ids = data_of(client.call(MARK, {"data": [mark_item(name=name) for name in names]}))
    assert all(isinstance(task, str) for task in ids)
    assert [status(client, task)["name"] for task in ids] == names


def test_a_task_is_as_it_was_asked_for(client, senders):
    task = create(client, MARK, mark(name="Ünïcode 名 🎉", customerGroupValue="8613800000001,8613800000002"))
    shown = status(client, task)
    assert shown["taskId"] == task
    assert (shown["name"], shown["status"], shown["total"]) == ("Ünïcode 名 🎉", NOT_STARTED, 2)
    assert shown["startTime"] == 4102415940000  # 2099-12-31 23:59 in Shanghai
    assert [one["friendWhatsApp"] for one in shown["info"]] == ["8613800000001", "8613800000002"]
    assert {one["sendWhatsApp"] for one in shown["info"]} <= set(senders.anna)
    assert {(one["status"], one["code"], one["reason"], one["sendTime"]) for one in shown["info"]} \
        == {(1, 0, "", 0)}
    [event] = shown["events"]
    assert (event["from"], event["to"], event["cause"]) == (0, NOT_STARTED, MARK)


@pytest.mark.parametrize("executors", [
    {"executorList": ["anna", "ben"]},
    {"executorList": ..., "executor": "[anna, ben]"},
    {"executorList": ..., "executor": "anna,ben"},
    {"executorList": [], "executor": ["anna", "ben", "anna"]},
])
def test_executors_come_in_three_forms(client, senders, executors):
    numbers = ",".join(str(8613800000001 + n) for n in range(6))
    task = create(client, MARK, mark(customerGroupValue=numbers, **executors))
    shares = [one["sendWhatsApp"] for one in status(client, task)["info"]]
    assert set(shares) == {*senders.anna, *senders.ben}


@pytest.mark.parametrize("change", [
    {"customerGroupKey": 0, "customerGroupValue": "won"},
    {"customerGroupKey": "1", "customerGroupValue": " gold"},
    {"customerGroupKey": 2, "customerGroupValue": "friends"},
    {"customerGroupKey": 2, "customerGroupValue": 8613811111113},  # a group of that name goes first
    {"segment": {}},
    {"segment": {"stage": "won", "agentAccount": "anna", "tabName": "vip,gold"}},
    {"segment": {"stage": "nobody ever had it"}},
    {"segment": {"group": "friends"}, "customerGroupKey": 9},
    {"contentType": 2, "fileUrl": "https://example.com/a.jpg", "content": ...},
    {"contentType": "3", "fileUrl": "HTTP://example.com/a.mp4", "fileName": "a"},
    {"contentType": 4, "fileUrl": "https://example.com/" + "x" * 2028},
    {"content": "x" * 1024},
    {"content": "🎉" * 1024},
    {"content": "Hello {{Name|friend}}"},
    {"reachedNum": 1}, {"reachedNum": "0"},
    {"startTime": "2099-12-31"}, {"startTime": "2099-12-31 10:00"},
    {"sendTimeMin": "0", "sendTimeMax": "86400"},
    {"name": "x" * 255}, {"name": 12},
])
def test_what_is_taken(client, change):
    assert status(client, create(client, MARK, mark(**change)))["status"] == NOT_STARTED


def test_type_1_starts_at_once(client):
    task = create(client, MARK, mark(type=1, startTime=""))
    shown = status(client, task)
    assert (shown["events"][0]["to"], shown["startTime"]) == (PENDING, 0)


def test_a_start_less_than_a_minute_past_is_now(client, senders):
    moment = senders.tenant.local_time(time.time() - 30)
    task = create(client, MARK, mark(startTime=moment))
    assert status(client, task)["events"][0]["to"] == PENDING


REFUSED = [
    (503, {"name": ...}), (503, {"name": ""}), (503, {"name": None}),
    (504, {"executorList": {"a": 1}}), (504, {"executorList": True}), (504, {"executorList": [["anna"]]}),
    (505, {"executorList": ...}), (505, {"executorList": []}), (505, {"executorList": "[]"}),
    (505, {"executorList": ..., "executor": " , "}),
    (507, {"executorList": [f"a{n}" for n in range(1001)]}),
    (508, {"executorList": ["nobody"]}), (508, {"executorList": ["anna", "nobody"]}),
    (508, {"executorList": ["carl"]}), (508, {"executorList": [12]}),
    (509, {"customerGroupKey": ...}), (509, {"customerGroupValue": ...}),
    (509, {"customerGroupValue": ""}),
    (510, {"customerGroupKey": 3}), (510, {"customerGroupKey": -1}), (510, {"customerGroupKey": "x"}),
    (510, {"customerGroupKey": 1.5}), (510, {"customerGroupKey": {}}),
    (511, {"customerGroupKey": 0, "customerGroupValue": "no such"}),
    (511, {"customerGroupKey": 1, "customerGroupValue": "no such"}),
    (511, {"customerGroupKey": 2, "customerGroupValue": "no such"}),
    (511, {"customerGroupKey": 2, "customerGroupValue": "8613800000001,x"}),
    (511, {"customerGroupKey": 0, "customerGroupValue": "vip"}),
    (511, {"segment": {"group": "no such"}}),
    (507, {"customerGroupValue": ",".join(["8613800000001"] * 5001)}),
    (531, {"segment": {"agentAccount": "nobody"}}),
    (533, {"segment": {"extensionField": {"no": "x"}}}),
    (519, {"segment": {"createdAfter": "yesterday"}}),
    (512, {"type": 1}),
    (513, {"startTime": ...}), (513, {"startTime": "tomorrow"}), (513, {"startTime": {}}),
    (513, {"startTime": "2099-02-30"}), (513, {"startTime": "2020-01-01 10:00:00"}),
    (513, {"startTime": "2099-12-31T10:00:00"}), (513, {"startTime": 4102415940000}),
    (514, {"content": ...}), (514, {"content": ""}), (514, {"content": "x" * 1025}),
    (514, {"contentType": 2, "fileUrl": "https://a.b/c", "content": "x" * 1025}),
    (515, {"contentType": 2}), (515, {"contentType": 3, "fileUrl": "ftp://a.b/c"}),
    (515, {"contentType": 4, "fileUrl": "https://"}), (515, {"contentType": 4, "fileUrl": "file"}),
    (515, {"contentType": 4, "fileUrl": "https://example.com/" + "x" * 2029}),
    (515, {"contentType": 4, "fileUrl": "https://example.com/a b"}),
    (520, {"sendTimeMin": ...}), (520, {"sendTimeMax": ...}), (520, {"sendTimeMin": "x"}),
    (520, {"sendTimeMin": -1}), (520, {"sendTimeMin": 3}), (520, {"sendTimeMax": 86401}),
    (520, {"sendTimeMin": 0.5}), (520, {"sendTimeMax": [2]}),
]


@pytest.mark.parametrize("code, change", REFUSED)
def test_what_is_refused_and_makes_nothing(client, code, change):
    assert_refused(client, MARK, mark(**change), code)


@pytest.mark.parametrize("code, body", [
    (506, {}), (506, {"data": []}), (506, {"data": None}), (506, b""),
    (507, {"data": [mark_item() for _ in range(101)]}),
    (400, {"data": {}}), (400, []), (400, b"{"), (400, {"data": [5]}),
])
def test_data_is_an_array_of_1_to_100_objects(client, code, body):
    assert_refused(client, MARK, body, code)


@pytest.mark.parametrize("place, change", [
    ("contentType", {"contentType": 5}), ("contentType", {"contentType": ...}),
    ("type", {"type": 3}), ("type", {"type": ...}), ("name", {"name": "x" * 256}),
    ("name", {"name": "a\nb"}), ("name", {"name": {}}), ("reachedNum", {"reachedNum": -1}),
    ("segment", {"segment": "x"}), ("segment.stage", {"segment": {"stage": []}}),
    ("segment.tabName", {"segment": {"tabName": "x" * 65}}),
    ("segment.extensionField", {"segment": {"extensionField": 5}}),
    ("fileName", {"fileName": "x" * 256}), ("content", {"content": ["x"]}),
])
def test_a_wrong_shape_is_refused_with_its_place(client, place, change):
    body = {"data": [mark_item(), mark_item(**change)]}
    assert assert_refused(client, MARK, body, 400).message.startswith(f"data[1].{place}: ")


def test_the_lowest_code_of_the_first_task_at_fault_is_told(client):
    taken = fresh_name()
    create(client, MARK, mark(name=taken))
    both = {"sendTimeMin": ..., "content": ...}
    for code, items in [
        (514, [mark_item(**both)]),
        (503, [mark_item(name="", customerGroupValue="no such", **both)]),
        (511, [mark_item(customerGroupValue="no such", **both)]),
        (520, [mark_item(name=taken, sendTimeMin=...)]),
        (521, [mark_item(name=taken), mark_item(name="")]),
        (511, [mark_item(), mark_item(customerGroupValue="no such"), mark_item(name="")]),
        (520, [mark_item(sendTimeMax=0), mark_item(name=taken)]),
        (520, [mark_item(sendTimeMax=0), mark_item(name="")]),
        (400, [mark_item(sendTimeMax=0), mark_item(name=taken), mark_item(type=5)]),
    ]:
        assert_refused(client, MARK, {"data": items}, code)


def test_a_name_is_given_once(client, server, add_tenant):
    name = fresh_name()
    create(client, MARK, mark(name=name))
    assert_refused(client, MARK, mark(name=name), 521)
    twice = fresh_name()
    assert_refused(client, MARK, {"data": [mark_item(name=twice), mark_item(name=twice)]}, 521)
    with add_senders(server, add_tenant).client() as other:
        create(other, MARK, mark(name=name))


def test_a_hundred_tasks_in_one_call(client):
    before = total(client)
    ids = data_of(client.call(MARK, {"data": [mark_item() for _ in range(100)]}))
    assert len(set(ids)) == 100 and total(client) == before + 100
    newest = [one["taskId"] for one in page(client, pageSize=100)["records"]]
    assert newest == ids[::-1]


def test_as_the_vendors_page_calls_it(client):
    """Signed in the body, all values as texts."""
    item = mark_item(executorList=..., executor="[anna]", customerGroupKey="2", contentType="1",
                     sendTimeMin="5", sendTimeMax="10")
    [task] = data_of(client.call_body(MARK, "anna", {"data": [item]}))
    assert status(client, task)["name"] == item["name"]
