"""A processing report goes to S3 twice in one pass: as it is, and as JSON Lines."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sellerbus.documents.cipher import EncryptionDetails, encrypted
from sellerbus.documents.errors import RetryableTransferError, StorageRefusedError
from sellerbus.documents.limits import Limits
from sellerbus.documents.transfer import DocumentTransfer
from sellerbus.feeds.keeping import FINISHING_SECONDS, Again, Kept, ReportKeeper, ReportNotKeptError
from tests.unit.documents.fake_s3 import FakeS3, failing, failure
from tests.unit.documents.test_refusals import EXPIRED
from tests.unit.documents.wire import SECRET, URL, Answer, Storage, answering
from tests.unit.feeds.reports import FLAT_FILE, XML, listings

PART = 1000
REPORT = ("results", "tasks/t-1/report")
RESULTS = ("results", "tasks/t-1/results.jsonl")
DETAILS = EncryptionDetails(key=bytes(range(32)), vector=bytes(range(16)))
JSON = "application/json; charset=UTF-8"
ISSUES = [
    {
        "messageId": number,
        "sku": f"SKU-{number}",
        "code": "90220",
        "severity": "ERROR",
        "message": "é missing",
    }
    for number in range(1, 5001)
]
REPORT_BYTES = listings(ISSUES, errors=5000, messagesProcessed=6000, messagesInvalid=5000)


@pytest.fixture(autouse=True)
def _no_thread_remains() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


class Scene:
    def __init__(
        self, *answers: Answer, limits: Limits | None = None, remaining: Callable[[], float] = lambda: 800.0
    ) -> None:
        self.s3 = FakeS3(least_part_bytes=PART)
        self.storage: Storage = answering(*answers)
        transfer = DocumentTransfer(
            s3=self.s3.client, storage=self.storage.presigned(), limits=limits or Limits()
        )
        self.keeper = ReportKeeper(
            transfer=transfer,
            s3=self.s3.client,
            bucket="results",
            remaining_seconds=remaining,
            part_bytes=PART,
        )

    def keep(self, *, tolerant: bool = False, encryption: EncryptionDetails | None = None) -> Kept:
        return self.keeper.keep("t-1", URL, encryption, tolerant=tolerant)

    def refused(self, *, tolerant: bool = False, encryption: EncryptionDetails | None = None) -> Again:
        with pytest.raises(ReportNotKeptError) as caught:
            self.keep(tolerant=tolerant, encryption=encryption)
        assert SECRET not in str(caught.value)
        assert self.nothing_is_left
        return caught.value.again

    @property
    def nothing_is_left(self) -> bool:
        return not self.s3.objects and not self.s3.uploads

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.s3.objects[RESULTS].decode().splitlines()]


def answer(body: bytes, content_type: str = JSON, **more: Any) -> Answer:
    return Answer(body=body, headers={"Content-Type": content_type} if content_type else {}, **more)


def sealed(content: bytes) -> bytes:
    return b"".join(encrypted([content], DETAILS))


@pytest.mark.parametrize("encryption", [None, DETAILS])
@pytest.mark.parametrize("packed", [False, True])
def test_both_are_kept_whatever_the_document_was_wrapped_in(
    packed: bool, encryption: EncryptionDetails | None
) -> None:
    document = gzip.compress(REPORT_BYTES) if packed else REPORT_BYTES
    body = sealed(document) if encryption else document
    scene = Scene(answer(body))
    kept = scene.keep(encryption=encryption)
    assert scene.s3.objects[REPORT] == REPORT_BYTES
    assert scene.s3.told[REPORT] == {"ContentType": JSON}
    assert [line["sku"] for line in scene.lines] == [issue["sku"] for issue in ISSUES]
    assert scene.lines[0]["message"] == "é missing"
    assert scene.s3.told[RESULTS] == {"ContentType": "application/x-ndjson; charset=utf-8"}
    assert (kept.report.key, kept.results.key) == (REPORT[1], RESULTS[1])
    assert (kept.messages, kept.totals["errors"], kept.totals["withErrors"]) == (5000, 5000, 5000)
    assert (kept.content_bytes, kept.transferred_bytes) == (len(REPORT_BYTES), len(body))
    assert (kept.content_type, kept.notes) == (JSON, ())
    assert len(scene.storage.sent) == 1


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        ("1\tS\t1\tError\tコード\n".encode("cp932"), "text/plain; charset=windows-31j", "コード"),
        ("1\tS\t1\tError\tgröße\n".encode("cp1252"), "text/plain; charset=Cp1252", "größe"),
        ("1\tS\t1\tError\tgröße\n".encode(), "text/plain", "größe"),
        ("1\tS\t1\tError\tgröße\n".encode(), "", "größe"),
    ],
)
def test_the_charset_is_the_content_types_else_the_contents(
    body: bytes, content_type: str, said: str
) -> None:
    head = FLAT_FILE.split("1\tSKU", maxsplit=1)[0].encode("ascii")
    scene = Scene(answer(head + body, content_type))
    kept = scene.keep()
    assert scene.lines[0]["message"] == said
    assert kept.notes == ()
    assert scene.s3.objects[REPORT] == head + body


def test_a_charset_that_nobody_knows_costs_no_report() -> None:
    scene = Scene(answer(XML.encode(), "text/xml; charset=x-amazon-9"))
    kept = scene.keep()
    assert len(scene.lines) == 3
    (note,) = kept.notes
    assert "'x-amazon-9'" in note


def test_an_empty_report_is_kept_and_noted() -> None:
    scene = Scene(answer(b""))
    assert scene.keep().notes == ("the report is empty",)
    assert scene.s3.objects == {REPORT: b"", RESULTS: b""}


CUT = gzip.compress(REPORT_BYTES, mtime=0)[:-20]
DAMAGED = [
    pytest.param(CUT, None, None, id="gzip cut"),
    pytest.param(gzip.compress(REPORT_BYTES, mtime=0)[:-8] + bytes(8), None, None, id="gzip changed"),
    pytest.param(sealed(REPORT_BYTES)[:-16], DETAILS, None, id="aes cut"),
    pytest.param(REPORT_BYTES[:-300], None, len(REPORT_BYTES), id="fewer bytes than told"),
    pytest.param(REPORT_BYTES[:-300], None, None, id="cut by whoever wrote it"),
]


@pytest.mark.parametrize(("body", "encryption", "told"), DAMAGED)
def test_a_damaged_report_leaves_nothing_and_may_be_tried_again(
    body: bytes, encryption: EncryptionDetails | None, told: int | None
) -> None:
    scene = Scene(answer(body, said_length=told))
    assert scene.refused(encryption=encryption) is Again.FEW_TIMES


@pytest.mark.parametrize(("body", "encryption", "told"), DAMAGED)
def test_of_a_damaged_report_is_kept_in_the_end_what_can_be_read(
    body: bytes, encryption: EncryptionDetails | None, told: int | None
) -> None:
    scene = Scene(answer(body, said_length=told))
    kept = scene.keep(tolerant=True, encryption=encryption)
    original = scene.s3.objects[REPORT]
    assert original
    assert REPORT_BYTES.startswith(original)
    assert [line["sku"] for line in scene.lines] == [f"SKU-{n}" for n in range(1, kept.messages + 1)]
    assert kept.messages > 100
    assert kept.totals["errors"] >= kept.messages
    (note,) = kept.notes
    assert "not come whole" in note or "only in part" in note
    assert SECRET not in note


def test_the_original_is_kept_to_its_end_where_the_reader_gave_up_at_its_beginning() -> None:
    body = b'{"issues":[}' + b" " * 2_000_000
    scene = Scene(answer(body))
    kept = scene.keep(tolerant=True)
    assert scene.s3.objects[REPORT] == body
    assert scene.lines == []
    assert "only in part, 0 messages" in kept.notes[0]


def test_a_short_report_that_is_cut_gives_what_it_has() -> None:
    body = listings(ISSUES[:3], errors=3)
    scene = Scene(answer(body[: body.index(b"SKU-3")], said_length=len(body)))
    kept = scene.keep(tolerant=True)
    assert [line["sku"] for line in scene.lines] == ["SKU-1", "SKU-2"]
    assert kept.totals["errors"] == 2


@pytest.mark.parametrize("tolerant", [False, True])
@pytest.mark.parametrize(
    ("body", "limits"),
    [
        (gzip.compress(b"\n" * (40 << 20), mtime=0), Limits()),
        (REPORT_BYTES, Limits(transferred_bytes=100)),
        (REPORT_BYTES, Limits(content_bytes=100)),
    ],
)
def test_what_is_too_large_or_a_bomb_is_not_tried_again(body: bytes, limits: Limits, tolerant: bool) -> None:
    assert Scene(answer(body), limits=limits).refused(tolerant=tolerant) is Again.NEVER


@pytest.mark.parametrize(
    ("storage_answer", "again"),
    [
        (Answer(status=403, body=EXPIRED), Again.AT_ONCE),
        (Answer(status=503), Again.LATER),
        (Answer(status=404, body=b"<Error><Code>NoSuchKey</Code></Error>"), Again.FEW_TIMES),
        (Answer(body=b"x", said_length=-1), Again.FEW_TIMES),
    ],
)
def test_what_the_storage_refuses_is_tried_as_its_answer_allows(storage_answer: Answer, again: Again) -> None:
    assert Scene(storage_answer).refused(tolerant=True) is again


def test_a_url_elsewhere_is_not_asked() -> None:
    scene = Scene(answer(b"x"))
    with pytest.raises(ReportNotKeptError) as caught:
        scene.keeper.keep("t-1", f"https://example.com/x?sig={SECRET}", None, tolerant=True)
    assert caught.value.again is Again.NEVER
    assert SECRET not in str(caught.value)
    assert scene.storage.sent == []


@pytest.mark.parametrize("operation", ["create_multipart_upload", "upload_part", "complete_multipart_upload"])
@pytest.mark.parametrize("tolerant", [False, True])
def test_a_fault_of_the_bucket_is_no_fault_of_the_report(operation: str, tolerant: bool) -> None:
    for error, kind in (
        (failure("SlowDown", 503), RetryableTransferError),
        (failure("AccessDenied", 403), StorageRefusedError),
    ):
        scene = Scene(answer(REPORT_BYTES))
        scene.s3.fault = failing(operation, error)
        with pytest.raises(kind):
            scene.keep(tolerant=tolerant)
        assert scene.s3.uploads == {}


def test_a_report_too_long_for_a_function_is_kept_so_far_and_says_how_long_it_takes() -> None:
    times = iter([800.0] + [700.0] * 3 + [FINISHING_SECONDS - 1] * 100)
    body = REPORT_BYTES + b" " * (4 << 20)
    scene = Scene(answer(body), remaining=lambda: next(times))
    kept = scene.keep()
    assert 0 < kept.content_bytes < len(body)
    assert scene.s3.objects[REPORT] == body[: kept.content_bytes]
    assert kept.messages == 5000
    (note,) = kept.notes
    assert "may run 15 minutes" in note
    assert f"of {len(body)} bytes were received" in note
    assert "about " in note


def test_what_the_time_cut_off_is_not_called_broken() -> None:
    times = iter([800.0, 800.0] + [1.0] * 100)
    body = listings([{**issue, "message": "m" * 5000} for issue in ISSUES[:200]], errors=200)
    kept = Scene(answer(body), remaining=lambda: next(times)).keep()
    (note,) = kept.notes
    assert "too long for a function" in note
    assert 0 < kept.messages < 200
