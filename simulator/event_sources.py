"""Amazon's side of EventBridge: the partner event sources in its customers' accounts, and the events.

Source: "Set up notifications using the Amazon EventBridge workflow"; EventBridge API,
CreatePartnerEventSource and PutPartnerEvents. What is sent while the account has no bus for it is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from simulator.aws import AMAZON_ACCOUNT_ID, client

PARTNER = "aws.partner/sellingpartnerapi.amazon.com"


class EventSourceError(Exception):
    """EventBridge refused; the text names the event source and what it answered."""


@dataclass(frozen=True)
class PartnerEvent:
    """`detail` is the text of a JSON object."""

    detail_type: str
    detail: str


class EventSources(Protocol):
    def create(self, name: str, account_id: str, region: str) -> None:
        """Offers an event source to an account in an AWS region, or raises EventSourceError."""

    def delete(self, name: str, account_id: str, region: str) -> None:
        """Takes it back, or raises EventSourceError."""

    def send(self, name: str, region: str, events: Sequence[PartnerEvent]) -> None:
        """Sends each event, in order, or raises EventSourceError."""


class AmazonEventSources:
    """Speaks to EventBridge at `endpoint_url` as Amazon's account."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url

    def create(self, name: str, account_id: str, region: str) -> None:
        try:
            self._client(region).create_partner_event_source(Name=name, Account=account_id)
        except (ClientError, BotoCoreError) as error:
            raise _refused("CreatePartnerEventSource", name, error) from error

    def delete(self, name: str, account_id: str, region: str) -> None:
        try:
            self._client(region).delete_partner_event_source(Name=name, Account=account_id)
        except (ClientError, BotoCoreError) as error:
            raise _refused("DeletePartnerEventSource", name, error) from error

    def send(self, name: str, region: str, events: Sequence[PartnerEvent]) -> None:
        for event in events:
            entry = {"Source": name, "DetailType": event.detail_type, "Detail": event.detail}
            try:
                # One by one: several may not be larger together than one may be alone.
                answer = self._client(region).put_partner_events(Entries=[entry])
            except (ClientError, BotoCoreError) as error:
                raise _refused("PutPartnerEvents", name, error) from error
            if answer.get("FailedEntryCount"):
                raise _refused("PutPartnerEvents", name, answer["Entries"][0].get("ErrorMessage"))

    def _client(self, region: str) -> Any:
        return client("events", self._endpoint_url, region)


def _refused(operation: str, name: str, reason: object) -> EventSourceError:
    return EventSourceError(f"{operation} as {AMAZON_ACCOUNT_ID} on {name}: {reason}")
