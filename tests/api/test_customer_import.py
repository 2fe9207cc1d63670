"""PUT customer/api/import and POST customer/api/batchImport."""

import json

import pytest
from harness import (
    BASIC_FIELDS,
    BATCH_IMPORT,
    DEMO,
    IMPORT,
    Client,
    Connection,
    request_bytes,
    to_bytes,
)

ADMIN_REFUSAL = b'{"code":-1,"message":"Admin Cannot import data","data":""}'

MESSAGES = {
    506: "data is empty",
    507: "data size big",
    516: "main userId is null",
    524: "userName is null",
    531: "userName is error",
    532: "customer whats id is null",
    533: "extended field format error",
}

LONGEST = {name: 255 for name in BASIC_FIELDS if name not in ("sex", "birthday", "tabName")}
LONGEST.update(desc=2000, welcome=1024)

# Of each text field a value, and another.
TEXTS = {name: (f"first {name}", f"second {name}") for name in LONGEST}
TEXTS["birthday"] = ("2020/03/08", "1999/12/31")
TEXTS["sex"] = ("male", "female")


def assert_refused(reply, code):
    wanted = {"code": code, "message": MESSAGES[code], "data": ""}
    assert (reply.status, reply.envelope) == (200, wanted)


def assert_http_error(reply, status, *said):
    assert reply.status == status, reply
    assert (reply.code, reply.data) == (status, "")
    for part in said:
        assert part in reply.message, reply.message


def item(number, **fields):
    return {"whatsApp": number, "agentAccount": "anna", **fields}


def only_failure(reply, code, place=None):
    """The one item of the call was refused so."""
    assert (reply.status, reply.code) == (200, 200), reply.body
    data = reply.data
    assert (data["isAllOk"], data["total"], data["successWhatsIds"]) == (False, 1, [])
    assert len(data["failWhatsIds"]) == len(data["failDetails"]) == 1
    detail = data["failDetails"][0]
    assert list(detail) == ["index", "whatsId", "code", "message"]
    assert (detail["index"], detail["code"]) == (0, code), detail
    assert data["failWhatsIds"] == [detail["whatsId"]]
    if code in MESSAGES:
        assert MESSAGES[code] in detail["message"]
    if place is not None:
        assert detail["message"].startswith(f"data[0].{place}: "), detail
    return detail


@pytest.fixture(scope="module")
def tenant(server, add_tenant):
    """The module's own, with an extended field of each type."""
    made = add_tenant(rate_limit=0)
    for name, *options in (
        ("Faction",),
        ("Note", "--type", "text"),
        ("Level", "--type", "number"),
        ("Joined", "--type", "date"),
        ("Plan", "--type", "option", "--option", "gold", "--option", "old silver"),
    ):
        server.command("field", "add", "--tenant", made.id, name, *options)
    return made


# --- the answer, to the letter ---


def success(*numbers):
    ids = ",".join(f'"{number}"' for number in numbers)
    return (
        f'{{"code":200,"message":"Success","data":{{"isAllOk":true,"total":{len(numbers)},'
        f'"successWhatsIds":[{ids}],"failWhatsIds":[],"failDetails":[]}}}}'
    ).encode()


def test_batch_import_answers_to_the_letter(client, fresh):
    first, second = fresh(), fresh()
    assert client.batch_import([item(first), item(second)]).body == success(first, second)


def test_put_import_answers_to_the_letter_in_both_schemes(client, fresh):
    first, second = fresh(), fresh()
    assert client.put_import("anna", [{"whatsApp": first}]).body == success(first)
    reply = client.call_body(IMPORT, "ben", {"data": [{"whatsApp": second}]}, method="PUT")
    assert reply.body == success(second)


def test_failed_items_are_answered_to_the_letter(client, fresh):
    good, bad = fresh(), fresh()
    reply = client.batch_import([item(bad, sex="x"), item(good), {"whatsApp": bad}])
    details = reply.data["failDetails"]
    wanted = {
        "isAllOk": False,
        "total": 3,
        "successWhatsIds": [good],
        "failWhatsIds": [bad, bad],
        "failDetails": [
            {"index": 0, "whatsId": bad, "code": 400, "message": details[0]["message"]},
            {"index": 2, "whatsId": bad, "code": 531, "message": details[1]["message"]},
        ],
    }
    text = json.dumps({"code": 200, "message": "Success", "data": wanted}, separators=(",", ":"))
    assert reply.body.decode() == text
    assert details[0]["message"].startswith("data[0].sex: ")
    assert details[1]["message"] == "data[2].agentAccount: userName is error"


def test_the_numbers_of_the_answer_are_the_normal_form(client, number):
    reply = client.batch_import([item(f"+{number[:2]} {number[2:5]}-{number[5:]}@c.us")])
    assert reply.body == success(number)


def test_a_failed_number_is_answered_as_it_was_sent(client):
    reply = client.batch_import([item("+86 13-x")])
    assert only_failure(reply, 400, "whatsApp")["whatsId"] == "+86 13-x"


# --- who may import, and for whom ---


def test_the_admin_cannot_import_in_either_scheme(client, number):
    data = [{"whatsApp": number}]
    assert client.put_import("boss", data).body == ADMIN_REFUSAL
    reply = client.call_body(IMPORT, "boss", {"data": data}, method="PUT")
    assert (reply.status, reply.body) == (200, ADMIN_REFUSAL)
    assert client.customers(number) == []


def test_the_demo_admin_cannot_import(server, number):
    with Client(server, DEMO) as client:
        assert client.put_import("WhatsApp", [{"whatsApp": number}]).body == ADMIN_REFUSAL


@pytest.mark.parametrize("user", ["nobody", "ANNA", "anna,ben"])
def test_put_import_for_an_unknown_agent_is_531_in_the_header_scheme(client, number, user):
    assert_refused(client.put_import(user, [{"whatsApp": number}]), 531)
    assert client.customers(number) == []


def test_put_import_for_an_unknown_agent_is_516_in_the_body_scheme(client, number):
    reply = client.call_body(IMPORT, "nobody", {"data": [{"whatsApp": number}]}, method="PUT")
    assert_refused(reply, 516)


@pytest.mark.parametrize("members", [{}, {"userName": ""}, {"userName": None}])
def test_put_import_without_a_user_name_is_524(client, number, members):
    reply = client.call(IMPORT, {**members, "data": [{"whatsApp": number}]}, method="PUT")
    assert_refused(reply, 524)
    assert client.customers(number) == []


def test_put_import_makes_the_agent_the_owner(client, number):
    client.put_import("ben", [{"whatsApp": number}])
    assert client.customer(number)["agentAccount"] == "ben"
    client.put_import("anna", [{"whatsApp": number}])
    assert client.customer(number)["agentAccount"] == "anna"


def test_batch_import_makes_each_items_agent_the_owner(client, fresh):
    first, second = fresh(), fresh()
    client.imported([item(first, agentAccount="ben"), item(second)])
    owners = [shown["agentAccount"] for shown in client.customers(first, second)]
    assert owners == ["ben", "anna"]
    client.imported([item(first)])
    assert client.customer(first)["agentAccount"] == "anna"


@pytest.mark.parametrize("agent", [None, "", "nobody", "Anna", ["anna"]])
def test_an_item_without_a_known_agent_is_531(client, number, agent):
    only_failure(client.batch_import([item(number, agentAccount=agent)]), 531)
    assert client.customers(number) == []


def test_an_item_without_an_agent_at_all_is_531(client, number):
    only_failure(client.batch_import([{"whatsApp": number}]), 531)


def test_an_agent_may_come_as_a_number(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0, agents=("202510161",))
    with Client(server, tenant) as client:
        client.imported([item(number, agentAccount=202510161)])
        assert client.customer(number)["agentAccount"] == "202510161"


def test_batch_import_in_the_body_scheme_may_be_signed_by_the_admin(client, number):
    reply = client.call_body(BATCH_IMPORT, "boss", {"data": [item(number)]})
    assert reply.body == success(number)


def test_an_agent_added_meanwhile_may_import_at_once(server, client, tenant, number):
    only_failure(client.batch_import([item(number, agentAccount="late")]), 531)
    server.command("agent", "add", "--tenant", tenant.id, "late")
    client.imported([item(number, agentAccount="late")])


# --- `data` ---

NOTHING = [{}, {"data": None}, {"data": ""}, {"data": []}]


@pytest.mark.parametrize("members", NOTHING)
def test_no_data_is_506(client, members):
    assert_refused(client.call(BATCH_IMPORT, members), 506)
    assert_refused(client.call(IMPORT, {**members, "userName": "anna"}, method="PUT"), 506)
    assert_refused(client.call_body(IMPORT, "anna", members, method="PUT"), 506)


def test_an_empty_body_is_506(client):
    assert_refused(client.call(BATCH_IMPORT, b""), 506)


@pytest.mark.parametrize("data", [{}, {"whatsApp": "15266667779"}, "x", 5, True])
def test_data_that_is_no_array_is_400(client, data):
    assert_http_error(client.call(BATCH_IMPORT, {"data": data}), 400, "data")
    reply = client.call(IMPORT, {"userName": "anna", "data": data}, method="PUT")
    assert_http_error(reply, 400, "data")


@pytest.mark.parametrize("body", [b'"x"', b"5", b"true", b"null"])
def test_a_body_that_is_no_object_is_400(client, body):
    assert_http_error(client.call(BATCH_IMPORT, body), 400)
    assert_http_error(client.call(IMPORT, body, method="PUT"), 400)


@pytest.mark.parametrize("bad", [None, "15266667779", 15266667779, [], True])
def test_an_item_that_is_no_object_is_400_and_nothing_is_imported(client, fresh, bad):
    numbers = [fresh(), fresh()]
    data = [item(numbers[0]), bad, item(numbers[1])]
    assert_http_error(client.call(BATCH_IMPORT, {"data": data}), 400, "data[1]")
    reply = client.call(IMPORT, {"userName": "anna", "data": data}, method="PUT")
    assert_http_error(reply, 400, "data[1]")
    assert client.customers(*numbers) == []


def test_5000_items_are_imported_and_5001_are_too_many(client, fresh):
    numbers = [fresh() for _ in range(5001)]
    refused = client.batch_import([item(number) for number in numbers])
    assert_refused(refused, 507)
    assert client.customers(numbers[0], numbers[-1]) == []
    reply = client.put_import("anna", [{"whatsApp": n, "friendName": f"mr {n}"} for n in numbers[:5000]])
    assert reply.body == success(*numbers[:5000])
    for start in range(0, 5000, 1000):
        part = numbers[start : start + 1000]
        names = [(shown["whatsApp"], shown["friendName"]) for shown in client.customers(*part)]
        assert names == [(number, f"mr {number}") for number in part]
    assert client.customers(numbers[5000]) == []


def test_unknown_top_level_members_are_ignored(client, tenant, number):
    body = {"x": [1, {"y": None}], "tenantId": tenant.id, "userName": 5, "data": [item(number)]}
    assert client.call(BATCH_IMPORT, body).body == success(number)


# --- items are judged one by one ---


def test_a_bad_item_never_takes_a_good_one_down(client, fresh):
    numbers = [fresh() for _ in range(12)]
    spoilt = {
        0: {"sex": "x"},
        3: {"birthday": "2020/02/30"},
        6: {"agentAccount": "nobody"},
        9: {"NoSuchField": "x"},
        11: {"whatsApp": ""},
    }
    reply = client.batch_import([
        {**item(number, friendName=f"mr {number}"), **spoilt.get(i, {})}
        for i, number in enumerate(numbers)
    ])
    good = [number for i, number in enumerate(numbers) if i not in spoilt]
    data = reply.data
    assert (data["isAllOk"], data["total"], data["successWhatsIds"]) == (False, 12, good)
    assert [(d["index"], d["code"]) for d in data["failDetails"]] == [
        (0, 400), (3, 400), (6, 531), (9, 533), (11, 532)
    ]
    assert data["failWhatsIds"] == [d["whatsId"] for d in data["failDetails"]]
    assert [shown["whatsApp"] for shown in client.customers(*numbers)] == good


def test_a_bad_item_changes_nothing_of_its_customer(client, number):
    client.imported([item(number, friendName="old", tabName="a")])
    before = client.customer(number)
    only_failure(
        client.batch_import([item(number, friendName="new", tabName="b", agentAccount="ben", sex="x")]),
        400, "sex",
    )
    assert client.customer(number) == before


def test_two_items_of_one_number_take_effect_in_order(client, number):
    reply = client.batch_import([
        item(number, friendName="first", address="kept", tabName="a"),
        item(f"+{number}", friendName="second", tabName="b", cancelTabName="a", agentAccount="ben"),
    ])
    assert reply.body == success(number, number)
    shown = client.customer(number)
    wanted = {"friendName": "second", "address": "kept", "tabName": "b", "agentAccount": "ben"}
    assert {name: shown[name] for name in wanted} == wanted


def test_the_same_import_again_changes_nothing(client, number):
    items = [item(number, friendName="lee", tabName="a,b", stage="New", Level="5")]
    client.imported(items)
    before = client.customer(number)
    client.imported(items)
    after = client.customer(number)
    before.pop("updateTime"), after.pop("updateTime")
    assert after == before


# --- whatsApp ---


@pytest.mark.parametrize("member", [{}, {"whatsApp": None}, {"whatsApp": ""}])
def test_an_item_without_a_number_is_532(client, member):
    detail = only_failure(client.batch_import([{**member, "agentAccount": "anna"}]), 532)
    assert detail["whatsId"] == ""


@pytest.mark.parametrize("form", [
    "{}", "+{}", "00{}", "+{}@c.us", "{}@s.whatsapp.net", "00{}@s.whatsapp.net", " {} ", "- ({})",
])
def test_numbers_are_brought_to_their_normal_form(client, number, form):
    assert client.batch_import([item(form.format(number))]).body == success(number)
    assert client.customer(number)["whatsApp"] == number


def test_fillers_may_stand_between_the_digits(client, number):
    form = f"+{number[:2]} ({number[2:5]}) {number[5:9]}-{number[9:]}"
    assert client.batch_import([item(form)]).body == success(number)


@pytest.mark.parametrize("number", ["1234567", "123456789012345", "86182217331411", "999999999999999"])
def test_a_number_has_7_to_15_digits(client, number):
    assert client.batch_import([item(number)]).body == success(number)


def test_a_number_may_come_as_a_json_number(client, number):
    reply = client.call(BATCH_IMPORT, {"data": [{"whatsApp": int(number), "agentAccount": "anna"}]})
    assert reply.body == success(number)


@pytest.mark.parametrize("bad", [
    "123456", "1234567890123456", "1" * 40, "0123456789", "000123456789", "Lee", "15266667779x",
    "+", "@c.us", "15266667779@example.com", "120363025246125486@g.us", "15266667779@g.us",
    "1.5266667779", "152\t66667779", "１２３４５６７８", "-", 123456, 1.5, True, ["1"], {},
])
def test_what_is_no_number_is_400(client, bad):
    only_failure(client.batch_import([item(bad)]), 400, "whatsApp")


# --- basic fields: missing and "" leave alone, null clears ---


@pytest.mark.parametrize("name", TEXTS)
def test_a_field_is_set_kept_changed_and_cleared(client, number, name):
    first, second = TEXTS[name]
    cleared = "unknown" if name == "sex" else ""
    steps = [({name: first}, first), ({}, first), ({name: ""}, first), ({name: second}, second),
             ({name: None}, cleared), ({name: None}, cleared), ({name: first}, first)]
    for members, wanted in steps:
        client.imported([item(number, **members)])
        assert client.customer(number)[name] == wanted, members


def test_a_template_full_of_empty_texts_changes_nothing(client, number):
    full = {name: texts[0] for name, texts in TEXTS.items()}
    client.imported([item(number, **full, tabName="a", Faction="blue", Level="5")])
    before = client.customer(number)
    empty = {name: "" for name in [*BASIC_FIELDS, "cancelTabName", "Faction", "Level", "Joined", "Plan"]}
    client.imported([item(number, **empty, extensionField="")])
    after = client.customer(number)
    before.pop("updateTime"), after.pop("updateTime")
    assert after == before


@pytest.mark.parametrize("name,longest", LONGEST.items())
def test_a_text_may_have_its_longest_length_in_characters(client, number, name, longest):
    text = "é李\U0001f600x" * (longest // 4) + "x" * (longest % 4)
    client.imported([item(number, **{name: text})])
    assert client.customer(number)[name] == text
    only_failure(client.batch_import([item(number, **{name: text + "y"})]), 400, name)
    assert client.customer(number)[name] == text


@pytest.mark.parametrize("name", [*TEXTS, "tabName", "cancelTabName"])
@pytest.mark.parametrize("value", [5, 1.5, True, [], {}], ids=["5", "1.5", "true", "[]", "{}"])
def test_a_field_that_is_no_text_is_400(client, number, name, value):
    only_failure(client.batch_import([item(number, **{name: value})]), 400, name)
    assert client.customers(number) == []


@pytest.mark.parametrize("given,shown", [
    ("male", "male"), ("MALE", "male"), ("Female", "female"), ("fEmAlE", "female"),
    ("unknown", "unknown"), ("Unknown", "unknown"),
])
def test_the_sex_may_come_in_any_case(client, number, given, shown):
    client.imported([item(number, sex=given)])
    assert client.customer(number)["sex"] == shown


@pytest.mark.parametrize("sex", ["x", "m", "males", " male", "男", "0"])
def test_a_sex_that_is_none_is_400(client, number, sex):
    only_failure(client.batch_import([item(number, sex=sex)]), 400, "sex")


@pytest.mark.parametrize("birthday", ["2020/02/29", "2000/02/29", "1900/02/28", "0001/01/01", "9999/12/31"])
def test_a_real_day_is_a_birthday(client, number, birthday):
    client.imported([item(number, birthday=birthday)])
    assert client.customer(number)["birthday"] == birthday


@pytest.mark.parametrize("birthday", [
    "2020/02/30", "2021/02/29", "1900/02/29", "2020/04/31", "2020/13/01", "2020/00/10", "2020/01/00",
    "2020/1/1", "2020-03-08", "08/03/2020", "20200308", "2020/03/08 ", " 2020/03/08", "2020/03/08 00:00",
    "2020/03", "0000/01/01", "٢٠٢٠/٠٣/٠٨", "+020/03/08", "x",
])
def test_what_is_no_day_is_no_birthday(client, number, birthday):
    only_failure(client.batch_import([item(number, birthday=birthday)]), 400, "birthday")


def test_blanks_around_a_text_are_kept(client, number):
    client.imported([item(number, friendName="  lee \n", stage=" New ")])
    shown = client.customer(number)
    assert (shown["friendName"], shown["stage"]) == ("  lee \n", " New ")


def test_many_stages_and_sources_come_into_being(client, fresh):
    numbers = [fresh() for _ in range(50)]
    client.imported([
        item(number, stage=f"stage {i}", source=f"source {i % 7}") for i, number in enumerate(numbers)
    ])
    labels = [(shown["stage"], shown["source"]) for shown in client.customers(*numbers)]
    assert labels == [(f"stage {i}", f"source {i % 7}") for i in range(50)]


def test_labels_differ_by_case_and_are_each_tenants_own(server, client, add_tenant, fresh):
    first, second = fresh(), fresh()
    client.imported([item(first, stage="Lead"), item(second, stage="lead")])
    assert [shown["stage"] for shown in client.customers(first, second)] == ["Lead", "lead"]
    other = add_tenant(rate_limit=0)
    with Client(server, other) as stranger:
        stranger.imported([item(first, stage="LEAD", tabName="Lead")])
        shown = stranger.customer(first)
        assert (shown["stage"], shown["tabName"]) == ("LEAD", "Lead")


# --- tags ---


def tags(client, number):
    text = client.customer(number)["tabName"]
    return text.split(",") if text else []


@pytest.mark.parametrize("steps", [
    # of each import: tabName, cancelTabName; and the tags afterwards
    [("a,b", "", "ab"), ("c", "", "abc"), ("", "b", "ac"), ("", "", "ac"), (None, "", "")],
    [("a", "a", ""), ("a,b", "b,c", "a"), ("b", "a", "b")],
    [("a,b,c", "", "abc"), (None, "a", ""), ("x", None, "x"), ("", None, "x")],
    [("", "zzz", ""), (None, None, ""), (",", "", ""), (" , ,", ",", "")],
    [("a,a,a", "", "a"), ("a", "", "a"), ("A", "", "aA")],
    [(" a ,b\t,  c", "", "abc"), ("", " c , a ", "b")],
], ids=["added and removed", "both: removed", "null removes all", "nothing", "no doubles", "trimmed"])
def test_tags(client, number, steps):
    for added, removed, wanted in steps:
        client.imported([item(number, tabName=added, cancelTabName=removed)])
        assert sorted(tags(client, number)) == sorted(wanted), (added, removed)


def test_a_missing_tab_name_leaves_the_tags_alone(client, number):
    client.imported([item(number, tabName="a,b")])
    client.imported([item(number, cancelTabName="a")])
    client.imported([item(number)])
    assert tags(client, number) == ["b"]


def test_a_tag_keeps_its_inner_blanks_and_characters(client, number):
    client.imported([item(number, tabName="Good  Man,李\"\\,\U0001f600")])
    assert sorted(tags(client, number)) == sorted(["Good  Man", "李\"\\", "\U0001f600"])


def test_a_tag_has_at_most_64_characters(client, number):
    longest = "李" * 64
    client.imported([item(number, tabName=f"x, {longest} ")])
    only_failure(client.batch_import([item(number, tabName=f"y,{longest}z")]), 400, "tabName")
    assert sorted(tags(client, number)) == sorted(["x", longest])


def test_a_customer_has_at_most_100_tags(client, fresh):
    number, other = fresh(), fresh()
    hundred = [f"t{i}" for i in range(100)]
    only_failure(client.batch_import([item(other, tabName=",".join([*hundred, "more"]))]), 400, "tabName")
    assert client.customers(other) == []
    client.imported([item(number, tabName=",".join(hundred[:60]))])
    client.imported([item(number, tabName=",".join(hundred[60:]))])
    assert sorted(tags(client, number)) == sorted(hundred)
    only_failure(client.batch_import([item(number, tabName="more")]), 400, "tabName")
    assert sorted(tags(client, number)) == sorted(hundred)
    client.imported([item(number, tabName="more", cancelTabName="t5")])
    assert sorted(tags(client, number)) == sorted({*hundred, "more"} - {"t5"})


def test_one_tag_too_many_takes_no_neighbour_along(client, fresh):
    numbers = [fresh(), fresh(), fresh()]
    client.imported([item(numbers[1], tabName=",".join(f"t{i}" for i in range(100)))])
    reply = client.batch_import([
        item(numbers[0], tabName="a"), item(numbers[1], tabName="more", friendName="no"),
        item(numbers[2], tabName="c"),
    ])
    assert reply.data["successWhatsIds"] == [numbers[0], numbers[2]]
    assert [(d["index"], d["code"]) for d in reply.data["failDetails"]] == [(1, 400)]
    assert [shown["friendName"] for shown in client.customers(*numbers)] == ["", "", ""]
    assert tags(client, numbers[0]) == ["a"] and tags(client, numbers[2]) == ["c"]


# --- extended fields ---

EXTENDED = [
    ("Faction", "blue", "red"),
    ("Note", "李", " \n"),
    ("Level", "5", "-12.50"),
    ("Joined", "2024/02/29", "1999/12/31"),
    ("Plan", "gold", "old silver"),
]


@pytest.mark.parametrize("inside", [False, True], ids=["at item level", "in extensionField"])
@pytest.mark.parametrize("name,first,second", EXTENDED, ids=[row[0] for row in EXTENDED])
def test_an_extended_field_is_set_kept_changed_and_cleared(client, number, inside, name, first, second):
    steps = [({name: first}, first), ({}, first), ({name: ""}, first), ({name: second}, second),
             ({name: None}, ""), ({name: None}, ""), ({name: first}, first)]
    for members, wanted in steps:
        client.imported([item(number, **({"extensionField": members} if inside else members))])
        assert client.customer(number)[name] == wanted, members


def test_an_extended_number_may_come_as_a_json_number(client, number):
    client.imported([item(number, Level=17)])
    assert client.customer(number)["Level"] == "17"


@pytest.mark.parametrize("name,value", [
    ("Level", "five"), ("Level", "1e5"), ("Level", "5 "), ("Level", "0x10"), ("Level", "1."),
    ("Level", ".5"), ("Level", "--5"), ("Level", "1,5"), ("Level", True), ("Level", ["5"]),
    ("Joined", "2023/02/29"), ("Joined", "2023-02-28"), ("Joined", "yesterday"), ("Joined", 20230228),
    ("Plan", "silver"), ("Plan", "Gold"), ("Plan", "gold "), ("Plan", 0),
    ("Faction", 5), ("Faction", {}), ("Faction", ["blue"]), ("Faction", False),
    ("faction", "blue"), ("Undefined", "x"), ("", "x"),
])
@pytest.mark.parametrize("inside", [False, True], ids=["at item level", "in extensionField"])
def test_a_wrong_extended_field_is_533(client, number, inside, name, value):
    members = {"extensionField": {name: value}} if inside else {name: value}
    only_failure(client.batch_import([item(number, **members)]), 533)
    assert client.customers(number) == []


def test_an_extended_field_has_at_most_1000_characters(client, number):
    client.imported([item(number, Faction="李" * 1000)])
    assert client.customer(number)["Faction"] == "李" * 1000
    detail = only_failure(client.batch_import([item(number, Faction="李" * 1000 + "x")]), 533)
    assert "Faction" in detail["message"]


@pytest.mark.parametrize("value", [5, "x", [], True])
def test_an_extension_field_that_is_no_object_is_400(client, number, value):
    only_failure(client.batch_import([item(number, extensionField=value)]), 400, "extensionField")


def test_extended_fields_are_each_tenants_own(server, add_tenant, number):
    other = add_tenant(rate_limit=0)
    with Client(server, other) as stranger:
        only_failure(stranger.batch_import([item(number, Faction="blue")]), 533)


def test_a_field_added_meanwhile_counts_at_once_and_a_removed_one_is_gone(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        only_failure(client.batch_import([item(number, Late="x")]), 533)
        server.command("field", "add", "--tenant", tenant.id, "Late")
        client.imported([item(number, Late="x")])
        assert client.customer(number)["Late"] == "x"
        server.command("field", "remove", "--tenant", tenant.id, "Late")
        assert "Late" not in client.customer(number)
        only_failure(client.batch_import([item(number, Late="x")]), 533)
        server.command("field", "add", "--tenant", tenant.id, "Late")
        assert client.customer(number)["Late"] == ""


# --- many at once ---


@pytest.mark.threads
def test_a_large_import_and_small_ones_side_by_side(server, tenant, fresh):
    """Over 256 KiB: such a body takes another way through the server."""
    large = [item(fresh(), friendName="x" * 200) for _ in range(2000)]
    small = [fresh() for _ in range(50)]
    with Client(server, tenant) as other:
        with Connection(server.port) as connection:
            body = to_bytes({"data": large})
            assert len(body) > 256 << 10
            connection.send(request_bytes("POST", BATCH_IMPORT, body, tenant.headers()))
            for number in small:
                other.imported([item(number)])
            assert connection.reply().body == success(*[one["whatsApp"] for one in large])
        assert len(other.customers(*small)) == 50
        names = {one["friendName"] for one in other.customers(*[one["whatsApp"] for one in large[:900]])}
        assert names == {"x" * 200}
