"""What one dead receiver costs the others: 10,000 URLs of 100 tenants, one of which takes connections
and never answers."""

import collections
import json
import socket
import threading
import time
from statistics import median

from lab import Server, answer, free_port, signed

# A tenant's changes of one customer are events to each of its URLs.
URLS_EACH = 100

RECEIVER_CONF = """\
daemon off;
worker_processes 1;
pid {folder}/receiver.pid;
error_log {folder}/receiver.log;
events {{ worker_connections 1024; }}
http {{
    log_format arrivals '$msec $http_tenant_id $http_webhook_id';
    access_log {folder}/arrivals.log arrivals;
    default_type application/json;
    underscores_in_headers on;
    keepalive_requests 1000000000;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{ return 200 '{{"code":200}}'; }}
    }}
}}
"""


class Receivers:
    """nginx, which takes everything and notes when, and a socket that nobody answers at."""

    def __init__(self, lab):
        self.port, self.arrivals = free_port(), lab.folder / "arrivals.log"
        conf = lab.folder / "receiver.conf"
        conf.write_text(RECEIVER_CONF.format(folder=lab.folder, port=self.port))
        self.process = lab.start(["nginx", "-c", conf, "-e", lab.folder / "receiver.log"])
        self.dead = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()
        self.read = 0

    def _accept(self):
        while True:
            self.held.append(self.dead.accept())

    def lines(self):
        """Those that are new since the last call."""
        with open(self.arrivals, encoding="ascii") as file:
            file.seek(self.read)
            text = file.read()
        whole = text.rpartition("\n")[0]
        self.read += len(whole) + 1 if whole else 0
        return [line.split() for line in whole.splitlines()]


class Company:
    """A tenant, its connection, and when it made its events."""

    def __init__(self, lab, data, tenant):
        self.tenant, self.key, self.made, self.changes = str(tenant), f"key-of-{tenant}", [], 0
        lab.wscrm(
            *("tenant", "add", self.tenant, "--data", data, "--admin", "boss", "--api-key", "-"),
            *("--rate-limit", "0", "--token-window", "0"),
            input=self.key,
        )
        lab.wscrm("agent", "add", "--data", data, "--tenant", self.tenant, "anna")

    def call(self, port, path, value, want=b'"code":200'):
        raw = signed("POST", path, json.dumps(value).encode(), self.key, self.tenant)
        reply = answer(port, raw)
        if want not in reply:
            raise RuntimeError(f"{path}: {reply!r}")

    def set_url(self, port, url, enabled=True):
        value = {"type": "customer", "url": url, "enabled": enabled}
        self.call(port, "/wscrm-bus-api/open/webhook/set", value)

    def change(self, port):
        self.changes += 1
        customer = {"whatsApp": "15266667779", "agentAccount": "anna", "desc": str(self.changes)}
        self.made.append(time.time())
        self.call(port, "/wscrm-bus-api/customer/api/batchImport", {"data": [customer]})


def delays_ms(companies, lines):
    """From each event's making to its arrivals."""
    events = collections.defaultdict(lambda: collections.defaultdict(list))
    for when, tenant, event in lines:
        events[tenant][int(event.removeprefix("evt_"))].append(float(when))
    delays = []
    for company in companies:
        arrivals = sorted(events[company.tenant].items())
        if len(arrivals) != len(company.made):
            raise RuntimeError(f"{len(arrivals)} events of {len(company.made)} arrived")
        for made, (_, times) in zip(company.made, arrivals):
            delays += [(when - made) * 1000 for when in times]
        company.made.clear()
    return sorted(delays)


def run(bench, server, receivers, companies, expected):
    """Events at a steady rate; returns the delays of all that arrive at receivers that live."""
    plan, lines = bench.plan, []
    began, count = time.monotonic(), 0
    while time.monotonic() < began + plan.webhook_seconds:
        companies[count % len(companies)].change(server.port)
        count += 1
        time.sleep(max(0, began + count / plan.webhook_rate - time.monotonic()))
    until = time.monotonic() + 60
    while len(lines) < count * URLS_EACH - expected(count) and time.monotonic() < until:
        time.sleep(0.2)
        lines += receivers.lines()
    return delays_ms(companies, lines)


def dead_share(companies):
    """How many deliveries of `count` events are the dead URL's: those of the first tenant."""
    return lambda count: -(-count // len(companies))


def set_up(bench, data):
    companies = [Company(bench.lab, data, 100 + i) for i in range(bench.plan.webhook_tenants)]
    receivers = Receivers(bench.lab)
    server = Server(
        bench.lab, data, "--webhook-allow", "127.0.0.0/8", "--log-requests", "none"
    )
    for company in companies:
        live = URLS_EACH - (company is companies[0])
        for i in range(live):
            company.set_url(server.port, f"http://127.0.0.1:{receivers.port}/{i}")
    return companies, receivers, server


def webhooks(bench):
    """The others' delays with a dead receiver, times those without, in turns."""
    companies, receivers, server = set_up(bench, bench.lab.new_name("webhooks"))
    dead = f"http://127.0.0.1:{receivers.dead.getsockname()[1]}/"
    share, p99 = dead_share(companies), {False: [], True: []}
    for _ in range(bench.plan.webhook_rounds):
        for is_there in (False, True):
            companies[0].set_url(server.port, dead, is_there)
            delays = run(bench, server, receivers, companies, share)
            p99[is_there].append(delays[len(delays) * 99 // 100])
            bench.say(
                f"webhooks: {len(delays):,} deliveries{' beside a dead URL' if is_there else ''}:"
                f" median {delays[len(delays) // 2]:.1f} ms, p99 {p99[is_there][-1]:.1f} ms"
            )
    server.stop()
    ratios = [with_ / without for without, with_ in zip(p99[False], p99[True])]
    urls = URLS_EACH * len(companies)
    bench.table.add(f"webhooks: p99 delay of {urls:,} URLs", median(p99[False]), " ms")
    bench.table.add(
        "webhooks: the same with one of them dead, times without", median(ratios), most=1.2
    )
