"""Which characters a document's bytes are, by its Content-Type, its byte order mark, or its type's default.

Amazon's processing reports have been seen in windows-1252, windows-31j and UTF-8, and only the Content-Type
of the download tells which.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import Final

from sellerbus.documents.errors import CharsetError, MissingCharsetError

# By the names that IANA registers, and Java's, which Amazon's servers use; in small letters. What is called
# Shift_JIS holds the characters that Windows added (NEC row 13, IBM extensions), which Python's own shift_jis
# refuses.
_CODECS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso8859-1",
    "iso8859-1": "iso8859-1",
    "iso_8859-1": "iso8859-1",
    "latin1": "iso8859-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "ms932": "cp932",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "euc-jp": "euc_jp",
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "gb18030": "gb18030",
}
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK: Final = 3

# RFC 9110, 8.3.1: a token or a quoted string, parameters in any order, names in any case.
_PARAMETER: Final = re.compile(r';\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;"]+)\s*', re.ASCII)
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]*\+)?json", re.ASCII)


def media_type(content_type: str) -> str:
    """Return the type without its parameters, in small letters: "text/xml"."""
    return content_type.partition(";")[0].strip().lower()


def declared_charset(content_type: str) -> str | None:
    """Return the charset that a Content-Type names, as it names it; None where it names none."""
    for name, value in _PARAMETER.findall(content_type):
        if name.lower() == "charset":
            return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
    return None


def codec_named(charset: str) -> str | None:
    """Return the name of Python's codec for a charset; None for one that is not known here.

    Which names Python knows by itself differs between its versions: windows-31j is new in 3.13.
    """
    return _CODECS.get(charset.strip().lower())


def codec(content_type: str, start: bytes = b"", *, default: str | None = None) -> str:
    """Return the name of Python's codec for a document.

    start: its first bytes, LONGEST_MARK at least where it has so many. A byte order mark stands in for a
        missing charset, and must not contradict one that is named.
    default: the charset where neither tells; JSON has its own, UTF-8 (RFC 8259, 8.1).

    Raises MissingCharsetError where nothing tells, and CharsetError for an unknown name or a contradiction.
    """
    marked = next((name for mark, name in _MARKS if start.startswith(mark)), None)
    declared = declared_charset(content_type)
    if declared is None and marked is not None:
        return marked
    if declared is None:
        declared = "utf-8" if _JSON.fullmatch(media_type(content_type)) else default
    if declared is None:
        raise MissingCharsetError(
            f"the Content-Type {content_type!r} names no charset, and there is none to assume for it"
        )
    named = codec_named(declared)
    if named is None:
        raise CharsetError(f"the charset {declared!r} is not known; known are {', '.join(sorted(_CODECS))}")
    if named == "utf-16":
        # RFC 2781, 4.3: without a mark it is big-endian.
        return marked if marked in {"utf-16-le", "utf-16-be"} else "utf-16-be"
    # The marks of UTF-16 are two letters in single-byte charsets, and nobody begins a document with them.
    if marked is not None and marked != named:
        raise CharsetError(
            f"the charset is told to be {declared}, but the document begins as one in {marked}"
        )
    return named


def decoded(chunks: Iterable[bytes], codec_name: str) -> Iterator[str]:
    """Yield the text of `chunks`, without a byte order mark. Raises CharsetError at the first wrong byte."""
    decoder = codecs.getincrementaldecoder(codec_name)()
    before = 0
    text_began = False
    for chunk, last in _with_last(chunks):
        waiting = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            place = before - waiting + error.start
            wrong = error.object[error.start : error.end].hex(" ")
            raise CharsetError(
                f"the document is not in {codec_name}: byte {place + 1} ({wrong}) is none of its characters; "
                "save it in the charset that its Content-Type names, or name the one it is in"
            ) from None
        before += len(chunk)
        if text and not text_began:
            text_began = True
            text = text.removeprefix("\ufeff")
        if text:
            yield text


def _with_last(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for chunk in chunks:
        yield chunk, False
    yield b"", True
