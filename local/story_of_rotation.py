"""The part of the story in which the client secret is made anew while notifications and feeds go on.

Amazon gives notice, the new secret comes and does not work at once; meanwhile the old one serves. Access
tokens last a few seconds all the while, so that each function asks for new ones, with the secret of the hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from local.deployment import Deployment
from local.functions import invoke
from local.outcome import Outcome, StoryError
from local.queues import drain, drain_until
from local.rotating import BETWEEN_SECONDS, REGIONS, ROTATE, Meanwhile
from local.screen import Screen, Step

WORKS_AFTER_SECONDS = 12.0
"""How long a new secret takes to work at the simulator."""
STORED_SECONDS = 60.0
PROMOTED_SECONDS = 60.0
DELIVERY_SECONDS = 60.0

_TOKEN_SECONDS, _USUAL_TOKEN_SECONDS = 5, 3600
_TOKENS = "lwa"
_OK, _REFUSALS = 200, (401, 403)
_CALL = "applications/2023-11-30/rotateApplicationClientSecret"
_STEP = Callable[[Deployment, Screen, Outcome], None]


def during_rotation(tell: _STEP) -> _STEP:
    """The step of the story that tells `tell` while the client secret is rotated."""

    def tell_both(deployment: Deployment, screen: Screen, outcome: Outcome) -> None:
        begun = time.monotonic()
        deployment.simulator.set_token_lifetime(_TOKEN_SECONDS)
        before = len(deployment.simulator.requests())
        old = begin(deployment, screen)
        meanwhile = Meanwhile(deployment)
        with ThreadPoolExecutor(1) as pool:
            going_on = pool.submit(meanwhile.go_on)
            try:
                tell(deployment, screen, outcome)
                with screen.step(
                    "Meanwhile the new secret was put to use in both regions, and the old one kept"
                ) as step:
                    _await_promoted(meanwhile, going_on, step)
                    _stop(meanwhile, going_on)
                    _check_secrets(deployment, old)
                    _await_event(deployment, outcome, step)
                    step.result = "tokens for every grant with each of them"
            finally:
                meanwhile.enough.set()
        outcome.operations.rotated_regions = len(meanwhile.promoted)
        outcome.operations.rotation_seconds = max(meanwhile.promoted.values()) - begun
        check_flow(deployment, screen, outcome, meanwhile.published, before)
        deployment.simulator.set_token_lifetime(_USUAL_TOKEN_SECONDS)

    return tell_both


def begin(deployment: Deployment, screen: Screen) -> dict[str, str]:
    """Has Amazon give notice, and waits until the new secret is kept; returns the old versions by region."""
    amazon = deployment.simulator
    with screen.step(
        "Amazon gives notice that the client secret ends: a new one is asked for, and kept"
    ) as step:
        old = {region: _version(_asked(deployment, region), "AWSCURRENT") for region in REGIONS}
        amazon.register_application_queue(deployment.outputs["ApplicationQueueArn"])
        amazon.pace_secrets(worksAfterSeconds=WORKS_AFTER_SECONDS)
        amazon.announce_secret_expiry()
        _await_stored(deployment, step)
        for row in _rows(deployment, "status"):
            stages = {version["stage"]: version["versionId"] for version in row["versions"]}
            if stages.get("AWSCURRENT") != old[row["region"]] or "AWSPENDING" not in stages:
                raise StoryError(
                    f"the old secret should serve in {row['region']} until the new one works, but there "
                    f"are {stages}",
                    ROTATE,
                )
        step.result = (
            f"in {' and '.join(REGIONS)} the old secret serves, until the new one works in "
            f"{WORKS_AFTER_SECONDS:g} seconds (`sellerbus secrets status`)"
        )
    return old


def _stop(meanwhile: Meanwhile, going_on: Future[None]) -> None:
    """Lets one more notification go out with the new secret, and ends what goes on beside."""
    time.sleep(BETWEEN_SECONDS)
    meanwhile.enough.set()
    going_on.result()


def _check_secrets(deployment: Deployment, old: Mapping[str, str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(_rows, deployment, name) for name in ("status", "verify")]
        status, verified = (each.result() for each in asked)
    _check_versions(status, verified, old)
    calls = deployment.simulator.requests(_CALL)
    held = deployment.simulator.client_secrets()
    if [call["status"] for call in calls] != [204] or len(held) != 2:
        raise StoryError(
            f"one new secret should be asked for: {len(calls)} calls, {len(held)} secrets", ROTATE
        )


def check_flow(
    deployment: Deployment, screen: Screen, outcome: Outcome, published: Sequence[str], before: int
) -> None:
    """What was published came, and no call was refused; `before`: Amazon's requests before the rotation."""
    with screen.step("No notification, feed or call failed in the time of the rotation") as step:
        _await_deliveries(deployment, outcome, published, step)
        since = deployment.simulator.requests()[before:]
        counts = outcome.operations
        counts.rotation_notifications = len(published)
        counts.rotation_feeds = next(reversed(outcome.feeds.values())).submitted if outcome.feeds else 0
        counts.rotation_tokens = sum(
            entry["operation"] == _TOKENS and entry["status"] == _OK for entry in since
        )
        refused = [entry for entry in since if entry["status"] in _REFUSALS and entry["operation"] != _TOKENS]
        counts.rotation_failures = len(refused)
        if refused:
            raise StoryError(
                f"calls to Amazon were refused while the secret was rotated: {refused[:3]}", ROTATE
            )
        outcome.expected |= set(published)
        step.result = (
            f"{len(published)} notifications, {counts.rotation_feeds} feeds, "
            f"{counts.rotation_tokens} access tokens"
        )


def _await_stored(deployment: Deployment, step: Step) -> None:
    deadline = time.monotonic() + STORED_SECONDS
    while True:
        states = {region: _asked(deployment, region)["rotation"]["state"] for region in REGIONS}
        if set(states.values()) <= {"stored", "promoted"}:
            return
        step.progress(", ".join(f"{region} {state}" for region, state in states.items()))
        if time.monotonic() > deadline:
            raise StoryError(f"no new secret was stored within {STORED_SECONDS:g} seconds: {states}", ROTATE)
        time.sleep(0.5)


def _await_promoted(meanwhile: Meanwhile, going_on: Future[None], step: Step) -> None:
    deadline = time.monotonic() + PROMOTED_SECONDS
    while set(meanwhile.promoted) != set(REGIONS):
        if going_on.done():
            going_on.result()
        step.progress(f"in use in {', '.join(meanwhile.promoted) or 'no region yet'}")
        if time.monotonic() > deadline:
            raise StoryError(
                f"the new secret should be in use in {REGIONS} after {PROMOTED_SECONDS:g} seconds, it is in "
                f"{sorted(meanwhile.promoted)}",
                ROTATE,
            )
        time.sleep(0.2)


def _check_versions(
    status: Sequence[dict[str, Any]], verified: Sequence[dict[str, Any]], old: Mapping[str, str]
) -> None:
    for row in status:
        previous = _version(row, "AWSPREVIOUS")
        if previous != old[row["region"]] or _version(row, "AWSCURRENT") == previous:
            raise StoryError(f"the old secret should be kept as AWSPREVIOUS, but there is {row}", ROTATE)
        if row["rotation"]["state"] != "promoted" or row["rotation"]["troubles"]:
            raise StoryError(f"the rotation should be done without trouble: {row['rotation']}", ROTATE)
    for row in verified:
        works = {version["stage"]: version["works"] for version in row["versions"]}
        if works != {"AWSCURRENT": True, "AWSPREVIOUS": True}:
            raise StoryError(f"new and old secret should work in {row['region']}: {works}", ROTATE)


def _await_event(deployment: Deployment, outcome: Outcome, step: Step) -> None:
    sqs, queue_url = deployment.client("sqs"), deployment.outputs["ExampleConsumerQueueUrl"]
    deadline = time.monotonic() + DELIVERY_SECONDS
    while not any(event.kind == "ClientSecretRotated" for event in outcome.received.operational):
        step.progress("waiting for the event ClientSecretRotated")
        if not drain(sqs, queue_url, outcome.received) and time.monotonic() > deadline:
            raise StoryError("no event ClientSecretRotated came", ROTATE)


def _await_deliveries(
    deployment: Deployment, outcome: Outcome, notification_ids: Sequence[str], step: Step
) -> None:
    missing = drain_until(
        deployment.client("sqs"),
        deployment.outputs["ExampleConsumerQueueUrl"],
        outcome.received,
        wanted=notification_ids,
        deadline_seconds=DELIVERY_SECONDS,
        progress=lambda done, total: step.progress(f"{done} of {total} notifications"),
    )
    if missing:
        raise StoryError(f"published during the rotation and never delivered: {sorted(missing)}", "Process")


def _rows(deployment: Deployment, command: str) -> list[dict[str, Any]]:
    """What `sellerbus secrets status` or `verify` tells of each region."""
    rows = deployment.commands.sellerbus_json("secrets", command, "--stage", deployment.stage)
    if [row["region"] for row in rows] != list(REGIONS) or any("error" in row for row in rows):
        raise StoryError(f"`sellerbus secrets {command}` should tell of {REGIONS}: {rows}", ROTATE)
    return [dict(row) for row in rows]


def _version(row: dict[str, Any], stage: str) -> str:
    return next((str(each["versionId"]) for each in row["versions"] if each["stage"] == stage), "")


def _asked(deployment: Deployment, region: str) -> dict[str, Any]:
    return invoke(deployment, f"{ROTATE}FunctionName", {"request": "status"}, region=region)
