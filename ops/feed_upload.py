"""Puts a checked feed into the inbox, in bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from ops import live
from ops.errors import FAILED, CommandError, aws_refusal
from ops.feed_input import Checked, Content, chunks
from sellerbus.api.redaction import redact

# Parts of 16 MiB in four threads keep 5 GiB below the 10,000 parts that S3 takes, and memory below 100 MiB.
_TRANSFER: Final = TransferConfig(multipart_chunksize=16 << 20, max_concurrency=4)


class RefusedContentError(Exception):
    """The checks refused what was being uploaded; nothing of it is in the inbox."""


class _Passing(io.RawIOBase):
    """A stream that is checked while S3's client reads it; its end fails where the checks refuse it.

    So nothing is kept on disk of what comes from a pipe, and an upload that is refused is never completed.
    """

    def __init__(self, content: Content, checked: Checked, moved: Callable[[int], None]) -> None:
        self._content = content
        self._checked = checked
        self._moved = moved
        self._waiting = bytearray()
        self._checking = checked.passing(self._taken())

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def read(self, size: int = -1, /) -> bytes:
        # The checks draw the bytes: what they have drawn is what is uploaded.
        while not self._checked.finished and (size < 0 or len(self._waiting) < size):
            next(self._checking, None)
        if self._checked.finished and self._checked.findings.refused:
            raise RefusedContentError
        end = len(self._waiting) if size < 0 else size
        chunk = bytes(self._waiting[:end])
        del self._waiting[:end]
        return chunk

    def _taken(self) -> Iterator[bytes]:
        for chunk in chunks(self._content):
            self._waiting += chunk
            self._moved(len(chunk))
            yield chunk


class Inbox:
    """The cell's inbox bucket."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.bucket = bucket

    def put_file(self, file: Path, key: str, content_type: str, metadata: Mapping[str, str]) -> None:
        """Upload a file; raises CommandError where it can't be read or S3 refuses."""
        arguments = {"ContentType": content_type, "Metadata": dict(metadata)}
        try:
            with live.transfer(file.stat().st_size, "Uploading") as moved:
                self._s3.upload_file(
                    str(file), self.bucket, key, ExtraArgs=arguments, Callback=moved, Config=_TRANSFER
                )
        except S3UploadFailedError as error:
            raise _failed(error) from error
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", FAILED) from error

    def put_stream(
        self, content: Content, checked: Checked, key: str, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        """Upload what comes from a pipe, checking it on the way.

        Raises RefusedContentError, with nothing in the inbox then.
        """
        arguments = {"ContentType": content_type, "Metadata": dict(metadata)}
        with live.transfer(None, "Uploading") as moved:
            passing = _Passing(content, checked, moved)
            self._s3.upload_fileobj(passing, self.bucket, key, ExtraArgs=arguments, Config=_TRANSFER)


def _failed(error: S3UploadFailedError) -> CommandError:
    cause = error.__cause__ or error.__context__
    told = aws_refusal(cause) if isinstance(cause, ClientError) else redact(str(error))
    return CommandError(f"The upload to the inbox failed, and no task was made: {told}", FAILED)
