"""A receiver of webhooks on loopback that behaves, and misbehaves, as a test says."""

import collections
import http.server
import json
import random
import socket
import sys
import threading

from harness import PATIENCE_S, ROOT, wait_until

sys.path.insert(0, str(ROOT / "examples"))

from webhook_receiver import genuine  # noqa: E402

OK = (200, b'{"code":200}')
CODE_1 = (200, b'{"code":1,"message":"no"}')
FAILS = (500, b"no")
GONE = (410, b"")
SILENT, CUT, HALF, ENDLESS, REDIRECT = "silent", "cut", "half", "endless", "redirect"

Request = collections.namedtuple("Request", "path headers body event")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together: else the second waits 40 ms for the first's ACK

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = self.server.owner.take(Request(self.path, self.headers, body, json.loads(body)))
        if isinstance(answer, str):
            self.close_connection = True
            getattr(self, "do_" + answer)()
        else:
            self.answer(*answer)

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_silent(self):
        self.server.owner.closing.wait(PATIENCE_S)

    def do_cut(self):
        self.connection.shutdown(socket.SHUT_RDWR)

    def do_half(self):
        self.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n{"code"')

    def do_endless(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                self.wfile.write(b'{"code":200}' * 1000)
        except OSError:
            pass

    def do_redirect(self):
        port = self.server.server_port
        self.answer(302, b"", Location=f"http://127.0.0.1:{port}/elsewhere")

    def log_message(self, *_):
        pass


class _Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, *_):
        pass  # the other side went away, as it may


class Receiver:
    """`answers(request)` says how each request is answered; all are in `requests`, those that got OK
    in `acknowledged`."""

    def __init__(self, answers=lambda request: OK):
        self.answers = answers
        self.requests, self.acknowledged = [], []
        self.lock = threading.Lock()
        self.port = 0
        self.server = None
        self.up()

    def up(self):
        self.closing = threading.Event()
        self.server = _Server(("127.0.0.1", self.port), _Handler)
        self.server.owner = self
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self):
        """Nobody listens any more."""
        server, self.server = self.server, None
        if server:
            self.closing.set()
            server.shutdown()
            server.server_close()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.port}{path}"

    def take(self, request):
        with self.lock:
            self.requests.append(request)
            answer = self.answers(request)
            if answer == OK:
                self.acknowledged.append(request)
            return answer

    def at(self, path):
        with self.lock:
            return [request for request in self.requests if request.path == path]

    def wait(self, path, count=1):
        """The first `count` requests at a path."""
        return wait_until(
            f"{count} requests at {path}",
            lambda: len(found := self.at(path)) >= count and found[:count],
        )


class SometimesFails:
    """A third of the requests, but no event more than twice: the third wait is a long one."""

    def __init__(self, seed=1):
        self.random = random.Random(seed)
        self.failed = collections.Counter()

    def __call__(self, request):
        event = request.event["id"]
        if self.failed[event] == 2 or self.random.random() >= 1 / 3:
            return OK
        self.failed[event] += 1
        return FAILS


def assert_genuine(request, tenant, secret):
    assert genuine(request.headers, request.body, tenant.key, secret), request
