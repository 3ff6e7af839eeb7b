"""Everything that is checked of a feed before Amazon is called; all faults at once, in words for the seller.

    request = FeedRequest("JSON_LISTINGS_FEED", ("ATVPDKIKX0DER",), "application/json; charset=UTF-8")
    findings = check_feed(request, seller, chunks, rules)
    findings.refused, findings.kept

Source: createFeed and createFeedDocument in the models feeds_2021-06-30.json and feeds_2020-09-04.json, which
agree in this; for the rest see catalogue, options, content and the modules of the listings feed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from sellerbus.api.endpoints import UnknownMarketplaceError, marketplace
from sellerbus.feeds.catalogue import FeedType, Format, UnknownFeedTypeError, feed_type
from sellerbus.feeds.content import ContentCheck, content_type_finding
from sellerbus.feeds.findings import WARNING, Finding, Findings, quote
from sellerbus.feeds.options import option_findings

MOST_MARKETPLACES: Final = 25
_TASK_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_CONTENT_TYPE: Final = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+\s*(;[ -~]*)?", re.ASCII)


class Seller(Protocol):
    """The part of a seller's row that feeds are held against; region is na, eu or fe, None where nobody knows
    the seller.
    """

    @property
    def seller_id(self) -> str: ...

    @property
    def region(self) -> str | None: ...

    @property
    def marketplace_ids(self) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class FeedRequest:
    """A feed as it was handed over, beside its document. Nothing in it has been checked yet.

    task_id: the caller's own id, which makes handing over idempotent; None where there is none.
    """

    feed_type: str
    marketplace_ids: tuple[str, ...]
    content_type: str
    feed_options: Mapping[str, str] | None = None
    task_id: str | None = None


@dataclass(frozen=True)
class Rules:
    """What a deployment allows.

    removed_allowed: let types pass that Amazon has removed; for Feeds v2020-09-04, in whose time they lived.
    """

    largest_bytes: int
    custom_types: Mapping[str, Format] = field(default_factory=dict)
    removed_allowed: bool = False
    most_findings: int = 1000


def check_feed(request: FeedRequest, seller: Seller, chunks: Iterable[bytes], rules: Rules) -> Findings:
    """Check request and document. Where the request alone is refused, the document is checked all the same.

    The document is not looked at where the feed type is unknown: there is nothing to hold it against.
    """
    findings = check_request(request, seller, rules)
    content = content_check(request, seller, rules, findings)
    if content is not None:
        for chunk in chunks:
            content.take(chunk)
        content.finish()
    return findings


def check_request(request: FeedRequest, seller: Seller, rules: Rules) -> Findings:
    """Check all that needs no document."""
    findings = Findings(rules.most_findings)
    kind = _known_type(request, rules)
    found = [
        *_type_findings(request, rules),
        *_marketplace_findings(request.marketplace_ids, seller, kind),
        *_content_type_findings(request.content_type, kind),
        *(option_findings(kind, request.feed_options) if kind else ()),
        *_task_id_findings(request.task_id),
    ]
    for finding in found:
        findings.add(finding)
    return findings


def content_check(
    request: FeedRequest, seller: Seller, rules: Rules, findings: Findings
) -> ContentCheck | None:
    """What the document's bytes are to be given to; None where the feed type is unknown."""
    kind = _known_type(request, rules)
    if kind is None:
        return None
    return ContentCheck(kind, request.content_type, seller.seller_id, rules.largest_bytes, findings)


def _known_type(request: FeedRequest, rules: Rules) -> FeedType | None:
    try:
        return feed_type(request.feed_type, rules.custom_types)
    except UnknownFeedTypeError:
        return None


def _type_findings(request: FeedRequest, rules: Rules) -> Iterator[Finding]:
    try:
        kind = feed_type(request.feed_type, rules.custom_types)
    except UnknownFeedTypeError as error:
        yield Finding("feed-type", str(error), where="feedType")
        return
    if kind.removed is not None and not rules.removed_allowed:
        text = f"Amazon has carried out no {kind.name} since {kind.removed}: {kind.replacement}"
        yield Finding("feed-type-removed", text, where="feedType", limit=kind.removed)


def _marketplace_findings(
    marketplace_ids: tuple[str, ...], seller: Seller, kind: FeedType | None
) -> Iterator[Finding]:
    limit = f"1 to {MOST_MARKETPLACES}"
    if not 1 <= len(marketplace_ids) <= MOST_MARKETPLACES:
        text = f"{len(marketplace_ids)} marketplaces are given: a feed is for {limit}"
        yield Finding("marketplaces", text, where="marketplaceIds", limit=limit)
    for number, name in enumerate(marketplace_ids[:MOST_MARKETPLACES]):
        where = f"marketplaceIds[{number}]"
        if name in marketplace_ids[:number]:
            yield Finding("marketplaces", f"marketplace {quote(name)} is given twice", where=where)
            continue
        try:
            found = marketplace(name)
        except UnknownMarketplaceError as error:
            yield Finding("marketplaces", str(error), where=where)
            continue
        if found.marketplace_id != name:
            text = f"{quote(name)} is no marketplace id: write {found.marketplace_id}"
            yield Finding("marketplaces", text, where=where)
        elif seller.region is not None and found.region != seller.region:
            text = (
                f"marketplace {name} ({found.country}) is of region {found.region}, "
                f"seller {seller.seller_id} of {seller.region}: a feed goes to one region"
            )
            yield Finding("marketplaces", text, where=where, limit=seller.region)
        elif name not in seller.marketplace_ids:
            text = f"marketplace {name} ({found.country}) is not among those registered for the seller"
            yield Finding("marketplaces", text, WARNING, where)
        elif kind is not None and kind.countries and found.country not in kind.countries:
            listed = ", ".join(kind.countries)
            text = f"Amazon documents {kind.name} for {listed} only, not for {found.country}"
            yield Finding("marketplaces", text, WARNING, where, limit=listed)


def _content_type_findings(content_type: str, kind: FeedType | None) -> Iterator[Finding]:
    if not _CONTENT_TYPE.fullmatch(content_type):
        usual = f", such as {kind.format.value}" if kind else ""
        text = f"{quote(content_type)} is no content type{usual}"
        yield Finding("content-type", text, where="contentType")
    elif kind is not None:
        finding = content_type_finding(kind, content_type)
        if finding is not None:
            yield finding


def _task_id_findings(task_id: str | None) -> Iterator[Finding]:
    if task_id is not None and not _TASK_ID.fullmatch(task_id):
        limit = "1 to 64 letters, digits, _ or -"
        text = f"the task id {quote(task_id)} must be {limit}, and begin with a letter or digit"
        yield Finding("task-id", text, where="taskId", limit=limit)
