"""The simulator as a process or a thread: uvicorn on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"


class CuttableProtocol(H11Protocol):
    """Hands the transport to the application, in the connection's state, so that a fault can close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def _server(app: ASGIApp, on_ready: Callable[[], None]) -> _Server:
    config = uvicorn.Config(
        app,
        http=CuttableProtocol,
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return _Server(config, on_ready)


def _listen(port: int) -> tuple[socket.socket, str]:
    # asyncio sets TCP_NODELAY only where the protocol is named; without it answers wait 40 ms for an ACK.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    return listener, f"http://{HOST}:{listener.getsockname()[1]}"


def run(app: ASGIApp, port: int, announce: Callable[[str], None], ready_file: Path | None = None) -> None:
    """Serves until SIGINT or SIGTERM.

    When connections are accepted, `announce` gets one line of JSON, `{"url": ...}`, and `ready_file` the
    same. Raises OSError where the port is taken.
    """
    listener, url = _listen(port)
    line = json.dumps({"url": url})

    def ready() -> None:
        if ready_file is not None:
            # Renamed into place, so that nobody reads half a line.
            partial = ready_file.with_name(ready_file.name + ".partial")
            partial.write_text(line + "\n", encoding="utf-8")
            partial.replace(ready_file)
        announce(line)

    with listener:
        _server(app, ready).run(sockets=[listener])


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """Serves on a free port from a thread of this process; yields the URL, and stops at the end."""
    listener, url = _listen(0)
    started = threading.Event()
    server = _server(app, started.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    with listener:
        thread.start()
        try:
            if not started.wait(timeout=20):
                raise TimeoutError(f"the simulator did not start at {url} within 20 s")
            yield url
        finally:
            server.should_exit = True
            thread.join(timeout=20)
