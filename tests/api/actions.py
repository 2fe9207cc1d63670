"""Actions of agents, and whoever listens for them."""

import json

from harness import Closed, Connection, request_bytes

ADD = "/wscrm-bus-api/open/action/batchAdd"
RESULT = "/wscrm-bus-api/open/action/callbackResult"
DONE = "/wscrm-bus-api/open/action/done"
STREAM = "/wscrm-bus-api/open/action/stream"
FRIEND = "15266667779"


def item(agent="anna", **more):
    return {"agentAccount": agent, "friendWhatsId": FRIEND, "platformType": 1, "type": 1, **more}


def add(client, *items):
    reply = client.call(ADD, {"data": list(items)})
    assert (reply.status, reply.code) == (200, 200), reply
    return reply.data


def results(client, ids):
    reply = client.call(RESULT, {"data": list(ids)})
    assert (reply.status, reply.code) == (200, 200), reply
    assert [row["id"] for row in reply.data] == list(ids)
    return [(row["status"], row["reason"]) for row in reply.data]


def answer(client, action, ok=True, **more):
    return client.call(DONE, {"id": action, "ok": ok, **more})


class Listener:
    """An open stream of an agent."""

    def __init__(self, server, tenant, agent="anna", last=None, headers=None, wait=True):
        self.connection = Connection(server.port)
        self.last = last
        signed = {**tenant.headers(), **(headers or {})}
        if last is not None:
            signed["Last-Event-ID"] = last
        self.connection.send(
            request_bytes("GET", f"{STREAM}?agentAccount={agent}", b"", signed))
        if wait:
            self.status, self.headers = self.connection._head()
            assert self.status == 200, (self.status, self.headers, self.connection.buffer)
            self.event()  # its greeting: whoever has seen that is known to the server

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.connection.close()

    def event(self):
        """The next block, as a dict of its fields; {} is a heartbeat."""
        while b"\n\n" not in self.connection.buffer:
            self.connection._more()
        block, self.connection.buffer = self.connection.buffer.split(b"\n\n", 1)
        fields = {}
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            if name:
                assert name not in fields, block
                fields[name] = value.removeprefix(" ")
        if "id" in fields:
            self.last = fields["id"]
        return fields

    def action(self):
        """The data of the next action."""
        while True:
            event = self.event()
            if event.get("event") == "action":
                data = json.loads(event["data"])
                assert data["id"] == event["id"]
                return data

    def silent(self):
        """No action comes before the next two heartbeats."""
        for _ in range(2):
            event = self.event()
            assert event == {}, event

    def ended(self):
        """Reads until the server has closed; the actions that still came."""
        actions = []
        while True:
            try:
                event = self.event()
            except Closed:
                return actions
            if event.get("event") == "action":
                actions.append(json.loads(event["data"])["id"])
