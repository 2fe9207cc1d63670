"""POST /wscrm-bus-api/open/sender/batchAdd: a task for numbers, sent by an account or all of an agent's."""

import pytest
from tasks import PENDING, PREVIEW, SENDER, add_senders, assert_refused, create, data_of, sender, status

FIELD = {"index": 0, "fieldType": 0, "fieldName": "Name"}


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    made = add_senders(server, add_tenant)
    server.command("field", "add", "--tenant", made.tenant.id, "Faction")
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def content(text="hi", *fields, index=0):
    return {"sendIndex": index, "sendType": 1, "content": text, "contentIndexField": list(fields)}


def file(url="https://example.com/a.jpg", index=1, **more):
    return {"sendIndex": index, "sendType": 2, "file": {"fileUrl": url, **more}}


def test_the_task_begins_at_once_with_all_accounts_of_the_agent(client, senders):
    numbers = [str(8613800000001 + n) for n in range(4)]
    task = create(client, SENDER, sender(friendWhatsIds=numbers, startInterval=86400,
                                         endInterval=86400))
    shown = status(client, task)
    assert shown["events"][0]["to"] == PENDING
    assert [one["friendWhatsApp"] for one in shown["info"]] == numbers
    assert {one["sendWhatsApp"] for one in shown["info"]} == set(senders.anna)


@pytest.mark.parametrize("change", [
    {"agentAccount": ..., "userName": "anna"},
    {"agentAccount": "", "userName": "anna", "taskType": ...},
    {"startInterval": "1", "endInterval": "2", "taskType": "1"},
    {"startInterval": 3}, {"endInterval": 3},
    {"sendData": [file(fileType=-1), content()]},
    {"sendData": [file(fileType=2), file(fileType="3", index=2), file(fileType=4, index=9)]},
    {"sendData": [{"sendType": 1, "content": "hi"}, {"sendType": 1, "content": "you"}]},
    {"sendData": [content(str(n), index=n) for n in range(10)]},
    {"sendData": [content("", FIELD)]},
    {"sendData": [content("hi ", {"index": 3, "fieldName": "tags"})]},
    {"sendData": [content("hi", {"index": "1", "fieldType": "1", "fieldName": "Faction"})]},
    {"sendData": [content("x" * 10, *[FIELD] * 50)]},
    {"friendWhatsIds": "8613800000001,8613800000002"},
])
def test_what_is_taken(client, change):
    shown = status(client, create(client, SENDER, sender(**change)))
    assert shown["total"] > 0


def test_one_account_may_be_named(client, senders):
    for agent in ({}, {"agentAccount": ...}):
        task = create(client, SENDER, sender(whatsId=senders.anna[1], **agent))
        assert {one["sendWhatsApp"] for one in status(client, task)["info"]} == {senders.anna[1]}


@pytest.mark.parametrize("code, change", [
    (507, {"friendWhatsIds": ["8613800000001"] * 5001}),
    (507, {"sendData": [content()] * 11}),
    (507, {"sendData": [content("hi", *[FIELD] * 51)]}),
    (508, {"agentAccount": "nobody"}), (508, {"agentAccount": "carl"}), (508, {"agentAccount": ...}),
    (508, {"agentAccount": "x" * 256}),
    (508, {"whatsId": "8613800000001"}), (508, {"whatsId": "x"}),
    (514, {"sendData": ...}), (514, {"sendData": []}), (514, {"sendData": [content("")]}),
    (514, {"sendData": [content("x" * 1025)]}),
    (514, {"sendData": [content("x" * 1025, {**FIELD, "index": 1025})]}),
    (515, {"sendData": [file("")]}), (515, {"sendData": [{"sendType": 2}]}),
    (515, {"sendData": [file("javascript:x")]}), (515, {"sendData": [content(), file("//a.b/c")]}),
    (520, {"startInterval": "x"}), (520, {"startInterval": 2, "endInterval": 1}),
    (520, {"startInterval": -1}), (520, {"endInterval": 86401}),
    (527, {"taskType": 3}), (527, {"taskType": "x"}), (527, {"taskType": {}}), (527, {"taskType": 0}),
    (528, {"taskType": 2}), (528, {"taskType": 2, "friendWhatsIds": []}),
    (528, {"taskType": 2, "friendWhatsIds": ["our group", "120363023456789012@g.us"]}),
    (533, {"sendData": [content("hi", {"index": 0, "fieldType": 1, "fieldName": "no"})]}),
    (533, {"sendData": [content("hi", {"index": 0, "fieldType": 0, "fieldName": "Faction"})]}),
    (533, {"sendData": [content("hi", {"index": 0, "fieldType": 0})]}),
    (534, {"friendWhatsIds": ...}), (534, {"friendWhatsIds": []}), (534, {"friendWhatsIds": ""}),
])
def test_what_is_refused_and_makes_nothing(client, code, change):
    assert_refused(client, SENDER, sender(**change), code)


@pytest.mark.parametrize("place, change", [
    ("friendWhatsIds[1]", {"friendWhatsIds": ["8613800000001", "12"]}),
    ("friendWhatsIds", {"friendWhatsIds": {}}),
    ("sendData", {"sendData": {}}),
    ("sendData[0]", {"sendData": ["hi"]}),
    ("sendData[1].sendType", {"sendData": [content(), {"sendType": 3}]}),
    ("sendData[0].sendType", {"sendData": [{"content": "x"}]}),
    ("sendData[0].sendIndex", {"sendData": [content(index=10)]}),
    ("sendData[0].file.fileType", {"sendData": [file(fileType=1)]}),
    ("sendData[0].contentIndexField", {"sendData": [{**content(), "contentIndexField": {}}]}),
    ("sendData[0].contentIndexField[1]", {"sendData": [content("hi", FIELD, "Name")]}),
    ("sendData[0].contentIndexField[0].index", {"sendData": [content("hi", {**FIELD, "index": 3})]}),
    ("sendData[0].contentIndexField[0].fieldType",
     {"sendData": [content("hi", {**FIELD, "fieldType": 2})]}),
    ("agentAccount", {"agentAccount": {}}),
])
def test_a_wrong_shape_is_refused_with_its_place(client, place, change):
    assert assert_refused(client, SENDER, sender(**change), 400).message.startswith(f"info.{place}: ")


def test_without_info_there_is_no_task(client):
    for body in ({}, {"info": []}, {"info": "x"}, b"", []):
        assert_refused(client, SENDER, body, 400)


def test_an_account_of_another_agent_or_tenant_is_unknown(client, senders, server, add_tenant):
    assert_refused(client, SENDER, sender(whatsId=senders.ben[0]), 508)
    with add_senders(server, add_tenant).client() as other:
        assert_refused(other, SENDER, sender(agentAccount=..., whatsId=senders.ben[0]), 508)


def test_contents_go_in_the_order_of_their_index(client):
    data = [content("b", index=5), content("c", index=9), content("a", index=0)]
    body = {**sender(sendData=data), "friendWhatsIds": ["8613800000001"]}
    assert data_of(client.call(PREVIEW, body))[0]["contents"] == ["a", "b", "c"]


def test_as_the_vendors_page_calls_it(client, senders):
    """Signed in the body by an agent; the info's own userName is another."""
    body = sender(agentAccount=..., userName="ben")
    task = data_of(client.call_body(SENDER, "anna", body))["taskId"]
    assert {one["sendWhatsApp"] for one in status(client, task)["info"]} == set(senders.ben)
