"""Unpacks a layer once, and not for every process of every function.

ministack 1.5.33 unpacks all layers of a function anew for each process, which then compiles what it imports:
half a second of a cold start, in which the emulator does nothing else. Here the first process unpacks and
compiles, and the others find both.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

_FOLDER: Final = "unpacked"
_lock = threading.Lock()


class SharedZip:
    """What the emulator uses of a ZipFile; it unpacks by links to one copy of the same content."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)

    def __enter__(self) -> SharedZip:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def namelist(self) -> list[str]:
        """Nothing that the emulator would have to look through for names that lead elsewhere."""
        return []

    def extractall(self, folder: str) -> None:
        """Links all that lies at the top of the archive into a folder."""
        for entry in self._unpacked().iterdir():
            (Path(folder) / entry.name).symlink_to(entry)

    def _unpacked(self) -> Path:
        with self._file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        folder = Path(tempfile.gettempdir()) / _FOLDER / digest
        with _lock:
            if not folder.exists():
                # A name that leads elsewhere is taken for one that doesn't: ZipFile sees to it.
                unfinished = folder.with_suffix(".unfinished")
                with zipfile.ZipFile(self._file) as archive:
                    archive.extractall(unfinished)
                unfinished.rename(folder)
        return folder


def fit(lambda_runtime: Any) -> None:
    """Takes the place of the module by which the emulator's module of processes unpacks."""
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=SharedZip, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
