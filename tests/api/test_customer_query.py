"""POST customer/query: customers by number."""

import json

import pytest
from harness import (
    BATCH_IMPORT,
    DEMO_CUSTOMER,
    IMPORT,
    QUERY,
    Client,
    now_ms,
)

FULL = {
    "friendName": "lee",
    "sex": "male",
    "birthday": "2020/03/08",
    "address": "beijing",
    "email": "223@gmail.com",
    "profession": "good day",
    "income": "100$",
    "desc": "says \"hi\"\n\\ twice",
    "tabName": "GoodMan",
    "stage": "New Customer",
    "source": "System",
    "languageTag": "Auto",
    "welcome": "hello",
}
NEVER_SET = {name: "unknown" if name == "sex" else "" for name in FULL}


def ask(client, value):
    return client.call(QUERY, value)


def assert_http_error(reply, status, *said):
    assert reply.status == status, reply
    assert (reply.code, reply.data) == (status, "")
    for part in said:
        assert part in reply.message, reply.message


def assert_code(reply, code, message):
    wanted = {"code": code, "message": message, "data": ""}
    assert (reply.status, reply.envelope) == (200, wanted)


def test_a_customer_is_shown_with_every_field_in_its_order(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    server.command("field", "add", "--tenant", tenant.id, "Faction")
    server.command("field", "add", "--tenant", tenant.id, "Level", "--type", "number")
    with Client(server, tenant) as client:
        before = now_ms()
        client.imported([{"whatsApp": number, **FULL, "Level": "7", "agentAccount": "anna"}])
        after = now_ms()
        reply = ask(client, [{"whatsApp": number}])
        shown = reply.data[0]
        assert before <= shown["createTime"] == shown["updateTime"] <= after
        wanted = {"whatsApp": number, **FULL, "Faction": "", "Level": "7", "agentAccount": "anna",
                  "optOut": False, "createTime": shown["createTime"], "updateTime": shown["updateTime"]}
        assert list(shown) == list(wanted)
        text = json.dumps([wanted], separators=(",", ":"), ensure_ascii=False)
        assert reply.body.decode() == f'{{"code":200,"message":"Success","data":{text}}}'


def test_fields_never_set_are_empty_and_the_sex_is_unknown(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "ben"}])
    shown = client.customer(number)
    times = {name: shown[name] for name in ("createTime", "updateTime")}
    assert shown == {"whatsApp": number, **NEVER_SET, "agentAccount": "ben", "optOut": False, **times}


def test_the_demo_customer_is_found(demo_client):
    shown = demo_client.customer(DEMO_CUSTOMER)
    assert shown["whatsApp"] == DEMO_CUSTOMER


def test_customers_come_in_the_order_asked_and_unknown_numbers_are_left_out(client, fresh):
    numbers = [fresh() for _ in range(5)]
    client.imported([{"whatsApp": n, "agentAccount": "anna"} for n in numbers[:4]])
    asked = [numbers[2], numbers[4], numbers[0], numbers[3], numbers[1]]
    assert [shown["whatsApp"] for shown in client.customers(*asked)] == [
        numbers[2], numbers[0], numbers[3], numbers[1]
    ]


def test_nobody_found_is_an_empty_array(client, number):
    reply = ask(client, [{"whatsApp": number}])
    assert reply.body == b'{"code":200,"message":"Success","data":[]}'


def test_an_object_whose_data_is_the_array_is_taken_too(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    for reply in (ask(client, {"data": [{"whatsApp": number}]}),
                  client.call_body(QUERY, "boss", {"data": [{"whatsApp": number}]})):
        assert [shown["whatsApp"] for shown in reply.data] == [number]


def test_what_else_an_item_or_the_body_has_is_ignored(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    body = {"more": {"a": [1]}, "data": [{"whatsApp": number, "friendName": 7}], "pageSize": "x"}
    assert [shown["whatsApp"] for shown in ask(client, body).data] == [number]


@pytest.mark.parametrize("form", [
    "+{}", "00{}", "+{}@c.us", "{}@s.whatsapp.net", " {} ", "({}", "{}-", "{}",
])
def test_numbers_are_asked_for_in_any_form(client, number, form):
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    assert client.customer(form.format(number))["whatsApp"] == number


def test_a_number_may_come_as_a_json_number(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    reply = client.call(QUERY, b'[{"whatsApp":%s}]' % number.encode())
    assert [shown["whatsApp"] for shown in reply.data] == [number]


def test_texts_keep_every_character(client, number):
    name = "Zoë 李 \U0001f600 \"quoted\" \\ back / slash \t\n\r\b\f\u001f\u007f\u2028 end"
    client.imported([{"whatsApp": number, "agentAccount": "anna", "friendName": name}])
    assert client.customer(number)["friendName"] == name


def test_escaped_characters_become_the_characters(client, number):
    body = (rb'{"data":[{"whatsApp":"%s","agentAccount":"\u0061nna",'
            rb'"friendName":"\u674e\ud83d\ude00\/\t"}]}' % number.encode())
    assert client.call(BATCH_IMPORT, body).data["isAllOk"]
    assert client.customer(number)["friendName"] == "李\U0001f600/\t"


def test_another_tenants_customers_are_never_shown(server, client, add_tenant, number):
    other = add_tenant(rate_limit=0)
    client.imported([{"whatsApp": number, "agentAccount": "anna", "friendName": "ours"}])
    with Client(server, other) as stranger:
        assert stranger.customers(number) == []
        stranger.imported([{"whatsApp": number, "agentAccount": "anna", "friendName": "theirs"}])
        assert stranger.customer(number)["friendName"] == "theirs"
    assert client.customer(number)["friendName"] == "ours"


def test_the_update_time_moves_with_a_change_and_the_create_time_stays(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    first = client.customer(number)
    while now_ms() <= first["updateTime"]:
        pass
    client.imported([{"whatsApp": number, "agentAccount": "anna", "income": "9"}])
    second = client.customer(number)
    assert second["createTime"] == first["createTime"]
    assert first["updateTime"] < second["updateTime"] <= now_ms()


def test_a_removed_agents_customers_lose_their_owner(server, add_tenant, fresh):
    tenant = add_tenant(rate_limit=0)
    numbers = [fresh() for _ in range(3)]
    with Client(server, tenant) as client:
        client.imported([
            {"whatsApp": n, "agentAccount": agent} for n, agent in zip(numbers, ("anna", "ben", "anna"))
        ])
        server.command("agent", "remove", "--tenant", tenant.id, "anna")
        assert [shown["agentAccount"] for shown in client.customers(*numbers)] == ["", "ben", ""]
        refused = client.batch_import([{"whatsApp": numbers[0], "agentAccount": "anna"}])
        assert refused.data["failDetails"][0]["code"] == 531


def test_1000_numbers_are_answered_and_1001_are_too_many(client, fresh):
    numbers = [fresh() for _ in range(1001)]
    client.imported([{"whatsApp": n, "agentAccount": "anna"} for n in numbers])
    assert [shown["whatsApp"] for shown in client.customers(*numbers[:1000])] == numbers[:1000]
    refused = ask(client, [{"whatsApp": n} for n in numbers])
    assert_code(refused, 507, "data size big")


@pytest.mark.parametrize("value", [[], {"data": []}, {}, {"data": None}, {"data": ""}, b""],
                         ids=["[]", "data []", "{}", "data null", "data ''", "nothing"])
def test_nothing_asked_for_is_506(client, value):
    assert_code(ask(client, value), 506, "data is empty")


@pytest.mark.parametrize("value,place", [
    ({"data": {}}, "data"),
    ({"data": "15266667779"}, "data"),
    ({"data": 5}, "data"),
    ({"data": True}, "data"),
    ("15266667779", ""),
    (5, ""),
    (True, ""),
    (None, ""),
])
def test_what_is_no_array_is_400(client, value, place):
    assert_http_error(ask(client, value), 400, place)


@pytest.mark.parametrize("item,place", [
    ("15266667779", "data[1]"),
    (15266667779, "data[1]"),
    (None, "data[1]"),
    ([], "data[1]"),
    ({}, "data[1].whatsApp"),
    ({"whatsapp": "15266667779"}, "data[1].whatsApp"),
    ({"whatsApp": None}, "data[1].whatsApp"),
    ({"whatsApp": ""}, "data[1].whatsApp"),
    ({"whatsApp": "Lee"}, "data[1].whatsApp"),
    ({"whatsApp": ["15266667779"]}, "data[1].whatsApp"),
    ({"whatsApp": True}, "data[1].whatsApp"),
    ({"whatsApp": 1.5}, "data[1].whatsApp"),
    ({"whatsApp": "123456"}, "data[1].whatsApp"),
    ({"whatsApp": "1234567890123456"}, "data[1].whatsApp"),
    ({"whatsApp": "0526666777"}, "data[1].whatsApp"),
    ({"whatsApp": "120363025246125486@g.us"}, "data[1].whatsApp"),
])
def test_a_bad_item_is_400_and_named(client, item, place):
    reply = ask(client, [{"whatsApp": DEMO_CUSTOMER}, item, {"whatsApp": "x"}])
    assert_http_error(reply, 400, place)


def test_a_query_changes_nothing(client, number):
    ask(client, [{"whatsApp": number, "friendName": "lee"}])
    assert client.customers(number) == []


@pytest.mark.threads
def test_customers_are_asked_for_while_they_change(server, tenant, fresh):
    numbers = [fresh() for _ in range(10)]
    names = ["a" * 200, "b" * 200]
    with Client(server, tenant) as writer, Client(server, tenant) as reader:
        for turn in range(20):
            writer.imported([
                {"whatsApp": n, "agentAccount": "anna", "friendName": names[turn % 2]} for n in numbers
            ])
            shown = reader.customers(*numbers)
            assert {found["friendName"] for found in shown} == {names[turn % 2]}


def test_the_call_is_refused_as_a_put(client):
    reply = client.call(QUERY, [], method="PUT")
    assert_http_error(reply, 405)
    assert reply.headers["allow"] == "POST"
    assert client.call(IMPORT, {}, method="POST").headers["allow"] == "PUT"
