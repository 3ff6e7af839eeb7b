"""`sellerbus notifications replay`: the same events again, counted first, and none left out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import console
from ops.notification_events import Wanted
from ops.notification_replaying import Progress, Replayed, batches, send_all
from tests.unit.ops.aws import DeployedStage
from tests.unit.ops.notification_stage import BUCKET, LONG_AGO, NotificationStage, archived


@pytest.fixture
def place(stage: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> NotificationStage:
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    return NotificationStage(stage)


def fill(place: NotificationStage, count: int, **fields: Any) -> None:
    begin = place.now - LONG_AGO
    events = [archived(number, begin + timedelta(seconds=number), **fields) for number in range(count)]
    for start in range(0, count, 7):
        place.keep(events[start : start + 7])


def test_the_same_events_go_out_again_in_their_order(place: NotificationStage) -> None:
    fill(place, 25)
    document = place.run("replay", "--since", "3h", "--yes", "--json").document
    assert (document["total"], document["sent"], document["failed"]) == (25, 25, [])
    first = place.bus.entries[0]
    assert (first["EventBusName"], first["Source"], first["DetailType"]) == (
        "bus",
        "sellerbus.notifications",
        "ORDER_CHANGE",
    )
    assert [detail["notificationId"] for detail in place.bus.details] == [f"n{n}" for n in range(25)]
    original = archived(3, place.now).detail
    again = place.bus.details[3]
    assert again.pop("replay")["id"] == document["replayId"]
    assert again == original


def test_an_event_that_was_archived_twice_goes_out_once(place: NotificationStage) -> None:
    at = place.now - LONG_AGO
    place.keep([archived(1, at), archived(2, at)])
    place.keep([archived(1, at)], written=at + timedelta(minutes=20))
    assert place.run("replay", "--since", "3h", "--yes", "--json").document["sent"] == 2


def test_only_what_is_wanted_goes_out(place: NotificationStage) -> None:
    at = place.now - LONG_AGO
    place.keep(
        [
            archived(5, at - timedelta(hours=2)),
            archived(1, at),
            archived(2, at, sellerId="A1OTHER"),
            archived(3, at, notificationType="PRICING_HEALTH"),
            archived(4, at, payload={"Summary": {"OrderItems": [{"SellerSKU": "KETTLE"}]}}),
        ]
    )

    def chosen(*options: str) -> list[str]:
        place.bus.entries.clear()
        place.run("replay", "--since", "3h", "--yes", *options)
        return [detail["notificationId"] for detail in place.bus.details]

    assert chosen() == ["n1", "n2", "n3", "n4"]
    assert chosen("--seller", "A1OTHER") == ["n2"]
    assert chosen("--type", "pricing-health") == ["n3"]
    assert chosen("--sku", "KETTLE") == ["n4"]
    assert chosen("--id", "n4", "--id", archived(1, at).event_id) == ["n1", "n4"]


def test_a_dry_run_counts_shows_and_sends_nothing(place: NotificationStage) -> None:
    fill(place, 9)
    document = place.run("replay", "--since", "3h", "--dry-run", "--json").document
    assert (document["total"], document["types"], document["sellers"], document["sent"]) == (
        9,
        {"ORDER_CHANGE": 9},
        1,
        None,
    )
    first, last = (archived(number, place.now).event_id for number in (0, 8))
    assert [sample["eventId"] for sample in document["samples"]] == [first, last]
    shown = place.run("replay", "--since", "3h", "--dry-run").out
    assert (first in shown, last in shown, "Nothing was sent" in shown) == (True, True, True)
    assert not place.bus.entries


def test_nobody_s_consent_sends_nothing(place: NotificationStage) -> None:
    fill(place, 3)
    assert place.run("replay", "--since", "3h").code == 2
    assert place.run("replay", "--since", "3h", typed=["n"]).code == 2
    assert not place.bus.entries
    assert place.run("replay", "--since", "3h", typed=["y"]).code == 0


def test_a_production_stage_wants_its_name(place: NotificationStage) -> None:
    place.stage.configure(("removal_policy: retain", "removal_policy: retain\nproduction: true"))
    fill(place, 3)
    refused = place.run("replay", "--since", "3h", "--yes")
    assert (refused.code, "--confirm=example" in refused.err, place.bus.entries) == (2, True, [])
    assert place.run("replay", "--since", "3h", "--confirm=example").code == 0


def test_where_there_is_nothing_it_says_so(place: NotificationStage) -> None:
    assert place.run("replay", "--since", "3h", "--yes").code == 3
    assert place.run("replay", "--since", "1h", "--until", "2h", "--yes").code == 2
    assert place.run("replay", "--since", "1h", "--to", "not-a-queue", "--yes").code == 2


def test_what_the_bus_refuses_for_now_is_tried_again(place: NotificationStage) -> None:
    fill(place, 12)
    place.bus.refusals = {"n3": ["ThrottlingException"] * 3, "n4": ["InternalFailure"]}
    assert place.run("replay", "--since", "3h", "--yes", "--json").document["sent"] == 12
    assert {detail["notificationId"] for detail in place.bus.details} == {f"n{n}" for n in range(12)}


def test_what_it_never_takes_is_named_and_the_others_go_out(place: NotificationStage) -> None:
    fill(place, 12)
    place.bus.refusals = {"n3": ["InvalidArgument"] * 99}
    finished = place.run("replay", "--since", "3h", "--yes", "--json")
    assert (finished.code, finished.document["sent"]) == (5, 11)
    assert finished.document["failed"] == [
        {"eventId": archived(3, place.now).event_id, "code": "InvalidArgument"}
    ]


def test_broken_off_it_says_how_to_go_on_and_going_on_leaves_nothing_out(place: NotificationStage) -> None:
    fill(place, 37)
    place.bus.fails_at = 15
    broken = place.run("replay", "--since", "3h", "--yes")
    assert broken.code == 5
    options = re.search(r"with (--since .+ --skip \d+)\.", broken.err)
    assert options is not None
    place.bus.fails_at = None
    assert place.run("replay", "--yes", *options[1].split()).code == 0
    ids = [detail["notificationId"] for detail in place.bus.details]
    assert sorted(ids, key=lambda each: int(each[1:])) == [f"n{n}" for n in range(37)]
    assert len({detail["replay"]["id"] for detail in place.bus.details}) == 1


def test_an_object_that_cannot_be_read_is_told_and_costs_itself_alone(place: NotificationStage) -> None:
    fill(place, 14)
    key = sorted(each["Key"] for each in place.s3.list_objects_v2(Bucket=BUCKET)["Contents"])[0]
    place.s3.put_object(Bucket=BUCKET, Key=key, Body=b"no gzip")
    finished = place.run("replay", "--since", "3h", "--yes", "--json")
    assert (finished.code, finished.document["sent"], len(finished.document["unreadable"])) == (5, 7, 1)


def test_one_queue_gets_what_a_rule_would_have_sent(place: NotificationStage) -> None:
    fill(place, 3)
    assert place.run("replay", "--since", "3h", "--to", place.queue, "--yes").code == 0
    bodies = place.sent()
    assert not place.bus.entries
    assert [body["detail"]["notificationId"] for body in bodies] == ["n0", "n1", "n2"]
    assert {body["source"] for body in bodies} == {"sellerbus.notifications"}
    assert len({body["id"] for body in bodies}) == 3
    assert {"version", "detail-type", "account", "time", "region", "resources"} <= set(bodies[0])


def test_calls_hold_what_aws_takes(place: NotificationStage) -> None:
    event = archived(1, place.now)
    small, large = Replayed(event, "{}"), Replayed(event, json.dumps("x" * 200_000))
    split = [len(batch) for batch in batches([small] * 11 + [large, large, small])]
    assert split == [10, 2, 2]


def test_an_event_that_has_become_too_large_ends_no_replay(place: NotificationStage) -> None:
    """It fills a call, and `replay` makes it larger than it was."""

    class Strict:
        def send(self, events: Sequence[Replayed]) -> Sequence[str | None]:
            if sum(each.size_bytes for each in events) > 256 * 1024:
                code = {"Error": {"Code": "ValidationException", "Message": "too large"}}
                raise ClientError(code, "PutEvents")
            return [None] * len(events)

    event = archived(1, place.now)
    small, large = Replayed(event, "{}"), Replayed(event, json.dumps("x" * 262_000))
    progress = Progress()
    waits: list[float] = []
    send_all(
        [small, large, small],
        Strict(),
        progress,
        pace=lambda count: None,
        wait=waits.append,
        told=lambda: None,
    )
    assert (progress.passed, progress.sent) == (3, 2)
    assert progress.failed == [(event.event_id, "ValidationException")]
    assert waits == []


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ({"sku": "A"}, True),
        ({"Items": [{"SellerSKU": "A"}]}, True),
        ({"skus": ["B", "A"]}, True),
        ({"sku": "B", "title": "A"}, False),
        (["A"], False),
    ],
)
def test_a_sku_is_found_wherever_it_stands(place: NotificationStage, payload: Any, named: bool) -> None:
    event = archived(1, place.now, payload=payload)
    assert Wanted.typed(sku="A").takes(event) is named
