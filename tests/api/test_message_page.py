"""POST open/message/msgPage: what was sent and received, by time, in pages."""

import pytest
from harness import now_ms, wait_until
from messages import MESSAGES, make_quick, messages, pages
from tasks import MANY, add_senders, create, data_of, many, status


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    made = add_senders(server, add_tenant)
    make_quick(made)
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


CONTENT = [{"type": 1, "text": "dear {{Name|friend}}", "transId": "t-1"},
           {"type": 2, "url": "https://example.com/a.png", "fileName": "a.png"}]


@pytest.fixture(scope="module")
def sent(senders):
    """Of each account two contents to two numbers, one of whom replies to both. The time before, and the
    task."""
    before = now_ms()
    with senders.client() as client:
        client.imported([{"whatsApp": "861391000003", "friendName": "Lee", "agentAccount": "anna"}])
        task = create(client, MANY, many(senders, startTaskTime=..., content=CONTENT, sendInfos=[
            {"sendWhatsApp": account, "friendWhatsApp": number}
            for account, number in ((senders.anna[0], "861391000003"), (senders.anna[0], "8613910099"),
                                    (senders.ben[0], "861392000003"), (senders.ben[0], "8613910088"))
        ]))
        wait_until("all is read or replied to",
                   lambda: len(messages(client, actionType=2)) == 4 and all(
                       one["status"] in (5, 6) for one in status(client, task)["info"]))
    return before, task


def test_a_record_has_all_its_members_in_their_order(client, senders, sent):
    [first, second] = messages(client, friendWhatsId="861391000003", whatsId=senders.anna[0],
                               actionType=1)
    assert list(first) == ["msgId", "username", "whatsId", "friendWhatsId", "friendName",
                           "actionType", "chatType", "contentType", "content", "status", "chatTime"]
    assert first["msgId"].isdigit() and sent[0] <= first["chatTime"] <= now_ms()
    assert {**first, "msgId": 0, "chatTime": 0} == {
        "msgId": 0, "username": "anna", "whatsId": senders.anna[0],
        "friendWhatsId": "861391000003", "friendName": "Lee", "actionType": 1, "chatType": 1,
        "contentType": 1, "content": {"text": "dear Lee"}, "status": 6,
        "chatTime": 0}
    assert (second["contentType"], second["content"]) == (
        2, {"url": "https://example.com/a.png", "fileName": "a.png"})


def test_replies_are_received_messages(client, senders, sent):
    replies = messages(client, friendWhatsId="861391000003", whatsId=senders.anna[0], actionType="2")
    assert [one["content"]["text"] for one in replies] == ["dear Lee", "https://example.com/a.png"]
    assert all(one["actionType"] == 2 and one["contentType"] == 1 for one in replies)


def test_the_order_is_time_then_id(client, sent):
    records = messages(client)
    keys = [(one["chatTime"], int(one["msgId"])) for one in records]
    assert len(records) == 12 and keys == sorted(keys)


def test_each_filter_is_read_as_text_and_as_number(client, senders, sent):
    whole = messages(client)
    start, end = whole[2]["chatTime"], whole[8]["chatTime"]
    filters = [
        ("friendWhatsId", 861391000003, lambda one: one["friendWhatsId"] == "861391000003"),
        ("whatsId", int(senders.ben[0]), lambda one: one["whatsId"] == senders.ben[0]),
        ("chatType", 1, lambda one: True),
        ("chatType", 2, lambda one: False),
        ("actionType", 1, lambda one: one["actionType"] == 1),
        ("actionType", 2, lambda one: one["actionType"] == 2),
        ("contentType", 1, lambda one: one["contentType"] == 1),
        ("contentType", 2, lambda one: one["contentType"] == 2),
        ("contentType", 11, lambda one: False),
    ]
    for name, value, is_wanted in filters:
        expected = [one for one in whole if is_wanted(one)]
        assert messages(client, **{name: value}) == expected, name
        assert messages(client, **{name: str(value)}) == expected, name
    expected = [one for one in whole if start <= one["chatTime"] <= end]
    assert messages(client, startChatTime=start, endChatTime=end) == expected
    assert messages(client, startChatTime=str(start), endChatTime=str(end)) == expected
    assert messages(client, agentAccount="ben") == [
        one for one in whole if one["whatsId"] == senders.ben[0]]
    assert messages(client, agentAccount="carl") == []
    assert messages(client, agentAccount="ben", whatsId=senders.anna[0]) == []
    assert messages(client, whatsId="", friendWhatsId="", actionType="", startChatTime="",
                    endChatTime="", agentAccount="", contentType="", chatType="") == whole
    assert messages(client, whatsId="+49 151 99999999") == []


@pytest.mark.parametrize("size", [1, 5, 6, 12, 13])
def test_pages_one_after_another_are_the_whole(client, sent, size):
    whole = messages(client)
    assert pages(client, MESSAGES, size, True) == whole
    assert pages(client, MESSAGES, size, False) == whole
    received = messages(client, actionType=2)
    assert pages(client, MESSAGES, size, True, actionType=2) == received
    far = data_of(client.call(MESSAGES, {"current": 10**6, "pageSize": size}))
    assert (far["total"], far["records"]) == (12, [])


def test_by_default_it_is_the_first_page_of_10(client, sent):
    page = data_of(client.call(MESSAGES, {}))
    assert list(page) == ["total", "size", "current", "pages", "records", "nextCursor"]
    assert (page["total"], page["size"], page["current"], page["pages"]) == (12, 10, 1, 2)


@pytest.mark.parametrize("info, code", [
    ({"startChatTime": 1}, 519),
    ({"endChatTime": 1}, 519),
    ({"startChatTime": "yesterday", "endChatTime": 1}, 519),
    ({"startChatTime": 1, "endChatTime": -1}, 519),
    ({"startChatTime": 2, "endChatTime": 1}, 519),
    ({"chatType": 3}, 527),
    ({"chatType": "group"}, 527),
    ({"agentAccount": "nobody"}, 531),
])
def test_a_filter_that_cannot_be_read_has_its_code(client, info, code):
    reply = client.call(MESSAGES, {"info": info})
    assert (reply.status, reply.code) == (200, code)


@pytest.mark.parametrize("body, place", [
    ({"pageSize": 501}, "pageSize"),
    ({"pageSize": 0}, "pageSize"),
    ({"current": 0}, "current"),
    ({"info": {"actionType": 3}}, "info.actionType"),
    ({"info": {"contentType": 7}}, "info.contentType"),
    ({"info": {"contentType": 12}}, "info.contentType"),
    ({"info": {"friendWhatsId": "x"}}, "info.friendWhatsId"),
    ({"info": {"whatsId": {}}}, "info.whatsId"),
    ({"info": []}, "info"),
    ({"cursor": "0" * 96}, "cursor"),
])
def test_what_is_of_no_shape_is_refused_by_its_place(client, body, place):
    reply = client.call(MESSAGES, body)
    assert (reply.status, reply.code) == (400, 400)
    assert reply.message.startswith(place + ":")


def test_a_cursor_is_good_for_its_filter_only(client, sent):
    cursor = data_of(client.call(MESSAGES, {"pageSize": 2}))["nextCursor"]
    assert client.call(MESSAGES, {"cursor": cursor}).code == 200
    reply = client.call(MESSAGES, {"cursor": cursor, "info": {"actionType": 1}})
    assert (reply.status, reply.message[:7]) == (400, "cursor:")


def test_tenants_do_not_see_each_others(server, add_tenant, senders, sent):
    with add_senders(server, add_tenant).client() as other:
        assert messages(other) == []
        assert messages(other, whatsId=senders.anna[0]) == []
        assert messages(other, friendWhatsId="861391000003") == []


def test_a_standard_tenant_may_read(server, add_tenant):
    with add_senders(server, add_tenant, edition="standard").client() as standard:
        assert messages(standard) == []
