"""Amazon's events: how notifications of the EventBridge workflow come, each as the `detail` of an event.

Source: SP-API, "Set up notifications using the Amazon EventBridge workflow"; EventBridge user guide,
"Events" and "Receiving events from a SaaS partner".
"""

import json
from collections.abc import Mapping
from typing import Any, Final

PARTNER_EVENT_SOURCE: Final = "aws.partner/sellingpartnerapi.amazon.com"
"""What the `source` of these events begins with. Only AWS's partners can send events of such a source."""


def is_partner_event(document: Mapping[str, Any]) -> bool:
    """Whether a message body, read as JSON, is such an event and no notification itself."""
    source = document.get("source")
    return isinstance(source, str) and f"{source}/".startswith(f"{PARTNER_EVENT_SOURCE}/")


def notification_text(body: str) -> str:
    """The notification alone, character for character, of a body that `parse_envelope` accepts.

    That is the whole body, or of an event its detail as EventBridge has written it.
    """
    # Numbers stay text: Python refuses integers of thousands of digits.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    position = _next(body, body.index("{") + 1)
    while body[position] != "}":
        name, position = decoder.raw_decode(body, position)
        start = _next(body, _next(body, position) + 1)
        values[name], position = decoder.raw_decode(body, start)
        texts[name] = body[start:position]
        position = _next(body, position)
        if body[position] == ",":
            position = _next(body, position + 1)
    return texts["detail"] if is_partner_event(values) else body


def _next(body: str, position: int) -> int:
    """Where the next character stands that is no white space of JSON."""
    while body[position] in " \t\n\r":
        position += 1
    return position
