"""The function by which an operator cancels a feed or settles an uncertain one."""

from constructs import Construct

from stacks.constructs.feed_state_machine import FeedStateMachine, let_answer
from stacks.constructs.feed_steps import KEEP_TASKS, SHORT
from stacks.constructs.python_function import PythonFunction
from stacks.constructs.task_resources import TaskResources


class FeedOperator(Construct):
    """Nothing but the operator's command line invokes it."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        resources: TaskResources,
        state_machine: FeedStateMachine,
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = PythonFunction(
            self,
            "OperateFeed",
            name="operate_feed",
            severity="warn",
            description="Cancels feeds and settles uncertain ones, for an operator",
            defaults=resources.defaults,
            timeout=SHORT,
            environment={**resources.environment, **resources.access.seller_environment},
        )
        # A feed that is to be submitted again takes a place in its lane.
        resources.let_work(self.function, *KEEP_TASKS, "PutItem", for_sellers=True)
        let_answer(self.function.execution_role, state_machine.arn)
