"""customer/history, and open/customer/setPrincipalAsNull."""

import pytest
from harness import BATCH_IMPORT, IMPORT, QUERY, Client, now_ms

HISTORY = "/wscrm-bus-api/customer/history"
DISOWN = "/wscrm-bus-api/open/customer/setPrincipalAsNull"


def page(client, number, **members):
    reply = client.call(HISTORY, {"whatsApp": number, **members})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def entries(client, number):
    return [[r["field"], r["from"], r["to"], r["cause"]] for r in page(client, number)["records"]]


def own(client, number, agent):
    client.imported([{"whatsApp": number, "agentAccount": agent}])


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def test_a_page_has_its_shape_and_a_record_its_members(client, number):
    own(client, number, "anna")
    before = now_ms()
    own(client, number, "ben")
    found = page(client, number)
    assert list(found) == ["total", "size", "current", "pages", "records"]
    assert {**found, "records": None} == {
        "total": 1, "size": 10, "current": 1, "pages": 1, "records": None}
    record, = found["records"]
    assert list(record) == ["time", "field", "from", "to", "cause"]
    assert before <= record["time"] <= now_ms()


def test_changes_of_owner_and_stage_are_told_newest_first(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna", "stage": "new"}])
    assert entries(client, number) == []
    client.imported([{"whatsApp": number, "agentAccount": "ben", "stage": "won \"it\""}])
    assert client.put_import("anna", [{"whatsApp": number, "stage": None}]).data["isAllOk"]
    assert entries(client, number) == [
        ["stage", "won \"it\"", "", IMPORT],
        ["agentAccount", "ben", "anna", IMPORT],
        ["stage", "new", "won \"it\"", BATCH_IMPORT],
        ["agentAccount", "anna", "ben", BATCH_IMPORT],
    ]


def test_a_removed_agents_customers_remember_him(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        own(client, number, "anna")
        server.command("agent", "remove", "--tenant", tenant.id, "anna")
        assert entries(client, number) == [["agentAccount", "anna", "", "wscrm agent remove"]]


def test_pages_are_cut_as_asked_and_the_total_is_exact(client, number):
    for turn in range(12):
        own(client, number, ("anna", "ben")[turn % 2])
    times = [r["time"] for r in page(client, number, pageSize=500)["records"]]
    assert len(times) == 11 and times == sorted(times, reverse=True)
    first = page(client, number)
    assert (first["total"], first["pages"], len(first["records"])) == (11, 2, 10)
    cut = page(client, number, current=3, pageSize="4")
    assert {**cut, "records": len(cut["records"])} == {
        "total": 11, "size": 4, "current": 3, "pages": 3, "records": 3}
    assert cut["records"] == page(client, number, pageSize=500)["records"][8:]
    beyond = page(client, number, current=4, pageSize=4)
    assert (beyond["total"], beyond["pages"], beyond["records"]) == (11, 3, [])


def test_a_number_without_a_history_has_an_empty_page(client, number):
    reply = client.call(HISTORY, {"whatsApp": number, "current": "", "pageSize": None})
    assert reply.body == (b'{"code":200,"message":"Success","data":{"total":0,"size":10,"current":1,'
                          b'"pages":0,"records":[]}}')


def test_both_forms_of_a_number_have_one_history(client):
    own(client, "525511113333", "anna")
    own(client, "5215511113333", "ben")
    assert entries(client, "525511113333") == entries(client, "+521 55 1111 3333") == [
        ["agentAccount", "anna", "ben", BATCH_IMPORT]]


@pytest.mark.parametrize("members,said", [
    ({"pageSize": 501}, "pageSize: an integer from 1 to 500"),
    ({"pageSize": 0}, "pageSize: "),
    ({"pageSize": "ten"}, "pageSize: "),
    ({"pageSize": 1.5}, "pageSize: "),
    ({"pageSize": True}, "pageSize: "),
    ({"current": 0}, "current: an integer from 1"),
    ({"current": -1}, "current: "),
    ({"current": []}, "current: "),
    ({"current": 1e300}, "current: "),
    ({"current": 2**53 - 1}, "current: "),
])
def test_a_page_that_cannot_be_is_400(client, number, members, said):
    assert_refused(client.call(HISTORY, {"whatsApp": number, **members}), 400, 400, said)


def test_the_last_page_that_can_be_named_is_empty(client, number):
    last = (2**53 - 1) // 500
    assert page(client, number, current=last, pageSize=500)["records"] == []


@pytest.mark.parametrize("value", [None, ""])
def test_no_number_is_532(client, value):
    assert_refused(client.call(HISTORY, {"whatsApp": value}), 200, 532, "customer whats id is null")


@pytest.mark.parametrize("value", ["12", "x", True, [], {}, 1.5])
def test_a_bad_number_is_400(client, value):
    assert_refused(client.call(HISTORY, {"whatsApp": value}), 400, 400, "whatsApp: 7 to 15 digits")


def test_tenants_do_not_see_each_others_history(server, client, add_tenant, number):
    own(client, number, "anna")
    own(client, number, "ben")
    with Client(server, add_tenant(rate_limit=0)) as stranger:
        assert page(stranger, number)["total"] == 0


# --- setPrincipalAsNull


def disown(client, numbers):
    reply = client.call(DISOWN, {"data": numbers})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def test_owners_are_taken_off_and_it_is_remembered(client, fresh):
    one, two, three = fresh(), fresh(), fresh()
    own(client, one, "anna")
    own(client, two, "ben")
    own(client, three, "ben")
    reply = client.call(DISOWN, {"tenantId": client.tenant.id, "userName": "", "data": [one, two]})
    assert reply.body.decode() == (
        '{"code":200,"message":"Success","data":{"isAllOk":true,"total":2,"successWhatsIds":["%s","%s"],'
        '"failWhatsIds":[]}}' % (one, two))
    assert [c["agentAccount"] for c in client.customers(one, two, three)] == ["", "", "ben"]
    assert entries(client, one) == [["agentAccount", "anna", "", DISOWN]]
    assert entries(client, three) == []


def test_a_customer_without_an_owner_is_good_and_nothing_is_remembered(client, number):
    own(client, number, "anna")
    disown(client, [number])
    changed = client.customer(number)["updateTime"]
    assert disown(client, [number, number])["isAllOk"] is True
    assert client.customer(number)["updateTime"] == changed
    assert len(entries(client, number)) == 1


def test_numbers_that_are_no_customers_fail_and_take_no_other_along(client, fresh):
    one, unknown, two = fresh(), fresh(), fresh()
    own(client, one, "anna")
    own(client, two, "anna")
    assert disown(client, [one, unknown, "12", int(two)]) == {
        "isAllOk": False, "total": 4, "successWhatsIds": [one, two],
        "failWhatsIds": [unknown, "12"]}
    assert [c["agentAccount"] for c in client.customers(one, two)] == ["", ""]


@pytest.mark.parametrize("members", [{}, {"data": []}, {"data": None}, {"data": ""}])
def test_nothing_to_do_is_fine(client, members):
    reply = client.call(DISOWN, members)
    assert (reply.code, reply.data) == (200, {
        "isAllOk": True, "total": 0, "successWhatsIds": [], "failWhatsIds": []})


def test_50_are_taken_and_51_are_507(client, fresh):
    numbers = [fresh() for _ in range(51)]
    client.imported([{"whatsApp": n, "agentAccount": "anna"} for n in numbers])
    assert_refused(client.call(DISOWN, {"data": numbers}), 200, 507, "data size big")
    assert {c["agentAccount"] for c in client.customers(*numbers)} == {"anna"}
    assert disown(client, numbers[:50])["successWhatsIds"] == numbers[:50]
    assert client.customer(numbers[50])["agentAccount"] == "anna"


@pytest.mark.parametrize("bad", [None, {}, [], True])
def test_what_cannot_be_a_number_is_400_and_nothing_is_changed(client, number, bad):
    own(client, number, "anna")
    assert_refused(client.call(DISOWN, {"data": [number, bad]}), 400, 400, "data[1]: ")
    assert client.customer(number)["agentAccount"] == "anna"


def test_the_body_scheme_works_too(client, number):
    own(client, number, "anna")
    assert client.call_body(DISOWN, "boss", {"data": [number]}).data["isAllOk"] is True
    assert client.call(QUERY, [{"whatsApp": number}]).data[0]["agentAccount"] == ""


def test_another_tenants_customer_fails(server, client, add_tenant, number):
    own(client, number, "anna")
    with Client(server, add_tenant(rate_limit=0)) as stranger:
        assert disown(stranger, [number])["failWhatsIds"] == [number]
    assert client.customer(number)["agentAccount"] == "anna"
