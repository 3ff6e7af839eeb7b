"""The archive: written once per batch, found by time, read without an event twice."""

import gzip
import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sellerbus.aws.errors import StoreUnavailableError
from sellerbus.notifications.archive import (
    Archive,
    UnreadableArchiveError,
    key_prefixes,
    moment,
    object_key,
    read_lines,
)
from sellerbus.notifications.archiving import ArchiveWriter, NoEventError, read_event
from tests.unit.notifications.archive_world import PUBLISHED_AT, MemoryS3, published

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def _uuids() -> Callable[[], str]:
    numbers = iter(range(1_000_000))
    return lambda: str(uuid.UUID(int=next(numbers)))


def _writer(s3: MemoryS3, now: datetime, unique: Callable[[], str] | None = None) -> ArchiveWriter:
    return ArchiveWriter(s3, "archive", now=now.timestamp, unique=unique or _uuids())


def _at(moment_: datetime) -> str:
    return moment_.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_batch_becomes_one_object_whose_lines_have_the_whole_event() -> None:
    s3 = MemoryS3()
    archived = _writer(s3, NOON).write({"m-1": published("e-1"), "m-2": published("e-2", sellerId=None)})
    (key,) = s3.objects
    assert archived == type(archived)(key, 2, {})
    assert key == (
        f"events/2026/03/02/12/00/{round(NOON.timestamp() * 1000)}-"
        f"{round(moment(PUBLISHED_AT).timestamp() * 1000)}-{uuid.UUID(int=0)}.jsonl.gz"
    )
    first, second = gzip.decompress(s3.objects[key]).decode().splitlines()
    assert json.loads(first) == {
        "eventId": "e-1",
        "notificationId": "n-e-1",
        "notificationType": "ORDER_CHANGE",
        "sellerId": "A3TH9S8BH6GOGM",
        "marketplaceId": "ATVPDKIKX0DER",
        "publishedAt": PUBLISHED_AT,
        "detail": json.loads(published("e-1"))["detail"],
    }
    assert json.loads(second)["sellerId"] is None
    assert "東京" in first
    assert [event.event_id for event in read_lines(s3.objects[key])] == ["e-1", "e-2"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "no event"),
        ('{"time": "2026-03-02T09:12:07Z"}', "no event"),
        (published("e-1", notificationId=None), "lacks notificationId"),
        (published("e-1", eventId=""), "lacks eventId"),
        (published("e-1", at=""), "lacks time"),
        (published("e-1", at="noon"), "no time"),
        (published("e-1", at="0001-01-01T00:00:00+14:00"), "no time"),
        (published("e-1", marketplaceId="\ud83d"), "no Unicode"),
    ],
)
def test_what_is_no_event_holds_up_no_other(body: str, reason: str) -> None:
    s3 = MemoryS3()
    archived = _writer(s3, NOON).write({"bad": body, "good": published("e-2")})
    assert archived.events == 1
    assert list(archived.refused) == ["bad"]
    assert reason in archived.refused["bad"]
    with pytest.raises(NoEventError, match=reason):
        read_event(body)


def test_a_batch_without_any_event_writes_nothing() -> None:
    s3 = MemoryS3()
    assert _writer(s3, NOON).write({"bad": "{"}).key is None
    assert s3.calls == []


def test_what_s3_does_not_take_is_not_said_to_be_archived() -> None:
    s3 = MemoryS3()
    s3.failures["PutObject"] = "SlowDown"
    with pytest.raises(StoreUnavailableError, match="PutObject failed with SlowDown"):
        _writer(s3, NOON).write({"m-1": published()})


def test_a_batch_that_is_delivered_again_is_read_once() -> None:
    """A crash after PutObject and before the acknowledgement."""
    s3, unique = MemoryS3(), _uuids()
    for _ in range(2):
        _writer(s3, NOON, unique).write({"m-1": published("e-1", at=_at(NOON))})
    assert len(s3.objects) == 2
    events = list(Archive(s3, "archive").events(NOON, NOON + timedelta(minutes=1)))
    assert [event.event_id for event in events] == ["e-1"]


def test_events_are_found_by_when_they_were_published_however_late_they_were_written() -> None:
    s3, unique = MemoryS3(), _uuids()
    for event_id, published_at, written_at in (
        ("before", NOON - timedelta(seconds=1), NOON),
        ("first", NOON, NOON + timedelta(seconds=3)),
        ("late", NOON + timedelta(seconds=5), NOON + timedelta(minutes=40)),
        ("after", NOON + timedelta(seconds=10), NOON + timedelta(seconds=13)),
        ("too-late", NOON + timedelta(seconds=6), NOON + timedelta(hours=3)),
    ):
        _writer(s3, written_at, unique).write({"m": published(event_id, at=_at(published_at))})
    archive = Archive(s3, "archive")
    until = NOON + timedelta(seconds=10)
    assert [each.event_id for each in archive.events(NOON, until)] == ["first", "late"]
    found = archive.events(NOON, until, lateness=timedelta(hours=4))
    assert [each.event_id for each in found] == ["first", "late", "too-late"]


def test_an_object_whose_events_are_all_later_is_not_even_read() -> None:
    s3 = MemoryS3()
    _writer(s3, NOON + timedelta(minutes=5)).write({"m": published(at=_at(NOON + timedelta(minutes=5)))})
    assert list(Archive(s3, "archive").events(NOON, NOON + timedelta(minutes=1))) == []
    assert [operation for operation, _ in s3.calls if operation == "GetObject"] == []


def test_a_reader_goes_on_after_the_last_name_it_has_seen() -> None:
    s3, unique = MemoryS3(page_size=2), _uuids()
    for second in range(0, 300, 20):
        _writer(s3, NOON + timedelta(seconds=second), unique).write({"m": published(at=_at(NOON))})
    archive, until = Archive(s3, "archive"), NOON + timedelta(hours=1)
    names = list(archive.keys(NOON, until))
    assert names == sorted(s3.objects)
    for index, name in enumerate(names):
        assert list(archive.keys(NOON, until, after=name)) == names[index + 1 :]


@given(
    since=st.datetimes(
        min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        max_value=datetime(2026, 12, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    minutes=st.integers(min_value=0, max_value=5000),
    written=st.integers(min_value=-200, max_value=5200),
)
def test_exactly_what_was_written_in_time_is_listed(since: datetime, minutes: int, written: int) -> None:
    until = since + timedelta(minutes=minutes)
    prefixes = key_prefixes(since, until)
    at = since + timedelta(minutes=written)
    event = read_event(published(at=_at(since)))
    key = object_key(at, [event], str(uuid.UUID(int=1)))
    s3 = MemoryS3()
    s3.objects[key] = b""
    assert list(Archive(s3, "archive").keys(since, until)) == ([key] if since <= at < until else [])
    # In order, none within another: nothing is listed twice, and days don't take a call a minute.
    assert prefixes == sorted(prefixes)
    assert not any(b.startswith(a) for a, b in pairwise(prefixes))
    assert len(prefixes) <= 2 * (59 + 23) + minutes // 1440 + 3


def test_a_damaged_object_is_told_by_its_name_and_nothing_of_its_content() -> None:
    s3 = MemoryS3()
    _writer(s3, NOON).write({"m": published(at=_at(NOON))})
    (key,) = s3.objects
    archive = Archive(s3, "archive")
    for content in (b"buyer", gzip.compress(b'{"buyer": 1}'), gzip.compress(b"buyer"), s3.objects[key][:-9]):
        s3.objects[key] = content
        with pytest.raises(UnreadableArchiveError) as caught:
            list(archive.events(NOON, NOON + timedelta(minutes=1)))
        assert key in str(caught.value)
        assert "buyer" not in str(caught.value)


@pytest.mark.parametrize("operation", ["ListObjectsV2", "GetObject"])
def test_a_call_that_fails_says_which(operation: str) -> None:
    s3 = MemoryS3()
    _writer(s3, NOON).write({"m": published(at=_at(NOON))})
    s3.failures[operation] = "SlowDown"
    with pytest.raises(StoreUnavailableError, match=f"{operation} failed with SlowDown"):
        list(Archive(s3, "archive").events(NOON, NOON + timedelta(minutes=1)))


def test_what_is_no_object_of_the_archive_is_passed_over() -> None:
    s3 = MemoryS3()
    s3.objects["events/2026/03/02/12/00/notes.txt"] = b"x"
    assert list(Archive(s3, "archive").keys(NOON, NOON + timedelta(minutes=1))) == []


def test_numbers_come_out_as_they_went_in() -> None:
    exact: dict[str, Any] = {"a": 2**63 - 1, "b": 0.1, "c": 1e-7, "d": [12.50]}
    s3 = MemoryS3()
    _writer(s3, NOON).write({"m": published(payload=exact)})
    (content,) = s3.objects.values()
    (event,) = read_lines(content)
    assert event.detail["payload"] == exact
