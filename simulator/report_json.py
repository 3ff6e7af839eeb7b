"""JSON_LISTINGS_FEED: reading its messages, and the processing report version 2. Pure.

Source: listings-feed-schema-v2.json and listings-feed-processing-report-schema-v2.json. Of the attributes it
is looked at whether prices and quantities are negative, and titles too long; Amazon's own rules are per
product type. The codes but 90220 (required but not supplied) and 99022 are assumed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from simulator.document_content import as_file
from simulator.reporting import ERROR, WARNING, Issue, Submission, Tally, UnreadableError

MAXIMUM_MESSAGES = 25_000
MAXIMUM_MESSAGE_ID = 2**31 - 1
MAXIMUM_TITLE_CHARACTERS = 200
VERSION = "2.0"

_REQUIRED, _INVALID, _MALFORMED, _TITLE = "90220", "99022", "4000001", "99010"
# operationType -> (what it needs, what does not go with it)
_OPERATIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "UPDATE": (("productType", "attributes"), ("patches",)),
    "PARTIAL_UPDATE": (("productType", "attributes"), ("requirements", "patches")),
    "PATCH": (("productType", "patches"), ("requirements", "attributes")),
    "DELETE": ((), ("requirements", "attributes", "productType", "patches")),
}
_REQUIREMENTS = ("LISTING", "LISTING_PRODUCT_ONLY", "LISTING_OFFER_ONLY")
_PATCH_OPERATIONS = ("add", "replace", "merge", "delete")
_NOT_NEGATIVE = ("value_with_tax", "quantity", "amount")


def read(submission: Submission, content: Iterable[bytes]) -> Tally:
    """Raises UnreadableError for what is no listings feed of the seller, and ContentError."""
    try:
        feed = json.load(as_file(content))
    except (ValueError, RecursionError) as error:
        raise UnreadableError(f"The feed is not valid JSON: {error}", _MALFORMED) from error
    header, messages = _parts(feed)
    _check_header(header, submission)
    if not 1 <= len(messages) <= MAXIMUM_MESSAGES:
        raise UnreadableError(
            f"The feed must have from 1 to {MAXIMUM_MESSAGES} messages, it has {len(messages)}.", _MALFORMED
        )
    tally = Tally()
    ids: set[int] = set()
    accepted = [message for message in messages if tally.take(list(_issues(message, ids)))]
    if isinstance(header.get("report"), dict):
        skus = [message["sku"] for message in accepted if message["operationType"] != "DELETE"]
        tally.details = {"report": header["report"], "skus": skus}
    return tally


def write(submission: Submission, tally: Tally) -> str:
    header: dict[str, object] = {
        "sellerId": submission.seller_id,
        "version": VERSION,
        "feedId": submission.feed_id,
    }
    summary: dict[str, object] = {
        "errors": tally.count(ERROR),
        "warnings": tally.count(WARNING),
        "messagesProcessed": tally.processed,
        "messagesAccepted": tally.accepted,
        "messagesInvalid": tally.invalid,
    }
    report: dict[str, object] = {"header": header, "issues": [_issue(issue) for issue in tally.issues]}
    if tally.details:
        skus = tally.details["skus"]
        assert isinstance(skus, list)  # noqa: S101 - as `read` made it
        header["report"] = tally.details["report"]
        summary["itemSummary"] = {"items": len(skus), "errors": 0, "warnings": 0}
        report["items"] = [{"sku": sku, "issues": []} for sku in skus]
    return json.dumps({**report, "summary": summary}, ensure_ascii=False)


def _issue(issue: Issue) -> dict[str, object]:
    written: dict[str, object] = {}
    if issue.message_id is not None:
        written["messageId"] = issue.message_id
    if sku := issue.names.get("sku"):
        written["sku"] = sku
    written |= {"code": issue.code, "severity": issue.severity, "message": issue.text}
    if issue.attribute is not None:
        written["attributeName"] = issue.attribute
    return written


def _parts(feed: object) -> tuple[dict[str, Any], list[Any]]:
    if not isinstance(feed, dict):
        raise UnreadableError("The feed must be a JSON object.", _MALFORMED)
    header, messages = feed.get("header"), feed.get("messages")
    if not isinstance(header, dict):
        raise UnreadableError("'header' is required and must be an object.", _MALFORMED)
    if not isinstance(messages, list):
        raise UnreadableError("'messages' is required and must be an array.", _MALFORMED)
    return header, messages


def _check_header(header: dict[str, Any], submission: Submission) -> None:
    if header.get("version") != VERSION:
        raise UnreadableError(f"'header.version' must be '{VERSION}'.", _MALFORMED)
    if header.get("sellerId") != submission.seller_id:
        raise UnreadableError(
            "'header.sellerId' is not the selling partner that submitted the feed.", _MALFORMED
        )


def _issues(message: object, ids: set[int]) -> Iterator[Issue]:
    if not isinstance(message, dict):
        yield Issue("A message must be a JSON object.", _MALFORMED)
        return
    message_id, sku = _id(message.get("messageId")), message.get("sku")
    names = {"sku": sku} if isinstance(sku, str) and sku else {}

    def issue(text: str, code: str, attribute: str | None = None, severity: str = ERROR) -> Issue:
        return Issue(text, code, message_id, severity, attribute, names)

    if message_id is None:
        yield issue(f"'messageId' must be an integer from 1 to {MAXIMUM_MESSAGE_ID}.", _INVALID)
    elif message_id in ids:
        yield issue(f"'messageId' {message_id} is not unique within the feed.", _INVALID)
    else:
        ids.add(message_id)
    if not names:
        yield issue("'[sku]' is required but not supplied.", _REQUIRED, "sku")
    operation = message.get("operationType")
    if operation not in _OPERATIONS:
        yield issue(f"'operationType' must be one of {', '.join(_OPERATIONS)}.", _INVALID, "operationType")
        return
    needed, foreign = _OPERATIONS[operation]
    for name in needed:
        if not message.get(name):
            yield issue(f"'[{name}]' is required but not supplied.", _REQUIRED, name)
    for name in foreign:
        if name in message:
            yield issue(f"'{name}' does not go with the operation '{operation}'.", _INVALID, name)
    if message.get("requirements", "LISTING") not in _REQUIREMENTS:
        yield issue(f"'requirements' must be one of {', '.join(_REQUIREMENTS)}.", _INVALID, "requirements")
    for attribute, value in _attributes(message):
        if attribute is None:
            yield issue(str(value), _INVALID, "patches")
            continue
        for text, code, path, severity in _marks(attribute, value):
            yield issue(text, code, path, severity)


def _id(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 1 <= value <= MAXIMUM_MESSAGE_ID else None


def _attributes(message: dict[str, Any]) -> Iterator[tuple[str | None, object]]:
    """(name, value) of every attribute, of a patch too; (None, what is wrong) of a patch that is none."""
    attributes, patches = message.get("attributes"), message.get("patches")
    if isinstance(attributes, dict):
        yield from attributes.items()
    for patch in patches if isinstance(patches, list) else []:
        path = patch.get("path") if isinstance(patch, dict) else None
        if not isinstance(path, str) or not path.startswith("/attributes/"):
            yield None, "A patch needs a 'path' that begins with '/attributes/'."
        elif patch.get("op") not in _PATCH_OPERATIONS:
            yield None, f"The 'op' of a patch must be one of {', '.join(_PATCH_OPERATIONS)}."
        else:
            yield path.removeprefix("/attributes/"), patch.get("value")


def _marks(path: str, value: object) -> Iterator[tuple[str, str, str, str]]:
    """(text, code, attribute, severity) of what is wrong with an attribute's value, however deep."""
    if isinstance(value, dict):
        for name, held in value.items():
            yield from _marks(path if name == "value" else f"{path}.{name}", held)
    elif isinstance(value, list):
        for held in value:
            yield from _marks(path, held)
    elif isinstance(value, int | float) and value < 0 and path.rsplit(".", 1)[-1] in _NOT_NEGATIVE:
        yield f"The value '{value}' for the attribute '{path}' must not be negative.", _INVALID, path, ERROR
    elif path == "item_name" and isinstance(value, str) and len(value) > MAXIMUM_TITLE_CHARACTERS:
        text = f"The value of '{path}' has more than {MAXIMUM_TITLE_CHARACTERS} characters and was cut."
        yield text, _TITLE, path, WARNING
