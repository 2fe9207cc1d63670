"""`wscrm webhook`."""

import base64
import contextlib
import json
import re
import sqlite3

import pytest
from harness import Client

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def server(own_server):
    return own_server("--webhook-allow", "127.0.0.0/8")


@pytest.fixture
def tenant(server):
    return server.add_tenant(9, rate_limit=0, zone="Asia/Shanghai")


def webhook(server, words, check=True, text=None):
    return server.command("webhook", *words.split(), check=check, text=text)


def rows(server, words):
    return [line.split("\t") for line in webhook(server, words).stdout.splitlines()]


def test_a_made_secret_is_printed_once(server, tenant):
    printed = webhook(server, f"set --tenant 9 --type customer {URL}").stdout
    assert re.fullmatch(r"\d+\twhsec_[A-Za-z0-9+/]{43}=\n", printed)
    number = printed.split("\t")[0]
    assert webhook(server, f"set --tenant 9 --type customer {URL}").stdout == number + "\n"
    assert rows(server, "list --tenant 9") == [[number, "customer", URL, "on", "", "0", "0", "0"]]


def test_it_is_switched_off_and_on(server, tenant):
    webhook(server, f"set --tenant 9 --type task --disable {URL}")
    assert rows(server, "list --tenant 9")[0][3] == "off"
    webhook(server, f"set --tenant 9 --type task {URL}")
    assert rows(server, "list --tenant 9")[0][3] == "off"
    webhook(server, f"set --tenant 9 --type task --enable {URL}")
    assert rows(server, "list --tenant 9")[0][3] == "on"


def test_a_secret_comes_from_a_file_or_standard_input_only(server, tenant, tmp_path):
    (tmp_path / "secret").write_text(SECRET + "\n")
    words = f"set --tenant 9 --type task {URL} --secret"
    printed = webhook(server, f"{words} @{tmp_path}/secret").stdout
    assert re.fullmatch(r"\d+\n", printed)
    assert webhook(server, f"{words} -", text=SECRET + "\n").stdout == printed
    done = webhook(server, f"{words} {SECRET}", check=False)
    assert done.returncode == 2 and "@FILE or -" in done.stderr and SECRET not in done.stderr
    done = webhook(server, f"{words} -", text="whsec_short\n", check=False)
    assert done.returncode == 2 and "24 to 64 bytes" in done.stderr


@pytest.mark.parametrize("words, status, said", [
    ("set --tenant 9 --type all http://127.0.0.1/", 2, "--type: customer, account"),
    ("set --tenant 9 --type task ftp://127.0.0.1/", 2, "URL: http:// or https://"),
    ("set --tenant 9 --type task http://10.0.0.1/", 1, "10.0.0.1"),
    ("set --tenant 8 --type task http://127.0.0.1/", 1, "no tenant 8"),
    ("set --tenant 9 --type task --enable --disable http://127.0.0.1/", 2, "one of them"),
    ("set --tenant 9 http://127.0.0.1/", 2, "--type is missing"),
    ("del --tenant 9 77", 1, "no webhook 77"),
    ("del --tenant 9 x", 2, "ID"),
    ("list --tenant 8", 1, "no tenant 8"),
    ("log --tenant 9 --state ready", 2, "--state: pending, done or parked"),
    ("log --tenant 9 --type x", 2, "--type"),
    ("log --tenant 9 --limit 501", 2, "--limit"),
    ("replay --tenant 9", 2, "events, or --id"),
    ("replay --tenant 9 --id 1 evt_1", 2, "events, or --id"),
    ("replay --tenant 9 evt_x", 2, "evt_x"),
    ("replay --tenant 9 --id 1 --from soon", 2, "--from"),
    ("replay --tenant 9 --id 77", 1, "no webhook 77"),
    ("replay --tenant 8 evt_1", 1, "no tenant 8"),
    ("test --tenant 9 77", 1, "code -1"),
])
def test_faults_name_their_place(server, tenant, words, status, said):
    done = webhook(server, words, check=False)
    assert done.returncode == status and said in done.stderr, (done.returncode, done.stderr)


def test_log_and_replay(server, tenant):
    number = webhook(server, f"set --tenant 9 --type customer {URL}").stdout.split("\t")[0]
    with Client(server, tenant) as client:
        for stage in "ab":
            client.batch_import([{"whatsApp": "8613812345678", "agentAccount": "anna",
                                  "stage": stage}])
    server.stop()
    with contextlib.closing(sqlite3.connect(server.data / "wscrm.db")) as db, db:
        db.execute("UPDATE delivery SET state = 3, tries = 7, http_status = 500, error = 'HTTP\t500'")
    # All of it goes without a server too.
    shown = rows(server, "log --tenant 9 --state parked")
    assert [row[1:3] + row[4:] for row in shown] == [
        [number, "customer", "parked", "7", "500", "HTTP 500"]] * 2
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", shown[0][3])
    assert rows(server, "log --tenant 9 --limit 1") == shown[:1]
    assert webhook(server, f"replay --tenant 9 {shown[0][0]}").stdout == "1\n"
    assert webhook(server, "replay --tenant 9 -", text=f"{shown[0][0]}\n\n{shown[1][0]}\n").stdout == "1\n"
    assert webhook(server, f"replay --tenant 9 --id {number} --from 2000-01-01").stdout == "0\n"
    assert rows(server, "log --tenant 9 --state parked") == []
    assert rows(server, "list --tenant 9")[0][5:] == ["2", "1", "0"]
    webhook(server, f"del --tenant 9 {number}")
    assert rows(server, "list --tenant 9") == rows(server, "log --tenant 9") == []
    server.start()


def test_the_servers_networks_hold_for_a_command_that_runs_in_it(own_server):
    server = own_server()
    server.add_tenant(9)
    done = webhook(server, f"set --tenant 9 --type task {URL}", check=False)
    assert done.returncode == 1 and "--webhook-allow" in done.stderr


def test_a_test_without_a_server_says_so(server, tenant):
    number = webhook(server, f"set --tenant 9 --type task {URL}").stdout.split("\t")[0]
    server.stop()
    done = webhook(server, f"test --tenant 9 {number}", check=False)
    assert done.returncode == 1 and "no server is running" in done.stderr
    server.start()


def test_a_test_prints_the_servers_answer(server, tenant):
    number = webhook(server, f"set --tenant 9 --type task {URL}").stdout.split("\t")[0]
    done = webhook(server, f"test --tenant 9 {number}", check=False)
    assert set(json.loads(done.stdout)) == {"code", "message", "data"}
