"""Mass sending to group chats: taskType and targetType 2."""

import pytest
from groups import FAST, add_account, data_of, imported, info, join, joined, journal, link
from harness import Client, wait_until
from tasks import (
    COMPLETED, MANY, MARK, OWN, PREVIEW, SENDER, SINGLE, TEXT, assert_refused, create, mark,
    wait_for)


class Chats:
    """Two accounts of anna, each in a group chat of its own, and both in a third."""

    def __init__(self, server, tenant):
        self.client = Client(server, tenant)
        self.first = add_account(server, tenant, *FAST, "interval_min=0", "interval_max=0")
        self.second = add_account(server, tenant, *FAST, "interval_min=0", "interval_max=0")
        self.links = imported(self.client, link(), link(), link())
        self.chats = info(self.client, self.links)
        for account, links in ((self.first, self.links[::2]), (self.second, self.links[1:])):
            join(self.client, account, links)
            joined(self.client, account, links)
        self.ids = [chat["groupId"] for chat in self.chats]
        self.names = [chat["groupName"] for chat in self.chats]


@pytest.fixture(scope="module")
def chats(server, add_tenant):
    made = Chats(server, add_tenant(rate_limit=0, edition="professional"))
    yield made
    made.client.close()


def sender(chats, groups, whats_id=""):
    return {"info": {"agentAccount": "anna", "whatsId": whats_id, "taskType": 2,
                     "friendWhatsIds": groups, "startInterval": 0,
                     "sendData": [{"sendIndex": 0, "sendType": 1, "content": "hi"}]}}


def single(account, group, **members):
    return {"sendWhatsApp": account, "friendWhatsApp": group, "targetType": 2, "content": TEXT,
            **members}


def sent(chats, task):
    done = wait_for(chats.client, task, COMPLETED)
    assert done["sent"] == done["total"], done
    return [(one["sendWhatsApp"], one["friendWhatsApp"]) for one in done["info"]]


@pytest.mark.parametrize("form", ["{}", "{}@g.us"])
def test_a_group_is_named_by_its_id(server, chats, form):
    task = create(chats.client, SINGLE, single(chats.first, form.format(chats.ids[0])))
    assert sent(chats, task) == [(chats.first, chats.ids[0])]
    line = [line for line in journal(server) if line["to"] == chats.ids[0]][-1]
    assert (line["kind"], line["from"], line["text"]) == ("message", chats.first, "hi")


def test_a_group_is_named_by_its_name(chats):
    task = create(chats.client, SINGLE, single(chats.second, chats.names[1]))
    assert sent(chats, task) == [(chats.second, chats.ids[1])]


def test_the_account_of_an_agent_that_is_in_the_group_sends(chats):
    task = create(chats.client, SENDER, sender(chats, [chats.ids[1], chats.names[0]]))
    assert sent(chats, task) == [(chats.second, chats.ids[1]), (chats.first, chats.ids[0])]
    task = create(chats.client, SINGLE, single("", chats.ids[1], agentAccount="anna"))
    assert sent(chats, task) == [(chats.second, chats.ids[1])]


def test_many_groups_each_with_a_content_of_its_own(chats):
    infos = [{"sendWhatsApp": chats.first, "friendWhatsApp": chats.ids[0]},
             {"sendWhatsApp": chats.second, "friendWhatsApp": chats.ids[2]}]
    task = create(chats.client, MANY, {"sendInfos": infos, "targetType": 2, "content": TEXT})
    assert sent(chats, task) == [(one["sendWhatsApp"], one["friendWhatsApp"]) for one in infos]
    own = [{**one, "content": [{"type": 1, "text": f"own {n}"}]} for n, one in enumerate(infos)]
    task = create(chats.client, OWN, {"sendInfos": own, "targetType": 2})
    assert len(sent(chats, task)) == 2


def test_a_group_has_no_variables_and_no_opt_out(server, chats):
    body = single(chats.first, chats.ids[0],
                  content=[{"type": 1, "text": "Hello {{Name|all}} in {{WhatsApp}}"}])
    sent(chats, create(chats.client, SINGLE, body))
    texts = [line["text"] for line in journal(server) if line["to"] == chats.ids[0]]
    assert texts[-1] == f"Hello all in {chats.ids[0]}"


@pytest.mark.parametrize("group", ["nobody's", "120363000000000000", "8613800000001", "", None])
def test_528_for_a_group_that_the_account_is_not_in(chats, group):
    assert_refused(chats.client, SINGLE, single(chats.first, group), 528)
    assert_refused(chats.client, SENDER, sender(chats, [chats.ids[0], group or " "]), 528)
    infos = [{"sendWhatsApp": chats.first, "friendWhatsApp": chats.ids[0]},
             {"sendWhatsApp": chats.first, "friendWhatsApp": group}]
    body = {"sendInfos": infos, "targetType": 2, "content": TEXT}
    assert_refused(chats.client, MANY, body, 528)


def test_528_for_a_group_that_only_another_account_is_in(chats):
    assert_refused(chats.client, SINGLE, single(chats.first, chats.ids[1]), 528)
    assert_refused(chats.client, SENDER, sender(chats, [chats.names[1]], chats.first), 528)


@pytest.mark.parametrize("groups", [[], None])
def test_528_for_no_group_at_all(chats, groups):
    assert_refused(chats.client, SENDER, sender(chats, groups), 528)


def test_the_lowest_code_is_told(chats):
    assert_refused(chats.client, SINGLE, single(chats.first, "none", content=[]), 514)
    assert_refused(chats.client, SINGLE, single("4915999999999", chats.ids[0]), 508)
    assert_refused(chats.client, SINGLE, {**single(chats.first, "none"), "targetType": "x"}, 527)


def test_507_for_more_than_5000_groups(chats):
    assert_refused(chats.client, SENDER, sender(chats, [chats.ids[0]] * 5001), 507)


def test_a_preview_is_judged_in_the_same_way(chats):
    body = {**single(chats.first, chats.ids[0]), "friendWhatsIds": ["8613800000001"]}
    assert data_of(chats.client.call(PREVIEW, body))[0]["contents"] == ["hi"]
    body["friendWhatsApp"] = "none"
    assert chats.client.call(PREVIEW, body).code == 528


def test_another_tenant_cannot_send_to_the_group(server, chats, add_tenant):
    tenant = add_tenant(rate_limit=0, edition="professional")
    account = add_account(server, tenant, *FAST)
    with Client(server, tenant) as stranger:
        for group in (chats.ids[0], chats.names[0]):
            assert_refused(stranger, SINGLE, single(account, group), 528)
        assert_refused(stranger, SINGLE, single(chats.first, chats.ids[0]), 508)


SEND = "/wscrm-bus-api/open/message/send"
MESSAGES = "/wscrm-bus-api/open/message/msgPage"


def test_a_single_message_goes_to_a_group_and_is_shown_as_one(chats):
    body = {"whatsId": chats.second, "friendWhatsId": chats.names[2], "chatType": 2,
            "content": TEXT}
    id = data_of(chats.client.call(SEND, body))["msgId"]

    def found(**info):
        page = data_of(chats.client.call(MESSAGES, {"pageSize": 500, "info": info}))
        return [one for one in page["records"] if one["msgId"] == id]

    message, = wait_until("it is sent", lambda: found(chatType=2))
    assert (message["friendWhatsId"], message["chatType"]) == (chats.ids[2], 2)
    assert found(friendWhatsId=chats.ids[2]) == [message]
    assert found(chatType=1) == [] and found(friendWhatsId=chats.ids[1]) == []


@pytest.mark.parametrize("group", ["none", "", None, "120363000000000000"])
def test_528_for_a_single_message_to_a_group_that_the_account_is_not_in(chats, group):
    body = {"whatsId": chats.second, "friendWhatsId": group, "chatType": 2, "content": TEXT}
    assert chats.client.call(SEND, body).code == 528
    body["friendWhatsId"] = chats.ids[0]
    assert chats.client.call(SEND, body).code == 528


def test_a_customer_group_by_rule_is_evaluated_when_the_task_starts(chats, fresh):
    numbers = [fresh() for _ in range(3)]
    for number, stage in zip(numbers, ("Ruled", "Ruled", "Other")):
        chats.client.imported([{"whatsApp": number, "agentAccount": "anna", "stage": stage}])
    reply = chats.client.call("/wscrm-bus-api/open/customerGroup/save",
                              {"name": "ruled", "segment": {"stage": "Ruled"}})
    assert reply.code == 200
    late = fresh()
    chats.client.imported([{"whatsApp": late, "agentAccount": "anna", "stage": "Ruled"}])
    body = mark(customerGroupValue="ruled", type=1, startTime=..., sendTimeMin=0, sendTimeMax=0)
    done = wait_for(chats.client, create(chats.client, MARK, body), COMPLETED)
    assert sorted(one["friendWhatsApp"] for one in done["info"]) == sorted([*numbers[:2], late])
