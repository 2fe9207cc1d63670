"""What the black box tests share: the program, a server of it, and clients that speak raw HTTP.

A reply is read strictly: whoever reads one here has checked that it carries a Content-Length, is not
chunked, and, where it is an envelope, that the envelope's keys stand in their order.
"""

import collections
import hashlib
import itertools
import json
import os
import re
import select
import selectors
import signal
import socket
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parents[2]
WSCRM = Path(os.environ.get("WSCRM", ROOT / "build" / "wscrm")).resolve()
BUILD = os.environ.get("WSCRM_BUILD", "release")

# How long anything may take before a test gives up on it: only a fault lasts so long.
PATIENCE_S = 30 if BUILD == "release" else 90

# The server's own time zone in the tests: not UTC and not on the hour, so that a mix-up shows.
SERVER_ZONE = "Asia/Kolkata"

QUERY = "/wscrm-bus-api/customer/query"
IMPORT = "/wscrm-bus-api/customer/api/import"
BATCH_IMPORT = "/wscrm-bus-api/customer/api/batchImport"

DEMO_KEY = "QOEAcPj6Tb8XRhwFvYih"  # public: it stands in the Development Guide
DEMO_CUSTOMER = "15266667779"

BASIC_FIELDS = (
    "friendName sex birthday address email profession income desc tabName stage source"
    " languageTag welcome"
).split()

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: ")


def md5(*parts):
    return hashlib.md5("".join(parts).encode()).hexdigest()


def now_ms():
    return time.time_ns() // 1_000_000


def environment(**more):
    """The environment of the program: nothing of ours steers it but what is given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WSCRM")}
    kept.pop("LD_PRELOAD", None)
    return {**kept, "TZ": SERVER_ZONE, **more}


def wait_until(what, condition, seconds=PATIENCE_S, step_s=0.01):
    """For what another process does in its own time; returns what `condition` returned."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"in vain waited {seconds} s: {what}")
        time.sleep(step_s)


class Server:
    """`wscrm serve` on a data directory; may be started, stopped, killed and started again."""

    def __init__(self, data, *options, demo=True, env=None):
        self.data = Path(data)
        self.options = (["--demo"] if demo else []) + list(options)
        self.env = env or {}
        self.log = self.data.with_name(self.data.name + ".stderr")
        self.process = None
        self.port = None

    def start(self):
        assert self.process is None, "it runs already"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [WSCRM, "--data", self.data, "serve", "--listen", "127.0.0.1:0", *self.options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment(**self.env),
            )
        line = self._ready_line()
        found = re.fullmatch(rb"wscrm: ready on http://127\.0\.0\.1:(\d+)\n", line)
        if not found:
            self.kill()
            raise AssertionError(f"no ready line but {line!r}; stderr: {self.stderr()[-4000:]}")
        self.port = int(found[1])
        return self

    def _ready_line(self):
        line, deadline = b"", time.monotonic() + PATIENCE_S
        while not line.endswith(b"\n"):
            left = max(0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                break
            more = os.read(self.process.stdout.fileno(), 4096)
            if not more:
                break
            line += more
        return line

    @property
    def pid(self):
        return self.process.pid

    def stderr(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self):
        """SIGTERM drains; the exit status is 0 and neither stdout nor stderr holds a surprise."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            rest, _ = process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise AssertionError(f"SIGTERM did not end it: {self.stderr()[-4000:]}") from None
        stderr = self.stderr()
        assert not SANITIZER_REPORT.search(stderr), stderr[-12000:]
        assert process.returncode == 0, f"exit status {process.returncode}: {stderr[-4000:]}"
        assert rest == b"", f"stdout has more than the ready line: {rest!r}"

    def kill(self):
        """SIGKILL, as a crash or a power cut would."""
        process, self.process = self.process, None
        process.kill()
        process.communicate()

    def end(self):
        """For `finally`: whatever happened, it no longer runs."""
        if self.process is not None:
            self.kill()

    def command(self, *arguments, check=True, text=None):
        """Another command of the program, on the same store."""
        done = subprocess.run(
            [WSCRM, "--data", self.data, *map(str, arguments)],
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            env=environment(),
            timeout=PATIENCE_S,
        )
        assert not SANITIZER_REPORT.search(done.stderr), done.stderr
        if check:
            assert done.returncode == 0, (arguments, done.returncode, done.stdout, done.stderr)
        return done

    def add_tenant(self, tenant_id, admin="boss", agents=("anna", "ben"), rate_limit=None,
                   token_window=None, edition=None, zone=None):
        options = ["--edition", edition] if edition else []
        options += ["--time-zone", zone] if zone else []
        key = self.command("tenant", "add", tenant_id, "--admin", admin, *options).stdout.strip()
        assert re.fullmatch(r"\S+", key), f"an ApiKey and nothing else expected: {key!r}"
        settings = [] if rate_limit is None else ["--rate-limit", rate_limit]
        settings += [] if token_window is None else ["--token-window", token_window]
        if settings:
            self.command("tenant", "set", tenant_id, *settings)
        for agent in agents:
            self.command("agent", "add", "--tenant", tenant_id, agent)
        return Tenant(tenant_id, key, admin, zone or SERVER_ZONE)


class Tenant:
    """A tenant's credentials, and how they sign."""

    def __init__(self, tenant_id, key, admin, zone=SERVER_ZONE):
        self.id = str(tenant_id)
        self.key = key
        self.admin = admin
        self.zone = zone

    def headers(self, timestamp=None):
        timestamp = str(now_ms() if timestamp is None else timestamp)
        token = md5(self.id, timestamp, self.key)
        return {"tenant_id": self.id, "timestamp": timestamp, "token": token}

    def local_time(self, epoch_s=None, zone=None):
        epoch_s = time.time() if epoch_s is None else epoch_s
        moment = datetime.fromtimestamp(epoch_s, timezone.utc)
        return moment.astimezone(ZoneInfo(zone or self.zone)).strftime("%Y-%m-%d %H:%M:%S")

    def body(self, user, members, create_time=None):
        """The old scheme: an object that signs itself, in the order of the guide's program."""
        create_time = create_time or self.local_time()
        token = md5(self.id, user, create_time, self.key)
        return {
            "tenantId": self.id,
            "userName": user,
            **members,
            "token": token,
            "createTime": create_time,
        }


DEMO = Tenant(1, DEMO_KEY, "WhatsApp")


class Closed(Exception):
    """The server closed the connection and had sent nothing more."""


class Reply(collections.namedtuple("Reply", "status headers body")):
    @property
    def envelope(self):
        pairs = json.loads(self.body, object_pairs_hook=list)
        names = [name for name, _ in pairs]
        assert names == ["code", "message", "data"], f"not the envelope: {self.body!r}"
        assert self.headers["content-type"] == "application/json; charset=utf-8", self.headers
        return json.loads(self.body)

    @property
    def code(self):
        return self.envelope["code"]

    @property
    def message(self):
        return self.envelope["message"]

    @property
    def data(self):
        return self.envelope["data"]


_addresses = itertools.count(2)


def fresh_address():
    """Each client has a loopback address of its own: failures are counted per address."""
    n = next(_addresses)
    return f"127.{n // 62500 + 1}.{n // 250 % 250}.{n % 250 + 1}"


class Connection:
    """One TCP connection, byte by byte."""

    def __init__(self, port, source=None):
        self.socket = socket.create_connection(
            ("127.0.0.1", port), PATIENCE_S, (source or fresh_address(), 0)
        )
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_or_closed(self, data):
        """For what the server may refuse before it has read all of it."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self):
        try:
            more = self.socket.recv(1 << 18)
        except ConnectionResetError:
            more = b""
        if not more:
            raise Closed(f"closed after {self.buffer!r}") from None
        self.buffer += more

    def _head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) [ -~]+", first)
        assert found, f"no status line: {first!r}"
        headers = {}
        for line in lines:
            name, value = re.fullmatch(r"([!-9;-~]+): (.*)", line).groups()
            assert name.lower() not in headers, f"{name} twice"
            headers[name.lower()] = value
        return int(found[1]), headers

    def reply(self, head_only=False):
        status, headers = self._head()
        if status == 100:
            return Reply(status, headers, b"")
        assert "transfer-encoding" not in headers, f"chunked: {headers}"
        assert re.fullmatch(r"\d+", headers.get("content-length", "")), headers
        length = 0 if head_only else int(headers["content-length"])
        while len(self.buffer) < length:
            self._more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(status, headers, body)

    def is_closed(self):
        """Waits for the end; True when nothing came before it."""
        try:
            self._more()
        except Closed:
            return not self.buffer
        return False


def request_bytes(method, path, body=b"", headers=(), host="127.0.0.1"):
    """A plain request; `headers` are a dict or pairs."""
    pairs = list(headers.items() if isinstance(headers, dict) else headers)
    names = {name.lower() for name, _ in pairs}
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if body and "content-type" not in names:
        lines.append("Content-Type: application/json")
    if "content-length" not in names and "transfer-encoding" not in names:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in pairs]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def to_bytes(value):
    """Bytes pass as they are; anything else becomes JSON."""
    if isinstance(value, bytes):
        return value
    return json.dumps(value, ensure_ascii=False).encode()


class Client:
    """Calls the API as a tenant, over one keep-alive connection that it opens when needed."""

    def __init__(self, server, tenant, source=None):
        self.server = server
        self.tenant = tenant
        self.source = source or fresh_address()
        self.connection = None

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def exchange(self, data):
        """Sends whole requests' bytes, reads one reply."""
        if self.connection is None:
            self.connection = Connection(self.server.port, self.source)
        try:
            self.connection.send_or_closed(data)
            reply = self.connection.reply()
        except Closed:
            self.close()
            raise
        if reply.headers.get("connection", "").lower() == "close":
            self.close()
        return reply

    def call(self, path, value, method="POST", headers=None):
        """Signed in the header."""
        signed = {**self.tenant.headers(), **(headers or {})}
        return self.exchange(request_bytes(method, path, to_bytes(value), signed))

    def call_unsigned(self, path, value, method="POST", headers=()):
        return self.exchange(request_bytes(method, path, to_bytes(value), headers))

    def call_body(self, path, user, members, method="POST", create_time=None):
        """Signed in the body, as `user`."""
        return self.call_unsigned(path, self.tenant.body(user, members, create_time), method)

    def batch_import(self, items):
        return self.call(BATCH_IMPORT, {"data": items})

    def put_import(self, agent, items):
        return self.call(IMPORT, {"userName": agent, "data": items}, method="PUT")

    def imported(self, items):
        """An import of which every item is expected to be good."""
        reply = self.batch_import(items)
        assert reply.status == 200 and reply.code == 200 and reply.data["isAllOk"], reply.body
        return reply

    def customers(self, *numbers):
        reply = self.call(QUERY, [{"whatsApp": number} for number in numbers])
        assert reply.status == 200 and reply.code == 200, reply
        return reply.data

    def customer(self, number):
        found = self.customers(number)
        assert len(found) == 1, found
        return found[0]


class Swarm:
    """Many connections in one thread, made for numbers: envelopes are not parsed here.

    Each connection sends its next request as soon as it has fewer than `depth` unanswered ones.
    `next_request()` gives (bytes, tag), or None when there is nothing to send right now;
    `on_reply(tag, status, body)` gets each answer. Connections that the server ends are counted in
    `lost`; their unanswered requests are dropped."""

    def __init__(self, port):
        self.port = port
        self.selector = selectors.DefaultSelector()
        self.members = []
        self.unanswered = 0
        self.lost = 0

    def connect(self, count, next_request, on_reply, depth=1):
        for _ in range(count):
            sock = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            member = _Member(sock, next_request, on_reply, depth)
            self.members.append(member)
            self.selector.register(sock, selectors.EVENT_READ, member)

    def close(self):
        for member in self.members:
            member.socket.close()
        self.selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, until=lambda: False, timeout_s=PATIENCE_S):
        """Until `until()`, or all connections ended, or nothing is left to send or to wait for."""
        deadline = time.monotonic() + timeout_s
        self._fill_all()
        while not until() and self.lost < len(self.members):
            if self.unanswered == 0:
                self._fill_all()
                if self.unanswered == 0:
                    return
            assert time.monotonic() < deadline, f"{self.unanswered} requests without an answer"
            for key, events in self.selector.select(0.05):
                member = key.data
                if events & selectors.EVENT_WRITE:
                    self._write(member)
                if events & selectors.EVENT_READ and not member.ended:
                    self._read(member)
            self._fill_all()

    def finish(self):
        """Sends no new requests, and takes the answers that still come."""
        for member in self.members:
            member.next_request = lambda: None
        self.run()

    def _fill_all(self):
        for member in self.members:
            if len(member.tags) < member.depth and not member.ended:
                self._fill(member)

    def _fill(self, member):
        out = []
        while len(member.tags) < member.depth:
            request = member.next_request()
            if request is None:
                break
            out.append(request[0])
            member.tags.append(request[1])
            self.unanswered += 1
        if out:
            member.out += b"".join(out)
            self._write(member)

    def _end(self, member):
        member.ended = True
        self.lost += 1
        self.unanswered -= len(member.tags)
        self.selector.unregister(member.socket)

    def _write(self, member):
        if member.out:
            try:
                del member.out[: member.socket.send(member.out)]
            except BlockingIOError:
                pass
            except OSError:
                self._end(member)
                return
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if member.out else 0)
        if wanted != member.wanted:
            member.wanted = wanted
            self.selector.modify(member.socket, wanted, member)

    def _read(self, member):
        try:
            data = member.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(member)
            return
        data, at = member.data + data, 0
        while True:
            found = _LENGTH.match(data, at)
            if not found or found.end() + int(found[2]) > len(data):
                break
            at = found.end() + int(found[2])
            self.unanswered -= 1
            member.on_reply(member.tags.popleft(), int(found[1]), data[found.end() : at])
        member.data = data[at:]


_LENGTH = re.compile(
    rb"HTTP/1\.1 (\d{3}) (?:[^\r]*\r\n)+?content-length: (\d+)\r\n(?:[^\r]+\r\n)*\r\n", re.IGNORECASE
)


class _Member:
    def __init__(self, sock, next_request, on_reply, depth):
        self.socket = sock
        self.next_request = next_request
        self.on_reply = on_reply
        self.depth = depth
        self.out = bytearray()
        self.data = b""
        self.tags = collections.deque()
        self.wanted = selectors.EVENT_READ
        self.ended = False
