"""Files are known by their names and by their first bytes, and both must agree."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from sellerbus.messaging.attachments import (
    HEAD_BYTES,
    LARGEST_TOTAL_BYTES,
    Attachment,
    file_findings,
)
from sellerbus.messaging.file_kinds import kind_by_content, kind_by_name


def archive(*names: str, first_bytes: int = 0) -> bytes:
    """A ZIP archive with files of these names; the first has `first_bytes` bytes that don't compress."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as packed:
        for number, name in enumerate(names):
            packed.writestr(name, b"\xaa" * (first_bytes if number == 0 else 5))
    return held.getvalue()


def archive_of(files: dict[str, bytes]) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return held.getvalue()


class Pipe(io.RawIOBase):
    """What can't go back, as a web server's answer: sizes stand behind the contents then."""

    def __init__(self) -> None:
        self.content = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, chunk: Any) -> int:
        self.content += chunk
        return len(chunk)


def streamed(*names: str) -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, b"x" * 100)
    return bytes(pipe.content)


def compound(stream: str, shift: int = 9) -> bytes:
    """A compound file with its directory in the sector after the header, with this stream."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + shift.to_bytes(2, "little")
    entries = [name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", stream)]
    return header.ljust(1 << shift, b"\0") + b"".join(entries)


def attached(name: str, content: bytes) -> Attachment:
    return Attachment(name, len(content), content[:HEAD_BYTES])


def rules(*files: Attachment) -> list[tuple[str, str]]:
    return [(each.rule, each.field) for each in file_findings(files)]


DOCX = archive("[Content_Types].xml", "_rels/.rels", "word/document.xml")
XLSX = archive("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml")
NESTED = archive_of({"copy.docx": DOCX})
SLIDES = archive_of({"[Content_Types].xml": b"", "ppt/embeddings/a.docx": DOCX, "ppt/slides/a.xml": b""})
LONG_DOCX = archive("[Content_Types].xml", "docProps/thumbnail.jpeg", "word/document.xml", first_bytes=70_000)
GOOD = {
    "a.txt": b"Hello",
    "b.TXT": "Grüße".encode("cp1252"),
    "c.txt": "こんにちは".encode("shift_jis"),
    "d.txt": "Viele Grüße".encode("utf-16"),
    "e.txt": b"MZ is a sign, BM another one",
    "f.pdf": b"%PDF-1.4\n...",
    "g.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 500,
    "g2.doc": compound("WordDocument"),
    "g3.doc": compound("SomethingElse", shift=12),
    "h.docx": DOCX,
    "h2.docx": streamed("[Content_Types].xml", "word/document.xml"),
    "h3.docx": archive("word/document.xml", "[Content_Types].xml"),
    "f2.pdf": b"\n\xef\xbb\xbf%PDF-1.4\n",
    "f3.pdf": b"a job's header\x00" * 60 + b"%PDF-1.4\n",
    "e2.txt": b"one\x0bline",
    "e3.txt": b"how a %PDF-1.4 begins",
    "e4.txt": b"\xfe\xff" + "Viele Gr\u00fc\u00dfe".encode("utf-16-be"),
    "i.docx": LONG_DOCX,
    "j.jpg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "k.jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif",
    "l.gif": b"GIF87a\x01",
    "m.Gif": b"GIF89a\x01",
    "n.png": b"\x89PNG\r\n\x1a\n\x00",
    "Rechnung 12.03. für Käufer.pdf": b"%PDF-1.7",
    "請求書.pdf": b"%PDF-1.7",
}


@pytest.mark.parametrize("name", GOOD)
def test_files_that_are_what_they_are_called_pass(name: str) -> None:
    assert rules(attached(name, GOOD[name])) == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.pdf", b"GIF89a", "a PDF by its name and a GIF image by its content"),
        ("a.png", b"\xff\xd8\xff\xe0", "a JPEG image by its content"),
        ("a.jpg", b"\x89PNG\r\n\x1a\n", "a PNG image by its content"),
        ("a.txt", b"%PDF-1.7", "a PDF by its content"),
        ("a.txt", b"MZ\x90\x00\x03", "a program by its content"),
        ("a.txt", b"Hello\x00World", "a file of an unknown kind"),
        ("a.txt", b"\xff\xfea\x00\x00\x00", "a file of an unknown kind"),
        ("a.txt", "a\x1f".encode("utf-16"), "a file of an unknown kind"),
        ("a.txt", b"a\x1f", "a file of an unknown kind"),
        ("a.txt", b"\xff\xfea", "a file of an unknown kind"),
        ("a.pdf", b"<html>", "a text file by its content"),
        ("a.doc", DOCX, "a Word document (.docx) by its content"),
        ("a.doc", rb"{\rtf1 Hello}", "a rich text document by its content"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Word document (.doc) by its content"),
        ("a.docx", XLSX, "another Office document"),
        ("a.docx", archive("a.txt"), "a ZIP archive"),
        ("a.docx", archive("[Content_Types].xml", "a.txt"), "a ZIP archive"),
        ("a.docx", b"PK\x03\x04", "a ZIP archive"),
        ("a.docx", b"PK\x03\x04" * 16_384, "a ZIP archive"),
        ("a.docx", NESTED, "a ZIP archive"),
        ("a.docx", SLIDES, "another Office document"),
        ("a.docx", compound("EncryptedPackage"), "a document with a password"),
        ("a.doc", compound("Workbook"), "an Excel workbook"),
        ("a.doc", compound("PowerPoint Document", shift=12), "a PowerPoint presentation"),
        ("a.pdf", b"\x00" * 1024 + b"%PDF-1.4", "a file of an unknown kind"),
        ("a.pdf", b"GIF89a%PDF-1.4", "a GIF image"),
        ("a.jpg", b"RIFF\n\x00\x00\x00WEBPVP8 ", "a WebP image"),
        ("a.jpg", b"\x00\x00\x00\x18ftypheic\x00", "a HEIC or AVIF image"),
        ("a.jpg", b"BM\x00\x01", "a BMP image"),
        ("a.png", b"II*\x00", "a TIFF image"),
    ],
)
def test_content_that_is_something_else_is_told(name: str, content: bytes, told: str) -> None:
    (finding,) = file_findings([attached(name, content)])
    assert (finding.rule, finding.field) == ("attachment-type-by-content", "attachments[0]")
    # Neither says that the other is what it should be: a text called .png is no PNG image for its name.
    assert "name and content must agree" in finding.text
    assert finding.limit == "name and content of one kind"
    assert told in finding.text


@pytest.mark.parametrize("name", ["a.exe", "a", "a.", "a.pdf.zip", "a.xlsx", "a.html", "a.bmp"])
def test_names_that_amazon_does_not_take_are_told(name: str) -> None:
    assert kind_by_name(name) is None
    (finding,) = file_findings([attached(name, b"Hello")])
    assert (finding.rule, finding.field) == ("attachment-type-by-name", "attachments[0].fileName")
    assert ".docx" in str(finding.limit)


@pytest.mark.parametrize(
    "name",
    [
        "../a.txt",
        "folder/a.txt",
        "C:\\a.txt",
        "C:a.txt",
        "invoice\u061ctxt.pdf.txt",
        "a\x00.txt",
        "a\n.txt",
        "invoice\u202etxt.pdf.txt",
        "a\u2028.txt",
        " a.txt",
        "x" * 252 + ".txt",
        "é" * 126 + ".txt",
    ],
)
def test_names_that_are_no_plain_file_names_are_told(name: str) -> None:
    assert ("attachment-name", "attachments[0].fileName") in rules(attached(name, b"Hello"))


@pytest.mark.parametrize("name", ["", " ", ".txt", ".hidden.txt"])
def test_names_without_a_name_are_told(name: str) -> None:
    assert "attachment-name" in [rule for rule, _ in rules(attached(name, b"Hello"))]


def test_names_of_the_allowed_length_pass() -> None:
    assert rules(attached("x" * 251 + ".txt", b"Hello")) == []


def test_neither_name_nor_content_shows_in_a_repr() -> None:
    assert "Jane" not in repr(attached("Jane.txt", b"Dear Jane"))


def test_two_files_of_one_name_are_told() -> None:
    files = [attached(name, b"Hello") for name in ("a.txt", "b.txt", "A.TXT")]
    assert rules(*files) == [("attachment-name", "attachments[2].fileName")]
    composed, parts = attached("\u00e9.txt", b"x"), attached("e\u0301.txt", b"x")
    assert rules(composed, parts) == [("attachment-name", "attachments[1].fileName")]


def test_empty_files_are_told() -> None:
    assert rules(attached("a.pdf", b"")) == [("empty-attachment", "attachments[0]")]


def test_all_together_must_be_less_than_ten_megabytes() -> None:
    half = Attachment("a.pdf", LARGEST_TOTAL_BYTES // 2, b"%PDF-")
    below = Attachment("b.pdf", LARGEST_TOTAL_BYTES // 2 - 1, b"%PDF-")
    at = Attachment("b.pdf", LARGEST_TOTAL_BYTES // 2, b"%PDF-")
    assert rules(half, below) == []
    (finding,) = file_findings([half, at])
    assert (finding.rule, finding.field) == ("attachments-too-large", "attachments")
    assert "10,000,000 bytes" in finding.text


def test_a_text_may_be_cut_off_within_a_character_but_not_end_so() -> None:
    cut = "é".encode()[:1]
    assert kind_by_content(b"a" + cut, 3) == "a text file"
    assert kind_by_content("a".encode("utf-16") + b"b", 99) == "a text file"
    assert kind_by_content("a".encode("utf-16") + b"b", 5) == "a file of an unknown kind"
