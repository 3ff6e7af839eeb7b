"""One deployment for all integration tests: the real stacks on the local emulator, with IAM enforced."""

from __future__ import annotations

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.cast import SELLERS
from local.deployment import deploy_everything, start_deployment
from local.function_logs import function_logs
from local.runs import new_folder, record, sweep
from tests.integration.feed_crashes import Crashes, crashes
from tests.integration.message_crashes import MessageCrashes, message_crashes
from tests.integration.messages import Messages
from tests.integration.regions import Regions
from tests.integration.system import System

_HERE = Path(__file__).parent
_LAST = (
    "test_message_tasks_crash_points.py",
    "test_feed_tasks_crash_points.py",
    "test_regions_destroyed.py",
    "test_destroy.py",
)
"""What goes on while others are tested, in the order of its end. The last takes the deployment away."""
_BESIDE = "test_regions.py"
"""What it needs is deployed while the first of the others wait."""
_running: list[System] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what needs the emulator, and orders what goes last."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.emulator)
    items.sort(key=lambda item: _LAST.index(item.path.name) if item.path.name in _LAST else -1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds the functions' logs to the report of a failing test."""
    report = yield
    if report.failed and _running and item.path.is_relative_to(_HERE):
        for group, lines in function_logs(_running[0].client("logs"), lines=40).items():
            report.sections.append((f"log of {group}", "\n".join(lines)))
    return report


@pytest.fixture(scope="session")
def system(request: pytest.FixtureRequest) -> Iterator[System]:
    """The deployed system. A test leaves it as it found it, but for rows and messages of its own.

    After a failure the run's folder under .local/ keeps its logs until the next run.
    """
    sweep()
    folder = new_folder("test")
    deployment = start_deployment(folder, enforce_iam=True)
    try:
        record(folder, deployment)
        held = System(deployment)
        _running.append(held)
        deploy_everything(deployment, SELLERS)
        held.lift_feed_limits()
        if any(item.path.name == _BESIDE for item in request.session.items):
            request.getfixturevalue("regions")
        yield held
    finally:
        _running.clear()
        deployment.stop()
        if not request.session.testsfailed:
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def regions(request: pytest.FixtureRequest) -> Iterator[Regions]:
    """Three regions, whose deployment goes on meanwhile."""
    sweep()
    held = Regions()
    try:
        yield held
    finally:
        held.stop()
        if not request.session.testsfailed:
            held.remove()


@pytest.fixture
def sqs(system: System) -> Any:
    """A boto3 SQS client of the deployment's account."""
    return system.client("sqs")


@pytest.fixture(scope="session")
def crashed(system: System, request: pytest.FixtureRequest) -> Iterator[Crashes]:
    """Feed tasks whose functions are killed; the last of the feeds' tests looks at what they led to."""
    # Before tests of messages narrow Amazon's limits on them.
    if any("message_crashed" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("message_crashed")
    with crashes(system) as handed_over:
        yield handed_over


@pytest.fixture(scope="session")
def messages(system: System) -> Messages:
    """Hands messages over, and looks at what came of them."""
    held = Messages(system)
    held.lift_limits()
    return held


@pytest.fixture(scope="session")
def message_crashed(messages: Messages) -> Iterator[MessageCrashes]:
    """Messages whose functions are killed; the last of the messages' tests looks at what they led to."""
    with message_crashes(messages) as handed_over:
        yield handed_over
