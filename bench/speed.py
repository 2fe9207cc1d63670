"""Figures that are ratios: what a request costs, against something that does as little as possible.

The comparators take turns with the server in short rounds, so that whatever else the machine does
meets both; each figure is the median of the rounds' ratios, not the ratio of two averages.
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


class Contest:
    """The servers of query and single, each on a store of its own, and one turn of each."""

    def __init__(self, bench, want_query, want_single):
        self.bench, self.first = bench, bench.plan.customers
        self.quiet = bench.server("--log-requests", "none")
        self.servers, self.turns = [self.quiet], [self.query]
        if want_query:
            self.logging = bench.server("--log-requests", "all")
            self.nginx = Nginx(bench.lab, len(answer(self.quiet.port, query(str(number_at(0))))))
            self.servers += [self.logging, self.nginx]
            self.turns += [self.query_nginx, self.query_logged]
        if want_single:
            self.importing, self.beside = bench.server("--log-requests", "none"), bench.store()
            self.servers += [self.importing]
            self.turns += [self.single]

    def query(self):
        return {"query": query_load(self.bench, self.quiet)["cpu_us_each"]}

    def query_nginx(self):
        return {"nginx": query_load(self.bench, self.nginx, expect=None)["cpu_us_each"]}

    def query_logged(self):
        return {"query, logged": query_load(self.bench, self.logging)["cpu_us_each"]}

    def single(self):
        seconds, first = self.bench.plan.seconds, self.first
        report = self.bench.lab.load(
            self.importing,
            imports(1),
            connections=256,
            seconds=seconds,
            first=first,
            expect=IMPORT_DONE,
        )
        commits = self.bench.lab.upsert(
            self.beside, first, report["answered"], seconds, group_rows=1
        )
        self.first = report["next"]
        return {
            "import": report["cpu_us_each"],
            "import rate": report["rate"],
            "commit rate": commits["rate"],
        }

    def round(self, number):
        """A B C, then C B A: nobody always comes after the same other."""
        one = {}
        for turn in self.turns if number % 2 else reversed(self.turns):
            one.update(turn())
        figures = ", ".join(f"{name} {value:,.1f}" for name, value in sorted(one.items()))
        self.bench.say(f"round {number + 1} of {self.bench.plan.rounds}: {figures}")
        return one


def query_and_single(bench, want_query, want_single):
    """CPU of customer/query and of imports of one customer, in one interleaved run."""
    contest = Contest(bench, want_query, want_single)
    rounds = [contest.round(number) for number in range(bench.plan.rounds)]
    for server in contest.servers:
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
