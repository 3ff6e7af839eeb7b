"""What becomes of a task whose execution was aborted by hand, or ran out of time: nothing in it goes on."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from stacks.constructs.feed_state_machine import FeedStateMachine
from stacks.constructs.python_function import PythonFunction

_MAXIMUM_AGE = cdk.Duration.days(1)
_MAXIMUM_ATTEMPTS = 185
"""Both the most that EventBridge offers."""


class BrokenOffTasks(Construct):
    """Step Functions tells the default bus; the task is ended as after a step that failed for good.

    Without it the task would hold its lane. A failed execution has ended its task before, unless that failed
    too: then this is one more try.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        state_machine: FeedStateMachine,
        end_feed_task: PythonFunction,
    ) -> None:
        super().__init__(scope, construct_id)
        events.Rule(
            self,
            "Rule",
            description="Ends feed tasks whose execution is over before its end",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [state_machine.reference],
                    "status": ["ABORTED", "FAILED", "TIMED_OUT"],
                },
            ),
            targets=[
                targets.LambdaFunction(
                    end_feed_task,
                    # The execution's name tells the task. What else the event has may hold what a step was
                    # given.
                    event=events.RuleTargetInput.from_object(
                        {
                            "action": "broken-off",
                            "execution": events.EventField.from_path("$.detail.name"),
                            "status": events.EventField.from_path("$.detail.status"),
                            "cause": "its execution is over; the console shows at which step",
                        }
                    ),
                    max_event_age=_MAXIMUM_AGE,
                    retry_attempts=_MAXIMUM_ATTEMPTS,
                )
            ],
        )
