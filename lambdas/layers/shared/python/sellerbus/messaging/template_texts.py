"""Fills in a task's template, as it is in the message bucket now, in the buyer's language."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sellerbus.documents.errors import DocumentError, SourceChangedError, StorageRefusedError
from sellerbus.documents.objects import ObjectLocation, S3Reader, reading
from sellerbus.messaging.content import MessageContent
from sellerbus.messaging.finding import Finding
from sellerbus.messaging.steps import document_meaning
from sellerbus.messaging.task import MessageTask
from sellerbus.messaging.templates import (
    LARGEST_BYTES,
    TemplateError,
    parse,
    render,
    template_key,
    unknown_template,
)

_NOT_THERE: Final = frozenset({"NoSuchKey", "MethodNotAllowed"})


class TemplateTexts:
    """bucket: the message bucket."""

    def __init__(self, s3: S3Reader, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def rendered(
        self, task: MessageTask, content: MessageContent, locale: str | None
    ) -> MessageContent | tuple[Finding, ...]:
        """The content with its template's text; what is wrong with it, where it can't be.

        A content without a template is returned as it is. Raises TryLaterError and EndsError where the
        template can't be read.
        """
        use = content.template
        if use is None:
            return content
        document = self._document(use.name)
        if document is None:
            return (unknown_template(use.name),)
        try:
            text = render(
                parse(use.name, document),
                message_type=task.message_type,
                locale=locale,
                amazon_order_id=task.amazon_order_id,
                marketplace_id=task.marketplace_id,
                values=use.values,
            )
        except TemplateError as error:
            return error.findings
        return replace(content, text=text, template=None)

    def _document(self, name: str) -> bytes | None:
        """The template's object, or enough of it to be too large; None where there is none."""
        read = bytearray()
        try:
            with reading(self._s3, ObjectLocation(self._bucket, template_key(name))) as found:
                for chunk in found.chunks:
                    read += chunk
                    if len(read) > LARGEST_BYTES:
                        break
        except SourceChangedError:
            return None
        except StorageRefusedError as error:
            if error.code in _NOT_THERE:
                return None
            raise document_meaning(error, "the template") from None
        except DocumentError as error:
            raise document_meaning(error, "the template") from None
        return bytes(read)
