"""What kind of file an attachment is, by its name and by its first bytes, and whether Amazon takes it. Pure.

Sources: the live action lists of the Messaging API ("You can upload text files, PDFs, Word documents, and
these image file types: .jpg, .gif, and .png. The total size of attachments must be less than 10 MB."); for
the first bytes ISO 32000 (PDF), ECMA-376 part 2 (Office Open XML packages), MS-CFB (.doc), ISO/IEC 10918-1
(JPEG), the GIF89a specification and ISO/IEC 15948 (PNG).
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.messaging.finding import Finding

LARGEST_TOTAL_BYTES: Final = 10_000_000
"""Of all attachments together; this many is too much. Of what 10 MB can mean, it is the smaller."""
HEAD_BYTES: Final = 65_536
"""So much of each file's beginning is enough to be looked at."""
LONGEST_NAME_BYTES: Final = 255

TEXT: Final = "a text file"
PDF: Final = "a PDF"
DOC: Final = "a Word document (.doc)"
DOCX: Final = "a Word document (.docx)"
JPEG: Final = "a JPEG image"
GIF: Final = "a GIF image"
PNG: Final = "a PNG image"

KINDS: Final = {
    ".txt": TEXT,
    ".pdf": PDF,
    ".doc": DOC,
    ".docx": DOCX,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".gif": GIF,
    ".png": PNG,
}
NAMES: Final = " ".join(KINDS)

_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_OTHER_ZIP: Final = "a ZIP archive, and no Word document"
_STARTS: Final = (
    (b"%PDF-", PDF),
    (_OLE, DOC),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"{\\rtf", "a rich text document"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf\x27\x1c", "an archive"),
    (b"\x1f\x8b", "a compressed file"),
    (b"BM", "a BMP image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
)
# "MZ", "BM" and "{\rtf" are letters: a text may begin with them.
_LETTERS: Final = frozenset({b"MZ", b"BM", b"{\\rtf"})
_CONTROLS: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks of writing direction can make one ending read as another.
_DIRECTIONS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TEXT_CONTROLS: Final = frozenset(b"\t\n\r\f\x1a\x1b")


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


def kind_by_name(file_name: str) -> str | None:
    """Return what the name's ending stands for; None where Amazon doesn't take it."""
    return KINDS.get(_ending(file_name))


def kind_by_content(head: bytes, size_bytes: int) -> str:
    """Return what the content is, in the words of KINDS or others; "a file of an unknown kind" if need be."""
    if head.startswith(_ZIP):
        return _kind_of_zip(head, whole=size_bytes <= len(head))
    binary = next((kind for start, kind in _STARTS if start not in _LETTERS and head.startswith(start)), None)
    if binary is not None:
        return binary
    if _is_text(head, whole=size_bytes <= len(head)):
        return "a rich text document" if head.startswith(b"{\\rtf") else TEXT
    return next((kind for start, kind in _STARTS if head.startswith(start)), "a file of an unknown kind")


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
    found = kind_by_content(each.head, each.size_bytes)
    if named is not None and found != named:
        text = f"it is {named} by its name and {found} by its content: give it the ending of what it is"
        yield Finding("attachment-type-by-content", where, text, limit=named)


def _name_findings(name: str, where: str) -> Iterator[Finding]:
    faults: list[tuple[str, str | None]] = []
    if "/" in name or "\\" in name:
        faults.append(
            ("the file's name has a slash or backslash: give the name alone, without folders", None)
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


def _ending(file_name: str) -> str:
    stem, dot, ending = file_name.rpartition(".")
    return f".{ending.lower()}" if dot and stem else ""


def _kind_of_zip(head: bytes, *, whole: bool) -> str:
    """A .docx is a ZIP archive with its parts under word/; other Office documents have theirs elsewhere."""
    entries = list(_zip_entries(head))
    if any(name.startswith(b"word/") for name in entries):
        return DOCX
    if any(name.startswith((b"xl/", b"ppt/")) for name in entries):
        return "another Office document, and no Word document"
    package = any(name in {b"[Content_Types].xml", b"_rels/.rels"} for name in entries)
    # The part that tells may stand behind a long one: then a package gets the benefit of the doubt.
    return DOCX if package and not whole else _OTHER_ZIP


def _zip_entries(head: bytes) -> Iterator[bytes]:
    """The names of the entries whose local headers are in `head` (APPNOTE.TXT, 4.3.7)."""
    at = head.find(_ZIP)
    while at >= 0:
        length = int.from_bytes(head[at + 26 : at + 28], "little")
        yield head[at + 30 : at + 30 + length]
        at = head.find(_ZIP, at + 4)


def _is_text(head: bytes, *, whole: bool) -> bool:
    """Whether the bytes are text: in UTF-16 with a mark, or in any charset that has ASCII's control signs.

    Other files that have none of them, in their first bytes, are very small.
    """
    if not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return not any(byte < 32 and byte not in _TEXT_CONTROLS for byte in head)
    try:
        text = codecs.getincrementaldecoder("utf-16")().decode(head, whole)
    except UnicodeDecodeError:
        return False
    return not any(ord(sign) < 32 and ord(sign) not in _TEXT_CONTROLS for sign in text)
