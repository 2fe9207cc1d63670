"""POST open/message/send: messages to one number now, outside tasks."""

import pytest
from harness import wait_until
from messages import SEND, TEXT, conversations, make_quick, messages
from tasks import add_senders, changed, data_of

OPT_OUT = "/wscrm-bus-api/open/optOut/set"


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    made = add_senders(server, add_tenant)
    make_quick(made)
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def body(senders, **change):
    return changed({"whatsId": senders.anna[0], "friendWhatsId": "8613941001", "chatType": 1,
                    "content": TEXT}, change)


def arrived(client, number, count):
    wait_until(f"{count} messages with {number}",
               lambda: len(messages(client, friendWhatsId=number)) == count)
    return messages(client, friendWhatsId=number)


@pytest.mark.threads
def test_a_message_is_sent_now(client, senders):
    data = data_of(client.call(SEND, body(senders)))
    [record] = arrived(client, "8613941001", 1)
    assert data == {"msgId": record["msgId"], "msgIds": [record["msgId"]]}
    assert (record["content"], record["status"], record["whatsId"]) == (
        {"text": "hi"}, 5, senders.anna[0])


def test_several_contents_are_several_messages_in_order(client, senders):
    content = [{"type": 1, "text": "last", "sort": 9},
               {"type": 1, "text": "to {{WhatsApp}}"},
               {"type": 2, "url": "https://example.com/a.png", "sort": 0}]
    data = data_of(client.call(SEND, body(senders, friendWhatsId=8613941002, content=content)))
    records = arrived(client, "8613941002", 3)
    assert data["msgIds"] == [one["msgId"] for one in records]
    assert data["msgId"] == data["msgIds"][0]
    assert [one["content"] for one in records] == [
        {"url": "https://example.com/a.png"}, {"text": "to 8613941002"}, {"text": "last"}]


def test_a_repeated_key_sends_once(client, senders):
    headers = {"Idempotency-Key": "once"}
    call = body(senders, friendWhatsId="8613941003")
    first = client.call(SEND, call, headers=headers)
    assert client.call(SEND, call, headers=headers).data == first.data
    data_of(client.call(SEND, call))
    assert len(arrived(client, "8613941003", 2)) == 2
    assert client.call(SEND, body(senders), headers=headers).status == 422


def test_who_has_opted_out_is_not_written_to(client, senders):
    data_of(client.call(OPT_OUT, {"whatsIds": ["8613941004"], "optOut": True}))
    data_of(client.call(SEND, body(senders, friendWhatsId="8613941004")))
    data_of(client.call(SEND, body(senders, friendWhatsId="8613941005")))
    arrived(client, "8613941005", 1)
    assert messages(client, friendWhatsId="8613941004") == []


def test_an_opt_out_by_message_is_confirmed_at_once(server, add_tenant):
    senders = add_senders(server, add_tenant)
    make_quick(senders)
    server.command("tenant", "set", senders.tenant.id, "--opt-out-reply", "You get no more.")
    with senders.client() as client:
        data_of(client.call(SEND, body(senders, friendWhatsId="861394100004")))
        records = arrived(client, "861394100004", 4)  # the sandbox answers to that, too
        assert [(one["actionType"], one["content"]["text"]) for one in records] == [
            (1, "hi"), (2, "STOP"), (1, "You get no more."), (2, "STOP")]
        [conversation] = conversations(client)
        assert (conversation["lastMessage"], conversation["unread"]) == ("STOP", 2)


@pytest.mark.parametrize("change, code", [
    ({"whatsId": ...}, 508),
    ({"whatsId": "4915999999"}, 508),
    ({"whatsId": "x"}, 508),
    ({"chatType": "x"}, 527),
    ({"chatType": 3}, 527),
    ({"chatType": 2}, 528),
    ({"friendWhatsId": ...}, 532),
    ({"friendWhatsId": ""}, 532),
    ({"content": ...}, 514),
    ({"content": []}, 514),
    ({"content": [{"type": 1, "text": ""}]}, 514),
    ({"content": [{"type": 1, "text": "x" * 1025}]}, 514),
    ({"content": [{"type": 2}]}, 515),
    ({"content": TEXT * 11}, 507),
    ({"whatsId": ..., "chatType": "x", "friendWhatsId": ...}, 508),
    ({"content": [{"type": 2}], "friendWhatsId": ..., "chatType": 2}, 515),
])
def test_what_cannot_be_sent_has_its_code_the_lowest_first(client, senders, change, code):
    before = messages(client)
    reply = client.call(SEND, body(senders, **change))
    assert (reply.status, reply.code) == (200, code)
    assert messages(client) == before


@pytest.mark.parametrize("change, place", [
    ({"friendWhatsId": "x"}, "friendWhatsId"),
    ({"content": "hi"}, "content"),
    ({"content": [{"type": 7, "text": "hi"}]}, "content[0].type"),
    ({"content": ["hi"]}, "content[0]"),
])
def test_what_is_of_no_shape_is_refused_by_its_place(client, senders, change, place):
    reply = client.call(SEND, body(senders, **change))
    assert (reply.status, reply.code) == (400, 400)
    assert reply.message.startswith(place + ":")


def test_an_account_of_another_tenant_is_none(server, add_tenant, senders):
    with add_senders(server, add_tenant).client() as other:
        assert other.call(SEND, body(senders)).code == 508


def test_a_standard_tenant_may_not_send(server, add_tenant):
    standard = add_senders(server, add_tenant, edition="standard")
    with standard.client() as client:
        assert client.call(SEND, body(standard)).code == 529
