"""The session that the functions call Amazon with, on real connections: kept for a while, repeats nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
import requests

from sellerbus.api.keep_alive import MOST_IDLE_SECONDS, KeepAliveAdapter
from sellerbus.runtime import bootstrap
from tests.unit.api.wire import Time

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: session-id=of-the-first; Path=/\r\n\r\n{}"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"


class Server:
    """Answers every request by the script, the last one again and again; "" ends the connection."""

    def __init__(self, *script: bytes) -> None:
        self.script = list(script)
        self.connections: list[socket.socket] = []
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/x"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self.connections.append(connection)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), closing(connection):
            while request := connection.recv(65_536):
                self.requests.append(request)
                answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                connection.sendall(answer)
                if answer != OK:
                    return

    def close(self) -> None:
        for each in (self._socket, *self.connections):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join(5)


class Scene:
    def __init__(self) -> None:
        self.time = Time()
        self.session = bootstrap.http.__wrapped__()
        self.servers: list[Server] = []

    def server(self, *script: bytes) -> Server:
        self.servers.append(Server(*script))
        return self.servers[-1]

    def post(self, server: Server) -> requests.Response:
        # As short as the requests are, each arrives in one piece.
        return self.session.post(server.url, timeout=5)


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    adapter = scene.session.get_adapter("http://127.0.0.1/")
    assert isinstance(adapter, KeepAliveAdapter)
    clocked = KeepAliveAdapter(pool_connections=4, pool_maxsize=16, clock=scene.time.clock)
    scene.session.mount("http://", clocked)
    try:
        yield scene
    finally:
        adapter.close()
        scene.session.close()
        for server in scene.servers:
            server.close()


@pytest.mark.parametrize(
    ("idle_seconds", "connections"),
    [(0.0, 1), (MOST_IDLE_SECONDS - 1, 1), (MOST_IDLE_SECONDS, 2), (3600.0, 2), (-60.0, 2)],
)
def test_a_connection_is_kept_while_it_can_be_relied_upon(
    scene: Scene, idle_seconds: float, connections: int
) -> None:
    server = scene.server(OK)
    scene.post(server)
    scene.time.now += idle_seconds
    scene.post(server)
    assert len(server.connections) == connections
    scene.post(server)
    assert len(server.connections) == connections


def test_https_is_kept_alike(scene: Scene) -> None:
    adapter = scene.session.get_adapter("https://sellingpartnerapi-na.amazon.com/")
    assert isinstance(adapter, KeepAliveAdapter)
    pool = adapter.poolmanager.connection_from_url("https://sellingpartnerapi-na.amazon.com/")
    assert (pool.scheme, pool.pool.maxsize) == ("https", 16)
    connection = pool._get_conn()
    pool._put_conn(connection)
    assert connection.idle_since > 0


@pytest.mark.parametrize("answer", [b"", CUT, b"nonsense\r\n\r\n"])
@pytest.mark.parametrize("earlier", [[], [OK]])
def test_nothing_is_sent_again_below_the_client(scene: Scene, earlier: list[bytes], answer: bytes) -> None:
    server = scene.server(*earlier, answer)
    for _ in earlier:
        scene.post(server)
    with pytest.raises(requests.RequestException):
        scene.post(server)
    assert len(server.requests) == len(earlier) + 1


def test_an_answer_to_wait_is_not_acted_upon_below_the_client(scene: Scene) -> None:
    server = scene.server(b"HTTP/1.1 503 Slow down\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n")
    assert scene.post(server).status_code == 503
    assert len(server.requests) == 1


def test_cookies_of_one_answer_are_not_sent_with_the_next_request(scene: Scene) -> None:
    server = scene.server(OK)
    scene.post(server)
    scene.post(server)
    assert len(server.requests) == 2
    assert not any(b"ookie" in request for request in server.requests)
