"""The attachments that the demo's messages carry: the smallest files of each type that Amazon takes."""

from __future__ import annotations

import base64
import io
import zipfile
from pathlib import Path
from typing import Final

EXAMPLE: Final = Path(__file__).resolve().parent / "data" / "messages" / "example.txt"
"""The attachment of Amazon's guide to the Messaging API: its name, and what the guide's program writes."""
MOST_BYTES: Final = 10_000_000
"""All attachments of a message together must be smaller."""

_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
_GIF = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
_PARTS = {
    "[Content_Types].xml": (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument'
        '.wordprocessingml.document.main+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="r" Target="word/document.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ),
}


def pdf(title: str) -> bytes:
    """A PDF of one empty page; `title`, in ASCII, makes it another file."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>",
        b"<</Title(" + title.encode("ascii") + b")>>",
    ]
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, part in enumerate(parts, start=1):
        places.append(len(written))
        written += b"%d 0 obj%s endobj\n" % (number, part)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer<</Size %d/Root 1 0 R/Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(parts) + 1,
        table,
    )
    return bytes(written)


def png() -> bytes:
    """An image of one pixel."""
    return base64.b64decode(_PNG)


def gif() -> bytes:
    """An image of one pixel."""
    return base64.b64decode(_GIF)


def docx(text: str) -> bytes:
    """A Word document of one paragraph."""
    document = (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f"<w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in {**_PARTS, "word/document.xml": document}.items():
            package.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def large(size_bytes: int) -> bytes:
    """A text file of so many bytes."""
    line = b"One line of a text that is long.\n"
    return (line * (size_bytes // len(line) + 1))[:size_bytes]
