#!/usr/bin/env python3
"""Prints wscrm's webhooks: API_KEY=… WEBHOOK_SECRET=whsec_… ./webhook_receiver.py [PORT]

An event may come twice, with the same id. Answer within 10 seconds; work on it afterwards.
"""
import base64
import hmac
import http.server
import json
import os
import sys
import time


def genuine(headers, body, api_key, secret):
    """The token: whoever calls has the ApiKey. The signature: nobody changed the body."""
    token = hmac.digest(api_key.encode(), (headers["tenant_id"] + headers["timestamp"]).encode(), "sha256")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return (hmac.compare_digest(token.hex(), headers["access_token"])
            and any(hmac.compare_digest(signature, each) for each in headers["webhook-signature"].split())
            and abs(time.time() - int(headers["webhook-timestamp"])) < 300)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # the answer leaves in one piece

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = genuine(self.headers, body, os.environ["API_KEY"], os.environ["WEBHOOK_SECRET"])
        if good:
            print(json.dumps(json.loads(body)), flush=True)
        answer = b'{"code":200}' if good else b'{"code":401}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


if __name__ == "__main__":
    address = ("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000)
    http.server.ThreadingHTTPServer(address, Receiver).serve_forever()
