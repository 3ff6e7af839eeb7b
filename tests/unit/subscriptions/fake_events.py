"""AWS's side of a partner event source: its states one after another, the last one for good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class MissingError(Exception):
    """EventBridge's ResourceNotFoundException."""


class Exceptions:
    ResourceNotFoundException = MissingError


@dataclass
class FakeEvents:
    """states: what DescribeEventSource answers, None for ResourceNotFoundException."""

    states: list[str | None] = field(default_factory=lambda: ["PENDING"])
    asked: list[str] = field(default_factory=list)
    exceptions: type[Exceptions] = Exceptions

    def describe_event_source(self, **request: Any) -> dict[str, Any]:
        self.asked.append(request["Name"])
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state is None:
            raise MissingError
        return {"Name": request["Name"], "State": state}
