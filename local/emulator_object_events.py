"""Which version of an object an S3 event on the event bus is about.

In ministack 1.5.33 the events of versioned buckets leave it out, so that whoever reads the object reads what
was written over it since. AWS names it.

Source: S3 user guide, "EventBridge event message structure", object.version-id.
"""

from __future__ import annotations

import contextvars
import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any

_version: contextvars.ContextVar[str | None] = contextvars.ContextVar("version", default=None)


def fit(s3: Any, eventbridge: Any) -> None:
    """Takes the places in the emulator's modules that tell of objects and carry events to rules."""
    s3._fire_s3_event = with_version_known(s3._fire_s3_event)
    eventbridge._dispatch_event = with_version_told(eventbridge._dispatch_event)


def with_version_known(original: Callable[..., None]) -> Callable[..., None]:
    """`original` tells of an object; while the result does so, the object's version is known."""
    signature = inspect.signature(original)

    def fire(*arguments: Any, **named: Any) -> None:
        before = _version.set(signature.bind(*arguments, **named).arguments.get("version_id"))
        try:
            original(*arguments, **named)
        finally:
            _version.reset(before)

    return fire


def with_version_told(original: Callable[..., Any]) -> Callable[..., Any]:
    """`original` carries an event to the rules; the result adds the version to those of S3's objects."""

    def dispatch(event: Mapping[str, Any], *more: Any, **named: Any) -> Any:
        version = _version.get()
        if version and event.get("Source") == "aws.s3":
            detail = json.loads(event["Detail"])
            detail["object"]["version-id"] = version
            event = {**event, "Detail": json.dumps(detail)}
        return original(event, *more, **named)

    return dispatch
