"""The first protocol, breadth first: the real processing code through every interleaving.

Two copies of a notification, up to two invocations at once, a fault at any call, time passing anywhere.
Then every condition and every rule is taken away in turn, and the search must find what breaks.
"""

import contextlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications import ledger, results
from sellerbus.notifications.processing import NotificationProcessor
from sellerbus.notifications.publishing import EventBus
from sellerbus.notifications.results import BatchResults, Candidate
from tests.builders import body, order_change
from tests.schedules import explore
from tests.unit.notifications.protocol_world import Scenario, World, reproducible_uuid

ONE = body(order_change("n-1"))
OTHER_CONTENT = body(order_change("n-1", status="Shipped"))

SCENARIOS = {
    "no fault": Scenario((ONE, ONE), faults=0, time_steps=3),
    "two copies, one fault": Scenario((ONE, ONE), faults=1, time_steps=2),
    "two contents of one id": Scenario((ONE, OTHER_CONTENT), faults=1, time_steps=2),
    "all in one batch": Scenario((ONE, ONE, OTHER_CONTENT), batch=3, faults=1, time_steps=1),
    "one copy, two faults": Scenario((ONE,), faults=2, time_steps=1),
    # A lease that ends long before the function does: only the conditions still hold things together.
    "forced overlap": Scenario((ONE, ONE), faults=1, time_steps=1, margin_ms=-29_000, overlap_forced=True),
    "forced overlap of three": Scenario(
        (ONE, ONE, ONE),
        time_steps=1,
        margin_ms=-29_000,
        overlap_forced=True,
        fault_kinds={"publish": ("error before",)},
    ),
}


@pytest.fixture(autouse=True)
def _reproducible_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uuid, "uuid4", reproducible_uuid)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_interleaving_keeps_the_guarantee(name: str) -> None:
    search = explore(lambda: World(SCENARIOS[name]))
    assert search.violation is None, search.violation
    assert search.schedules > 100, "the search went through too little to mean anything"


def test_the_search_sees_copies_held_and_faults_that_publish_twice() -> None:
    """The guarantee is tight: the worlds above do contain what it allows."""
    witnessed: set[str] = set()

    class Watched(World):
        def check_end(self) -> None:
            super().check_end()
            witnessed.update(entry for actor in self.ended for entry in actor.history)
            witnessed.add(f"{len(self.published)} publishes")

    watched = replace(SCENARIOS["two copies, one fault"], time_steps=1)
    explore(lambda: Watched(watched))
    assert {"1 publishes", "2 publishes", "hide: go on", "release: go on", "complete: repeated"} <= witnessed
    assert "3 publishes" not in witnessed


@pytest.mark.parametrize("budget", [{"faults": 1, "time_steps": 0}, {"faults": 0, "time_steps": 1}])
def test_leaving_out_states_that_were_seen_before_hides_nothing(budget: dict[str, int]) -> None:
    scenario = replace(SCENARIOS["two copies, one fault"], **budget)  # type: ignore[arg-type]
    pruned, whole = explore(lambda: World(scenario)), explore(lambda: World(scenario), prune=False)
    assert pruned.schedules < whole.schedules
    assert pruned.ends == whole.ends


Mutation = Callable[[pytest.MonkeyPatch], None]


def _condition(name: str, text: str) -> Mutation:
    return lambda patch: patch.setattr(ledger, name, text)


def _held_is_acknowledged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(BatchResults, "held", lambda self, candidate, seconds: self.copies(candidate))


def _held_is_not_hidden(patch: pytest.MonkeyPatch) -> None:
    def held(self: BatchResults, candidate: Candidate, seconds: int) -> None:
        # As a handler does that just reports the failure on a queue with a short visibility time-out.
        self.failed([candidate], "held")

    patch.setattr(BatchResults, "held", held)
    patch.setattr(results, "retry_seconds", lambda receive_count: 0)


def _unknown_completion_is_acknowledged(patch: pytest.MonkeyPatch) -> None:
    def complete(self: Any, taken: Sequence[Any], published_at: int, batch: BatchResults) -> None:
        with contextlib.suppress(StoreUnavailableError):
            self._ledger.complete([(p.claim, bus_event_id) for p, bus_event_id in taken])
        for publication, _ in taken:
            batch.published(publication.candidate, stale=publication.stale, at_ms=published_at)

    patch.setattr(NotificationProcessor, "_complete", complete)


def _completed_before_published(patch: pytest.MonkeyPatch) -> None:
    publish = NotificationProcessor._publish

    def complete_first(self: Any, publications: Sequence[Any], *rest: Any) -> None:
        self._ledger.complete([(p.claim, "not yet") for p in publications])
        publish(self, publications, *rest)

    patch.setattr(NotificationProcessor, "_publish", complete_first)


def _failed_entry_counts_as_published(patch: pytest.MonkeyPatch) -> None:
    publish = EventBus.publish
    patch.setattr(EventBus, "publish", lambda self, events: [str(answer) for answer in publish(self, events)])


def _unpublished_is_not_released_but_acknowledged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        BatchResults, "failed", lambda self, candidates, reason: [self.copies(c) for c in candidates]
    )


def _release_deletes_the_row(patch: pytest.MonkeyPatch) -> None:
    def delete(self: Any, claims: Sequence[ledger.Claim]) -> None:
        if claims:
            self._write([])
            world_db = self._client.transact_write_items.__self__.db
            for claim in claims:
                world_db.items.pop(f"notification#{claim.notification_id}", None)

    patch.setattr(ledger.Ledger, "release", delete)


PENDING_AND_EXPIRED = "#status = :pending AND leaseUntil < :now"
MUTANTS: dict[str, tuple[Mutation, str]] = {
    "claim without asking": (_condition("CLAIM_CONDITION", "attribute_not_exists(absent)"), "no fault"),
    "claim only what is new": (
        _condition("CLAIM_CONDITION", "attribute_not_exists(pk)"),
        "two copies, one fault",
    ),
    "claim only what is known": (
        _condition("CLAIM_CONDITION", f"{PENDING_AND_EXPIRED} AND contentHash = :contentHash"),
        "no fault",
    ),
    "claim what is COMPLETE": (
        _condition(
            "CLAIM_CONDITION",
            "attribute_not_exists(pk) OR (leaseUntil < :now AND contentHash = :contentHash)",
        ),
        "no fault",
    ),
    "claim under a live lease": (
        _condition(
            "CLAIM_CONDITION",
            "attribute_not_exists(pk) OR (#status = :pending AND contentHash = :contentHash)",
        ),
        "no fault",
    ),
    "claim for other content": (
        _condition("CLAIM_CONDITION", f"attribute_not_exists(pk) OR ({PENDING_AND_EXPIRED})"),
        "two contents of one id",
    ),
    "complete without asking": (
        _condition("COMPLETE_CONDITION", "attribute_not_exists(absent)"),
        "forced overlap",
    ),
    "complete what is COMPLETE": (
        _condition("COMPLETE_CONDITION", "contentHash = :contentHash"),
        "forced overlap",
    ),
    "release what is COMPLETE": (_condition("RELEASE_CONDITION", "#token = :token"), "forced overlap"),
    "release another's claim": (
        _condition("RELEASE_CONDITION", "#status = :pending"),
        "forced overlap of three",
    ),
    "release deletes the row": (_release_deletes_the_row, "forced overlap"),
    "a held copy is acknowledged": (_held_is_acknowledged, "two copies, one fault"),
    "a held copy is not hidden": (_held_is_not_hidden, "no fault"),
    "acknowledged though completion is unknown": (
        _unknown_completion_is_acknowledged,
        "two copies, one fault",
    ),
    "completed before it is published": (_completed_before_published, "two copies, one fault"),
    "a refused entry counts as published": (_failed_entry_counts_as_published, "two copies, one fault"),
    "a failure is acknowledged": (_unpublished_is_not_released_but_acknowledged, "two copies, one fault"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_no_condition_and_no_rule_can_be_spared(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    mutate, scenario = MUTANTS[name]
    mutate(monkeypatch)
    search = explore(lambda: World(SCENARIOS[scenario]))
    assert search.violation is not None, f"{search.schedules} schedules, and nothing broke"


def test_a_lease_shorter_than_the_function_publishes_twice_without_any_fault() -> None:
    scenario = replace(SCENARIOS["no fault"], margin_ms=-10_000)
    assert explore(lambda: World(scenario)).violation is not None
