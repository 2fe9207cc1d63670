"""POST gsTask/assign/soCreate, moscCreate, momcCreate: tasks for targets that each name their sender."""

import pytest
from tasks import (
    LATER,
    MANY,
    NOT_STARTED,
    OWN,
    PENDING,
    SINGLE,
    TEXT,
    add_senders,
    assert_refused,
    create,
    fresh_name,
    infos,
    many,
    own,
    single,
    status,
)

BODIES = {SINGLE: single, MANY: many, OWN: own}


@pytest.fixture(scope="module")
def senders(server, add_tenant):
    return add_senders(server, add_tenant)


@pytest.fixture
def client(senders):
    with senders.client() as made:
        yield made


def with_content(path, senders, content):
    """The body of a task whose content is this."""
    if path == OWN:
        return own(senders, sendInfos=infos(senders, content=content))
    return BODIES[path](senders, content=content)


def place_of(path):
    return "sendInfos[0].content" if path == OWN else "content"


every = pytest.mark.parametrize("path", [SINGLE, MANY, OWN])


@every
def test_a_task_is_made_and_told_by_its_id(client, senders, path):
    shown = status(client, create(client, path, BODIES[path](senders, name=fresh_name())))
    count = 1 if path == SINGLE else 2
    assert (shown["status"], shown["total"]) == (NOT_STARTED, count)
    assert [(one["sendWhatsApp"], one["friendWhatsApp"]) for one in shown["info"]] == [
        (senders.anna[0], str(8613800000001 + n)) for n in range(count)]


@every
def test_a_name_is_made_when_none_is_given_and_given_once(client, senders, path):
    first, second = (status(client, create(client, path, BODIES[path](senders))) for _ in range(2))
    assert first["name"] and first["name"] != second["name"]
    name = fresh_name()
    create(client, path, BODIES[path](senders, name=name))
    assert_refused(client, path, BODIES[path](senders, name=name), 521)


@every
def test_times_are_of_the_tenants_zone(client, senders, path):
    times = {"startTaskTime": "2099-12-31 23:59", "endTaskTime": "2100-01-01"}
    shown = status(client, create(client, path, BODIES[path](senders, **times)))
    assert (shown["startTime"], shown["endTime"]) == (4102415940000, 4102416000000)


@every
def test_a_start_that_is_past_is_now(client, senders, path):
    body = BODIES[path](senders, startTaskTime="2020-01-01", startInterval=86400)
    assert status(client, create(client, path, body))["events"][0]["to"] == PENDING


@every
def test_the_agents_accounts_send_what_names_no_sender(client, senders, path):
    change = {"sendWhatsApp": ...} if path == SINGLE else {
        "sendInfos": infos(senders, 4, sendWhatsApp="", content=TEXT)}
    used = set()
    for source in ({}, {"source": 3}, {"sendType": "1"}):
        body = BODIES[path](senders, agentAccount="anna", **change, **source)
        shown = status(client, create(client, path, body))
        senders_used = {one["sendWhatsApp"] for one in shown["info"]}
        if source:
            used |= senders_used
            assert len(senders_used) == 1
    assert used == set(senders.anna)
    assert_refused(client, path, BODIES[path](senders, **change), 508)
    assert_refused(client, path, BODIES[path](senders, agentAccount="carl", **change), 508)
    assert_refused(client, path, BODIES[path](senders, agentAccount="anna", source=2, **change), 508)


URL = "https://example.com/a"


@every
@pytest.mark.parametrize("content", [
    [{"type": "1", "text": "hi", "sort": "2", "transId": 77}, {"type": 2, "url": URL, "sort": 1}],
    [{"type": 3, "url": URL}, {"type": 4, "url": URL, "fileName": "a.pdf"}, {"type": 5, "url": URL}],
    [{"type": 6, "text": "8613800000009"}],
    [{"type": 10, "link": URL, "title": "t", "desc": "d"}], [{"type": 10, "url": URL}],
    [{"type": 11, "link": URL}],
    [{"type": 11, "routeType": 1, "routeList": ["anna", "ben"], "text": "choose"}],
    [{"type": 11, "routeType": "3", "routeList": "8613800000009,8613800000010"}],
    [{"type": 1, "text": "Hi {}, {}!", "variableFields": ["Name", "State"]}],
    [{"type": 1, "text": "Hi", "variableFields": [{"index": 2, "fieldType": 0, "fieldName": "Name"}]}],
    [{"type": 1, "text": str(n)} for n in range(10)],
])
def test_contents_that_are_taken(client, senders, path, content):
    body = with_content(path, senders, content)
    assert status(client, create(client, path, body))["total"] == len(content) * (path != SINGLE and 2 or 1)


@every
@pytest.mark.parametrize("code, content", [
    (514, ...), (514, []), (514, None), (514, [{"type": 1}]), (514, [{"type": 1, "text": ""}]),
    (514, [{"type": 1, "text": "x" * 1025}]), (514, [{"type": 6}]), (514, [{"type": 10}]),
    (514, [{"type": 11, "text": "x"}]), (514, [{"type": 10, "link": "mailto:x"}]),
    (515, [{"type": 2}]), (515, [{"type": 3, "text": "x"}]), (515, [{"type": 4, "url": "x"}]),
    (515, [{"type": 5, "url": "ftp://x/y"}]), (515, [{"type": 2, "url": URL + "x" * 2048}]),
    (515, TEXT + [{"type": 2}]), (515, [{"type": 1, "text": "x", "url": "x"}]),
    (507, TEXT * 11), (507, [{"type": 1, "text": "x", "variableFields": ["Name"] * 51}]),
    (507, [{"type": 11, "link": URL, "routeType": 3, "routeList": ["1"] * 101}]),
    (533, [{"type": 1, "text": "{}", "variableFields": ["Nickname"]}]),
])
def test_contents_that_are_refused(client, senders, path, code, content):
    assert_refused(client, path, with_content(path, senders, content), code)


@every
@pytest.mark.parametrize("place, content", [
    ("", {}), ("", "hi"), ("[0]", [5]), ("[0].type", [{"text": "x"}]),
    ("[1].type", TEXT + [{"type": 7}]), ("[0].type", [{"type": 12}]), ("[0].sort", [{"type": 1, "sort": "x"}]),
    ("[0].text", [{"type": 1, "text": {}}]), ("[0].transId", [{"type": 1, "transId": "x" * 256}]),
    ("[0].title", [{"type": 1, "title": "x" * 256}]), ("[0].desc", [{"type": 1, "desc": "x" * 1025}]),
    ("[0].routeType", [{"type": 11, "routeType": 4}]), ("[0].routeType", [{"type": 11, "routeList": ["x"]}]),
    ("[0].routeList[0]", [{"type": 11, "routeType": 1, "routeList": ["x" * 256]}]),
    ("[0].variableFields", [{"type": 1, "text": "x", "variableFields": 5}]),
    ("[0].variableFields[1]", [{"type": 1, "text": "{}", "variableFields": ["Name", "Email"]}]),
    ("[0].variableFields[1]", [{"type": 1, "text": "{}", "variableFields": ["Name", {}]}]),
    ("[0].variableFields[0].index", [{"type": 1, "text": "x", "variableFields": [{"fieldName": "Name"}]}]),
])
def test_contents_of_a_wrong_shape_are_refused_with_their_place(client, senders, path, place, content):
    reply = assert_refused(client, path, with_content(path, senders, content), 400)
    assert reply.message.startswith(f"{place_of(path)}{place}: ")


@every
@pytest.mark.parametrize("code, change", [
    (508, {"agentAccount": "nobody"}), (508, {"agentAccount": "ben"}),
    (513, {"startTaskTime": "soon"}), (513, {"startTaskTime": "2099-13-01"}), (513, {"endTaskTime": "x"}),
    (513, {"endTaskTime": LATER}), (513, {"endTaskTime": "2099-12-31"}),
    (513, {"startTaskTime": ..., "endTaskTime": "2020-01-01"}),
    (520, {"startInterval": 2, "endInterval": 1}), (520, {"endInterval": "x"}), (520, {"startInterval": -1}),
    (527, {"targetType": 3}), (527, {"targetType": "x"}), (527, {"targetType": []}),
    (528, {"targetType": 2}),
    (400, {"name": "x" * 256}), (400, {"source": 4}), (400, {"sendType": "x"}), (400, {"name": []}),
])
def test_what_is_refused_and_makes_nothing(client, senders, path, code, change):
    assert_refused(client, path, BODIES[path](senders, **change), code)


@every
@pytest.mark.parametrize("code, change", [
    (508, {"sendWhatsApp": "8613800000001"}), (508, {"sendWhatsApp": "x"}), (508, {"sendWhatsApp": {}}),
    (508, {"sendWhatsApp": ""}),
    (532, {"friendWhatsApp": ...}), (532, {"friendWhatsApp": ""}), (532, {"friendWhatsApp": None}),
    (400, {"friendWhatsApp": "12"}), (400, {"friendWhatsApp": {}}),
])
def test_a_bad_target_is_refused(client, senders, path, code, change):
    if path == SINGLE:
        body, place = single(senders, **change), ""
    else:
        targets = infos(senders, content=TEXT) + infos(senders, 1, content=TEXT, **change)
        body, place = BODIES[path](senders, sendInfos=targets), "sendInfos[2]."
    reply = assert_refused(client, path, body, code)
    if code == 400:
        assert reply.message.startswith(f"{place}friendWhatsApp: ")


@pytest.mark.parametrize("path", [MANY, OWN])
@pytest.mark.parametrize("code, targets", [
    (532, ...), (532, []), (400, {}), (400, [5]),
    (507, [{}] * 5001), (508, [{"friendWhatsApp": "8613800000001", "content": TEXT}] * 5000),
    (400, [{}, {"friendWhatsApp": "x"}]),
])
def test_targets_are_an_array_of_1_to_5000_objects(client, senders, path, code, targets):
    assert_refused(client, path, BODIES[path](senders, sendInfos=targets), code)


def test_the_lowest_code_is_told(client, senders):
    bad = {"startTaskTime": "x", "startInterval": "x", "targetType": 5}
    assert_refused(client, SINGLE, single(senders, sendWhatsApp="x", friendWhatsApp=..., **bad), 508)
    assert_refused(client, SINGLE, single(senders, friendWhatsApp=..., content=..., **bad), 513)
    assert_refused(client, SINGLE, single(senders, friendWhatsApp=..., targetType=5), 527)


def test_all_targets_have_equally_many_contents_of_their_own(client, senders):
    targets = infos(senders, content=TEXT)
    targets[1]["content"] = TEXT * 2
    reply = assert_refused(client, OWN, own(senders, sendInfos=targets), 400)
    assert reply.message == "sendInfos[1].content: 1 contents expected, as the first target has"


@pytest.mark.threads
@pytest.mark.parametrize("path", [MANY, OWN])
def test_5000_targets_are_one_task(client, senders, path):
    content = [{"type": 1, "text": "hello", "transId": "é" * 20}]
    targets = infos(senders, 5000, content=content)
    shown = status(client, create(client, path, BODIES[path](senders, sendInfos=targets)))
    assert (shown["total"], len(shown["info"])) == (5000, 5000)
    assert [one["friendWhatsApp"] for one in shown["info"]] == [
        one["friendWhatsApp"] for one in targets]
    if path == OWN:
        assert {one["transId"] for one in shown["info"]} == {"é" * 20}


def test_a_number_that_comes_twice_is_sent_to_once(client, senders):
    shown = status(client, create(client, MANY, many(senders, sendInfos=infos(senders) * 3)))
    assert shown["total"] == 2
