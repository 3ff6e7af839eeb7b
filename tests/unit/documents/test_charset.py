"""Characters by what the Content-Type says; nothing is guessed, and nothing replaced."""

from __future__ import annotations

import pytest

from sellerbus.documents.charset import codec, declared_charset, decoded, media_type
from sellerbus.documents.errors import CharsetError, MissingCharsetError


def text(content: bytes, name: str, size: int = 1) -> str:
    return "".join(decoded((content[at : at + size] for at in range(0, len(content), size)), name))


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("text/xml", None),
        ("", None),
        ("text/xml; charset=utf-8", "utf-8"),
        ("text/xml;charset=UTF-8", "UTF-8"),
        ('text/xml; charset="windows-1252"', "windows-1252"),
        ("text/plain; Charset = iso-8859-1 ; x=y", "iso-8859-1"),
        ('text/plain; x="; charset=utf-8"; charset=windows-31j', "windows-31j"),
        ('text/plain; charset="utf\\-8"', "utf-8"),
        ("text/plain; xcharset=utf-8", None),
        ("text/plain; charset=", None),
    ],
)
def test_the_charset_is_a_parameter_of_the_type(content_type: str, charset: str | None) -> None:
    assert declared_charset(content_type) == charset


def test_the_type_is_told_without_parameters() -> None:
    assert media_type("Text/XML ; charset=utf-8") == "text/xml"


@pytest.mark.parametrize(
    ("charset", "content", "says"),
    [
        ("UTF-8", "Größe €".encode(), "Größe €"),
        ("windows-1252", b"Gr\xf6\xdfe \x80 \x93x\x94", "Größe € “x”"),
        ("ISO-8859-1", b"Gr\xf6\xdfe", "Größe"),
        ("US-ASCII", b"size", "size"),
        # What Python's shift_jis does not have: circled one, tsuchiyoshi, and the full-width tilde.
        ("windows-31j", b"\x87\x40\x96\xd8\x93\x79\x81\x60", "①木土\uff5e"),
        ("Shift_JIS", b"\xb1\x87\x40\xfb\xfc", "ｱ①髙"),
        ("utf-16", "\ufeffaé".encode("utf-16-le"), "aé"),
        ("utf-16", "aé".encode("utf-16-be"), "aé"),
        ("UTF-16LE", "aé".encode("utf-16-le"), "aé"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 1000])
def test_known_charsets(charset: str, content: bytes, says: str, size: int) -> None:
    name = codec(f"text/plain; charset={charset}", content[:3])
    assert text(content, name, size) == says


@pytest.mark.parametrize(
    "content", ["\ufeffx".encode(), "\ufeffx".encode("utf-16-le"), "\ufeffx".encode("utf-16-be")]
)
def test_a_byte_order_mark_stands_in_for_the_charset(content: bytes) -> None:
    assert text(content, codec("text/plain", content)) == "x"


def test_only_the_first_mark_is_one() -> None:
    assert text("\ufeffa\ufeffb".encode(), "utf-8") == "a\ufeffb"
    assert text("\ufeff".encode(), "utf-8") == ""


@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json; x=y"])
def test_json_is_utf_8(content_type: str) -> None:
    assert codec(content_type) == "utf-8"


def test_without_a_charset_the_callers_default_is_taken_or_none() -> None:
    assert codec("text/xml", default="windows-1252") == "cp1252"
    assert codec("application/json", default="windows-1252") == "utf-8"
    with pytest.raises(MissingCharsetError, match="'text/xml' names no charset"):
        codec("text/xml")


def test_an_unknown_charset_is_told_with_the_known_ones() -> None:
    with pytest.raises(CharsetError, match=r"'klingon' is not known; known are .*windows-31j"):
        codec("text/plain; charset=klingon")


@pytest.mark.parametrize("charset", ["utf-8", "windows-1252", "UTF-16BE"])
def test_a_mark_that_contradicts_the_charset_is_told(charset: str) -> None:
    with pytest.raises(CharsetError, match="begins as one in utf-16-le"):
        codec(f"text/plain; charset={charset}", b"\xff\xfea\0")


@pytest.mark.parametrize(
    ("content", "name", "place"),
    [
        (b"abc\xff", "utf-8", 4),
        ("aé".encode() + b"\xc3(", "utf-8", 4),
        ("aé".encode()[:-1], "utf-8", 2),
        (b"ab\x81", "cp1252", 3),
        (b"ab\x87\x40\x81", "cp932", 5),
        (b"ab\xe9", "ascii", 3),
        (b"a\0b", "utf-16-le", 3),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_the_first_wrong_byte_is_told(content: bytes, name: str, place: int, size: int) -> None:
    with pytest.raises(CharsetError, match=rf"not in {name}: byte {place} "):
        text(content, name, size)
