"""Stands in for the presigned storage of the bench: gives one file, and takes whatever is put.

Run as a process of its own, so that it takes none of the measured one's time. Prints its port.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_BUFFER_BYTES = 1 << 20


class _Handler(BaseHTTPRequestHandler):
    document: Path

    def do_GET(self) -> None:
        with self.document.open("rb") as file:
            self.send_response(200)
            self.send_header("Content-Length", str(self.document.stat().st_size))
            self.end_headers()
            self.wfile.flush()
            self.connection.sendfile(file)

    def do_PUT(self) -> None:
        left = int(self.headers["Content-Length"])
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        while left:
            count = self.rfile.readinto1(buffer[:left])
            if not count:
                return
            left -= count
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


if __name__ == "__main__":
    _Handler.document = Path(sys.argv[1])
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()
