"""What can go wrong with a document, by what the caller may do about it.

    DocumentError
    ├── RetryableTransferError    the network or a storage was at fault: the same again does no harm
    ├── UrlExpiredError           ask for the document's URL anew, then the same again
    ├── UrlRefusedError           the URL is none that documents are exchanged by; nothing was sent
    ├── StorageRefusedError       the storage refuses: the same again will be refused again
    ├── SourceChangedError        the object is no longer the one that was measured: measure again
    ├── DamagedDocumentError      cut short or changed on its way, or the key is another document's
    ├── DocumentTooLargeError     past a limit, or a decompression bomb
    ├── EncryptionDetailsError    what Amazon tells of the encryption cannot be used
    └── CharsetError              the bytes are not in the charset, or it is not known
        └── MissingCharsetError   none is told, and there is no default for the type

The texts are for operators and logs: the queries of URLs, which are credentials, and keys are never in them.
"""

from __future__ import annotations

from sellerbus.api.redaction import redact, shorten

MESSAGE_LIMIT = 500


class DocumentError(Exception):
    """Carries a text that says what was wrong with which document or object, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(shorten(redact(message), MESSAGE_LIMIT))


class RetryableTransferError(DocumentError):
    """A repeat later may succeed and does no harm: both directions write the same content again."""


class UrlExpiredError(DocumentError):
    """The presigned URL's five minutes are over: createFeedDocument or getFeedDocument gives another."""


class UrlRefusedError(DocumentError):
    """The URL is not https, or not of a host where Amazon keeps documents."""


class StorageRefusedError(DocumentError):
    """S3 refuses for good. status and code: what it answered."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        self.status = status
        self.code = code
        super().__init__(message)


class SourceChangedError(DocumentError):
    """The object to upload was replaced or deleted after it had been measured."""


class DamagedDocumentError(DocumentError):
    """Cut short, changed, or encrypted with another key."""


class DocumentTooLargeError(DocumentError):
    """Larger than a limit allows, as transferred or as unpacked."""


class EncryptionDetailsError(DocumentError):
    """encryptionDetails are of another standard, or their key or vector is malformed."""


class CharsetError(DocumentError):
    """The charset is not known, or the bytes are not in it."""


class MissingCharsetError(CharsetError):
    """The Content-Type names no charset, and its type has no default."""
