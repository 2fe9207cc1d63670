"""Figures that are limits: memory, the size of the log, and what others notice of an attack."""

import re
import select
import threading
import time
from statistics import median

from lab import IMPORT_DONE, PATIENCE_S, QUERY_DONE, TENANT, Nginx, Server, Watch, answer
from lab import delete_all, imports, number_at, query, request, rss_anon

KIB, MIB = 1 << 10, 1 << 20

# The demo tenant of the Development Guide; its key is public.
DEMO_KEY, DEMO_CUSTOMER = "QOEAcPj6Tb8XRhwFvYih", "15266667779"


def settled(read, seconds=1.0):
    """A value once it has stopped changing for a while."""
    value, since = read(), time.monotonic()
    while time.monotonic() < since + seconds:
        time.sleep(0.1)
        if read() != value:
            value, since = read(), time.monotonic()
    return value


def memory(bench):
    """Of a server that has just started on a demo store, and of connections that idle."""
    lab, count = bench.lab, bench.plan.idle_connections
    server = Server(lab, lab.new_name("demo"), "--demo")

    def anonymous():
        return rss_anon(server.pids)

    idle = settled(anonymous)
    lab.wscrm("tenant", "set", TENANT, "--data", server.data, "--rate-limit", "0")
    before = settled(anonymous)
    raw = query(DEMO_CUSTOMER, DEMO_KEY)
    # Each connection makes one request, and stays.
    held = lab.load_start(server, raw, connections=count, hold=True, expect=QUERY_DONE)
    readable, _, _ = select.select([held.stdout], [], [], PATIENCE_S)
    if not readable:
        raise RuntimeError(f"{count} connections do not come about")
    after = settled(anonymous)
    lab.load_end(held)
    server.stop()
    bench.table.add("memory: RssAnon after start", idle / MIB, " MiB", most=8)
    bench.table.add(
        f"memory: RssAnon of each of {count:,} idle connections",
        (after - before) / count / KIB,
        " KiB",
        most=4,
    )


def wal(bench):
    """The largest size of the write-ahead log while 64 clients read and 64 write."""
    plan, lab = bench.plan, bench.lab
    server = bench.server("--log-requests", "none")
    seconds = {"connections": 64, "seconds": plan.wal_seconds}
    reads = lab.load_start(
        server, query(), customers=plan.customers, expect=QUERY_DONE, **seconds
    )
    writes = lab.load_start(server, imports(1), first=plan.customers, expect=IMPORT_DONE, **seconds)
    watch = Watch(server.wal_size)
    read, written = lab.load_end(reads), lab.load_end(writes)
    largest = watch.stop()
    server.stop()
    bench.say(f"wal: {read['answered']:,} queries beside {written['answered']:,} imports")
    bench.table.add(
        f"wal: largest size in {plan.wal_seconds} s of 64 readers and 64 writers",
        largest / MIB,
        " MiB",
        most=128,
    )


def delete(bench):
    """How long others wait to write while one call deletes all the customers."""
    plan, lab = bench.plan, bench.lab
    server = bench.server("--log-requests", "none")
    done = []

    def run():
        began = time.monotonic()
        reply = answer(server.port, delete_all(), 600)
        done.append((int(re.search(rb'"data":(\d+)', reply)[1]), time.monotonic() - began))

    def importing(first):
        # One after the other, so that none waits for another import.
        return lab.load(server, imports(1), connections=1, seconds=1, first=first,
                        expect=IMPORT_DONE)

    before = importing(plan.customers)
    deleting = threading.Thread(target=run)
    deleting.start()
    rounds, first = [], before["next"]
    while deleting.is_alive():
        rounds.append(importing(first))
        first = rounds[-1]["next"]
    deleting.join()
    server.stop()
    deleted, seconds = done[0]
    answered = sum(one["answered"] for one in rounds)
    bench.say(
        f"delete: {deleted:,} customers in {seconds:.1f} s beside {answered:,} imports;"
        f" longest import before it {before['max_us'] / 1000:.1f} ms"
    )
    waits = [one["max_us"] / 1000 for one in rounds]
    what = f"of an import while {deleted:,} customers go"
    bench.table.add(f"delete: longest wait {what}", max(waits), " ms", most=50)
    # On a machine that does nothing else the two are much the same.
    bench.table.add(f"delete: median of the seconds' longest waits {what}", median(waits), " ms")


# --- the flood


def rubbish():
    """An import of 16 MiB whose body is an array of zeros, from nobody."""
    body = b"[" + b"0," * (8 * MIB)
    return request(
        "PUT",
        "/wscrm-bus-api/customer/api/import",
        body[: 16 * MIB],
        f"tenant_id: {TENANT}",
        "timestamp: 1700000000000",
        "token: 00000000000000000000000000000000",
    )


def others_p99_us(bench, *servers):
    """Of each server the 99th percentile of well-behaved clients, at a steady 200 requests/s."""
    options = {"connections": 8, "rate": 200, "seconds": bench.plan.flood_seconds}
    runs = [
        bench.lab.load_start(server, query(), customers=bench.plan.customers, **options)
        for server in servers
    ]
    return [bench.lab.load_end(run)["p99_us"] for run in runs]


def flood_round(bench, flooded, beside, raw):
    """How many times their p99 without a flood the others have with one, on the server that is
    flooded and on one beside it; and the largest memory of the first."""
    lab, plan = bench.lab, bench.plan
    before = others_p99_us(bench, flooded, beside)
    # The flood's clients would be other machines: on this one they must not take the processor from
    # those whom they flood.
    flooding = lab.load_start(
        flooded, raw, nice=19, connections=64, seconds=plan.flood_seconds + 1, any_answer=True
    )
    watch = Watch(lambda: rss_anon(flooded.pids))
    time.sleep(0.5)
    during = others_p99_us(bench, flooded, beside)
    answered = lab.load_end(flooding)["answered"]
    memory = watch.stop()
    bench.say(
        f"flood: {type(flooded).__name__} answers {answered} in {memory / MIB:.0f} MiB;"
        f" p99 {before[0]} -> {during[0]} µs, beside it {before[1]} -> {during[1]} µs"
    )
    return {"flooded": during[0] / before[0], "beside": during[1] / before[1], "memory": memory}


def flood(bench):
    """64 connections send 16 MiB of rubbish over and over; others ask as ever.

    What clients notice of an nginx that stands beside the server and is not flooded is the machine
    being busy, which no server can help. An nginx that is flooded alike reads bodies and drops them."""
    plan, lab = bench.plan, bench.lab
    server = bench.server("--log-requests", "none")
    nginx = Nginx(lab, len(answer(server.port, query(str(number_at(0))))))
    raw, ours, theirs = rubbish(), [], []
    for _ in range(plan.flood_rounds):
        ours.append(flood_round(bench, server, nginx, raw))
        theirs.append(flood_round(bench, nginx, server, raw))
    server.stop()
    nginx.stop()
    table = bench.table
    table.add(
        "flood: largest RssAnon", max(one["memory"] for one in ours) / MIB, " MiB", most=400
    )
    table.add(
        "flood: others' p99, times their p99 without",
        median(one["flooded"] for one in ours),
        most=5,
    )
    table.add(
        "flood: the same of nginx, flooded alike", median(one["flooded"] for one in theirs)
    )
    table.add(
        "flood: the same of an nginx beside, not flooded", median(one["beside"] for one in ours)
    )
