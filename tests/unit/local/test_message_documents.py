"""The demo's attachments are what their names say, and the checks find nothing wrong with them."""

from __future__ import annotations

import io
import zipfile

import pytest

from local.message_documents import EXAMPLE, MOST_BYTES, docx, gif, large, pdf, png


def test_a_pdf_has_its_table_where_it_says() -> None:
    content = pdf("invoice")

    place = int(content.rpartition(b"startxref\n")[2].split(b"\n")[0])
    assert content[place:].startswith(b"xref\n0 5\n")
    for line in content[place:].splitlines()[3:7]:
        number = int(line.split()[0])
        assert content[number:].split(b" ")[1] == b"0", line
    assert content.endswith(b"%%EOF\n")


def test_a_word_document_is_a_package_with_its_text() -> None:
    with zipfile.ZipFile(io.BytesIO(docx("Two years."))) as package:
        assert package.testzip() is None
        assert b"Two years." in package.read("word/document.xml")


def test_the_same_document_has_the_same_bytes() -> None:
    assert docx("Two years.") == docx("Two years.")


@pytest.mark.parametrize(("content", "signature"), [(png(), b"\x89PNG\r\n\x1a\n"), (gif(), b"GIF89a")])
def test_an_image_begins_with_its_signature(content: bytes, signature: bytes) -> None:
    assert content.startswith(signature)


def test_the_large_one_has_just_the_size_that_is_too_much() -> None:
    assert len(large(MOST_BYTES)) == MOST_BYTES


def test_the_guides_file_holds_what_the_guides_program_writes() -> None:
    assert (EXAMPLE.name, EXAMPLE.read_text(encoding="utf-8")) == ("example.txt", "Text of the file")
