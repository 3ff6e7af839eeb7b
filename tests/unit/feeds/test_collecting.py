"""Whatever becomes of a report, its task ends as Amazon ended the feed, and says what is missing."""

from __future__ import annotations

import gzip
from datetime import datetime
from typing import Any

import pytest

from sellerbus.api.errors import (
    AuthorizationRevokedError,
    NotFoundError,
    PermanentError,
    RetryableError,
    ThrottledError,
    UnauthorizedError,
)
from sellerbus.api.feeds import FeedDocument
from sellerbus.documents.errors import StorageRefusedError
from sellerbus.documents.limits import Limits
from sellerbus.feeds.collecting import LONGEST_NOTE, FeedCollector
from sellerbus.feeds.fetching import MOST_ATTEMPTS, MOST_FAULTS, Fetched
from sellerbus.feeds.following import WrongTaskStateError
from sellerbus.feeds.keeping import FINISHING_SECONDS
from sellerbus.feeds.outcomes import messages_with_errors, outcome_of
from sellerbus.feeds.task import FeedTask, Outcome, TaskState, iso
from sellerbus.sellers.rows import UnknownSellerError
from tests.unit.documents.fake_s3 import failing, failure
from tests.unit.documents.test_refusals import EXPIRED
from tests.unit.documents.wire import Answer
from tests.unit.feeds.collecting_scene import (
    BAD,
    CLEAN,
    JSON,
    REPORT,
    RESULTS,
    WITH_ERRORS,
    CollectingScene,
)
from tests.unit.feeds.following_scene import DOCUMENT, SECRET, URL, shown
from tests.unit.feeds.reports import EASY_SHIP, FLAT_FILE, XML, listings
from tests.unit.feeds.tasks import NOW, SELLER

GET_DOCUMENT = "getFeedDocument"


def report(body: bytes | str, content_type: str = "", **more: Any) -> Answer:
    content = body.encode() if isinstance(body, str) else body
    return Answer(body=content, headers={"Content-Type": content_type} if content_type else JSON, **more)


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "event"),
    [
        ("DONE", report(CLEAN), Outcome.COMPLETED, "FeedCompleted"),
        ("DONE", report(WITH_ERRORS), Outcome.COMPLETED_WITH_ERRORS, "FeedCompletedWithErrors"),
        ("DONE", report(XML, "text/xml"), Outcome.COMPLETED_WITH_ERRORS, "FeedCompletedWithErrors"),
        ("DONE", report(FLAT_FILE, "text/plain"), Outcome.COMPLETED_WITH_ERRORS, "FeedCompletedWithErrors"),
        ("DONE", report(EASY_SHIP, "text/xml"), Outcome.COMPLETED, "FeedCompleted"),
        ("FATAL", report(WITH_ERRORS), Outcome.FATAL, "FeedFatal"),
        ("FATAL", report("Not a feed at all.", "text/plain"), Outcome.FATAL, "FeedFatal"),
        ("CANCELLED", report(CLEAN), Outcome.CANCELLED, "FeedCancelled"),
    ],
)
def test_an_end_with_a_report(status: str, answer: Answer, outcome: Outcome, event: str) -> None:
    scene = CollectingScene(answer, status=status)
    collected = scene.collect()
    task = scene.task
    assert collected.answer == {"next": "ended"}
    assert (task.state, task.outcome, task.processing_status) == (TaskState.ENDED, outcome, status)
    assert scene.events.names == [event]
    assert collected.told == tuple(scene.events.published)
    assert scene.s3.objects[REPORT] == answer.body
    assert task.report == {
        "bucket": "results",
        "key": REPORT[1],
        "bytes": len(answer.body),
        "contentType": answer.headers["Content-Type"],
    }
    assert task.results == {"bucket": "results", "key": RESULTS[1], "messages": len(scene.lines)}
    assert (task.notes, task.token, task.ended_at is None) == ((), None, False)
    assert scene.amazon.calls == [GET_DOCUMENT]
    assert not scene.holds_its_lane


@pytest.mark.parametrize(
    ("status", "outcome", "event", "calls"),
    [
        ("DONE", Outcome.COMPLETED, "FeedCompleted", ["getFeed"]),
        ("FATAL", Outcome.FATAL, "FeedFatal", ["getFeed"]),
        ("CANCELLED", Outcome.CANCELLED, "FeedCancelled", []),
    ],
)
def test_an_end_without_a_report(status: str, outcome: Outcome, event: str, calls: list[str]) -> None:
    scene = CollectingScene(status=status, document=None)
    scene.amazon.feeds = [shown(status)]
    assert scene.collect().answer == {"next": "ended"}
    task = scene.task
    assert (task.outcome, task.report, task.results, task.totals) == (outcome, None, None, None)
    assert scene.events.names == [event]
    assert scene.events.published[0].detail["report"] is None
    assert (scene.amazon.calls, scene.storage.sent, task.notes) == (calls, [], ())


def test_a_report_that_only_getfeed_knows_of_is_fetched() -> None:
    scene = CollectingScene(report(WITH_ERRORS), document=None)
    scene.amazon.feeds = [shown("DONE", DOCUMENT)]
    scene.collect()
    assert scene.task.outcome is Outcome.COMPLETED_WITH_ERRORS
    assert scene.task.result_feed_document_id == DOCUMENT


def test_the_event_and_the_metrics_tell_the_totals() -> None:
    scene = CollectingScene(
        report(WITH_ERRORS),
        findings={"errors": 0, "warnings": 1, "key": "tasks/t1/findings.json"},
        submitted_at=iso(0),
    )
    collected = scene.collect()
    detail = scene.events.published[0].detail
    assert detail["totals"] == scene.task.totals
    assert detail["totals"]["withErrors"] == 2  # type: ignore[index]
    assert detail["results"] == {"bucket": "results", "key": RESULTS[1], "messages": 2}
    assert detail["findings"] == {
        "errors": 0, "warnings": 1, "bucket": "results", "key": "tasks/t1/findings.json",
    }  # fmt: skip
    assert (detail["outcome"], detail["feedId"]) == ("COMPLETED_WITH_ERRORS", scene.first.feed_id)
    assert scene.task.ended_at is not None
    assert collected.counted == {
        "ReportBytesDownloaded": len(WITH_ERRORS),
        "FeedMessagesAccepted": detail["totals"]["successful"],  # type: ignore[index]
        "FeedMessagesRefused": 2,
        "FeedDuration": round(datetime.fromisoformat(scene.task.ended_at).timestamp()),
    }
    assert collected.counted["FeedMessagesAccepted"] > 0
    assert [line["sku"] for line in scene.lines] == ["SKU-3", "SKU-5"]


def test_errors_that_the_summary_denies_are_errors() -> None:
    scene = CollectingScene(report(listings(BAD, messagesProcessed=9, messagesAccepted=9)))
    scene.collect()
    assert scene.task.outcome is Outcome.COMPLETED_WITH_ERRORS


def test_an_encrypted_report_is_decrypted_and_another_standard_is_said() -> None:
    scene = CollectingScene()
    scene.amazon.documents = [FeedDocument(DOCUMENT, URL, {"standard": "ROT13"})]
    scene.collect()
    assert scene.task.outcome is Outcome.COMPLETED
    assert "can't be decrypted" in scene.task.notes[0]
    assert scene.storage.sent == []


def test_changes_are_told_of_the_end() -> None:
    scene = CollectingScene(origin="changes")
    assert scene.collect().answer == {"next": "report-changes"}
    assert scene.collect().answer == {"next": "report-changes"}


def test_a_repetition_after_the_end_does_nothing() -> None:
    scene = CollectingScene()
    scene.collect()
    rows = dict(scene.table.rows)
    collected = scene.collect()
    assert (collected.answer, collected.told, collected.counted) == ({"next": "ended"}, (), {})
    assert (scene.table.rows, len(scene.events.published)) == (rows, 1)


def test_what_has_not_ended_is_not_collected() -> None:
    with pytest.raises(WrongTaskStateError, match="collect"):
        CollectingScene(status=None).collect()
    with pytest.raises(WrongTaskStateError, match="collect"):
        CollectingScene(state=TaskState.UNCERTAIN).collect()


@pytest.mark.parametrize(
    ("totals", "count"),
    [
        (None, 0),
        ({}, 0),
        ({"withErrors": 2, "errors": 5}, 2),
        ({"withErrors": 0, "errors": 5}, 5),
        ({"withErrors": None, "errors": 5}, 5),
        ({"withErrors": 0, "differing": {"withErrors": {"told": 0, "counted": 3}}}, 3),
        ({"errors": 0, "warnings": 9, "withWarnings": 9}, 0),
    ],
)
def test_messages_with_errors(totals: dict[str, Any] | None, count: int) -> None:
    assert messages_with_errors(totals) == count
    wanted = Outcome.COMPLETED_WITH_ERRORS if count else Outcome.COMPLETED
    assert outcome_of("DONE", totals) is wanted


def test_notes_are_short_few_and_without_credentials() -> None:
    class Fetcher:
        def fetch(self, task: FeedTask) -> Fetched:
            return Fetched(task, unread=f"not read: {URL} " + "x" * 5000)

    scene = CollectingScene(notes=tuple(f"note {number}" for number in range(19)))
    FeedCollector(
        store=scene.store, events=scene.events, fetcher=Fetcher(), result_bucket="results", now=scene.clock
    ).collect("t1")
    task = scene.task
    assert (len(task.notes), task.notes[0]) == (20, "note 0")
    assert len(task.notes[-1]) <= LONGEST_NOTE
    assert SECRET not in repr(task)


# Not now.


def test_a_throttled_document_is_waited_for_as_long_as_is_told() -> None:
    scene = CollectingScene(token="token-1", token_step="await")
    scene.amazon.documents = [ThrottledError(GET_DOCUMENT, 44.2), FeedDocument(DOCUMENT, URL)]
    assert scene.collect().answer == {"next": "wait", "waitSeconds": 45}
    task = scene.task
    assert (task.token, task.token_step) == (None, None)
    assert (task.state, task.collect_attempts, task.collect_faults) == (TaskState.COLLECTING, 0, 0)
    assert not scene.holds_its_lane
    assert scene.events.names == []
    assert task.waits == {"reason": f"Amazon's quota of {GET_DOCUMENT} is used up", "until": NOW + 45}
    assert scene.collect().answer == {"next": "ended"}
    assert scene.task.waits is None


def test_what_a_report_waits_for_is_gone_when_the_next_try_begins() -> None:
    scene = CollectingScene(Answer(status=503), report(CLEAN))
    assert scene.collect().answer["next"] == "wait"
    assert "503" in (scene.task.waits or {})["reason"]
    scene.clock.now += 900
    began: list[object] = []
    scene.remaining = lambda: began.append(scene.task.waits) or 800.0  # type: ignore[func-returns-value]
    assert scene.collect().answer == {"next": "ended"}
    assert set(began) == {None}


def test_a_throttled_getfeed_is_waited_for_too() -> None:
    scene = CollectingScene(document=None)
    scene.amazon.feeds = [ThrottledError("getFeed", 0.4)]
    assert scene.collect().answer == {"next": "wait", "waitSeconds": 1}


@pytest.mark.parametrize(
    "error",
    [
        RetryableError(GET_DOCUMENT, "no answer", status=503),
        AuthorizationRevokedError(GET_DOCUMENT, "revoked"),
        UnauthorizedError(GET_DOCUMENT, "no", status=403),
    ],
)
@pytest.mark.parametrize("document", [DOCUMENT, None])
def test_faults_are_outlasted_for_a_day_and_not_for_ever(error: Exception, document: str | None) -> None:
    scene = CollectingScene(document=document)
    scene.amazon.documents = [error]
    scene.amazon.feeds = [error]
    waits = scene.collect_to_the_end()
    assert waits[:6] == [30, 60, 120, 240, 480, 900]
    assert len(waits) == MOST_FAULTS
    assert 20 * 3600 < sum(waits) < 30 * 3600
    assert (scene.task.outcome, scene.task.collect_attempts) == (Outcome.COMPLETED, 0)
    assert "could not be fetched in 100 tries" in scene.task.notes[0]
    assert str(scene.task.reason).startswith("Amazon processed the feed; the report could not be fetched")


def test_a_seller_that_is_gone_is_waited_for_as_well() -> None:
    scene = CollectingScene()
    scene.amazon.refusal = UnknownSellerError(SELLER)
    assert scene.collect().answer == {"next": "wait", "waitSeconds": 30}


def test_a_storage_that_is_down_uses_up_no_try() -> None:
    scene = CollectingScene(*[Answer(status=503)] * 20, report(CLEAN))
    assert len(scene.collect_to_the_end()) == 20
    assert (scene.task.collect_attempts, scene.task.collect_faults, scene.task.notes) == (1, 20, ())


def test_a_bucket_that_is_slow_uses_up_no_try() -> None:
    scene = CollectingScene()

    def slow(operation: str, count: int) -> None:
        if operation == "put_object" and count <= 9:
            raise failure("SlowDown", 503)

    scene.s3.fault = slow
    scene.collect_to_the_end()
    assert (scene.task.collect_attempts, scene.task.notes) == (1, ())
    assert scene.s3.objects[REPORT] == CLEAN


def test_a_bucket_that_refuses_is_no_outcome() -> None:
    scene = CollectingScene()
    scene.s3.fault = failing("put_object", failure("AccessDenied", 403))
    for _ in range(MOST_ATTEMPTS + 2):
        with pytest.raises(StorageRefusedError):
            scene.collect()
    assert (scene.task.state, scene.task.collect_attempts) == (TaskState.COLLECTING, 0)
    scene.s3.fault = lambda operation, count: None
    assert scene.collect().answer == {"next": "ended"}


def test_an_expired_url_is_asked_for_anew() -> None:
    scene = CollectingScene(Answer(status=403, body=EXPIRED), report(CLEAN))
    assert scene.collect_to_the_end() == [1]
    assert scene.amazon.calls == [GET_DOCUMENT] * 2
    assert scene.task.notes == ()


def test_a_storage_that_refuses_is_asked_a_few_times_and_its_answer_noted() -> None:
    scene = CollectingScene(Answer(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>"))
    assert scene.collect_to_the_end() == [2, 8, 32]
    assert "NoSuchKey" in str(scene.task.reason)


# Damaged for good.


CUT = gzip.compress(WITH_ERRORS, mtime=0)[:-4]


def test_a_damaged_report_is_fetched_anew_a_few_times() -> None:
    scene = CollectingScene(report(CUT), report(CUT), report(WITH_ERRORS))
    assert scene.collect_to_the_end() == [2, 8]
    assert scene.amazon.calls == [GET_DOCUMENT] * 3
    assert (scene.task.notes, scene.s3.objects[REPORT]) == ((), WITH_ERRORS)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("DONE", Outcome.COMPLETED_WITH_ERRORS),
        ("FATAL", Outcome.FATAL),
        ("CANCELLED", Outcome.CANCELLED),
    ],
)
def test_of_a_report_that_stays_damaged_is_kept_what_can_be_read(status: str, outcome: Outcome) -> None:
    body = WITH_ERRORS[: WITH_ERRORS.index(b'"summary"')]
    scene = CollectingScene(report(body, said_length=len(WITH_ERRORS)), status=status)
    assert scene.collect_to_the_end() == [2, 8, 32]
    assert scene.amazon.calls == [GET_DOCUMENT] * MOST_ATTEMPTS
    assert (scene.task.outcome, scene.task.totals["errors"]) == (outcome, 2)  # type: ignore[index]
    assert scene.s3.objects[REPORT] == body
    assert [line["sku"] for line in scene.lines] == ["SKU-3", "SKU-5"]
    assert "did not come whole" in scene.task.notes[0]
    assert "did not come whole" in str(scene.task.reason)
    assert SECRET not in repr((scene.task, scene.events.published))


def test_a_report_that_amazon_keeps_no_longer_is_noted() -> None:
    scene = CollectingScene()
    scene.amazon.documents = [NotFoundError(GET_DOCUMENT, "no such document", status=404)]
    assert scene.collect_to_the_end() == [30, 60]
    assert scene.task.outcome is Outcome.COMPLETED
    assert "keeps the report no longer" in scene.task.notes[0]


def test_a_404_right_after_the_end_is_no_proof() -> None:
    scene = CollectingScene(report(WITH_ERRORS))
    scene.amazon.documents = [NotFoundError(GET_DOCUMENT, "none", status=404), FeedDocument(DOCUMENT, URL)]
    scene.collect_to_the_end()
    assert (scene.task.outcome, scene.task.notes) == (Outcome.COMPLETED_WITH_ERRORS, ())


@pytest.mark.parametrize("document", [DOCUMENT, None])
def test_a_refusal_for_good_is_noted(document: str | None) -> None:
    scene = CollectingScene(document=document)
    refusal = PermanentError(GET_DOCUMENT, f"bad request {URL}", status=400)
    scene.amazon.documents, scene.amazon.feeds = [refusal], [refusal]
    assert scene.collect_to_the_end() == []
    assert "bad request" in scene.task.notes[0]
    assert SECRET not in repr(scene.task)


@pytest.mark.parametrize(
    ("answer", "limits"),
    [
        (report(gzip.compress(b"\n" * (40 << 20), mtime=0)), None),
        (report(CLEAN), Limits(transferred_bytes=10)),
    ],
)
def test_a_bomb_or_a_giant_ends_the_task_at_once_with_its_reason(
    answer: Answer, limits: Limits | None
) -> None:
    scene = CollectingScene(answer, limits=limits)
    assert scene.collect_to_the_end() == []
    assert (scene.task.outcome, scene.task.report) == (Outcome.COMPLETED, None)
    assert "the report was not kept" in str(scene.task.reason)
    assert scene.task.notes[0] in str(scene.events.published[0].detail["reason"])
    assert not scene.s3.objects


def test_a_report_longer_than_a_function_may_run_is_kept_so_far_at_the_first_try() -> None:
    times = iter([800.0, 800.0] + [FINISHING_SECONDS - 1] * 100)
    scene = CollectingScene(report(WITH_ERRORS + b" " * (2 << 20)), remaining=lambda: next(times))
    assert scene.collect_to_the_end() == []
    assert scene.task.outcome is Outcome.COMPLETED_WITH_ERRORS
    assert "may run 15 minutes" in str(scene.task.reason)


def test_a_report_that_kills_the_function_is_not_fetched_for_ever() -> None:
    class KilledError(BaseException):
        pass

    scene = CollectingScene()

    def killed(operation: str, count: int) -> None:
        raise KilledError

    scene.s3.fault = killed
    for _ in range(MOST_ATTEMPTS):
        with pytest.raises(KilledError):
            scene.collect()
    assert scene.collect_to_the_end() == []
    assert scene.amazon.calls == [GET_DOCUMENT] * MOST_ATTEMPTS
    assert "could not be kept in 4 tries" in str(scene.task.reason)
    assert scene.task.outcome is Outcome.COMPLETED
