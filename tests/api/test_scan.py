"""open/scan/screenWhatsApp, queryTaskStatus, queryTaskDetails, progress."""

import itertools
import re

import pytest
from groups import FAST, add_account, assert_refused, data_of, journal
from harness import Client, wait_until

API = "/wscrm-bus-api/open/scan/"
SCREEN = API + "screenWhatsApp"
STATUS, DETAILS, PROGRESS = API + "queryTaskStatus/", API + "queryTaskDetails/", API + "progress/"

_numbers = itertools.count(4917000010000, 100000)


@pytest.fixture(scope="module")
def tenant(add_tenant):
    return add_tenant(rate_limit=0, edition="professional")


@pytest.fixture(scope="module")
def account(server, tenant):
    return add_account(server, tenant, *FAST)


def numbers(count):
    """That no test has used."""
    first = next(_numbers)
    return [str(first + n) for n in range(count)]


def order(client, data, **members):
    id = data_of(client.call(SCREEN, {"data": data, "type": 0, **members}))
    assert re.fullmatch("[0-9a-f]{32}", id)
    return id


def finished(client, id):
    wait_until("the order is completed", lambda: data_of(client.call(STATUS + id, {})) == 1)
    return data_of(client.call(DETAILS + id, {}))


def test_numbers_are_screened_and_answered_in_the_order_sent(client, account):
    data = numbers(600)[::-1]
    sent = ["+" + data[0], int(data[1]), *data[2:], data[5]]
    id = order(client, sent, country="DE", activeType=3)
    details = finished(client, id)
    assert details == [{"whatsApp": number, "exists": not number.endswith("0401")}
                       for number in [*data, data[5]]]
    assert sum(not one["exists"] for one in details) == 1
    assert data_of(client.call(DETAILS + id, b"", method="GET")) == details
    for current, page in ((1, details[:250]), (3, details[500:]), (4, [])):
        assert data_of(client.call(DETAILS + id, {"current": current, "pageSize": "250"})) == page
    asked = client.call(DETAILS + id + "?pageSize=7&current=2", b"", method="GET")
    assert data_of(asked) == details[7:14]
    assert client.call(DETAILS + id, {"pageSize": 0}).status == 400
    progress = data_of(client.call(PROGRESS + id, {}))
    assert (progress["total"], progress["done"], progress["exists"]) == (601, 601, 600)
    assert 0 < progress["startTime"] <= progress["endTime"]
    assert data_of(client.call(STATUS + id.upper(), {})) == 1


def test_an_order_that_is_not_completed_says_so(server, add_tenant):
    tenant = add_tenant(rate_limit=0, edition="professional")
    with Client(server, tenant) as client:
        id = order(client, numbers(500))
        assert data_of(client.call(STATUS + id, {})) == 0
        assert_refused(client.call(DETAILS + id, {}), -1, "not completed")
        assert data_of(client.call(PROGRESS + id, {})) == {
            "total": 500, "done": 0, "exists": 0, "startTime": 0, "endTime": 0}


def test_500_to_20000_numbers(client):
    for data in (None, [], ...):
        body = {"type": 0} if data is ... else {"data": data}
        assert_refused(client.call(SCREEN, body), 506, "data is empty")
    assert_refused(client.call(SCREEN, {"data": numbers(499)}), -1, "500")
    assert_refused(client.call(SCREEN, {"data": ["4917000000001"] * 20001}), 507, "data size big")
    bad = [*numbers(600), "none"]
    assert_refused(client.call(SCREEN, {"data": bad}), 400, "data[600]", status=400)


@pytest.mark.parametrize("type", [1, 2, "1"])
def test_what_no_transport_can_tell_is_refused_with_the_reason(client, type):
    reply = client.call(SCREEN, {"data": numbers(500), "type": type})
    assert_refused(reply, -1, f"type {type}: no transport can tell")


@pytest.mark.parametrize("type", [3, -1, "x"])
def test_a_type_that_is_none_is_refused(client, type):
    assert client.call(SCREEN, {"data": numbers(500), "type": type}).status == 400


@pytest.mark.parametrize("path", [STATUS, DETAILS, PROGRESS])
def test_an_order_that_is_not_the_tenants_is_not_found(server, client, add_tenant, path):
    id = order(client, numbers(500))
    for unknown in ("0" * 32, "x", id[:-1], id + "0"):
        assert_refused(client.call(path + unknown, {}), -1, "orderId: no such screening")
    with Client(server, add_tenant(rate_limit=0, edition="professional")) as stranger:
        assert_refused(stranger.call(path + id, {}), -1, "orderId: no such screening")


def test_paths_with_an_order_take_one_segment(client):
    for path in (STATUS, STATUS[:-1], STATUS + "a/b", SCREEN + "/a"):
        assert_refused(client.call(path, {}), 404, status=404)
    reply = client.call(STATUS + "0" * 32, b"", method="GET")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")
    assert client.call(DETAILS + "0" * 32, {}, method="PUT").headers["allow"] == "POST, GET, HEAD"


def test_the_orders_of_a_tenant_share_one_rate(server, add_tenant):
    tenant = add_tenant(rate_limit=3, edition="professional")
    with Client(server, tenant) as client:
        codes = [client.call(STATUS + f"{n:032}", {}).code for n in range(8)]
    assert codes[:3] == [-1] * 3 and 429 in codes


def test_529_in_the_standard_edition(server, add_tenant):
    with Client(server, add_tenant(rate_limit=0, edition="standard")) as client:
        for path in (SCREEN, STATUS + "0" * 32, DETAILS + "0" * 32, PROGRESS + "0" * 32):
            assert_refused(client.call(path, {}), 529)


def test_a_number_is_asked_once_a_week_within_the_tenant(server, client, account):
    data = numbers(500)
    finished(client, order(client, data))
    finished(client, order(client, [*data, *numbers(20)]))
    asked = [line["to"] for line in journal(server) if line["kind"] == "check"]
    assert len([number for number in asked if number in set(data)]) == 500


def test_after_a_crash_a_screening_goes_on_and_nothing_is_asked_twice(own_server):
    server = own_server()
    tenant = server.add_tenant(7, rate_limit=0, edition="professional")
    for interval in ("0", "1", "2"):
        add_account(server, tenant, f"check_interval_ms={interval}")
    data = numbers(3000)
    with Client(server, tenant) as client:
        id = order(client, data)
    for lines in (10, 400, 900):
        wait_until("some are asked", lambda: len(journal(server)) >= lines)
        server.kill()
        server.start()
    with Client(server, tenant) as client:
        details = finished(client, id)
    assert [one["whatsApp"] for one in details] == data
    asked = [line["to"] for line in journal(server)]
    assert sorted(asked) == data
    assert server.command("check").returncode == 0

