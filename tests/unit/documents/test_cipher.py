"""AES-256-CBC with PKCS7 as openssl and Amazon's helper do it, and what is wrong shows at the end."""

from __future__ import annotations

import base64

import pytest

from sellerbus.documents.cipher import EncryptionDetails, decrypted, encrypted, encrypted_length
from sellerbus.documents.errors import DamagedDocumentError, EncryptionDetailsError

DETAILS = EncryptionDetails(key=bytes(range(32)), vector=bytes(range(16)))
# printf 'sku\tprice\n1\t2.50\n' | openssl enc -aes-256-cbc -K 000102... -iv 000102... | xxd -p
PLAIN = b"sku\tprice\n1\t2.50\n"
CIPHERTEXT = bytes.fromhex("b48e361e9ef459e0e9cc1a37c141a945226a354f85c2e251cf5b0d650b7f0a24")
KEY = base64.b64encode(DETAILS.key).decode()
VECTOR = base64.b64encode(DETAILS.vector).decode()


def whole(ciphertext: bytes, details: EncryptionDetails = DETAILS) -> bytes:
    return b"".join(decrypted([ciphertext], details))


def test_openssl_says_the_same() -> None:
    assert b"".join(encrypted([PLAIN], DETAILS)) == CIPHERTEXT
    assert whole(CIPHERTEXT) == PLAIN


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 4096])
def test_the_length_is_known_before(length: int) -> None:
    ciphertext = b"".join(encrypted([bytes(length)], DETAILS))
    assert len(ciphertext) == encrypted_length(length)
    assert whole(ciphertext) == bytes(length)


def test_nothing_is_not_a_ciphertext() -> None:
    with pytest.raises(DamagedDocumentError):
        whole(b"")


@pytest.mark.parametrize("cut", [1, 15, 16, 17, 31, 32])
def test_what_is_cut_short_is_told(cut: int) -> None:
    with pytest.raises(DamagedDocumentError, match="cut short or changed"):
        whole(CIPHERTEXT[:-cut])


def test_another_documents_key_is_told() -> None:
    with pytest.raises(DamagedDocumentError, match="another document's"):
        whole(CIPHERTEXT, EncryptionDetails(key=bytes(32), vector=DETAILS.vector))


def test_all_failures_read_alike() -> None:
    texts = set()
    for last in range(256):
        changed = CIPHERTEXT[:15] + bytes([last]) + CIPHERTEXT[16:]
        try:
            whole(changed)
        except DamagedDocumentError as error:
            texts.add(str(error))
    for cut in (1, 16):
        with pytest.raises(DamagedDocumentError) as raised:
            whole(CIPHERTEXT[:-cut])
        texts.add(str(raised.value))
    assert len(texts) == 1


def test_the_models_details_are_read() -> None:
    read = EncryptionDetails.parse({"standard": "AES", "key": KEY, "initializationVector": VECTOR})
    assert read == DETAILS


def test_the_key_of_the_models_example_is_read() -> None:
    # Its last character has bits that no byte has; Java's decoder passes over them.
    key = "5EZo/P06OGF0UAy8QuOnMIaQbkAvYBru6EGsFvK8wJ2="
    details = {"standard": "AES", "key": key, "initializationVector": "kF3bZt0FSv6JQEimfEJD8g=="}
    assert len(EncryptionDetails.parse(details).key) == 32


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("standard", "AES-GCM", "standard"),
        ("standard", None, "standard"),
        ("key", None, "key is missing"),
        ("key", 7, "key is missing"),
        ("key", "not base64!", "key is not base64"),
        ("key", "ключ", "key is not base64"),
        ("key", base64.b64encode(bytes(16)).decode(), "key has 16 bytes"),
        ("initializationVector", "", "initializationVector has 0 bytes"),
        ("initializationVector", f"{VECTOR}\n", "initializationVector is not base64"),
    ],
)
def test_details_that_cannot_be_used_are_told(name: str, value: object, says: str) -> None:
    details = {"standard": "AES", "key": KEY, "initializationVector": VECTOR, name: value}
    with pytest.raises(EncryptionDetailsError, match=says) as raised:
        EncryptionDetails.parse(details)
    assert KEY not in str(raised.value)


def test_the_key_shows_nowhere() -> None:
    assert repr(DETAILS) == "EncryptionDetails()"
