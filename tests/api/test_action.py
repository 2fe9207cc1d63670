"""open/action: batchAdd, callbackResult and done."""

import re

import pytest
from actions import ADD, DONE, FRIEND, RESULT, STREAM, add, answer, item, results
from harness import Client


def assert_refused(reply, status, code, *said):
    assert (reply.status, reply.code, reply.data) == (status, code, ""), reply
    for part in said:
        assert part in reply.message, reply.message


def test_each_item_gets_an_id_in_order(client):
    ids = add(client, item(), item("ben"), {"userName": "ben", "friendWhatsId": FRIEND})
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{32}", id) for id in ids)
    reply = client.call(RESULT, {"data": ids[::-1]})
    assert reply.data == [{"id": id, "tenantId": int(client.tenant.id), "status": 0, "reason": ""}
                          for id in ids[::-1]]
    assert list(reply.data[0]) == ["id", "tenantId", "status", "reason"]


@pytest.mark.parametrize("body, status, code, said", [
    ({}, 200, 506, ""),
    ({"data": []}, 200, 506, ""),
    ({"data": [item()] * 501}, 200, 507, ""),
    ({"data": "x"}, 400, 400, "data"),
    ({"data": [item(), 7]}, 400, 400, "data[1]: object expected"),
    ({"data": [item(""), item("nobody")]}, 200, 531, ""),
    ({"data": [item(), item("nobody")]}, 200, 530, ""),
    ({"data": [item("x" * 256)]}, 200, 530, ""),
    ({"data": [item(friendWhatsId="")]}, 200, 532, ""),
    ({"data": [item(friendWhatsId="12x")]}, 400, 400, "data[0].friendWhatsId"),
    ({"data": [item(whatsId="8618217339999")]}, 200, 508, ""),
    ({"data": [item(platformType=3)]}, 400, 400, "data[0].platformType"),
    ({"data": [item(type=2)]}, 400, 400, "data[0].type"),
    ({"data": [item(content="x" * 1025)]}, 200, 514, ""),
])
def test_what_is_at_fault_is_told_and_nothing_is_made(client, body, status, code, said):
    assert_refused(client.call(ADD, body), status, code, said)


def test_the_account_is_the_agents(server, client):
    tenant = client.tenant
    server.command("account", "add", "--tenant", tenant.id, "8613900000001", "--agent", "anna",
                   "--transport", "sandbox")
    assert_refused(client.call(ADD, {"data": [item("ben", whatsId="8613900000001")]}), 200, 508)
    add(client, item(whatsId="+86 13900000001", platformType="2", content="x" * 1024))


def test_a_repetition_makes_nothing_twice(client):
    reply = client.call(ADD, {"data": [item()]}, headers={"Idempotency-Key": "a1"})
    again = client.call(ADD, {"data": [item()]}, headers={"Idempotency-Key": "a1"})
    assert again.body == reply.body
    assert again.headers["idempotency-replayed"] == "true"


def test_an_answer_is_final(client):
    one, two = add(client, item(), item())
    reply = answer(client, one)
    assert (reply.code, reply.data) == (200, None)
    assert answer(client, one).code == 200  # the client lost the answer
    assert_refused(answer(client, one, ok=False), 200, -1, "the action is done")
    assert answer(client, two, ok=False, reason="no such chat").code == 200
    assert_refused(answer(client, two), 200, -1, "the action has failed")
    assert results(client, [one, two]) == [(1, ""), (-1, "no such chat")]


def test_answers_at_fault(client):
    one, = add(client, item())
    assert_refused(client.call(DONE, {"ok": True}), 200, 506)
    assert_refused(client.call(DONE, {"id": one}), 400, 400, "ok")
    assert_refused(client.call(DONE, {"id": one, "ok": True, "reason": "x" * 256}), 400, 400, "reason")
    for unknown in ("x", "0" * 32):
        assert_refused(answer(client, unknown), 200, -1, "no such action")
    assert results(client, [one]) == [(0, "")]


def test_results_at_fault(client):
    assert_refused(client.call(RESULT, {}), 200, 506)
    assert_refused(client.call(RESULT, {"data": []}), 200, 506)
    assert_refused(client.call(RESULT, {"data": ["0" * 32] * 1001}), 200, 507)
    assert client.call(RESULT, {"data": ["0" * 32, "x"]}).data == []


def test_tenants_do_not_see_each_others_actions(server, client, add_tenant):
    other = add_tenant(rate_limit=0)
    one, = add(client, item())
    with Client(server, other) as stranger:
        assert stranger.call(RESULT, {"data": [one]}).data == []
        assert_refused(answer(stranger, one), 200, -1, "no such action")
    assert results(client, [one]) == [(0, "")]


def test_the_standard_edition_has_none_of_it(server, add_tenant):
    with Client(server, add_tenant(edition="standard")) as client:
        for path in (ADD, RESULT, DONE):
            assert_refused(client.call(path, {"data": [item()]}), 200, 529)
        assert_refused(client.call(STREAM + "?agentAccount=anna", b"", method="GET"), 200, 529)


def test_a_removed_tenant_leaves_no_actions(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        add(client, *[item()] * 300)
    server.command("tenant", "remove", tenant.id)
    assert server.command("check").returncode == 0
