"""The commands: the same with a server as without one, in force at once, and clear about wrong use."""

import contextlib
import fcntl
import json
import os
import pty
import re
import socket
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest
from harness import (
    PATIENCE_S,
    QUERY,
    ROOT,
    WSCRM,
    Client,
    Server,
    Tenant,
    environment,
    now_ms,
    wait_until,
)

ACCOUNT = ("--transport", "sandbox")


@pytest.fixture
def store(tmp_path):
    """A store that no server runs on."""
    return Server(tmp_path / "store", demo=False)


@pytest.fixture(scope="module")
def paths():
    rows = re.findall(r'^COMMAND\("([^"]+)"', (ROOT / "src/main/commands.def").read_text(), re.M)
    assert len(rows) > 15
    return rows


def rows_of(done):
    return [line.split("\t") for line in done.stdout.splitlines()]


def control(server):
    """A connection to the control socket; by a descriptor, for its path may be too long."""
    client, directory = socket.socket(socket.AF_UNIX), os.open(server.data, os.O_PATH)
    client.settimeout(PATIENCE_S)
    client.connect(f"/proc/self/fd/{directory}/control")
    os.close(directory)
    return client


def accepts(client):
    """The code of a call that any tenant may make."""
    return client.call(QUERY, [{"whatsApp": "8613800000000"}]).code


# --- help and version


def test_every_command_and_group_has_help(server, paths):
    options = (ROOT / "src/main/options.def").read_text()
    for path in paths:
        done = server.command(*path.split(), "--help")
        assert done.stderr == ""
        assert done.stdout.startswith(f"usage: wscrm {path}")
        assert "--data DIR" in done.stdout
        assert server.command("help", *path.split()).stdout == done.stdout
        for kind, name in re.findall(rf'^(OPTION|ARGUMENT)\(\s*"{path}",\s*"([^"]+)"', options, re.M):
            assert re.search(rf"^  {'--' * (kind == 'OPTION')}{re.escape(name)}( |$)",
                             done.stdout, re.M), (path, name)
    for group in {path.split()[0] for path in paths if " " in path}:
        done = server.command(group, "--help")
        assert (done.stderr, done.stdout) == ("", server.command("help", group).stdout)
        for path in paths:
            assert (f"  {path} " in done.stdout) == path.startswith(group + " ")
    everything = server.command("--help").stdout
    assert all(f"  {path} " in everything for path in paths)
    assert everything == server.command("-h").stdout == server.command("help").stdout


def test_help_needs_neither_store_nor_configuration(tmp_path):
    nothing = Server(tmp_path / "nothing")
    asked = ("--config", tmp_path / "missing", "tenant", "add", "--help")
    assert nothing.command(*asked).stdout.startswith("usage: wscrm tenant add ID --admin NAME")
    assert nothing.command("--config", tmp_path / "missing", "version").returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_one_line(server):
    done = server.command("version")
    assert re.fullmatch(r"wscrm \d+\.\d+\.\d+\S*\n", done.stdout) and done.stderr == ""
    assert subprocess.check_output([WSCRM, "--version"], text=True) == done.stdout


# --- wrong use: exit status 2, nothing on stdout, the fault named on stderr


@pytest.mark.parametrize(
    "line, told",
    [
        ("", "usage: wscrm COMMAND"),
        ("tenant", "usage: wscrm tenant COMMAND"),
        ("tenat list", 'unknown command "tenat" (did you mean "tenant"?)'),
        ("tenant lst", 'unknown command "tenant lst" (did you mean "tenant list"?)'),
        ("frobnicate", 'unknown command "frobnicate"\n'),
        ("help tenant lst", 'unknown command "tenant lst" (did you mean "tenant list"?)'),
        ("help srve", 'unknown command "srve" (did you mean "serve"?)'),
        ("--dta x version", "unknown option --dta in front of the command (did you mean --data?)"),
        ("--listen x serve", "--listen: it belongs behind `serve`"),
        ("--config", "--config: a value is missing"),
        ("version x", "one argument too many: x"),
        ("version -x", "unknown option -x"),
        ("tenant list --dta x", "unknown option --dta (did you mean --data?)"),
        ("tenant add 9", "--admin is missing"),
        ("tenant add --admin a", "ID is missing"),
        ("tenant add 9 --admin", "a value is missing behind --admin"),
        ("tenant add 9 --admin --name x", "a value is missing between this option and the next: "
                                          "--admin"),
        ("tenant add 9 --admin a --admin b", "given twice: --admin"),
        ("tenant add x --admin a", "ID: a number from 1 to"),
        ("tenant add 0 --admin a", "ID: a number from 1 to"),
        ("tenant add 9 --admin a,b", "--admin: 1 to 255 characters without commas"),
        ("tenant add 9 --admin=", "--admin: 1 to 255 characters"),
        ("tenant add 9 --admin a --edition pro", "--edition: professional or standard"),
        ("tenant add 9 --admin a --time-zone Mars/Base", '--time-zone: no time zone of the name "Mars'),
        ("tenant add 9 --admin a --time-zone ../zoneinfo/UTC", "--time-zone: no time zone"),
        ("tenant add 9 --admin a --rate-limit 10001", "--rate-limit: a number from 0 to 10000"),
        ("tenant add 9 --admin a --token-window -1", "--token-window: a number from 0 to"),
        ("tenant add 9 --admin a --api-key=", "--api-key: 1 to 128 letters"),
        ("tenant show", "ID is missing"),
        ("tenant show nine", "ID: a number"),
        ("tenant set 1", "nothing to set"),
        ("tenant set 1 --rate-limit many", "--rate-limit: a number"),
        ("tenant set 1 --name=", "--name: 1 to 255 characters"),
        ("tenant set 1 --opt-out-words STOP,,END", "--opt-out-words: at most 20 words of at most 64"),
        ("tenant rotate-key", "ID is missing"),
        ("tenant remove -5", "unknown option -5"),
        ("agent add --tenant 1", "USERNAME is missing"),
        ("agent add bob", "--tenant is missing"),
        ("agent add --tenant x bob", "--tenant: a number"),
        ("agent add --tenant 1 a,b", "USERNAME: 1 to 255 characters without commas"),
        ("agent add --tenant 1 bob --nickname \x1b[2J", "--nickname: at most 255 characters"),
        ("agent add --tenant 1 bob --password-stdin=x", "takes no value: --password-stdin"),
        ("agent list", "--tenant is missing"),
        ("agent remove --tenant 1", "USERNAME is missing"),
        ("account add --tenant 1 12 --agent lsl001 --transport sandbox", "NUMBER: 7 to 15 digits"),
        ("account add --tenant 1 8613811112222 --agent lsl001", "--transport is missing"),
        ("account add --tenant 1 8613811112222 --transport sandbox", "--agent is missing"),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport pigeon",
         '--transport: sandbox expected, not "pigeon"'),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport sandbox --platform tv",
         "--platform: pc, mobile or cloud"),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport sandbox --set speeed=1",
         '--set: unknown setting "speeed" (did you mean speed?)'),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport sandbox --set token=1",
         '--set: unknown setting "token"'),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport sandbox --set speed",
         '--set: KEY=VALUE expected, not "speed"'),
        ("account add --tenant 1 8613811112222 --agent lsl001 --transport sandbox --set speed=fast",
         "--set: speed: a number from 0 to 1000"),
        ("account remove --tenant 1 x", "NUMBER: 7 to 15 digits"),
        ("field add --tenant 1", "NAME is missing"),
        ("field add --tenant 1 friendName", "NAME: 1 to 255 characters expected, and no name that"),
        ("field add --tenant 1 Kind --type colour", "--type: text, number, date or option"),
        ("field add --tenant 1 Kind --type option", "--type option: it needs at least one --option"),
        ("field add --tenant 1 Kind --option a", "--option: only for --type option"),
        ("field add --tenant 1 Kind --type option --option a --option a", "each option once"),
        ("check x", "one argument too many: x"),
    ],
)
def test_wrong_use_is_named(server, line, told):
    done = server.command(*line.split(" ") if line else (), check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


@pytest.mark.parametrize("transport", ["cloud", "waha", "evolution"])
def test_a_transport_of_another_version_is_told_from_a_mistake(server, transport):
    done = server.command("account", "add", "--tenant", 1, "8613811112222", "--agent", "lsl001",
                          "--transport", transport, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"wscrm: --transport: {transport} is not in this version; sandbox is\n"


@pytest.mark.parametrize(
    "line, told",
    [
        ("tenant add 1 --admin a", "tenant 1 is there already"),
        ("tenant show 99", "there is no tenant 99"),
        ("tenant set 99 --rate-limit 1", "there is no tenant 99"),
        ("tenant rotate-key 99", "there is no tenant 99"),
        ("tenant remove 99", "there is no tenant 99"),
        ("agent add --tenant 99 bob", "there is no tenant 99"),
        ("agent add --tenant 1 lsl001", 'the tenant has a user "lsl001" already'),
        ("agent add --tenant 1 WhatsApp", 'the tenant has a user "WhatsApp" already'),
        ("agent list --tenant 99", "there is no tenant 99"),
        ("agent remove --tenant 1 nobody", 'tenant 1 has no agent "nobody"'),
        ("account add --tenant 1 8613811112222 --agent nobody --transport sandbox",
         'tenant 1 has no agent "nobody"'),
        ("account add --tenant 1 +86-182-1733-1411 --agent lsl001 --transport sandbox",
         "8618217331411 is an account already, of this tenant or another"),
        ("account remove --tenant 1 8613811112222", "tenant 1 has no account 8613811112222"),
        ("account list --tenant 99", "there is no tenant 99"),
        ("field add --tenant 99 Faction", "there is no tenant 99"),
        ("field remove --tenant 1 Faction", 'tenant 1 has no field "Faction"'),
        ("field list --tenant 99", "there is no tenant 99"),
    ],
)
def test_what_cannot_be_done_fails_and_says_why(server, line, told):
    done = server.command(*line.split(" "), check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", f"wscrm: {told}\n")


def test_without_a_store_there_is_nothing_to_do_and_nothing_is_made(tmp_path):
    nothing = Server(tmp_path / "nothing")
    for line in ("tenant list", "tenant set 1 --rate-limit 1", "agent add --tenant 1 bob", "check",
                 "call --tenant 1 /x"):
        done = nothing.command(*line.split(), check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (f"wscrm: {nothing.data}: no store there "
                               "(`wscrm serve` or `wscrm tenant add` makes one)\n")
    assert list(tmp_path.iterdir()) == []


def test_closed_standard_streams_are_no_files_of_the_store(store):
    store.add_tenant(5)
    for line in ("tenant set 5 --rate-limit x", "tenant set 99 --rate-limit 1", "tenant list"):
        subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", WSCRM, "--data", store.data,
                        *line.split()], env=environment(), timeout=PATIENCE_S)
    assert store.command("check").stdout == "ok\n"
    assert (store.data / "wscrm.lock").read_bytes() == b""


def test_output_that_did_not_arrive_is_a_failure(server):
    with open("/dev/full", "w") as full:
        done = subprocess.run([WSCRM, "--data", server.data, "tenant", "list"], stdout=full,
                              stderr=subprocess.PIPE, text=True, env=environment())
    assert done.returncode == 1
    assert done.stderr == "wscrm: standard output: No space left on device\n"


# --- what they do, with a server and without one

SCRIPT = [
    "tenant add 7 --admin boss --name Seven --time-zone Asia/Shanghai --rate-limit 0",
    "tenant add 8 --admin chief --edition standard --token-window 9 --api-key @KEY",
    "tenant set 7 --rate-limit 20 --token-window 0 --edition standard --name Sieben",
    "tenant set 8 --edition professional --time-zone Europe/Berlin",
    "agent add --tenant 7 anna",
    "agent add --tenant 7 bert --nickname Bérт",
    "agent add --tenant 7 carl --password-stdin",
    "agent add --tenant 7 -- --dora",
    "agent add --tenant 7 anna",
    "agent remove --tenant 7 carl",
    "agent set --tenant 7 --nickname Ännchen anna",
    "agent list --tenant 7",
    "account add --tenant 7 8613811110001 --agent anna --transport sandbox --platform mobile",
    "account add --tenant 7 8613811110002 --agent bert --transport sandbox --set speed=0 "
    "--set quiet_hours=22:00-08:00 --set in_flight=4",
    "account add --tenant 7 8613811110003 --agent anna --transport sandbox",
    "account add --tenant 8 8613811110001 --agent anna --transport sandbox",
    "account remove --tenant 7 8613811110003",
    "account set --tenant 7 8613811110002 --name Sales --set in_flight= --set seed=1",
    "account list --tenant 7",
    "field add --tenant 7 Faction",
    "field add --tenant 7 Level --type number",
    'field add --tenant 7 Kind --type option --option a"b --option ü',
    "field add --tenant 7 Kind",
    "field remove --tenant 7 Level",
    "field list --tenant 7",
    "optout set --tenant 7 8613811110009 +86(138)11110008",
    "optout clear --tenant 7 8613811110008",
    "group save --tenant 7 vip 8613811110009 525511110001 5215511110001",
    "group save --tenant 7 gone 8613811110009",
    "group remove --tenant 7 gone",
    "group list --tenant 7",
    "group show --tenant 7 vip",
    "tenant add 9 --admin gone",
    "tenant remove 9",
    "tenant set 9 --rate-limit 1",
    "tenant show 7",
    "tenant list",
    "check",
]


def outcomes(store, key_file):
    done = [store.command(*line.replace("KEY", str(key_file)).split(), check=False, text="pässword\n")
            for line in SCRIPT]
    keys = [done[i] for i, line in enumerate(SCRIPT) if line.startswith("tenant add")]
    assert all(re.fullmatch(r"[A-Za-z0-9]{20}\n|chosen-by-us\n", made.stdout) for made in keys)
    return [(made.returncode, "" if made in keys else made.stdout, made.stderr) for made in done]


@pytest.mark.threads
def test_commands_do_the_same_with_a_server_and_without_one(own_server, store, tmp_path):
    key_file = tmp_path / "key"
    key_file.write_text("chosen-by-us\n")
    server = own_server(demo=False)
    with_server = outcomes(server, key_file)
    assert with_server == outcomes(store, key_file)
    by_line = dict(zip(SCRIPT, with_server))
    failed = [line for line, (status, _, _) in by_line.items() if status != 0]
    assert failed == ["agent add --tenant 7 anna",
                      "account add --tenant 8 8613811110001 --agent anna --transport sandbox",
                      "field add --tenant 7 Kind",
                      "tenant set 9 --rate-limit 1"]
    assert by_line["tenant list"][1] == (
        "7\tSieben\tboss\tstandard\tAsia/Shanghai\t20\t0\n"
        "8\t\tchief\tprofessional\tEurope/Berlin\t50\t9\n"
    )
    assert [line.split("\t")[1:] for line in by_line["agent list --tenant 7"][1].splitlines()] == [
        ["anna", "Ännchen"], ["bert", "Bérт"], ["--dora", ""]]
    assert by_line["account list --tenant 7"][1] == (
        "8613811110001\t\tanna\tsandbox\tmobile\t{}\n"
        "8613811110002\tSales\tbert\tsandbox\tpc\t"
        '{"speed":"0","quiet_hours":"22:00-08:00","seed":"1"}\n'
    )
    assert by_line["field list --tenant 7"][1] == (
        'Faction\ttext\t\nKind\toption\t["a\\"b","ü"]\n'
    )
    assert by_line["group list --tenant 7"][1] == "vip\t2\n"
    assert by_line["group show --tenant 7 vip"][1] == "525511110001\n8613811110009\n"
    assert by_line["check"][1] == "ok\n"
    # The next start knows all of it, and serves it.
    server.stop()
    for stopped in (server, store):
        stopped.start()
        try:
            with Client(stopped, Tenant(8, "chosen-by-us", "chief")) as client:
                assert accepts(client) == 200
            assert stopped.command("tenant", "list").stdout == by_line["tenant list"][1]
            stopped.stop()
        finally:
            stopped.end()


def test_commands_at_the_same_time_wait_for_each_other(store):
    store.add_tenant(7, agents=())
    names = [f"agent{i}" for i in range(6)]
    adding = [threading.Thread(target=store.command, args=("agent", "add", "--tenant", 7, name))
              for name in names]
    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()
    listed = [row[1] for row in rows_of(store.command("agent", "list", "--tenant", 7))]
    assert sorted(listed) == names


def test_after_a_killed_server_commands_work(own_server):
    server = own_server()
    server.kill()
    assert (server.data / "control").exists()
    server.command("agent", "add", "--tenant", 1, "late")
    assert "late" in server.command("agent", "list", "--tenant", 1).stdout
    assert server.command("check").stdout == "ok\n"


def test_lists_are_aligned_under_headers_on_a_terminal(server):
    reading, writing = pty.openpty()
    try:
        subprocess.run([WSCRM, "--data", server.data, "agent", "list", "--tenant", "1"],
                       stdout=writing, env=environment(), check=True, timeout=PATIENCE_S)
        lines = os.read(reading, 4096).decode().splitlines()
    finally:
        os.close(reading)
        os.close(writing)
    assert lines[0].split() == ["ID", "USER", "NAME", "NICKNAME"]
    columns = [line.index(word) for line, word in zip(lines, ("USER NAME", "kubrick101", "lsl001"))]
    assert len(set(columns)) == 1 and "\t" not in "".join(lines)


# --- in force at once


def shown_tenant(server, tenant):
    """What `tenant show` says, by key."""
    lines = server.command("tenant", "show", tenant.id).stdout.splitlines()
    return dict(line.split("\t") for line in lines)


def test_a_rate_limit_is_in_force_at_once(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        assert {accepts(client) for _ in range(5)} == {200}
        server.command("tenant", "set", tenant.id, "--rate-limit", 1)
        # Four calls take less than two seconds, so at least one of them is one too many.
        began = time.monotonic()
        codes = {accepts(client) for _ in range(4)}
        assert 429 in codes or time.monotonic() - began > 2
        server.command("tenant", "set", tenant.id, "--rate-limit", 0)
        assert {accepts(client) for _ in range(5)} == {200}


def test_a_token_window_is_in_force_at_once(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        def code_of_an_hour_ago():
            return client.call(QUERY, [{"whatsApp": "8613800000000"}],
                               headers=tenant.headers(now_ms() - 3_600_000)).code

        assert code_of_an_hour_ago() == 502
        server.command("tenant", "set", tenant.id, "--token-window", 4000)
        assert code_of_an_hour_ago() == 200
        server.command("tenant", "set", tenant.id, "--token-window", 10)
        assert code_of_an_hour_ago() == 502
        server.command("tenant", "set", tenant.id, "--token-window", 0)
        assert code_of_an_hour_ago() == 200


def test_a_time_zone_is_in_force_at_once(server, add_tenant):
    tenant = add_tenant(rate_limit=0, zone="Asia/Shanghai")
    with Client(server, tenant) as client:
        def code(zone):
            return client.call_body(QUERY, "boss", {"data": [{"whatsApp": "8613800000000"}]},
                                    create_time=tenant.local_time(zone=zone)).code

        assert (code("Asia/Shanghai"), code("America/New_York")) == (200, 502)
        server.command("tenant", "set", tenant.id, "--time-zone", "America/New_York")
        assert (code("Asia/Shanghai"), code("America/New_York")) == (502, 200)


def test_opt_out_words_and_their_reply_are_kept(server, add_tenant):
    tenant = add_tenant()
    assert shown_tenant(server, tenant)["opt-out-words"] == "STOP"
    server.command("tenant", "set", tenant.id, "--opt-out-words", "STOP, 退订",
                   "--opt-out-reply", "Bye")
    shown = shown_tenant(server, tenant)
    assert (shown["opt-out-words"], shown["opt-out-reply"]) == ("STOP, 退订", "Bye")
    server.command("tenant", "set", tenant.id, "--opt-out-words=")
    shown = shown_tenant(server, tenant)
    assert (shown["opt-out-words"], shown["opt-out-reply"]) == ("", "Bye")


def test_a_rotated_key_voids_the_old_one_at_once(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    with Client(server, tenant) as client:
        assert accepts(client) == 200
        fresh = server.command("tenant", "rotate-key", tenant.id).stdout.strip()
        assert re.fullmatch(r"[A-Za-z0-9]{20}", fresh) and fresh != tenant.key
        assert accepts(client) == 522
        tenant.key = fresh
        assert accepts(client) == 200


@pytest.mark.threads
def test_an_agent_can_be_imported_to_at_once_and_no_more_when_removed(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0, agents=())
    item = {"whatsApp": number, "friendName": "lee"}
    with Client(server, tenant) as client:
        assert client.put_import("eve", [item]).code == 531
        server.command("agent", "add", "--tenant", tenant.id, "eve")
        assert client.put_import("eve", [item]).code == 200
        assert client.customer(number)["agentAccount"] == "eve"
        server.command("agent", "remove", "--tenant", tenant.id, "eve")
        assert client.put_import("eve", [item]).code == 531
        assert client.customer(number)["agentAccount"] in ("", None)


def test_a_field_can_be_imported_at_once_and_no_more_when_removed(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    item = {"whatsApp": number, "agentAccount": "anna", "Faction": "blue"}
    with Client(server, tenant) as client:
        assert not client.batch_import([item]).data["isAllOk"]
        server.command("field", "add", "--tenant", tenant.id, "Faction", "--type", "option",
                       "--option", "blue")
        client.imported([item])
        assert "blue" in str(client.customer(number))
        assert not client.batch_import([{**item, "Faction": "red"}]).data["isAllOk"]
        server.command("field", "remove", "--tenant", tenant.id, "Faction")
        assert "blue" not in str(client.customer(number))
        assert not client.batch_import([item]).data["isAllOk"]


def test_a_removed_tenant_is_gone_at_once_with_all_of_its_data(server, add_tenant, number):
    tenant = add_tenant(rate_limit=0)
    server.command("account", "add", "--tenant", tenant.id, number, "--agent", "anna", *ACCOUNT)
    with Client(server, tenant) as client:
        client.imported([{"whatsApp": number, "agentAccount": "anna"}])
        server.command("tenant", "remove", tenant.id)
        assert accepts(client) == 501
    assert tenant.id not in [row[0] for row in rows_of(server.command("tenant", "list"))]
    # A tenant that gets the same id starts with nothing.
    again = server.add_tenant(tenant.id, rate_limit=0, agents=("anna",))
    with Client(server, again) as client:
        assert client.customers(number) == []
    assert server.command("account", "list", "--tenant", again.id).stdout == ""
    server.command("account", "add", "--tenant", again.id, number, "--agent", "anna", *ACCOUNT)


def test_a_number_is_an_account_of_one_tenant_of_the_store(server, add_tenant, number):
    one, other = add_tenant(), add_tenant()
    server.command("account", "add", "--tenant", one.id, number, "--agent", "anna", *ACCOUNT)
    for tenant in (one, other):
        done = server.command("account", "add", "--tenant", tenant.id, number, "--agent", "anna",
                              *ACCOUNT, check=False)
        assert done.returncode == 1
        assert done.stderr == f"wscrm: {number} is an account already, of this tenant or another\n"
    done = server.command("account", "remove", "--tenant", other.id, number, check=False)
    assert done.returncode == 1
    server.command("account", "remove", "--tenant", one.id, number)
    server.command("account", "add", "--tenant", other.id, number, "--agent", "ben", *ACCOUNT)
    assert rows_of(server.command("account", "list", "--tenant", other.id)) == [
        [number, "", "ben", "sandbox", "pc", "{}"]]


@pytest.mark.parametrize("request_", [b"", b"hello", b"{}", b'{"argv":[7]}', b'{"argv":["check"]}',
                                      b'{"argv":["tenant","list"]}', b'{"argv":["serve"]}'])
def test_the_control_socket_runs_nothing_but_commands_that_write(server, request_):
    with control(server) as client, client.makefile("rb") as stream:
        client.sendall(struct.pack(">I", len(request_)) + request_)
        assert stream.read(4) == b"\0\0\0\0"  # it begins
        reply = json.loads(stream.read(*struct.unpack(">I", stream.read(4))))
    assert (reply["status"], reply["out"]) == (1, "")
    assert server.command("tenant", "set", 1, "--name", "Demo").returncode == 0


def test_half_a_command_on_the_control_socket_is_none(server):
    for broken in (b"", b"\0\0", b"\0\0\1\0{", b"\xff\xff\xff\xff"):
        with control(server) as client:
            client.sendall(broken)
    assert server.command("tenant", "set", 1, "--name", "Demo").returncode == 0


@pytest.mark.parametrize(
    "reply, told",
    [(b"", "the server did not take the command: "),
     (b"\0\0\0\0", "the server broke off while it ran the command; whether it took effect is unknown"),
     (b"\0\0\0\0\0\0\0\2{}", "the server broke off while it ran the command; whether it took effect")],
)
def test_a_server_that_breaks_off_is_told_once_and_not_asked_again(store, reply, told):
    store.add_tenant(5)
    directory = os.open(store.data, os.O_PATH)
    with open(store.data / "wscrm.lock", "r+") as lock, socket.socket(socket.AF_UNIX) as fake:
        whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, whole_file)
        fake.bind(f"/proc/self/fd/{directory}/control")
        os.close(directory)
        fake.listen()
        asked = []

        def answer():
            client, _ = fake.accept()
            with client, client.makefile("rb") as stream:
                asked.append(stream.read(*struct.unpack(">I", stream.read(4))))
                client.sendall(reply)

        server = threading.Thread(target=answer)
        server.start()
        done = store.command("agent", "add", "--tenant", 5, "x", check=False)
        server.join()
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith(f"wscrm: {told}")
    assert len(asked) == 1 and b'"agent","add"' in asked[0]


# --- secrets


def test_a_literal_key_is_taken_with_a_warning_that_does_not_repeat_it(server, add_tenant):
    tenant = add_tenant(rate_limit=0)
    done = server.command("tenant", "rotate-key", tenant.id, "--api-key", "for-trying-0ut")
    assert done.stdout == "for-trying-0ut\n"
    assert done.stderr.startswith("wscrm: warning: --api-key: a secret on the command line")
    assert "for-trying-0ut" not in done.stderr
    tenant.key = "for-trying-0ut"
    with Client(server, tenant) as client:
        assert accepts(client) == 200


def test_a_key_from_a_file_or_standard_input_stands_in_no_process_list(server, add_tenant, tmp_path):
    tenant = add_tenant(rate_limit=0)
    (tmp_path / "key").write_text("k3y-in-a-file\r\n")
    rotate = ["tenant", "rotate-key", tenant.id, "--api-key"]
    done = server.command(*rotate, f"@{tmp_path / 'key'}")
    assert (done.stdout, done.stderr) == ("k3y-in-a-file\n", "")
    with subprocess.Popen([WSCRM, "--data", server.data, *rotate, "-"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment()) as running:
        words = wait_until("its words", Path(f"/proc/{running.pid}/cmdline").read_bytes)
        out, err = running.communicate("k3y-on-stdin\n", timeout=PATIENCE_S)
    assert b"rotate-key" in words and b"k3y" not in words, words
    assert (running.returncode, out, err) == (0, "k3y-on-stdin\n", "")
    tenant.key = "k3y-on-stdin"
    with Client(server, tenant) as client:
        assert accepts(client) == 200
    # The server's own words are those that it was started with.
    assert b"k3y" not in Path(f"/proc/{server.pid}/cmdline").read_bytes()


def test_a_secret_is_the_first_line_so_that_it_can_be_typed(server):
    with subprocess.Popen([WSCRM, "--data", server.data, "agent", "add", "--tenant", "1", "typist",
                           "--password-stdin"], stdin=subprocess.PIPE, env=environment()) as running:
        running.stdin.write(b"pa55word\n")
        running.stdin.flush()  # and no end of it
        assert running.wait(PATIENCE_S) == 0


@pytest.mark.parametrize("given, told", [("@{}/missing", "missing: No such file or directory"),
                                         ("@{}/empty", "empty: nothing to read there"),
                                         ("@{}/zero", "zero: a zero byte is in it"),
                                         ("@{}/long", "long: too large"),
                                         ("-", "standard input: nothing to read there")])
def test_a_secret_that_cannot_be_read_is_named(store, tmp_path, given, told):
    for name, text in (("empty", b"\n"), ("zero", b"a\0b"), ("long", b"x" * 5000)):
        (tmp_path / name).write_bytes(text)
    done = store.command("tenant", "add", 5, "--admin", "a", "--api-key", given.format(tmp_path),
                         check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(told + "\n")
    assert not store.data.exists()


def test_secrets_stand_in_no_list_no_log_and_not_in_the_store(own_server):
    server = own_server(demo=False)
    tenant = server.add_tenant(5, rate_limit=0)
    fresh = server.command("tenant", "rotate-key", 5).stdout.strip()
    server.command("agent", "add", "--tenant", 5, "carl", "--password-stdin", text="pa55word\n")
    tenant.key = fresh
    with Client(server, tenant) as client:
        assert accepts(client) == 200
        client.call_body(QUERY, "boss", {"data": [{"whatsApp": "8613800000000"}]})
    server.command("call", "--tenant", 5, QUERY, '[{"whatsApp":"8613800000000"}]')
    shown = "".join(server.command(*line.split()).stdout for line in
                    ("tenant list", "tenant show 5", "agent list --tenant 5"))
    server.stop()
    kept = b"".join(path.read_bytes() for path in server.data.iterdir()
                    if path.name != "wscrm.key")
    for secret in (fresh, tenant.key, "pa55word"):
        assert secret not in shown
        assert secret not in server.stderr()
        assert secret.encode() not in kept


# --- check


def test_a_good_store_is_ok_with_a_server_and_without(own_server):
    server = own_server()
    assert server.command("check").stdout == "ok\n"
    server.stop()
    done = server.command("check")
    assert (done.stdout, done.stderr) == ("ok\n", "")


def customer_of_nobody(db):
    db.execute("UPDATE customer SET tenant = 77")


def bad_tags(db):
    db.execute("UPDATE customer SET tags = '[1,x]'")


def bad_extended(db):
    db.execute("""UPDATE customer SET extended = '{"1":'""")


def missing_label(db):
    db.execute("DELETE FROM label")


def agent_of_nobody(db):
    db.execute("INSERT INTO agent (tenant, user_name, nickname, created_ms) VALUES (77, 'x', '', 0)")


def bad_key(db):
    db.execute("UPDATE tenant SET api_key = x'00'")


def uncounted_opt_out(db):
    db.execute("INSERT INTO opt_out (tenant, number, since_ms, reason) VALUES (1, 15266667779, 0, '')")


def uncounted_member(db):
    db.execute("INSERT INTO customer_group (id, tenant, name, size, created_ms) VALUES (7, 1, 'a', 2, 0)")
    db.execute("INSERT INTO group_member (customer_group, number) VALUES (7, 15266667779)")


def member_of_nothing(db):
    db.execute("INSERT INTO group_member (customer_group, number) VALUES (7, 15266667779)")


@pytest.mark.parametrize("harm", [
    customer_of_nobody, bad_tags, bad_extended, missing_label, agent_of_nobody, bad_key,
    uncounted_opt_out, uncounted_member, member_of_nothing,
])
def test_a_harmed_row_is_reported_and_left_alone(harmed_store, harm):
    store = harmed_store
    with contextlib.closing(sqlite3.connect(store.data / "wscrm.db")) as db:
        harm(db)
        db.commit()
    assert_reported(store)


def test_flipped_bytes_are_reported_and_left_alone(harmed_store):
    store = harmed_store
    path = store.data / "wscrm.db"
    whole = bytearray(path.read_bytes())
    at = whole.index(b"kubrick101") - 12
    whole[at : at + 10] = bytes(byte ^ 0xFF for byte in whole[at : at + 10])
    path.write_bytes(whole)
    assert_reported(store)


def test_a_file_that_is_no_database_is_reported_and_left_alone(harmed_store):
    (harmed_store.data / "wscrm.db").write_bytes(b"no database at all" * 1000)
    assert_reported(harmed_store)


def assert_reported(store):
    path = store.data / "wscrm.db"
    before = path.read_bytes()
    done = store.command("check", check=False)
    assert done.returncode == 1
    assert "ok" not in done.stdout.splitlines()
    assert done.stderr.startswith("wscrm: ")
    assert path.read_bytes() == before


@pytest.fixture(scope="module")
def good_store(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("check") / "data")
    try:
        server.start()
        server.stop()
    finally:
        server.end()
    return {path.name: path.read_bytes() for path in server.data.iterdir()}


@pytest.fixture
def harmed_store(good_store, tmp_path):
    """A copy of the demo's store, for harm; no server runs on it."""
    store = Server(tmp_path / "harmed")
    store.data.mkdir(0o700)
    for name, what in good_store.items():
        (store.data / name).write_bytes(what)
        (store.data / name).chmod(0o600)
    assert store.command("check").stdout == "ok\n"
    return store


def test_check_while_serving_finds_what_was_harmed_under_the_server(own_server):
    server = own_server()
    with contextlib.closing(sqlite3.connect(server.data / "wscrm.db")) as db:
        db.execute("UPDATE customer SET tags = 'x'")
        db.commit()
    done = server.command("check", check=False)
    assert done.returncode == 1
    assert "tags are not a list of label ids" in done.stdout
    assert done.stderr == f"wscrm: {server.data}: 1 fault found\n"
