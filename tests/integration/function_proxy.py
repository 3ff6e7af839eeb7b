"""Stands between one deployed function and what it calls, and kills its process at a given call of a task.

Before a call: the request goes no further. After it: it was carried out, and nobody hears the answer. Counted
are the calls that change something: writes to the task table, events, answers to the state machine, messages
sent on where `queues` says so, and all calls of Amazon. Whose a call is shows the task that the process read
last: one invocation has one.
"""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import psutil

from local.emulator import Emulator

TASK = re.compile(r"feed-task/([A-Za-z0-9._-]+)")
"""What a call of a feed's step is about, as the keys of its rows say it."""
_CHANGES = frozenset(
    {
        *("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"),
        *("PutEvents", "SendTaskSuccess", "SendMessage"),
    }
)
_HOP_BY_HOP = ("transfer-encoding", "connection", "content-length", "date", "server")


@dataclass(frozen=True)
class Crash:
    """When to kill: at the call of this number, counted from 0, and `before` or `after` it."""

    call: int
    moment: str


@dataclass
class FunctionProxy:
    """What was called for which task, and what shall be, and was, killed; each crash happens once.

    `subject` finds in a request what stands for the task: for another function it may be something else.
    """

    table_name: str
    subject: re.Pattern[str] = TASK
    queues: bool = False
    plan: dict[str, Crash] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kills: dict[str, Crash] = field(default_factory=dict)
    aws_url: str = ""
    amazon_url: str = ""
    _current: dict[int, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def variables(self) -> dict[str, str]:
        """What the function's environment needs to come by here."""
        return {
            "AWS_ENDPOINT_URL_DYNAMODB": self.aws_url,
            "AWS_ENDPOINT_URL_EVENTBRIDGE": self.aws_url,
            "AWS_ENDPOINT_URL_SFN": self.aws_url,
            "SP_API_ENDPOINT": self.amazon_url,
            **({"AWS_ENDPOINT_URL_SQS": self.aws_url} if self.queues else {}),
        }

    def due(self, pid: int, call: str | None, body: str) -> str | None:
        """Takes note of a call by a process; the moment at which to kill it for that, if it shall be."""
        with self._lock:
            if found := self.subject.search(body):
                self._current[pid] = found[1]
            task_id = self._current.get(pid)
            if call is None or task_id is None:
                return None
            number = len(self.calls[task_id])
            self.calls[task_id].append(call)
            crash = self.plan.get(task_id)
            if crash is None or crash.call != number or task_id in self.kills:
                return None
            self.kills[task_id] = crash
            return crash.moment


@contextlib.contextmanager
def function_proxy(
    emulator: Emulator, amazon: str, table_name: str, subject: re.Pattern[str] = TASK, *, queues: bool = False
) -> Iterator[FunctionProxy]:
    """A proxy on 127.0.0.1 in front of `emulator`, with its certificate, and of `amazon`, a URL."""
    proxy = FunctionProxy(table_name, subject, queues)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(emulator.folder / "tls" / "server.crt", emulator.folder / "tls" / "server.key")
    with _serving(proxy, emulator, emulator.endpoint) as aws, _serving(proxy, emulator, amazon) as to_amazon:
        aws.socket = context.wrap_socket(aws.socket, server_side=True)
        proxy.aws_url = f"https://127.0.0.1:{aws.server_address[1]}"
        proxy.amazon_url = f"http://127.0.0.1:{to_amazon.server_address[1]}"
        for server in (aws, to_amazon):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        yield proxy


@contextlib.contextmanager
def _serving(proxy: FunctionProxy, emulator: Emulator, upstream: str) -> Iterator[ThreadingHTTPServer]:
    attributes = {"proxy": proxy, "emulator": emulator, "upstream": upstream}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), attributes))
    server.daemon_threads = True
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """One connection of the function, which is one process's from its first request to its last."""

    protocol_version = "HTTP/1.1"
    proxy: FunctionProxy
    emulator: Emulator
    upstream: str
    caller: psutil.Process | None = None

    def do_POST(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.caller = self.caller or self._find_caller()
        if self.caller is None:
            # It was killed, for a call on another connection, since it sent this.
            self.close_connection = True
            return
        text = body.decode(errors="replace")
        moment = self.proxy.due(self.caller.pid, self._call(text), text)
        if moment == "before":
            self._kill(self.caller)
            return
        try:
            status, headers, answer = self._forward(body)
        except (HTTPException, OSError):
            # Amazon's stand-in has cut the connection; so is this one.
            self.close_connection = True
            return
        if moment == "after":
            self._kill(self.caller)
            return
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        # Whoever asked may have been killed for a call on another connection.
        with contextlib.suppress(ConnectionError):
            self.end_headers()
            self.wfile.write(answer)

    def _call(self, body: str) -> str | None:
        """The name of a call that counts."""
        target = self.headers.get("X-Amz-Target")
        if target is None:
            return f"{self.command} {self.path.partition('?')[0].split('/')[3]}"
        service, _, operation = target.rpartition(".")
        of_tasks = not service.startswith("DynamoDB") or self.proxy.table_name in body
        return operation if operation in _CHANGES and of_tasks else None

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        target = urlsplit(self.upstream)
        assert target.hostname
        connection: HTTPConnection
        if target.scheme == "https":
            trust = ssl.create_default_context(cafile=str(self.emulator.certificate))
            connection = HTTPSConnection(target.hostname, target.port, timeout=60, context=trust)
        else:
            connection = HTTPConnection(target.hostname, target.port, timeout=60)
        try:
            # The Host header stays the proxy's: AWS's signature covers it.
            connection.request(self.command, target.path + self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _find_caller(self) -> psutil.Process | None:
        # Both ends: another process may have the same port, on a connection to somewhere else.
        ends = self.client_address[1], self.connection.getsockname()[1]
        children = psutil.Process(self.emulator.process.pid).children(recursive=True)
        # Mostly one that has just begun; to look at a process's connections takes its time.
        for child in sorted(children, key=psutil.Process.create_time, reverse=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                connections = (each for each in child.net_connections("tcp") if each.laddr and each.raddr)
                if any((each.laddr.port, each.raddr.port) == ends for each in connections):
                    return child
        return None

    def _kill(self, caller: psutil.Process) -> None:
        self.close_connection = True
        caller.kill()
        caller.wait(10)

    def log_message(self, format: str, *args: Any) -> None:
        del format, args
