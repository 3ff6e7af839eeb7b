"""What the functions of feed tasks share: the table, the two buckets, the bus and the way to Amazon."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from stacks.constructs.event_bus import NotificationBus
from stacks.constructs.feed_buckets import InboxBucket, ResultBucket
from stacks.constructs.python_function import FunctionDefaults, PythonFunction
from stacks.constructs.sp_api_access import SpApiAccess
from stacks.constructs.task_table import TaskTable
from stacks.settings_model import Settings

FEEDS_SOURCE = "sellerbus.feeds"
"""The source of what Sellerbus says of feeds, and of what applications ask of it."""


@dataclass(frozen=True)
class TaskResources:
    """defaults: of functions that read no documents; document_defaults: of those that do."""

    table: TaskTable
    inbox: InboxBucket
    results: ResultBucket
    bus: NotificationBus
    access: SpApiAccess
    defaults: FunctionDefaults
    document_defaults: FunctionDefaults

    @property
    def environment(self) -> dict[str, str]:
        """What every function that ends tasks has."""
        return {
            "TASK_TABLE_NAME": self.table.table_name,
            "EVENT_BUS_NAME": self.bus.bus.event_bus_name,
        }

    def let_work(self, function: PythonFunction, *operations: str, for_sellers: bool = False) -> None:
        """Lets a function do operations on the table, publish feeds' events, and call Amazon for sellers."""
        role = function.execution_role
        if for_sellers:
            self.access.let_call_for_sellers(role, registry_actions=["dynamodb:GetItem"])
        self.table.let(role, *operations, with_key=not for_sellers)
        self.bus.let_publish(role, sources=[FEEDS_SOURCE])


def document_hosts(settings: Settings) -> str:
    """Where documents may be read from and written to: Amazon's storage, and on the emulator its stand-in."""
    endpoint = settings.sp_api.endpoint
    return f"amazon,{urlsplit(endpoint).netloc}" if endpoint else "amazon"
