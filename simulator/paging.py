"""The nextTokens of getSubscriptions and getFeeds, and those of orders. Pure."""

from __future__ import annotations

import base64
import json
from typing import Any

from simulator.errors import ApiError, invalid


def write_token(after: int, listing: list[str | None]) -> str:
    """The nextToken of a listing, bound to it, that goes on after the sequence number `after`."""
    return base64.urlsafe_b64encode(json.dumps([after, listing]).encode()).decode()


def read_token(token: str, listing: list[str | None]) -> int:
    """The sequence number in a nextToken; ApiError 400 for one that is not of this listing."""
    refused: ApiError = invalid("nextToken is not of this listing")
    try:
        after, bound_to = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise refused from error
    if bound_to != listing or not isinstance(after, int):
        raise refused
    return after


def write_feed_token(before: int, wanted: dict[str, Any], listing: list[str]) -> str:
    """The nextToken of getFeeds, which stands alone and so holds the filters, `wanted`, too."""
    return base64.urlsafe_b64encode(json.dumps([before, wanted, listing]).encode()).decode()


def read_feed_token(token: str, listing: list[str]) -> tuple[int, dict[str, Any]]:
    """What `write_feed_token` wrote for this listing; ApiError 400 for anything else."""
    refused: ApiError = invalid("nextToken is not valid")
    try:
        before, wanted, bound_to = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise refused from error
    if bound_to != listing or not isinstance(before, int) or not isinstance(wanted, dict):
        raise refused
    return before, wanted


def write_order_token(after: tuple[float, int], wanted: dict[str, Any], listing: list[str]) -> str:
    """The token of a listing of orders that goes on after a time and the sequence number at that time."""
    return base64.urlsafe_b64encode(json.dumps([*after, wanted, listing]).encode()).decode()


def read_order_token(token: str, name: str, listing: list[str]) -> tuple[tuple[float, int], dict[str, Any]]:
    """What `write_order_token` wrote for this listing; ApiError 400, naming the parameter, for others."""
    refused: ApiError = invalid(f"{name} is not of this listing")
    try:
        time, sequence, wanted, bound_to = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError) as error:
        raise refused from error
    if bound_to != listing or not isinstance(sequence, int) or not isinstance(wanted, dict):
        raise refused
    return (float(time), sequence), wanted
