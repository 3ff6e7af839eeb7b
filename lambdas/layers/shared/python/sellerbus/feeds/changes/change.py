"""One listing change as it was handed over, held against the rules of one message of a feed. Pure.

A change is what an application puts on the queue, or on the bus as the detail of a ListingChangeRequested:

    {changeId?, sellerId, marketplaceId, sku, operationType, productType?, requirements?,
     attributes? | patches?}

What is let through here must pass the check of the feed as well: one change that broke the document would
take all others of its feed with it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sellerbus.api.endpoints import UnknownMarketplaceError, marketplace
from sellerbus.feeds.changes.message import message_of
from sellerbus.feeds.changes.strict_json import DEEPEST_NESTING, NotJsonError, nests_deeper, parsed
from sellerbus.feeds.findings import ERROR, Finding, quote
from sellerbus.feeds.intake.inbox import seller_fault
from sellerbus.feeds.listings_message import MOST_FAULTS, message_findings

REQUESTED: Final = "ListingChangeRequested"
LARGEST_CHANGE_BYTES: Final = 262_144
"""Of the message as it goes into the feed: it must fit into one item of the table (400 KB) with its keys."""
MESSAGE_FIELDS: Final = ("sku", "operationType", "productType", "requirements", "attributes", "patches")
FIELDS: Final = ("changeId", "sellerId", "marketplaceId", *MESSAGE_FIELDS)

_CHANGE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_OF_A_SKU: Final = 80
_MOST_OF_A_NAME: Final = 200
_PLACE: Final = "messages[0]"


class UnanswerableChangeError(ValueError):
    """The message names no seller, so that no event could answer it. reason: for machines."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Group:
    """The changes that go into one feed."""

    seller_id: str
    marketplace_id: str


@dataclass(frozen=True, slots=True)
class ListingChange:
    """A change that may be gathered.

    message: the feed's message as JSON, without its messageId. order: the milliseconds since 1970 at which
    the queue took it. content_sha256: over marketplace and message, whatever the order of their fields.
    """

    group: Group
    change_id: str
    sku: str
    message: str
    order: int
    content_sha256: str

    @property
    def size_bytes(self) -> int:
        return len(self.message.encode())


@dataclass(frozen=True, slots=True)
class RefusedChange:
    """A change that is answered and not gathered. content_sha256 tells two with one id from each other."""

    seller_id: str
    change_id: str
    marketplace_id: str | None
    sku: str | None
    reason: str
    findings: tuple[Finding, ...]
    content_sha256: str


def read_change(body: str, message_id: str, order: int) -> ListingChange | RefusedChange:
    """Read and check what a message of the queue holds; message_id: SQS's, for a change without an id.

    Raises UnanswerableChangeError.
    """
    faults: list[str] = []
    try:
        found = parsed(body, faults)
    except NotJsonError as error:
        raise UnanswerableChangeError("not-json", str(error)) from None
    derived = f"message-{message_id}"
    if "detail-type" in found and isinstance(found.get("detail"), dict):
        if found["detail-type"] != REQUESTED:
            raise UnanswerableChangeError("other-event", f"the event is none of {REQUESTED}")
        event_id = f"event-{found.get('id')}"
        derived = event_id if _CHANGE_ID.fullmatch(event_id) else derived
        found = found["detail"]
    seller_id = found.get("sellerId")
    fault = seller_fault(seller_id) if isinstance(seller_id, str) else "sellerId is missing or no text"
    if not isinstance(seller_id, str) or fault:
        raise UnanswerableChangeError("seller", f"nobody can be told what became of the change: {fault}")
    if nests_deeper(found):
        limit = str(DEEPEST_NESTING)
        faults = [f"the change nests deeper than {limit} objects and lists"]
        # Nothing else of it is looked at: whatever looks goes as deep.
        found = {name: value for name, value in found.items() if isinstance(value, str)}
    return _checked(found, seller_id, derived, order, faults)


def _checked(
    found: Mapping[str, Any], seller_id: str, derived: str, order: int, faults: list[str]
) -> ListingChange | RefusedChange:
    given = found.get("changeId")
    usable = isinstance(given, str) and _CHANGE_ID.fullmatch(given)
    change_id = str(given) if usable else derived
    marketplace_id, marketplace_fault = _marketplace(found.get("marketplaceId"))
    message = {name: found[name] for name in MESSAGE_FIELDS if name in found}
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    sha256 = _sha256(marketplace_id or str(found.get("marketplaceId")), message)
    findings = [Finding("json", fault) for fault in faults[:MOST_FAULTS]]
    if not usable and given is not None:
        limit = "1 to 64 letters, digits or any of . _ -"
        fault = f"changeId is {quote(given)}: it must be {limit}, and begin with a letter or digit"
        findings.append(Finding("change-id", fault, where="changeId", limit=limit))
    if marketplace_fault:
        findings.append(Finding("marketplace", marketplace_fault, where="marketplaceId"))
    if not faults:
        findings += _unknown(found)
        findings += [
            _placed(each) for each in message_findings(message_of(message)) if each.severity == ERROR
        ]
        findings += _text_findings(text)
    sku = found["sku"] if isinstance(found.get("sku"), str) else None
    if not findings:
        group = Group(seller_id, str(marketplace_id))
        return ListingChange(group, change_id, str(sku), text, order, sha256)
    count = f"{len(findings)} faults, the first" if len(findings) > 1 else "a fault"
    reason = f"the change was not sent, it has {count}: {findings[0].text}"
    told_sku = sku[:_MOST_OF_A_SKU] if sku else None
    return RefusedChange(seller_id, change_id, marketplace_id, told_sku, reason, tuple(findings), sha256)


def _marketplace(name: object) -> tuple[str | None, str | None]:
    """The marketplace's id, or what is wrong with the name."""
    if not isinstance(name, str):
        return None, "marketplaceId is missing: give a marketplace id or a country code"
    try:
        return marketplace(name).marketplace_id, None
    except UnknownMarketplaceError as error:
        return None, str(error)


def _unknown(found: Mapping[str, Any]) -> Iterator[Finding]:
    known = ", ".join(FIELDS)
    for name in [name for name in found if name not in FIELDS][:MOST_FAULTS]:
        text = f"a change has no field {quote(name)}; it has {known}"
        yield Finding("unknown-field", text, where=name[:_MOST_OF_A_NAME])


def _text_findings(text: str) -> Iterator[Finding]:
    try:
        size_bytes = len(text.encode())
    except UnicodeEncodeError:
        yield Finding("charset", "a text of the change has half of a surrogate pair, which UTF-8 can't say")
        return
    if size_bytes > LARGEST_CHANGE_BYTES:
        fault = f"the change has {size_bytes} bytes, {LARGEST_CHANGE_BYTES} are allowed: hand over a feed"
        yield Finding("size", fault, limit=f"{LARGEST_CHANGE_BYTES} bytes")


def _placed(finding: Finding) -> Finding:
    """The finding as one of the change, which is no message of a document yet."""
    where = (finding.where or "").removeprefix(_PLACE).lstrip(".") or None
    return Finding(finding.rule, finding.text, finding.severity, where, sku=finding.sku, limit=finding.limit)


def _sha256(marketplace_id: str, message: Mapping[str, Any]) -> str:
    text = json.dumps([marketplace_id, message], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
