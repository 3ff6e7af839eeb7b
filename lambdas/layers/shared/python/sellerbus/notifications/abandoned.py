"""Which claims were begun and left: a function was cut off, or lost its table, in the midst of them.

Only to be counted. Nothing is decided by it, so it may be late and may leave rows out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call
from sellerbus.aws.transactions import DynamoDbClient

MOST_READ: Final = 100
"""Items of one BatchGetItem."""


class ReadingDynamoDbClient(DynamoDbClient, Protocol):
    """The part of boto3's DynamoDB client that the ledger uses."""

    def batch_get_item(self, **request: Any) -> Mapping[str, Any]:
        """DynamoDB API: BatchGetItem."""
        ...


def abandoned_rows(client: ReadingDynamoDbClient, table_name: str, keys: Sequence[str], now: int) -> set[str]:
    """Those of the ledger's rows whose lease has ended, neither completed nor given back.

    now: ms since 1970. What DynamoDB leaves unprocessed is left out. Raises StoreUnavailableError.
    """
    found: set[str] = set()
    for start in range(0, len(keys), MOST_READ):
        wanted = [{"pk": {"S": key}} for key in keys[start : start + MOST_READ]]
        with aws_call("BatchGetItem"):
            answer = client.batch_get_item(RequestItems={table_name: {"Keys": wanted}})
        for item in answer["Responses"].get(table_name, ()):
            is_open = item["status"]["S"] == "PENDING" and "givenBack" not in item
            if is_open and int(item["leaseUntil"]["N"]) < now:
                found.add(item["pk"]["S"])
    return found
