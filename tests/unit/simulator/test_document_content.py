"""Encryption and compression of documents, however they are cut into chunks."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.blob import CHUNK_BYTES, IN_MEMORY_BYTES, BlobWriter, blob_of
from simulator.document_content import ContentError, Encryption, as_file, compress, plain

ENCRYPTION = Encryption(bytes(range(32)), bytes(range(16)))


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


@given(st.binary(max_size=300), st.integers(1, 40), st.booleans(), st.booleans())
def test_what_was_written_is_read(content: bytes, size: int, encrypted: bool, compressed: bool) -> None:
    stored = compress(content) if compressed else content
    if encrypted:
        stored = b"".join(ENCRYPTION.encrypt(cut(stored, size)))
        assert len(stored) % 16 == 0
    if not compressed and content.startswith(b"\x1f\x8b"):
        return
    assert b"".join(plain(cut(stored, size), ENCRYPTION if encrypted else None)) == content


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.integers(1, 30))
def test_gzip_of_several_members(parts: list[bytes], size: int) -> None:
    stored = b"".join(gzip.compress(part) for part in parts)
    assert b"".join(plain(cut(stored, size), None)) == b"".join(parts)


@pytest.mark.parametrize("stored", [compress(b"a" * 5000)[:-9], b"\x1f\x8bnonsense", compress(b"a") + b"b"])
def test_damaged_gzip_is_told(stored: bytes) -> None:
    with pytest.raises(ContentError, match="gzip"):
        list(plain([stored], None))


@pytest.mark.parametrize("stored", [b"0123456789abcdef" * 3, b"0123456789abcdef1", b""])
def test_what_was_not_encrypted_with_the_key_is_told(stored: bytes) -> None:
    with pytest.raises(ContentError, match="decrypted"):
        list(plain([stored], ENCRYPTION))


def test_chunks_read_as_a_file() -> None:
    with as_file([b"", b"ab", b"", b"cde"]) as file:
        assert [file.read(1), file.read(3), file.read()] == [b"a", b"bcd", b"e"]


@pytest.mark.parametrize("size", [0, 1, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1, 3 * CHUNK_BYTES + 7])
def test_blobs_keep_what_was_written_in_memory_or_not(size: int) -> None:
    content = (b"0123456789" * (size // 10 + 1))[:size]
    blob = blob_of(cut(content, 70_001))
    assert (blob.size, b"".join(blob.chunks())) == (size, content)
    assert b"".join(blob.chunks(size // 2, size // 2 + 5)) == content[size // 2 : size // 2 + 5]


def test_a_blob_can_be_abandoned() -> None:
    writer = BlobWriter()
    writer.write(bytes(IN_MEMORY_BYTES + 1))
    file = writer.file
    assert file is not None
    writer.abandon()
    assert writer.file is None
    with pytest.raises(OSError, match="descriptor"):
        os.fstat(file)
