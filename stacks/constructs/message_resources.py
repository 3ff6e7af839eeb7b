"""What the functions of message tasks share: the table, the bucket, the bus and the way to Amazon."""

from dataclasses import dataclass

from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.message_bucket import MessageBucket
from stacks.constructs.message_table import MessageTable
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess

MESSAGES_SOURCE = "sellerbus.messages"
"""The source of what Sellerbus says of messages, and of what applications ask of it."""


@dataclass(frozen=True)
class MessageResources:
    """None of it is the feeds', and no function of feeds has a right on it."""

    table: MessageTable
    bucket: MessageBucket
    bus: NotificationBus
    access: SpApiAccess
    defaults: FunctionDefaults

    @property
    def environment(self) -> dict[str, str]:
        """What every function that tells of tasks has."""
        return {
            "MESSAGE_TABLE_NAME": self.table.table_name,
            "EVENT_BUS_NAME": self.bus.bus.event_bus_name,
        }

    def let_work(self, function: PythonFunction, *operations: str, for_sellers: bool = False) -> None:
        """Lets a function do operations on the table, publish messages' events, call Amazon for sellers."""
        role = function.execution_role
        if for_sellers:
            self.access.let_call_for_sellers(role, registry_actions=["dynamodb:GetItem"])
        self.table.let(role, *operations, with_key=not for_sellers)
        self.bus.let_publish(role, sources=[MESSAGES_SOURCE])
