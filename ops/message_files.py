"""Attachments as they lie on this machine. No more of them is held than Amazon takes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ops.errors import WRONG_INPUT, CommandError
from sellerbus.messaging.attachment_files import HEAD_BYTES, MOST_BYTES


@dataclass(frozen=True)
class LocalFile:
    """A file, and the name under which the buyer gets it. head: its first 64 KiB.

    digest: the SHA-256 of the bytes in hexadecimal, or what stands for it where they are too many. content:
    None where it is larger than all attachments of a message may be together, or is not held any more.
    """

    path: Path = field(repr=False)
    file_name: str = field(repr=False)
    size_bytes: int
    digest: str
    head: bytes = field(repr=False)
    content: bytes | None = field(repr=False)

    def checked(self) -> LocalFile:
        """Return the file without its bytes: of many messages they would be too much to hold."""
        return replace(self, head=b"", content=None)

    def loaded(self) -> bytes:
        """Return the bytes; raises CommandError where they are not those that were checked any more."""
        if self.content is not None:
            return self.content
        again = read(self.path)
        if again.content is None or again.digest != self.digest:
            raise CommandError(f"{self.path} was changed while the command ran: run it again.", WRONG_INPUT)
        return again.content


def read(path: Path) -> LocalFile:
    """Read a file; raises CommandError where it can't be read."""
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES)
            if len(content) < MOST_BYTES:
                digest = hashlib.sha256(content).hexdigest()
                return LocalFile(path, path.name, len(content), digest, content[:HEAD_BYTES], content)
            size = file.seek(0, 2)
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.", WRONG_INPUT) from error
    return LocalFile(path, path.name, size, f"{size} bytes", content[:HEAD_BYTES], None)


def read_all(paths: Sequence[Path]) -> tuple[LocalFile, ...]:
    """Read the files of one message; raises CommandError, which names every one that can't be read."""
    found, faults = readable(paths)
    if faults:
        raise CommandError(" ".join(faults), WRONG_INPUT)
    return found


def readable(paths: Sequence[Path]) -> tuple[tuple[LocalFile, ...], list[str]]:
    """Return the files that can be read, and why the others can't."""
    found: list[LocalFile] = []
    faults: list[str] = []
    for path in paths:
        try:
            found.append(read(path))
        except CommandError as error:
            faults.append(str(error))
    return tuple(found), faults
