"""What `make events` says of an event in a line."""

from __future__ import annotations

from typing import Any

import pytest

from local.event_lines import event_row, fitted

FEED = {"sellerId": "A2", "taskId": "t1", "feedId": "50001", "detectedAt": "2027-01-15T08:10:00.123+00:00"}
AMAZONS = {"feedId": "50001", "processingStatus": "DONE"}
CHANGE = {"sellerId": "A2", "changeId": "c1", "sku": "SKU-1", "taskId": "changes-1", "feedId": "50002"}


@pytest.mark.parametrize(
    ("detail", "what"),
    [
        ({**FEED, "outcome": "COMPLETED", "reason": "all is done"}, "task t1, feed 50001, COMPLETED"),
        ({**FEED, "outcome": "FATAL", "reason": "no  report"}, "task t1, feed 50001, FATAL: no report"),
        (
            {"sellerId": "A2", "payload": {"feedProcessingFinishedNotification": AMAZONS}},
            "feed 50001, DONE",
        ),
        ({"sellerId": "A2", "payload": None}, "-"),
        ({**FEED, "feedId": None, "outcome": None, "reason": "2 feeds"}, "task t1: 2 feeds"),
        (
            {**CHANGE, "outcome": "REJECTED", "reason": "see its issues"},
            "change c1, SKU SKU-1, task changes-1, feed 50002, REJECTED: see its issues",
        ),
    ],
)
def test_feeds_and_changes_are_told_by_their_ids_and_outcome(detail: dict[str, Any], what: str) -> None:
    event = {"source": "sellerbus.feeds", "detail-type": "FeedX", "detail": {**detail, "eventId": "e1"}}
    kind, seller, _, said, identity = event_row(event)
    assert (kind, seller, said, identity) == ("FeedX", "A2", what, "e1")


MESSAGE = {"sellerId": "A2", "messageType": "invoice", "amazonOrderId": "902-1", "taskId": "m1"}


@pytest.mark.parametrize(
    ("detail", "what"),
    [
        ({"state": "SENT"}, "invoice for order 902-1, task m1"),
        ({"state": "UNCERTAIN", "reason": "no  answer"}, "invoice for order 902-1, task m1: no answer"),
        (
            {"state": "REFUSED", "findings": [{"rule": "html"}, {"rule": "email-address"}, {"rule": "html"}]},
            "invoice for order 902-1, task m1: email-address, html",
        ),
    ],
)
def test_messages_are_told_by_type_and_order_and_when_the_bus_told_them(
    detail: dict[str, Any], what: str
) -> None:
    event = {
        "source": "sellerbus.messages",
        "detail-type": "MessageX",
        "time": "2027-01-15T08:10:00Z",
        "detail": {**MESSAGE, **detail, "eventId": "e1"},
    }
    assert event_row(event) == ("MessageX", "A2", "2027-01-15T08:10:00Z", what, "e1")


def test_a_time_is_told_to_the_second() -> None:
    event = {"source": "sellerbus.feeds", "detail-type": "FeedX", "detail": FEED}
    assert event_row(event)[2] == "2027-01-15T08:10:00Z"


def test_a_long_reason_ends_between_words() -> None:
    detail = {**FEED, "outcome": "FAILED", "reason": "wordy " * 40}
    said = event_row({"source": "sellerbus.feeds", "detail-type": "FeedFailed", "detail": detail})[3]
    assert said.endswith("wordy ...")
    assert len(said) < 100


def test_what_fits_is_a_line_for_each_row() -> None:
    rows = [("a", "long cell", "id-1"), ("bb", "-", "id-2")]
    assert fitted(("x", "y", "z"), rows, first=1, width=20) == [
        "x   y          z",
        "a   long cell  id-1",
        "bb  -          id-2",
    ]


def test_what_does_not_fit_goes_below_and_no_word_is_broken() -> None:
    rows = [("a", "some words here", "id-1"), ("bb", "-", "id-2")]
    assert fitted(("x", "y", "z"), rows, first=1, width=14) == [
        "x",
        "    y",
        "    z",
        "a",
        "    some words",
        "    here",
        "    id-1",
        "bb",
        "    id-2",
    ]


def test_without_a_terminal_it_is_as_wide_as_it_takes() -> None:
    assert fitted(("x", "y"), [("a", "b" * 300)], first=1, width=None)[1] == "a  " + "b" * 300
