"""The table of bench/run: which measurements there are, what they find, and whether it is enough."""

import subprocess
import sys

import actions
import exchange
import limits
import pages
import sending
import speed
import webhooks
from lab import IMPORT_DONE, Lab, Server, imports

# In the order they run. query and single are one measurement: the second is compared with the first.
NAMES = (
    *("query", "single", "batch", "import", "pages", "search", "indexes", "sending"),
    *("memory", "wal", "delete", "flood", "webhooks", "actions"),
)


class Plan:
    """How much of everything: a full run, or a short one that only shows that all of it works."""

    def __init__(self, quick):
        self.customers = 20_000 if quick else 1_000_000
        # Many short rounds rather than a few long ones: what else the machine does changes slowly.
        self.rounds = 2 if quick else 25
        self.seconds = 0.5 if quick else 0.8
        self.batch_rounds = 2 if quick else 12
        self.batch_calls = 2 if quick else 10
        self.import_rounds = 1 if quick else 5
        self.import_rows = 10_000 if quick else 200_000  # a million in all
        self.import_seconds = 0.5 if quick else 1.5
        self.import_beside = 50_000 if quick else 200_000  # lasts longer than that
        self.few_customers = 10_000
        self.many_customers = 20_000 if quick else 10_000_000
        self.page_rounds = 1 if quick else 15
        self.page_asks = 1 if quick else 5
        self.sending_rounds = 1 if quick else 7
        self.sending_seconds = 0.5 if quick else 3
        self.idle_connections = 1_000 if quick else 10_000
        self.wal_seconds = 3 if quick else 60
        self.flood_rounds = 1 if quick else 3
        self.flood_seconds = 2 if quick else 8
        self.action_agents = 100 if quick else 1_000
        self.webhook_tenants = 5 if quick else 100
        self.webhook_rounds = 1 if quick else 7
        self.webhook_rate = 10  # events a second, each to 100 URLs
        self.webhook_seconds = 2 if quick else 12


class Table:
    """The figures in the order they were measured. A target is the most, or least, allowed."""

    def __init__(self):
        self.rows = []

    def add(self, figure, value, unit="", most=None, least=None):
        target = f"<= {most:g}{unit}" if most is not None else ""
        target = f">= {least:g}{unit}" if least is not None else target
        met = (most is None or value <= most) and (least is None or value >= least)
        text = f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
        self.rows.append((figure, text + unit, target, target and ("met" if met else "MISSED")))

    def missed(self):
        return any(row[3] == "MISSED" for row in self.rows)

    def __str__(self):
        rows = [("figure", "value", "target", ""), *self.rows]
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows)
        return "\n".join(line.rstrip() for line in lines)


class Bench:
    """What a measurement gets: the laboratory, the plan, the table, and the large store."""

    def __init__(self, lab, plan):
        self.lab, self.plan, self.table = lab, plan, Table()
        self.filled = None

    def say(self, text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def store(self):
        """A copy of a store with all the customers, which the API has filled."""
        if not self.filled:
            self.filled = self.lab.new_store()
            server = Server(self.lab, self.filled)
            calls = self.plan.customers // 5000
            report = self.lab.load(
                server, imports(5000), connections=4, requests=calls, expect=IMPORT_DONE
            )
            server.stop()
            self.say(f"{self.plan.customers:,} customers loaded in {report['seconds']:.1f} s")
        return self.lab.copy_store(self.filled)

    def server(self, *options):
        return Server(self.lab, self.store(), *options)


def measure(bench, names):
    if "query" in names or "single" in names:
        speed.query_and_single(bench, "query" in names, "single" in names)
    if "batch" in names:
        speed.batch(bench)
    if "import" in names:
        exchange.file_import(bench)
    for name, figure in (
        ("pages", pages.pages),
        ("search", pages.search),
        ("indexes", pages.indexes),
        ("sending", sending.sending),
        ("memory", limits.memory),
        ("wal", limits.wal),
        ("delete", limits.delete),
        ("flood", limits.flood),
        ("webhooks", webhooks.webhooks),
        ("actions", actions.actions),
    ):
        if name in names:
            figure(bench)


def main(arguments):
    quick = "--quick" in arguments
    names = [name for name in arguments if name != "--quick"] or list(NAMES)
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"bench: {unknown[0]} is none of: --quick {' '.join(NAMES)}", file=sys.stderr)
        return 2
    try:
        with Lab() as lab:
            bench = Bench(lab, Plan(quick))
            measure(bench, names)
    except (RuntimeError, OSError, subprocess.CalledProcessError) as why:
        print(f"bench: {why}", file=sys.stderr)
        return 1
    print(bench.table)
    if quick:
        print("A short run: it shows that everything works; its figures mean nothing.")
    return 1 if bench.table.missed() and not quick else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
