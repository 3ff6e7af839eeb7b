"""Waiting for the partner event source, and what a person is told where it doesn't come or isn't free."""

from __future__ import annotations

import pytest

from sellerbus.api.notifications import Destination, EventBridgeResource
from sellerbus.notifications.event_source import EventSourceError, await_event_source
from tests.unit.subscriptions.fake_events import FakeEvents

NAME = "aws.partner/sellingpartnerapi.amazon.com/123456789012/application"
SOURCE = EventBridgeResource(NAME, "123456789012", "eu-west-1")
DESTINATION = Destination("destination-7", "sellerbus-dev-events", event_bridge=SOURCE)


def wait(*states: str | None, for_new_bus: bool = True, remaining: float = 1000.0) -> list[float]:
    """The naps that were taken."""
    naps: list[float] = []
    await_event_source(
        FakeEvents(list(states)),
        DESTINATION,
        SOURCE,
        for_new_bus=for_new_bus,
        remaining_seconds=lambda: remaining - sum(naps),
        sleep=naps.append,
    )
    return naps


def refused(*states: str | None, for_new_bus: bool = True, remaining: float = 1000.0) -> str:
    with pytest.raises(EventSourceError) as raised:
        wait(*states, for_new_bus=for_new_bus, remaining=remaining)
    return str(raised.value)


def test_one_that_waits_for_its_bus_is_what_is_looked_for() -> None:
    events = FakeEvents(["PENDING"])
    await_event_source(events, DESTINATION, SOURCE, for_new_bus=True, remaining_seconds=lambda: 1000.0)
    assert events.asked == [NAME]


def test_it_is_waited_for_in_naps_of_two_seconds() -> None:
    assert wait(None, None, "DELETED", "PENDING") == [2.0, 2.0, 2.0]


def test_an_update_finds_its_own_bus_associated() -> None:
    assert wait("ACTIVE", for_new_bus=False) == []


def test_another_bus_that_has_it_is_told_at_once_with_what_to_do() -> None:
    text = refused(None, "ACTIVE")
    for words in (NAME, "another stage", "eu-west-1", "Partner event sources", "delete the event bus"):
        assert words in text


def test_one_that_never_comes_is_told_after_a_minute() -> None:
    text = refused(None)
    for words in (
        NAME,
        "after 60 s",
        "123456789012",
        "eu-west-1",
        "Partner event sources",
        "Pending",
        "deploy",
    ):
        assert words in text
    assert "delete the destination destination-7 at Amazon" in text


def test_the_time_that_remains_bounds_the_wait() -> None:
    assert "after 6 s" in refused(None, remaining=9.0)


@pytest.mark.parametrize("for_new_bus", [True, False])
def test_one_of_a_destination_that_is_gone_is_told(for_new_bus: bool) -> None:
    text = refused("DELETED", for_new_bus=for_new_bus)
    assert "is DELETED" in text
    assert "an event bus of the same name is left from before, delete it" in text
    assert "delete the destination destination-7 at Amazon" in text
