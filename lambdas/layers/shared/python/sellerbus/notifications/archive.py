"""The archive of events: what was published, as it was published, to be looked up and replayed.

An object holds the events of one batch, gzipped, one JSON object a line (`ArchivedEvent`). Its name,
`events/YYYY/MM/DD/HH/MM/<written>-<oldest>-<unique>.jsonl.gz`, begins with the minute (UTC) of its writing;
written and oldest are milliseconds since 1970, 13 digits: of the writing, and of the oldest event in it. So
names in order are the order of writing, and a reader that knows the last name it has seen misses nothing.

A batch that is delivered again is written again: the archive may hold an event twice, readers tell it by its
eventId. An event is written seconds after it was published, where the archive lags behind much later.

Source: Amazon S3 API, ListObjectsV2 (keys in UTF-8 order, StartAfter), GetObject.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from sellerbus.aws.errors import aws_call

PREFIX: Final = "events/"
LATENESS: Final = timedelta(hours=1)
"""How much later than it was published an event is looked for where the caller doesn't say."""

_MINUTE: Final = timedelta(minutes=1)
_NAME: Final = re.compile(r"events/\d{4}/\d\d/\d\d/\d\d/\d\d/(\d{13})-(\d{13})-[0-9a-f-]{36}\.jsonl\.gz")


class S3Client(Protocol):
    """The part of boto3's S3 client that reads the archive."""

    def list_objects_v2(self, **request: Any) -> Mapping[str, Any]: ...

    def get_object(self, **request: Any) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class ArchivedEvent:
    """One line. `published_at`: the bus's own time of the event, ISO 8601 UTC, whole seconds.

    `detail` is the event's whole detail (docs/events.md). It may hold a buyer's data: it is for whoever
    asked for it, never for a log.
    """

    event_id: str
    notification_id: str
    notification_type: str
    seller_id: str | None
    marketplace_id: str | None
    published_at: str
    detail: Mapping[str, Any]


class UnreadableArchiveError(Exception):
    """An object of the archive that this version can't read; the text names the object."""


def line_of(event: ArchivedEvent) -> str:
    """Write an event as a line, without its end."""
    return json.dumps(
        {
            "eventId": event.event_id,
            "notificationId": event.notification_id,
            "notificationType": event.notification_type,
            "sellerId": event.seller_id,
            "marketplaceId": event.marketplace_id,
            "publishedAt": event.published_at,
            "detail": event.detail,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def read_lines(content: bytes) -> list[ArchivedEvent]:
    """Read an object's content. Raises ValueError, KeyError or OSError where it is none of the archive's."""
    return [_event(json.loads(line)) for line in gzip.decompress(content).splitlines() if line]


def write_lines(events: Sequence[ArchivedEvent]) -> bytes:
    """Make an object's content; the same events make the same bytes."""
    return gzip.compress("".join(f"{line_of(event)}\n" for event in events).encode(), mtime=0)


def object_key(written_at: datetime, events: Sequence[ArchivedEvent], unique: str) -> str:
    """Name an object. unique: a UUID."""
    oldest = min(moment(event.published_at) for event in events)
    return (
        f"{_prefix(written_at, '%Y/%m/%d/%H/%M')}{_milliseconds(written_at):013d}-"
        f"{_milliseconds(oldest):013d}-{unique}.jsonl.gz"
    )


def key_prefixes(since: datetime, until: datetime) -> list[str]:
    """Prefixes, in order and without overlap, of all that was written in [since, until).

    Days, hours and minutes; a minute is the smallest, so that they may hold more.
    """
    prefixes = []
    at = since.astimezone(UTC).replace(second=0, microsecond=0)
    end = until.astimezone(UTC)
    while at < end:
        if at.hour == at.minute == 0 and at + timedelta(days=1) <= end:
            prefixes.append(_prefix(at, "%Y/%m/%d"))
            at += timedelta(days=1)
        elif at.minute == 0 and at + timedelta(hours=1) <= end:
            prefixes.append(_prefix(at, "%Y/%m/%d/%H"))
            at += timedelta(hours=1)
        else:
            prefixes.append(_prefix(at, "%Y/%m/%d/%H/%M"))
            at += _MINUTE
    return prefixes


def moment(text: str) -> datetime:
    """Read a time as the bus or this module writes it."""
    return datetime.fromisoformat(text).astimezone(UTC)


class Archive:
    """Reads the archive of one cell. All methods raise StoreUnavailableError."""

    def __init__(self, client: S3Client, bucket_name: str) -> None:
        self._client = client
        self._bucket_name = bucket_name

    def keys(self, since: datetime, until: datetime, *, after: str = "") -> Iterator[str]:
        """Names of objects written in [since, until), in the order of writing; only those beyond `after`.

        To follow what comes: ask again with the last name, and `since` some seconds before its writing,
        because two writers' clocks differ; or without `after`, and leave out what was seen.
        """
        first, last = _milliseconds(since), _milliseconds(until)
        for prefix in key_prefixes(since, until):
            for key in self._names(prefix, after):
                if (found := _NAME.fullmatch(key)) and first <= int(found[1]) < last:
                    yield key

    def read(self, key: str) -> list[ArchivedEvent]:
        """Read the events of an object. Raises UnreadableArchiveError as well."""
        with aws_call("GetObject"):
            content = self._client.get_object(Bucket=self._bucket_name, Key=key)["Body"].read()
        try:
            return read_lines(content)
        except (ValueError, KeyError, OSError, EOFError) as error:
            # Its lines may hold a buyer's data: the error's own words don't leave here.
            raise UnreadableArchiveError(
                f"{key} can't be read ({type(error).__name__}): it is damaged, or written by a newer version."
            ) from None

    def events(
        self, since: datetime, until: datetime, *, lateness: timedelta = LATENESS
    ) -> Iterator[ArchivedEvent]:
        """Each event published in [since, until) once, in the order of writing.

        lateness: how much later than `until` it may have been written. Remembers each event's id.
        Raises UnreadableArchiveError as well.
        """
        seen: set[str] = set()
        first, last = since.astimezone(UTC).replace(microsecond=0), until.astimezone(UTC)
        for key in self.keys(first, last + lateness):
            if oldest_in(key) >= last:
                continue
            for event in self.read(key):
                if first <= moment(event.published_at) < last and event.event_id not in seen:
                    seen.add(event.event_id)
                    yield event

    def _names(self, prefix: str, after: str) -> Iterator[str]:
        request: dict[str, Any] = {"Bucket": self._bucket_name, "Prefix": prefix}
        if after > prefix:
            if not after.startswith(prefix):
                return
            request["StartAfter"] = after
        while True:
            with aws_call("ListObjectsV2"):
                answer = self._client.list_objects_v2(**request)
            yield from (found["Key"] for found in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]


def oldest_in(key: str) -> datetime:
    """When the oldest event of an object was published, by its name."""
    found = _NAME.fullmatch(key)
    if found is None:
        raise UnreadableArchiveError(f"{key} is no name of the archive's.")
    return datetime.fromtimestamp(int(found[2]) / 1000, UTC)


def _event(line: Mapping[str, Any]) -> ArchivedEvent:
    return ArchivedEvent(
        event_id=line["eventId"],
        notification_id=line["notificationId"],
        notification_type=line["notificationType"],
        seller_id=line["sellerId"],
        marketplace_id=line["marketplaceId"],
        published_at=line["publishedAt"],
        detail=line["detail"],
    )


def _prefix(at: datetime, pattern: str) -> str:
    return f"{PREFIX}{at.astimezone(UTC).strftime(pattern)}/"


def _milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)
