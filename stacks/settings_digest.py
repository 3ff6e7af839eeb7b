"""Digests of a cell's settings and of the code, by which a deployment can be told from another.

The stack Operations has them as outputs; `sellerbus doctor` compares those with what it has itself.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from stacks.settings_model import Settings

SETTINGS = "SettingsDigest"
CODE = "CodeDigest"

_FOLDERS = ("stacks", "lambdas")
_FILES = ("app.py", "cdk.json", "requirements.txt")
_ENDINGS = frozenset({".py", ".txt", ".json", ".yaml"})
_LENGTH = 16


def of_settings(settings: Settings) -> str:
    """A digest of everything that is configured for the cell."""
    content = json.dumps(settings.model_dump(mode="json"), sort_keys=True)
    return _digest([content.encode()])


def of_code(root: Path) -> str:
    """A digest of the files under `root` that decide what is deployed."""
    return _digest(
        part
        for path in _files(root)
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes())
    )


def _files(root: Path) -> Iterator[Path]:
    yield from (root / name for name in _FILES)
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            hidden = any(part.startswith((".", "__")) for part in path.relative_to(root).parts[:-1])
            if path.suffix in _ENDINGS and path.is_file() and not hidden:
                yield path


def _digest(parts: Iterator[bytes] | list[bytes]) -> str:
    whole = hashlib.sha256()
    for part in parts:
        # The length keeps two parts apart from one that is made of both.
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()[:_LENGTH]
