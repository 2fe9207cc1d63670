"""Figures of customer/page and customer/query as a tenant grows, of searches, and of what indexes that the
store does without would cost an import."""

import contextlib
import json
import sqlite3
import time
from statistics import median

from fill import fill
from lab import IMPORT_DONE, QUERY_DONE, Server, answer, cpu_us, imports, query, signed

PATH = "/wscrm-bus-api/customer/page"
PAGE_DONE = '"code":200,"message":"Success","data":{"total"'


def page(**members):
    return signed("POST", PATH, json.dumps(members).encode())


def ask(server, **members):
    """The answer, and the seconds that it took."""
    began = time.monotonic()
    reply = json.loads(answer(server.port, page(**members)).partition(b"\r\n\r\n")[2])
    if reply["code"] != 200:
        raise RuntimeError(f"{members}: {reply}")
    return reply["data"], time.monotonic() - began


def behind(data):
    """Customers that the search index of a store has not come to."""
    with contextlib.closing(sqlite3.connect(f"file:{data}/wscrm.db?mode=ro", uri=True)) as db:
        return db.execute(
            "SELECT (SELECT max(id) FROM customer) - indexed_to FROM search_state"
        ).fetchone()[0]


def wait_for_index(server):
    began, cpu = time.monotonic(), cpu_us(server.pids)
    while behind(server.data) > 0:
        time.sleep(0.2)
    return time.monotonic() - began, cpu_us(server.pids) - cpu


def filled_server(bench, customers):
    data = bench.lab.new_store()
    began = time.monotonic()
    fill(data, customers)
    seconds = time.monotonic() - began
    bench.say(f"{customers:,} customers filled in {seconds:.1f} s")
    return Server(bench.lab, data, "--log-requests", "none")


def requests(server, customers):
    """Page 1,000 of the default 10 is the last one of ten thousand customers."""
    cursor = ask(server, current=999)[0]["nextCursor"]
    return {
        "customer/query": (query(), QUERY_DONE, customers),
        "page 1": (page(current=1), PAGE_DONE, 1),
        "page 1,000": (page(current=1000), PAGE_DONE, 1),
        "page 1,000 by its cursor": (page(cursor=cursor), PAGE_DONE, 1),
    }


def one_round(bench, servers, number):
    costs = {}
    for name in servers[0][1]:
        for server, asked in servers if number % 2 else reversed(servers):
            raw, expect, customers = asked[name]
            report = bench.lab.load(
                server,
                raw,
                connections=16,
                seconds=bench.plan.seconds,
                customers=customers,
                expect=expect,
            )
            costs.setdefault(name, {})[server] = report["cpu_us_each"]
    return costs


def growth(bench):
    """CPU of the same request to a small tenant and to a large one, in turns."""
    plan = bench.plan
    sizes = (plan.few_customers, plan.many_customers)
    small, large = (filled_server(bench, size) for size in sizes)
    wait_for_index(small)
    seconds, cpu = wait_for_index(large)
    bench.say(f"{sizes[1]:,} customers indexed in {seconds:.0f} s")
    bench.table.add(
        "pages: CPU of indexing a customer for searches", cpu / sizes[1], " µs"
    )
    servers = [(one, requests(one, size)) for one, size in zip((small, large), sizes)]
    rounds = []
    for number in range(plan.page_rounds):
        costs = one_round(bench, servers, number)
        rounds.append({name: cost[large] / cost[small] for name, cost in costs.items()})
        figures = ", ".join(f"{name} {value:.2f}" for name, value in rounds[-1].items())
        bench.say(f"round {number + 1} of {plan.page_rounds}: {figures}")
    for name in rounds[0]:
        figure = f"pages: CPU of {name} at {sizes[1]:,}, times that at {sizes[0]:,}"
        bench.table.add(figure, median(one[name] for one in rounds), most=1.3)
    small.stop()
    return large


def slow_pages(bench, server):
    """What takes a walk over all rows, and what the search index is for."""
    for what, info in (
        ("a stage that one of 10,000 has", {"stage": "rare"}),
        ("a stage that nearly all have", {"stage": "negotiating"}),
        ("a name that 40 have", {"keyword": "wang xiaoming 123"}),
        ("a keyword too short for the index", {"keyword": "zz"}),
    ):
        took = median(ask(server, pageSize=50, info=info)[1] for _ in range(bench.plan.page_asks))
        bench.table.add(f"pages: {what}, of {bench.plan.many_customers:,}", took * 1000, " ms")


def pages(bench):
    large = growth(bench)
    slow_pages(bench, large)
    large.stop()


def search(bench):
    """An import through the API, and what a search finds when its last answer is there."""
    plan, lab = bench.plan, bench.lab
    server = Server(lab, lab.new_store(), "--log-requests", "none")
    calls = plan.customers // 5000
    lab.load(server, imports(5000), connections=4, requests=calls, expect=IMPORT_DONE)
    left = behind(server.data)
    found, took = ask(server, info={"keyword": "xiaoming"})
    if found["total"] != calls * 5000:
        raise RuntimeError(f"{found['total']} found of {calls * 5000}")
    seconds, _ = wait_for_index(server)
    server.stop()
    table = bench.table
    table.add("search: complete after the import's last answer", took, " s", most=5)
    table.add("search: part that the index had not come to then", left / found["total"])
    table.add("search: until it had", seconds, " s")


INDEXES = (
    ("of owners", "CREATE INDEX extra ON customer (tenant, owner, number) WHERE owner NOT NULL"),
    ("of stages", "CREATE INDEX extra ON customer (tenant, stage, number) WHERE stage NOT NULL"),
    (
        "of tags",
        "CREATE TABLE extra (tenant, tag, number, PRIMARY KEY (tenant, tag, number)) WITHOUT ROWID;"
        "CREATE TRIGGER extra_insert AFTER INSERT ON customer BEGIN INSERT INTO extra"
        " SELECT new.tenant, value, new.number FROM json_each(new.tags); END",
    ),
)


def store_with(bench, sql):
    data = bench.store()
    with contextlib.closing(sqlite3.connect(data / "wscrm.db")) as db:
        db.executescript(sql)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return data


def indexes(bench):
    """CPU of the upsert that `batch` is compared with, without and with an index more."""
    plan, lab = bench.plan, bench.lab
    stores = [("", bench.store())] + [(name, store_with(bench, sql)) for name, sql in INDEXES]
    rounds, first, rows = [], plan.customers, plan.import_rows
    for number in range(plan.import_rounds):
        one = {}
        for name, data in stores if number % 2 else reversed(stores):
            report = lab.upsert(data, first, rows, 600, group_rows=5000)
            one[name] = report["cpu_us"] / report["rows"]
        first += rows
        rounds.append(one)
        figures = ", ".join(f"{name or 'none'} {value:.1f} µs" for name, value in one.items())
        bench.say(f"indexes, round {number + 1} of {plan.import_rounds}: {figures}")
    for name, _ in INDEXES:
        cost = median(one[name] / one[""] for one in rounds)
        bench.table.add(f"indexes: an upsert's CPU with one {name}, times without", cost)
