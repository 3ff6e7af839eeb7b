"""Whether Amazon takes the files that are attached to a message. Pure.

Source: the live action lists of the Messaging API ("You can upload text files, PDFs, Word documents, and
these image file types: .jpg, .gif, and .png. The total size of attachments must be less than 10 MB.").
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.messaging.file_kinds import NAMES, kind, kind_by_name
from sellerbus.messaging.finding import Finding

LARGEST_TOTAL_BYTES: Final = 10_000_000
"""Of all attachments together; this many is too much. Of what 10 MB can mean, it is the smaller."""
HEAD_BYTES: Final = 65_536
"""So much of each file's beginning is enough to be looked at."""
LONGEST_NAME_BYTES: Final = 255

_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks of writing direction can make one ending read as another.
_DIRECTIONS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class AttachedFile(Protocol):
    """What is looked at. head: the first HEAD_BYTES of the content, or all of it."""

    @property
    def file_name(self) -> str: ...

    @property
    def size_bytes(self) -> int: ...

    @property
    def head(self) -> bytes: ...


@dataclass(frozen=True)
class Attachment:
    """An attached file, where there is nothing more of it than what is looked at."""

    file_name: str = field(repr=False)
    size_bytes: int
    head: bytes = field(repr=False)


def file_findings(files: Sequence[AttachedFile]) -> Iterator[Finding]:
    """Yield what is wrong with the files themselves, whichever message they are for."""
    total = sum(each.size_bytes for each in files)
    if total >= LARGEST_TOTAL_BYTES:
        yield Finding(
            "attachments-too-large",
            "attachments",
            f"the attachments have {total:,} bytes together: they must have less than 10 MB "
            f"({LARGEST_TOTAL_BYTES:,} bytes)",
            limit=f"{LARGEST_TOTAL_BYTES} bytes",
        )
    seen: dict[str, int] = {}
    for number, each in enumerate(files):
        where = f"attachments[{number}]"
        yield from _name_findings(each.file_name, f"{where}.fileName")
        first = seen.setdefault(unicodedata.normalize("NFC", each.file_name).casefold(), number)
        if first != number:
            text = f"it has the same name as attachments[{first}]: give each its own"
            yield Finding("attachment-name", f"{where}.fileName", text)
        yield from _content_findings(each, where)


def _content_findings(each: AttachedFile, where: str) -> Iterator[Finding]:
    named = kind_by_name(each.file_name)
    if named is None:
        text = (
            "Amazon takes text files, PDFs, Word documents and images: "
            f"the file's name must end with one of {NAMES}"
        )
        yield Finding("attachment-type-by-name", f"{where}.fileName", text, limit=NAMES)
    if each.size_bytes == 0:
        yield Finding("empty-attachment", where, "the file is empty", limit="1 byte at least")
        return
    found = kind(each.file_name, each.head, each.size_bytes)
    if named is not None and found != named:
        text = (
            f"it is {named} by its name and {found} by its content: name and content must agree, "
            "and be of a kind that Amazon takes"
        )
        yield Finding("attachment-type-by-content", where, text, limit="name and content of one kind")


def _name_findings(name: str, where: str) -> Iterator[Finding]:
    faults: list[tuple[str, str | None]] = []
    if "/" in name or "\\" in name or name[1:2] == ":":
        faults.append(
            (
                "the file's name has a slash, a backslash or a drive: give the name alone, without folders",
                None,
            )
        )
    if any(unicodedata.category(sign) in _CONTROLS or sign in _DIRECTIONS for sign in name):
        faults.append(("the file's name has control characters", None))
    if name.startswith("."):
        faults.append(("the file's name begins with a dot", None))
    if not name.strip():
        faults.append(("the file has no name", None))
    elif name != name.strip():
        faults.append(("the file's name begins or ends with a blank", None))
    size = len(name.encode("utf-8", "surrogatepass"))
    if size > LONGEST_NAME_BYTES:
        text = f"the file's name has {size} bytes in UTF-8: it may have {LONGEST_NAME_BYTES}"
        faults.append((text, f"{LONGEST_NAME_BYTES} bytes"))
    for text, limit in faults:
        yield Finding("attachment-name", where, text, limit=limit)
