"""The first step of a feed task: refused with all that was found, or waiting for its turn; once."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.event_publisher import OperationalEvents
from sellerbus.documents.errors import RetryableTransferError
from sellerbus.documents.limits import Limits
from sellerbus.documents.presigned import DocumentHosts
from sellerbus.documents.storage import PresignedStorage
from sellerbus.documents.transfer import DocumentTransfer
from sellerbus.feeds.catalogue import Format
from sellerbus.feeds.checking import FeedChecker
from sellerbus.feeds.checks import Rules
from sellerbus.feeds.findings_store import FindingsStore
from sellerbus.feeds.task import CHANGES, FeedTask, Outcome, TaskState
from sellerbus.feeds.task_store import TaskChangedError, UnknownTaskError
from sellerbus.sellers.rows import Seller
from tests.fake_table import FakeTable
from tests.fakes import client_error
from tests.unit.documents.fake_s3 import FakeS3, etag, failing, failure
from tests.unit.feeds.inbox_world import Killed
from tests.unit.feeds.requests import CA, US, feed, message
from tests.unit.feeds.tasks import SELLER, Clock, store_on, task

GOOD = feed(message(1), sellerId=SELLER)
RULES = Rules(largest_bytes=5_000, custom_types={"MY_FEED": Format.JSON})


class Scene:
    """A task in the table, its document in S3, and the checker; any of its writes can fail or kill."""

    def __init__(
        self, content: bytes | None = GOOD, *, rules: Rules = RULES, status: str = "active", **changes: Any
    ) -> None:
        self.clock = Clock()
        self.table = FakeTable()
        self.store = store_on(self.table, self.clock)
        self.s3 = FakeS3()
        self.events: list[dict[str, Any]] = []
        self.fault: Callable[[str], None] = lambda operation: None
        self.table.fault = lambda operation, request: self.fault(operation)
        self.s3.fault = lambda operation, count: self.fault(operation)
        self.seller: Seller | None = Seller(SELLER, "na", (US, CA), status, "", "", b"")
        handed_over = task(**changes)
        self.store.create(handed_over)
        if content is not None:
            source = handed_over.source
            self.s3.versions[(source.bucket, source.key, source.version_id)] = content
        transfer = DocumentTransfer(
            s3=self.s3.client,
            storage=PresignedStorage(None, DocumentHosts(())),  # type: ignore[arg-type]
            limits=Limits(content_bytes=4 * rules.largest_bytes),
        )
        self.checker = FeedChecker(
            tasks=self.store,
            sellers=self,
            transfer=transfer,
            kept_findings=FindingsStore(self.s3.client, "results"),
            events=OperationalEvents(self.client, "bus", now=self.clock),
            rules=rules,
        )

    @property
    def client(self) -> Any:
        return self

    def find(self, seller_id: str) -> Seller | None:
        assert seller_id == SELLER
        return self.seller

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, Any]:
        self.fault("PutEvents")
        self.events += [{"type": each["DetailType"], **json.loads(each["Detail"])} for each in Entries]
        return {}

    def check(self) -> tuple[str, bool]:
        found = self.checker.check("t1")
        return found.next, found.is_new

    @property
    def row(self) -> FeedTask:
        return self.store.get("t1")

    @property
    def places(self) -> list[str]:
        return [sk for _, sk in self.table.rows if sk.startswith("waiting/")]

    def kept(self) -> Any:
        return json.loads(self.s3.objects[("results", "tasks/t1/findings.json")])


def test_a_good_feed_waits_for_its_turn_with_all_that_was_measured() -> None:
    scene = Scene()
    before = scene.row
    assert scene.check() == ("take-turn", True)
    assert scene.row == replace(
        before,
        state=TaskState.WAITING,
        region="na",
        content_sha256=hashlib.sha256(GOOD).hexdigest(),
        content_bytes=len(GOOD),
        etag=etag(GOOD),
        is_gzip=False,
        findings={"errors": 0, "warnings": 0},
        version=before.version + 1,
    )
    assert len(scene.places) == 1
    assert scene.events == []
    assert ("results", "tasks/t1/findings.json") not in scene.s3.objects


def test_a_second_call_reads_nothing_again() -> None:
    scene = Scene()
    scene.check()
    reads = scene.s3.calls["get_object"]
    assert scene.check() == ("take-turn", False)
    scene.store.change(scene.row, state=TaskState.SUBMITTING)
    assert scene.check() == ("take-turn", False)
    assert scene.s3.calls["get_object"] == reads == 1


def test_a_packed_feed_is_measured_unpacked() -> None:
    scene = Scene(gzip.compress(GOOD))
    assert scene.check() == ("take-turn", True)
    assert (scene.row.is_gzip, scene.row.content_bytes) == (True, len(GOOD))
    assert scene.row.content_sha256 == hashlib.sha256(GOOD).hexdigest()


def test_a_warning_is_kept_and_keeps_nothing_back() -> None:
    scene = Scene(feed(message(1, more=1), sellerId=SELLER))
    assert scene.check() == ("take-turn", True)
    assert scene.row.findings == {"errors": 0, "warnings": 1, "key": "tasks/t1/findings.json"}
    assert scene.kept()["findings"][0]["rule"] == "unknown-field"


def test_a_refused_feed_tells_every_fault_and_leaves_its_lane() -> None:
    content = feed(message(1, sku=None), message(1), sellerId="A0")
    scene = Scene(content)
    assert scene.check() == ("ended", True)
    row = scene.row
    assert (row.state, row.outcome) == (TaskState.ENDED, Outcome.REFUSED)
    assert row.reason == "messages[0]: sku is missing (and 2 more errors)"
    assert row.findings == {"errors": 3, "warnings": 0, "key": "tasks/t1/findings.json"}
    assert row.content_sha256 == hashlib.sha256(content).hexdigest()
    assert [each["rule"] for each in scene.kept()["findings"]] == ["sku", "message-id-twice", "seller-id"]
    assert scene.places == []
    (event,) = scene.events
    assert (event["type"], event["outcome"], event["reason"]) == ("FeedRefused", "REFUSED", row.reason)
    assert event["findings"] == {**row.findings, "bucket": "results"}
    assert event["region"] == "na"
    assert scene.check() == ("ended", False)
    assert len(scene.events) == 1


def test_the_changes_of_a_refused_feed_are_told() -> None:
    scene = Scene(b"{", origin=CHANGES)
    assert scene.check() == ("report-changes", True)
    assert scene.check() == ("report-changes", False)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("paused", "is paused"),
        ("revoked", "is revoked"),
        ("removing", "is being removed"),
        ("x", "not active"),
    ],
)
def test_a_seller_that_is_not_active_is_refused(status: str, text: str) -> None:
    scene = Scene(status=status)
    assert scene.check() == ("ended", True)
    assert text in str(scene.row.reason)
    assert scene.row.content_sha256 == hashlib.sha256(GOOD).hexdigest()


def test_a_seller_that_nobody_knows_is_refused_with_all_that_is_wrong_beside() -> None:
    scene = Scene(feed(message(1), sellerId="A3OTHERSELLER"), feed_options={"a": "b"})
    scene.seller = None
    assert scene.check() == ("ended", True)
    assert "not in the registry" in str(scene.row.reason)
    rules = [each["rule"] for each in scene.kept()["findings"] if each["severity"] == "error"]
    assert rules == ["seller", "seller-id"]
    assert scene.row.region is None


def test_the_marketplaces_of_a_seller_that_nobody_knows_are_not_held_against_it() -> None:
    scene = Scene(marketplace_ids=(US, "A1PA6795UKMFR9"))
    scene.seller = None
    scene.check()
    assert [each["rule"] for each in scene.kept()["findings"]] == ["seller"]


def test_what_could_not_be_taken_is_refused_with_that_reason_unread() -> None:
    scene = Scene(reason="nothing names its marketplaces")
    assert scene.check() == ("ended", True)
    assert scene.row.reason == "nothing names its marketplaces"
    assert scene.row.outcome is Outcome.REFUSED
    assert scene.kept()["findings"] == [
        {"rule": "not-taken", "severity": "error", "text": "nothing names its marketplaces"}
    ]
    assert scene.s3.calls["get_object"] == 0


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (None, "document-gone"),
        (b"", "empty"),
        (gzip.compress(GOOD, mtime=0)[:-9], "damaged"),
        (b" " * 5_001, "size"),
        (b" " * 30_000, "size"),
        (gzip.compress(b" " * 30_000, mtime=0), "size"),
    ],
)
def test_documents_that_are_none(content: bytes | None, rule: str) -> None:
    scene = Scene(content)
    assert scene.check() == ("ended", True)
    assert [each["rule"] for each in scene.kept()["findings"]] == [rule]


def test_a_document_that_s3_refuses_to_give_is_refused() -> None:
    scene = Scene()
    scene.s3.fault = failing("get_object", failure("AccessDenied", 403))
    assert scene.check() == ("ended", True)
    assert [each["rule"] for each in scene.kept()["findings"]] == ["document-refused"]


@pytest.mark.parametrize("feed_type", ["NO_SUCH_FEED", "POST_PRODUCT_DATA"])
def test_types_that_are_unknown_or_removed(feed_type: str) -> None:
    scene = Scene(feed_type=feed_type, content_type="")
    assert scene.check() == ("ended", True)
    assert feed_type in str(scene.row.reason)
    assert scene.row.content_sha256 is not None


def test_removed_types_pass_in_the_version_they_lived_in() -> None:
    scene = Scene(
        b"<AmazonEnvelope/>",
        rules=replace(RULES, removed_allowed=True),
        feed_type="POST_PRODUCT_DATA",
        content_type="",
    )
    assert scene.check() == ("take-turn", True)
    assert scene.row.content_type == "text/xml; charset=UTF-8"


def test_a_type_of_the_deployments_own_gets_its_content_type() -> None:
    scene = Scene(b"{}", feed_type="MY_FEED", content_type="")
    assert scene.check() == ("take-turn", True)
    assert scene.row.content_type == "application/json; charset=UTF-8"


def test_no_marketplaces_are_refused() -> None:
    scene = Scene(marketplace_ids=())
    assert scene.check() == ("ended", True)
    assert scene.row.reason == "marketplaceIds: 0 marketplaces are given: a feed is for 1 to 25"


def test_no_such_task() -> None:
    with pytest.raises(UnknownTaskError):
        Scene().checker.check("t2")


def test_what_s3_does_not_do_now_is_repeated() -> None:
    scene = Scene()
    scene.s3.fault = failing("get_object", failure("SlowDown", 503))
    with pytest.raises(RetryableTransferError):
        scene.check()
    scene.s3.fault = lambda operation, count: None
    assert scene.check() == ("take-turn", True)


@pytest.mark.parametrize("content", [GOOD, b"{"])
def test_what_aws_does_not_do_now_is_repeated(content: bytes) -> None:
    def fault(operation: str) -> None:
        if operation in {"put_object", "PutEvents", "TransactWriteItems"}:
            raise client_error(operation, "InternalError")

    scene = Scene(content)
    scene.fault = fault
    with pytest.raises(StoreUnavailableError):
        scene.check()
    scene.fault = lambda operation: None
    assert scene.check()[1]


def test_a_task_that_was_cancelled_meanwhile_stays_so() -> None:
    scene = Scene()

    def fault(operation: str) -> None:
        if operation == "get_object":
            scene.fault = lambda operation: None
            scene.store.end(scene.row, Outcome.CANCELLED)

    scene.fault = fault
    with pytest.raises(TaskChangedError):
        scene.check()
    assert scene.check() == ("ended", False)
    assert scene.row.outcome is Outcome.CANCELLED
    assert scene.places == []


@pytest.mark.parametrize("content", [GOOD, feed(message(1, more=1), sellerId=SELLER), b"{"])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_kill_before_or_after_any_call_changes_nothing(content: bytes, number: int) -> None:
    expected = Scene(content)
    expected.check()
    scene = Scene(content)
    count = 0

    def fault(operation: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            raise Killed

    scene.fault = fault
    with contextlib.suppress(Killed):
        scene.check()
    scene.fault = lambda operation: None
    answer, _ = scene.check()
    assert answer == expected.checker.check("t1").next
    assert scene.row == expected.row
    assert scene.places == expected.places
    assert scene.s3.objects == expected.s3.objects
    assert {event["eventId"] for event in scene.events} == {event["eventId"] for event in expected.events}
    assert len(scene.events) <= len(expected.events) + 1
