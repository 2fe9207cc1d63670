"""Figures that are ratios: what a request costs, against something that does as little as possible.

The comparators take turns with the server (A B A B …), so that whatever else the machine does meets
both; each figure is the median of the rounds' ratios, not the ratio of two averages.
"""

from statistics import median

from lab import IMPORT_DONE, QUERY_DONE, Nginx, answer, imports, number_at, query


def ratio(rounds, above, below):
    return median(one[above] / one[below] for one in rounds)


def query_load(bench, server, expect=QUERY_DONE):
    plan = bench.plan
    return bench.lab.load(
        server,
        query(),
        connections=64,
        seconds=plan.seconds,
        customers=plan.customers,
        **({"expect": expect} if expect else {}),
    )


def query_and_single(bench, want_query, want_single):
    """CPU of customer/query and of imports of one customer, in one interleaved run."""
    plan, lab = bench.plan, bench.lab
    quiet = bench.server("--log-requests", "none")
    stopping = [quiet]
    if want_query:
        logging = bench.server("--log-requests", "all")
        nginx = Nginx(lab, len(answer(quiet.port, query(str(number_at(0))))))
        stopping += [logging, nginx]
    if want_single:
        importing = bench.server("--log-requests", "none")
        beside = bench.store()
        stopping += [importing]
    rounds, first = [], plan.customers
    for number in range(plan.rounds):
        one = {}
        if want_query:
            one["nginx"] = query_load(bench, nginx, expect=None)["cpu_us_each"]
        one["query"] = query_load(bench, quiet)["cpu_us_each"]
        if want_query:
            one["query, logged"] = query_load(bench, logging)["cpu_us_each"]
        if want_single:
            report = lab.load(
                importing,
                imports(1),
                connections=256,
                seconds=plan.seconds,
                first=first,
                expect=IMPORT_DONE,
            )
            commits = lab.upsert(beside, first, report["answered"], plan.seconds, group_rows=1)
            one["import"], one["import rate"] = report["cpu_us_each"], report["rate"]
            one["commit rate"] = commits["rate"]
            first = report["next"]
        rounds.append(one)
        figures = ", ".join(f"{name} {value:.1f}" for name, value in one.items())
        bench.say(f"round {number + 1} of {plan.rounds}: {figures}")
    for server in stopping:
        server.stop()
    if want_query:
        report_query(bench.table, rounds)
    if want_single:
        report_single(bench.table, rounds)


def report_query(table, rounds):
    table.add("query: CPU, times nginx's", ratio(rounds, "query", "nginx"), most=2)
    table.add("query: the same with --log-requests all", ratio(rounds, "query, logged", "nginx"))


def report_single(table, rounds):
    table.add(
        "single: imports/s, times a commit per request's",
        ratio(rounds, "import rate", "commit rate"),
        least=5,
    )
    table.add("single: CPU, times customer/query's", ratio(rounds, "import", "query"), most=2)


def batch(bench):
    """Imports of 5,000 a call, against an upsert of the same rows inside the process."""
    plan, lab = bench.plan, bench.lab
    server, beside = bench.server("--log-requests", "none"), bench.store()
    rows = plan.batch_calls * 5000
    rounds, first = [], plan.customers
    for number in range(plan.batch_rounds):
        report = lab.load(
            server,
            imports(5000),
            connections=4,
            requests=plan.batch_calls,
            first=first,
            expect=IMPORT_DONE,
        )
        # A call of 5,000 is a transaction of its own, cut at 20 ms.
        raw = lab.upsert(beside, first, rows, 600, group_rows=5000)
        one = {"import": report["rate"] * 5000, "upsert": raw["rate"]}
        rounds.append(one)
        first += rows
        figures = ", ".join(f"{name} {value:,.0f} rows/s" for name, value in one.items())
        bench.say(f"round {number + 1} of {plan.batch_rounds}: {figures}")
    server.stop()
    bench.table.add(
        "batch: rows/s, times an upsert's in process", ratio(rounds, "import", "upsert"), least=0.5
    )
