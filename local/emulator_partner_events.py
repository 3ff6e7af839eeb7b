"""Partner event sources, which the emulator only pretends to have.

In ministack 1.5.33 every event source is there and ACTIVE, PutPartnerEvents sends nothing, and an event bus
of any name can be made. Here an event source is there once the partner has created it, an event bus with its
name can be made once and only for it, and what the partner puts goes to that bus. The one partner is Amazon.

Nothing is allowed here that AWS would deny. Where AWS doesn't document what happens, this refuses, or sends
nothing.

Source: EventBridge API, CreatePartnerEventSource, DescribeEventSource, CreateEventBus, PutPartnerEvents;
EventBridge user guide, "Receiving events from a SaaS partner".
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PARTNER_ACCOUNT = "437568002678"
PARTNER = "aws.partner/sellingpartnerapi.amazon.com"
MOST_ENTRIES = 20
MOST_BYTES = 262_144

_NAME = re.compile(r"aws\.partner(/[\.\-_A-Za-z0-9]+){2,}")
_BUS_TYPE = "AWS::Events::EventBus"
Response = tuple[int, Any, Any]


@dataclass
class EventSource:
    """One event source in a customer's account. `has_bus`: an event bus of its name was made for it."""

    name: str
    account: str
    created_at: int
    has_bus: bool = False
    is_deleted: bool = False

    @property
    def state(self) -> str:
        """As DescribeEventSource has it."""
        if self.is_deleted:
            return "DELETED"
        return "ACTIVE" if self.has_bus else "PENDING"


@dataclass
class PartnerEvents:
    """The operations, in place of those of the emulator's module for EventBridge (`eventbridge`)."""

    eventbridge: Any
    sources: dict[tuple[str, str, str], EventSource] = field(default_factory=dict)
    """By AWS region, customer's account and name."""

    def fit(self, resource_handlers: dict[str, Any]) -> None:
        """Takes the places in the module, and in CloudFormation's `resource_handlers`."""
        module = self.eventbridge
        self._make_bus: Callable[[Any], Response] = module._create_event_bus
        self._delete_bus: Callable[[Any], Response] = module._delete_event_bus
        self._put: Callable[..., Response] = module._put_events
        self._reset: Callable[[], None] = module.reset
        module._create_partner_event_source = self.create_source
        module._delete_partner_event_source = self.delete_source
        module._describe_event_source = self.describe_source
        module._list_event_sources = self.list_sources
        module._create_event_bus = self.create_bus
        module._delete_event_bus = self.delete_bus
        module._put_partner_events = self.put_partner_events
        module._put_events = self.put_events
        module.reset = self.reset
        resource = resource_handlers[_BUS_TYPE]
        resource["create"] = self._bus_resource(resource["create"])

    def create_source(self, data: Mapping[str, Any]) -> Response:
        """CreatePartnerEventSource, by the partner, in an account and the region of the request."""
        name, account = str(data.get("Name", "")), str(data.get("Account", ""))
        if refusal := self._unless_partner(name):
            return refusal
        if not _NAME.fullmatch(name) or not re.fullmatch(r"\d{12}", account):
            return self._refuse("ValidationException", "Name or Account is not valid.")
        key = (self.eventbridge.get_region(), account, name)
        held = self.sources.get(key)
        if held and not held.is_deleted:
            return self._refuse("ResourceAlreadyExistsException", f"Event source {name} already exists.")
        # A bus of the earlier one keeps its name, but AWS doesn't say that it gets events again.
        self.sources[key] = EventSource(name, account, int(time.time()))
        return self._answer({"EventSourceArn": self._arn(name)})

    def delete_source(self, data: Mapping[str, Any]) -> Response:
        """DeletePartnerEventSource: with a bus the customer still sees it, as DELETED."""
        name, account = str(data.get("Name", "")), str(data.get("Account", ""))
        if refusal := self._unless_partner(name):
            return refusal
        key = (self.eventbridge.get_region(), account, name)
        held = self.sources.get(key)
        if held:
            held.is_deleted = True
            if not held.has_bus:
                del self.sources[key]
        return self._answer({})

    def describe_source(self, data: Mapping[str, Any]) -> Response:
        """DescribeEventSource, by the customer."""
        held = self._own(str(data.get("Name", "")))
        if held is None:
            return self._missing(str(data.get("Name", "")))
        return self._answer(self._described(held))

    def list_sources(self, data: Mapping[str, Any]) -> Response:
        """ListEventSources, by the customer."""
        prefix = str(data.get("NamePrefix") or "")
        place = (self.eventbridge.get_region(), self.eventbridge.get_account_id())
        found = [
            s for (*where, name), s in self.sources.items() if (*where,) == place and name.startswith(prefix)
        ]
        return self._answer({"EventSources": [self._described(source) for source in found]})

    def create_bus(self, data: Mapping[str, Any]) -> Response:
        """CreateEventBus: a partner's name only for an event source that waits for its bus."""
        name, source = str(data.get("Name", "")), data.get("EventSourceName")
        if "/" not in name and not name.startswith("aws.") and source is None:
            return self._make_bus(data)
        if source != name:
            return self._refuse(
                "ValidationException", "The name of a partner event bus is that of its event source."
            )
        held = self._own(name)
        if held is None or held.is_deleted:
            return self._missing(name)
        answer = self._make_bus(data)
        if answer[0] < 300:
            held.has_bus = True
        return answer

    def delete_bus(self, data: Mapping[str, Any]) -> Response:
        """DeleteEventBus: the event source waits for another bus, or is gone with it where it was deleted."""
        answer = self._delete_bus(data)
        held = self._own(str(data.get("Name", "")))
        if held:
            held.has_bus = False
            if held.is_deleted:
                del self.sources[(self.eventbridge.get_region(), held.account, held.name)]
        return answer

    def put_events(self, data: Mapping[str, Any], **more: Any) -> Response:
        """PutEvents: nobody but the partner sends to a partner's bus."""
        names = [str(entry.get("EventBusName") or "") for entry in data.get("Entries", [])]
        if any(name.rpartition("event-bus/")[2].startswith("aws.") for name in names):
            return self._refuse("ValidationException", "EventBus name starting with 'aws.' is not valid.")
        return self._put(data, **more)

    def put_partner_events(self, data: Mapping[str, Any]) -> Response:
        """PutPartnerEvents, by the partner: to the bus in every account that the source was made for."""
        entries = data.get("Entries", [])
        if refusal := next(filter(None, (self._unless_partner(str(e.get("Source"))) for e in entries)), None):
            return refusal
        if not 1 <= len(entries) <= MOST_ENTRIES or len(json.dumps(entries)) > MOST_BYTES:
            return self._refuse("ValidationException", f"1 to {MOST_ENTRIES} entries of {MOST_BYTES} bytes.")
        results = [self._put_one(entry) for entry in entries]
        failed = sum("ErrorCode" in result for result in results)
        return self._answer({"FailedEntryCount": failed, "Entries": results})

    def reset(self) -> None:
        """The emulator starts anew."""
        self.sources.clear()
        self._reset()

    def _put_one(self, entry: Mapping[str, Any]) -> dict[str, str]:
        region, name = self.eventbridge.get_region(), str(entry["Source"])
        held = [s for (where, _, named), s in self.sources.items() if (where, named) == (region, name)]
        if not held:
            return {"ErrorCode": "ResourceNotFoundException", "ErrorMessage": f"No event source {name}."}
        if not entry.get("DetailType") or not _is_object(entry.get("Detail")):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        event_id = str(self.eventbridge.new_uuid())
        for source in held:
            # Without its bus the source has nowhere to send to; AWS then keeps nothing.
            if source.state == "ACTIVE":
                self._dispatch(source, entry, event_id, region)
        return {"EventId": event_id}

    def _dispatch(self, source: EventSource, entry: Mapping[str, Any], event_id: str, region: str) -> None:
        event = {
            "EventId": event_id,
            "Source": source.name,
            "DetailType": entry["DetailType"],
            "Detail": entry["Detail"],
            "EventBusName": source.name,
            "Time": int(time.time()),
            "Resources": entry.get("Resources", []),
            "Account": source.account,
            "Region": region,
        }
        with self._as_account(source.account):
            self.eventbridge._dispatch_event(event)
            self.eventbridge._archive_event(event)

    @contextmanager
    def _as_account(self, account: str) -> Iterator[None]:
        caller = self.eventbridge.get_account_id()
        self.eventbridge.set_request_account_id(account)
        try:
            yield
        finally:
            self.eventbridge.set_request_account_id(caller)

    def _bus_resource(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """CloudFormation's creation of a bus, which passes on neither the event source nor a refusal."""

        def create(logical_id: str, properties: Mapping[str, Any], stack_name: str) -> Any:
            name = str(properties.get("Name") or "")
            if "/" not in name:
                return original(logical_id, properties, stack_name)
            status, _, answer = self.create_bus(properties)
            if status >= 300:
                raise ValueError(f"{_BUS_TYPE} {name}: {json.loads(answer)}")
            return name, {"Arn": json.loads(answer)["EventBusArn"], "Name": name}

        return create

    def _own(self, name: str) -> EventSource | None:
        key = (self.eventbridge.get_region(), self.eventbridge.get_account_id(), name)
        return self.sources.get(key)

    def _described(self, source: EventSource) -> dict[str, Any]:
        return {
            "Arn": self._arn(source.name),
            "CreatedBy": PARTNER.partition("/")[2],
            "CreationTime": source.created_at,
            "Name": source.name,
            "State": source.state,
        }

    def _arn(self, name: str) -> str:
        return f"arn:aws:events:{self.eventbridge.get_region()}::event-source/{name}"

    def _unless_partner(self, name: str) -> Response | None:
        if self.eventbridge.get_account_id() == PARTNER_ACCOUNT and name.startswith(f"{PARTNER}/"):
            return None
        return self._refuse("AccessDeniedException", "The account is not the partner of this event source.")

    def _missing(self, name: str) -> Response:
        return self._refuse("ResourceNotFoundException", f"Event source {name} does not exist.")

    def _refuse(self, code: str, text: str) -> Response:
        refusal: Response = self.eventbridge.error_response_json(code, text, 400)
        return refusal

    def _answer(self, content: Mapping[str, Any]) -> Response:
        answer: Response = self.eventbridge.json_response(content)
        return answer


def _is_object(detail: object) -> bool:
    try:
        return isinstance(detail, str) and isinstance(json.loads(detail), dict)
    except ValueError:
        return False
