"""What can go wrong between a notification and the bus, as far as a caller can act on it.

NotificationError
└── StoreUnavailableError    table, bus, bucket or queue did not do it now, or its answer was lost:
                             the notification stays in its queue and comes again
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


class NotificationError(Exception):
    """Anything in this package that keeps a notification from being published now."""


class StoreUnavailableError(NotificationError):
    """AWS refused for now, or the answer is unknown. Names operation and error code, never content."""

    def __init__(self, operation: str, code: str) -> None:
        super().__init__(f"{operation} failed with {code}")
        self.operation = operation
        self.code = code


@contextmanager
def aws_call(operation: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into StoreUnavailableError."""
    try:
        yield
    except ClientError as error:
        raise StoreUnavailableError(operation, error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise StoreUnavailableError(operation, type(error).__name__) from error
