"""POST open/customer/del."""

import threading
import time

import pytest
from harness import BUILD, Client, Closed, Connection, request_bytes, to_bytes, wait_until

DELETE = "/wscrm-bus-api/open/customer/del"

# So many customers that a deletion takes several pieces.
MANY = 60_000 if BUILD == "release" else 25_000


@pytest.fixture
def tenant(add_tenant):
    """Each test's own: it may delete all that the tenant has."""
    return add_tenant(rate_limit=0)


def delete(client, **members):
    return client.call(DELETE, members)


def fill(client, numbers, agent="anna"):
    for start in range(0, len(numbers), 5000):
        client.imported([{"whatsApp": number, "agentAccount": agent}
                         for number in numbers[start : start + 5000]])


def there(client, numbers):
    found = []
    for start in range(0, len(numbers), 1000):
        found += [shown["whatsApp"] for shown in client.customers(*numbers[start : start + 1000])]
    return found


def assert_deleted(reply, count):
    assert reply.status == 200
    assert reply.body == b'{"code":200,"message":"Success","data":%d}' % count


def assert_refused(reply, code, message):
    assert (reply.status, reply.envelope) == (200, {"code": code, "message": message, "data": ""})


def assert_http_error(reply, status, said):
    assert (reply.status, reply.code, reply.data) == (status, status, "")
    assert said in reply.message


@pytest.mark.parametrize("kind", [1, "1"])
def test_type_1_deletes_all_customers_of_the_tenant(server, client, add_tenant, fresh, kind):
    numbers = [fresh() for _ in range(5)]
    with Client(server, add_tenant(rate_limit=0)) as other:
        fill(client, numbers)
        fill(other, numbers)
        assert_deleted(delete(client, type=kind), 5)
        assert there(client, numbers) == []
        assert there(other, numbers) == numbers
    assert_deleted(delete(client, type=kind, item=[]), 0)


@pytest.mark.parametrize(
    ("item", "left"),
    [(["ben"], 4), ("ben", 4), (["anna", "ben"], 0), ("anna,ben", 0), ("[anna, ben]", 0),
     (["ben", "ben"], 4)],
)
def test_type_2_deletes_the_customers_of_agents(client, fresh, item, left):
    of_anna, of_ben = [fresh() for _ in range(4)], [fresh() for _ in range(3)]
    fill(client, of_anna, "anna")
    fill(client, of_ben, "ben")
    assert_deleted(delete(client, type=2, item=item), 7 - left)
    assert there(client, of_anna + of_ben) == of_anna[:left]


def test_type_3_deletes_customers_by_number(client, fresh):
    numbers = [fresh() for _ in range(10)]
    fill(client, numbers)
    for item in ([numbers[0], "+" + numbers[1], int(numbers[2]), "1234567"], numbers[3],
                 int(numbers[4]), f"{numbers[5]}, {numbers[6]}",
                 [numbers[7] + "@c.us", numbers[8], numbers[8]]):
        before = len(there(client, numbers))
        reply = delete(client, type=3, item=item)
        assert_deleted(reply, before - len(there(client, numbers)))
        assert reply.data > 0
    assert there(client, numbers) == numbers[9:]


def test_a_number_is_found_in_its_other_form(client):
    fill(client, ["5511987654321", "5215512345678"])
    assert_deleted(delete(client, type=3, item=["551187654321", "525512345678"]), 2)


def test_a_deleted_number_starts_afresh(client, number):
    client.imported([{"whatsApp": number, "agentAccount": "anna", "desc": "old", "tabName": "a"}])
    delete(client, type=3, item=[number])
    client.imported([{"whatsApp": number, "agentAccount": "ben"}])
    shown = client.customer(number)
    assert (shown["desc"], shown["tabName"], shown["agentAccount"]) == ("", "", "ben")


def test_numbers_leave_the_groups_but_keep_opt_out_and_history(client, fresh):
    gone, kept, stranger = fresh(), fresh(), fresh()
    client.imported([{"whatsApp": gone, "agentAccount": "anna"}, {"whatsApp": kept, "agentAccount": "anna"}])
    client.imported([{"whatsApp": gone, "agentAccount": "ben"}])
    group = {"name": "all", "whatsIds": [gone, kept, stranger]}
    assert client.call("/wscrm-bus-api/open/customerGroup/save", group).code == 200
    opt_out = {"whatsIds": [gone], "optOut": True}
    assert client.call("/wscrm-bus-api/open/optOut/set", opt_out).code == 200
    assert_deleted(delete(client, type=3, item=[gone]), 1)
    reply = client.call("/wscrm-bus-api/open/customerGroup/query", {"name": "all"})
    assert reply.data == [{"name": "all", "size": 2, "whatsIds": [kept, stranger]}]
    history = client.call("/wscrm-bus-api/customer/history", {"whatsApp": gone}).data
    assert {entry["field"] for entry in history["records"]} == {"agentAccount", "optOut"}
    client.imported([{"whatsApp": gone, "agentAccount": "anna"}])
    assert client.customer(gone)["optOut"] is True


def test_the_body_scheme_deletes_too(client, number):
    fill(client, [number])
    reply = client.call_body(DELETE, "boss", {"type": 3, "item": [number]})
    assert_deleted(reply, 1)


@pytest.mark.parametrize("kind", [2, 3])
@pytest.mark.parametrize("item", [{}, {"item": []}, {"item": ""}, {"item": None}, {"item": ","}])
def test_without_items_it_is_506(client, number, kind, item):
    fill(client, [number])
    assert_refused(delete(client, type=kind, **item), 506, "data is empty")
    assert there(client, [number]) == [number]


@pytest.mark.parametrize("joined", [False, True])
def test_over_5000_items_it_is_507(client, fresh, joined):
    numbers = [fresh() for _ in range(5001)]
    fill(client, numbers[:2])
    shaped = (lambda item: ",".join(item)) if joined else (lambda item: item)
    assert_refused(delete(client, type=3, item=shaped(numbers)), 507, "data size big")
    assert there(client, numbers[:2]) == numbers[:2]
    assert_deleted(delete(client, type=3, item=shaped(numbers[:5000])), 2)


def test_an_unknown_agent_is_531_and_nothing_goes(client, number):
    fill(client, [number])
    for item in (["anna", "nobody"], "boss", [""], ["anna,ben"]):
        assert_refused(delete(client, type=2, item=item), 531, "userName is error")
    assert there(client, [number]) == [number]


@pytest.mark.parametrize("bad", ["12", "", "x", "120363025246125486@g.us", -5])
def test_a_bad_number_is_400_with_its_place_and_nothing_goes(client, number, bad):
    fill(client, [number])
    assert_http_error(delete(client, type=3, item=[number, bad]), 400, "item[1]: ")
    assert there(client, [number]) == [number]


@pytest.mark.parametrize(
    "bad", [{}, [1], None, True, 1.5, 2**60], ids=["object", "array", "null", "true", "fraction", "large"]
)
def test_an_item_of_another_type_is_400(client, number, bad):
    assert_http_error(delete(client, type=3, item=[number, bad]), 400, "item[1]: ")
    if bad is not None and bad != [1]:
        assert_http_error(delete(client, type=3, item=bad), 400, "item: ")


@pytest.mark.parametrize("kind", [None, 0, 4, -1, "all", "", 1.5, [1], 2**40])
def test_another_type_is_400_and_nothing_goes(client, number, kind):
    fill(client, [number])
    assert_http_error(delete(client, type=kind, item=[number]), 400, "type: ")
    assert_http_error(client.call(DELETE, {"item": [number]}), 400, "type: ")
    assert there(client, [number]) == [number]


def test_other_methods_are_405(client):
    reply = client.call(DELETE, {}, method="GET")
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


# --- long ones


def numbers_of(first, count=MANY):
    return [str(8700000000000 + first + n) for n in range(count)]


@pytest.mark.threads
def test_imports_beside_a_long_deletion_stay(server, client, tenant):
    numbers = numbers_of(0)
    fill(client, numbers)
    done = []

    def run():
        with Client(server, tenant) as other:
            done.append(delete(other, type=1))

    thread = threading.Thread(target=run)
    thread.start()
    # What goes first is the least number: then it has begun.
    wait_until("the deletion", lambda: not client.customers(numbers[0]), step_s=0.001)
    kept = []
    while thread.is_alive():
        # Old ones from the end, without changing them, and a new one.
        some = [numbers[-1 - len(kept)], str(8600000000000 + len(kept))]
        fill(client, some[:1])
        fill(client, some[1:], "ben")
        kept += some
        # One whose owner is taken off was changed, too.
        kept.append(numbers[-MANY // 2 - len(kept)])
        disowned = client.call("/wscrm-bus-api/open/customer/setPrincipalAsNull", {"data": kept[-1:]})
        if not disowned.data["isAllOk"]:
            kept.pop()  # it was gone already
    thread.join()
    assert done[0].code == 200
    assert sorted(there(client, numbers + [n for n in kept if n[:2] == "86"])) == sorted(
        n for n in set(kept))
    assert MANY - len(kept) <= done[0].data <= MANY


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_deletion_goes_on_after_the_end_of_the_server(own_server, end):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    numbers = numbers_of(0, 3 * MANY)
    with Client(server, tenant) as client, Connection(server.port) as asking:
        fill(client, numbers)
        asking.send(request_bytes("POST", DELETE, to_bytes({"type": 1}), tenant.headers()))
        wait_until("the deletion", lambda: not client.customers(numbers[0]), step_s=0.001)
        # Named meanwhile, as it was: it stays.
        fill(client, numbers[-1:])
        assert there(client, numbers[-2:]) == numbers[-2:], "the machine is too fast for this test"
        began = time.monotonic()
        getattr(server, end)()
        if end == "stop":
            assert time.monotonic() - began < 8, "it waited for the deletion"
            reply = asking.reply()
            assert (reply.status, reply.code) == (200, 517)
            assert "repeat" in reply.message
        else:
            with pytest.raises(Closed):
                asking.reply()
    server.start()
    with Client(server, tenant) as client:
        new = numbers_of(-1, 1)
        fill(client, new)
        wait_until("the rest of it", lambda: not client.customers(numbers[-2]))
        wait_until("its end", lambda: there(client, numbers) == numbers[-1:], step_s=0.1)
        assert there(client, new) == new
        # Asking again does no harm.
        assert_deleted(delete(client, type=1), 2)
    assert server.command("check").returncode == 0


def test_a_client_that_hangs_up_does_not_end_the_deletion(server, client, tenant):
    numbers = numbers_of(0)
    fill(client, numbers)
    with Connection(server.port) as asking:
        asking.send(request_bytes("POST", DELETE, to_bytes({"type": 1}), tenant.headers()))
        wait_until("the deletion", lambda: not client.customers(numbers[0]), step_s=0.001)
    wait_until("its end", lambda: not client.customers(numbers[-1]))
    assert there(client, numbers) == []


def test_too_many_deletions_at_once_are_503(own_server, fresh):
    import sqlite3

    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    number = fresh()
    with Client(server, tenant) as client:
        fill(client, [number])
        # Jobs that a running server does not look for: as many as there may be.
        with sqlite3.connect(server.data / "wscrm.db", timeout=30) as db:
            db.executemany("INSERT INTO job (tenant, kind, items, last_id, position, deleted)"
                           " VALUES (77, 1, NULL, 0, 0, ?)", [(n,) for n in range(16)])
        db.close()
        assert_http_error(delete(client, type=3, item=[number]), 503, "deletions")
        assert there(client, [number]) == [number]
    server.stop()
    server.start()
    with Client(server, tenant) as client:
        wait_until("the jobs' end", lambda: delete(client, type=3, item=["1234567"]).code == 200)
        assert there(client, [number]) == [number]
