"""FEED_PROCESSING_FINISHED may come early, late, twice, or for somebody else's feed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.aws.task_tokens import TaskTokens
from sellerbus.feeds.processed import Finished, Noted, UnusableNotificationError, finished
from sellerbus.feeds.task import TaskState
from sellerbus.feeds.task_store import KEPT_DAYS, feed_key
from tests.builders import feed_finished
from tests.fakes import client_error
from tests.unit.feeds.following_scene import DOCUMENT, FEED, FakeStepFunctions, Scene, notice
from tests.unit.feeds.tasks import NOW, SELLER

COLLECT = json.dumps({"next": "collect"})


def body(**changes: Any) -> str:
    payload = feed_finished(feed_id=FEED)["payload"]
    payload["feedProcessingFinishedNotification"].update(changes)
    detail = {"eventId": "e", "sellerId": "OF-THE-ENVELOPE", "payload": payload, "payloadLocation": None}
    return json.dumps({"source": "sellerbus.notifications", "detail": detail})


def test_reads_what_the_bus_carries() -> None:
    read = finished(body(sellerId=SELLER, resultFeedDocumentId=DOCUMENT))
    assert read == Finished(SELLER, FEED, "DONE", DOCUMENT, "e")
    assert finished(body(sellerId=None)).seller_id == "OF-THE-ENVELOPE"
    assert finished(body()).result_feed_document_id is None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        json.dumps({"detail": {"payload": None, "payloadLocation": {"bucket": "b"}}}),
        json.dumps({"detail": {"payload": {"reportProcessingFinishedNotification": {}}}}),
        body(feedId=None),
        body(feedId=7),
        body(processingStatus=None),
        "[" * 100_000,
    ],
)
def test_what_is_none_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UnusableNotificationError):
        finished(text)


def test_the_task_that_waits_goes_on() -> None:
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    report = scene.processed().take(notice())
    assert (report.noted, report.task_id, report.differs) == (Noted.TOLD, "t1", None)
    assert scene.functions.answered == [("token-1", COLLECT)]
    row = scene.store.feed_row(SELLER, FEED)
    assert row is not None
    assert (row.processing_status, row.result_feed_document_id) == ("DONE", DOCUMENT)


def test_a_second_copy_changes_nothing() -> None:
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    scene.processed().take(notice())
    rows = dict(scene.table.rows)
    scene.clock.now += 60
    assert scene.processed().take(notice()).noted is Noted.NOT_AWAITED
    assert scene.table.rows == rows
    assert len(scene.functions.answered) == 1


def test_before_the_feed_is_bound_it_is_written_down_for_whoever_binds_it() -> None:
    scene = Scene(bound=False)
    assert scene.processed().take(notice()).noted is Noted.FOREIGN
    scene.store.bind(SELLER, FEED, "t1")
    scene.follower().await_end("t1", "token-1")
    assert scene.functions.answered == [("token-1", COLLECT)]


def test_a_foreign_feed_is_kept_for_a_while_and_touches_nothing_else() -> None:
    scene = Scene()
    before = scene.task
    assert scene.processed().take(notice(feed_id="another")).noted is Noted.FOREIGN
    assert scene.task == before
    row = scene.table.rows[feed_key(SELLER, "another")]
    assert int(row["expiresAt"]["N"]) == NOW + KEPT_DAYS * 86_400
    assert scene.functions.answered == []


def test_before_the_token_it_is_found_by_whoever_waits() -> None:
    scene = Scene()
    assert scene.processed().take(notice()).noted is Noted.NOT_AWAITED
    scene.follower().await_end("t1", "token-1")
    assert scene.functions.answered == [("token-1", COLLECT)]


@pytest.mark.parametrize("code", ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"])
def test_after_the_time_out_it_is_written_down(code: str) -> None:
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    scene.functions.error = client_error("SendTaskSuccess", code)
    assert scene.processed().take(notice()).noted is Noted.NOT_AWAITED
    assert scene.follower().look("t1").answer == {"next": "collect"}
    assert scene.amazon.calls == []


def test_where_the_step_may_still_wait_the_notification_comes_again() -> None:
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    scene.functions.error = client_error("SendTaskSuccess", "ThrottlingException")
    with pytest.raises(StoreUnavailableError, match="SendTaskSuccess failed with ThrottlingException"):
        scene.processed().take(notice())
    scene.functions.error = None
    assert scene.processed().take(notice()).noted is Noted.TOLD


def test_the_first_end_that_is_told_stays() -> None:
    scene = Scene()
    scene.processed().take(notice("FATAL", None))
    report = scene.processed().take(notice("DONE"))
    assert report.differs == "FATAL"
    assert scene.known_end == "FATAL"


@pytest.mark.parametrize(
    "said",
    [
        notice("IN_PROGRESS"),
        notice("WHATEVER"),
        Finished(None, FEED, "DONE", None),
    ],
)
def test_what_is_no_end_of_a_sellers_feed_is_left_alone(said: Finished) -> None:
    scene = Scene()
    rows = dict(scene.table.rows)
    assert scene.processed().take(said).noted is Noted.IGNORED
    assert scene.table.rows == rows


@pytest.mark.parametrize(
    ("state", "step"), [(TaskState.PROCESSING, "decide"), (TaskState.COLLECTING, "await")]
)
def test_a_token_that_waits_for_something_else_is_left_alone(state: TaskState, step: str) -> None:
    scene = Scene(state=state, token="token-1", token_step=step)
    assert scene.processed().take(notice()).noted is Noted.NOT_AWAITED
    assert scene.functions.answered == []


def test_the_end_of_a_second_feed_of_the_task_is_not_the_end_of_its_first() -> None:
    """createFeed answered late with another feed, which is the task's too: see answers.py."""
    scene = Scene()
    scene.follower().await_end("t1", "token-1")
    scene.store.bind(SELLER, "another-feed", "t1")
    assert scene.processed().take(notice(feed_id="another-feed")).noted is Noted.NOT_AWAITED
    assert scene.functions.answered == []
    assert scene.processed().take(notice()).noted is Noted.TOLD


def test_a_feed_whose_task_is_gone_is_foreign() -> None:
    scene = Scene(bound=False)
    scene.store.bind(SELLER, FEED, "removed")
    assert scene.processed().take(notice()).noted is Noted.FOREIGN


def test_tokens_say_whether_somebody_waited() -> None:
    functions = FakeStepFunctions("a")
    tokens = TaskTokens(functions.client)
    assert tokens.succeed("a", {"next": "await", "silenceSeconds": 9})
    assert not tokens.succeed("a", {"next": "collect"})
    assert functions.answered == [("a", '{"next": "await", "silenceSeconds": 9}')]
