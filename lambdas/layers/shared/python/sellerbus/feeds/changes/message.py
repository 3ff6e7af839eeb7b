"""The fields of one change as the rules of a feed's message see them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sellerbus.feeds.listings_message import LIST, MOST_FAULTS, OBJECT, TEXT, Message, patch_faults


def message_of(fields: Mapping[str, Any]) -> Message:
    """What the rules of a message ask for; its messageId is given later, and is right."""
    message = Message(0, {"messageId": "a number"}, {"messageId": 1})
    for name, value in fields.items():
        message.kinds[name] = _kind(value)
        if isinstance(value, str | int | float):
            message.values[name] = value
    attributes, patches = fields.get("attributes"), fields.get("patches")
    message.attributes = len(attributes) if isinstance(attributes, dict) else 0
    message.patches = len(patches) if isinstance(patches, list) else 0
    if isinstance(patches, list):
        faults = [fault for number, patch in enumerate(patches) for fault in _patch_faults(number, patch)]
        message.patch_faults = faults[:MOST_FAULTS]
    return message


def _patch_faults(number: int, patch: object) -> Iterator[tuple[str, str]]:
    if not isinstance(patch, dict):
        yield f"patches[{number}]", f"a patch is {_kind(patch)}: it must be an object"
        return
    kinds = {name: _kind(patch[name]) for name in ("op", "path", "value") if name in patch}
    values = {name: patch[name] for name in kinds if isinstance(patch[name], str)}
    yield from patch_faults(number, kinds, values)
    held = patch.get("value")
    odd = (
        next((each for each in held if not isinstance(each, dict)), held) if isinstance(held, list) else held
    )
    if odd is not held:
        yield f"patches[{number}].value", f"value holds {_kind(odd)}: it must hold objects only"


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case str():
            return TEXT
        case dict():
            return OBJECT
        case list():
            return LIST
    return "a number"
