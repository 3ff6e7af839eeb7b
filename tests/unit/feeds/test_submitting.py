"""submit_feed down to the wire: what is sent, how often, and what each answer makes of the task."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError

from sellerbus.api.feeds import V2020, V2021
from sellerbus.documents.cipher import EncryptionDetails, decrypted
from sellerbus.feeds.submission import State
from sellerbus.feeds.submission_steps import EndsError, TryLaterError, WrongTaskStateError
from sellerbus.feeds.task import Outcome, TaskState
from sellerbus.sellers.registry import UnreadableTokenError
from tests.unit.api.wire import reply
from tests.unit.documents.test_refusals import EXPIRED
from tests.unit.documents.wire import Answer as Stored
from tests.unit.feeds.submission_scene import CONTENT, KEY, VECTOR, Amazon, Behaviour, Scene, checked, in_turn
from tests.unit.feeds.tasks import MARKETPLACE, TYPE

AWAIT = {"next": "await", "silenceSeconds": 900}


def answering(status: int, body: Any = b"", **headers: str) -> Behaviour:
    return lambda _: reply(status, body, **headers)


def raising(error: Exception) -> Behaviour:
    return lambda _: error


def carried_out(then: Behaviour) -> Behaviour:
    """createFeed is carried out, and answered otherwise."""

    def behave(amazon: Amazon) -> requests.Response | Exception:
        amazon.create()
        return then(amazon)

    return behave


REFUSED_CONNECTION = requests.ConnectionError(
    MaxRetryError(None, "/", NewConnectionError(None, "refused"))  # type: ignore[arg-type]
)
FOUND = "createFeed's answer was lost; the feed was found by looking (getFeeds)"
TIMED_OUT = requests.ReadTimeout("no answer")


def settle(scene: Scene) -> Mapping[str, Any]:
    """Come again once the settle time is over."""
    scene.clock.now += 301
    return scene.submit()


@pytest.mark.parametrize("version", [V2021, V2020])
def test_a_feed_is_submitted_once_in_either_version(version: str) -> None:
    scene = in_turn(checked(feed_options={"a": "b"}), version=version)
    assert scene.submit() == AWAIT
    assert [name for name, _ in scene.amazon.sent] == ["createFeedDocument", "createFeed"]
    assert scene.amazon.sent[0][1] == {"contentType": "application/json; charset=UTF-8"}
    assert scene.amazon.sent[1][1] == {
        "feedType": TYPE,
        "marketplaceIds": [MARKETPLACE],
        "inputFeedDocumentId": "document-1",
        "feedOptions": {"a": "b"},
    }
    row = scene.task()
    assert (row.state, row.feed_id, row.document_id) == (TaskState.PROCESSING, "feed-1", "document-1")
    assert (row.api_version, row.submission.state) == (version, State.SUBMITTED)
    feed = scene.store.feed_row(row.seller_id, "feed-1")
    assert feed is not None
    assert feed.task_id == "t1"
    (upload,) = scene.storage.sent
    assert upload.headers["Content-Type"] == "application/json; charset=UTF-8"
    if version == V2020:
        assert b"".join(decrypted([upload.body], EncryptionDetails(KEY, VECTOR))) == CONTENT
    else:
        assert upload.body == CONTENT
    assert scene.counted["FeedBytesUploaded"] == len(upload.body)
    assert scene.counted["FeedsSubmitted"] == 1


def test_a_second_call_answers_the_same_and_sends_nothing() -> None:
    scene = in_turn()
    scene.submit()
    sent = len(scene.amazon.sent)
    assert scene.submit() == AWAIT
    assert len(scene.amazon.sent) == sent


def test_the_version_stays_what_it_was_when_the_submission_began() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [raising(REFUSED_CONNECTION)] * 4
    scene.submit()
    scene.version = V2020
    scene.settings["silence_seconds"] = 1
    scene.clock.now += 120
    assert scene.submit() == AWAIT
    assert scene.task().api_version == V2021


# What createFeed answers.


@pytest.mark.parametrize("status", [400, 403, 404, 413, 415])
def test_a_refusal_ends_the_task(status: int) -> None:
    scene = in_turn()
    error = {"errors": [{"code": "InvalidInput", "message": "the document is unknown"}]}
    scene.amazon.script["createFeed"] = [answering(status, error)]
    assert scene.submit() == {"next": "ended"}
    row = scene.task()
    assert (row.state, row.outcome) == (TaskState.ENDED, Outcome.REFUSED)
    assert "the document is unknown" in str(row.reason)
    assert scene.amazon.count("createFeed") == 1
    assert [name for name, _ in scene.told] == ["FeedRefused"]
    assert scene.counted["FeedsRefused"] == 1
    assert "holder" not in scene.turn()


def test_a_refused_task_of_gathered_changes_reports_them() -> None:
    scene = in_turn(checked(origin="changes"))
    scene.amazon.script["createFeed"] = [answering(400)]
    assert scene.submit() == {"next": "report-changes"}
    assert scene.submit() == {"next": "report-changes"}


def test_429_is_waited_out_and_called_again() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [answering(429, {"errors": []})]
    answer = scene.submit()
    assert answer["next"] == "wait"
    assert 119 <= answer["waitSeconds"] <= 122
    assert scene.task().submission.state is State.PENDING
    assert "openAttempt" not in scene.turn()
    assert scene.counted["FeedsThrottled"] == 1
    scene.clock.now += answer["waitSeconds"]
    assert scene.submit() == AWAIT
    assert (scene.amazon.count("createFeed"), len(scene.amazon.feeds)) == (2, 1)
    assert scene.amazon.count("createFeedDocument") == 1


def test_a_connection_that_is_refused_before_a_byte_is_no_attempt() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [raising(REFUSED_CONNECTION)] * 4
    assert scene.submit()["next"] == "wait"
    row = scene.task()
    assert (row.submission.state, row.submission.unknown_since) == (State.PENDING, None)
    scene.clock.now += 5
    assert scene.submit() == AWAIT


UNKNOWN = {
    "500": answering(500, b"<html>"),
    "503": answering(503, {"errors": [{"code": "InternalFailure", "message": "later"}]}),
    "408": answering(408),
    "time-out": raising(TIMED_OUT),
    "connection lost": raising(requests.ConnectionError("reset by peer")),
    "garbage in a success": answering(202, b"<html>"),
    "a success without feedId": answering(202, {"feedId": ""}),
    "another success": answering(200, {"feedId": "feed-9"}),
    "a redirect": answering(307, b"", Location="https://elsewhere"),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("done", [True, False])
def test_an_unknown_outcome_is_settled_with_one_feed(name: str, done: bool) -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(UNKNOWN[name]) if done else UNKNOWN[name]]
    assert scene.submit() == {"next": "wait", "waitSeconds": 300}
    assert scene.amazon.count("createFeed") == 1, "nobody repeats createFeed below the protocol"
    assert scene.task().submission.state is State.SETTLING
    scene.clock.now += 299
    assert scene.submit() == {"next": "wait", "waitSeconds": 1}
    assert scene.amazon.count("getFeeds") == 0
    assert settle(scene) == AWAIT
    assert len(scene.amazon.feeds) == 1
    assert scene.task().feed_id == "feed-1"
    assert scene.amazon.count("createFeed") == (1 if done else 2)
    assert scene.counted["FeedsSettling"] == 1
    assert scene.counted["FeedsAdopted"] == done
    called_twice = "createFeed was called 2 times: what an earlier call did was not known"
    assert scene.task().notes == (FOUND if done else called_twice,)


def test_all_pages_are_read_and_the_token_goes_alone() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    feed = scene.amazon.feeds[0]
    scene.amazon.script["getFeeds"] = [
        answering(200, {"feeds": [], "nextToken": "more"}),
        answering(200, {"feeds": [feed]}),
    ]
    assert settle(scene) == AWAIT
    first, second = (path for name, path in scene.amazon.sent if name == "getFeeds")
    assert "feedTypes=JSON_LISTINGS_FEED" in first
    assert "createdSince=" in first
    assert second.endswith("/feeds?nextToken=more")


def two_possible(scene: Scene) -> None:
    """createFeed's answer is lost, and getFeeds shows two feeds that can be the task's."""
    scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    scene.submit()


def test_two_possible_feeds_are_left_to_a_person() -> None:
    scene = in_turn()
    two_possible(scene)
    assert settle(scene) == {"next": "decide"}
    row = scene.task()
    assert (row.state, row.candidates) == (TaskState.UNCERTAIN, ("feed-1", "feed-2"))
    assert "2 feeds can be the task's" in str(row.reason)
    ((name, detail),) = scene.told
    assert (name, detail["candidates"]) == ("FeedUncertain", ["feed-1", "feed-2"])
    assert scene.counted["FeedsUncertain"] == 1
    assert "holder" not in scene.turn()
    assert scene.submit() == {"next": "decide"}
    assert scene.counted["FeedsUncertain"] == 1


def test_the_lane_rests_after_a_doubt() -> None:
    scene = in_turn(checked(), checked("t2", handed_over=1_800_000_001.0))
    two_possible(scene)
    settle(scene)
    answer = scene.take_turn("t2", seconds_between={"default": 1})
    assert answer["next"] == "wait"
    scene.clock.now += 1201
    assert scene.take_turn("t2") == {"next": "submit"}


def test_where_others_create_feeds_one_possible_feed_is_not_adopted() -> None:
    scene = in_turn(other_creators=True)
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    assert settle(scene) == {"next": "decide"}


def test_feeds_of_other_tasks_are_left_out() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(carried_out(raising(TIMED_OUT)))]
    scene.submit()
    scene.store.bind(scene.task().seller_id, "feed-1", "another")
    assert settle(scene) == AWAIT
    assert scene.task().feed_id == "feed-2"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (answering(429, {"errors": []}), {"next": "wait", "waitSeconds": 46}),
        (answering(403, {"errors": [{"code": "Unauthorized", "message": "no"}]}), {"next": "decide"}),
    ],
)
def test_a_look_that_is_not_answered(behaviour: Behaviour, expected: Mapping[str, Any]) -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    scene.amazon.script["getFeeds"] = [behaviour] * 4
    assert settle(scene) == expected
    assert scene.counted["FeedsThrottled"] == (expected["next"] == "wait")


def calling_for_the_seller(error: Exception) -> Callable[..., Any]:
    """The registry says that the seller can't be called for."""

    def refuse(*_: Any) -> Any:
        raise error

    return refuse


def test_a_seller_who_goes_while_an_attempt_settles_leaves_it_to_a_person() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    scene.api = calling_for_the_seller(EndsError(Outcome.REFUSED, "the seller is revoked"))  # type: ignore[method-assign]
    assert scene.submit() == {"next": "wait", "waitSeconds": 300}, "it may come back before it is looked"
    assert settle(scene) == {"next": "decide"}
    row = scene.task()
    assert (row.state, "the seller is revoked" in str(row.reason)) == (TaskState.UNCERTAIN, True)
    assert [name for name, _ in scene.told] == ["FeedUncertain"]
    assert "holder" not in scene.turn()


def test_a_seller_who_is_paused_for_good_leaves_an_open_attempt_to_a_person() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    paused = TryLaterError("the seller is paused", 300.0, endless=True)
    scene.api = calling_for_the_seller(paused)  # type: ignore[method-assign]
    assert settle(scene) == {"next": "wait", "waitSeconds": 300}
    scene.clock.now += 90 * 86_400
    assert scene.submit() == {"next": "decide"}
    assert "paused" in str(scene.task().reason)


def test_a_lost_answer_after_a_day_of_vain_tries_is_looked_for_as_patiently_as_ever() -> None:
    scene = in_turn()
    scene.clock.now += 86_000
    scene.amazon.script["createFeed"] = [carried_out(raising(TIMED_OUT))]
    scene.submit()
    scene.amazon.script["getFeeds"] = [answering(429, {"errors": []})] * 9
    scene.clock.now += 800
    before = scene.amazon.count("getFeeds")
    assert scene.submit() == {"next": "wait", "waitSeconds": 46}
    assert scene.amazon.count("getFeeds") == before + 1
    assert scene.task().state is TaskState.SUBMITTING


def test_a_listing_that_never_ends_proves_nothing() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [raising(TIMED_OUT)]
    scene.submit()
    scene.throttle.learn(("feeds/2021-06-30 getFeeds", scene.task().seller_id), 100.0, rate=0.0222)
    scene.amazon.script["getFeeds"] = [answering(200, {"feeds": [], "nextToken": "more"})] * 60
    assert settle(scene) == {"next": "decide"}
    assert "not every page" in str(scene.task().reason)


# Late answers.


def test_an_answer_that_comes_while_the_attempt_settles_is_taken() -> None:
    scene = in_turn()
    # The function stood still after Amazon's answer, until its lease was over and another took the step.
    scene.amazon.script["createFeed"] = [lambda amazon: _meanwhile(scene, amazon, [80])]
    assert scene.submit() == AWAIT
    assert (scene.task().feed_id, len(scene.amazon.feeds)) == ("feed-1", 1)
    assert scene.counted["FeedsSubmitted"] == 1


def test_an_answer_that_comes_after_its_feed_was_adopted_changes_nothing() -> None:
    scene = in_turn()
    scene.amazon.script["createFeed"] = [lambda amazon: _meanwhile(scene, amazon, [80, 301])]
    assert scene.submit() == AWAIT
    assert (scene.task().feed_id, scene.told, scene.task().notes) == ("feed-1", [], (FOUND,))


def _meanwhile(scene: Scene, amazon: Amazon, waits: list[float], *, listed: bool = True) -> requests.Response:
    """The feed is created; before its answer is read, time passes and other copies of the step run."""
    answer = amazon.create()
    hidden = [] if listed else [amazon.feeds.pop()]
    for seconds in waits:
        scene.clock.now += seconds
        scene.submit()
    amazon.feeds += hidden
    scene.function_ends = scene.clock() + 100
    return answer


def test_a_second_feed_that_shows_late_is_told_with_the_first() -> None:
    """Listed later than is promised: two feeds came about, and nobody is left in the dark."""
    scene = in_turn()
    scene.amazon.script["createFeed"] = [lambda amazon: _meanwhile(scene, amazon, [80, 301], listed=False)]
    # The copy that took the step found nothing and created a feed of its own, which has the same id here.
    original = Amazon.create

    def numbered(amazon: Amazon) -> requests.Response:
        original(amazon)
        amazon.feeds[-1]["feedId"] = f"feed-{amazon.count('createFeed')}"
        return reply(202, {"feedId": amazon.feeds[-1]["feedId"]})

    scene.amazon.create = lambda: numbered(scene.amazon)  # type: ignore[method-assign]
    scene.amazon.script["createFeed"].append(numbered)
    scene.submit()
    row = scene.task()
    assert (row.state, row.feed_id) == (TaskState.PROCESSING, "feed-2")
    assert row.candidates == ("feed-2", "feed-1")
    assert row.notes[0] == "createFeed was called 2 times: what an earlier call did was not known"
    assert "feed-1" in row.notes[1]
    assert "feed-2" in row.notes[1]
    ((name, detail),) = scene.told
    assert (name, detail["feedId"], detail["candidates"]) == ("FeedUncertain", "feed-2", ["feed-2", "feed-1"])
    assert scene.counted["FeedsUncertain"] == 1
    bound = scene.store.feed_row(row.seller_id, "feed-1")
    assert bound is not None
    assert bound.task_id == "t1"


# Throttled answers and faults before the attempt.


@pytest.mark.parametrize("operation", ["createFeedDocument", "createFeed"])
def test_an_empty_quota_is_waited_for_as_long_as_is_told(operation: str) -> None:
    scene = in_turn()
    scene.amazon.script[operation] = [answering(429, {"errors": []}, Retry_After="77")]
    answer = scene.submit()
    assert answer["next"] == "wait"
    assert answer["waitSeconds"] >= 77
    assert scene.counted["FeedsThrottled"] == 1
    scene.clock.now += answer["waitSeconds"]
    assert scene.submit() == AWAIT
    assert len(scene.amazon.feeds) == 1


def test_where_our_own_throttle_says_wait_no_intent_is_written() -> None:
    scene = in_turn()
    key = ("feeds/2021-06-30 createFeed", scene.task().seller_id)
    for _ in range(15):
        scene.throttle.reserve(key, rate=0.0083, burst=15, most_seconds=0)
    answer = scene.submit()
    assert answer["next"] == "wait"
    assert answer["waitSeconds"] > 100
    assert scene.task().submission.attempt == 0
    assert scene.amazon.count("createFeed") == 0


def test_an_expired_url_is_made_anew() -> None:
    scene = in_turn()
    scene.storage.answers[:] = [Stored(403, EXPIRED), Stored()]
    assert scene.submit() == AWAIT
    assert scene.amazon.count("createFeedDocument") == 2
    assert scene.amazon.sent[-1][1]["inputFeedDocumentId"] == "document-2"


def test_an_upload_that_never_works_is_tried_again_later() -> None:
    scene = in_turn()
    scene.storage.answers[:] = [Stored(503)]
    assert scene.submit()["next"] == "wait"
    assert scene.task().document_id is None
    assert scene.amazon.count("createFeedDocument") == 3
    assert scene.task().submission.attempt == 0


def test_after_a_day_of_vain_tries_the_task_fails_and_lets_others_go_on() -> None:
    scene = in_turn()
    scene.storage.answers[:] = [Stored(503)]
    scene.clock.now += 86_401
    assert scene.submit() == {"next": "ended"}
    row = scene.task()
    assert (row.outcome, "24 hours" in str(row.reason)) == (Outcome.FAILED, True)
    assert [name for name, _ in scene.told] == ["FeedFailed"]
    assert "holder" not in scene.turn()


def test_the_object_that_was_checked_is_sent_or_none() -> None:
    """A version never changes; one that does, or is gone, is refused whatever it is now."""
    for changed in (None, b"something else"):
        scene = in_turn()
        place = next(iter(scene.s3.versions))
        if changed is None:
            del scene.s3.versions[place]
        else:
            scene.s3.versions[place] = changed
        # What lies under the key by now is of no interest.
        scene.s3.objects[place[:2]] = CONTENT
        assert scene.submit() == {"next": "ended"}
        row = scene.task()
        assert (row.outcome, "checked is gone" in str(row.reason)) == (Outcome.REFUSED, True)
        assert scene.amazon.count("createFeed") == 0


def test_a_url_of_an_unknown_host_ends_the_task() -> None:
    scene = in_turn()
    body = {"feedDocumentId": "d", "url": "https://evil.example/d?secret"}
    scene.amazon.script["createFeedDocument"] = [answering(201, body)]
    assert scene.submit() == {"next": "ended"}
    assert scene.task().outcome is Outcome.FAILED
    assert "secret" not in json.dumps(scene.told)
    assert scene.storage.sent == []


def test_no_intent_without_the_time_for_the_call_and_its_answer() -> None:
    scene = in_turn()
    assert scene.submit(seconds=60) == {"next": "wait", "waitSeconds": 1}
    assert scene.task().document_id == "document-1"
    assert scene.task().submission.attempt == 0
    assert scene.submit() == AWAIT
    assert scene.amazon.count("createFeedDocument") == 1


def test_an_intent_that_took_too_long_to_write_is_taken_back() -> None:
    scene = in_turn()

    def slow(name: str, call: Callable[[], Any]) -> Any:
        answer = call()
        if name == "write" and scene.task().submission.state is State.SUBMITTING:
            scene.clock.now += 40
        return answer

    scene.around = slow
    assert scene.submit() == {"next": "wait", "waitSeconds": 1}
    assert scene.amazon.count("createFeed") == 0
    assert scene.task().submission.state is State.PENDING


# Who Amazon is called for.


def test_a_revoked_authorisation_ends_the_task() -> None:
    scene = in_turn()
    scene.lwa.script = [reply(400, {"error": "invalid_grant", "error_description": "revoked"})]
    assert scene.submit() == {"next": "ended"}
    assert scene.task().outcome is Outcome.REFUSED


@pytest.mark.parametrize("code", ["invalid_client", "unauthorized_client"])
def test_credentials_that_an_operator_has_to_mend_are_waited_for(code: str) -> None:
    scene = in_turn()
    scene.lwa.script = [reply(401 if code == "invalid_client" else 400, {"error": code})]
    assert scene.submit() == {"next": "wait", "waitSeconds": 300}
    scene.clock.now += 90_000
    # A step of the state machine leaves nine events, and an execution ends at 25,000 of them.
    assert scene.submit() == {"next": "wait", "waitSeconds": 3600}
    assert scene.task().state is TaskState.SUBMITTING
    scene.clock.now += 90 * 86_400
    assert scene.submit() == {"next": "ended"}
    row = scene.task()
    assert (row.outcome, "90 days" in str(row.reason)) == (Outcome.FAILED, True)


def test_a_refresh_token_that_has_to_be_written_anew_is_waited_for() -> None:
    """It is read inside of the first call; before the intent, or after it without a byte sent."""
    scene = in_turn()
    unreadable = UnreadableTokenError("the refresh token cannot be decrypted: write it anew")
    readable = scene.api
    scene.api = calling_for_the_seller(unreadable)  # type: ignore[method-assign]
    assert scene.submit() == {"next": "wait", "waitSeconds": 300}
    scene.api = readable  # type: ignore[method-assign]
    assert scene.submit() == AWAIT


def test_a_task_before_its_turn_is_not_submitted() -> None:
    scene = Scene()
    with pytest.raises(WrongTaskStateError, match="before its turn"):
        scene.submit()
