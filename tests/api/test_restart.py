"""What was acknowledged is there after the server ends, however it ends."""

import socket
import threading
import time

import pytest
from harness import (
    BATCH_IMPORT,
    DEMO,
    DEMO_CUSTOMER,
    QUERY,
    Client,
    Closed,
    Connection,
    Server,
    request_bytes,
    to_bytes,
    wait_until,
)


def items(numbers):
    return [
        {"whatsApp": number, "agentAccount": "anna", "friendName": f"mr {number}", "sex": "male",
         "birthday": "2020/03/08", "tabName": f"a,t{number[-1]}", "stage": "New", "Faction": "blue",
         "desc": "x" * 500}
        for number in numbers
    ]


@pytest.mark.parametrize("end", [Server.stop, Server.kill], ids=["SIGTERM", "SIGKILL"])
@pytest.mark.threads
def test_everything_is_there_after(own_server, fresh, end):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0, zone="Asia/Shanghai", token_window=100)
    server.command("field", "add", "--tenant", tenant.id, "Faction")
    numbers = [fresh() for _ in range(300)]
    with Client(server, tenant) as client:
        client.imported(items(numbers))
        before = client.customers(*numbers)
    assert len(before) == 300
    for _ in range(2):
        end(server)
        server.start()
        with Client(server, tenant) as client:
            assert client.customers(*numbers) == before
            # The tenant's settings are the same, too.
            signed_then = tenant.local_time(time.time() - 130)
            reply = client.call_body(QUERY, "boss", {"data": [{"whatsApp": "1234567"}]},
                                     create_time=signed_then)
            assert reply.code == 502
            assert client.call_body(QUERY, "boss", {"data": [{"whatsApp": "1234567"}]}).code == 200
        with Client(server, DEMO) as client:
            assert client.customer(DEMO_CUSTOMER)
        assert server.command("check").returncode == 0


def test_a_store_is_served_by_the_next_start_without_the_demo(own_server):
    server = own_server()
    server.stop()
    server.options = []
    server.start()
    with Client(server, DEMO) as client:
        assert client.customer(DEMO_CUSTOMER)


@pytest.mark.threads
def test_sigterm_lets_running_requests_finish(own_server, fresh):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    number = fresh()
    body = to_bytes({"data": items_without_fields(number)})
    expecting = {**tenant.headers(), "Expect": "100-continue"}
    whole = request_bytes("POST", BATCH_IMPORT, body, expecting)
    with Connection(server.port) as running, Connection(server.port) as idle:
        idle.send(request_bytes("GET", "/healthz"))
        idle.reply()
        running.send(whole[: -len(body)])
        assert running.reply().status == 100  # it has begun
        port = server.port
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        assert idle.is_closed()
        wait_until("no new connections", lambda: not connects(port))
        running.send(body)
        reply = running.reply()
        assert (reply.status, reply.data["successWhatsIds"]) == (200, [number])
        assert reply.headers["connection"].lower() == "close"
        assert running.is_closed()
    stopping.join()
    server.start()
    with Client(server, tenant) as client:
        assert client.customer(number)


def items_without_fields(*numbers):
    return [{"whatsApp": number, "agentAccount": "anna"} for number in numbers]


def connects(port):
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
        return True
    except OSError:
        return False


@pytest.mark.threads
def test_sigterm_under_load_loses_nothing_acknowledged(own_server, fresh):
    server = own_server()
    tenant = server.add_tenant(77, rate_limit=0)
    acknowledged, enough = [], threading.Event()

    def load():
        try:
            with Connection(server.port) as connection:
                while True:
                    number = fresh()
                    body = to_bytes({"data": items_without_fields(number)})
                    connection.send(request_bytes("POST", BATCH_IMPORT, body, tenant.headers()))
                    reply = connection.reply()
                    if reply.status == 503:
                        return
                    assert reply.data["successWhatsIds"] == [number]
                    acknowledged.append(number)
                    if len(acknowledged) >= 400:
                        enough.set()
        except (Closed, OSError):
            enough.set()

    clients = [threading.Thread(target=load) for _ in range(8)]
    for client in clients:
        client.start()
    enough.wait()
    server.stop()
    for client in clients:
        client.join()
    assert len(acknowledged) >= 400
    server.start()
    with Client(server, tenant) as client:
        for start in range(0, len(acknowledged), 1000):
            part = acknowledged[start : start + 1000]
            assert [shown["whatsApp"] for shown in client.customers(*part)] == part


def test_a_killed_server_leaves_nothing_that_hinders_the_next(own_server):
    server = own_server()
    for _ in range(3):
        server.kill()
        began = time.monotonic()
        server.start()
        assert time.monotonic() - began < 10
    with Client(server, DEMO) as client:
        assert client.customer(DEMO_CUSTOMER)
