"""The doctor's step of the demo's story: what is broken must be named, and what is printed must mend it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from local import story_of_doctor
from local.cast import SELLERS, THIRD_SELLER
from local.deployment import Deployment
from local.outcome import Outcome, StoryError
from local.screen import Screen
from local.story_of_doctor import BREAKS, tell_of_doctor

POLICY, REVOKED, DELETED = (each.check_id for each in BREAKS)
NAMES = {POLICY: "the queue's policy", REVOKED: THIRD_SELLER.seller_id, DELETED: SELLERS[0].seller_id}


@dataclass
class FakeStage:
    """Simulator, queue and `sellerbus` in one: `broken` is what the doctor will name.

    mends: what a printed command clears. names: what the doctor's findings say.
    """

    broken: set[str] = field(default_factory=set)
    others: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=lambda: dict(NAMES))
    mends: set[str] = field(default_factory=lambda: set(NAMES))
    ran: list[tuple[str, str | None]] = field(default_factory=list)
    stage: str = "local"
    on_line: Any = None
    outputs: dict[str, str] = field(default_factory=lambda: {"NotificationQueueUrl": "queue"})

    @property
    def simulator(self) -> FakeStage:
        return self

    @property
    def commands(self) -> FakeStage:
        return self

    def client(self, service: str) -> Any:
        assert service == "sqs"
        return SimpleNamespace(set_queue_attributes=self.set_queue_attributes)

    def set_queue_attributes(self, *, QueueUrl: str, Attributes: dict[str, str]) -> None:
        assert (QueueUrl, Attributes) == ("queue", {"Policy": ""})
        self.broken.add(POLICY)

    def set_rate(self, operation: str, *, per_second: float, burst: int) -> None:
        assert (operation, per_second > 1, burst > 1) == ("getSubscriptions", True, True)

    def revoke(self, seller_id: str) -> None:
        assert seller_id == THIRD_SELLER.seller_id
        self.broken.add(REVOKED)

    def add_seller(self, seller_id: str, marketplace_ids: object) -> str:
        assert (seller_id, marketplace_ids) == (THIRD_SELLER.seller_id, THIRD_SELLER.marketplace_ids)
        return "new token"

    def state(self) -> dict[str, Any]:
        row = {"sellerId": SELLERS[0].seller_id, "notificationType": "ORDER_CHANGE", "subscriptionId": "s"}
        return {"subscriptions": [row, {**row, "notificationType": "PRICING_HEALTH"}]}

    def delete_subscription(self, subscription_id: str) -> None:
        assert subscription_id == "s"
        self.broken.add(DELETED)

    def sellerbus_json(self, *arguments: str, codes: object) -> Any:
        assert arguments == ("doctor", "--stage", "local")
        assert codes == (0, 1)
        return {"checks": [*self.others, *(self.check(check_id) for check_id in NAMES)]}

    def check(self, check_id: str) -> dict[str, Any]:
        finding = {
            "what": f"Wrong: {self.names[check_id]}.",
            "evidence": [],
            "byHand": "Let the seller authorise again." if check_id == REVOKED else None,
            "mend": [f"mend {check_id}"],
        }
        failed = check_id in self.broken
        return {
            "id": check_id,
            "region": "na",
            "outcome": "failure" if failed else "well",
            "fact": "",
            "reason": "",
            "findings": [finding] if failed else [],
        }

    def as_printed(self, command: str, *, stdin: str | None = None) -> None:
        self.ran.append((command, stdin))
        self.broken -= {command.removeprefix("mend ")} & self.mends


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> FakeStage:
    monkeypatch.setattr(story_of_doctor, "SETTLED_SECONDS", 0.0)
    return FakeStage()


def told(stage: FakeStage) -> tuple[str, Outcome]:
    text, outcome = io.StringIO(), Outcome()
    tell_of_doctor(cast(Deployment, stage), Screen(console=Console(file=text, width=200)), outcome)
    return text.getvalue(), outcome


def test_each_break_is_named_and_mended_by_what_was_printed(stage: FakeStage) -> None:
    text, outcome = told(stage)

    assert sorted(stage.ran, key=str) == sorted(
        [(f"mend {POLICY}", None), (f"mend {REVOKED}", "new token"), (f"mend {DELETED}", None)], key=str
    )
    counts = outcome.operations
    assert (counts.doctor_checks, counts.breaks_named, counts.breaks_cleared) == (3, list(NAMES), 3)
    for check_id in NAMES:
        assert f"FAILURE  {check_id}" in text
        assert f"Mend:  mend {check_id}" in text
    assert text.count("First: Let the seller authorise again.") == 1


def other(outcome: str) -> dict[str, Any]:
    return {"id": "SB-DLQ-001", "region": "eu", "outcome": outcome, "fact": "", "reason": "", "findings": []}


@pytest.mark.parametrize("outcome", ["failure", "warning", "unknown", "skipped"])
def test_what_is_not_well_before_falls_short(stage: FakeStage, outcome: str) -> None:
    stage.others = [other(outcome)]
    with pytest.raises(StoryError, match="should find all well:\nSB-DLQ-001 eu"):
        told(stage)


def test_what_can_not_be_checked_here_is_said(stage: FakeStage) -> None:
    stage.others = [other("not-checked")]
    text, _ = told(stage)
    assert "3 checks well, 1 not to be checked here" in text


@pytest.mark.parametrize("check_id", list(NAMES))
def test_a_break_that_is_named_as_another_falls_short(stage: FakeStage, check_id: str) -> None:
    stage.names[check_id] = "something else"
    with pytest.raises(StoryError, match=f"{check_id} alone should name"):
        told(stage)


def test_a_failure_beside_the_three_falls_short(stage: FakeStage) -> None:
    well = stage.sellerbus_json

    def and_another(*arguments: str, codes: object) -> Any:
        checks = well(*arguments, codes=codes)["checks"]
        return {"checks": [*checks, *([other("failure")] if stage.broken else [])]}

    stage.sellerbus_json = and_another  # type: ignore[method-assign]
    with pytest.raises(StoryError, match="SB-DLQ-001 eu failure"):
        told(stage)


@pytest.mark.parametrize("check_id", list(NAMES))
def test_a_command_that_does_not_mend_falls_short(stage: FakeStage, check_id: str) -> None:
    stage.mends -= {check_id}
    with pytest.raises(StoryError, match=f"should find all well:\n{check_id}"):
        told(stage)
