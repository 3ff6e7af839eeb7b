"""Findings as they are shown to the person who gave the message on the command line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from ops.message_files import LocalFile
from sellerbus.messaging.finding import Finding

_ATTACHMENT: Final = re.compile(r"attachments\[(\d+)\]")
_TEXT_OPTIONS: Final = "--text, --text-file or --template"


def as_given(findings: Sequence[Finding], files: Sequence[LocalFile]) -> list[dict[str, Any]]:
    """Return the findings' documents, in which files go by their paths, and a text by its options."""
    return [_as_given(dict(each.document()), files) for each in findings]


def _as_given(row: dict[str, Any], files: Sequence[LocalFile]) -> dict[str, Any]:
    def path(found: re.Match[str]) -> str:
        number = int(found[1])
        return str(files[number].path) if number < len(files) else found[0]

    row["field"] = _ATTACHMENT.sub(path, str(row["field"])).removesuffix(".fileName")
    row["text"] = _ATTACHMENT.sub(path, str(row["text"]))
    if row["rule"] == "text-missing":
        row["text"] = f"{row['text']} (give it with {_TEXT_OPTIONS})"
    return row
