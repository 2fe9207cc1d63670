"""Settings: options, environment, configuration file, and what SIGHUP changes."""

import os
import re
import signal
import subprocess

import pytest
from harness import (
    PATIENCE_S,
    QUERY,
    ROOT,
    WSCRM,
    Connection,
    environment,
    request_bytes,
    wait_until,
)

# Key, standard value and whether SIGHUP changes it, of each row.
ROWS = re.findall(
    r'^SETTING\(\w+,\s*"([a-z-]+)",\s*\w+,\s*"([^"]*)",.*?,\s*(?:GLOBAL|SERVE),\s*(true|false),',
    (ROOT / "src/main/settings.def").read_text(), re.M)


def wscrm(*arguments, **env):
    return subprocess.run([WSCRM, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, env=environment(**env),
                          timeout=PATIENCE_S)


def fault(*arguments, **env):
    """What a command that does not start because of its settings says; nothing else happens."""
    done = wscrm(*arguments, **env)
    assert (done.returncode, done.stdout) == (2, "")
    return done.stderr.splitlines()[0]


@pytest.fixture
def file(tmp_path):
    """file(text): a configuration file."""
    def write(text):
        (tmp_path / "wscrm.conf").write_text(text)
        return tmp_path / "wscrm.conf"

    return write


def variable(key):
    return "WSCRM_" + key.upper().replace("-", "_")


def directory_used(*arguments, **env):
    """`tenant list` names the directory that has no store."""
    done = wscrm(*arguments, **env)
    assert done.returncode == 1
    return re.fullmatch(r"wscrm: (.*): no store there .*\n", done.stderr)[1]


# --- precedence


def test_an_option_beats_the_environment_which_beats_the_file(file, tmp_path):
    path = file(f"# where it lives\n\ndata = {tmp_path}/of-the-file ; not elsewhere\n")
    both = {"WSCRM_CONFIG": str(path), "WSCRM_DATA": f"{tmp_path}/of-the-environment"}
    option = f"{tmp_path}/of-the-option"
    assert directory_used("tenant", "list", "--config", path) == f"{tmp_path}/of-the-file"
    assert directory_used("tenant", "list", WSCRM_CONFIG=str(path)) == f"{tmp_path}/of-the-file"
    assert directory_used("tenant", "list", **both) == f"{tmp_path}/of-the-environment"
    for words in (("--data", option, "tenant", "list"), ("tenant", "list", "--data", option),
                  (f"--data={option}", "tenant", "list"), ("tenant", "list", f"--data={option}")):
        assert directory_used(*words, **both) == option
    assert directory_used("tenant", "list", "--database", f"sqlite:{option}") == option


def logged(server, path):
    """Whether a request is logged. A worker logs it behind its reply, and before the next one."""
    at = len(server.stderr())
    with Connection(server.port) as connection:
        for _ in range(2):
            connection.send(request_bytes("GET", path))
            connection.reply()
    return f"GET {path} " in server.stderr()[at:]


def test_a_server_follows_the_same_order(own_server, file):
    path = file("log-requests = none\n")
    quiet = own_server("--config", str(path))
    assert not logged(quiet, "/healthz") and not logged(quiet, "/nowhere")
    errors = own_server("--config", str(path), env={"WSCRM_LOG_REQUESTS": "errors"})
    assert not logged(errors, "/healthz") and logged(errors, "/nowhere")
    everything = own_server("--config", str(path), "--log-requests", "all",
                            env={"WSCRM_LOG_REQUESTS": "errors"})
    assert logged(everything, "/healthz") and logged(everything, "/nowhere")
    assert logged(own_server(), "/healthz")  # the default


def test_every_setting_may_be_an_option_a_variable_or_a_line_of_the_file(own_server, file):
    assert len(ROWS) > 20
    values = {key: standard for key, standard, _ in ROWS
              if key not in ("config", "data", "database", "listen")}
    values["trusted-proxies"] = "10.0.0.0/8, ::1"
    path = file("".join(f"{key} = {value}\n" for key, value in values.items()))
    for server in (
        own_server("--config", path),
        own_server(*(f"--{key}={value}" for key, value in values.items())),
        own_server(env={variable(key): value for key, value in values.items()}),
    ):
        assert logged(server, "/healthz")


def test_the_help_lists_every_setting_with_its_default():
    text = wscrm("serve", "--help").stdout
    for key, standard, reload in ROWS:
        line = re.search(rf"^  --{key} .*$", text, re.M)[0]
        assert (f"[{standard}]" in line) == bool(standard)
        assert line.endswith("(SIGHUP)") == (reload == "true")


# --- faults


@pytest.mark.parametrize(
    "text, told",
    [
        ("worker = 2", ":1: unknown key worker (did you mean workers?)"),
        ("\n# comment\nfrobnicate = 2", ":3: unknown key frobnicate"),
        ("workers = 65", ':1: workers: a number from 0 to 64 expected, not "65"'),
        ("workers =", ':1: workers: a number from 0 to 64 expected, not ""'),
        ("idle-timeout = soon", ':1: idle-timeout: a time from 100ms to 3600s expected, not "soon"'),
        ("max-body = 1T", ':1: max-body: a size from 1K to 1G expected, not "1T"'),
        ("log-level = loud", ':1: log-level: one of error|warning|info|debug expected, not "loud"'),
        ("workers = 1\nworkers = 2", ":2: given twice: workers"),
        ("workers", ":1: not a `key = value` line"),
        ("[serve]\nworkers = 1", ":2: sections are not used here: serve"),
        ("config = other", ":1: unknown key config"),
        ("\nbody-budget = 1M", ":2: body-budget: it must be at least max-body-large (4M)"),
        ("trusted-proxies = 10.0.0.0/8, me", ":1: trusted-proxies: networks such as 10.0.0.0/8,::1 "
                                             'expected, not "10.0.0.0/8, me"'),
        ("database = postgresql://db/x", ":1: database: postgresql is not built in; sqlite:DIR is"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_line(file, tmp_path, text, told):
    path = file(text + "\n")
    for command in (("serve", "--listen", "127.0.0.1:0"), ("tenant", "add", "1", "--admin", "a")):
        assert fault(*command, "--data", tmp_path / "data", "--config", path) == f"wscrm: {path}{told}"
    assert not (tmp_path / "data").exists()


def test_a_file_that_is_not_there_is_named(tmp_path):
    missing = tmp_path / "missing"
    told = f"wscrm: {missing}: No such file or directory"
    assert fault("tenant", "list", "--config", missing) == told
    assert fault("tenant", "list", WSCRM_CONFIG=str(missing)) == told
    assert fault("tenant", "list", "--config", tmp_path).startswith(f"wscrm: {tmp_path}: ")


@pytest.mark.parametrize(
    "key, value, told",
    [
        ("workers", "many", 'a number from 0 to 64 expected, not "many"'),
        ("max-header", "1G", 'a size from 1K to 1M expected, not "1G"'),
        ("write-timeout", "1", None),
        ("write-timeout", "1h", 'a time from 100ms to 3600s expected, not "1h"'),
        ("log-requests", "some", 'one of none|errors|all expected, not "some"'),
        ("trusted-proxies", "10.0.0.0/33", "networks such as 10.0.0.0/8,::1 expected, not "
                                           '"10.0.0.0/33"'),
        ("max-body-import", "512M", "it must be at most body-budget (256M)"),
        ("database", "mysql:x", "mysql is not built in; sqlite:DIR is"),
        ("listen", "8080", 'HOST:PORT with a host that is known expected, not "8080"'),
    ],
)
def test_a_bad_value_is_named_where_it_was_given(tmp_path, key, value, told):
    data = ("--data", tmp_path / "data", "serve")
    listen = () if key == "listen" else ("--listen", "127.0.0.1:x")
    told = told and {f"--{key}": f"--{key}: {told}", variable(key): f"{variable(key)}: {told}"}
    option = fault(*data, *listen, f"--{key}", value)
    by_variable = fault(*data, *listen, **{variable(key): value})
    if told:
        assert option in (f"wscrm: {told[f'--{key}']}", f"wscrm serve: {told[f'--{key}']}")
        assert by_variable == f"wscrm: {told[variable(key)]}"
    else:
        assert "--listen" in option and "--listen" in by_variable  # this value is good
    assert not (tmp_path / "data").exists()


def test_a_setting_of_the_server_is_no_option_of_other_commands(tmp_path):
    assert fault("tenant", "list", "--data", tmp_path, "--workers", "1") == (
        "wscrm tenant list: unknown option --workers"
    )


# --- SIGHUP


def hang_up(server):
    """Sends SIGHUP, and gives what the log says about it."""
    at = len(server.stderr())

    def new_lines():
        text = server.stderr()[at:]
        return text if re.search(r"reload: (done|.*stays as it was)\n", text) else None

    os.kill(server.pid, signal.SIGHUP)
    return wait_until("it has read its configuration again", new_lines)


@pytest.mark.threads
def test_sighup_reads_the_file_again(own_server, file):
    path = file("log-requests = none\n")
    server = own_server("--config", str(path))
    assert not logged(server, "/readyz")
    file("log-requests = all\n")
    assert "reload: log-requests is now all\n" in hang_up(server)
    assert logged(server, "/readyz")
    file("# nothing, so the default\nlog-requests = errors\ndrain-timeout = 1s\n")
    told = hang_up(server)
    assert "log-requests is now errors\n" in told and "drain-timeout is now 1s\n" in told
    assert not logged(server, "/healthz") and logged(server, "/nowhere")
    assert "is now" not in hang_up(server)


def test_sighup_says_what_takes_a_restart(own_server, file):
    path = file("workers = 1\n")
    server = own_server("--config", str(path))
    file("workers = 2\nlisten = 127.0.0.1:1\n")
    told = hang_up(server)
    assert "WARNING reload: workers = 2 takes a restart\n" in told
    assert "listen" not in told  # the option is stronger before and after
    assert logged(server, "/healthz")


def test_a_fault_in_the_file_leaves_the_running_configuration(own_server, file):
    path = file("log-requests = errors\n")
    server = own_server("--config", str(path))
    file("log-requests = all\nworker = 2\n")
    told = hang_up(server)
    assert (f"ERROR reload: {path}:2: unknown key worker (did you mean workers?); "
            "the configuration stays as it was\n") in told
    assert not logged(server, "/healthz")
    path.unlink()
    assert f"{path}: No such file or directory; the configuration stays" in hang_up(server)
    assert not logged(server, "/healthz")
    file("log-requests = all\n")
    hang_up(server)
    assert logged(server, "/healthz")


def test_what_an_option_or_a_variable_says_stays_said(own_server, file):
    path = file("log-requests = all\n")
    server = own_server("--config", str(path), "--log-requests", "errors",
                        env={"WSCRM_DRAIN_TIMEOUT": "2s"})
    file("log-requests = none\ndrain-timeout = 3s\n")
    assert "is now" not in hang_up(server)
    assert logged(server, "/nowhere") and not logged(server, "/healthz")


def test_sighup_without_a_file_is_harmless(own_server):
    server = own_server()
    with Connection(server.port) as connection:
        for _ in range(3):
            hang_up(server)
            connection.send(request_bytes("POST", QUERY, b"[]"))
            assert connection.reply().code == 523
