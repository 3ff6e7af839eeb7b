"""Bytes that the simulated storage keeps: small ones in memory, large ones in a file that has no name."""

from __future__ import annotations

import hashlib
import os
import tempfile
import weakref
from collections.abc import Iterable, Iterator

IN_MEMORY_BYTES = 1024 * 1024
CHUNK_BYTES = 1024 * 1024


class Blob:
    """Finished bytes. Several readers may read at once."""

    def __init__(self, writer: BlobWriter) -> None:
        self.size = writer.size
        self.md5 = writer.md5()
        self.sha256 = writer.sha256()
        self._memory = bytes(writer.memory)
        self._file = writer.file
        if self._file is not None:
            weakref.finalize(self, os.close, self._file)

    def chunks(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, and without, `end`."""
        end = self.size if end is None else min(end, self.size)
        while start < end:
            wanted = min(CHUNK_BYTES, end - start)
            if self._file is None:
                chunk = self._memory[start : start + wanted]
            else:
                chunk = os.pread(self._file, wanted, start)
            start += len(chunk)
            yield chunk


class BlobWriter:
    """Bytes in the making: `write` them, then `finish` or `abandon`."""

    def __init__(self) -> None:
        self.size = 0
        self.memory = bytearray()
        self.file: int | None = None
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._md5.update(chunk)
        self._sha256.update(chunk)
        if self.file is None and self.size > IN_MEMORY_BYTES:
            self.file, name = tempfile.mkstemp(prefix="simulator-")
            # Without a name it is gone with the process, however that ends.
            os.unlink(name)  # noqa: PTH108 - a descriptor's file, not a path that anybody holds
            _write_all(self.file, self.memory)
            self.memory.clear()
        if self.file is None:
            self.memory += chunk
        else:
            _write_all(self.file, chunk)

    def md5(self) -> bytes:
        return self._md5.digest()

    def sha256(self) -> bytes:
        return self._sha256.digest()

    def finish(self) -> Blob:
        return Blob(self)

    def abandon(self) -> None:
        if self.file is not None:
            os.close(self.file)
            # The number may be another file's from now on.
            self.file = None


def blob_of(chunks: Iterable[bytes]) -> Blob:
    writer = BlobWriter()
    for chunk in chunks:
        writer.write(chunk)
    return writer.finish()


def _write_all(file: int, content: bytes | bytearray) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(file, view) :]
