"""Amazon's EventBridge workflow: the destination, its event bus, and the way to the notification queue."""

from constructs import Construct

from stacks.constructs.partner_event_bus import PartnerEventBus
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.queue_with_dead_letters import QueueWithDeadLetters
from stacks.constructs.sp_api_destination import SpApiEventBridgeDestination


class PartnerEvents(Construct):
    """For the types that Amazon sends by EventBridge only.

    The destination comes first and goes last: Amazon makes the partner event source with it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        function: PythonFunction,
        target: QueueWithDeadLetters,
        defaults: FunctionDefaults,
    ) -> None:
        super().__init__(scope, construct_id)
        self.destination = SpApiEventBridgeDestination(
            self, "Destination", function=function, defaults=defaults
        )
        PartnerEventBus(
            self,
            "PartnerBus",
            event_source_name=self.destination.event_source_name,
            target=target,
            key=defaults.key,
            alarm_topic=defaults.alarm_topic,
        )
