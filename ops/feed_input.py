"""Checks a feed before it leaves this machine, with the code that the stage's own check runs."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from ops import cells, console, seller_input
from ops.errors import WRONG_INPUT, CommandError
from ops.stage import Cell, Stage
from sellerbus.api import endpoints
from sellerbus.api.endpoints import UnknownMarketplaceError
from sellerbus.documents.compression import Unpacked
from sellerbus.documents.errors import DamagedDocumentError, DocumentTooLargeError
from sellerbus.documents.limits import Limits
from sellerbus.feeds.catalogue import FEED_TYPES, Format, UnknownFeedTypeError, feed_type
from sellerbus.feeds.checks import FeedRequest, Rules, Seller, check_request, content_check
from sellerbus.feeds.content import ContentCheck
from sellerbus.feeds.findings import Finding, Findings
from sellerbus.sellers.rows import ACTIVE

MOST_METADATA_BYTES: Final = 2000
"""S3 takes 2 KB of user metadata, names and values together."""

_CHUNK_BYTES: Final = 1 << 20
_MOST_SHOWN: Final = 50
_REMOVED: Final = "feed-type-removed"
_NO_RIGHT: Final = frozenset({"AccessDeniedException", "AccessDenied"})


class Content(Protocol):
    """A feed's bytes, read once."""

    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True)
class KnownByName:
    """A seller whose row may not be read here: what the person says of it stands for the row."""

    seller_id: str
    region: str
    marketplace_ids: tuple[str, ...]


def marketplaces(stage: Stage, names: Sequence[str]) -> tuple[Cell, tuple[str, ...]]:
    """Return the cell of the marketplaces and their ids, each once; raises CommandError."""
    given = [word for name in names for word in seller_input.split(name)]
    if not given:
        raise CommandError("--marketplaces: name at least one, such as US,CA.", WRONG_INPUT)
    try:
        found = tuple(dict.fromkeys(endpoints.marketplace(name) for name in given))
    except UnknownMarketplaceError as error:
        raise CommandError(f"--marketplaces: {error}", WRONG_INPUT) from None
    regions = {row.region for row in found}
    if len(regions) > 1:
        listed = ", ".join(f"{row.country} ({row.region})" for row in found)
        raise CommandError(
            f"--marketplaces: {listed} are of several regions of Amazon. A feed goes to one: submit it once "
            "for each region.",
            WRONG_INPUT,
        )
    return stage.cell(regions.pop()), tuple(row.marketplace_id for row in found)


def options(pairs: Sequence[str]) -> dict[str, str] | None:
    """Return the feedOptions that are given as name=value; None where none are. Raises CommandError."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            raise CommandError(
                f"--option {pair!r}: write it name=value, such as --option DocumentType=Invoice", WRONG_INPUT
            )
        if name in found:
            raise CommandError(f"--option {name} is given twice.", WRONG_INPUT)
        found[name] = value
    return found or None


def rules(cell: Cell) -> Rules:
    """What the cell's configuration allows, as its function check_feed is told it."""
    feeds = cell.settings.feeds
    return Rules(
        largest_bytes=feeds.largest_megabytes * 1024 * 1024,
        custom_types={name: Format[kind.upper()] for name, kind in feeds.custom_types.items()},
        removed_allowed=cell.settings.feeds_api_version == "2020-09-04",
    )


def usual_content_type(name: str, allowed: Rules) -> str:
    """Return the content type of the feed type's format; raises CommandError for an unknown type."""
    try:
        return feed_type(name, allowed.custom_types).format.value
    except UnknownFeedTypeError as error:
        near = difflib.get_close_matches(name, (*FEED_TYPES, *allowed.custom_types), n=2, cutoff=0.85)
        if not near:
            raise CommandError(f"--type: {error}", WRONG_INPUT) from None
        raise CommandError(
            f"--type: {name!r} is no feed type that is known here. Did you mean {' or '.join(near)}?",
            WRONG_INPUT,
        ) from None


def known_seller(stage: Stage, seller_id: str, region: str | None) -> None:
    """Raise CommandError where there is no such seller; nothing where that may not be read."""
    try:
        if not any(cells.registry(cell).find(seller_id) for cell in cells.deployed(stage, region)):
            raise cells.unknown(stage, seller_id, region)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_RIGHT:
            raise
        console.say(
            f"Whether seller {seller_id} is known was not looked up: the registry may not be read with your "
            "AWS rights."
        )


def seller(stage: Stage, cell: Cell, seller_id: str, marketplace_ids: tuple[str, ...]) -> Seller:
    """Return the seller's row, or what stands for it where it may not be read.

    Raises CommandError where there is no such seller, or the stage would refuse its feeds.
    """
    try:
        row = cells.registry(cell).find(seller_id)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _NO_RIGHT:
            raise
        console.say(
            "The seller's row may not be read with your AWS rights: whether the seller is known and has "
            "these marketplaces is checked by the stage."
        )
        return KnownByName(seller_id, cell.region, marketplace_ids)
    if row is None:
        raise cells.unknown(stage, seller_id, cell.region)
    if row.status != ACTIVE:
        raise CommandError(
            f"Seller {seller_id} is {row.status}, and the stage refuses feeds of such a seller. What can be "
            f"done: bin/sellerbus sellers show {seller_id} --stage {stage.name}",
            WRONG_INPUT,
        )
    return row


class Checked:
    """A feed's bytes as they pass by: checked and digested, unpacked first where they are gzip, as the stage
    does it. Nothing of them is kept.
    """

    def __init__(self, request: FeedRequest, of: Seller, allowed: Rules) -> None:
        self.findings = check_request(request, of, allowed)
        self.finished = False
        # Nobody corrects a document of a type that is gone; and its format is often that of another type.
        gone = any(finding.rule == _REMOVED for finding in self.findings.kept)
        self._check: ContentCheck | None = (
            None if gone else content_check(request, of, allowed, self.findings)
        )
        self._limits = Limits(content_bytes=4 * allowed.largest_bytes)
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The digest of the content that passed by, in hexadecimal."""
        return self._digest.hexdigest()

    def passing(self, raw: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the content of a document's bytes while it is checked; to be taken to its end."""
        try:
            for chunk in Unpacked(raw, self._limits):
                self._digest.update(chunk)
                if self._check is not None:
                    self._check.take(chunk)
                yield chunk
        except (DamagedDocumentError, DocumentTooLargeError) as error:
            rule = "size" if isinstance(error, DocumentTooLargeError) else "damaged"
            self.findings.add(Finding(rule, str(error)))
        else:
            if self._check is not None:
                self._check.finish()
        self.finished = True

    def read_through(self, raw: Iterable[bytes]) -> None:
        for _ in self.passing(raw):
            pass


def chunks(content: Content) -> Iterator[bytes]:
    """Yield what is left of the content in pieces."""
    while chunk := content.read(_CHUNK_BYTES):
        yield chunk


def metadata(fields: Mapping[str, str | None]) -> dict[str, str]:
    """Return the S3 user metadata of the given fields; raises CommandError where S3 takes no more."""
    found = {name: value for name, value in fields.items() if value is not None}
    size = sum(len(name) + len(value) for name, value in found.items())
    if size > MOST_METADATA_BYTES:
        raise CommandError(
            f"The options take {size} bytes, S3 carries {MOST_METADATA_BYTES} with a file. Put the file into "
            "the inbox yourself, with its options in <name>.options.json beside it: docs/feeds.md.",
            WRONG_INPUT,
        )
    return found


def as_json(value: Any) -> str:
    """Return JSON in ASCII on one line: S3 takes nothing else as metadata."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def show_findings(title: str, findings: Findings) -> None:
    """Print the first findings as a table on stdout."""
    rows = findings.kept[:_MOST_SHOWN]
    console.show_table(
        title,
        ("Severity", "Rule", "Where", "What is wrong"),
        [(row.severity, row.rule, place(row), row.text) for row in rows],
        prose=("Where", "What is wrong"),
    )
    left = findings.errors + findings.warnings - len(rows)
    if left:
        console.say(f"... and {left} more; --json lists the first {len(findings.kept)}.")


def place(finding: Finding) -> str:
    """Return where a finding is: message, SKU, line, path, as far as it tells."""
    parts = (
        f"message {finding.message_id}" if finding.message_id is not None else "",
        finding.sku or "",
        f"line {finding.line}" if finding.line is not None else "",
        finding.where or "",
    )
    return ", ".join(part for part in parts if part) or "-"
