"""Each listing change is told what became of it, as its feed's task ended."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.feeds.changes.reporting import NotEndedError
from sellerbus.feeds.changes.results import MOST_ISSUES, Issues, result_of
from sellerbus.feeds.task import Outcome
from sellerbus.feeds.task_store import UnknownTaskError
from tests.unit.documents.wire import Answer
from tests.unit.feeds import tasks
from tests.unit.feeds.changes_world import INBOX, WINDOW, World, change
from tests.unit.feeds.collecting_scene import JSON, WITH_ERRORS, CollectingScene
from tests.unit.feeds.tasks import MARKETPLACE, SELLER


def in_feed(count: int, **world: Any) -> tuple[World, str]:
    """A world whose changes 1 to count are in one feed."""
    made = World(**world)
    for number in range(1, count + 1):
        made.send(change(number))
    made.work()
    made.later(WINDOW)
    made.work()
    (task_id,) = made.feeds
    return made, task_id


def issue(message_id: int | None, severity: str = "ERROR", **more: Any) -> dict[str, Any]:
    return {
        "messageId": message_id,
        "sku": None,
        "code": "90220",
        "severity": severity,
        "message": "'[x]' is required but not supplied.",
        "attribute": "x",
        **more,
    }


def told(world: World) -> dict[str, tuple[str, str]]:
    return {event["changeId"]: (event["detail-type"], event["outcome"]) for event in world.events}


def test_changes_without_an_error_succeeded_and_the_others_have_their_issues() -> None:
    world, task_id = in_feed(4)
    issues = [issue(2), issue(2, "WARNING", code="8", message="w"), issue(3, "WARNING"), issue(None)]
    totals = {"processed": 4, "successful": 3, "withErrors": 1}
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=issues, totals=totals)
    done = world.report(task_id)
    assert done is not None
    assert done.answer == {"next": "ended"}
    assert done.counted == {"ListingChangesSucceeded": 3, "ListingChangesFailed": 1}
    assert told(world) == {
        "c001": ("ListingChangeSucceeded", "SUCCEEDED"),
        "c002": ("ListingChangeFailed", "REJECTED"),
        "c003": ("ListingChangeSucceeded", "SUCCEEDED"),
        "c004": ("ListingChangeSucceeded", "SUCCEEDED"),
    }
    event = world.events[1]
    assert event["source"] == "sellerbus.feeds"
    assert (event["sellerId"], event["marketplaceId"], event["sku"]) == (SELLER, MARKETPLACE, "SKU-2")
    assert (event["taskId"], event["feedId"]) == (task_id, f"feed-{task_id[-4:]}")
    assert event["feedOutcome"] == "COMPLETED_WITH_ERRORS"
    assert event["issues"] == [
        {
            "code": "90220",
            "severity": "ERROR",
            "message": "'[x]' is required but not supplied.",
            "attribute": "x",
        },
        {"code": "8", "severity": "WARNING", "message": "w", "attribute": "x"},
    ]
    assert [each["severity"] for each in world.events[2]["issues"]] == ["WARNING"]
    assert event.keys() == world.events[0].keys()


def test_an_issue_that_names_only_the_sku_finds_its_change() -> None:
    world, task_id = in_feed(2)
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=[issue(None, sku="SKU-2")])
    world.report(task_id)
    assert told(world)["c002"] == ("ListingChangeFailed", "REJECTED")


@pytest.mark.parametrize(
    ("issues", "totals"),
    [
        ([issue(None, code="4000001")], {"processed": 0, "successful": 0}),
        ([issue(None, code="4000001")], None),
        ([issue(None, code="4000001")], {"successful": None}),
        ([issue(None, sku="another feed's")], None),
        ([issue(99)], None),
        ([], {"processed": 3, "successful": 2, "withErrors": 1}),
        ([issue(3), issue(3)], {"processed": 3, "successful": 1, "withErrors": 2}),
    ],
)
def test_nothing_succeeded_where_the_report_tells_of_a_failure_and_not_whose(
    issues: list[Any], totals: Any
) -> None:
    world, task_id = in_feed(3, part=1)
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=issues, totals=totals)
    world.report(task_id)
    outcomes = {change_id: outcome for change_id, (_, outcome) in told(world).items()}
    assert (outcomes["c001"], outcomes["c002"]) == ("UNKNOWN", "UNKNOWN")
    assert outcomes["c003"] == ("REJECTED" if issues and issues[0]["messageId"] == 3 else "UNKNOWN")
    if issues and issues[0]["code"] == "4000001":
        assert "4000001" in world.events[0]["reason"]


def test_the_row_of_a_change_has_its_result_and_may_expire() -> None:
    world, task_id = in_feed(1)
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=[issue(1)])
    world.report(task_id)
    row = world.change_row("c001")
    assert row is not None
    assert row["state"] == {"S": "REJECTED"}
    assert row["taskId"] == {"S": task_id}
    assert row["details"]["M"]["feedId"] == {"S": f"feed-{task_id[-4:]}"}
    assert len(row["details"]["M"]["issues"]["L"]) == 1
    assert int(row["expiresAt"]["N"]) > world.clock.now + 90 * 86_400


@pytest.mark.parametrize(
    ("outcome", "fields", "state"),
    [
        (Outcome.REFUSED, {"feed_id": None}, "NOT_DONE"),
        (Outcome.CANCELLED, {}, "NOT_DONE"),
        (Outcome.FAILED, {"feed_id": None}, "NOT_DONE"),
        (Outcome.FAILED, {}, "UNKNOWN"),
        (Outcome.FAILED, {"feed_id": None, "submitted_at": "2026-01-01T00:00:00+00:00"}, "UNKNOWN"),
        (Outcome.FATAL, {}, "UNKNOWN"),
        (Outcome.UNSEEN, {}, "UNKNOWN"),
        (Outcome.GIVEN_UP, {"feed_id": None}, "UNKNOWN"),
        (Outcome.COMPLETED, {}, "UNKNOWN"),
    ],
)
def test_every_other_end_tells_whether_anything_was_done(
    outcome: Outcome, fields: dict[str, Any], state: str
) -> None:
    world, task_id = in_feed(2)
    world.end(task_id, outcome, reason="because", results=None, **fields)
    world.report(task_id)
    assert set(told(world).values()) == {("ListingChangeFailed", state)}
    assert all("because" in event["reason"] for event in world.events)
    assert all(event["feedOutcome"] == outcome for event in world.events)


def test_no_end_of_a_task_is_without_a_result_for_its_changes() -> None:
    for outcome in Outcome:
        ended = tasks.task(outcome=outcome, results={"bucket": "b", "key": "k"})
        assert result_of(ended, Issues()).state in {"SUCCEEDED", "NOT_DONE", "UNKNOWN"}
    with pytest.raises(ValueError, match="has not ended"):
        result_of(tasks.task(), Issues())


def test_where_a_report_was_read_in_part_only_errors_are_certain() -> None:
    world, task_id = in_feed(2)
    results = {"bucket": "results", "key": f"tasks/{task_id}/results.jsonl", "messages": 1, "complete": False}
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=[issue(1)], results=results)
    world.report(task_id)
    assert told(world) == {
        "c001": ("ListingChangeFailed", "REJECTED"),
        "c002": ("ListingChangeFailed", "UNKNOWN"),
    }


def test_a_task_that_has_not_ended_or_is_not_there_is_an_error() -> None:
    world, task_id = in_feed(1)
    with pytest.raises(NotEndedError, match="WAITING"):
        world.report(task_id)
    with pytest.raises(UnknownTaskError):
        world.report("other")
    assert world.events == []


def test_a_manifest_that_is_gone_is_an_error_and_tells_nothing_wrong() -> None:
    world, task_id = in_feed(1)
    world.end(task_id, Outcome.COMPLETED)
    del world.objects[(INBOX, f"changes/{task_id}/manifest.jsonl")]
    with pytest.raises(StoreUnavailableError, match="NoSuchKey"):
        world.report(task_id)
    assert world.events == []


def test_what_there_is_no_time_for_is_told_by_the_next_run() -> None:
    world, task_id = in_feed(7, part=3)
    world.end(task_id, Outcome.COMPLETED)
    world.remaining = 30
    answers: list[Any] = []
    while not answers or answers[-1] == {"next": "again"}:
        done = world.report(task_id)
        assert done is not None
        answers.append(done.answer)
    assert answers == [{"next": "again"}, {"next": "again"}, {"next": "ended"}]
    assert [event["changeId"] for event in world.events] == [f"c{number:03d}" for number in range(1, 8)]
    again = world.report(task_id)
    assert again is not None
    assert (again.answer, len(world.events)) == ({"next": "ended"}, 7)


def test_many_long_issues_fit_onto_the_bus_and_none_is_counted_out() -> None:
    world, task_id = in_feed(10)
    issues = [
        issue(number, "WARNING" if nth % 2 else "ERROR", message="é" * 5000, code=str(nth))
        for nth in range(60)
        for number in range(1, 11)
    ]
    world.end(task_id, Outcome.COMPLETED_WITH_ERRORS, issues=issues)
    world.report(task_id)
    assert world.calls.count("put_events") == 1
    for event in world.events:
        assert len(json.dumps(event)) < 20_000
        assert 1 <= len(event["issues"]) <= MOST_ISSUES
        assert len(event["issues"]) + event["issuesLeftOut"] == 60
        assert {each["severity"] for each in event["issues"]} == {"ERROR"}


def test_a_feed_that_ended_before_its_changes_were_taken_leaves_nothing_open() -> None:
    world = World()
    for number in range(1, 4):
        world.send(change(number))
    world.work()
    world.later(WINDOW)
    broken = {"done": False}

    def fate(name: str, number: int) -> str:
        if name == "copy_object" and not broken["done"]:
            broken["done"] = True
            return "crash after"
        return "go on"

    world.fate = fate
    world.invoke(world.receive())
    (task_id,) = world.feeds
    world.end(task_id, Outcome.COMPLETED)
    world.report(task_id)
    assert len(world.open_rows()) == 3
    world.settle()
    assert world.open_rows() == []
    assert {event["outcome"] for event in world.events} == {"SUCCEEDED"}
    row = world.change_row("c001")
    assert row is not None
    assert row["state"] == {"S": "SUCCEEDED"}
    assert list(world.feeds) == [task_id]


def test_the_row_says_whether_the_report_was_read_to_its_end() -> None:
    for report, complete in ((WITH_ERRORS, True), (WITH_ERRORS[: len(WITH_ERRORS) // 2], False)):
        scene = CollectingScene(Answer(body=report, headers=JSON))
        scene.collect_to_the_end()
        results = scene.task.results
        assert results is not None
        assert results.get("complete", True) is complete
