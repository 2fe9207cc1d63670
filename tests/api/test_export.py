"""wscrm export, and the way back: import (API), query, export, import elsewhere, compare."""

import csv
import json
import os
import random
import sqlite3
import subprocess

import pytest
from harness import BASIC_FIELDS, BUILD, PATIENCE_S, WSCRM, Client, Server, environment

FIELDS = (
    ("Faction",),
    ("semi;colon\"quote", "--type", "text"),
    ("Level", "--type", "number"),
    ("Joined", "--type", "date"),
    ("Plan", "--type", "option", "--option", "gold", "--option", "=old, \"silver\""),
)
NAMES = [name for name, *_ in FIELDS]
KEYS = "whatsApp friendName sex birthday address email profession income desc tabName".split()
KEYS += "stage source languageTag welcome".split() + NAMES + ["agentAccount"]
TIMES = ["createTime", "updateTime"]

ROUND_TRIP = 10_000 if BUILD == "release" else 1_500


def add_fields(server, tenant):
    for name, *options in FIELDS:
        server.command("field", "add", "--tenant", tenant.id, name, *options)
    return tenant


@pytest.fixture(scope="module")
def tenant(server, add_tenant):
    return add_fields(server, add_tenant(rate_limit=0))


@pytest.fixture
def own_tenant(server, add_tenant):
    """One whose customers are the test's alone."""
    return add_fields(server, add_tenant(rate_limit=0))


def export(server, tenant, path, *options):
    done = server.command("export", "--tenant", tenant.id, *options, path)
    assert done.stdout == "" or path == "-"
    return done


def read_csv(path):
    with open(path, encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return header, [dict(zip(header, row, strict=True)) for row in rows]


def read_json(path):
    # Not splitlines(): it takes U+2028 for the end of a line.
    return [json.loads(line) for line in path.read_text().split("\n") if line]


def without_times(customers):
    return [{k: v for k, v in one.items() if k not in TIMES} for one in customers]


def test_an_export_has_the_columns_of_an_answer_in_their_order(
    server, own_tenant, fresh, tmp_path
):
    one, two = sorted((fresh(), fresh()))
    with Client(server, own_tenant) as client:
        client.imported([
            {"whatsApp": two, "agentAccount": "anna", "desc": 'a "b", c;\td\n', "tabName": "x,y",
             "Level": "7", "Plan": '=old, "silver"'},
            {"whatsApp": one, "agentAccount": "ben"},
        ])
        answers = client.customers(one, two)
    export(server, own_tenant, tmp_path / "f.csv")
    header, rows = read_csv(tmp_path / "f.csv")
    answers = [{k: v for k, v in answer.items() if k != "optOut"} for answer in answers]
    assert header == list(answers[0]) == KEYS + TIMES
    assert rows == [{name: str(value) for name, value in one.items()} for one in answers]


def test_json_lines_are_the_answers_themselves(server, own_tenant, fresh, tmp_path):
    numbers = sorted(fresh() for _ in range(3))
    with Client(server, own_tenant) as client:
        client.imported([{"whatsApp": n, "agentAccount": "anna", "desc": "\u2028"} for n in numbers])
        answers = client.customers(*numbers)
    export(server, own_tenant, tmp_path / "f.jsonl")
    assert read_json(tmp_path / "f.jsonl") == answers
    export(server, own_tenant, tmp_path / "f", "--format", "jsonl")
    assert (tmp_path / "f").read_bytes() == (tmp_path / "f.jsonl").read_bytes()
    export(server, own_tenant, tmp_path / "g.jsonl", "--format", "csv")
    assert len(read_csv(tmp_path / "g.jsonl")[1]) == 3


def test_standard_output_gets_the_data_and_nothing_else(server, own_tenant, number):
    with Client(server, own_tenant) as client:
        client.imported([{"whatsApp": number, "agentAccount": "anna"}])
    done = export(server, own_tenant, "-")
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == "1 customers exported\n"


def test_a_tenant_without_customers_is_a_header(server, own_tenant, tmp_path):
    export(server, own_tenant, tmp_path / "f.csv")
    assert read_csv(tmp_path / "f.csv") == (KEYS + TIMES, [])


def test_what_cannot_be_exported_leaves_the_file_alone(server, tenant, tmp_path):
    path = tmp_path / "f.csv"
    done = server.command("export", "--tenant", "99999", path, check=False)
    assert (done.returncode, "there is no tenant 99999" in done.stderr) == (1, True)
    assert not path.exists()
    path.write_text("of before")
    done = server.command("export", "--tenant", "99999", path, check=False)
    assert done.returncode == 1 and path.read_text() == "of before"
    done = server.command("export", "--tenant", tenant.id, "--format", "xml", path, check=False)
    assert (done.returncode, "csv or jsonl expected" in done.stderr) == (2, True)
    done = server.command("export", "--tenant", tenant.id, tmp_path, check=False)
    assert (done.returncode, "Is a directory" in done.stderr) == (1, True)
    done = server.command("export", "--tenant", tenant.id, "/dev/full", check=False)
    assert (done.returncode, "No space left" in done.stderr) == (1, True)


def test_an_export_is_for_its_owner_alone(server, tenant, tmp_path):
    export(server, tenant, tmp_path / "f.csv")
    assert os.stat(tmp_path / "f.csv").st_mode & 0o777 == 0o600


def test_a_longer_file_of_before_leaves_nothing_behind(server, own_tenant, tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("x\n" * 10000)
    export(server, own_tenant, path)
    assert len(path.read_text().splitlines()) == 1


# --- there and back

POOLS = (
    "abc ÄÖß éñ", "王李明 中文字", "שלום עולם", "مرحبا بالعالم", "😀👩‍👩‍👧‍👦🏳️‍🌈🇨🇳", "\u200f\u202e\u2066\u2069\ufeff", "e\u0301\u0300",
    '"\',;\t', "\n\r\n", "=+-@", "\\N", "\u0001\u001f\u007f\u0085\u2028\u2029", "\U0010ffff\ufffe",
)
ODD = ["\\N", "\\\\N", "\\\\\\N", '"', '""', "\n", "\r\n", " ", " a ", "=1+1", "+1", "-1", "@x",
       "null", "NULL", "\ufeff", "'", "\t", ",", ";", "a\\N", "\\n", "#", "\\"]


def text_of(rng, longest):
    if rng.random() < 0.2:
        return rng.choice(ODD)
    length = longest if rng.random() < 0.01 else rng.randint(1, 24)
    return "".join(rng.choice(rng.choice(POOLS)) for _ in range(min(length, longest)))


def tag_of(rng, i):
    name = text_of(rng, 20).replace(",", "")
    return f"{name.strip() or 'x'}{i % 40}"  # few enough different ones for one tenant


def customer_of(rng, number, i):
    """Each field set or not."""
    one = {"whatsApp": number, "agentAccount": rng.choice(["anna", "ben", "王明"])}
    longest = {"desc": 2000, "welcome": 1024, **{name: 1000 for name in NAMES}}
    for name in [*BASIC_FIELDS, *NAMES]:
        if rng.random() < 0.3:
            continue
        one[name] = text_of(rng, longest.get(name, 255))
    for name in {"birthday", "Joined"} & set(one):
        one[name] = f"{rng.randint(1900, 2030)}/{rng.randint(1, 12):02}/{rng.randint(1, 28):02}"
    for name, values in (("sex", ["male", "female", "unknown"]),
                         ("Level", ["1", "-2.50", "+007", "0.0"]),
                         ("Plan", ["gold", '=old, "silver"'])):
        if name in one:
            one[name] = rng.choice(values)
    for name in {"stage", "source"} & set(one):
        one[name] = rng.choice(LABELS)
    if "tabName" in one:
        one["tabName"] = ",".join(rng.sample(LABELS, rng.randint(1, 5)))
    return one


_rng = random.Random(7)
LABELS = sorted({tag_of(_rng, i) for i in range(300)})


@pytest.fixture(scope="module")
def generated(server, tenant):
    """A tenant full of customers that the API imported, and what it answers of them."""
    server.command("agent", "add", "--tenant", tenant.id, "王明")
    rng = random.Random(11)
    numbers = [str(8_690_000_000_000 + i * 7) for i in range(ROUND_TRIP)]
    items = [customer_of(rng, number, i) for i, number in enumerate(numbers)]
    with Client(server, tenant) as client:
        for at in range(0, ROUND_TRIP, 5000):
            client.imported(items[at : at + 5000])
        return numbers, query(client, numbers)


def query(client, numbers):
    found = []
    for at in range(0, len(numbers), 1000):
        found += client.customers(*numbers[at : at + 1000])
    return found


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_an_export_that_is_imported_elsewhere_gives_equal_customers(
    server, tenant, generated, tmp_path, kind
):
    numbers, answers = generated
    path = tmp_path / f"f.{kind}"
    export(server, tenant, path)
    there = Server(tmp_path / "there", demo=False)
    other = add_fields(there, there.add_tenant(77, agents=("anna", "ben", "王明"), rate_limit=0))
    done = there.command("import", "--tenant", other.id, path)
    assert done.stdout.startswith(f"{ROUND_TRIP} rows: {ROUND_TRIP} customers new, ")
    try:
        there.start()
        with Client(there, other) as client:
            assert without_times(query(client, numbers)) == without_times(answers)
        there.stop()
    finally:
        there.end()
    export(there, other, tmp_path / f"g.{kind}")
    again = read_csv(tmp_path / "g.csv")[1] if kind == "csv" else read_json(tmp_path / "g.jsonl")
    first = read_csv(path)[1] if kind == "csv" else read_json(path)
    assert without_times(again) == without_times(first)


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_import_of_an_export_changes_nothing(server, tenant, generated, tmp_path, kind):
    numbers, answers = generated
    path = tmp_path / f"f.{kind}"
    export(server, tenant, path)
    done = server.command("import", "--tenant", tenant.id, path)
    assert done.stdout == (
        f"{ROUND_TRIP} rows: 0 customers new, 0 changed, {ROUND_TRIP} unchanged, 0 refused\n"
    )
    with Client(server, tenant) as client:
        assert query(client, numbers) == answers


def test_customers_without_an_owner_come_back_without_one(own_server, tmp_path):
    server = own_server(demo=False)
    tenant, other = server.add_tenant(5), server.add_tenant(6)
    with Client(server, tenant) as client:
        client.imported([{"whatsApp": "8613800000000", "agentAccount": "anna", "desc": "x"}])
    server.command("agent", "remove", "--tenant", tenant.id, "anna")
    export(server, tenant, tmp_path / "f.csv")
    assert read_csv(tmp_path / "f.csv")[1][0]["agentAccount"] == ""
    server.command("import", "--tenant", other.id, tmp_path / "f.csv")
    with Client(server, other) as client:
        assert client.customer("8613800000000")["agentAccount"] == ""


@pytest.mark.threads
def test_an_export_may_run_while_customers_change(server, tenant, generated, tmp_path, client):
    numbers, _ = generated
    running = subprocess.Popen(
        [WSCRM, "--data", server.data, "export", "--tenant", tenant.id, tmp_path / "f.csv"],
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
    )
    for i in range(20):
        client.imported([{"whatsApp": number, "agentAccount": "ben", "address": f"street {i}"}
                         for number in numbers[-50:]])
    _, err = running.communicate(timeout=PATIENCE_S)
    assert (running.returncode, err) == (0, f"{ROUND_TRIP} customers exported\n".encode())
    header, rows = read_csv(tmp_path / "f.csv")
    assert [row["whatsApp"] for row in rows] == numbers


def test_an_export_needs_no_server(tmp_path):
    server = Server(tmp_path / "data", demo=False)
    tenant = server.add_tenant(5)
    (tmp_path / "f.csv").write_text("whatsApp,agentAccount\n8613800000000,anna\n")
    server.command("import", "--tenant", tenant.id, tmp_path / "f.csv")
    export(server, tenant, tmp_path / "g.csv")
    assert read_csv(tmp_path / "g.csv")[1][0]["agentAccount"] == "anna"
    with sqlite3.connect(server.data / "wscrm.db") as db:
        assert db.execute("SELECT customers FROM tenant WHERE id = 5").fetchone() == (1,)
    db.close()
