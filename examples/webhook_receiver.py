#!/usr/bin/env python3
"""Receives wscrm's webhooks, verifies both signatures, prints each event.

    API_KEY=… WEBHOOK_SECRET='whsec_…' ./webhook_receiver.py [PORT]

Put it behind a TLS proxy for the real thing, and do your work after the answer, not before: it
has 10 seconds. An event may come twice: its id stays the same.
"""
import base64
import hashlib
import hmac
import http.server
import json
import os
import sys
import time

API_KEY = os.environ["API_KEY"].encode()
SECRET = base64.b64decode(os.environ["WEBHOOK_SECRET"].removeprefix("whsec_"))


def genuine(headers, body):
    """The token says that the ApiKey's owner calls, the signature that nobody changed the body."""
    token = hmac.new(API_KEY, (headers["tenant_id"] + headers["timestamp"]).encode(), hashlib.sha256)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = "v1," + base64.b64encode(hmac.digest(SECRET, signed, "sha256")).decode()
    return (hmac.compare_digest(token.hexdigest(), headers["access_token"])
            and any(hmac.compare_digest(signature, one) for one in headers["webhook-signature"].split())
            and abs(time.time() - int(headers["webhook-timestamp"])) < 300)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = genuine(self.headers, body)
        if good:
            print(json.dumps(json.loads(body), ensure_ascii=False), flush=True)
        answer = json.dumps({"code": 200 if good else 401}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"listening on http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
