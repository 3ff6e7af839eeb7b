"""Any content, in any pieces, comes through as it was; what was cut or changed on its way never does."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from hypothesis import assume, given
from hypothesis import strategies as st

from sellerbus.documents.charset import decoded
from sellerbus.documents.cipher import EncryptionDetails, decrypted, encrypted, encrypted_length
from sellerbus.documents.compression import MAGIC, Unpacked
from sellerbus.documents.errors import CharsetError, DamagedDocumentError
from sellerbus.documents.limits import Limits
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.transfer import DocumentTransfer
from tests.unit.documents.fake_s3 import FakeS3
from tests.unit.documents.wire import URL, Answer, answering

contents = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda piece, times: piece * times, st.binary(min_size=1, max_size=20), st.integers(0, 20_000)),
)
keys = st.builds(EncryptionDetails, st.binary(min_size=32, max_size=32), st.binary(min_size=16, max_size=16))
cuts = st.lists(st.integers(0, 1 << 20), max_size=8)


def in_pieces(content: bytes, places: list[int]) -> Iterator[bytes]:
    ends = sorted(place % (len(content) + 1) for place in places)
    start = 0
    for end in [*ends, len(content)]:
        yield content[start:end]
        start = end


def unpack(chunks: Iterator[bytes]) -> bytes:
    return b"".join(Unpacked(chunks, Limits()))


@given(members=st.lists(contents, min_size=1, max_size=4), level=st.integers(0, 9), places=cuts)
def test_gzip_of_any_members_in_any_pieces(members: list[bytes], level: int, places: list[int]) -> None:
    packed = b"".join(gzip.compress(member, level) for member in members)
    assert unpack(in_pieces(packed, places)) == b"".join(members)


@given(content=contents, places=cuts)
def test_what_is_no_gzip_passes_in_any_pieces(content: bytes, places: list[int]) -> None:
    assume(not content.startswith(MAGIC))
    assert unpack(in_pieces(content, places)) == content


@given(content=contents, details=keys, places=cuts, others=cuts)
def test_ciphers_of_any_content_in_any_pieces(
    content: bytes, details: EncryptionDetails, places: list[int], others: list[int]
) -> None:
    ciphertext = b"".join(encrypted(in_pieces(content, places), details))
    assert len(ciphertext) == encrypted_length(len(content))
    assert b"".join(decrypted(in_pieces(ciphertext, others), details)) == content


@given(
    content=st.binary(max_size=2000),
    place=st.integers(0, 1 << 20),
    change=st.integers(1, 255),
    details=st.none() | keys,
    places=cuts,
)
def test_a_changed_byte_never_changes_packed_content_unnoticed(
    content: bytes, place: int, change: int, details: EncryptionDetails | None, places: list[int]
) -> None:
    packed = gzip.compress(content)
    document = bytearray(packed if details is None else b"".join(encrypted([packed], details)))
    # Without its magic it would be no gzip; where it is encrypted, the first block holds it.
    place = 3 + place % (len(document) - 3) if details is None else 16 + place % (len(document) - 16)
    document[place] ^= change
    pieces = in_pieces(bytes(document), places)
    try:
        got = unpack(iter(decrypted(pieces, details)) if details else pieces)
    except DamagedDocumentError:
        return
    assert got == content


@given(content=st.binary(max_size=2000), place=st.integers(0, 1 << 20), places=cuts)
def test_a_cut_is_noticed_wherever_it_is(content: bytes, place: int, places: list[int]) -> None:
    packed = gzip.compress(content)
    cut = packed[: 3 + place % (len(packed) - 3)]
    try:
        unpack(in_pieces(cut, places))
    except DamagedDocumentError:
        return
    raise AssertionError(cut)


@given(text=st.text(max_size=300), places=cuts, name=st.sampled_from(["utf-8", "utf-16-le", "gb18030"]))
def test_text_in_any_pieces(text: str, places: list[int], name: str) -> None:
    assume(not text.startswith("\ufeff"))
    assert "".join(decoded(in_pieces(text.encode(name), places), name)) == text


@given(
    content=st.binary(max_size=300),
    places=cuts,
    name=st.sampled_from(["utf-8", "utf-16-be", "cp932", "cp1252", "ascii", "euc_jp", "gb18030"]),
)
def test_bytes_are_decoded_as_python_would_at_once_or_refused(
    content: bytes, places: list[int], name: str
) -> None:
    try:
        expected: str | None = content.decode(name)
    except UnicodeDecodeError:
        expected = None
    try:
        got: str | None = "".join(decoded(in_pieces(content, places), name))
    except CharsetError:
        got = None
    assert got == (expected if expected is None else expected.removeprefix("\ufeff"))


@given(content=contents, packed=st.booleans(), details=st.none() | keys, part=st.integers(1, 400_000))
def test_up_and_down_again(
    content: bytes, packed: bool, details: EncryptionDetails | None, part: int
) -> None:
    assume(not content.startswith(MAGIC))
    assume(len(content) // part < 50)
    s3 = FakeS3(least_part_bytes=1)
    source, report = ObjectLocation("bucket", "feed"), ObjectLocation("bucket", "report")
    s3.objects[("bucket", "feed")] = gzip.compress(content) if packed else content
    storage = answering(Answer())
    transfer = DocumentTransfer(s3=s3.client, storage=storage.presigned(), part_bytes=part)
    transfer.upload(transfer.measure(source), URL, content_type="text/plain", encryption=details)
    storage.answers = [Answer(body=storage.sent[0].body)]
    transfer.download(URL, report, encryption=details)
    assert s3.objects[("bucket", "report")] == content
    assert s3.uploads == {}
