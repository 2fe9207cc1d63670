"""open/customerField/save, …/del and …/query."""

import pytest
from harness import Client

SAVE = "/wscrm-bus-api/open/customerField/save"
DEL = "/wscrm-bus-api/open/customerField/del"
ASK = "/wscrm-bus-api/open/customerField/query"


@pytest.fixture
def tenant(add_tenant):
    """A tenant of the test's own: without fields."""
    return add_tenant(rate_limit=0)


def save(client, **members):
    reply = client.call(SAVE, members)
    assert (reply.status, reply.code, reply.data) == (200, 200, None), reply


def fields(client):
    reply = client.call(ASK, {})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def code_of_import(client, number, **members):
    data = client.batch_import([{"whatsApp": number, "agentAccount": "anna", **members}]).data
    return 200 if data["isAllOk"] else data["failDetails"][0]["code"]


def test_fields_are_listed_in_the_order_they_were_made(client):
    assert fields(client) == []
    save(client, name="Faction")
    save(client, name="Level", type="number", options=[])
    save(client, name="Born", type="date")
    save(client, name="Colour", type="option", options=["red", "blue, dark", 3])
    assert fields(client) == [
        {"name": "Faction", "type": "text", "options": []},
        {"name": "Level", "type": "number", "options": []},
        {"name": "Born", "type": "date", "options": []},
        {"name": "Colour", "type": "option", "options": ["red", "blue, dark", "3"]},
    ]


def test_a_field_is_in_force_at_once(client, number):
    assert code_of_import(client, number, Faction="red") == 533
    save(client, name="Faction")
    assert code_of_import(client, number, Faction="red") == 200
    assert client.customer(number)["Faction"] == "red"
    assert client.call(DEL, {"name": "Faction"}).data is None
    assert code_of_import(client, number, Faction="red") == 533
    assert "Faction" not in client.customer(number)


def test_options_are_replaced_and_what_customers_have_stays(client, number, fresh):
    save(client, name="Colour", type="option", options=["red", "blue"])
    client.imported([{"whatsApp": number, "agentAccount": "anna", "Colour": "red"}])
    save(client, name="Colour", options=["blue", "green"])
    assert fields(client) == [{"name": "Colour", "type": "option", "options": ["blue", "green"]}]
    assert client.customer(number)["Colour"] == "red"
    assert code_of_import(client, fresh(), Colour="green") == 200
    assert code_of_import(client, fresh(), Colour="red") == 533


def test_saving_a_field_that_is_there_changes_nothing(client, number):
    save(client, name="Faction", type="text")
    client.imported([{"whatsApp": number, "agentAccount": "anna", "Faction": "red"}])
    save(client, name="Faction")
    save(client, name="Faction", type="text")
    assert client.customer(number)["Faction"] == "red"
    assert len(fields(client)) == 1


def test_the_type_of_a_field_stays(client):
    save(client, name="Faction")
    for members in ({"type": "number"}, {"type": "option", "options": ["a"]}):
        assert_refused(client.call(SAVE, {"name": "Faction", **members}), 200, -1, "another type")
    assert fields(client)[0]["type"] == "text"


@pytest.mark.parametrize("path", [SAVE, DEL])
@pytest.mark.parametrize("name", [None, ""])
def test_no_name_is_503(client, path, name):
    assert_refused(client.call(path, {"name": name}), 200, 503, "name is empty")


def test_an_unknown_field_cannot_be_deleted(client):
    assert_refused(client.call(DEL, {"name": "Faction"}), 200, 533, "extended field format error")


@pytest.mark.parametrize("name", ["stage", "whatsApp", "optOut", "a,b", " a", "a\n", "x" * 256])
def test_a_name_that_cannot_be_used_is_400(client, name):
    assert_refused(client.call(SAVE, {"name": name}), 400, 400, "name: ")


@pytest.mark.parametrize("members,said", [
    ({"type": "boolean"}, "type: text, number, date or option"),
    ({"type": 1}, "type: "),
    ({"type": "option"}, "needs at least one"),
    ({"type": "option", "options": []}, "needs at least one"),
    ({"options": ["a"]}, "only for the type option"),
    ({"type": "option", "options": ["a", "a"]}, "options[1]: "),
    ({"type": "option", "options": ["a", ""]}, "options[1]: "),
    ({"type": "option", "options": ["a", None]}, "options[1]: "),
    ({"type": "option", "options": ["a\n"]}, "options[0]: "),
    ({"type": "option", "options": ["x" * 1001]}, "options[0]: "),
    ({"type": "option", "options": "a"}, "options: "),
])
def test_what_cannot_be_a_field_is_400_and_named(client, members, said):
    assert_refused(client.call(SAVE, {"name": "Colour", **members}), 400, 400, said)
    assert fields(client) == []


def test_200_options_are_taken_and_201_are_507(client):
    options = [f"{i:04}" + "é" * 996 for i in range(201)]
    assert_refused(client.call(SAVE, {"name": "Colour", "type": "option", "options": options}),
                   200, 507)
    save(client, name="Colour", type="option", options=options[:200])
    assert fields(client)[0]["options"] == options[:200]


def test_a_tenant_has_at_most_100_fields(client):
    for i in range(100):
        save(client, name=f"f{i}")
    assert_refused(client.call(SAVE, {"name": "more"}), 200, -1, "100")
    save(client, name="f7")


def test_tenants_do_not_see_each_others(server, client, add_tenant, number):
    with Client(server, add_tenant(rate_limit=0)) as stranger:
        save(stranger, name="Faction")
        assert fields(client) == []
        assert_refused(client.call(DEL, {"name": "Faction"}), 200, 533)
        assert code_of_import(client, number, Faction="red") == 533
        save(client, name="Faction", type="number")
        assert fields(stranger)[0]["type"] == "text"
