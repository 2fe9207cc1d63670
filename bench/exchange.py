"""Figures of `wscrm import`: its speed against an upsert of the same rows inside the process, its memory,
what its indexes cost, and what querying clients notice of it."""

import contextlib
import sqlite3
import subprocess
import time
from statistics import median

from lab import AGENT, QUERY_DONE, TENANT, WSCRM, Watch, number_at, query, rss_anon

MIB = 1 << 20


def write_rows(bench, first, rows):
    """A file of customers with the fields that an integration fills, as lab.imports() sends them."""
    path = bench.lab.new_name("rows")
    with open(path, "w") as file:
        file.write("whatsApp,friendName,email,stage,source,tabName,agentAccount\n")
        for index in range(first, first + rows):
            file.write(
                f"{number_at(index)},Wang Xiaoming,wang.xiaoming@example.com,negotiating,"
                f'spring fair,"vip,2026",{AGENT}\n'
            )
    return path


def import_start(bench, server, path):
    command = [WSCRM, "import", "--data", server.data, "--tenant", TENANT, path]
    return bench.lab.start(command, stdout=subprocess.PIPE)


def import_end(bench, process, rows):
    summary = process.communicate()[0].decode()
    bench.lab.processes.remove(process)
    if process.returncode != 0 or not summary.startswith(f"{rows} rows: {rows} customers new"):
        raise RuntimeError(f"the import did not go as expected: {summary!r}")


def timed_import(bench, server, first, rows):
    """Rows per second of the whole command, and the largest memory of its process."""
    path = write_rows(bench, first, rows)
    began = time.monotonic()
    process = import_start(bench, server, path)

    def anonymous():
        with contextlib.suppress(OSError, TypeError):
            return rss_anon([process.pid])
        return 0

    watch = Watch(anonymous)
    import_end(bench, process, rows)
    seconds = time.monotonic() - began
    path.unlink()
    return rows / seconds, watch.stop()


def bare_store(bench):
    """One whose customers have no index but the one that finds them by number."""
    data = bench.store()
    with contextlib.closing(sqlite3.connect(data / "wscrm.db")) as db:
        names = db.execute(
            "SELECT name FROM sqlite_master"
            " WHERE type = 'index' AND tbl_name = 'customer' AND sql IS NOT NULL"
        ).fetchall()
        for (name,) in names:
            db.execute(f'DROP INDEX "{name}"')
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    bench.say(f"indexes of customer besides its numbers: {len(names)}")
    return data


def speed(bench, server):
    plan, lab = bench.plan, bench.lab
    beside, bare = bench.store(), bare_store(bench)
    rounds, first, rows = [], plan.customers, plan.import_rows
    for number in range(plan.import_rounds):
        rate, memory = timed_import(bench, server, first, rows)
        one = {"import": rate, "client": memory, "server": rss_anon(server.pids)}
        one["upsert"] = lab.upsert(beside, first, rows, 600, group_rows=5000)["rate"]
        one["bare"] = lab.upsert(bare, first, rows, 600, group_rows=5000)["rate"]
        rounds.append(one)
        first += rows
        bench.say(
            f"round {number + 1} of {plan.import_rounds}: import {one['import']:,.0f} rows/s,"
            f" upsert {one['upsert']:,.0f}, without indexes {one['bare']:,.0f};"
            f" client {memory / MIB:.1f} MiB, server {one['server'] / MIB:.1f} MiB"
        )
    table = bench.table
    each = [one["import"] / one["upsert"] for one in rounds]
    table.add("import: rows/s, times an upsert's in process", median(each), least=0.6)
    cost = median(one["bare"] / one["upsert"] for one in rounds)
    table.add("import: an upsert without the indexes, times one with them", cost)
    table.add(
        "import: largest RssAnon of the command",
        max(one["client"] for one in rounds) / MIB,
        " MiB",
        most=64,
    )
    growth = rounds[-1]["server"] - rounds[0]["server"]
    table.add("import: growth of the server after the first", growth / MIB, " MiB", most=2)
    return first


def p99_us(bench, server, **options):
    plan = bench.plan
    report = bench.lab.load(
        server,
        query(),
        connections=64,
        seconds=plan.import_seconds,
        customers=plan.customers,
        expect=QUERY_DONE,
        **options,
    )
    return report["p99_us"]


def others(bench, server, first):
    """64 clients that ask without a pause, and 64 that ask 1,000 times a second."""
    plan, rounds = bench.plan, []
    for number in range(plan.import_rounds):
        one = {"idle": p99_us(bench, server), "paced idle": p99_us(bench, server, rate=1000)}
        for name, options in (("busy", {}), ("paced busy", {"rate": 1000})):
            path = write_rows(bench, first, plan.import_beside)
            process = import_start(bench, server, path)
            time.sleep(0.2)
            one[name] = p99_us(bench, server, **options)
            if process.poll() is not None:
                bench.say("the import was over before the queries: import_beside is too small")
            import_end(bench, process, plan.import_beside)
            path.unlink()
            first += plan.import_beside
        rounds.append(one)
        figures = ", ".join(f"{name} {value} µs" for name, value in one.items())
        bench.say(f"p99, round {number + 1} of {plan.import_rounds}: {figures}")
    table = bench.table
    for name, figure in (("busy", "64 clients"), ("paced busy", "64 clients at 1,000/s")):
        idle = name.replace("busy", "idle")
        ratio = median(one[name] / one[idle] for one in rounds)
        table.add(f"import: p99 of {figure} beside it, times their idle p99", ratio, most=5)


def file_import(bench):
    server = bench.server("--log-requests", "none")
    first = speed(bench, server)
    others(bench, server, first)
    server.stop()
