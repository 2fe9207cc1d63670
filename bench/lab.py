"""The laboratory of bench/run: one temporary folder, and the programs that run in it.

Everything listens on loopback, on a port that was free; whatever was started here is ended by its
process id when the laboratory closes, and the folder goes.
"""

import contextlib
import hashlib
import json
import os
import re
import resource
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent
STORE = BENCH.parent / "src" / "store" / "sqlite"
WSCRM = Path(os.environ.get("WSCRM") or BENCH.parent / "build" / "wscrm").resolve()

# Those of meson.build: the comparators are held to what the product is held to.
CFLAGS = "-std=c11 -O2 -g -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wconversion -Wvla -Werror".split()

SQLITE = ["-lsqlite3"]

TENANT = "1"
API_KEY = "BenchmarkBenchmark00"
AGENT = "lsl001"
SLOT = "#" * 12  # load.c puts a customer's number there

WORKERS = 2  # of wscrm and of nginx
READER_CACHE_KIB = 8 * 1024  # wscrm's own default: --store-cache
PATIENCE_S = 60


def number_at(index):
    """The number of the index-th customer: the same function as in number.h."""
    return 861000000000 + index * 2654435761 % 2**64 % 2**30


def constant(file, name):
    """A number that the product's store is built with, for a comparator that must do alike."""
    return int(re.search(rf"^#define {name} +(\d+)\b", (STORE / file).read_text(), re.M)[1])


# --- what the kernel says about a process


def cpu_us(pids):
    """User and system time of processes, as their own accounting has it."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks * 1_000_000 // os.sysconf("SC_CLK_TCK")


def rss_anon(pids):
    """Bytes of memory that are the processes' own: not their code, not the page cache."""
    status = (Path(f"/proc/{pid}/status").read_text() for pid in pids)
    return sum(int(re.search(r"RssAnon:\s+(\d+) kB", text)[1]) * 1024 for text in status)


# --- requests, as the bytes that load.c sends


def request(method, path, body, *headers):
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    head += [*headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(head).encode() + body


def signed(method, path, body, key=API_KEY, tenant=TENANT):
    """The header scheme; the tenant's token window is off, so that one token lasts for ever."""
    stamp = str(time.time_ns() // 1_000_000)
    token = hashlib.md5((tenant + stamp + key).encode()).hexdigest()
    return request(
        method, path, body, f"tenant_id: {tenant}", f"timestamp: {stamp}", f"token: {token}"
    )


def query(number=SLOT, key=API_KEY):
    body = json.dumps([{"whatsApp": number}], separators=(",", ":")).encode()
    return signed("POST", "/wscrm-bus-api/customer/query", body, key)


def imports(count):
    """A call that imports so many customers, each with the fields that an integration fills."""
    customer = {
        "whatsApp": SLOT,
        "friendName": "Wang Xiaoming",
        "email": "wang.xiaoming@example.com",
        "stage": "negotiating",
        "source": "spring fair",
        "tabName": "vip,2026",
    }
    body = json.dumps({"userName": AGENT, "data": [customer] * count}, separators=(",", ":"))
    return signed("PUT", "/wscrm-bus-api/customer/api/import", body.encode())


def delete_all():
    return signed("POST", "/wscrm-bus-api/open/customer/del", b'{"type":1}')


QUERY_DONE = '"code":200,"message":"Success","data":[{'
IMPORT_DONE = '"isAllOk":true'


def answer(port, raw, patience_s=PATIENCE_S):
    """One request's whole answer: head and body."""
    with socket.create_connection(("127.0.0.1", port), patience_s) as wire:
        wire.sendall(raw)
        got = b""
        while True:
            head, end, body = got.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: *(\d+)", head, re.I)
            if end and len(body) >= int(length[1]):
                return got
            more = wire.recv(65536)
            if not more:
                raise RuntimeError(f"the answer broke off: {got!r}")
            got += more


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process):
    """SIGTERM, and SIGKILL for one that does not heed it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Server:
    """wscrm on a store."""

    def __init__(self, lab, data, *options):
        self.data, self.log = data, lab.folder / f"{data.name}.log"
        command = [WSCRM, "serve", "--data", data, "--listen", "127.0.0.1:0"]
        command += ["--workers", str(WORKERS), *options]
        with open(self.log, "ab") as log:
            self.process = lab.start(command, stdout=subprocess.PIPE, stderr=log)
        self.port = self._read_port()
        self.pids = [self.process.pid]

    def _read_port(self):
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S)
        line = self.process.stdout.readline() if ready else b""
        found = re.search(rb"ready on http://127\.0\.0\.1:(\d+)", line)
        if not found:
            raise RuntimeError(f"wscrm does not start: {self.log.read_text()[-2000:]}")
        return int(found[1])

    def wal_size(self):
        return os.stat(self.data / "wscrm.db-wal").st_size

    def stop(self):
        end(self.process)


NGINX_CONF = """\
daemon off;
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    default_type application/json;
    underscores_in_headers on;
    keepalive_requests 1000000000;
    client_max_body_size 64m;
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port} reuseport;
        location / {{ return 200 "{body}"; }}
    }}
}}
"""


class Nginx:
    """nginx that answers everything with 200 and an answer of a given size, head and body."""

    def __init__(self, lab, answer_size):
        self.lab, self.conf = lab, lab.folder / "nginx.conf"
        self._start("x" * answer_size)
        surplus = len(answer(self.port, query("1"))) - answer_size
        self.stop()
        self._start("x" * (answer_size - surplus))

    def _start(self, body):
        self.port = free_port()
        self.conf.write_text(
            NGINX_CONF.format(workers=WORKERS, folder=self.lab.folder, port=self.port, body=body)
        )
        log = self.lab.folder / "nginx.log"
        self.process = self.lab.start(
            ["nginx", "-e", log, "-c", self.conf], stderr=subprocess.DEVNULL
        )
        self._wait()
        pid = self.process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self.pids = [pid, *map(int, workers)]

    def _wait(self):
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError):
                answer(self.port, query("1"))
                return
            time.sleep(0.02)
        raise RuntimeError(f"nginx does not start: {(self.lab.folder / 'nginx.log').read_text()}")

    def stop(self):
        end(self.process)


class Watch:
    """The largest value of something that changes, looked at 50 times a second."""

    def __init__(self, read):
        self.read, self.largest, self.over = read, read(), threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        while not self.over.wait(0.02):
            self.largest = max(self.largest, self.read())

    def stop(self):
        self.over.set()
        self.thread.join()
        return self.largest


class Lab:
    """The folder, the compiled programs, and whatever runs."""

    def __init__(self):
        self.processes, self.serial = [], 0
        self.folder = Path(tempfile.mkdtemp(prefix="wscrm-bench."))
        self.folder.chmod(0o755)  # nginx's workers are another user when root starts it
        # 10,000 connections, and each server's own files.
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def __enter__(self):
        try:
            for name, libraries in (("load", []), ("upsert", SQLITE), ("changes", SQLITE)):
                source = BENCH / f"{name}.c"
                command = ["gcc", *CFLAGS, "-o", self.folder / name, source, *libraries]
                subprocess.run(command, check=True)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, command, **streams):
        streams = {"stdin": subprocess.DEVNULL, **streams}
        # A signal from the keyboard is for bench/run, which then ends all in order. Not a session of
        # its own: the kernel may give each session an equal share, whatever "nice" says.
        process = subprocess.Popen(command, process_group=0, **streams)
        self.processes.append(process)
        return process

    def wscrm(self, *command, **options):
        return subprocess.run(
            [WSCRM, *command], check=True, stdout=subprocess.DEVNULL, text=True, **options
        )

    def new_name(self, kind):
        self.serial += 1
        return self.folder / f"{kind}{self.serial}"

    def new_store(self):
        """A store with one tenant that has neither rate limit nor token window, and an agent."""
        data = self.new_name("store")
        self.wscrm(
            *("tenant", "add", TENANT, "--data", data, "--admin", "boss", "--api-key", "-"),
            *("--rate-limit", "0", "--token-window", "0"),
            input=API_KEY,
        )
        self.wscrm("agent", "add", "--data", data, "--tenant", TENANT, AGENT)
        return data

    def copy_store(self, data):
        """A copy of a store that nobody has open."""
        copy = self.new_name("store")
        copy.mkdir(0o700)
        for name in ("wscrm.db", "wscrm.key"):
            shutil.copy2(data / name, copy / name)
        return copy

    def load_start(self, server, raw, nice=0, **options):
        """Starts load.c; load_end() has its report. Options are load.c's."""
        file = self.new_name("request")
        file.write_bytes(raw)
        command = ["nice", "-n", str(nice)] if nice else []
        command += [self.folder / "load", "--port", str(server.port), "--request", file]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}"]
            command += [] if value is True else [str(value)]
        process = self.start(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.request = file
        return process

    def load_end(self, process):
        """Waits for the report of load.c, which ends; with --hold it only ends when asked to."""
        line = process.stdout.readline()
        if process.poll() is None:
            process.stdin.close()
        status = process.wait()
        process.request.unlink(missing_ok=True)
        self.processes.remove(process)
        if status != 0 or not line:
            raise RuntimeError(f"load ended with {status}: {line!r}")
        return json.loads(line)

    def load(self, server, raw, **options):
        """A whole run of load.c. Adds the server's CPU-µs and the rate."""
        before = cpu_us(server.pids)
        report = self.load_end(self.load_start(server, raw, **options))
        report["cpu_us"] = cpu_us(server.pids) - before
        if report["failed"] or report["answered"] == 0:
            raise RuntimeError(f"the server did not answer as expected: {report}")
        report["cpu_us_each"] = report["cpu_us"] / report["answered"]
        report["rate"] = report["answered"] / report["seconds"]
        return report

    def upsert(self, data, first, rows, seconds, group_rows):
        """A run of upsert.c on a store that nobody has open."""
        group = (group_rows, constant("writer.h", "GROUP_MAX_US"))
        return self._comparator("upsert", data / "wscrm.db", first, rows, seconds, *group)

    def changes(self, data, rows, seconds, group_rows):
        """A run of changes.c on a store that nobody has open."""
        files = (data / "wscrm.db", data / "sandbox.journal")
        return self._comparator("changes", *files, rows, seconds, group_rows)

    def _comparator(self, name, *arguments):
        """They end with the pages after which the log is copied, and the cache's size."""
        command = [self.folder / name, *arguments, constant("writer_checkpoint.c", "COPY_PAGES")]
        command += [constant("connection.c", "WRITER_CACHES") * READER_CACHE_KIB]
        run = self.start([str(word) for word in command], stdout=subprocess.PIPE)
        line = run.communicate()[0]
        self.processes.remove(run)
        if run.returncode != 0:
            raise RuntimeError(f"{name} ended with {run.returncode}")
        report = json.loads(line)
        report["rate"] = report["rows"] / report["seconds"]
        return report


def raise_exit(number, _frame):
    raise SystemExit(128 + number)


for signal_number in (signal.SIGTERM, signal.SIGHUP):
    signal.signal(signal_number, raise_exit)
