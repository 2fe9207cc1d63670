"""One server: its start, what stops it from starting, its signals, the files it makes."""

import fcntl
import os
import re
import signal
import socket
import struct
import tempfile
import time
from pathlib import Path

import pytest
from harness import (
    BUILD,
    DEMO_CUSTOMER,
    DEMO,
    PATIENCE_S,
    QUERY,
    Client,
    Connection,
    Server,
    request_bytes,
    wait_until,
)

# The sanitizers' own start takes its time.
A_SECOND = 1 if BUILD == "release" else 10


def contents(directory):
    """Every file's bytes, time and mode."""
    return {
        path.name: (
            path.read_bytes() if path.is_file() else None,
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in directory.iterdir()
    }


def serve(data, *options):
    """A start that is expected to fail: what it said, how it ended, and that it was quick."""
    began = time.monotonic()
    done = Server(data).command("serve", *options, check=False)
    assert time.monotonic() - began < A_SECOND
    assert done.stdout == ""
    return done.returncode, done.stderr


def healthy(server):
    with Connection(server.port) as connection:
        connection.send(request_bytes("GET", "/healthz"))
        return connection.reply().status == 200


# --- what stops it from starting


def test_a_second_server_on_the_same_store_is_told_so_and_changes_nothing(own_server):
    server = own_server()
    before = contents(server.data)
    assert serve(server.data, "--listen", "127.0.0.1:0") == (
        1,
        f"wscrm: already running (pid {server.pid})\n",
    )
    assert contents(server.data) == before
    with Client(server, DEMO) as client:
        assert client.customer(DEMO_CUSTOMER)


def test_a_server_that_is_still_starting_counts_as_running(tmp_path):
    """It holds the lock, and has written its process id but no URL yet."""
    data = tmp_path / "data"
    data.mkdir()
    with open(data / "wscrm.lock", "w+") as lock:
        lock.write("4711\n")
        lock.flush()
        whole_file = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, whole_file)
        assert serve(data, "--listen", "127.0.0.1:0") == (1, "wscrm: already running (pid 4711)\n")
    assert [path.name for path in data.iterdir()] == ["wscrm.lock"]


def test_a_port_that_a_stranger_listens_on_is_in_use_and_nothing_is_made(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        address = f"127.0.0.1:{stranger.getsockname()[1]}"
        assert serve(tmp_path / "data", "--demo", "--listen", address) == (
            1,
            f"wscrm: {address}: address in use\n",
        )
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_another_server_listens_on_is_in_use_and_nothing_is_changed(own_server, tmp_path):
    server = own_server()
    address = f"127.0.0.1:{server.port}"
    refusal = (1, f"wscrm: {address}: address in use\n")
    assert serve(tmp_path / "fresh", "--listen", address) == refusal
    assert not (tmp_path / "fresh").exists()
    other = Server(tmp_path / "other")
    other.add_tenant(7)
    before = contents(other.data)
    assert serve(other.data, "--listen", address) == refusal
    assert contents(other.data) == before
    assert healthy(server)


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "127.0.0.1:70000", ":0", "127.0.0.1:x",
                                     "[::1:0"])
def test_an_address_that_cannot_be_is_wrong_use(tmp_path, address):
    status, told = serve(tmp_path / "data", "--listen", address)
    assert status == 2
    assert told == (
        f'wscrm: --listen: HOST:PORT with a host that is known expected, not "{address}"\n'
    )
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    for data, told in (("x/y", "the directory above it does not exist"), ("file", "Not a directory")):
        status, stderr = serve(tmp_path / data, "--listen", "127.0.0.1:0")
        assert status == 1
        assert stderr.startswith(f"wscrm: {tmp_path / data}") and stderr.endswith(f"{told}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def spoil_missing(key):
    key.unlink()


def spoil_other(key):
    key.write_text("7" * 64 + "\n")


def spoil_open(key):
    key.chmod(0o640)


def spoil_garbage(key):
    key.write_text("no key\n")


@pytest.mark.parametrize(
    "spoil, told",
    [(spoil_missing, "missing, and the database beside it was made with it"),
     (spoil_other, "not the key that the database beside it was made with"),
     (spoil_open, "others than its owner may use it (mode 640)"),
     (spoil_garbage, "not a key file")],
)
def test_a_key_file_that_is_not_the_stores_is_reported_and_nothing_is_changed(tmp_path, spoil, told):
    store = Server(tmp_path / "data")
    store.add_tenant(7)
    key = store.data / "wscrm.key"
    spoil(key)

    def precious():
        return {name: what for name, what in contents(store.data).items()
                if name in ("wscrm.db", "wscrm.key")}

    before = precious()
    status, stderr = serve(store.data, "--listen", "127.0.0.1:0")
    assert status == 1 and stderr.startswith(f"wscrm: {key}: {told}"), stderr
    for command in ("tenant list", "tenant set 7 --rate-limit 1", "check"):
        done = store.command(*command.split(), check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"wscrm: {key}: {told}"), done.stderr
    assert precious() == before
    assert "wscrm.key.new" not in contents(store.data)


# --- while it runs


def test_the_files_of_a_store_are_for_its_owner_only(own_server):
    mask = os.umask(0)
    try:
        server = own_server()
        server.add_tenant(7)
    finally:
        os.umask(mask)
    modes = {path.name: path.lstat().st_mode & 0o7777 for path in server.data.iterdir()}
    assert modes.pop("wscrm.key") == 0o600
    assert modes.pop("control") == 0o600
    assert {"wscrm.db", "wscrm.db-wal", "wscrm.lock"} <= set(modes)
    assert set(modes.values()) == {0o600}
    assert server.data.stat().st_mode & 0o7777 == 0o700
    server.stop()
    assert not (server.data / "control").exists()


def test_a_path_too_long_for_a_sockets_address_is_none_for_the_control_socket(tmp_path):
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    server = Server(deep / "data")
    try:
        server.start()
        server.command("agent", "add", "--tenant", 1, "newcomer")
        assert "control command" in server.stderr()
        server.stop()
    finally:
        server.end()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_drains_and_the_exit_status_is_0(own_server, end):
    server = own_server()
    with Connection(server.port) as idle:
        idle.send(request_bytes("GET", "/healthz"))
        idle.reply()
        process, server.process = server.process, None
        process.send_signal(end)
        rest, _ = process.communicate(timeout=PATIENCE_S)
        assert idle.is_closed()
    assert (process.returncode, rest) == (0, b"")
    assert f"stopping signal={end.name}" in server.stderr()
    assert server.stderr().endswith("INFO stopped\n")


def test_a_second_signal_ends_it_at_once(own_server):
    server = own_server()
    with Connection(server.port) as running:
        running.send(request_bytes("POST", QUERY, b"", {"Content-Length": "10", **DEMO.headers(),
                                                        "Expect": "100-continue",
                                                        "Content-Type": "application/json"}))
        assert running.reply().status == 100
        process, server.process = server.process, None
        process.send_signal(signal.SIGTERM)
        wait_until("it drains", lambda: "stopping signal" in server.stderr())
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert server.stderr().endswith("second signal: ends at once\n")


@pytest.mark.parametrize("abstract", [False, True], ids=["path", "abstract"])
def test_systemd_is_told_ready_reloading_and_stopping(own_server, abstract):
    with tempfile.TemporaryDirectory(prefix="w") as room, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        name = f"@wscrm-test-{os.getpid()}" if abstract else f"{room}/notify"
        systemd.settimeout(PATIENCE_S)
        systemd.bind(name.replace("@", "\0"))
        server = own_server(env={"NOTIFY_SOCKET": name})
        assert systemd.recv(256) == b"READY=1"
        os.kill(server.pid, signal.SIGHUP)
        assert re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", systemd.recv(256))
        assert systemd.recv(256) == b"READY=1"
        server.stop()
        assert systemd.recv(256) == b"STOPPING=1"


def test_a_notify_socket_that_nobody_listens_on_is_no_obstacle(own_server, tmp_path):
    assert healthy(own_server(env={"NOTIFY_SOCKET": str(tmp_path / "nobody")}))


# --- the demo


def test_the_demo_is_what_the_guide_needs(own_server):
    server = own_server()
    shown = dict(line.split("\t") for line in
                 server.command("tenant", "show", 1).stdout.splitlines())
    assert shown["admin"] == "WhatsApp"
    assert shown["edition"] == "professional"
    assert shown["token-window"] == "0"
    agents = [line.split("\t")[1] for line in
              server.command("agent", "list", "--tenant", 1).stdout.splitlines()]
    assert agents == ["kubrick101", "lsl001"]
    accounts = [line.split("\t")[:5] for line in
                server.command("account", "list", "--tenant", 1).stdout.splitlines()]
    assert accounts == [["8618217331411", "Sales", "kubrick101", "sandbox", "pc"],
                        ["8618217331412", "Support", "lsl001", "sandbox", "pc"]]
    with Client(server, DEMO) as client:
        customer = client.customer("15266667779")
        assert (customer["friendName"], customer["agentAccount"]) == ("lee", "kubrick101")


def test_the_demo_changes_nothing_in_a_store_that_has_tenants(own_server):
    server = own_server(demo=False)
    tenant = server.add_tenant(5)
    before = server.command("tenant", "list").stdout
    server.stop()
    server.options.append("--demo")
    server.start()
    assert "demo: the store has tenants: nothing was changed" in server.stderr()
    assert server.command("tenant", "list").stdout == before
    with Client(server, DEMO) as client:
        assert client.call(QUERY, [{"whatsApp": DEMO_CUSTOMER}]).code == 501
    with Client(server, tenant) as client:
        assert client.customers(DEMO_CUSTOMER) == []


def test_the_demo_is_refused_where_strangers_may_come(tmp_path):
    status, stderr = serve(tmp_path / "data", "--demo", "--listen", "0.0.0.0:0")
    assert status == 2
    assert stderr.startswith("wscrm: --demo refuses 0.0.0.0:0: ") and "--demo-public" in stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_may_be_public_when_it_is_said(tmp_path):
    """The broken key keeps the test from answering strangers: it comes behind the refusal."""
    store = Server(tmp_path / "data")
    store.add_tenant(5)
    spoil_garbage(store.data / "wscrm.key")
    status, stderr = serve(store.data, "--demo", "--demo-public", "--listen", "0.0.0.0:0")
    assert (status, "not a key file" in stderr) == (1, True)


# --- root


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_leaves_no_file_of_its_own_in_somebody_elses_store():
    nobody = 65534
    # Not below the tests' own folder, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix="wscrm-test.", dir="/tmp") as room:
        os.chmod(room, 0o755)
        home = Path(room) / "home"
        home.mkdir()
        os.chown(home, nobody, nobody)
        server = Server(home / "data", demo=False)
        server.log = Path(room) / "stderr"
        try:
            server.add_tenant(5)  # makes the directory, too
            server.command("tenant", "list")
            server.command("check")
            server.start()
            assert Path(f"/proc/{server.pid}").stat().st_uid == nobody
            server.command("agent", "add", "--tenant", 5, "late")
            server.command("tenant", "list")
            server.stop()
            server.command("agent", "remove", "--tenant", 5, "late")
        finally:
            server.end()
        owners = {str(path): (path.lstat().st_uid, path.lstat().st_gid)
                  for path in home.rglob("*")}
        assert home / "data" / "wscrm.db" in map(Path, owners)
        assert set(owners.values()) == {(nobody, nobody)}, owners
