"""The server is killed while events flow to a receiver that fails a third of the time: each event
is acknowledged at least once, those of one customer in order, and none is lost.

A change of a customer is an event that names the field that changed; the changes of a customer go
round the fields, so that what arrives says itself whether something is missing between. Waits
between tries are a hundredth of the real ones (--webhook-retry-percent 1).
WSCRM_WEBHOOK_KILLS=20 WSCRM_WEBHOOK_EVENTS=10000: as many as one likes; by default few."""

import collections
import os
import random
import threading

from harness import BATCH_IMPORT, Client, Closed, wait_until
from receiver import Receiver, SometimesFails, assert_genuine

KILLS = int(os.environ.get("WSCRM_WEBHOOK_KILLS", "5"))
EVENTS = int(os.environ.get("WSCRM_WEBHOOK_EVENTS", "2000"))
CUSTOMERS = 100
ROUNDS = EVENTS // CUSTOMERS

FIELDS = "friendName address email profession income desc languageTag welcome".split()
NUMBERS = [str(8600000000001 + i) for i in range(CUSTOMERS)]

SET = "/wscrm-bus-api/open/webhook/set"
LOG = "/wscrm-bus-api/open/webhook/log"


def change(round_):
    """One change of each customer, which repeated changes nothing: an event each, once."""
    field = FIELDS[round_ % len(FIELDS)]
    return [{"whatsApp": n, "agentAccount": "anna", field: f"of {round_}"} for n in NUMBERS]


class Changes(threading.Thread):
    """Makes all changes, each until it is acknowledged; `store` may be killed at any time."""

    def __init__(self, store):
        super().__init__()
        self.store = store
        self.running = threading.Event()
        self.running.set()
        self.error = None

    def run(self):
        try:
            for round_ in range(ROUNDS):
                while not self.make(round_):
                    pass
        except Exception as error:  # for the test's own thread
            self.error = error

    def make(self, round_):
        self.running.wait()
        try:
            with Client(self.store, self.store.tenant) as client:
                reply = client.call(BATCH_IMPORT, {"data": change(round_)})
        except (Closed, OSError):
            return False
        assert reply.status in (200, 503), reply
        return reply.status == 200 and reply.code == 200 and reply.data["isAllOk"]


def add_url(store, receiver):
    with Client(store, store.tenant) as client:
        reply = client.call(SET, {"type": "customer", "url": receiver.url("/in")})
        assert reply.code == 200, reply
        return reply.data


def pending(store):
    with Client(store, store.tenant) as client:
        reply = client.call(LOG, {"state": "pending", "current": 1, "pageSize": 1})
        assert reply.code == 200, reply
        return reply.data["total"]


def by_customer(requests):
    """The events of each customer in the order of their arrival: (id, fields)."""
    orders = collections.defaultdict(list)
    for request in requests:
        data = request.event["data"]
        orders[data["whatsApp"]].append((int(request.event["id"][4:]), tuple(data["fields"])))
    return orders


def assert_all_in_order(receiver):
    for number, order in by_customer(receiver.requests).items():
        ids = [event for event, _ in order]
        assert ids == sorted(ids), f"{number}: out of order: {ids}"
    orders = by_customer(receiver.acknowledged)
    assert sorted(orders) == NUMBERS
    for number, order in orders.items():
        once = [fields for _, fields in dict.fromkeys(order)]
        # The first made the customer and named what else was set then.
        expected = [(FIELDS[i % len(FIELDS)],) for i in range(1, ROUNDS)]
        assert once[1:] == expected, f"{number}: {once}"


def test_kills_lose_no_event_and_mix_up_no_order(store):
    moments = random.Random(7)
    receiver = Receiver(SometimesFails())
    store.options += ["--webhook-allow", "127.0.0.0/8", "--webhook-retry-percent", "1"]
    store.start()
    made = add_url(store, receiver)
    changes = Changes(store)
    changes.start()
    try:
        for kill in range(KILLS):
            # Evenly over all events: not before so many have arrived.
            due = EVENTS * (kill + moments.random()) / (KILLS + 1)
            wait_until(f"{due} requests", lambda: len(receiver.requests) >= due, seconds=120)
            changes.running.clear()
            store.kill()
            store.start()
            changes.running.set()
        changes.join(300)
        assert not changes.is_alive() and changes.error is None, changes.error
        wait_until("nothing pending", lambda: pending(store) == 0, seconds=300, step_s=0.2)
    finally:
        receiver.down()
    assert_all_in_order(receiver)
    assert_genuine(receiver.requests[-1], store.tenant, made["secret"])
    assert store.command("check").returncode == 0
    count = len(receiver.requests)
    print(f"{EVENTS} events, {KILLS} kills: {count} requests, {count - EVENTS} more than events")
