"""POST open/conversation/page and /read: who talks to whom, newest first, and what nobody read yet."""

import pytest
from harness import wait_until
from messages import CONVERSATIONS, READ, SEND, TEXT, conversations, make_quick, messages, pages
from tasks import add_senders, data_of


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    """Five conversations: three of anna's with replies, one without, one of ben's with a reply."""
    made = add_senders(server, add_tenant)
    make_quick(made)
    with made.client() as client:
        client.imported([{"whatsApp": "861393100003", "friendName": "Lee", "agentAccount": "anna"}])
        for account, number in ((made.anna[0], "861393100003"), (made.anna[1], "861393100003"),
                                (made.anna[0], "8613931001"), (made.anna[0], "861393200003"),
                                (made.ben[0], "861393300003")):
            before = len(messages(client))
            data_of(client.call(SEND, {"whatsId": account, "friendWhatsId": number,
                                       "content": TEXT}))
            parts = 2 if number.endswith("0003") else 1
            wait_until("it is answered", lambda: len(messages(client)) == before + parts)
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def pairs(records):
    return [(one["whatsId"], one["friendWhatsId"]) for one in records]


def test_they_are_listed_newest_first(client, senders):
    records = conversations(client)
    assert pairs(records) == [
        (senders.ben[0], "861393300003"), (senders.anna[0], "861393200003"),
        (senders.anna[0], "8613931001"), (senders.anna[1], "861393100003"),
        (senders.anna[0], "861393100003")]
    times = [one["lastTime"] for one in records]
    assert times == sorted(times, reverse=True)


def test_a_record_has_all_its_members_in_their_order(client, senders):
    [record] = [one for one in conversations(client, whatsId=senders.anna[1])]
    last = messages(client, whatsId=senders.anna[1])[-1]
    assert list(record) == ["whatsId", "friendWhatsId", "friendName", "lastMessage", "lastTime",
                            "unread", "agentAccount"]
    assert record == {"whatsId": senders.anna[1], "friendWhatsId": "861393100003",
                      "friendName": "Lee", "lastMessage": "hi", "lastTime": last["chatTime"],
                      "unread": 1, "agentAccount": "anna"}


def test_filters_leave_out_what_they_say(client, senders):
    whole = conversations(client)
    assert conversations(client, agentAccount="ben") == whole[:1]
    assert conversations(client, agentAccount="anna") == whole[1:]
    assert conversations(client, agentAccount="carl") == []
    assert conversations(client, whatsId=int(senders.anna[1])) == whole[3:4]
    assert conversations(client, unread="false") == whole
    assert conversations(client, agentAccount="anna", whatsId=senders.ben[0]) == []


@pytest.mark.parametrize("size", [1, 2, 5, 6])
def test_pages_one_after_another_are_the_whole(client, size):
    whole = conversations(client)
    assert pages(client, CONVERSATIONS, size, True) == whole
    assert pages(client, CONVERSATIONS, size, False) == whole


def test_what_was_read_is_no_longer_unread(client, senders):
    def unread():
        return pairs(conversations(client, unread=True))
    before = unread()
    one = (senders.ben[0], "861393300003")
    assert one in before and (senders.anna[0], "8613931001") not in before
    body = {"whatsId": one[0], "friendWhatsId": int(one[1])}
    assert client.call(READ, body).data is None
    assert unread() == [other for other in before if other != one]
    assert client.call(READ, body).code == 200
    data_of(client.call(SEND, {**body, "content": TEXT}))
    wait_until("the reply is unread", lambda: unread() == before)


@pytest.mark.parametrize("body, code", [
    ({"friendWhatsId": "861393300003"}, 508),
    ({"whatsId": "4915100000"}, 532),
    ({"whatsId": "4915100000", "friendWhatsId": "861393300003"}, -1),
])
def test_a_read_that_cannot_be_has_its_code(client, body, code):
    reply = client.call(READ, body)
    assert (reply.status, reply.code) == (200, code)
    if code == -1:
        assert reply.message == "no such conversation"


@pytest.mark.parametrize("path, body, place", [
    (CONVERSATIONS, {"pageSize": 501}, "pageSize"),
    (CONVERSATIONS, {"current": 200, "pageSize": 500}, None),
    (CONVERSATIONS, {"current": 202, "pageSize": 500}, "current"),
    (CONVERSATIONS, {"info": {"whatsId": "x"}}, "info.whatsId"),
    (CONVERSATIONS, {"info": {"unread": "perhaps"}}, "info.unread"),
    (CONVERSATIONS, {"cursor": "x"}, "cursor"),
    (READ, {"whatsId": "x", "friendWhatsId": "861393300003"}, "whatsId"),
])
def test_what_is_of_no_shape_is_refused_by_its_place(client, path, body, place):
    reply = client.call(path, body)
    if place is None:
        assert reply.code == 200
        return
    assert (reply.status, reply.code) == (400, 400)
    assert reply.message.startswith(place + ":")


def test_an_unknown_agent_is_told(client):
    assert client.call(CONVERSATIONS, {"info": {"agentAccount": "nobody"}}).code == 531


def test_tenants_do_not_see_each_others(server, add_tenant, client, senders):
    body = {"whatsId": senders.anna[0], "friendWhatsId": "861393200003"}
    with add_senders(server, add_tenant, edition="standard").client() as other:
        assert conversations(other) == []
        assert other.call(READ, body).code == -1
    assert conversations(client, whatsId=senders.anna[0])[0]["unread"] == 1
