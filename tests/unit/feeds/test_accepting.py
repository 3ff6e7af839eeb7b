"""What is handed over becomes one task, whatever comes twice, late, or never."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from sellerbus.aws.message_queue import Message
from sellerbus.documents.limits import Limits
from sellerbus.feeds.intake.accept_results import Verdict
from sellerbus.feeds.task import FeedTask, Outcome, Source, TaskState
from tests.fakes import client_error
from tests.unit.feeds.inbox_world import INBOX, KEY, MACHINE, World
from tests.unit.feeds.tasks import MARKETPLACE, NOW, SELLER, TYPE

CANADA = "A2EUQ1WTGCTBG2"
JSON_TYPE = "application/json; charset=UTF-8"


def verdicts(world: World, *messages: Message) -> list[str]:
    return [result.verdict.value for result in world.deliver(*messages)]


def checked(world: World, task: FeedTask, content: bytes) -> None:
    """As check_feed leaves it."""
    digest = hashlib.sha256(content).hexdigest()
    size = len(content)
    world.tasks.change(task, state=TaskState.WAITING, content_sha256=digest, content_bytes=size)


def dead_letter(world: World) -> tuple[str, str]:
    (letter,) = world.dead_letters
    return str(letter["reason"]), str(letter["detail"])


def test_a_file_with_its_options_in_its_metadata() -> None:
    world = World()
    message = world.put(
        content_type=JSON_TYPE,
        marketplace_ids="US, ca",
        feed_options='{"a": "b"}',
        task_id="t-1",
        origin="resubmit",
        resubmission_of="t-0",
        others="business",
    )
    assert verdicts(world, message) == ["taken"]
    task = world.only_task()
    assert task == FeedTask(
        task_id="t-1",
        seller_id=SELLER,
        feed_type=TYPE,
        marketplace_ids=(MARKETPLACE, CANADA),
        content_type=JSON_TYPE,
        source=Source(INBOX, KEY, "v1"),
        origin="resubmit",
        request_hash=task.request_hash,
        handed_over_at=task.created_at,
        created_at=task.created_at,
        updated_at=task.updated_at,
        feed_options={"a": "b"},
        resubmission_of="t-0",
        execution_arn=f"{MACHINE.replace('stateMachine', 'execution')}:t-1",
        notes=(
            "the object's metadata 'others' is unknown and was not used; known are marketplace-ids, "
            "feed-options, task-id, origin, resubmission-of",
        ),
    )
    assert world.executions == {"t-1": 1}
    assert world.dead_letters == []


def test_each_event_may_come_twice() -> None:
    world = World()
    message = world.put(marketplace_ids="US")
    assert verdicts(world, message, message) == ["taken", "known"]
    assert verdicts(world, message) == ["known"]
    assert world.executions == {world.only_task().task_id: 1}
    assert world.only_task().task_id.startswith("inbox-")


def test_the_content_type_is_the_feed_types_own_where_none_is_given() -> None:
    world = World()
    world.deliver(
        world.put(f"feeds/{SELLER}/{TYPE}/a", marketplace_ids="US"),
        world.put(f"feeds/{SELLER}/MY_OWN_FEED/a", marketplace_ids="US"),
        world.put(f"feeds/{SELLER}/{TYPE}/b", content_type="application/json", marketplace_ids="US"),
    )
    assert sorted(task.content_type for task in world.all_tasks()) == ["", "application/json", JSON_TYPE]


@pytest.mark.parametrize("side_first", [True, False])
def test_either_order_of_file_and_side_file(side_first: bool) -> None:
    world = World()
    makers: list[Any] = [
        lambda: world.put(),
        lambda: world.options(marketplaceIds=["US"], taskId="t-1", feedOptions={"a": "b"}),
    ]
    messages = []
    for make in reversed(makers) if side_first else makers:
        messages.append(make())
        verdicts(world, messages[-1])
        world.clock.sleep(5)
    assert world.task_ids == ["t-1"]
    assert (world.only_task().marketplace_ids, world.only_task().feed_options) == ((MARKETPLACE,), {"a": "b"})
    assert verdicts(world, *messages, *messages) == ["known"] * 4
    assert world.executions == {"t-1": 1}
    assert world.dead_letters == []


def test_a_file_waits_a_quarter_of_an_hour_for_its_side_file_and_is_refused_then() -> None:
    world = World()
    message = world.put()
    (result,) = world.deliver(message)
    assert (result.verdict, result.retry_seconds) == (Verdict.WAITS, 901)
    world.clock.sleep(result.retry_seconds)
    assert verdicts(world, message) == ["taken"]
    task = world.only_task()
    assert task.state is TaskState.RECEIVED
    assert "within 15 minutes" in str(task.reason)
    assert "prices.json.options.json" in str(task.reason)
    assert world.executions == {task.task_id: 1}


def test_a_side_file_without_its_feed_ends_as_a_dead_letter() -> None:
    world = World()
    message = world.options(marketplaceIds=["US"])
    assert verdicts(world, message) == ["waits"]
    world.clock.sleep(901)
    assert verdicts(world, message) == ["rejected"]
    assert dead_letter(world)[0] == "options-without-feed"


def test_a_side_file_that_comes_after_its_feed_was_taken_is_told_of() -> None:
    world = World()
    world.deliver(world.put(marketplace_ids="US"))
    world.clock.sleep(5)
    same, other = world.options(marketplaceIds=["US"]), world.options(feedOptions={"a": "b"})
    # The first was replaced by the second: what it said holds no more.
    assert verdicts(world, same, other) == ["nothing", "waits"]
    world.clock.sleep(901)
    assert verdicts(world, other) == ["rejected"]
    assert dead_letter(world)[0] == "options-too-late"
    assert len(world.task_ids) == 1


def test_a_side_file_that_says_the_same_late_is_fine() -> None:
    world = World()
    world.deliver(world.put(marketplace_ids="US"))
    world.clock.sleep(5)
    assert verdicts(world, world.options(marketplaceIds=["ATVPDKIKX0DER"])) == ["known"]
    assert world.dead_letters == []


def test_a_side_file_for_the_next_version_does_not_touch_the_one_that_was_taken() -> None:
    world = World()
    first = world.put()
    one = world.options(marketplaceIds=["US"], taskId="t-1")
    world.deliver(one)
    world.clock.sleep(60)
    two = world.options(marketplaceIds=["CA"], taskId="t-2")
    # S3 tells of the first file once more, now that the next one's options stand there.
    assert verdicts(world, first, two) == ["known", "waits"]
    world.clock.sleep(60)
    second = world.put(content=b"[]")
    assert verdicts(world, second, two) == ["taken", "known"]
    assert [task.source.version_id for task in world.all_tasks()] == ["v1", "v4"]
    assert world.dead_letters == []


def test_a_file_that_was_replaced_before_its_options_came_is_refused_and_the_other_taken() -> None:
    world = World()
    first = world.put(content=b"old")
    assert verdicts(world, first) == ["waits"]
    world.clock.sleep(5)
    second = world.put(content=b"new")
    world.clock.sleep(5)
    side = world.options(marketplaceIds=["US"], taskId="t-1")
    assert verdicts(world, side, second, first) == ["taken", "known", "taken"]
    by_id = {task.source.version_id: task for task in world.all_tasks()}
    assert by_id["v2"].task_id == "t-1"
    assert by_id["v2"].reason is None
    assert "replaced or deleted before its options came" in str(by_id["v1"].reason)


def test_a_side_file_that_stands_there_serves_each_version_after_it() -> None:
    world = World()
    world.options(marketplaceIds=["US"])
    world.clock.sleep(5)
    first = world.put(content=b"one")
    second = world.put(content=b"two")
    assert verdicts(world, first, second) == ["taken", "taken"]
    assert [task.reason for task in world.all_tasks()] == [None, None]


def test_a_file_that_was_deleted_before_its_options_came_is_refused() -> None:
    world = World()
    message = world.put()
    world.delete()
    assert verdicts(world, message) == ["taken"]
    assert "deleted before its options came" in str(world.only_task().reason)


def test_a_complete_file_is_taken_though_it_was_deleted_since() -> None:
    world = World()
    message = world.put(marketplace_ids="US")
    world.delete()
    assert verdicts(world, message) == ["taken"]
    assert world.only_task().reason is None


def test_a_version_that_is_gone_for_good_is_refused() -> None:
    world = World()
    message = world.put(marketplace_ids="US")
    world.inbox.versions.clear()
    assert verdicts(world, message) == ["taken"]
    assert "deleted before it was taken" in str(world.only_task().reason)


def test_a_delete_marker_on_the_side_file_is_no_side_file() -> None:
    world = World()
    side = world.options(marketplaceIds=["US"])
    world.delete(f"{KEY}.options.json")
    assert verdicts(world, side, world.put()) == ["nothing", "waits"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"{", "Expecting property name"),
        (b"\xff", "UTF-8"),
        (b"[]", "an object"),
        (b'{"marketplaceIds": "US"}', "must be a list"),
        (b'{"marketplaceIds": ["US"], "marketplaceIDs": ["CA"]}', "known are marketplaceIds, feedOptions"),
        (b'{"marketplaceIds": ["US"], "marketplaceIds": ["CA"]}', "twice"),
        (b'{"marketplaceIds": ["US"], "feedOptions": {"a": 1}}', "feedOptions.a of the side file is 1"),
        (b'{"marketplaceIds": ["US"], "feedOptions": []}', "an object of texts"),
        (b'{"marketplaceIds": ["US"], "taskId": 7}', "taskId"),
        (b'{"marketplaceIds": ["US"], "taskId": "\\ud800"}', "halves"),
        (b'{"marketplaceIds": ["US"], "contentType": ""}', "contentType"),
        (b'{"marketplaceIds": NaN}', "NaN"),
        (b'{"marketplaceIds": ["US"], "feedOptions": {"": "a"}}', "an option without a name"),
        (json.dumps({"feedOptions": {"a": "b" * 16_384}}).encode(), "16384 are allowed"),
        (json.dumps({"feedOptions": {f"{n}": n for n in range(4000)}}).encode(), "feedOptions.0 of"),
        (json.dumps({"marketplaceIds": ["US"] * 101}).encode(), "too many or too long"),
        (json.dumps({"marketplaceIds": ["U" * 201]}).encode(), "too many or too long"),
        (json.dumps({"marketplaceIds": ["US"], "taskId": "a" * 201}).encode(), "taskId of the side file"),
        (b'{"marketplaceIds": ["US"], "contentType": "  "}', "contentType"),
        (b"[" * 70_000, "larger than"),
        (b"[" * 60_000, "deep"),
    ],
)
def test_a_side_file_that_can_not_be_read_refuses_its_feed(content: bytes, text: str) -> None:
    world = World()
    world.put(f"{KEY}.options.json", content)
    assert verdicts(world, world.put()) == ["taken"]
    assert text in str(world.only_task().reason)
    assert "Correct it, and put the document again" in str(world.only_task().reason)


@pytest.mark.parametrize(
    ("metadata", "options", "text"),
    [
        ({"marketplace_ids": "US"}, {"marketplaceIds": ["CA"]}, "marketplaceIds is"),
        ({"marketplace_ids": "US", "task_id": "a"}, {"taskId": "b"}, "taskId is 'a'"),
        ({"marketplace_ids": "US", "feed_options": "{}"}, {"feedOptions": {"a": "b"}}, "feedOptions is"),
        (
            {"marketplace_ids": "US", "content_type": "text/xml; charset=UTF-8"},
            {"contentType": "text/xml; charset=windows-1252"},
            "contentType is",
        ),
        ({"feed_options": "{"}, {"marketplaceIds": ["US"]}, "feed-options is no JSON"),
    ],
)
def test_what_contradicts_is_refused(metadata: dict[str, Any], options: dict[str, Any], text: str) -> None:
    world = World()
    world.options(**options)
    assert verdicts(world, world.put(**metadata)) == ["taken"]
    assert text in str(world.only_task().reason)


@pytest.mark.parametrize(
    ("metadata", "options", "task_id"),
    [
        ({"marketplace_ids": "US", "task_id": "conf-1"}, {"marketplaceIds": ["CA"]}, "conf-1"),
        ({"marketplace_ids": "US"}, {"marketplaceIds": ["CA"], "taskId": "conf-1"}, "conf-1"),
        ({"feedoptions": "{}", "task_id": "conf-1"}, {}, "conf-1"),
        ({"feedoptions": "{}"}, {"taskId": "conf-1"}, "conf-1"),
        ({"task_id": "a"}, {"taskId": "b"}, None),
        ({"marketplace_ids": "US", "task_id": "no id"}, {"marketplaceIds": ["CA"]}, None),
        ({"task_id": "conf-1"}, {"taskId": 7}, None),
    ],
)
def test_a_refused_file_has_the_task_id_that_all_agree_on(
    metadata: dict[str, Any], options: dict[str, Any], task_id: str | None
) -> None:
    world = World()
    world.options(**options)
    message = world.put(**metadata)
    assert verdicts(world, message, message) == ["taken", "known"]
    task = world.only_task()
    assert task.reason is not None
    assert ("with another task id or none" in task.reason) == (task_id is not None)
    assert task.task_id == task_id if task_id else task.task_id.startswith("inbox-")


def test_a_side_file_that_can_not_be_read_leaves_no_task_id_clear() -> None:
    world = World()
    side = world.options(marketplaceIds=["US"])
    world.inbox.add(f"{KEY}.options.json", b"{")
    assert verdicts(world, side, world.put(task_id="conf-1")) == ["nothing", "taken"]
    assert world.only_task().task_id.startswith("inbox-")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("feedoptions", "feed-options"),
        ("Feed-Options", "feed-options"),
        ("feed-option", "feed-options"),
        ("marketplaceids", "marketplace-ids"),
        ("marketplace.id", "marketplace-ids"),
        ("taskid", "task-id"),
        ("resubmissionof", "resubmission-of"),
    ],
)
def test_metadata_that_can_only_be_meant_for_a_known_name_is_refused(name: str, meant: str) -> None:
    world = World()
    metadata: dict[str, Any] = {"marketplace_ids": "US", name: "x"}
    assert verdicts(world, world.put(**metadata)) == ["taken"]
    reason = str(world.only_task().reason)
    assert f"the metadata {name!r} is unknown: is {meant} meant? Known are marketplace-ids, feed-op" in reason


@pytest.mark.parametrize(
    "name", ["s3cmd-attrs", "mtime", "md5chksum", "x-tool", "aws-tag", "Mode", "file-owner", "content-sha256"]
)
def test_metadata_that_tools_add_is_no_word_of_the_senders(name: str) -> None:
    world = World()
    metadata: dict[str, Any] = {"marketplace_ids": "US", name: "x"}
    assert verdicts(world, world.put(**metadata)) == ["taken"]
    assert (world.only_task().reason, world.only_task().notes) == (None, ())


@pytest.mark.parametrize("refused", [True, False])
def test_a_note_tells_of_metadata_that_nobody_knows(refused: bool) -> None:
    world = World()
    world.options(**({"feedOptions": 1} if refused else {"marketplaceIds": ["US"]}))
    metadata: dict[str, Any] = {f"name{number:02}": "x" for number in range(12)}
    message = world.put(**metadata)
    assert verdicts(world, message, message) == ["taken", "known"]
    task = world.only_task()
    assert (task.reason is not None) == refused
    (note,) = task.notes
    assert note.startswith("the object's metadata 'name00', 'name01'")
    assert "'name09' and 2 more is unknown and was not used" in note


def test_what_is_said_twice_alike_is_fine_and_a_guessed_content_type_gives_way() -> None:
    world = World()
    world.options(marketplaceIds=[CANADA, "US"], taskId="t-1", contentType="application/json;charset=utf-8")
    world.deliver(
        world.put(content_type="text/plain", marketplace_ids="US,CA", task_id="t-1", feed_options="{}")
    )
    task = world.only_task()
    assert (task.reason, task.content_type) == (None, "application/json;charset=utf-8")


@pytest.mark.parametrize(
    "name",
    ["prices 1+2.json", "a%2Fb.json", "zażółć/日本.json", "a//b", "x.options.json/y", ".json", "a" * 900],
)
def test_names_stand_in_the_event_as_they_are(name: str) -> None:
    world = World()
    key = f"feeds/{SELLER}/{TYPE}/{name}"
    assert verdicts(world, world.put(key, marketplace_ids="US")) == ["taken"]
    assert world.only_task().source.key == key


@pytest.mark.parametrize(
    "key",
    [
        "prices.json",
        "feed/A2EW6EXAMPLE11/JSON_LISTINGS_FEED/a",
        "feeds/A2EW6EXAMPLE11/a",
        "feeds/a2ew6example11/JSON_LISTINGS_FEED/a",
        "feeds/A2EW6EXAMPLE11/JSON LISTINGS/a",
        "feeds//JSON_LISTINGS_FEED/a",
        "feeds/A2EW6EXAMPLE11/JSON_LISTINGS_FEED/.options.json",
        "feeds/A2EW6EXAMPLE11/JSON_LISTINGS_FEED/a.options.json.options.json",
    ],
)
def test_a_key_that_names_no_feed_is_a_dead_letter_alone(key: str) -> None:
    world = World()
    good = world.put(marketplace_ids="US")
    assert verdicts(world, world.put(key), good) == ["rejected", "taken"]
    reason, detail = dead_letter(world)
    assert reason == "key-form"
    assert "feeds/" in detail


def test_folders_are_ignored_unless_something_is_in_them() -> None:
    world = World()
    places = ["feeds/", f"feeds/{SELLER}/", f"feeds/{SELLER}/{TYPE}/", f"feeds/{SELLER}/{TYPE}/x/"]
    assert verdicts(world, *(world.put(key, b"") for key in places)) == ["nothing"] * 4
    assert verdicts(world, world.put(f"feeds/{SELLER}/{TYPE}/x/", b"x")) == ["rejected"]
    assert dead_letter(world)[0] == "key-of-a-folder"
    assert world.task_ids == []


def test_an_empty_file_is_a_task_that_the_check_refuses() -> None:
    world = World()
    assert verdicts(world, world.put(content=b"", marketplace_ids="US")) == ["taken"]
    assert world.only_task().reason is None


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "{}",
        "[" * 100_000,
        '{"detail-type": "Object Deleted"}',
        '{"detail-type": "Object Created", "detail": {"bucket": {"name": 7}}}',
        '{"detail-type": "Object Created", "detail": "\\ud800"}',
        '{"detail-type": "Object Created", "detail": {"bucket": {"name": "inbox"}, "object": {"key": "x"}}}',
    ],
)
def test_messages_of_another_kind_are_dead_letters(body: str) -> None:
    world = World()
    good = world.put(marketplace_ids="US")
    assert verdicts(world, world.message(body), good) == ["rejected", "taken"]
    assert dead_letter(world)[0] == "event-form"
    assert world.dead_letters[0]["body"] == body


def test_an_object_of_another_bucket_is_a_dead_letter() -> None:
    world = World()
    message = world.put(marketplace_ids="US")
    foreign = world.message(message.body.replace('"inbox"', '"outbox"'))
    assert verdicts(world, foreign) == ["rejected"]
    assert dead_letter(world)[0] == "other-bucket"


def test_an_event_without_a_version_means_the_current_one_or_is_told_of() -> None:
    world = World()
    old = world.inbox.add(KEY, b"old", metadata={"marketplace-ids": "US"})
    new = world.inbox.add(KEY, b"new", metadata={"marketplace-ids": "US"})
    messages = [world.created(KEY, version, **{"version-id": None}) for version in (old, new)]
    assert verdicts(world, *messages) == ["rejected", "taken"]
    assert dead_letter(world)[0] == "replaced"
    assert world.only_task().source.version_id == new.version_id


def test_the_same_id_and_content_again_is_the_first_task() -> None:
    world = World()
    world.deliver(world.put(content=b"same", marketplace_ids="US", task_id="t-1"))
    again = world.put(f"{KEY}-2", b"same", marketplace_ids="US", task_id="t-1")
    (result,) = world.deliver(again)
    assert (result.verdict, result.retry_seconds) == (Verdict.WAITS, 10)
    checked(world, world.tasks.get("t-1"), b"same")
    assert verdicts(world, again) == ["known"]
    assert world.task_ids == ["t-1"]
    assert world.executions == {"t-1": 1}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"content": b"other"}, "task t-1 has other content"),
        (
            {"marketplace_ids": "CA"},
            f"task t-1 has marketplaceIds '{MARKETPLACE}', and '{CANADA}' is asked for: choose another id",
        ),
        ({"feed_options": '{"a": "b"}'}, "feedOptions {}, and {'a': 'b'} is asked for"),
        (
            {"content_type": "text/plain"},
            f"task t-1 has contentType '{JSON_TYPE}', and 'text/plain' is asked for: choose another id",
        ),
        (
            {"key": "feeds/A3OTHERSELLER/FLAT_FEED/x", "content_type": JSON_TYPE},
            f"sellerId '{SELLER}', and 'A3OTHERSELLER' is asked for; feedType '{TYPE}', and 'FLAT_FEED' is",
        ),
    ],
)
def test_the_same_id_with_something_else_is_refused_and_kept(changes: dict[str, Any], text: str) -> None:
    world = World()
    world.deliver(world.put(content=b"same", marketplace_ids="US", task_id="t-1"))
    checked(world, world.tasks.get("t-1"), b"same")
    again = world.put(
        **{
            "key": f"{KEY}-2",
            "content": b"same",
            "marketplace_ids": "US",
            "task_id": "t-1",
            **changes,
        }
    )
    assert verdicts(world, again, again) == ["taken", "known"]
    refused = next(task for task in world.all_tasks() if task.task_id != "t-1")
    assert refused.task_id.startswith("refused-")
    assert refused.asked_task_id == "t-1"
    assert text in str(refused.reason)
    assert world.executions == {"t-1": 1, refused.task_id: 1}
    assert world.tasks.get("t-1").reason is None


def test_an_id_that_was_used_by_a_feed_never_read_is_refused() -> None:
    world = World()
    world.deliver(world.put(marketplace_ids="US", task_id="t-1"))
    world.tasks.end(world.tasks.get("t-1"), Outcome.REFUSED, reason="no seller")
    assert verdicts(world, world.put(f"{KEY}-2", marketplace_ids="US", task_id="t-1")) == ["taken"]
    (refused,) = [task for task in world.all_tasks() if task.task_id != "t-1"]
    assert "ended before its content was read" in str(refused.reason)


GATHERED = "changes-" + "ab" * 16


def test_gathered_changes_handed_over_twice_are_one_task_though_it_was_never_read() -> None:
    world = World()
    key = f"feeds/{SELLER}/{TYPE}/{GATHERED}.json"
    handed_over: dict[str, Any] = {"marketplace_ids": "US", "task_id": GATHERED, "origin": "changes"}
    assert verdicts(world, world.put(key, **handed_over)) == ["taken"]
    assert world.only_task().origin == "changes"
    again = world.put(key, **handed_over)
    assert verdicts(world, again) == ["known"]
    world.tasks.end(world.tasks.get(GATHERED), Outcome.REFUSED, reason="no seller")
    assert verdicts(world, again) == ["known"]
    assert world.task_ids == [GATHERED]


@pytest.mark.parametrize("key", [KEY, f"feeds/{SELLER}/{TYPE}/t-2.json", f"feeds/{SELLER}/{TYPE}/x/t-1.json"])
def test_a_files_own_word_makes_no_gathered_changes_of_it(key: str) -> None:
    world = World()
    world.deliver(world.put(key, marketplace_ids="US", task_id="t-1", origin="changes"))
    task = world.only_task()
    assert (task.task_id, task.origin, task.next_after_end) == ("t-1", "inbox", "ended")


def test_a_larger_document_with_a_known_id_is_not_read_to_its_end() -> None:
    world = World()
    world.deliver(world.put(content=b"{}", marketplace_ids="US", task_id="t-1"))
    checked(world, world.only_task(), b"{}")
    large = world.put(f"{KEY}-2", b"x" * 2_000_000, marketplace_ids="US", task_id="t-1")
    assert verdicts(world, large) == ["taken"]
    assert "task t-1 has other content" in str(
        next(t for t in world.all_tasks() if t.task_id != "t-1").reason
    )
    assert world.inbox.bodies[-1].taken < 1_000_000


def test_a_document_larger_than_the_hash_may_read_by_itself_is_known_again() -> None:
    world = World()
    world.acceptor._limits = Limits(content_bytes=1)
    world.deliver(world.put(content=b"{}", marketplace_ids="US", task_id="t-1"))
    checked(world, world.only_task(), b"{}")
    assert verdicts(world, world.put(f"{KEY}-2", b"{}", marketplace_ids="US", task_id="t-1")) == ["known"]


@pytest.mark.parametrize("task_id", ["with space", "-x", "a" * 65, "é"])
def test_an_id_that_is_none_is_refused_under_the_files_own(task_id: str) -> None:
    world = World()
    world.options(marketplaceIds=["US"], taskId=task_id)
    world.deliver(world.put())
    task = world.only_task()
    assert task.task_id.startswith("inbox-")
    assert task.asked_task_id == task_id
    assert "must be 1 to 64 letters" in str(task.reason)


def test_a_task_is_ordered_by_when_its_last_part_came() -> None:
    world = World()
    world.put()
    world.clock.sleep(30)
    world.deliver(world.options(marketplaceIds=["US"]))
    world.clock.sleep(30)
    assert world.only_task().order == f"{round((NOW + 30) * 1000):013d}"


@pytest.mark.parametrize(
    "operation", ["HeadObject", "GetObject", "GetItem", "TransactWriteItems", "StartExecution"]
)
def test_what_aws_does_not_do_now_comes_again(operation: str) -> None:
    world = World()

    def fault(called: str) -> None:
        if called == operation:
            raise client_error(called, "ThrottlingException")

    world.fault = fault
    message = world.put(marketplace_ids="US")
    (result,) = world.deliver(message)
    assert (result.verdict, result.retry_seconds, result.is_done) == (Verdict.FAILED, 5, False)
    assert str(result.reason).startswith(operation)
    world.fault = lambda called: None
    world.deliver(message)
    assert len(world.executions) == 1


def test_a_dead_letter_that_could_not_be_sent_comes_again() -> None:
    world = World()

    def fault(called: str) -> None:
        if called == "SendMessage":
            raise client_error(called, "InternalError")

    world.fault = fault
    assert verdicts(world, world.message("x"), world.put(marketplace_ids="US")) == ["failed", "taken"]


def test_a_defect_costs_its_message_alone_and_tells_no_content() -> None:
    world = World()
    bad, good = world.put(f"{KEY}-bad", marketplace_ids="US"), world.put(marketplace_ids="US")
    calls = iter([RuntimeError("a buyer's name")])

    def fault(called: str) -> None:
        for error in calls:
            raise error

    world.fault = fault
    first, second = world.deliver(bad, good)
    assert (first.verdict, second.verdict) == (Verdict.FAILED, Verdict.TAKEN)
    assert str(first.reason).startswith("defect: RuntimeError at test_accepting.py:")
    assert "buyer" not in str(first.reason)


def test_nothing_is_begun_without_the_time_for_it() -> None:
    world = World()
    (result,) = world.acceptor.accept([world.put(marketplace_ids="US")], lambda: 29_999)
    assert (result.verdict, result.retry_seconds) == (Verdict.FAILED, 0)
    assert world.task_ids == []


def test_the_execution_of_a_task_under_way_is_not_asked_for_again() -> None:
    world = World()
    message = world.put(marketplace_ids="US")
    world.deliver(message)
    checked(world, world.only_task(), b"{}")
    world.executions.clear()
    assert verdicts(world, message) == ["known"]
    # Ninety days later the name would be free for another.
    assert world.executions == {}


def test_the_reason_of_a_dead_letter_tells_nothing_of_its_body() -> None:
    world = World()
    world.deliver(world.message(json.dumps({"detail-type": "x", "secret": "y"})))
    assert "secret" not in world.dead_letters[0]["detail"]
