"""Puts the stacks of a stage into a CDK app."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.emulator import LeaveOutWhatTheEmulatorRefuses, mark_as_emulated
from stacks.example_consumer_stack import ExampleConsumerStack
from stacks.foundation_stack import FoundationStack
from stacks.marketplaces import SellingRegion
from stacks.notifications_stack import NotificationsStack
from stacks.operations_stack import OperationsStack
from stacks.settings_model import Settings, StageSettings
from stacks.settings_names import EXAMPLE_CONSUMER, FOUNDATION, NOTIFICATIONS, OPERATIONS, TASKS, construct_id
from stacks.tasks_stack import TasksStack


@dataclass(frozen=True)
class Cell:
    """The stacks of a stage for one of Amazon's selling regions."""

    foundation: FoundationStack
    notifications: NotificationsStack
    tasks: TasksStack
    operations: OperationsStack
    example_consumer: ExampleConsumerStack | None


def add_stacks(app: cdk.App, *, stage: str, settings: StageSettings) -> Mapping[SellingRegion, Cell]:
    """Adds the stacks of a stage's cells and the checks that every synthesis runs."""
    if settings.shared.emulator:
        mark_as_emulated(app)
        cdk.Aspects.of(app).add(LeaveOutWhatTheEmulatorRefuses())
    cells = {cell.region: _add_cell(app, stage, cell) for cell in settings.cells}
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return MappingProxyType(cells)


def _add_cell(app: cdk.App, stage: str, settings: Settings) -> Cell:
    env = cdk.Environment(account=settings.account, region=settings.aws_region)
    foundation = FoundationStack(
        app, construct_id(settings.region, FOUNDATION), stage=stage, settings=settings, env=env
    )
    notifications = NotificationsStack(
        app,
        construct_id(settings.region, NOTIFICATIONS),
        stage=stage,
        settings=settings,
        foundation=foundation,
        env=env,
    )
    tasks = TasksStack(
        app,
        construct_id(settings.region, TASKS),
        stage=stage,
        settings=settings,
        foundation=foundation,
        notifications=notifications,
        env=env,
    )
    operations = OperationsStack(
        app,
        construct_id(settings.region, OPERATIONS),
        stage=stage,
        settings=settings,
        foundation=foundation,
        notifications=notifications,
        tasks=tasks,
        env=env,
    )
    example_consumer = None
    if settings.example_consumer:
        example_consumer = ExampleConsumerStack(
            app,
            construct_id(settings.region, EXAMPLE_CONSUMER),
            stage=stage,
            settings=settings,
            foundation=foundation,
            notifications=notifications,
            env=env,
        )
    return Cell(foundation, notifications, tasks, operations, example_consumer)
