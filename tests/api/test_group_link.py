"""open/group/api/groupAnalysis, getInfo, join, joinState, list."""

import re

import pytest
from groups import (
    ANALYSIS, FAST, INFO, JOIN, LIST, STATE, add_account, assert_refused, code, data_of, imported,
    info, join, joined, journal, link)
from harness import Client, wait_until


@pytest.fixture(scope="module")
def account(server, tenant):
    return add_account(server, tenant, *FAST)


def test_links_are_imported_and_what_is_none_fails(client):
    good = [link(), "http://CHAT.whatsapp.com/" + code(), "chat.whatsapp.com/invite/" + code() + "/"]
    bad = ["", "https://chat.whatsapp.com/short", "https://example.com/" + code(), 17]
    data = data_of(client.call(ANALYSIS, {"groupLinkList": good + bad}))
    assert data == {"successLink": good, "failLink": ["", *bad[1:3], "17"]}
    assert data_of(client.call(ANALYSIS, {"groupLinkList": good}))["successLink"] == good


def test_all_forms_of_a_code_are_one_link_and_come_back_as_they_were_sent(client, account):
    same = code()
    forms = ["https://chat.whatsapp.com/" + same, "chat.whatsapp.com/" + same + "?mode=x",
             "HTTP://Chat.Whatsapp.Com/invite/" + same + "/"]
    imported(client, forms[0])
    shown = info(client, forms)
    assert [one["groupLink"] for one in shown] == forms
    assert len({one["groupId"] for one in shown}) == 1


def test_the_first_letter_of_a_code_decides_its_state(client, account):
    letters = {"C": "ok", "X": "invalid", "R": "revoked", "F": "full", "A": "approval", "x": "ok"}
    links = imported(client, *(link(letter) for letter in letters))
    shown = info(client, links)
    assert [one["status"] for one in shown] == list(letters.values())
    for one in shown:
        known = one["status"] in ("ok", "full", "approval")
        assert bool(re.fullmatch(r"\d{18}", one["groupId"])) == known
        assert (one["groupName"] != "", one["memberCount"] > 0) == (known, known)
        assert set(one) == {"groupLink", "groupId", "groupName", "memberCount", "status", "reason"}
    assert info(client, links) == shown


def test_537_goes_before_538_and_both_before_an_answer(client, account):
    good, parsing = imported(client, link(), link("P"))
    info(client, [good])
    body = {"groupLinkList": [good, parsing]}
    assert_refused(client.call(INFO, body), 538, "parsing group link. Please try again later")
    for unknown in (link(), "no link"):
        body = {"groupLinkList": [good, parsing, unknown]}
        assert_refused(client.call(INFO, body), 537, "groupLink is not exist. Please reload it !")
    assert_refused(client.call(JOIN, {"whatsId": account, **body}), 537)
    assert_refused(client.call(STATE, {"whatsId": account, **body}), 537)
    assert_refused(client.call(JOIN, {"whatsId": account, "groupLinkList": [parsing]}), 538)


@pytest.mark.parametrize("path", [ANALYSIS, INFO, JOIN, STATE])
def test_the_list_has_1_to_500_texts(client, account, path):
    for links in (None, [], ...):
        body = {"whatsId": account, "groupLinkList": links}
        if links is ...:
            del body["groupLinkList"]
        assert_refused(client.call(path, body), 536, "groupLinkList is null")
    body = {"whatsId": account, "groupLinkList": [link()] * 501}
    assert_refused(client.call(path, body), 507, "data size big")
    body = {"whatsId": account, "groupLinkList": [link(), {}]}
    assert_refused(client.call(path, body), 400, "groupLinkList[1]: text expected", status=400)
    body = {"whatsId": account, "groupLinkList": "chat.whatsapp.com/abcdefghij"}
    assert client.call(path, body).status == 400


def test_500_links_are_taken_at_once(client, account):
    links = imported(client, *(link() for _ in range(500)))
    assert len(info(client, links)) == 500


def test_an_account_joins_and_is_in_the_group(client, account):
    letters = {"C": "joined", "X": "failed", "R": "failed", "F": "failed", "A": "approval"}
    links = imported(client, *(link(letter) for letter in letters))
    shown = info(client, links)
    assert join(client, account, links) == [{"groupLink": one, "state": "pending"}
                                            for one in links]
    states = joined(client, account, links)
    assert [(one["groupLink"], one["state"]) for one in states] == list(
        zip(links, letters.values()))
    assert [one["reason"] for one in states] == [
        "", "no such group", "the link was revoked", "the group is full", ""]
    chats = {one["groupId"]: one for one in data_of(client.call(LIST, {"whatsId": account}))}
    assert chats[shown[0]["groupId"]] == {
        "groupId": shown[0]["groupId"], "groupName": shown[0]["groupName"],
        "memberCount": shown[0]["memberCount"], "groupLink": links[0]}
    assert shown[4]["groupId"] not in chats
    assert [one["state"] for one in join(client, account, links)] == [
        "joined", "pending", "pending", "pending", "approval"]
    joined(client, account, links)


def test_who_was_not_asked_to_join_has_no_state(client, account):
    links = imported(client, link())
    info(client, links)
    assert_refused(client.call(STATE, {"whatsId": account, "groupLinkList": links}), -1,
                   "groupLinkList[0]")


@pytest.mark.parametrize("path", [JOIN, STATE, LIST])
def test_508_for_an_account_that_the_tenant_does_not_have(client, path):
    for number in ("4915999999999", "anna", "", None):
        assert_refused(client.call(path, {"whatsId": number, "groupLinkList": [link()]}), 508)


def test_tenants_never_see_each_others_links_and_groups(server, client, account, add_tenant):
    links = imported(client, link())
    info(client, links)
    join(client, account, links)
    joined(client, account, links)
    other = add_tenant(rate_limit=0)
    with Client(server, other) as stranger:
        body = {"whatsId": account, "groupLinkList": links}
        assert_refused(stranger.call(INFO, body), 537)
        assert_refused(stranger.call(JOIN, body), 508)
        assert_refused(stranger.call(LIST, body), 508)
        own = add_account(server, other, *FAST)
        assert data_of(stranger.call(LIST, {"whatsId": own})) == []
        assert_refused(stranger.call(STATE, {"whatsId": own, "groupLinkList": links}), 537)


def test_a_repeated_call_with_a_key_is_answered_as_before(client, account):
    headers = {"Idempotency-Key": "group-link-1"}
    body = {"groupLinkList": [link(), "none"]}
    first = client.call(ANALYSIS, body, headers=headers)
    again = client.call(ANALYSIS, body, headers=headers)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.body == first.body


def test_after_a_crash_links_and_joins_go_on_and_nothing_is_asked_twice(own_server):
    server = own_server()
    tenant = server.add_tenant(7, rate_limit=0)
    account = add_account(server, tenant, "speed=0.2", "info_interval_ms=20",
                          "join_interval_ms=30")
    links = [link() for _ in range(40)]
    with Client(server, tenant) as client:
        imported(client, *links)
        wait_until("some are asked", lambda: len(journal(server)) >= 5)
    server.kill()
    server.start()
    with Client(server, tenant) as client:
        assert [one["status"] for one in info(client, links)] == ["ok"] * 40
        join(client, account, links)
        wait_until("some are joined", lambda: len(journal(server)) >= 50)
    server.kill()
    server.start()
    with Client(server, tenant) as client:
        assert [one["state"] for one in joined(client, account, links)] == ["joined"] * 40
        assert len(data_of(client.call(LIST, {"whatsId": account}))) == 40
    asked = [(line["kind"], line["to"]) for line in journal(server)]
    assert len(asked) == len(set(asked)) == 80
    assert server.command("check").returncode == 0
