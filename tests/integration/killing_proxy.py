"""Stands between the deployed function and AWS, and kills the function's process at a given call.

Before a call: the request never reaches AWS. After it: AWS has carried it out, and nobody hears the answer.
The process is found by the connection that the call came over, and must be a child of our own emulator.
"""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psutil

from local.emulator import Emulator


@dataclass(frozen=True)
class KillPoint:
    """When to kill: `call` is claim, publish or complete, `moment` is before or after."""

    call: str
    moment: str


@dataclass
class KillingProxy:
    """A running proxy. `plan` says for which notificationId to kill, once each; `kills` what was done."""

    url: str
    plan: dict[str, KillPoint] = field(default_factory=dict)
    kills: dict[str, KillPoint] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def due(self, call: str | None, text: str) -> tuple[str, KillPoint] | None:
        """The plan's entry for this call, taken out of the plan."""
        with self.lock:
            for notification_id, point in self.plan.items():
                if point.call == call and notification_id in text:
                    self.kills[notification_id] = self.plan.pop(notification_id)
                    return notification_id, point
        return None


@contextlib.contextmanager
def killing_proxy(emulator: Emulator) -> Iterator[KillingProxy]:
    """A proxy on 127.0.0.1 with the emulator's own certificate, in front of `emulator`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(emulator.folder / "tls" / "server.crt", emulator.folder / "tls" / "server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    proxy = KillingProxy(f"https://127.0.0.1:{server.server_address[1]}")
    _Handler.proxy, _Handler.emulator = proxy, emulator
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy: KillingProxy
    emulator: Emulator

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        call = _call_of(self.headers.get("X-Amz-Target", ""), body)
        due = self.proxy.due(call, body.decode())
        if due and due[1].moment == "before":
            self._kill()
            return
        status, headers, answer = self._forward(body)
        if due:
            self._kill()
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = urlsplit(self.emulator.endpoint)
        assert target.hostname
        trust = ssl.create_default_context(cafile=str(self.emulator.certificate))
        connection = HTTPSConnection(target.hostname, target.port, timeout=30, context=trust)
        try:
            # The Host header stays the proxy's: it is signed.
            connection.request("POST", self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _kill(self) -> None:
        self.close_connection = True
        # Both ends: another process may have the same port, on a connection to somewhere else.
        port, ours = self.client_address[1], self.connection.getsockname()[1]
        for child in psutil.Process(self.emulator.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                connections = (each for each in child.net_connections("tcp") if each.laddr and each.raddr)
                if any((each.laddr.port, each.raddr.port) == (port, ours) for each in connections):
                    child.kill()
                    child.wait(10)
                    return
        raise AssertionError(f"no function of the emulator has the connection from port {port}")

    def log_message(self, format: str, *args: Any) -> None:
        del format, args


def _call_of(target: str, body: bytes) -> str | None:
    if target.endswith(".PutEvents"):
        return "publish"
    if not target.endswith(".TransactWriteItems"):
        return None
    values = json.loads(body)["TransactItems"][0]["Update"]["ExpressionAttributeValues"]
    if ":complete" in values:
        return "complete"
    return "claim" if ":leaseUntil" in values else None
