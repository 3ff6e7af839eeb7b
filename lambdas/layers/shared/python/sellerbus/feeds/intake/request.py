"""What is said of a feed beside its document: in the object's metadata, a side file, or an event.

Whatever is said twice must be said alike: nothing wins over the other, as nobody could see which did.

A Content-Type of the object counts as said where it names a charset. One without is what tools guess from the
file's name, or S3's own default: it gives way to what else is said.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any, Final

from sellerbus.api.endpoints import UnknownMarketplaceError, marketplace
from sellerbus.aws.json_object import json_object
from sellerbus.documents.charset import codec_named, declared_charset, media_type
from sellerbus.feeds.catalogue import FEED_TYPES
from sellerbus.feeds.findings import quote
from sellerbus.feeds.intake.metadata import misspelt

KNOWN: Final = ("marketplaceIds", "feedOptions", "contentType", "taskId")
LARGEST_SIDE_FILE_BYTES: Final = 64 * 1024
TASK_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")

_FIELDS: Final = {
    "marketplaceIds": "marketplace_ids",
    "feedOptions": "feed_options",
    "contentType": "content_type",
    "taskId": "task_id",
}
_DEFAULT_CONTENT_TYPES: Final = frozenset({"", "binary/octet-stream", "application/octet-stream"})
_ORIGIN: Final = re.compile(r"[a-z][a-z-]{0,31}")
_LONGEST_CONTENT_TYPE: Final = 200
# Rows and events take no more than some hundred kilobytes: what goes past these can be told, but not kept.
_MOST_MARKETPLACES: Final = 100
_LONGEST_NAME: Final = 200
_LONGEST_OPTIONS: Final = 16_384
_MOST_FAULTS: Final = 10


class UnusableOptionsError(ValueError):
    """What is said of a feed can't be read, or contradicts itself; the text says all that is wrong."""


@dataclass(frozen=True)
class Options:
    """What one place says of a feed; None: it says nothing of that.

    guessed_type: a Content-Type that a tool may have guessed. origin, resubmission_of: from metadata alone.
    """

    marketplace_ids: tuple[str, ...] | None = None
    feed_options: Mapping[str, str] | None = None
    content_type: str | None = None
    task_id: str | None = None
    guessed_type: str | None = None
    origin: str | None = None
    resubmission_of: str | None = None


def options_of_metadata(metadata: Mapping[str, str], content_type: str | None) -> Options:
    """Read an object's user metadata and Content-Type; for the names that are not read see metadata.py.

    Raises UnusableOptionsError.
    """
    said: dict[str, Any] = {}
    faults = misspelt(metadata)
    names = [name for name in map(str.strip, metadata.get("marketplace-ids", "").split(",")) if name]
    if names:
        said["marketplaceIds"] = names
    options = metadata.get("feed-options")
    if options is not None:
        try:
            said["feedOptions"] = json_object(options)
        except ValueError as error:
            faults.append(f"the metadata feed-options is no JSON object: {error}")
    if metadata.get("task-id") is not None:
        said["taskId"] = metadata["task-id"]
    found = _options(said, faults, "the metadata")
    told = (content_type or "").strip()
    if told.lower() not in _DEFAULT_CONTENT_TYPES:
        told = told[:_LONGEST_CONTENT_TYPE]
        named = declared_charset(told) is not None
        found = replace(found, content_type=told) if named else replace(found, guessed_type=told)
    origin = metadata.get("origin", "")
    before = metadata.get("resubmission-of", "")
    return replace(
        found,
        origin=origin if _ORIGIN.fullmatch(origin) else None,
        resubmission_of=before if TASK_ID.fullmatch(before) else None,
    )


def options_of_side_file(content: bytes) -> Options:
    """Read a side file: a JSON object with fields out of KNOWN. Raises UnusableOptionsError."""
    if len(content) > LARGEST_SIDE_FILE_BYTES:
        raise UnusableOptionsError(f"the side file is larger than {LARGEST_SIDE_FILE_BYTES} bytes")
    try:
        said = json_object(content.decode("utf-8-sig"))
    except ValueError as error:
        text = "it is not in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise UnusableOptionsError(f"the side file is no JSON object: {text}") from None
    faults = _unknown(said, KNOWN, "the side file")
    return _options(said, faults, "the side file")


def options_of_request(detail: Mapping[str, Any]) -> Options:
    """Read the fields of an event's detail that a side file may have too. Raises UnusableOptionsError."""
    return _options({name: detail[name] for name in KNOWN if name in detail}, [], "the event")


def merged(first: Options, second: Options, places: tuple[str, str]) -> Options:
    """Return what both say together; places: how to call them. Raises UnusableOptionsError."""
    faults: list[str] = []
    both: dict[str, Any] = {}
    for each in fields(Options):
        one, other = getattr(first, each.name), getattr(second, each.name)
        both[each.name] = other if one is None else one
        if one is None or other is None or each.name == "guessed_type":
            continue
        if not _alike(each.name, one, other):
            name = next((said for said, field in _FIELDS.items() if field == each.name), each.name)
            faults.append(
                f"{name} is {quote(_shown(one))} by {places[0]} and {quote(_shown(other))} by {places[1]}"
            )
    if faults:
        raise UnusableOptionsError(f"{'; '.join(faults)}: say it once, or alike")
    return Options(**both)


def content_type_of(options: Options, feed_type: str) -> str:
    """The content type of the feed; "" where nothing tells it and the feed type isn't in the catalogue."""
    told = options.content_type or options.guessed_type
    if told:
        return told
    known = FEED_TYPES.get(feed_type)
    return known.format.value if known else ""


def request_hash(
    seller_id: str,
    feed_type: str,
    marketplace_ids: Sequence[str],
    content_type: str,
    feed_options: Mapping[str, str] | None,
) -> str:
    """Return what tells one request from another, beside the document: sha256 over canonical JSON."""
    canonical = json.dumps(
        [seller_id, feed_type, sorted(marketplace_ids), content_type, dict(feed_options or {})],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def unknown_fields(found: Mapping[str, Any], known: Sequence[str], place: str) -> str | None:
    """What is wrong where `found` has fields that nobody knows; None where it has none."""
    return next(iter(_unknown(found, known, place)), None)


def _unknown(found: Mapping[str, Any], known: Sequence[str], place: str) -> list[str]:
    unknown = [quote(name) for name in found if name not in known]
    if not unknown:
        return []
    return [f"{place} has the unknown fields {', '.join(unknown[:10])}; known are {', '.join(known)}"]


def _options(said: Mapping[str, Any], faults: list[str], place: str) -> Options:
    """Raises UnusableOptionsError where there are faults, given or found."""
    faults.extend(_faults(said, place))
    if faults:
        raise UnusableOptionsError("; ".join(faults))
    names = said.get("marketplaceIds")
    return Options(
        marketplace_ids=None if names is None else tuple(_marketplace_id(name.strip()) for name in names),
        feed_options=said.get("feedOptions"),
        content_type=said["contentType"].strip() if "contentType" in said else None,
        task_id=said.get("taskId"),
    )


def _faults(said: Mapping[str, Any], place: str) -> Iterator[str]:
    names = said.get("marketplaceIds", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        yield f"marketplaceIds of {place} must be a list of marketplace ids or country codes"
    elif len(names) > _MOST_MARKETPLACES or max(map(len, names), default=0) > _LONGEST_NAME:
        yield f"marketplaceIds of {place} are too many or too long: a feed is for 1 to 25 marketplaces"
    options = said.get("feedOptions", {})
    if not isinstance(options, dict):
        yield f"feedOptions of {place} must be an object of texts"
    else:
        yield from islice(_option_faults(options, place), _MOST_FAULTS)
    content_type = said.get("contentType", "-")
    if not isinstance(content_type, str) or not 0 < len(content_type.strip()) <= _LONGEST_CONTENT_TYPE:
        yield f"contentType of {place} must be a text such as application/json; charset=UTF-8"
    task_id = said.get("taskId", "-")
    if not isinstance(task_id, str) or not 0 < len(task_id) <= _LONGEST_NAME:
        yield f"taskId of {place} must be a text of 1 to 64 letters, digits, _ or -"


def _option_faults(options: Mapping[str, object], place: str) -> Iterator[str]:
    size = 0
    for name, value in options.items():
        if not isinstance(value, str):
            yield f"feedOptions.{name[:80]} of {place} is {quote(value)}: it must be a text, in quotes"
            continue
        if not name:
            yield f"feedOptions of {place} has an option without a name"
        size += len(name) + len(value)
    if size > _LONGEST_OPTIONS:
        yield f"feedOptions of {place} have {size} characters, {_LONGEST_OPTIONS} are allowed"


def _marketplace_id(name: str) -> str:
    """The id for an id or a country code; an unknown name stays, for the check to tell."""
    try:
        return marketplace(name).marketplace_id
    except UnknownMarketplaceError:
        return name


def _alike(name: str, one: Any, other: Any) -> bool:
    if name == "marketplace_ids":
        return sorted(one) == sorted(other)
    if name == "content_type":
        return _type_and_charset(one) == _type_and_charset(other)
    return bool(one == other)


def _type_and_charset(content_type: str) -> tuple[str, str]:
    charset = declared_charset(content_type) or ""
    return media_type(content_type), codec_named(charset) or charset.lower()


def _shown(value: Any) -> Any:
    return ",".join(value) if isinstance(value, tuple) else value
