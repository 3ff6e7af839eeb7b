"""What a local deployment makes of the ways in which `sellerbus` can end."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from local import deployment as module
from local.commands import CommandError, Finished
from local.deployment import Deployment, Seller
from local.emulator import Emulator
from local.simulator import Simulator


class Ending:
    """Stands for the commands: every one ends with `code`."""

    def __init__(self, code: int) -> None:
        self._code = code
        self.arguments: tuple[str, ...] = ()

    def sellerbus(self, *arguments: str) -> Finished:
        self.arguments = arguments
        if self._code:
            raise CommandError(["sellerbus", *arguments], self._code, "Queued 1\nkept out")
        return Finished("Queued 1\nDone 1", 1.0)


def apply(monkeypatch: pytest.MonkeyPatch, code: int) -> tuple[list[str], Ending]:
    commands = Ending(code)
    monkeypatch.setattr(Deployment, "commands", commands)
    nothing: Any = None
    deployment = Deployment(Path(), cast(Emulator, nothing), cast(Simulator, nothing), stage="other")
    return deployment.apply_subscriptions(["A1", "A2"]), commands


def test_sellers_are_applied_in_the_deployments_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    said, commands = apply(monkeypatch, 0)

    assert said == ["Queued 1", "Done 1"]
    assert " ".join(commands.arguments) == (
        "subscriptions apply --stage other --seller A1 --seller A2 --wait"
    )


def test_what_is_left_to_a_person_is_said_and_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert apply(monkeypatch, module.DONE_IN_PART)[0] == ["Queued 1", "kept out"]


def test_any_other_ending_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="ended with 1"):
        apply(monkeypatch, 1)


def test_outputs_are_told_apart_by_cell() -> None:
    nothing: Any = None
    deployment = Deployment(Path(), cast(Emulator, nothing), cast(Simulator, nothing), stage="a-stage")
    deployment.stack_outputs = {
        "sellerbus-a-stage-na-foundation": {"KeyArn": "arn:na"},
        "sellerbus-a-stage-eu-foundation": {"KeyArn": "arn:eu"},
        "sellerbus-a-stage-eu-tasks": {"InboxBucketName": "inbox"},
    }

    assert deployment.outputs_of("eu") == {"KeyArn": "arn:eu", "InboxBucketName": "inbox"}
    assert deployment._key_arn_of("sellerbus-a-stage-eu-tasks") == "arn:eu"
    assert deployment._key_arn_of("sellerbus-a-stage-na-example-consumer") == "arn:na"


@pytest.mark.parametrize(
    ("anew", "options"),
    [
        (False, "--marketplace US --type ORDER_CHANGE"),
        (True, "--marketplace US --type ORDER_CHANGE --replace"),
    ],
)
def test_a_seller_is_onboarded_or_replaced(
    monkeypatch: pytest.MonkeyPatch, *, anew: bool, options: str
) -> None:
    said: list[tuple[tuple[str, ...], str | None]] = []

    def sellerbus(*arguments: str, stdin: str | None = None) -> Finished:
        said.append((arguments, stdin))
        return Finished("", 1.0)

    monkeypatch.setattr(Deployment, "commands", SimpleNamespace(sellerbus=sellerbus))
    simulator: Any = SimpleNamespace(add_seller=lambda *_: "the token")
    nothing: Any = None
    deployment = Deployment(Path(), cast(Emulator, nothing), simulator, stage="other")

    deployment.add_seller(Seller("A1", ("US",), ("ORDER_CHANGE",)), anew=anew)

    ((arguments, stdin),) = said
    assert " ".join(arguments) == f"sellers add A1 --stage other {options}"
    assert stdin == "the token"
