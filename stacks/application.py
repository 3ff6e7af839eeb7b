"""Puts the stacks of a stage into a CDK app."""

from dataclasses import dataclass

import aws_cdk as cdk
from cdk_nag import AwsSolutionsChecks

from stacks.emulator import LeaveOutWhatTheEmulatorRefuses, mark_as_emulated
from stacks.example_consumer_stack import ExampleConsumerStack
from stacks.foundation_stack import FoundationStack
from stacks.notifications_stack import NotificationsStack
from stacks.settings_model import Settings


@dataclass(frozen=True)
class Application:
    """The stacks of one stage."""

    foundation: FoundationStack
    notifications: NotificationsStack
    example_consumer: ExampleConsumerStack | None


def add_stacks(app: cdk.App, *, stage: str, settings: Settings) -> Application:
    """Adds the stacks of a stage and the checks that every synthesis runs."""
    if settings.emulator:
        mark_as_emulated(app)
        cdk.Aspects.of(app).add(LeaveOutWhatTheEmulatorRefuses())
    env = cdk.Environment(account=settings.account, region=settings.aws_region)
    foundation = FoundationStack(app, "Foundation", stage=stage, settings=settings, env=env)
    notifications = NotificationsStack(
        app, "Notifications", stage=stage, settings=settings, foundation=foundation, env=env
    )
    example_consumer = None
    if settings.example_consumer:
        example_consumer = ExampleConsumerStack(
            app,
            "ExampleConsumer",
            stage=stage,
            settings=settings,
            foundation=foundation,
            notifications=notifications,
            env=env,
        )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return Application(foundation, notifications, example_consumer)
