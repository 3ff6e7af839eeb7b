"""`sellerbus feeds resubmit`: what failed is written to a file, submitted as it is, or corrected."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ops import console
from sellerbus.feeds.task import FeedTask, Source, iso
from tests.unit.feeds.requests import feed, message
from tests.unit.feeds.tasks import NOW
from tests.unit.ops.aws import DeployedStage, Finished
from tests.unit.ops.feed_stage import SELLER, STAGE, TYPE, FeedStage, ended, steps, task

DOCUMENT = feed(*(message(number) for number in range(1, 6)), sellerId=SELLER)
KEY = f"feeds/{SELLER}/{TYPE}/t1.json"


def row(number: int | None, severity: str = "ERROR") -> dict[str, Any]:
    return {"messageId": number, "sku": f"SKU-{number}", "severity": severity, "message": "no"}


@pytest.fixture
def feeds(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> FeedStage:
    found = FeedStage(stage)
    found.deploy()
    found.add_seller()
    monkeypatch.setattr(console, "wait", steps(found.take_up))
    return found


def failed(feeds: FeedStage, *rows: dict[str, Any], content: bytes = DOCUMENT) -> None:
    """A task that ended with errors; its document is in the inbox."""
    feeds.stage.client("s3").put_object(Bucket="inbox-na", Key=KEY, Body=content)
    feeds.taken.add(KEY)
    feeds.put(
        ended(
            "t1", "COMPLETED_WITH_ERRORS", results=feeds.results("t1", *rows),
            source=Source("inbox-na", KEY), feed_options={"a": "b"},
        )
    )  # fmt: skip


def run(feeds: FeedStage, *arguments: str, **more: Any) -> Finished:
    return feeds.stage.run("feeds", "resubmit", "t1", *arguments, "--stage", STAGE, **more)


def skus(content: bytes) -> list[str]:
    return [each["sku"] for each in json.loads(content)["messages"]]


@pytest.mark.parametrize("content", [DOCUMENT, gzip.compress(DOCUMENT, mtime=0)])
def test_what_failed_is_written_to_be_corrected(feeds: FeedStage, tmp_path: Path, content: bytes) -> None:
    failed(feeds, row(2), row(3, "WARNING"), row(4), row(4), content=content)
    file = tmp_path / "failed.json"
    finished = run(feeds, "--output", str(file), "--json")
    assert finished.code == 0
    assert skus(file.read_bytes()) == ["SKU-2", "SKU-4"]
    assert finished.document["messages"] == 2
    assert f"--file {file}" in finished.err
    assert run(feeds, "--output", str(file)).code == 4
    assert len(feeds.inbox()) == 1


def test_what_failed_is_submitted_again_after_a_confirmation(feeds: FeedStage) -> None:
    failed(feeds, row(2), row(4))
    assert run(feeds).code == 2, "nobody is there to be asked"
    assert run(feeds, typed=["n"]).code == 2
    assert len(feeds.inbox()) == 1
    finished = run(feeds, typed=["y"])
    assert finished.code == 0
    assert "2 messages of task t1 failed" in finished.err
    (there,) = [each for each in feeds.inbox() if each["key"] != KEY]
    assert skus(there["content"]) == ["SKU-2", "SKU-4"]
    assert there["metadata"] | {"task-id": ""} == {
        "task-id": "",
        "marketplace-ids": "ATVPDKIKX0DER",
        "feed-options": '{"a":"b"}',
        "origin": "resubmit",
        "resubmission-of": "t1",
    }
    assert there["contentType"] == "application/json; charset=UTF-8"


def test_a_corrected_document_takes_the_same_way(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(2))
    file = tmp_path / "corrected.json"
    file.write_bytes(feed(message(2, sku="SKU-2-B"), sellerId=SELLER))
    document = run(feeds, "--file", str(file), "--json").document
    assert (document["resubmissionOf"], document["origin"], document["handedOver"]) == (
        "t1",
        "resubmit",
        True,
    )
    (there,) = [each for each in feeds.inbox() if each["key"] != KEY]
    assert skus(there["content"]) == ["SKU-2-B"]


def test_a_correction_that_is_none_is_refused(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(2))
    file = tmp_path / "corrected.json"
    file.write_bytes(feed(message(2, operationType="SELL"), sellerId=SELLER))
    finished = run(feeds, "--file", str(file))
    assert (finished.code, "message 2" in finished.out) == (2, True)
    assert len(feeds.inbox()) == 1


def test_nothing_to_submit_again(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(3, "WARNING"), row(None))
    finished = run(feeds, "--yes")
    assert (finished.code, "No message of task t1 failed by itself" in finished.err) == (2, True)
    feeds.put(ended("t1", "FATAL", reason="Amazon gave no report"))
    finished = run(feeds, "--yes")
    assert (finished.code, "without results" in finished.err) == (2, True)
    feeds.put(task("t1", state="PROCESSING"))
    finished = run(feeds, "--yes")
    assert (finished.code, "has not ended yet" in finished.err) == (2, True)
    assert run(feeds, "--file", "x", "--output", "y").code == 2


def test_a_document_that_the_results_are_not_of(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(77))
    file = tmp_path / "failed.json"
    for arguments in (("--yes",), ("--output", str(file))):
        finished = run(feeds, *arguments)
        assert (finished.code, "can't be taken out" in finished.err) == (2, True)
    assert not file.exists()
    assert len(feeds.inbox()) == 1


def test_a_document_that_is_not_kept_any_more(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(2))
    feeds.stage.client("s3").delete_object(Bucket="inbox-na", Key=KEY)
    for arguments in (("--yes",), ("--output", str(tmp_path / "failed.json"))):
        finished = run(feeds, *arguments)
        assert (finished.code, "not kept any more" in finished.err) == (3, True)


def resubmitted(feeds: FeedStage, task_id: str, of: str = "t1") -> FeedTask:
    return feeds.put(task(task_id, resubmission_of=of, created_at=iso(NOW + 700), state="PROCESSING"))


def test_what_was_submitted_again_before_is_asked_about(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(2))
    resubmitted(feeds, "anothers", of="t0")
    file = tmp_path / "corrected.json"
    file.write_bytes(feed(message(2), sellerId=SELLER))
    assert run(feeds, "--file", str(file), "--task-id", "again-1").code == 0
    refused = run(feeds, "--file", str(file))
    assert (refused.code, "again-1 (WAITING" in refused.err, "anothers" in refused.err) == (2, True, False)
    assert run(feeds, "--file", str(file), typed=["n"]).code == 2
    assert run(feeds, typed=["n", "y"]).code == 2
    assert len(feeds.inbox()) == 2
    confirmed = run(feeds, "--file", str(file), "--yes")
    assert (confirmed.code, "carried out twice" in confirmed.err) == (0, True)
    assert len(feeds.inbox()) == 3


def test_a_resubmission_with_an_id_of_its_own_is_made_once(feeds: FeedStage, tmp_path: Path) -> None:
    failed(feeds, row(2))
    file = tmp_path / "corrected.json"
    file.write_bytes(feed(message(2), sellerId=SELLER))
    first = run(feeds, "--file", str(file), "--task-id", "again-1", "--json").document
    second = run(feeds, "--file", str(file), "--task-id", "again-1", "--json").document
    assert (first["taskId"], first["handedOver"]) == ("again-1", True)
    assert (second["taskId"], second["handedOver"]) == ("again-1", False)


def test_resubmissions_are_shown(feeds: FeedStage) -> None:
    failed(feeds, row(2))
    resubmitted(feeds, "again-1")
    shown = feeds.stage.run("feeds", "show", "t1", "--stage", STAGE)
    assert "again-1 (PROCESSING" in shown.out
    feeds.stage.refusals["dynamodb", "na"] = ("query", "AccessDeniedException")
    shown = feeds.stage.run("feeds", "show", "t1", "--stage", STAGE)
    assert (shown.code, "don't cover the index bySeller" in shown.out) == (0, True)
