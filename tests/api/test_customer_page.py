"""POST /wscrm-bus-api/customer/page: all customers, or those of a segment, in pages."""

import pytest
from harness import Client, Swarm, now_ms, request_bytes, to_bytes, wait_until

PAGE = "/wscrm-bus-api/customer/page"
OPT_OUT = "/wscrm-bus-api/open/optOut/set"
GROUP = "/wscrm-bus-api/open/customerGroup/save"


def page(client, info=None, **members):
    body = {**members, **({} if info is None else {"info": info})}
    reply = client.call(PAGE, body)
    assert reply.status == 200 and reply.code == 200, reply.body
    data = reply.data
    assert list(data)[:5] == ["total", "size", "current", "pages", "records"], data
    return data


def numbers(data):
    return [record["whatsApp"] for record in data["records"]]


def walk(client, info=None, size=7):
    """All pages by their cursors."""
    data = page(client, info, pageSize=size)
    found, first = numbers(data), data
    while "nextCursor" in data:
        assert len(data["records"]) == size
        before = data["current"]
        data = page(client, info, pageSize=size, cursor=data["nextCursor"])
        assert data["current"] == before + 1 and data["total"] == first["total"]
        found += numbers(data)
    return found


CUSTOMERS = [
    {"whatsApp": "8613800000001", "friendName": "Wang Xiaoming", "stage": "new", "tabName": "vip"},
    {"whatsApp": "8613800000002", "friendName": "王小明", "stage": "won", "tabName": "vip,2026"},
    {"whatsApp": "8613800000003", "friendName": "WANG Li", "stage": "new", "source": "fair"},
    {"whatsApp": "8613800000004", "friendName": "José Álvarez", "source": "web"},
    {"whatsApp": "8613800000005", "stage": "won", "tabName": "2026", "Faction": "red"},
    {"whatsApp": "525512345678", "friendName": "Иван", "Faction": 'a "b"'},
    {"whatsApp": "15266667779", "friendName": "O'Neil", "Faction": "blue", "stage": "lost"},
]


def with_owner(customers):
    return [{**one, "agentAccount": ("anna", "ben")[i % 2]} for i, one in enumerate(customers)]


@pytest.fixture(scope="module")
def filled(server, add_tenant):
    """A tenant with CUSTOMERS, which no test changes."""
    tenant = add_tenant(rate_limit=0, zone="Asia/Shanghai")
    server.command("field", "add", "--tenant", tenant.id, "Faction")
    with Client(server, tenant) as client:
        client.imported(with_owner(CUSTOMERS))
        yield client


def expected(keep):
    return sorted((c["whatsApp"] for c in with_owner(CUSTOMERS) if keep(c)), key=int)


def test_a_page_shows_customers_by_number_as_customer_query_does(filled):
    data = page(filled)
    everyone = expected(lambda customer: True)
    assert numbers(data) == everyone
    assert data["records"] == filled.customers(*everyone)
    assert (data["total"], data["size"], data["current"], data["pages"]) == (7, 10, 1, 1)
    assert "nextCursor" not in data


def test_a_tenant_without_customers_has_an_empty_page(server, add_tenant):
    with Client(server, add_tenant()) as client:
        data = page(client)
        assert data == {"total": 0, "size": 10, "current": 1, "pages": 0, "records": []}
        assert page(client, {"keyword": "x"})["records"] == []


@pytest.mark.parametrize("info", [None, {"stage": "new"}, {"keyword": "wang"}, {"tabName": "vip"}])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 500])
def test_pages_by_cursor_and_by_number_show_the_same(filled, info, size):
    by_cursor = walk(filled, info, size)
    data = page(filled, info, pageSize=size)
    by_number = []
    for current in range(1, data["pages"] + 2):
        by_number += numbers(page(filled, info, pageSize=str(size), current=str(current)))
    assert by_cursor == by_number and len(by_cursor) == data["total"] > 0
    assert data["pages"] == -(-data["total"] // size)


def test_a_page_behind_the_last_is_empty_and_says_how_many_there_are(filled):
    for current in (2, 10**5, 10**12):  # from 20,000 records on it is not the worker's
        for info in (None, {"stage": "new"}):
            data = page(filled, info, current=current)
            assert data["records"] == [] and data["current"] == current
            assert data["total"] == (2 if info else 7) and "nextCursor" not in data


FILTERS = [
    ({"stage": "new"}, lambda c: c.get("stage") == "new"),
    ({"source": "web"}, lambda c: c.get("source") == "web"),
    ({"tabName": "2026"}, lambda c: "2026" in c.get("tabName", "")),
    ({"tabName": "2026, vip"}, lambda c: c.get("tabName") == "vip,2026"),
    ({"agentAccount": "ben"}, lambda c: c["agentAccount"] == "ben"),
    ({"extensionField": {"Faction": 'a "b"'}}, lambda c: c.get("Faction") == 'a "b"'),
    ({"extensionField": {"Faction": ""}}, lambda c: True),
    ({"extensionField": {"Faction": None}}, lambda c: True),
    ({"keyword": "wang"}, lambda c: "wang" in c.get("friendName", "").lower()),
    ({"keyword": "小明"}, lambda c: "小明" in c.get("friendName", "")),
    ({"keyword": "álv"}, lambda c: "Álv" in c.get("friendName", "")),
    ({"keyword": "ИВАН"}, lambda c: c.get("friendName") == "Иван"),
    ({"keyword": "'n"}, lambda c: c.get("friendName") == "O'Neil"),
    ({"keyword": "138"}, lambda c: "138" in c["whatsApp"]),
    ({"keyword": "+86 138-0000 0002"}, lambda c: c["whatsApp"] == "8613800000002"),
    ({"keyword": 66667}, lambda c: c["whatsApp"] == "15266667779"),
    ({"keyword": "%"}, lambda c: False),
    ({"stage": "new", "keyword": "wang", "agentAccount": "anna"},
     lambda c: c["whatsApp"] in ("8613800000001", "8613800000003")),
    ({"stage": "", "source": None, "tabName": " , ", "keyword": "", "unknown": 1}, lambda c: True),
]  # fmt: skip


@pytest.mark.parametrize(("info", "keep"), FILTERS, ids=lambda value: str(value)[:60])
def test_what_info_says_has_to_hold(filled, info, keep):
    assert walk(filled, info, 2) == expected(keep)


@pytest.mark.parametrize("info", [{"stage": "x"}, {"source": "x"}, {"tabName": "vip,x"}])
def test_a_name_that_no_customer_has_is_an_empty_page(filled, info):
    assert page(filled, info)["total"] == 0


@pytest.mark.parametrize(
    ("info", "code"),
    [
        ({"agentAccount": "nobody"}, 531),
        ({"group": "nobody's"}, 511),
        ({"extensionField": {"Clan": "x"}}, 533),
        ({"extensionField": {"Faction": ["x"]}}, 533),
        ({"createdAfter": "yesterday"}, 519),
        ({"createdBefore": "2026-02-30"}, 519),
        ({"updatedAfter": {}}, 519),
        ({"updatedBefore": "1" * 65}, 519),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_code(filled, info, code):
    reply = filled.call(PAGE, {"info": info})
    assert (reply.status, reply.code, reply.data) == (200, code, "")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"pageSize": 501}, "pageSize"),
        ({"pageSize": 0}, "pageSize"),
        ({"current": 0}, "current"),
        ({"current": "x"}, "current"),
        ({"info": []}, "info"),
        ({"info": {"stage": ["new"]}}, "info.stage"),
        ({"info": {"keyword": "x" * 101}}, "info.keyword"),
        ({"info": {"tabName": "x" * 65}}, "info.tabName"),
        ({"info": {"tabName": ",".join(map(str, range(101)))}}, "info.tabName"),
        ({"info": {"extensionField": "Faction"}}, "info.extensionField"),
        ({"info": {"optOut": "perhaps"}}, "info.optOut"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "0" * 96}, "cursor"),
        ({"cursor": "0" * 65}, "cursor"),
        ({"cursor": 7}, "cursor"),
        ([], "body"),
    ],
)
def test_what_is_not_of_its_form_is_http_400_and_names_the_place(filled, body, place):
    reply = filled.call(PAGE, body)
    assert reply.status == reply.code == 400
    assert reply.message.startswith(place + ":"), reply.message


def test_a_cursor_is_for_its_tenant_and_its_info_alone(server, filled, add_tenant):
    cursor = page(filled, pageSize=2)["nextCursor"]
    assert filled.call(PAGE, {"cursor": cursor, "info": {"stage": "new"}}).status == 400
    changed = cursor[:15] + ("0" if cursor[15] != "0" else "1") + cursor[16:]
    assert filled.call(PAGE, {"cursor": changed}).status == 400
    with Client(server, add_tenant()) as other:
        assert other.call(PAGE, {"cursor": cursor}).status == 400
    # The size may change, and `current` is not looked at beside it.
    data = page(filled, pageSize=3, current=9, cursor=cursor)
    assert numbers(data) == expected(lambda customer: True)[2:5] and data["current"] == 2


def test_a_page_is_signed_in_the_body_too(filled):
    reply = filled.call_body(PAGE, "anna", {"info": {"stage": "new"}})
    assert reply.code == 200 and reply.data["total"] == 2


def test_times_are_from_the_first_and_before_the_second(client, tenant):
    before = now_ms()
    client.imported([{"whatsApp": "8615000000001", "agentAccount": "anna"}])
    wait_until("the next millisecond", lambda: now_ms() > before + 2)
    client.imported([{"whatsApp": "8615000000002", "agentAccount": "anna"}])
    first, second = (client.customer(f"861500000000{i}")["createTime"] for i in (1, 2))
    assert before <= first < second

    def found(**info):
        return numbers(page(client, {"keyword": "86150000", **info}))

    one, two = ["8615000000001"], ["8615000000002"]
    assert found(createdAfter=first) == one + two
    assert found(createdAfter=first + 1) == found(createdAfter=str(second)) == two
    assert found(createdBefore=second) == one and found(createdBefore=first) == []
    assert found(createdAfter=first, createdBefore=second + 1) == one + two
    assert found(createdBefore=0) == []
    local = tenant.local_time(first / 1000)  # to the second
    assert found(createdAfter=local) == one + two
    assert found(createdBefore=local) == []
    assert found(createdAfter=local[:10]) == one + two
    assert found(createdAfter="2000-01-01", createdBefore="2001-01-01 00:00:00") == []

    client.imported([{"whatsApp": "8615000000001", "agentAccount": "ben"}])
    assert found(updatedAfter=second + 1) == one and found(updatedBefore=second + 1) == two


def test_a_group_means_its_numbers_in_either_form(client):
    listed = ["525587654321", "8615100000001"]
    client.imported([{"whatsApp": n, "agentAccount": "anna"} for n in [*listed, "8615100000002"]])
    body = {"name": "party", "whatsIds": ["5215587654321", "8615100000001", "4915112345678"]}
    assert client.call(GROUP, body).code == 200
    assert walk(client, {"group": "party"}, 1) == listed
    assert walk(client, {"group": "party", "keyword": "86151"}) == listed[1:]


def test_opt_outs_may_be_wanted_or_not(client):
    people = ["8615200000001", "8615200000002", "8615200000003"]
    client.imported([{"whatsApp": number, "agentAccount": "anna"} for number in people])
    assert client.call(OPT_OUT, {"whatsIds": people[1:2], "optOut": True}).code == 200
    assert walk(client, {"keyword": "861520", "optOut": True}) == people[1:2]
    assert walk(client, {"keyword": "861520", "optOut": False}) == [people[0], people[2]]


def test_a_name_is_found_as_soon_as_the_import_is_answered_and_no_longer_when_it_changed(client):
    number = "8615300000001"
    for name in ("Zhang Fei", "Guan Yu", "张飞"):
        for _ in range(2):
            client.imported([{"whatsApp": number, "friendName": name, "agentAccount": "anna"}])
            assert walk(client, {"keyword": name}) == [number]
            assert walk(client, {"keyword": "zhang f"}) == ([number] if name[0] == "Z" else [])


def test_the_search_index_comes_to_what_was_imported(server, client):
    def behind():
        with Client(server, client.tenant) as other:
            body = other.call_unsigned("/metrics", b"", "GET").body.decode()
        return int(body.split("\nwscrm_search_behind ")[1].split()[0])

    client.imported(
        [{"whatsApp": str(8615400000000 + i), "agentAccount": "anna"} for i in range(500)]
    )
    wait_until("nothing is behind", lambda: behind() == 0)
    assert len(walk(client, {"keyword": "861540"}, 100)) == 500
    assert walk(client, {"keyword": "5400000499"}) == ["8615400000499"]


def test_a_cursor_outlives_a_restart(own_server):
    running = own_server()
    tenant = running.add_tenant(7, rate_limit=0)
    people = [str(8615500000000 + i) for i in range(9)]
    info = {"keyword": "86155"}
    with Client(running, tenant) as client:
        client.imported([{"whatsApp": n, "friendName": "x", "agentAccount": "anna"} for n in people])
        first = page(client, info, pageSize=4)
    running.kill()
    running.start()
    with Client(running, tenant) as client:
        data = page(client, info, pageSize=5, cursor=first["nextCursor"])
        assert numbers(first) + numbers(data) == people and data["total"] == 9


@pytest.mark.threads
def test_too_many_searches_at_once_are_refused_and_the_others_answered(server, filled):
    statuses = {}

    def ask():
        body = to_bytes({"info": {"keyword": "wang"}})
        return request_bytes("POST", PAGE, body, filled.tenant.headers()), None

    def note(_tag, status, _body):
        statuses[status] = statuses.get(status, 0) + 1

    with Swarm(server.port) as swarm:
        swarm.connect(64, ask, note)
        swarm.run(until=lambda: {200, 503} <= set(statuses))
        swarm.finish()
    assert set(statuses) == {200, 503}
    assert page(filled, {"keyword": "wang"})["total"] == 2
