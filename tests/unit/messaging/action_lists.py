"""Answers of getMessagingActionsForOrder, in the three forms in which they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sellerbus.messaging.actions import OfferedAction, read_actions

ORDER = "902-6786204-8179805"
LINK = f"/messaging/v1/orders/{ORDER}/messages/{{}}?marketplaceIds=ATVPDKIKX0DER"
FILES = {"type": "array", "items": {"type": "object"}, "maxItems": 5}


def text_field(maximum: Any = 800, minimum: Any = 1, description: str = "") -> dict[str, Any]:
    return {"type": "string", "minLength": minimum, "maxLength": maximum, "description": description}


def schema(**said: Any) -> dict[str, Any]:
    """An action's schema; it takes a text of 1 to 800 characters where nothing else is said."""
    return {
        "type": "object",
        "title": "Confirm customization details",
        "description": "Ask your customer for details.",
        "properties": {"rawMessageBody": text_field()},
        "required": ["rawMessageBody"],
        **said,
    }


def live(schemas: Mapping[str, Mapping[str, Any] | None]) -> dict[str, Any]:
    """The live form: each schema stands in the action's _embedded.schema."""
    return _answer({name: {"name": name, "_embedded": {"schema": said}} for name, said in schemas.items()})


def as_in_the_model(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The model's form: names and schemas stand in payloads."""
    return _answer(
        {
            name: {"payload": {"name": name}, "_embedded": {"schema": {"payload": said}}}
            for name, said in schemas.items()
        }
    )


def names_alone(*names: str) -> dict[str, Any]:
    """The static sandbox's form."""
    found = _answer({name: {} for name in names})
    del found["_embedded"]
    return found


def one(name: str, said: Mapping[str, Any]) -> OfferedAction:
    """The one action of a live answer."""
    (found,) = read_actions(live({name: said}))
    return found


def _answer(actions: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "_links": {
            "self": {"href": f"/messaging/v1/orders/{ORDER}"},
            "actions": [{"href": LINK.format(name), "name": name} for name in actions],
        },
        "_embedded": {"actions": list(actions.values())},
    }
