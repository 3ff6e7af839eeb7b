"""gzip is what begins like gzip; it is unpacked once, whole, and within its limits."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator

import pytest

from sellerbus.documents.compression import Unpacked
from sellerbus.documents.errors import DamagedDocumentError, DocumentTooLargeError
from sellerbus.documents.limits import Limits

CONTENT = b"".join(b"%d\tSKU-%d\tnot valid\n" % (number, number) for number in range(300))
PACKED = gzip.compress(CONTENT, mtime=0)


def unpack(*chunks: bytes, limits: Limits | None = None) -> bytes:
    return b"".join(Unpacked(chunks, limits or Limits()))


@pytest.mark.parametrize("content", [b"", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x07 no deflate", CONTENT])
def test_what_is_no_gzip_is_left_as_it_is(content: bytes) -> None:
    document = Unpacked([content], Limits())
    assert b"".join(document) == content
    assert (document.is_gzip, document.content_bytes) == (False, len(content))


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(PACKED)])
def test_gzip_is_told_by_its_first_bytes_however_they_come(size: int) -> None:
    chunks = [PACKED[start : start + size] for start in range(0, len(PACKED), size)]
    document = Unpacked([b"", *chunks], Limits())
    assert b"".join(document) == CONTENT
    assert (document.is_gzip, document.content_bytes) == (True, len(CONTENT))


def test_it_is_unpacked_once() -> None:
    assert unpack(gzip.compress(PACKED)) == PACKED


@pytest.mark.parametrize("padding", [b"", b"\0", b"\0" * 1000])
@pytest.mark.parametrize("size", [1, 100, 100_000])
def test_members_follow_each_other(padding: bytes, size: int) -> None:
    packed = PACKED + padding + gzip.compress(b"") + PACKED + padding
    chunks = [packed[start : start + size] for start in range(0, len(packed), size)]
    assert unpack(*chunks) == CONTENT * 2


def test_chunks_given_out_are_small_whatever_comes_in() -> None:
    zeros = bytes(8 << 20)
    chunks = list(Unpacked([gzip.compress(zeros)], Limits()))
    assert b"".join(chunks) == zeros
    assert max(map(len, chunks)) <= 256 << 10


@pytest.mark.parametrize("length", [256 << 10, (256 << 10) + 1, (256 << 10) - 1, 3 * (256 << 10)])
def test_nothing_stays_in_the_inflater(length: int) -> None:
    content = bytes(length)
    packed = gzip.compress(content)
    assert unpack(*(packed[at : at + 1] for at in range(len(packed)))) == content
    assert unpack(packed + packed) == content * 2


def test_every_truncation_is_noticed() -> None:
    for end in range(3, len(PACKED)):
        with pytest.raises(DamagedDocumentError, match=r"cut short|damaged"):
            unpack(PACKED[:end])


def test_every_changed_byte_is_noticed_or_harmless() -> None:
    # RFC 1952: FTEXT, time, extra flags and system are covered by no checksum, and mean nothing to us.
    harmless = set(range(3, 10))
    for place in range(3, len(PACKED)):
        changed = bytearray(PACKED)
        changed[place] ^= 0x01
        if place in harmless:
            assert unpack(bytes(changed)) == CONTENT
        else:
            with pytest.raises(DamagedDocumentError):
                unpack(bytes(changed))


@pytest.mark.parametrize("tail", [b"x", b"\x1f", b"\x1f\x8b\x08", b"\0\0x", CONTENT])
def test_what_follows_the_gzip_is_refused(tail: bytes) -> None:
    with pytest.raises(DamagedDocumentError):
        unpack(PACKED, tail)


class Bomb:
    """Gigabytes of zeros; counts how much of it was taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[bytes]:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = bytes(1 << 20)
        while True:
            if chunk := packer.compress(zeros):
                self.taken += len(chunk)
                yield chunk


def test_a_bomb_is_stopped_by_its_ratio() -> None:
    bomb = Bomb()
    document = Unpacked(bomb, Limits(ratio=250, always_allowed_bytes=1 << 20))
    with pytest.raises(DocumentTooLargeError, match="decompression bomb"):
        list(document)
    assert document.content_bytes <= (1 << 20) + 250 * bomb.taken + (256 << 10)


def test_a_bomb_is_stopped_by_the_limit() -> None:
    document = Unpacked(Bomb(), Limits(ratio=2000, content_bytes=2 << 20))
    with pytest.raises(DocumentTooLargeError, match="2097152 bytes"):
        list(document)
    assert document.content_bytes <= (2 << 20) + (256 << 10)


def test_a_small_document_may_be_packed_as_well_as_it_can() -> None:
    content = b"ERROR " * 100_000
    assert len(gzip.compress(content)) * 250 < len(content)
    assert unpack(gzip.compress(content)) == content


def test_the_limit_is_for_plain_documents_too() -> None:
    assert unpack(b"12345", b"67890", limits=Limits(content_bytes=10)) == b"1234567890"
    with pytest.raises(DocumentTooLargeError):
        unpack(b"12345", b"678901", limits=Limits(content_bytes=10))
