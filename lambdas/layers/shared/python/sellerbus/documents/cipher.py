"""AES-256-CBC with PKCS7 padding, in both directions, a chunk at a time.

Feeds v2020-09-04 encrypts documents on the client's side: `encryptionDetails` of createFeedDocument and
getFeedDocument hold the standard, and key and initialization vector in base64.

CBC proves nothing of a document but its last block: that it is whole shows by the padding, and that it is
unchanged by what is inside, for example the checksum of gzip.
"""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7

from sellerbus.documents.errors import DamagedDocumentError, EncryptionDetailsError

STANDARD: Final = "AES"
KEY_BYTES: Final = 32
BLOCK_BYTES: Final = 16
_PADDING: Final = PKCS7(BLOCK_BYTES * 8)


@dataclass(frozen=True)
class EncryptionDetails:
    """The key and the vector of one document; neither shows in its text."""

    key: bytes = field(repr=False)
    vector: bytes = field(repr=False)

    def __post_init__(self) -> None:
        for name, value, size in (
            ("key", self.key, KEY_BYTES),
            ("initializationVector", self.vector, BLOCK_BYTES),
        ):
            if len(value) != size:
                raise EncryptionDetailsError(
                    f"encryptionDetails.{name} has {len(value)} bytes where AES-256-CBC takes {size}"
                )

    @classmethod
    def parse(cls, details: Mapping[str, object]) -> EncryptionDetails:
        """Read the model's FeedDocumentEncryptionDetails. Raises EncryptionDetailsError."""
        standard = details.get("standard")
        if standard != STANDARD:
            raise EncryptionDetailsError(f"encryptionDetails.standard is {standard!r}; only 'AES' is known")
        return cls(key=_decoded(details, "key"), vector=_decoded(details, "initializationVector"))


def _decoded(details: Mapping[str, object], name: str) -> bytes:
    value = details.get(name)
    if not isinstance(value, str):
        raise EncryptionDetailsError(f"encryptionDetails.{name} is missing")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise EncryptionDetailsError(f"encryptionDetails.{name} is not base64") from None


def encrypted_length(length: int) -> int:
    """Return how many bytes `length` bytes become: the padding has one byte at least."""
    return length + BLOCK_BYTES - length % BLOCK_BYTES


def encrypted(chunks: Iterable[bytes], details: EncryptionDetails) -> Generator[bytes]:
    """Yield the ciphertext of `chunks`."""
    encryptor = _cipher(details).encryptor()
    length = 0
    for chunk in chunks:
        length += len(chunk)
        # The library's padder would copy every chunk for what only the last block needs.
        yield encryptor.update(chunk)
    padding = encrypted_length(length) - length
    yield encryptor.update(bytes([padding]) * padding) + encryptor.finalize()


def decrypted(chunks: Iterable[bytes], details: EncryptionDetails) -> Generator[bytes]:
    """Yield the plaintext of `chunks`. Raises DamagedDocumentError at the end of what is no whole ciphertext.

    What was yielded before it is worth nothing then: with another key it is noise.
    """
    decryptor = _cipher(details).decryptor()
    unpadder = _PADDING.unpadder()
    for chunk in chunks:
        yield unpadder.update(decryptor.update(chunk))
    # One text for all that may be wrong here: which bytes the padding had is nobody's business.
    try:
        last = unpadder.update(decryptor.finalize()) + unpadder.finalize()
    except ValueError:
        raise DamagedDocumentError(
            "the document cannot be decrypted: it was cut short or changed on its way, or the "
            "encryptionDetails are another document's; ask for the document again"
        ) from None
    yield last


def _cipher(details: EncryptionDetails) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(details.key), modes.CBC(details.vector))
