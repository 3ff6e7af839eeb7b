"""Whom the body of a notification is about. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def sellers_in(notification: object) -> set[str]:
    """The sellers that the payload names as the notification's own, in either casing, at any depth.

    Offers list other sellers beside them, so that what stands in a list says nothing.
    """
    return set(_named(notification))


def _named(value: object) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        if str(name).lower() in ("sellerid", "merchantid") and isinstance(item, str) and item:
            yield item
        yield from _named(item)
