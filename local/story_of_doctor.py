"""The part of the story in which three things are broken on purpose, and `sellerbus doctor` names each.

What mends them is the command that the doctor prints with each, run as it stands.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from local.cast import SELLERS, THIRD_SELLER
from local.deployment import Deployment
from local.outcome import Outcome, StoryError
from local.screen import Screen, Step

SETTLED_SECONDS = 60.0
FAILED = 1
"""The exit code of `sellerbus doctor` where it found a failure."""
INSPECT = "InspectAmazon"

_WELL = ("well", "not-checked")
_ABSENT = "ORDER_CHANGE"
_Checks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Break:
    """What is broken: said in words; the check that must name it, and a text that its finding must have.

    stdin: what the command that mends it is handed.
    """

    text: str
    check_id: str
    names: str
    do: Callable[[Deployment], None]
    stdin: Callable[[Deployment], str] | None = None


def _remove_policy(deployment: Deployment) -> None:
    queue_url = deployment.outputs["NotificationQueueUrl"]
    deployment.client("sqs").set_queue_attributes(QueueUrl=queue_url, Attributes={"Policy": ""})


def _revoke(deployment: Deployment) -> None:
    deployment.simulator.revoke(THIRD_SELLER.seller_id)


def _authorise_again(deployment: Deployment) -> str:
    return deployment.simulator.add_seller(THIRD_SELLER.seller_id, THIRD_SELLER.marketplace_ids)


def _delete_subscription(deployment: Deployment) -> None:
    (held,) = [
        each
        for each in deployment.simulator.state()["subscriptions"]
        if (each["sellerId"], each["notificationType"]) == (SELLERS[0].seller_id, _ABSENT)
    ]
    deployment.simulator.delete_subscription(held["subscriptionId"])


BREAKS = (
    Break("the queue's policy is removed", "SB-QUEUE-002", "policy", _remove_policy),
    Break(
        "a seller withdraws the authorisation",
        "SB-SELLER-002",
        THIRD_SELLER.seller_id,
        _revoke,
        _authorise_again,
    ),
    Break("a subscription is deleted at Amazon", "SB-SUBS-001", SELLERS[0].seller_id, _delete_subscription),
)


def tell_of_doctor(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
    """All green; three things broken, named and mended by what was printed; all green again."""
    counts = outcome.operations
    # The first run has Amazon's own limit of one listing a second still in mind, and learns this one.
    deployment.simulator.set_rate("getSubscriptions", per_second=20, burst=200)
    with screen.step("`sellerbus doctor` finds all well, in both regions") as step:
        started = time.monotonic()
        checks = _await_green(deployment, step)
        counts.doctor_seconds = time.monotonic() - started
        counts.doctor_checks = len(checks)
        step.result = _counted(checks)
    with screen.step(f"On purpose {', '.join(each.text for each in BREAKS)}") as step:
        for each in BREAKS:
            each.do(deployment)
        step.result = f"{len(BREAKS)} breaks"
    with screen.step("`sellerbus doctor` names each of the three, and what mends it") as step:
        found = [_finding(each, findings) for findings in [_failures(deployment)] for each in BREAKS]
        counts.breaks_named = [each.check_id for each in BREAKS]
        step.result = ", ".join(counts.breaks_named)
    for broken, finding in zip(BREAKS, found, strict=True):
        _show(screen, broken, finding)
    with screen.step("The commands that it printed are run as they stand") as step:
        deployment.on_line = step.progress
        _mend(deployment, found)
        step.result = f"{sum(len(finding['mend']) for finding in found)} commands"
    with screen.step("`sellerbus doctor` finds all well again") as step:
        checks = _await_green(deployment, step)
        counts.breaks_cleared = len(found)
        step.result = _counted(checks)


def _mend(deployment: Deployment, found: Sequence[Mapping[str, Any]]) -> None:
    """Runs all that was printed, side by side: none of the three waits for another."""

    def run(broken: Break, finding: Mapping[str, Any]) -> None:
        for command in finding["mend"]:
            deployment.commands.as_printed(command, stdin=broken.stdin(deployment) if broken.stdin else None)

    with ThreadPoolExecutor(len(BREAKS)) as pool:
        for each in [pool.submit(run, *pair) for pair in zip(BREAKS, found, strict=True)]:
            each.result()


def _await_green(deployment: Deployment, step: Step) -> _Checks:
    """The checks once all are well; work that is still on its way may take a moment."""
    deadline = time.monotonic() + SETTLED_SECONDS
    while True:
        checks = _checks(deployment)
        wrong = [check for check in checks if check["outcome"] not in _WELL]
        if checks and not wrong:
            return checks
        step.progress(f"not well: {', '.join(check['id'] for check in wrong)}")
        if time.monotonic() > deadline:
            raise StoryError(f"`sellerbus doctor` should find all well:\n{_told(wrong)}", INSPECT)


def _failures(deployment: Deployment) -> _Checks:
    return [check for check in _checks(deployment) if check["outcome"] == "failure"]


def _checks(deployment: Deployment) -> _Checks:
    told = deployment.commands.sellerbus_json("doctor", "--stage", deployment.stage, codes=(0, FAILED))
    return [dict(check) for check in told["checks"]]


def _finding(broken: Break, failures: _Checks) -> Mapping[str, Any]:
    """The one finding of the check that must name a break; raises StoryError where another names more."""
    others = {check["id"] for check in failures} - {each.check_id for each in BREAKS}
    found = [finding for check in failures if check["id"] == broken.check_id for finding in check["findings"]]
    if others or len(found) != 1 or broken.names not in f"{found[0]['what']} {found[0]['evidence']}":
        raise StoryError(
            f"{broken.check_id} alone should name that {broken.text}, but doctor says:\n{_told(failures)}",
            INSPECT,
        )
    return dict(found[0])


def _show(screen: Screen, broken: Break, finding: Mapping[str, Any]) -> None:
    screen.say(f"  FAILURE  {broken.check_id}  {finding['what']}")
    if finding["byHand"]:
        screen.say(f"           First: {finding['byHand']}")
    for command in finding["mend"]:
        screen.say(f"           Mend:  {command}")


def _counted(checks: _Checks) -> str:
    well = sum(check["outcome"] == "well" for check in checks)
    return f"{well} checks well, {len(checks) - well} not to be checked here"


def _told(checks: _Checks) -> str:
    return "\n".join(
        f"{check['id']} {check['region'] or ''} {check['outcome']}: {check['reason'] or check['fact']} "
        + " ".join(f"{finding['what']} {finding['evidence']}" for finding in check["findings"])
        for check in checks
    )
