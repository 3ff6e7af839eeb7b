"""What kind of file an attachment is, by its name and by its first bytes. Pure.

Sources for the first bytes: ISO 32000 (PDF; by its annex H the header may stand somewhere in the first 1024),
ECMA-376 part 2 (Office Open XML packages), MS-CFB (.doc), ISO/IEC 10918-1 (JPEG), the GIF89a specification
and ISO/IEC 15948 (PNG).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Final

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

UNKNOWN: Final = "a file of an unknown kind"

_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_OTHER_ZIP: Final = "a ZIP archive, and no Word document"
_STARTS: Final = (
    (_PDF, PDF),
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
# Photos of phones, often under the name of a JPEG. The bytes before say how long the part is.
_PHOTO: Final = re.compile(rb"RIFF.{4}(WEBP)|.{4}ftyp(?:hei[cxms]|mif1|msf1|avif)", re.DOTALL)
_OLE_STREAMS: Final = {
    "WordDocument": DOC,
    "Workbook": "an Excel workbook",
    "Book": "an Excel workbook",
    "PowerPoint Document": "a PowerPoint presentation",
    "EncryptedPackage": "a document with a password",
}
_OLE_ENTRY_BYTES: Final = 128
# "MZ", "BM" and "{\rtf" are letters: a text may begin with them.
_LETTERS: Final = frozenset({b"MZ", b"BM", b"{\\rtf"})
_TEXT_CONTROLS: Final = frozenset(b"\t\n\v\f\r\x1a\x1b")


def kind_by_name(file_name: str) -> str | None:
    """Return what the name's ending stands for; None where Amazon doesn't take it."""
    return KINDS.get(_ending(file_name))


def kind(file_name: str, head: bytes, size_bytes: int) -> str:
    """Return what the file is. Its name counts only where a PDF has something before its header."""
    found = kind_by_content(head, size_bytes)
    looks_otherwise = found in {TEXT, UNKNOWN} and kind_by_name(file_name) == PDF
    return PDF if looks_otherwise and _PDF in head[:_PDF_WITHIN] else found


def kind_by_content(head: bytes, size_bytes: int) -> str:
    """Return what the content is, in the words of KINDS or others; UNKNOWN if need be."""
    if head.startswith(_ZIP):
        return _kind_of_zip(head, whole=size_bytes <= len(head))
    if head.startswith(_OLE):
        return _kind_of_ole(head)
    if photo := _PHOTO.match(head):
        return "a WebP image" if photo[1] else "a HEIC or AVIF image"
    binary = next((kind for start, kind in _STARTS if start not in _LETTERS and head.startswith(start)), None)
    if binary is not None:
        return binary
    if _is_text(head, whole=size_bytes <= len(head)):
        return "a rich text document" if head.startswith(b"{\\rtf") else TEXT
    return next((kind for start, kind in _STARTS if head.startswith(start)), UNKNOWN)


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
    """The names of the entries whose local headers are in `head` (APPNOTE.TXT, 4.3.7).

    What lies in an entry is passed over where its header has the size, so that an archive in
    it tells nothing.
    """
    at = 0
    while at >= 0 and head.startswith(_ZIP, at):
        flags, size, name, extra = (
            int.from_bytes(head[at + first : at + last], "little")
            for first, last in ((6, 8), (18, 22), (26, 28), (28, 30))
        )
        content = at + 30 + name + extra
        yield head[at + 30 : at + 30 + name]
        # Bit 3: the size follows the content. All ones: it stands in the extra field.
        at = head.find(_ZIP, content) if flags & 8 or size == 0xFFFFFFFF else content + size


def _kind_of_ole(head: bytes) -> str:
    """What a compound file holds, by the first sector of its directory (MS-CFB, 2.2 and 2.6.1).

    A .doc where that can't be told: the sector may lie behind `head`, and its document behind the sector.
    """
    shift, first = int.from_bytes(head[30:32], "little"), int.from_bytes(head[48:52], "little")
    if shift not in {9, 12}:
        return DOC
    start = (first + 1) << shift
    sector = head[start : start + (1 << shift)]
    for at in range(0, len(sector), _OLE_ENTRY_BYTES):
        entry = sector[at : at + _OLE_ENTRY_BYTES]
        name = entry[:64].decode("utf-16-le", "replace").partition("\0")[0]
        if name in _OLE_STREAMS:
            return _OLE_STREAMS[name]
    return DOC


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
