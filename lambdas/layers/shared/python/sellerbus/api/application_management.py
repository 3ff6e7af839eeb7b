"""The Application Management API: Amazon makes a new client secret and sends it to the application queue.

Source: Application Management API v2023-11-30. There is no sandbox of it.
"""

from __future__ import annotations

from typing import Protocol

from sellerbus.api.answers import Answer
from sellerbus.api.operation import Operation
from sellerbus.api.operations import ROTATE_APPLICATION_CLIENT_SECRET


class Client(Protocol):
    """The part of SellingPartnerClient that is used."""

    def call(self, operation: Operation) -> Answer: ...


class ApplicationManagementApi:
    def __init__(self, client: Client) -> None:
        self._client = client

    def rotate_client_secret(self) -> str | None:
        """Have a new secret made; return Amazon's request id. The present one works for seven more days.

        Each call makes another secret. Raises what the client raises; after OutcomeUnknownError there may be
        one on its way.
        """
        return self._client.call(ROTATE_APPLICATION_CLIENT_SECRET).request_id
