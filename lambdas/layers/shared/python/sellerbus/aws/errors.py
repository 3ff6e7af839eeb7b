"""AWS did not do it now: table, bus, bucket or queue.

StoreUnavailableError    refused for now, or the answer was lost: the work stays where it is and comes again
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError


class StoreUnavailableError(Exception):
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
