"""Makes of a task's content what is sent: reads the attachments, fills the template in, checks, uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sellerbus.api.errors import ThrottledError
from sellerbus.api.messaging import MessageAttachment, message_body, upload_resource
from sellerbus.documents.errors import DocumentError
from sellerbus.documents.objects import ObjectLocation
from sellerbus.messaging.actions import OfferedAction
from sellerbus.messaging.attachment_files import AttachmentFile, AttachmentSource, MissingAttachmentsError
from sellerbus.messaging.checks import check, not_found
from sellerbus.messaging.content import MessageContent
from sellerbus.messaging.finding import ERROR, Finding, has_errors, sentences
from sellerbus.messaging.steps import Count, EndsError, document_meaning, meaning
from sellerbus.messaging.task import MessageState, MessageTask
from sellerbus.messaging.task_store import MessageStore
from sellerbus.messaging.uploading import Destinations, Upload, Uploaded


class Files(Protocol):
    """attachment_files.AttachmentFiles."""

    def read(self, sources: Sequence[AttachmentSource]) -> tuple[AttachmentFile, ...]: ...


class Uploading(Protocol):
    """uploading.Uploader."""

    def upload(
        self,
        api: Destinations,
        resource: str,
        marketplace_id: str,
        files: Sequence[AttachmentFile],
        earlier: Sequence[Upload] = (),
    ) -> Uploaded: ...


class Texts(Protocol):
    """template_texts.TemplateTexts."""

    def rendered(
        self, task: MessageTask, content: MessageContent, locale: str | None
    ) -> MessageContent | tuple[Finding, ...]:
        """The content with its template's text; what is wrong with it, where it can't be."""
        ...


@dataclass(frozen=True)
class Checked:
    """A message that may be sent. warnings: what its sender should know. needs_list: whether the list of
    attachments must be in the request, be it empty.
    """

    content: MessageContent
    files: tuple[AttachmentFile, ...]
    warnings: tuple[Finding, ...]
    needs_list: bool = False


def sources(content: MessageContent, bucket: str) -> list[AttachmentSource]:
    """Where a content's attachments are. bucket: the message bucket."""
    return [
        AttachmentSource(ObjectLocation(bucket, each.key, each.version_id or ""), each.file_name)
        for each in content.attachments
    ]


class Preparer:
    """bucket: the message bucket."""

    def __init__(
        self,
        *,
        files: Files,
        bucket: str,
        texts: Texts,
        uploader: Uploading,
        store: MessageStore,
        count: Count,
    ) -> None:
        self._files = files
        self._bucket = bucket
        self._texts = texts
        self._uploader = uploader
        self._store = store
        self._count = count

    def checked(
        self, task: MessageTask, content: MessageContent, action: OfferedAction, locale: str | None
    ) -> Checked:
        """Raises EndsError with all findings where it must not be sent, and TryLaterError."""
        findings: list[Finding] = []
        files: tuple[AttachmentFile, ...] = ()
        missing_files = False
        try:
            files = self._files.read(sources(content, self._bucket))
        except MissingAttachmentsError as missing:
            missing_files = True
            findings += [not_found(number) for number in missing.indexes]
        except DocumentError as error:
            raise document_meaning(error) from None
        rendered = self._texts.rendered(task, content, locale)
        if isinstance(rendered, MessageContent):
            content = rendered
        else:
            findings += rendered
        found = check(content, action, locale, files)
        if missing_files:
            # Of what is not there, only that can be said.
            found = [each for each in found if not each.field.startswith("attachments")]
        findings += found
        if has_errors(findings):
            reason = sentences(each for each in findings if each.severity == ERROR)
            documents = [each.document() for each in findings]
            raise EndsError(MessageState.REFUSED, reason, findings=documents)
        needs_list = action.attachments is not None and action.attachments.required
        return Checked(content, files, tuple(findings), needs_list)

    def uploaded(self, task: MessageTask, checked: Checked, api: Destinations) -> MessageTask:
        """Upload what Amazon doesn't have yet; return the task with all of its uploads.

        Raises TryLaterError and EndsError; what was uploaded is kept before.
        """
        if not checked.files:
            return task
        resource = upload_resource(task.message_type, task.amazon_order_id)
        earlier = [Upload.from_document(each) for each in task.uploads]
        done = self._uploader.upload(api, resource, task.marketplace_id, checked.files, earlier)
        kept = tuple(each.to_document() for each in done.kept)
        if kept != task.uploads:
            task = self._store.change(task, uploads=kept)
        if done.failure is None:
            return task
        if isinstance(done.failure, DocumentError):
            raise document_meaning(done.failure)
        if isinstance(done.failure, ThrottledError):
            self._count("MessagesThrottled", 1)
        raise meaning(done.failure)

    def body(self, task: MessageTask, checked: Checked) -> dict[str, object]:
        """The body of the request that sends the message. task: with its uploads."""
        content = checked.content
        attachments = [
            MessageAttachment(str(upload["uploadDestinationId"]), each.file_name)
            for upload, each in zip(task.uploads, checked.files, strict=True)
        ]
        return message_body(
            text=content.text,
            attachments=attachments if attachments or checked.needs_list else None,
            coverage_start=content.coverage_start_date,
            coverage_end=content.coverage_end_date,
        )
