"""wscrm import: files of CSV and JSON Lines, beside a server and without one."""

import csv
import io
import json
import os
import pty
import signal
import sqlite3
import subprocess

import pytest
from harness import BUILD, PATIENCE_S, SANITIZER_REPORT, WSCRM, Client, Server, environment
from harness import wait_until

NO_AGENT = 'the tenant has no agent "nobody"'


@pytest.fixture(scope="module")
def tenant(server, add_tenant):
    """The module's own, with extended fields."""
    made = add_tenant(rate_limit=0)
    for name, *options in (
        ("Faction",),
        ("Level", "--type", "number"),
        ("Plan", "--type", "option", "--option", "gold", "--option", "old silver"),
    ):
        server.command("field", "add", "--tenant", made.id, name, *options)
    return made


@pytest.fixture
def path(tmp_path):
    return tmp_path / "f.csv"


def rejects(path, kind="csv"):
    return path.with_name(f"{path.name}.rejected.{kind}")


def rows_of(path):
    """The cells of a list of refused rows, as dicts."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def run_import(server, tenant, path, *options, content=None, status=0, text=None):
    """Imports `content` (a text, or bytes) by way of `path`; what it printed."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    done = server.command(
        "import", "--tenant", tenant.id, *options, path, check=False, text=text
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done


def summary(new=0, changed=0, unchanged=0, refused=0):
    total = new + changed + unchanged + refused
    return (
        f"{total} rows: {new} customers new, {changed} changed, {unchanged} unchanged,"
        f" {refused} refused\n"
    )


def test_rows_become_customers_of_their_agents_at_once(server, tenant, client, path, fresh):
    first, second = fresh(), fresh()
    done = run_import(
        server,
        tenant,
        path,
        content="whatsApp,friendName,sex,birthday,tabName,stage,Faction,Level,agentAccount\n"
        f'{first},"Wang ""the first""",Male,1990/01/31,"vip, 2026",new,red,-1.5,anna\n'
        f"+{second[:2]} {second[2:]},,,,,,,,ben\n",
    )
    assert done.stdout == summary(new=2) and done.stderr == ""
    one, two = client.customers(first, second)
    assert one["friendName"] == 'Wang "the first"' and one["sex"] == "male"
    assert (one["birthday"], one["tabName"], one["stage"]) == ("1990/01/31", "vip,2026", "new")
    assert (one["Faction"], one["Level"], one["agentAccount"]) == ("red", "-1.5", "anna")
    assert (two["friendName"], two["agentAccount"]) == ("", "ben")
    assert not rejects(path).exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "BOM"])
def test_the_form_of_a_file_is_found_out(server, tenant, client, path, fresh, separator, end, mark):
    number = fresh()
    rows = [["whatsApp", "desc", "agentAccount"], [number, '"a,b;c\td\n王"', "anna"]]
    content = mark + end.join(separator.join(row) for row in rows)
    assert run_import(server, tenant, path, content=content).stdout == summary(new=1)
    assert client.customer(number)["desc"] == "a,b;c\td\n王"


def test_an_empty_cell_leaves_alone_and_backslash_n_clears(server, tenant, client, path, number):
    item = {"whatsApp": number, "agentAccount": "anna", "friendName": "A", "desc": "D",
            "tabName": "x,y", "Faction": "red", "Level": "7"}
    client.imported([item])
    header = "whatsApp,friendName,desc,tabName,Faction,Level,agentAccount\n"
    done = run_import(server, tenant, path, content=f"{header}{number},,\\N,\\N,\\N,,\n")
    assert done.stdout == summary(changed=1)
    shown = client.customer(number)
    assert (shown["friendName"], shown["desc"], shown["tabName"]) == ("A", "", "")
    assert (shown["Faction"], shown["Level"], shown["agentAccount"]) == ("", "7", "anna")
    run_import(server, tenant, path, content=f"{header}{number},\\\\N,\\\\\\N,,N\\N,,\n")
    shown = client.customer(number)
    assert [shown[name] for name in ("friendName", "desc", "Faction")] == ["\\N", "\\\\N", "N\\N"]


BAD_CELLS = [
    ("whatsApp", "12"),
    ("whatsApp", ""),
    ("sex", "other"),
    ("birthday", "2020/02/30"),
    ("friendName", "x" * 256),
    ("desc", "x" * 2001),
    ("tabName", "x" * 65),
    ("tabName", ",".join(f"t{i}" for i in range(101))),
    ("Level", "many"),
    ("Plan", "silver"),
    ("Faction", "x" * 1001),
]


@pytest.mark.parametrize("name,text", BAD_CELLS, ids=[f"{n}={t[:12]}" for n, t in BAD_CELLS])
def test_a_row_is_judged_as_an_item_of_the_api_is(server, tenant, client, path, number, name, text):
    item = {"whatsApp": number, "agentAccount": "anna", "friendName": "A", **{name: text}}
    detail = client.batch_import([item]).data["failDetails"][0]
    output = io.StringIO()
    writer = csv.DictWriter(output, list(item))
    writer.writeheader()
    writer.writerow(item)
    done = run_import(server, tenant, path, content=output.getvalue(), status=1)
    assert done.stdout == summary(refused=1)
    (row,) = rows_of(rejects(path))
    assert row == {**item, "line": "2", "reason": row["reason"]}
    assert detail["message"] == f"data[0].{row['reason']}"
    assert client.customers(number) == []


def test_refused_rows_are_mended_and_imported_again(server, tenant, client, path, fresh):
    good, bad, worse = fresh(), fresh(), fresh()
    header = "friendName;whatsApp;sex;agentAccount"
    done = run_import(
        server,
        tenant,
        path,
        content=f"{header}\nA;{good};male;anna\n\n\"two\nlines\";{bad};x;anna\nC;{worse};;nobody\n",
        status=1,
    )
    assert done.stdout == summary(new=1, refused=2)
    assert str(rejects(path)) in done.stderr
    lines = rejects(path).read_text()
    assert lines == (
        f"{header};line;reason\n"
        f'"two\nlines";{bad};x;anna;4;"sex: unknown, male or female expected"\n'
        f'C;{worse};;nobody;6;"agentAccount: {NO_AGENT.replace(chr(34), chr(34) * 2)}"\n'
    )
    again = rejects(path)
    again.write_text(lines.replace(";x;", ";female;"))
    done = run_import(server, tenant, again, status=1)
    assert done.stdout == summary(new=1, refused=1)
    assert client.customer(bad)["friendName"] == "two\nlines"
    # The list of the second time has the columns of the first, not two more.
    assert rejects(again).read_text().startswith(f"{header};line;reason\nC;{worse};;nobody;4;")
    rejects(again).write_text(rejects(again).read_text().replace("nobody", "ben"))
    assert run_import(server, tenant, rejects(again)).stdout == summary(new=1)


def test_the_list_of_refused_rows_goes_when_there_are_none(server, tenant, path, number):
    header = "whatsApp,sex,agentAccount\n"
    run_import(server, tenant, path, content=f"{header}{number},x,anna\n", status=1)
    assert rejects(path).exists()
    run_import(server, tenant, path, content=f"{header}{number},male,anna\n")
    assert not rejects(path).exists()


def test_the_list_of_refused_rows_may_stand_elsewhere(server, tenant, path, tmp_path, number):
    there = tmp_path / "there.csv"
    content = f"whatsApp,sex,agentAccount\n{number},x,anna\n"
    run_import(server, tenant, path, "--rejected", there, content=content, status=1)
    assert rows_of(there)[0]["line"] == "2" and not rejects(path).exists()
    done = run_import(server, tenant, path, "--rejected", tmp_path / "no" / "f", status=1)
    assert "--rejected names another place" in done.stderr


def test_refused_rows_that_cannot_be_written_are_told(server, tenant, path, number):
    content = f"whatsApp,sex,agentAccount\n{number},x,anna\n"
    done = run_import(server, tenant, path, "--rejected", "/dev/full", content=content, status=1)
    assert done.stdout == summary(refused=1)
    assert "/dev/full: not all refused rows could be written" in done.stderr


def test_a_field_named_reason_is_not_mixed_up_with_ours(server, add_tenant, path, number):
    tenant = add_tenant(rate_limit=0)
    server.command("field", "add", "--tenant", tenant.id, "reason")
    content = f"whatsApp,reason,sex,agentAccount\n{number},mine,x,anna\n"
    run_import(server, tenant, path, content=content, status=1)
    again = rejects(path)
    header, row = again.read_text().splitlines()
    assert header == "whatsApp,reason,sex,agentAccount,rejectedLine,rejectedReason"
    again.write_text(f"{header}\n{row.replace(',x,', ',male,')}\n")
    assert run_import(server, tenant, again).stdout == summary(new=1)
    with Client(server, tenant) as client:
        assert client.customer(number)["reason"] == "mine"


def test_rows_with_too_many_or_too_few_cells_are_refused_whole(server, tenant, client, path, fresh):
    one, two, three = fresh(), fresh(), fresh()
    content = f"whatsApp,desc,agentAccount\n{one},a\n{two},a,anna,b,\n{three},a,anna\n"
    done = run_import(server, tenant, path, content=content, status=1)
    assert done.stdout == summary(new=1, refused=2)
    assert client.customers(one, two) == []
    assert rejects(path).read_text().splitlines()[1:] == [
        f"{one},a,,2,2 cells where the header has 3",
        f"{two},a,anna,3,5 cells where the header has 3,b",
    ]


@pytest.mark.parametrize(
    "written,hint",
    [("WhatsApp", "whatsApp"), ("friendname", "friendName"), ("FACTION", "Faction"),
     ("birthdy", "birthday"), ("remark", None)],
)
def test_unknown_columns_are_named_before_anything_is_written(
    server, tenant, client, path, number, written, hint
):
    content = f"whatsApp,{written},shoe size,agentAccount\n{number},x,42,anna\n"
    done = run_import(server, tenant, path, content=content, status=1)
    suffix = f' (did you mean "{hint}"?)' if hint else ""
    assert f'unknown column "{written}"{suffix}\n' in done.stderr
    assert 'unknown column "shoe size"\n' in done.stderr and "nothing was imported" in done.stderr
    assert done.stdout == "" and not rejects(path).exists()
    assert client.customers(number) == []
    done = run_import(server, tenant, path, "--ignore-unknown")
    assert done.stdout == summary(new=1)


@pytest.mark.parametrize(
    "header,said",
    [
        ("friendName,agentAccount", "no column whatsApp"),
        ("whatsApp,friendName", "no column agentAccount: --agent says"),
        ("whatsApp,agentAccount,whatsApp", 'line 1: the column "whatsApp" stands there twice'),
        ("whatsApp,agentAccount,", "a column without a name"),
        ("", "nothing in it, not even a header"),
        ("\n\n", "nothing in it, not even a header"),
    ],
)
def test_a_header_that_will_not_do_is_told(server, tenant, path, header, said):
    content = f"{header}\n1,2,3\n" if header.strip() else header
    assert said in run_import(server, tenant, path, content=content, status=1).stderr


def test_the_agent_is_for_rows_without_one(server, tenant, client, path, fresh):
    one, two = fresh(), fresh()
    content = f"whatsApp,agentAccount\n{one},\n{two},ben\n"
    run_import(server, tenant, path, "--agent", "anna", content=content)
    assert [c["agentAccount"] for c in client.customers(one, two)] == ["anna", "ben"]
    three = fresh()
    run_import(server, tenant, path, "--agent", "ben", content=f"whatsApp\n{three}\n")
    assert client.customer(three)["agentAccount"] == "ben"
    # A row that says none keeps whom there is, as an export of customers without owner needs it.
    four = fresh()
    run_import(server, tenant, path, content=f"whatsApp,agentAccount\n{one},\n{four},\n")
    assert [c["agentAccount"] for c in client.customers(one, four)] == ["anna", ""]


@pytest.mark.parametrize(
    "agent,said", [("nobody", 'has no agent "nobody"'), ("boss", "boss is the tenant's admin")]
)
def test_an_agent_that_the_tenant_does_not_have_is_told(server, tenant, path, number, agent, said):
    content = f"whatsApp\n{number}\n"
    done = run_import(server, tenant, path, "--agent", agent, content=content, status=1)
    assert said in done.stderr and done.stdout == ""


def test_wrong_use_is_told(server, tenant, path, number):
    path.write_text(f"whatsApp\n{number}\n")
    assert server.command("import", path, check=False).returncode == 2
    done = server.command("import", "--tenant", "x", "--agent", "a", path, check=False)
    assert done.returncode != 0 and "--tenant" in done.stderr
    done = server.command("import", "--tenant", "99999", "--agent", "a", path, check=False)
    assert (done.returncode, "there is no tenant 99999" in done.stderr) == (1, True)
    done = server.command("import", "--tenant", "1", path.with_name("no.csv"), check=False)
    assert (done.returncode, "no.csv: No such file" in done.stderr) == (1, True)


# --- what is wrong with a file as a whole

LONG = "x" * (1 << 20)
FAULTS = {
    "UTF-8": (b"{n},caf\xe9,anna\n", "line 5003: not valid UTF-8"),
    "zero": (b"{n},a\0b,anna\n", "line 5003: a zero byte"),
    "long": (f"{{n}},{LONG},anna\n".encode(), "line 5003: longer than 1 MiB"),
    "quote": (b'{n},"a\nb,anna\n', "line 5003: a quote that is not closed"),
    "far quote": (f'{{n}},"{LONG},anna\n'.encode(), "line 5003: a quote that is not closed within"),
    "behind": (b'{n},"a"b,anna\n', "line 5003: text behind a closing quote"),
    "cut": (b"{n},\xe7\x8e", "line 5003: not valid UTF-8"),
}


def faulty(fresh, name):
    """5,001 good rows and a bad one; the first number, and the last that is good."""
    numbers = [fresh() for _ in range(5002)]
    head = "whatsApp,desc,agentAccount\n" + "".join(f"{n},,anna\n" for n in numbers[:-1])
    row = FAULTS[name][0].replace(b"{n}", numbers[-1].encode())
    return head.encode() + row, numbers


@pytest.mark.parametrize("name", FAULTS)
def test_a_file_that_cannot_be_read_to_its_end_changes_nothing(
    server, tenant, client, path, fresh, name
):
    content, numbers = faulty(fresh, name)
    done = run_import(server, tenant, path, content=content, status=1)
    assert f"{path}: {FAULTS[name][1]}" in done.stderr and done.stdout == ""
    assert client.customers(numbers[0], numbers[-1]) == []
    assert not rejects(path).exists()


@pytest.mark.parametrize("name", ["UTF-8", "quote"])
def test_of_standard_input_all_is_imported_that_stands_before_the_fault(
    server, tenant, client, fresh, name, tmp_path
):
    content, numbers = faulty(fresh, name)
    done = subprocess.run(
        [WSCRM, "--data", server.data, "import", "--tenant", tenant.id, "-"],
        input=content, capture_output=True, env=environment(), timeout=PATIENCE_S, cwd=tmp_path,
    )
    assert done.returncode == 1 and done.stdout.decode() == summary(new=5001)
    assert f"stdin: {FAULTS[name][1]}" in done.stderr.decode()
    assert "the lines before 5003 are imported" in done.stderr.decode()
    assert len(client.customers(numbers[0], numbers[-2], numbers[-1])) == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_told(server, tenant, path, encoding):
    content = "whatsApp,agentAccount\n8613800000000,anna\n".encode(encoding)
    done = run_import(server, tenant, path, content=content, status=1)
    assert "UTF-8" in done.stderr and done.stdout == ""


# --- JSON Lines


def json_lines(*items):
    return "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)


def test_json_lines_say_what_an_item_of_the_api_says(server, tenant, client, path, fresh):
    one, two = fresh(), fresh()
    client.imported([{"whatsApp": two, "agentAccount": "ben", "desc": "D", "tabName": "a,b"}])
    content = "\n" + json_lines(
        {"whatsApp": int(one), "agentAccount": "anna", "friendName": "\u0001\n\"", "Level": 12,
         "extensionField": {"Faction": "blue"}},
        {"whatsApp": two, "desc": None, "tabName": "c", "cancelTabName": "a", "friendName": ""},
    )
    done = run_import(server, tenant, path, content=content)
    assert done.stdout == summary(new=1, changed=1)
    first, second = client.customers(one, two)
    assert (first["friendName"], first["Level"], first["Faction"]) == ("\u0001\n\"", "12", "blue")
    assert (second["desc"], second["tabName"], second["agentAccount"]) == ("", "b,c", "ben")


def test_refused_lines_of_json_come_back_as_they_were(server, tenant, client, path, fresh):
    good, bad, odd = fresh(), fresh(), fresh()
    items = [
        {"whatsApp": good, "agentAccount": "anna"},
        {"whatsApp": bad, "agentAccount": "anna", "sex": "x", "desc": "王\n"},
        {"whatsApp": odd, "agentAccount": "anna", "desc": ["a", 1.5, {"b": None}]},
        {"agentAccount": "anna"},
    ]
    done = run_import(server, tenant, path, content=json_lines(*items), status=1)
    assert done.stdout == summary(new=1, refused=3)
    again = rejects(path, "jsonl")
    lines = [json.loads(line) for line in again.read_text().splitlines()]
    assert [line["line"] for line in lines] == [2, 3, 4]
    assert [line["item"] for line in lines] == items[1:]
    assert [line["reason"] for line in lines] == [
        "sex: unknown, male or female expected",
        "desc: text expected",
        "whatsApp: customer whats id is null",
    ]
    again.write_text(again.read_text().replace('"sex": "x"', '"sex": "male"'))
    done = run_import(server, tenant, again, status=1)
    assert done.stdout == summary(new=1, refused=2)
    assert client.customer(bad)["desc"] == "王\n"


def test_unknown_names_anywhere_in_json_lines_are_told_first(server, tenant, client, path, number):
    content = json_lines(
        {"whatsApp": number, "agentAccount": "anna"},
        {"whatsApp": number, "agentAccount": "anna", "friendname": "x"},
        {"whatsApp": number, "agentAccount": "anna", "extensionField": {"desc": "x"}},
    )
    done = run_import(server, tenant, path, content=content, status=1)
    assert 'unknown column "friendname" (did you mean "friendName"?)' in done.stderr
    assert 'unknown column "desc"' in done.stderr
    assert client.customers(number) == []
    done = run_import(server, tenant, path, "--ignore-unknown")
    assert done.stdout == summary(new=1, unchanged=2)


@pytest.mark.parametrize(
    "line,said",
    [
        ('{"whatsApp":', "line 2: "),
        ("[1]", "line 2: object expected"),
        ('{"desc":"a","desc":"b"}', "line 2: duplicate"),
        ('{"desc":"\\u0000"}', "line 2: "),
    ],
)
def test_a_line_that_is_no_object_is_told(server, tenant, client, path, number, line, said):
    content = json_lines({"whatsApp": number, "agentAccount": "anna"}) + line + "\n"
    done = run_import(server, tenant, path, content=content, status=1)
    assert f"{path}: {said}" in done.stderr
    assert client.customers(number) == []


# --- again, warnings, twins


def test_to_import_again_changes_nothing(server, tenant, client, path, fresh):
    numbers = [fresh() for _ in range(3)]
    content = "whatsApp,desc,tabName,agentAccount\n" + "".join(f"{n},x,a,anna\n" for n in numbers)
    assert run_import(server, tenant, path, content=content).stdout == summary(new=3)
    before = client.customers(*numbers)
    assert run_import(server, tenant, path).stdout == summary(unchanged=3)
    assert client.customers(*numbers) == before


def test_lengths_that_are_not_possible_are_warned_of_and_imported(server, tenant, client, path):
    fine, odd = ["86182217331411", "15266667779", "861821371272"], ["1526666777", "9990000000"]
    content = "whatsApp,agentAccount\n" + "".join(f"{number},anna\n" for number in fine)
    assert run_import(server, tenant, path, content=content).stderr == ""
    content += "".join(f"{number},anna\n" for number in odd)
    done = run_import(server, tenant, path, content=content)
    assert done.stdout == summary(new=2, unchanged=3)
    assert "2 numbers have a length that is not possible in their country" in done.stderr
    assert "the first in line 5" in done.stderr
    assert len(client.customers(*fine, *odd)) == 5


def test_two_rows_for_both_forms_of_a_number_are_told_and_no_fault(own_server, path):
    server = own_server(demo=False)
    tenant = server.add_tenant(5)
    content = "whatsApp,agentAccount\n551187654321,anna\n"
    assert run_import(server, tenant, path, content=content).stderr == ""
    server.stop()
    with sqlite3.connect(server.data / "wscrm.db") as db:  # as a version that knew no forms left it
        db.execute("INSERT INTO customer (tenant, number, created_ms, updated_ms)"
                   " VALUES (5, 5511987654321, 1, 1)")
        db.execute("UPDATE tenant SET customers = customers + 1 WHERE id = 5")
    db.close()
    server.start()
    done = server.command("check")
    assert done.stdout == (
        "note: tenant 5: 551187654321 and 5511987654321 are two customers, and one number in two"
        " forms\nok\n"
    )
    done = run_import(server, tenant, path)
    assert "1 pair of customers are one number in two forms" in done.stderr


# --- beside a server, and without one


class Piped:
    """An import that reads from a pipe, so that it lasts as long as a test wants."""

    def __init__(self, server, tenant, *options, stderr=subprocess.PIPE, cwd=None):
        self.process = subprocess.Popen(
            [WSCRM, "--data", server.data, "import", "--tenant", tenant.id, *options, "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, env=environment(),
            cwd=cwd,
        )

    def write(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def end(self):
        out, err = self.process.communicate(timeout=PATIENCE_S)
        err = (err or b"").decode()
        assert not SANITIZER_REPORT.search(err), err
        return self.process.returncode, out.decode(), err


HEADER = "whatsApp,desc,agentAccount\n"


def batch(fresh, count=5000):
    numbers = [fresh() for _ in range(count)]
    return numbers, "".join(f"{number},x,anna\n" for number in numbers)


@pytest.fixture
def piped(server, tenant, tmp_path):
    started = []

    def start(*options, on=server, whose=tenant):
        started.append(Piped(on, whose, *options, cwd=tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.mark.threads
def test_commands_and_clients_go_on_while_an_import_runs(server, tenant, client, piped, fresh):
    imports = [piped() for _ in range(3)]
    numbers = []
    for one in imports:
        one.write(HEADER)
        for _ in range(3):  # the third makes the first one's outcome be asked for
            some, rows = batch(fresh)
            numbers += some
            one.write(rows)
    wait_until("the first rows are there", lambda: client.customers(numbers[0]))
    server.command("agent", "add", "--tenant", tenant.id, f"carl{fresh()}")
    server.command("agent", "list", "--tenant", tenant.id)
    assert client.put_import("anna", [{"whatsApp": fresh()}]).code == 200
    for one in imports:
        assert one.end() == (0, summary(new=15000), "")
    assert len(client.customers(*numbers[::150])) == 300


def test_one_import_too_many_is_told(server, tenant, client, piped, path, fresh):
    imports, numbers = [piped() for _ in range(4)], []
    for one in imports:
        some, rows = batch(fresh)
        one.write(HEADER + rows + f"{fresh()},,anna\n")
        numbers.append(some[-1])
    wait_until("all run", lambda: len(client.customers(*numbers)) == 4)
    done = run_import(server, tenant, path, content=f"{HEADER}{fresh()},,anna\n", status=1)
    assert "running already: try again later" in done.stderr
    server.command("agent", "list", "--tenant", tenant.id)
    for one in imports:
        assert one.end()[:2] == (0, summary(new=5001))
    assert run_import(server, tenant, path).stdout == summary(new=1)


def test_ctrl_c_says_how_far_it_came(server, tenant, client, piped, fresh):
    importing = piped()
    numbers, rows = batch(fresh)
    more, more_rows = batch(fresh, 100)
    importing.write(HEADER + rows + more_rows)
    wait_until("the first batch is there", lambda: client.customers(numbers[-1]))
    importing.process.send_signal(signal.SIGINT)
    status, out, err = importing.end()
    assert (status, out) == (1, summary(new=5000))
    assert "interrupted" in err and "the lines before 5002 are imported" in err
    assert client.customers(more[0]) == []


@pytest.mark.threads
def test_a_server_that_stops_ends_the_import_in_order(own_server, piped, fresh):
    server = own_server(demo=False)
    tenant = server.add_tenant(5, rate_limit=0)
    importing = piped(on=server, whose=tenant)
    numbers, rows = batch(fresh)
    importing.write(HEADER + rows)
    with Client(server, tenant) as client:
        wait_until("the first batch is there", lambda: client.customers(numbers[-1]))
    server.stop()
    importing.write(batch(fresh, 1)[1])
    status, _, err = importing.end()
    assert status == 1
    assert "the server is shutting down" in err
    server.start()


def test_a_killed_server_is_told(own_server, piped, fresh):
    server = own_server(demo=False)
    tenant = server.add_tenant(5, rate_limit=0)
    importing = piped(on=server, whose=tenant)
    numbers, rows = batch(fresh)
    importing.write(HEADER + rows)
    with Client(server, tenant) as client:
        wait_until("the first batch is there", lambda: client.customers(numbers[-1]))
    server.kill()
    status, _, err = importing.end()
    assert status == 1 and "the server broke off" in err
    server.start()
    with Client(server, tenant) as client:
        assert len(client.customers(numbers[0], numbers[-1])) == 2


def test_a_killed_import_leaves_the_server_as_it_was(server, tenant, client, piped, fresh):
    for _ in range(6):
        importing = piped()
        numbers, rows = batch(fresh)
        importing.write(HEADER + rows)
        wait_until("the batch is there", lambda: client.customers(numbers[-1]))
        importing.process.kill()
        importing.process.communicate()
    last = piped()
    last.write(f"{HEADER}{fresh()},,anna\n")
    assert last.end()[:2] == (0, summary(new=1))


def test_without_a_server_the_store_is_opened(tmp_path, path, fresh):
    server = Server(tmp_path / "data", demo=False)
    tenant = server.add_tenant(5, rate_limit=0)
    other = server.add_tenant(6, rate_limit=0)
    numbers, rows = batch(fresh, 12000)
    content = HEADER + rows + f"{fresh()},x,nobody\n"
    done = run_import(server, tenant, path, content=content, status=1)
    assert done.stdout == summary(new=12000, refused=1)
    assert [row["reason"] for row in rows_of(rejects(path))] == [f"agentAccount: {NO_AGENT}"]
    assert server.command("check").stdout == "ok\n"
    try:
        server.start()
        with Client(server, tenant) as client, Client(server, other) as stranger:
            assert len(client.customers(*numbers[::100])) == 120
            assert stranger.customers(*numbers[::100]) == []
        server.stop()
    finally:
        server.end()


def test_without_a_store_there_is_nothing_to_import_into(tmp_path, path, number):
    server = Server(tmp_path / "data", demo=False)
    path.write_text(f"whatsApp\n{number}\n")
    done = server.command("import", "--tenant", "1", "--agent", "a", path, check=False)
    assert (done.returncode, "no store there" in done.stderr) == (1, True)
    assert not rejects(path).exists() and not server.data.exists()


def test_a_terminal_sees_a_bar_that_goes(server, tenant, path, fresh):
    path.write_text(HEADER + batch(fresh, 3000)[1])
    master, slave = pty.openpty()
    done = subprocess.run(
        [WSCRM, "--data", server.data, "import", "--tenant", tenant.id, path],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=slave, env=environment(),
        timeout=PATIENCE_S,
    )
    os.close(slave)
    shown = os.read(master, 65536).decode()
    os.close(master)
    assert done.stdout.decode() == summary(new=3000)
    assert "[" in shown and "%" in shown and shown.endswith("\r\x1b[K")


@pytest.mark.skipif(BUILD != "release", reason="the sanitizers' memory is their own")
def test_memory_does_not_grow_with_the_file(server, tenant, piped, fresh):
    importing = piped()
    importing.write(HEADER)
    sizes = []
    for _ in range(12):
        importing.write(batch(fresh)[1])
        with open(f"/proc/{importing.process.pid}/status") as status:
            sizes += [int(line.split()[1]) for line in status if line.startswith("RssAnon")]
    assert importing.end()[:2] == (0, summary(new=60000))
    assert max(sizes) < 16 << 10
