"""POST gsTask/preview: what customers would read; nothing is written."""

import pytest
from tasks import (
    CREATES,
    MARK,
    PREVIEW,
    add_senders,
    assert_refused,
    create,
    data_of,
    good,
    infos,
    many,
    mark,
    mark_item,
    own,
    sender,
    single,
    total,
)

LEE, STRANGER = "8613822222221", "8613822222222"


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    made = add_senders(server, add_tenant)
    server.command("field", "add", "--tenant", made.tenant.id, "Faction")
    with made.client() as client:
        client.imported([{"whatsApp": LEE, "friendName": "李 Lee", "agentAccount": "anna",
                          "tabName": "vip,gold", "Faction": "red", "desc": "d" * 1024}])
    return made


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def preview(client, body, *numbers):
    before = total(client)
    data = data_of(client.call(PREVIEW, {**body, "friendWhatsIds": numbers or [LEE, STRANGER]}))
    assert total(client) == before
    return [(one["whatsApp"], one["contents"]) for one in data]


@pytest.mark.parametrize("path", CREATES)
def test_the_body_of_any_call_that_makes_tasks_is_taken(client, senders, path):
    assert preview(client, good(senders, path)) == [(LEE, ["hi"]), (STRANGER, ["hi"])]


def test_variables_are_filled_in_for_each_number(client, senders):
    text = "Dear {{Name|friend}}, {}/{} {{Unknown}}"
    content = [{"type": 1, "text": text, "variableFields": ["Faction", "tags"]},
               {"type": 2, "url": "https://example.com/a.jpg"},
               {"type": 4, "url": "https://example.com/b", "text": "for {{WhatsApp}}"}]
    assert preview(client, single(senders, content=content)) == [
        (LEE, ["Dear 李 Lee, red/vip,gold {{Unknown}}", "https://example.com/a.jpg", f"for {LEE}"]),
        (STRANGER, ["Dear friend, / {{Unknown}}", "https://example.com/a.jpg", f"for {STRANGER}"]),
    ]


def test_positions_count_characters(client):
    data = [{"sendType": 1, "content": "é🎉!", "contentIndexField": [
        {"index": 3, "fieldName": "Name"}, {"index": 2, "fieldType": 1, "fieldName": "Faction"},
        {"index": 0, "fieldName": "name"}]}]
    assert preview(client, sender(sendData=data)) == [
        (LEE, ["李 Leeé🎉red!李 Lee"]), (STRANGER, ["é🎉!"])]


def test_targets_with_contents_of_their_own_show_them(client, senders):
    body = own(senders, sendInfos=[
        *infos(senders, 1, content=[{"type": 1, "text": "others"}]),
        *infos(senders, 1, friendWhatsApp=LEE, content=[{"type": 1, "text": "Lee's"}])])
    assert preview(client, body) == [(LEE, ["Lee's"]), (STRANGER, ["others"])]


def test_numbers_come_in_the_order_asked(client):
    numbers = [STRANGER, LEE, "8613822222223", LEE]
    assert [number for number, _ in preview(client, mark(), *numbers)] == numbers


def test_a_text_that_grows_too_long_is_refused(client, senders):
    content = [{"type": 1, "text": "x{{Description}}"}]
    body = {**single(senders, content=content), "friendWhatsIds": [LEE]}
    assert_refused(client, PREVIEW, body, 514)
    assert preview(client, single(senders, content=content), STRANGER) == [(STRANGER, ["x"])]


@pytest.mark.parametrize("code, change", [
    (534, {"friendWhatsIds": ...}), (534, {"friendWhatsIds": []}), (507, {"friendWhatsIds": [LEE] * 21}),
    (400, {"friendWhatsIds": ["x"]}), (400, {"friendWhatsIds": LEE}),
])
def test_one_to_twenty_numbers_are_shown(client, senders, code, change):
    body = {**many(senders), "friendWhatsIds": [LEE], **change}
    assert_refused(client, PREVIEW, {k: v for k, v in body.items() if v is not ...}, code)


def test_a_body_is_judged_as_by_its_call(client, senders):
    taken = mark()
    create(client, MARK, taken)
    for code, body in [
        (521, taken), (511, mark(customerGroupValue="no such")), (503, mark(name="")),
        (508, sender(agentAccount="nobody")), (514, single(senders, content=[])),
        (532, single(senders, friendWhatsApp=...)), (515, many(senders, content=[{"type": 2}])),
        (507, {"data": [mark_item(), mark_item()]}), (400, {}), (400, {"name": "x"}), (506, {"data": []}),
    ]:
        assert_refused(client, PREVIEW, {**body, "friendWhatsIds": [LEE]}, code)
