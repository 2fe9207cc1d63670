"""Figures of agents' actions: what an open stream costs, and how soon after its time an action is there."""

import json
import selectors
import socket
import sqlite3
import time

from lab import TENANT, Server, answer, rss_anon, signed
from limits import KIB, settled

PATH = "/wscrm-bus-api/open/action/"
PATIENCE_S = 60


def agent_at(index):
    return f"agent{index}"


def add_agents(data, count):
    """Straight into the store, which nobody has open: a thousand commands would take minutes."""
    with sqlite3.connect(data / "wscrm.db") as store:
        store.executemany(
            "INSERT INTO agent (tenant, user_name, nickname, created_ms) VALUES (?, ?, '', 0)",
            [(int(TENANT), agent_at(index)) for index in range(count)],
        )
    store.close()


class Streams:
    """One open stream of each agent; notes when each action came."""

    def __init__(self, port, count):
        self.selector = selectors.DefaultSelector()
        self.came = {}
        self.heads = 0
        for index in range(count):
            wire = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
            wire.sendall(signed("GET", f"{PATH}stream?agentAccount={agent_at(index)}", b""))
            wire.setblocking(False)
            self.selector.register(wire, selectors.EVENT_READ, bytearray())
        self.read_until(lambda: self.heads == count)

    def read_until(self, done):
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise RuntimeError(f"{len(self.came)} actions came, {self.heads} streams")
            self.read(0.1)

    def read(self, wait_s):
        for key, _ in self.selector.select(wait_s):
            data = key.fileobj.recv(65536)
            now_ms = time.time() * 1000
            if not data:
                raise RuntimeError("a stream has ended")
            key.data.extend(data)
            *blocks, rest = bytes(key.data).split(b"\n\n")
            key.data[:] = rest
            for block in blocks:
                self.note(block, now_ms)

    def note(self, block, now_ms):
        self.heads += b"retry:" in block
        if block.startswith(b"event: action\n"):
            self.came[block.split(b"\n")[1].removeprefix(b"id: ").decode()] = now_ms

    def close(self):
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.selector.close()


def make(server, agents):
    items = [{"agentAccount": agent, "friendWhatsId": "15266667779"} for agent in agents]
    raw = signed("POST", PATH + "batchAdd", json.dumps({"data": items}).encode())
    found = json.loads(answer(server.port, raw).partition(b"\r\n\r\n")[2])
    if found["code"] != 200:
        raise RuntimeError(f"batchAdd: {found}")


def delays(server, came):
    """Milliseconds from when each was due to when it was there, ascending."""
    store = sqlite3.connect(f"file:{server.data}/wscrm.db?mode=ro", uri=True)
    due = {token.hex(): due_ms for token, due_ms in store.execute("SELECT token, due_ms FROM action")}
    store.close()
    return sorted(now_ms - due[token] for token, now_ms in came.items())


def actions(bench):
    count = bench.plan.action_agents
    data = bench.lab.new_store()
    add_agents(data, count)
    server = Server(bench.lab, data, "--log-requests", "none", "--action-interval", "5s")
    before = settled(lambda: rss_anon(server.pids))
    streams = Streams(server.port, count)
    after = settled(lambda: rss_anon(server.pids))
    # A few at a time, two for each agent: one is due at once, the other 5 s later.
    for first in range(0, count, 20):
        agents = [agent_at(index) for index in range(first, min(first + 20, count))]
        make(server, [agent for agent in agents for _ in range(2)])
        streams.read(0.05)
    streams.read_until(lambda: len(streams.came) == 2 * count)
    scattered = delays(server, streams.came)
    # All of them at once.
    streams.came.clear()
    for first in range(0, count, 500):
        make(server, [agent_at(index) for index in range(first, min(first + 500, count))])
    streams.read_until(lambda: len(streams.came) == count)
    at_once = delays(server, streams.came)
    streams.close()
    server.stop()
    bench.say(f"actions: medians {scattered[count]:.1f} and {at_once[count // 2]:.1f} ms")
    table = bench.table
    table.add(
        f"actions: RssAnon of each of {count:,} open streams",
        (after - before) / count / KIB,
        " KiB",
        most=8,
    )
    table.add("actions: p99 from its time to its listener", scattered[-1 - count // 50], " ms", most=50)
    table.add("actions: the longest", scattered[-1], " ms")
    table.add(f"actions: p99 of {count:,} that are due within one second", at_once[-1 - count // 100], " ms")
