"""open/optOut/set and …/query, `optOut` of customers, and `wscrm optout`."""

import pytest
from harness import QUERY, Client, now_ms

SET = "/wscrm-bus-api/open/optOut/set"
ASK = "/wscrm-bus-api/open/optOut/query"
HISTORY = "/wscrm-bus-api/customer/history"


def opt(client, numbers, value=True, **more):
    reply = client.call(SET, {"whatsIds": numbers, "optOut": value, **more})
    assert (reply.status, reply.code, reply.data) == (200, 200, None), reply
    return reply


def asked(client, *numbers):
    reply = client.call(ASK, {"whatsIds": list(numbers)})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def entries(client, number):
    records = client.call(HISTORY, {"whatsApp": number}).data["records"]
    return [[r["field"], r["from"], r["to"], r["cause"]] for r in records]


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def test_each_number_asked_for_is_answered_in_order(client, fresh):
    one, two, three = fresh(), fresh(), fresh()
    before = now_ms()
    opt(client, [two], reason="asked by phone")
    answer = asked(client, one, two, three, two)
    since = answer[1]["time"]
    assert before <= since <= now_ms()
    out = {"whatsId": two, "optOut": True, "reason": "asked by phone", "time": since}
    assert answer == [{"whatsId": one, "optOut": False, "reason": "", "time": 0}, out,
                      {"whatsId": three, "optOut": False, "reason": "", "time": 0}, out]
    assert list(answer[0]) == ["whatsId", "optOut", "reason", "time"]


def test_a_customer_shows_it_and_an_import_does_not_touch_it(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna", "optOut": True}])
    assert client.customer(number)["optOut"] is False
    opt(client, [number])
    assert client.customer(number)["optOut"] is True
    client.imported([{"whatsApp": number, "agentAccount": "anna", "optOut": False}])
    assert client.customer(number)["optOut"] is True
    opt(client, [number], False)
    assert client.customer(number)["optOut"] is False


def test_a_number_that_is_no_customer_yet_keeps_it(client, number):
    opt(client, [number])
    client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    assert client.customer(number)["optOut"] is True


def test_it_holds_over_a_restart(own_server, fresh):
    server, number = own_server(), fresh()
    tenant = server.add_tenant(77, rate_limit=0)
    with Client(server, tenant) as client:
        opt(client, [number], reason="ü")
    server.stop()
    server.start()
    with Client(server, tenant) as client:
        assert asked(client, number)[0]["reason"] == "ü"
        client.imported([{"whatsApp": number, "agentAccount": "anna"}])
        assert client.customer(number)["optOut"] is True


def test_both_forms_of_a_number_are_one(client):
    client.imported([{"whatsApp": "525511110001", "agentAccount": "anna"}])
    opt(client, ["5215511110001"], reason="x")
    assert client.customer("525511110001")["optOut"] is True
    assert [(a["whatsId"], a["optOut"]) for a in asked(client, "525511110001", "5215511110001")] == [
        ("525511110001", True), ("5215511110001", True)]


def test_setting_again_keeps_the_time_and_takes_a_new_reason(client, number):
    opt(client, [number], reason="first")
    since = asked(client, number)[0]["time"]
    while now_ms() <= since:
        pass
    opt(client, [number])
    opt(client, [number], reason="")
    assert asked(client, number)[0] == {
        "whatsId": number, "optOut": True, "reason": "first", "time": since}
    opt(client, [number], reason="second")
    assert asked(client, number)[0] == {
        "whatsId": number, "optOut": True, "reason": "second", "time": since}


def test_each_change_is_one_entry_of_the_history(client, number):
    for value in (True, True, False, False):
        opt(client, [number, number], value)
    assert entries(client, number) == [["optOut", "true", "false", SET],
                                       ["optOut", "false", "true", SET]]


@pytest.mark.parametrize("value,means", [
    (True, True), (False, False), ("true", True), ("false", False), (1, True), (0, False),
    ("1", True), ("0", False),
])
def test_true_and_false_come_in_several_forms(client, number, value, means):
    opt(client, [number], not means)
    opt(client, [number], value)
    assert asked(client, number)[0]["optOut"] is means


@pytest.mark.parametrize("value", [None, "", "yes", "TRUE", 2, 1.5, [], {}])
def test_anything_else_is_400_and_changes_nothing(client, number, value):
    reply = client.call(SET, {"whatsIds": [number], "optOut": value})
    assert_refused(reply, 400, 400, "optOut: true or false")
    assert asked(client, number)[0]["optOut"] is False


def test_whether_to_set_or_to_clear_is_never_guessed(client, number):
    assert_refused(client.call(SET, {"whatsIds": [number]}), 400, 400, "optOut")


@pytest.mark.parametrize("path", [SET, ASK])
@pytest.mark.parametrize("numbers", [None, [], ""])
def test_no_numbers_are_534(client, path, numbers):
    members = {"optOut": True} if numbers is None else {"optOut": True, "whatsIds": numbers}
    assert_refused(client.call(path, members), 200, 534, "whatsid list null")


@pytest.mark.parametrize("path", [SET, ASK])
def test_5000_numbers_are_taken_and_5001_are_507(client, path):
    numbers = [str(8613900000000 + i) for i in range(5001)]
    assert client.call(path, {"whatsIds": numbers[:5000], "optOut": True}).code == 200
    assert_refused(client.call(path, {"whatsIds": numbers, "optOut": True}), 200, 507)
    assert asked(client, numbers[5000])[0]["optOut"] is False


@pytest.mark.parametrize("path", [SET, ASK])
@pytest.mark.parametrize("bad", ["12", "0861234567", "x", "", None, True, 1.5, {}, [],
                                 "120363025246125486@g.us"])
def test_a_bad_number_is_400_and_named_and_nothing_is_changed(client, number, path, bad):
    reply = client.call(path, {"whatsIds": [number, bad], "optOut": True})
    assert_refused(reply, 400, 400, "whatsIds[1]: 7 to 15 digits")
    assert asked(client, number)[0]["optOut"] is False


def test_the_list_has_to_be_an_array(client, number):
    assert_refused(client.call(SET, {"whatsIds": number, "optOut": True}), 400, 400, "whatsIds")


def test_numbers_come_in_any_form_also_as_json_numbers(client, number):
    opt(client, ["+" + number[:2] + " " + number[2:]])
    assert asked(client, int(number), number + "@c.us") == 2 * asked(client, number)


def test_a_reason_has_at_most_255_characters(client, number):
    opt(client, [number], reason="é" * 255)
    reply = client.call(SET, {"whatsIds": [number], "optOut": True, "reason": "é" * 256})
    assert_refused(reply, 400, 400, "reason")
    assert asked(client, number)[0]["reason"] == "é" * 255


def test_tenants_do_not_see_each_others(server, client, add_tenant, number):
    with Client(server, add_tenant(rate_limit=0)) as stranger:
        opt(stranger, [number])
        stranger.imported([{"whatsApp": number, "agentAccount": "anna"}])
        client.imported([{"whatsApp": number, "agentAccount": "anna"}])
        assert asked(client, number)[0]["optOut"] is False
        assert client.customer(number)["optOut"] is False
        opt(client, [number], False)
        assert stranger.customer(number)["optOut"] is True
        assert entries(client, number) == []


def test_the_body_scheme_works_too(client, number):
    members = {"whatsIds": [number], "optOut": "true"}
    assert client.call_body(SET, "boss", members).code == 200
    assert client.call_body(ASK, "boss", {"whatsIds": [number]}).data[0]["optOut"] is True


# --- the command


def listed(server, tenant):
    rows = server.command("optout", "list", "--tenant", tenant.id).stdout.splitlines()
    return [row.split("\t") for row in rows]


def test_the_command_sets_lists_and_clears(server, add_tenant, fresh, tmp_path):
    tenant = add_tenant(rate_limit=0)
    one, two, three = sorted(fresh() for _ in range(3))
    (tmp_path / "numbers").write_text(f"\n +{two} \n\n{three}\n")
    server.command("optout", "set", "--tenant", tenant.id, one, f"@{tmp_path}/numbers", "--reason",
                   "by letter")
    rows = listed(server, tenant)
    assert [(row[0], row[2]) for row in rows] == [(n, "by letter") for n in (one, two, three)]
    assert all(len(row[1]) == len("2025-01-01 00:00:00") for row in rows)
    with Client(server, tenant) as client:
        assert [a["optOut"] for a in asked(client, one, two, three)] == [True] * 3
        server.command("optout", "clear", "--tenant", tenant.id, "-", text=f"{one}\n{three}\n")
        assert [a["optOut"] for a in asked(client, one, two, three)] == [False, True, False]
        assert [entry[3] for entry in entries(client, one)] == [
            "wscrm optout clear", "wscrm optout set"]


def test_the_command_lists_more_than_a_piece(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    numbers = [str(8613900000000 + i) for i in range(2500)]
    server.command("optout", "set", "--tenant", tenant.id, "-", text="\n".join(numbers))
    assert [row[0] for row in listed(server, tenant)] == numbers


def test_a_reason_of_several_lines_is_listed_in_one(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        opt(client, [number], reason="STOP\nplease\t!")
        assert asked(client, number)[0]["reason"] == "STOP\nplease\t!"
    assert [row[2] for row in listed(server, tenant)] == ["STOP please !"]


@pytest.mark.parametrize("words,said", [
    (["optout", "set", "--tenant", "1"], "NUMBER is missing"),
    (["optout", "set", "--tenant", "1", "12"], 'NUMBER: 7 to 15 digits'),
    (["optout", "clear", "--tenant", "1", "15266667779", "x"], '"x"'),
    (["optout", "set", "--tenant", "1", "-"], "no number is there"),
    (["optout", "set", "--tenant", "1", "15266667779", "--reason", "a\nb"], "--reason"),
    (["optout", "set", "--tenant", "1", "15266667779", "--reason", "a" * 256], "--reason"),
])
def test_wrong_use_of_the_command_is_named(server, words, said):
    done = server.command(*words, check=False, text="")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_the_command_knows_no_other_tenants(server):
    done = server.command("optout", "set", "--tenant", "987654", "15266667779", check=False)
    assert (done.returncode, done.stderr) == (1, "wscrm: there is no tenant 987654\n")
