"""`sellerbus feeds submit`: what is checked here, what goes into the inbox, and how it is followed."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import console, feed_following, options
from ops.errors import CommandError
from ops.feed_handing import FileDocument
from ops.feed_input import Checked, KnownByName
from ops.feed_upload import Inbox, RefusedContentError
from sellerbus.feeds.checks import FeedRequest, Rules
from sellerbus.feeds.task import TaskState
from tests.unit.feeds.requests import feed, message
from tests.unit.ops.aws import DeployedStage, Finished, in_a_terminal, table_width
from tests.unit.ops.feed_stage import GOOD, SELLER, STAGE, TYPE, FeedStage, steps

SUBMIT = ("feeds", "submit", "--stage", STAGE, "--seller", SELLER, "--type", TYPE, "--marketplaces", "US,CA")
US, CA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"


@pytest.fixture
def feeds(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> FeedStage:
    found = FeedStage(stage)
    found.deploy()
    found.add_seller(country="US,CA")
    monkeypatch.setattr(console, "wait", steps(found.take_up))
    return found


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "spring.json"
    path.write_bytes(GOOD)
    return path


def submit(feeds: FeedStage, file: object, *more: str, piped: bytes | None = None) -> Finished:
    return feeds.stage.run(*SUBMIT, *more, str(file), piped=piped)


def test_a_file_goes_into_the_inbox_with_all_that_is_said_of_it(feeds: FeedStage, file: Path) -> None:
    finished = submit(feeds, file, "--task-id", "spring-1", "--json")
    assert finished.code == 0
    (there,) = feeds.inbox()
    assert there == {
        "key": f"feeds/{SELLER}/{TYPE}/spring-1/spring.json",
        "content": GOOD,
        "contentType": "application/json; charset=UTF-8",
        "metadata": {"task-id": "spring-1", "marketplace-ids": f"{US},{CA}", "origin": "cli"},
    }
    told = finished.document
    assert (told["taskId"], told["state"], told["handedOver"]) == ("spring-1", "WAITING", True)
    assert told["contentBytes"] == len(GOOD)


def test_without_an_id_the_task_gets_one_that_is_told(feeds: FeedStage, file: Path) -> None:
    first, second = submit(feeds, file), submit(feeds, file)
    assert (first.code, second.code) == (0, 0)
    ids = [row["metadata"]["task-id"] for row in feeds.inbox()]
    assert len(set(ids)) == 2
    assert {first.out.split()[1].rstrip(":"), second.out.split()[1].rstrip(":")} == set(ids)
    assert "Next: bin/sellerbus feeds show" in first.out
    as_json = submit(feeds, file, "--json")
    assert "Next:" in as_json.err
    assert as_json.document["taskId"]


def test_options_and_content_type_are_handed_on(feeds: FeedStage, tmp_path: Path) -> None:
    document = tmp_path / "labels.xml"
    document.write_text("<AmazonEnvelope><Header/></AmazonEnvelope>", encoding="utf-8")
    finished = feeds.stage.run(
        "feeds", "submit", str(document), "--stage", STAGE, "--seller", SELLER,
        "--type", "post_easyship_documents", "--marketplaces", "US",
        "--option", "AmazonOrderId=902-3159896-1390916", "--option", "DocumentType=Invoice",
        "--content-type", "text/plain; charset=UTF-8",
    )  # fmt: skip
    assert finished.code == 0
    (there,) = feeds.inbox()
    assert json.loads(there["metadata"]["feed-options"]) == {
        "AmazonOrderId": "902-3159896-1390916",
        "DocumentType": "Invoice",
    }
    assert there["contentType"] == "text/plain; charset=UTF-8"
    # It is documented for other marketplaces: told, and no reason to keep it back.
    assert "warning" in finished.out


def test_a_faulty_feed_does_not_leave_this_machine(feeds: FeedStage, file: Path) -> None:
    file.write_bytes(feed(message(1), message(1, sku="B"), message(3, operationType="SELL"), sellerId=SELLER))
    feeds.stage.cloudformation.fault = "NothingShallBeCalled"
    finished = submit(feeds, file)
    assert finished.code == 2
    assert "was not handed over" in finished.err
    assert "message 3" in finished.out
    as_json = submit(feeds, file, "--json").document
    assert as_json["handedOver"] is False
    assert as_json["refused"]["errors"] == len(as_json["refused"]["findings"]) >= 2
    feeds.stage.cloudformation.fault = ""
    assert feeds.inbox() == []


def test_findings_fit_their_terminal(feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_bytes(feed(*(message(1, sku="SKU-" + "X" * 30, operationType="SELL") for _ in range(5))))
    for columns in (80, 120):
        in_a_terminal(monkeypatch, columns)
        assert table_width(submit(feeds, file).out) <= columns


def test_a_removed_type_is_refused_with_what_replaces_it(feeds: FeedStage, file: Path) -> None:
    finished = feeds.stage.run(*SUBMIT, "--type", "POST_PRODUCT_DATA", str(file))
    assert finished.code == 2
    assert "JSON_LISTINGS_FEED" in finished.out
    # The document is no XML; there is no document of that type to correct.
    assert "well-formed" not in finished.out
    assert "1 error was found" in finished.err
    # In the days of the older Feeds API it was alive.
    feeds.stage.configure(
        ("removal_policy: retain", 'removal_policy: retain\nfeeds_api_version: "2020-09-04"')
    )
    file.write_bytes(b"<AmazonEnvelope><Message/></AmazonEnvelope>")
    assert feeds.stage.run(*SUBMIT, "--type", "POST_PRODUCT_DATA", str(file)).code == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--marketplaces", "DE"), "several regions"),
        (("--marketplaces", "XX"), "no marketplace"),
        (("--option", "novalue"), "name=value"),
        (("--option", "a=1", "--option", "a=2"), "twice"),
        (("--type", "NO_SUCH_FEED"), "no feed type"),
        (("--type", "JSON_LISTING_FEED"), "Did you mean JSON_LISTINGS_FEED?"),
        (("--seller", "short"), "seller id"),
        (("--task-id", "-x"), "task id"),
        (("--content-type", "json"), "no content type"),
    ],
)
def test_wrong_input_is_refused_before_anything_is_called(
    feeds: FeedStage, file: Path, arguments: tuple[str, ...], told: str
) -> None:
    feeds.stage.cloudformation.fault = "NothingShallBeCalled"
    finished = submit(feeds, file, *arguments)
    assert finished.code == 2
    assert told in " ".join((finished.out + finished.err).split())


def test_a_file_that_is_not_there(feeds: FeedStage, tmp_path: Path) -> None:
    for name in (tmp_path / "none.json", tmp_path):
        finished = submit(feeds, name)
        assert (finished.code, "no file that can be read" in finished.err) == (2, True)


def test_what_is_piped_in_is_checked_on_its_way(feeds: FeedStage) -> None:
    finished = submit(feeds, "-", piped=GOOD)
    assert finished.code == 0
    (there,) = feeds.inbox()
    assert there["content"] == GOOD
    assert there["key"].endswith("/stdin")


def test_a_packed_feed_is_checked_unpacked_and_handed_over_as_it_is(feeds: FeedStage, file: Path) -> None:
    packed = gzip.compress(GOOD)
    file.write_bytes(packed)
    for given, piped in ((file, None), ("-", packed)):
        assert submit(feeds, given, piped=piped).code == 0
    assert [row["content"] for row in feeds.inbox()] == [packed, packed]
    for broken, told in ((packed[:-9], "cut short"), (gzip.compress(GOOD[:-1]), "JSON")):
        file.write_bytes(broken)
        for given, piped in ((file, None), ("-", broken)):
            finished = submit(feeds, given, piped=piped)
            assert (finished.code, told in " ".join(finished.out.split())) == (2, True)
    assert len(feeds.inbox()) == 2


def test_a_seller_that_is_paused_hands_over_nothing(feeds: FeedStage, file: Path) -> None:
    assert feeds.stage.run("sellers", "pause", SELLER, "--stage", STAGE).code == 0
    finished = submit(feeds, file)
    assert (finished.code, f"Seller {SELLER} is paused" in finished.err) == (2, True)
    assert feeds.inbox() == []


def test_a_faulty_pipe_leaves_nothing_in_the_inbox(feeds: FeedStage) -> None:
    finished = submit(feeds, "-", piped=GOOD[:-1])
    assert finished.code == 2
    assert "was not handed over" in finished.err
    assert feeds.inbox() == []


def test_an_upload_in_parts_is_given_up_where_its_end_is_refused(feeds: FeedStage) -> None:
    # By the fault at the end the first parts are uploaded.
    content = GOOD[:-1] + b" " * 40_000_000
    told = KnownByName(SELLER, "na", (US,))
    request = FeedRequest(TYPE, (US,), "application/json; charset=UTF-8")
    checked = Checked(request, told, Rules(largest_bytes=50_000_000))
    client = feeds.stage.client("s3")
    with pytest.raises(RefusedContentError):
        Inbox(client, "inbox-na").put_stream(io.BytesIO(content), checked, "feeds/a/b/c", "text/plain", {})
    assert checked.sha256 == hashlib.sha256(content).hexdigest()
    assert feeds.inbox() == []
    assert client.list_multipart_uploads(Bucket="inbox-na").get("Uploads", []) == []


def test_the_same_id_with_the_same_content_is_the_first_task(feeds: FeedStage, file: Path) -> None:
    assert submit(feeds, file, "--task-id", "spring-1").code == 0
    for again in (
        submit(feeds, file, "--task-id", "spring-1"),
        submit(feeds, "-", "--task-id", "spring-1", piped=GOOD),
    ):
        assert again.code == 0
        assert "there already, with the same content" in again.out
    assert submit(feeds, file, "--task-id", "spring-1", "--json").document["handedOver"] is False
    assert len(feeds.inbox()) == 1


@pytest.mark.parametrize(
    ("changed", "more", "told"),
    [
        (feed(message(7), sellerId=SELLER), (), "its content differs"),
        (GOOD, ("--option", "a=b"), "options differ"),
    ],
)
def test_the_same_id_with_another_feed_is_refused(
    feeds: FeedStage, file: Path, changed: bytes, more: tuple[str, ...], told: str
) -> None:
    assert submit(feeds, file, "--task-id", "spring-1").code == 0
    file.write_bytes(changed)
    finished = submit(feeds, file, "--task-id", "spring-1", *more)
    assert finished.code == 4
    assert told in finished.err
    assert "handed over 2027-01-15 08:00:00 UTC: " in finished.err
    assert len(feeds.inbox()) == 1


def test_an_id_that_somebody_else_takes_at_the_same_time(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = feed(message(9), sellerId=SELLER)
    feeds.stage.client("s3").put_object(
        Bucket="inbox-na", Key=f"feeds/{SELLER}/{TYPE}/aaa.json", Body=other,
        ContentType="application/json; charset=UTF-8",
        Metadata={"task-id": "spring-1", "marketplace-ids": f"{US},{CA}"},
    )  # fmt: skip

    def take_up_the_other() -> None:
        feeds.taken = {row["key"] for row in feeds.inbox() if not row["key"].endswith("/aaa.json")}
        feeds.take_up()

    monkeypatch.setattr(console, "wait", steps(take_up_the_other))
    finished = submit(feeds, file, "--task-id", "spring-1")
    assert finished.code == 4
    assert "its content differs" in finished.err


def test_a_first_task_that_is_not_read_yet(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert submit(feeds, file, "--task-id", "spring-1").code == 0
    feeds.taken.clear()
    feeds.take_up(content_sha256=None)
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    finished = submit(feeds, file, "--task-id", "spring-1")
    assert finished.code == 5
    assert "not read yet" in finished.err


def test_a_feed_that_nobody_takes_up(feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(console, "wait", waited.append)
    finished = submit(feeds, file, "--task-id", "spring-1")
    assert finished.code == 5
    assert sum(waited) == pytest.approx(feed_following.TAKEN_UP_SECONDS, abs=5)
    for text in ("s3://inbox-na/feeds/", "not lost", "feeds show spring-1"):
        assert text in finished.err


def test_a_seller_that_nobody_knows(feeds: FeedStage, file: Path) -> None:
    finished = submit(feeds, file, "--seller", "A9STRANGER")
    # The feed's own header names another seller, which is told first.
    assert finished.code == 2
    file.write_bytes(feed(message(1), sellerId="A9STRANGER"))
    finished = submit(feeds, file, "--seller", "A9STRANGER")
    assert (finished.code, "is not in region na" in finished.err) == (3, True)
    assert feeds.inbox() == []


class Narrow:
    """A DynamoDB client that may not read the seller registry."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_item(self, **arguments: Any) -> Any:
        if arguments["TableName"] == "sellers":
            answer = {"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}
            raise ClientError(answer, "GetItem")
        return self._client.get_item(**arguments)


def test_a_seller_whose_row_may_not_be_read(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients = feeds.stage.clients

    def narrow(service: str, region: str) -> Any:
        client = clients(service, region)
        return Narrow(client) if service == "dynamodb" else client

    monkeypatch.setattr(options, "clients", narrow)
    finished = submit(feeds, file)
    assert finished.code == 0
    assert "may not be read with your AWS rights" in finished.err


def test_an_upload_that_s3_refuses_is_told(feeds: FeedStage, file: Path) -> None:
    feeds.stage.client("s3").delete_bucket(Bucket="inbox-na")
    finished = submit(feeds, file)
    assert finished.code == 1
    assert "no task was made" in finished.err
    assert "NoSuchBucket" in finished.err


def test_options_that_s3_cannot_carry(feeds: FeedStage, file: Path) -> None:
    finished = submit(feeds, file, "--option", f"a={'x' * 2000}")
    assert finished.code == 2
    assert ".options.json" in finished.err
    assert feeds.inbox() == []


def test_a_name_that_a_side_file_would_have(feeds: FeedStage, tmp_path: Path) -> None:
    strange = tmp_path / "übersicht & co.options.json"
    strange.write_bytes(GOOD)
    assert submit(feeds, strange).code == 0
    (there,) = feeds.inbox()
    assert there["key"].endswith("/_bersicht___co.json")


def follow(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch, then: Callable[[], object], *more: str
) -> Finished:
    """Submit with --wait; `then` is what happens after the task was taken up."""
    monkeypatch.setattr(console, "wait", steps(feeds.take_up, then))
    return submit(feeds, file, "--task-id", "spring-1", "--wait", *more)


TOTALS = {"processed": 2, "successful": 1, "withErrors": 1, "errors": 1, "warnings": 0}
BAD = {
    "messageId": 2,
    "sku": "SKU-2",
    "code": "90057",
    "severity": "ERROR",
    "message": "no",
    "attribute": None,
}


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ("COMPLETED", 0), ("COMPLETED_WITH_ERRORS", 5), ("FATAL", 1), ("REFUSED", 1), ("CANCELLED", 1),
        ("FAILED", 1), ("UNSEEN", 1), ("GIVEN_UP", 1),
    ],
)  # fmt: skip
def test_waiting_ends_with_the_outcome(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, code: int
) -> None:
    finished = follow(feeds, file, monkeypatch, lambda: feeds.end("spring-1", outcome))
    assert finished.code == code
    assert outcome in finished.out
    # Piped, each state is said once.
    assert finished.err.count(f"spring-1: {outcome}") == 1
    assert (f"ended {outcome}" in finished.err) is (code != 0)


def test_waiting_shows_totals_and_the_first_errors(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pointer = feeds.results("spring-1", {**BAD, "severity": "WARNING", "sku": "SKU-1"}, BAD)

    def end() -> None:
        feeds.end("spring-1", "COMPLETED_WITH_ERRORS", totals=TOTALS, results=pointer)

    finished = follow(feeds, file, monkeypatch, end)
    assert "2 processed, 1 successful, 1 with errors" in finished.out
    assert "SKU-2" in finished.out
    assert "SKU-1" not in finished.out
    document = follow(feeds, file, monkeypatch, end, "--json").document
    assert document["firstErrors"] == [BAD]
    assert document["totals"] == TOTALS


def test_waiting_ends_where_a_person_is_needed(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished = follow(feeds, file, monkeypatch, lambda: feeds.change("spring-1", state=TaskState.UNCERTAIN))
    assert (finished.code, "a person decides" in finished.err) == (5, True)


def test_waiting_has_an_end(feeds: FeedStage, file: Path) -> None:
    finished = submit(feeds, file, "--wait", "--timeout", "0.1")
    assert finished.code == 5
    assert "has not ended within 0.1 minutes" in finished.err
    assert finished.err.count(": WAITING") == 1


def test_without_the_stack_the_command_says_how_to_deploy_it(stage: DeployedStage, file: Path) -> None:
    FeedStage(stage).add_seller()
    finished = stage.run(*SUBMIT, str(file))
    assert finished.code in (1, 3)
    assert "make deploy" in finished.err


@pytest.mark.parametrize("refusal", ["AccessDenied", "NoSuchKey"])
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_errors_that_cannot_be_read_do_not_hide_how_the_task_ended(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch, refusal: str, more: tuple[str, ...]
) -> None:
    """Who submits may have no rights to results; those of a task that was there before may be gone."""
    pointer = feeds.results("spring-1", BAD)

    def end() -> None:
        feeds.end("spring-1", "COMPLETED_WITH_ERRORS", totals=TOTALS, results=pointer)
        feeds.stage.refusals["s3", "na"] = ("get_object", refusal)

    finished = follow(feeds, file, monkeypatch, end, *more)
    assert finished.code == 5
    assert "COMPLETED_WITH_ERRORS" in finished.out
    assert "first errors" in finished.err
    if more:
        assert finished.document["firstErrors"] is None


def test_a_file_that_is_gone_when_it_is_to_be_uploaded(feeds: FeedStage, tmp_path: Path) -> None:
    request = FeedRequest(feed_type=TYPE, marketplace_ids=(US,), content_type="text/plain", feed_options=None)
    checked = Checked(request, KnownByName(SELLER, "na", (US,)), Rules(largest_bytes=1024))
    gone = FileDocument(tmp_path / "gone.json")
    with pytest.raises(CommandError, match="cannot be read"):
        gone.put(Inbox(feeds.stage.client("s3"), "inbox-na"), checked, "feeds/x", "text/plain", {})


@pytest.mark.parametrize("taken_up", [True, False])
def test_who_stops_waiting_is_told_that_the_task_goes_on(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch, taken_up: bool
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(console, "wait", steps(feeds.take_up, stop) if taken_up else steps(stop))
    finished = submit(feeds, file, "--task-id", "spring-1", "--wait")
    assert finished.code == 130
    assert ("goes on by itself" if taken_up else "becomes task spring-1") in finished.err
    assert "feeds show spring-1" in finished.err


def test_who_waits_is_told_what_the_task_waits_for(
    feeds: FeedStage, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {"reason": "createFeed's quota is spent", "until": 1_800_000_000}

    def throttled() -> None:
        feeds.change("spring-1", state=TaskState.SUBMITTING, waits=waits)

    monkeypatch.setattr(
        console, "wait", steps(feeds.take_up, throttled, lambda: feeds.end("spring-1", "COMPLETED"))
    )
    told = submit(feeds, file, "--task-id", "spring-1", "--wait").err
    assert "SUBMITTING: createFeed's quota is spent; it goes on about 2027-01-15 08:00:00 UTC" in told
    assert "spring-1: COMPLETED" in told
