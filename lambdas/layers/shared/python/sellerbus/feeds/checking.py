"""The first step of a feed task: the document is read once, whole, and held against every rule before Amazon
is called. What is refused ends here, with all that was found; what is not waits for its turn.

A second call does nothing over again once the first was written. A crash before that repeats the reading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from sellerbus.aws.event_publisher import OperationalEvent
from sellerbus.documents.errors import (
    DamagedDocumentError,
    DocumentError,
    DocumentTooLargeError,
    SourceChangedError,
    StorageRefusedError,
)
from sellerbus.documents.objects import ObjectLocation
from sellerbus.documents.transfer import Measured
from sellerbus.feeds import feed_events
from sellerbus.feeds.catalogue import UnknownFeedTypeError, feed_type
from sellerbus.feeds.checks import FeedRequest, Rules, check_request, content_check
from sellerbus.feeds.content import ContentCheck
from sellerbus.feeds.findings import ERROR, Finding, Findings
from sellerbus.feeds.task import FeedTask, Outcome, TaskState
from sellerbus.sellers.rows import ACTIVE, PAUSED, REMOVING, REVOKED, Seller

TAKE_TURN: Final = "take-turn"

_NO_TYPE: Final = "application/octet-stream"
_NOT_ACTIVE: Final = {
    PAUSED: "is paused: resume it, and hand the feed over again",
    REMOVING: "is being removed",
    REVOKED: "is revoked, as Amazon refuses its authorisation: add it anew, and hand the feed over again",
}
_RULES: Final = (
    (DocumentTooLargeError, "size"),
    (DamagedDocumentError, "damaged"),
    (SourceChangedError, "document-gone"),
    (StorageRefusedError, "document-refused"),
)


class Tasks(Protocol):
    """The rows of the tasks; see task_store."""

    def get(self, task_id: str) -> FeedTask: ...

    def change(self, task: FeedTask, **changes: Any) -> FeedTask: ...

    def end(
        self, task: FeedTask, outcome: Outcome, *, reason: str | None = None, **changes: Any
    ) -> FeedTask: ...


class Sellers(Protocol):
    """The registry; see sellers.rows."""

    def find(self, seller_id: str) -> Seller | None: ...


class Transfer(Protocol):
    """Reads documents; see documents.transfer."""

    def measure(self, location: ObjectLocation, *, observe: Any = None) -> Measured: ...


class KeptFindings(Protocol):
    """The result bucket; see findings_store."""

    @property
    def bucket(self) -> str: ...

    def keep(self, task_id: str, findings: Findings) -> Mapping[str, Any]: ...


class Events(Protocol):
    """The bus; see event_publisher."""

    def publish(self, events: Sequence[OperationalEvent]) -> None: ...


@dataclass(frozen=True, slots=True)
class Checked:
    """next: the state machine's next step. is_new: whether this very call decided it."""

    task: FeedTask
    next: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Unregistered:
    """A seller that nobody knows: its feed is for any marketplaces."""

    seller_id: str
    marketplace_ids: tuple[str, ...]
    region: None = None


@dataclass(frozen=True, slots=True)
class _Read:
    """What is known of a task once it was looked at: the row's fields, and the findings."""

    task: FeedTask
    findings: Findings


class FeedChecker:
    """Raises StoreUnavailableError, TaskChangedError, and RetryableTransferError: a repeat may do it."""

    def __init__(
        self,
        *,
        tasks: Tasks,
        sellers: Sellers,
        transfer: Transfer,
        kept_findings: KeptFindings,
        events: Events,
        rules: Rules,
    ) -> None:
        self._tasks = tasks
        self._sellers = sellers
        self._transfer = transfer
        self._kept_findings = kept_findings
        self._events = events
        self._rules = rules

    def check(self, task_id: str) -> Checked:
        """Check the task, unless it was checked before. Raises UnknownTaskError too."""
        task = self._tasks.get(task_id)
        if task.is_ended:
            return Checked(task, task.next_after_end, is_new=False)
        if task.state is not TaskState.RECEIVED:
            return Checked(task, TAKE_TURN, is_new=False)
        if task.reason is not None:
            # It could not be taken from the beginning: nothing of it is to be read.
            findings = Findings(self._rules.most_findings)
            findings.add(Finding("not-taken", task.reason))
            return self._refuse(task, _Read(task, findings))
        read = self._read(task)
        if read.findings.refused:
            return self._refuse(task, read)
        kept = self._kept_findings.keep(task.task_id, read.findings)
        changes = _changes(task, read.task)
        after = self._tasks.change(task, **changes, findings=kept, state=TaskState.WAITING)
        return Checked(after, TAKE_TURN, is_new=True)

    def _read(self, task: FeedTask) -> _Read:
        """Hold the task against the rules; nothing is written."""
        findings = Findings(self._rules.most_findings)
        seller = self._sellers.find(task.seller_id)
        if seller is None:
            text = f"seller {task.seller_id} is not in the registry: add it, and hand the feed over again"
            findings.add(Finding("seller", text, where="sellerId"))
        elif seller.status != ACTIVE:
            text = f"seller {seller.seller_id} {_NOT_ACTIVE.get(seller.status, 'is not active')}"
            findings.add(Finding("seller", text, where="sellerId"))
        # What can be said of a feed without its seller is said at once, too.
        held_against = seller or _Unregistered(task.seller_id, task.marketplace_ids)
        task = replace(task, region=held_against.region, content_type=self._content_type(task))
        request = FeedRequest(
            task.feed_type, task.marketplace_ids, task.content_type, task.feed_options, task.task_id
        )
        for finding in check_request(request, held_against, self._rules).kept:
            findings.add(finding)
        content = content_check(request, held_against, self._rules, findings)
        return self._through(task, content, findings)

    def _through(self, task: FeedTask, content: ContentCheck | None, findings: Findings) -> _Read:
        """Read the document, also of a refused request: another with the same id is held against it."""
        source = task.source
        location = ObjectLocation(source.bucket, source.key, source.version_id)
        try:
            measured = self._transfer.measure(location, observe=content.take if content else None)
        except (
            DamagedDocumentError,
            DocumentTooLargeError,
            SourceChangedError,
            StorageRefusedError,
        ) as error:
            findings.add(Finding(_rule(error), str(error)))
            return _Read(task, findings)
        if content is not None:
            content.finish()
        task = replace(
            task,
            content_sha256=measured.sha256,
            content_bytes=measured.content_bytes,
            etag=measured.etag,
            is_gzip=measured.is_gzip,
        )
        return _Read(task, findings)

    def _content_type(self, task: FeedTask) -> str:
        """The type's usual one where none was given: only here the deployment's own types are known."""
        if task.content_type:
            return task.content_type
        try:
            return feed_type(task.feed_type, self._rules.custom_types).format.value
        except UnknownFeedTypeError:
            return _NO_TYPE

    def _refuse(self, task: FeedTask, read: _Read) -> Checked:
        kept = self._kept_findings.keep(task.task_id, read.findings)
        reason = feed_events.told(_reason(read.findings))
        changes = {**_changes(task, read.task), "findings": kept}
        told = replace(task, **changes, outcome=Outcome.REFUSED, reason=reason)
        self._events.publish([feed_events.ended(told, result_bucket=self._kept_findings.bucket)])
        after = self._tasks.end(task, Outcome.REFUSED, reason=reason, **changes)
        return Checked(after, after.next_after_end, is_new=True)


def _changes(before: FeedTask, after: FeedTask) -> dict[str, Any]:
    """The fields that reading the document made known."""
    names = ("region", "content_type", "content_sha256", "content_bytes", "etag", "is_gzip")
    return {name: getattr(after, name) for name in names if getattr(after, name) != getattr(before, name)}


def _reason(findings: Findings) -> str:
    """The first error in words, and how many there are beside it."""
    first = next(row for row in findings.kept if row.severity == ERROR)
    where = f"{first.where}: " if first.where else f"line {first.line}: " if first.line else ""
    more = findings.errors - 1
    return f"{where}{first.text}" + (f" (and {more} more errors)" if more else "")


def _rule(error: DocumentError) -> str:
    return next(rule for kind, rule in _RULES if isinstance(error, kind))
