"""`make demo`: runs the story on a fresh local deployment, shows it and writes build/demo.json."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any

from local.commands import ROOT, CommandError
from local.deployment import Deployment, start_deployment
from local.emulator import EmulatorError
from local.function_logs import function_logs
from local.notifications import LARGE, WITHDRAWN, Notification
from local.outcome import Outcome, StoryError
from local.runs import new_folder, orderly_end, record, sweep
from local.screen import Screen
from local.simulator import SimulatorError
from local.story import STEPS

RESULT = ROOT / "build" / "demo.json"
_INTRODUCTION = (
    "Sellerbus takes Amazon's notifications into your AWS account, each once, and your feeds and messages\n"
    "to Amazon and its buyers.\n"
    "Here the real stacks are deployed by the unmodified CDK to an AWS emulator on this machine,\n"
    "with a simulator in Amazon's place. Nothing leaves this machine; everything is stopped at the end."
)


def run_demo(screen: Screen, result_file: Path = RESULT) -> int:
    """Runs the story; returns the exit code: 0 when every step held what it claims."""
    screen.heading("make demo", _INTRODUCTION)
    outcome = Outcome()
    started = time.monotonic()
    problem: str | None = None
    with orderly_end():
        sweep()
        folder = new_folder("demo")
        deployment: Deployment | None = None
        try:
            with screen.step("Start the AWS emulator and the simulator on 127.0.0.1") as step:
                deployment = start_deployment(folder)
                record(folder, deployment)
                step.result = f"{deployment.emulator.endpoint}, {deployment.simulator.url}"
            for tell in STEPS:
                tell(deployment, screen, outcome)
        except (StoryError, CommandError, EmulatorError, SimulatorError) as error:
            problem = str(error)
            screen.fail(problem)
            if deployment is not None:
                # A command that failed may have failed in any function.
                _show_logs(deployment, screen, error.function if isinstance(error, StoryError) else "")
                _keep_logs(folder)
                screen.say(f"The full logs are in {_LOGS}")
        finally:
            if deployment is not None:
                deployment.stop()
            shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - started
    _show(screen, outcome, problem is None, seconds)
    _write(result_file, screen, outcome, problem, seconds)
    screen.say(f"The same as data: {result_file}")
    return 0 if problem is None else 1


_ROW_NAMES = {
    "by_event_bridge": "came by EventBridge",
    "drift_restored": "deleted behind our back, put back",
    "drift_reported": "pointed elsewhere, reported",
    "subscriptions": "subscriptions (two sellers)",
    "third_seller_subscriptions": "subscriptions (third seller)",
}
_LOGS = ROOT / "build" / "demo-logs"


def _show_logs(deployment: Deployment, screen: Screen, function: str | None) -> None:
    if function is None:
        return
    try:
        found = function_logs(deployment.client("logs"), name_contains=function)
    except Exception as error:  # noqa: BLE001  the reason of the failure is shown already and must not be hidden
        screen.fail(f"The functions' logs can't be read: {error}")
        return
    for group, lines in found.items():
        screen.say(f"\n--- {group}")
        for line in lines:
            screen.say(line)


def _keep_logs(folder: Path) -> None:
    shutil.rmtree(_LOGS, ignore_errors=True)
    _LOGS.mkdir(parents=True)
    for log in folder.rglob("*.log"):
        shutil.copy(log, _LOGS / log.name)


def _show(screen: Screen, outcome: Outcome, complete: bool, seconds: float) -> None:
    deliveries = outcome.received.by_notification
    if outcome.notifications:
        screen.table(
            "What Amazon published and what the target of the event bus received",
            ("notification", "from", "envelope", "sent#", "received#", "stale"),
            [
                (
                    _name(sent),
                    sent.origin,
                    sent.casing,
                    str(outcome.copies_each),
                    str(len({delivery.message_id for delivery in deliveries.get(key, [])})),
                    "stale" if key in outcome.stale else "",
                )
                for key, sent in outcome.notifications.items()
            ],
        )
        for kind, note in WITHDRAWN.items():
            screen.say(f"* {kind}: {note}")
    if outcome.dead:
        screen.table(
            "What lies in the dead-letter queue",
            ("reason", "detail", "body"),
            [(letter.reason, letter.detail, letter.body[:40]) for letter in outcome.dead],
        )
    if outcome.published:
        screen.table(
            "In numbers" if complete else "In numbers, up to the step that fell short",
            ("what", "count#"),
            [
                (_ROW_NAMES.get(name, name.replace("_", " ")), "-" if value is None else str(value))
                for name, value in outcome.numbers().items()
            ],
        )
    if outcome.feeds:
        told = {version: counts.numbers() for version, counts in outcome.feeds.items()}
        screen.table(
            "Feeds, by the version of the Feeds API",
            ("what", *(f"{version}#" for version in told)),
            [
                (name.replace("_", " "), *(str(numbers[name]) for numbers in told.values()))
                for name in next(iter(told.values()))
            ],
        )
    if outcome.buyer_messages:
        screen.table(
            "Messages to buyers",
            ("what", "count#"),
            [
                (name.replace("_", " "), str(value))
                for name, value in outcome.buyer_messages.numbers().items()
            ],
        )
    if outcome.operations.rotated_regions:
        screen.table(
            "Operating it",
            ("what", "count#"),
            [
                (name.replace("_", " "), _counted(value))
                for name, value in outcome.operations.numbers().items()
            ],
        )
    screen.say(
        f"\n{'Everything came through once.' if complete else 'The demo FELL SHORT.'} {seconds:.0f} seconds."
    )


def _counted(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _name(sent: Notification) -> str:
    if sent.name == LARGE:
        return f"{sent.notification_type}, {sent.kibibytes} KiB"
    return f"{sent.notification_type} *" if sent.notification_type in WITHDRAWN else sent.notification_type


def _write(file: Path, screen: Screen, outcome: Outcome, problem: str | None, seconds: float) -> None:
    result: dict[str, Any] = outcome.numbers() | {
        "ok": problem is None,
        "problem": problem,
        "seconds": round(seconds, 1),
        "steps": [{"step": step.title, "seconds": round(step.seconds, 2)} for step in screen.steps],
        "published_by_type": dict(
            sorted(Counter(sent.notification_type for sent in outcome.notifications.values()).items())
        ),
        "dead_letters": [{"reason": letter.reason, "detail": letter.detail} for letter in outcome.dead],
        "changed_by_second_deploy": outcome.second_deploy_changes,
        "lost_notifications": outcome.lost,
        "feeds": {version: counts.numbers() for version, counts in outcome.feeds.items()},
        "messages": outcome.buyer_messages.numbers() if outcome.buyer_messages else None,
        "operations": outcome.operations.numbers() if outcome.operations.rotated_regions else None,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
