"""Made-up notifications of every type, as Amazon would send them.

data/notifications.json has an example of each, with the same seller, marketplace and time in all of them, in
whose place come those that are asked for. A test holds the examples against Amazon's schemas.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from ops.errors import WRONG_INPUT, CommandError
from sellerbus.notifications.origin import Origin, own_notification

_FILE: Final = Path(__file__).resolve().parent / "data" / "notifications.json"
EXAMPLE_SELLER: Final = "A2EW6EXAMPLE11"
EXAMPLE_MARKETPLACE: Final = "ATVPDKIKX0DER"
EXAMPLE_TIME: Final = "2026-01-01T00:00:00.000Z"
_KINDS: Final[Mapping[type, str]] = {
    str: "a text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True)
class Wish:
    """What of an example shall be otherwise. identity: tells one notification from another.

    at: of the event, now where it is None. changes: paths in the payload with their new values, as typed.
    """

    identity: str
    seller_id: str = EXAMPLE_SELLER
    marketplace_id: str = EXAMPLE_MARKETPLACE
    at: datetime | None = None
    changes: Sequence[tuple[str, str]] = ()


def types() -> list[str]:
    """Return the notification types of which there is an example."""
    return sorted(_examples())


def known_type(given: str) -> str:
    """Return a type as Amazon writes it; raises CommandError where there is no example of it."""
    found = given.strip().upper().replace("-", "_")
    if found not in _examples():
        raise CommandError(f"There is no example of {given!r}, only of: {', '.join(types())}.", WRONG_INPUT)
    return found


def notification(notification_type: str, wish: Wish) -> dict[str, Any]:
    """Make a notification of a type that is known; raises CommandError where a change does not fit."""
    example = _examples()[notification_type]
    at = (wish.at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
    time = at.replace("+00:00", "Z")
    replaced = {
        EXAMPLE_SELLER: wish.seller_id,
        EXAMPLE_MARKETPLACE: wish.marketplace_id,
        EXAMPLE_TIME: time,
    }
    payload = _filled(copy.deepcopy(example["payload"]), replaced)
    for path, value in wish.changes:
        _change(payload, path, value)
    return own_notification(
        Origin.SYNTHETIC,
        identity=wish.identity,
        notification_type=notification_type,
        payload_version=example["payloadVersion"],
        event_time=time,
        publish_time=time,
        payload=payload,
        pascal_case=example["pascalCase"],
    )


def _filled(value: Any, replaced: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, replaced) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, replaced) for each in value]
    if isinstance(value, str):
        for example, wanted in replaced.items():
            value = value.replace(example, wanted)
    return value


def _change(payload: dict[str, Any], path: str, typed: str) -> None:
    """Raises CommandError, which names what there is at the place where the path ends."""
    names = [name.strip() for name in path.split(".")]
    place: Any = payload
    # Most types wrap their fields in one: it may be left out.
    if len(payload) == 1 and _key(payload, names[0]) is None:
        (place,) = payload.values()
    for depth, name in enumerate(names):
        key = _key(place, name)
        if key is None:
            raise CommandError(
                f"--set {path}: there is no {'.'.join(names[: depth + 1])} in the example, "
                f"only {', '.join(map(str, _keys(place))) or 'a value'}.",
                WRONG_INPUT,
            )
        if depth == len(names) - 1:
            place[key] = _value(place[key], typed, path)
        else:
            place = place[key]


def _keys(place: Any) -> Sequence[str | int]:
    if isinstance(place, dict):
        return list(place)
    return range(len(place)) if isinstance(place, list) else ()


def _key(place: Any, name: str) -> str | int | None:
    return next((key for key in _keys(place) if str(key).casefold() == name.casefold()), None)


def _value(present: Any, typed: str, path: str) -> Any:
    """What was typed, as the kind of value that stands there; null takes any text."""
    if isinstance(present, str) or present is None:
        return None if present is None and typed == "null" else typed
    try:
        value = json.loads(typed)
    except ValueError:
        value = typed
    fits = type(value) is type(present) or (type(value) is int and type(present) is float)
    if not fits:
        raise CommandError(f"--set {path}={typed}: it must be {_KINDS[type(present)]}.", WRONG_INPUT)
    return float(value) if type(present) is float else value


@cache
def _examples() -> Mapping[str, Any]:
    examples: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return examples
