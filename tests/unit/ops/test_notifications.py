"""`sellerbus notifications tail|show|send`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from ops import console, notification_examples
from ops.errors import CommandError
from ops.notification_examples import Wish
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.ledger import event_id
from sellerbus.notifications.origin import Origin
from tests.unit.ops.aws import STAGE, DeployedStage
from tests.unit.ops.notification_stage import BUCKET, LONG_AGO, SELLER, NotificationStage, archived

FOR_TRYING = ("sandbox: false", "sandbox: true")


@pytest.fixture
def place(stage: DeployedStage) -> NotificationStage:
    return NotificationStage(stage)


class Looks:
    """What happens between the looks of a follower: one step for each wait, then Ctrl-C."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, steps: Iterator[Any]) -> None:
        self.waits: list[float] = []
        self._steps = steps
        monkeypatch.setattr(console, "wait", self.wait)

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        if next(self._steps, self) is self:
            raise KeyboardInterrupt
        return False


def ids(out: str) -> list[str]:
    return [json.loads(line)["notificationId"] for line in out.splitlines()]


def test_what_comes_is_told_once_and_what_was_there_is_not(
    place: NotificationStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep([archived(0, place.now - timedelta(seconds=20))])

    def steps() -> Iterator[None]:
        place.keep([archived(1, place.now), archived(2, place.now)], written=place.now)
        yield
        place.keep([archived(2, place.now), archived(3, place.now)], written=place.now - timedelta(minutes=2))
        yield

    Looks(monkeypatch, steps())
    finished = place.run("tail", "--json")
    assert (finished.code, ids(finished.out)) == (130, ["n1", "n2", "n3"])


def test_a_gap_is_filled_and_said(place: NotificationStage, monkeypatch: pytest.MonkeyPatch) -> None:
    def steps() -> Iterator[None]:
        place.keep([archived(1, place.now)], written=place.now)
        yield
        answering = place.s3.list_objects_v2
        broken = True

        def sometimes(**arguments: Any) -> Any:
            if broken:
                raise EndpointConnectionError(endpoint_url="https://s3.example")
            return answering(**arguments)

        monkeypatch.setattr(followed[-1], "list_objects_v2", sometimes)
        yield
        place.keep([archived(2, place.now), archived(3, place.now)], written=place.now)
        yield
        broken = False
        yield

    followed: list[Any] = []
    makes = place.stage.client

    def client(service: str, region: str = "na") -> Any:
        made = makes(service, region)
        if service == "s3":
            followed.append(made)
        return made

    monkeypatch.setattr(place.stage, "client", client)
    looks = Looks(monkeypatch, steps())
    finished = place.run("tail", "--json")
    assert ids(finished.out) == ["n1", "n2", "n3"]
    assert "tried again; nothing is lost" in finished.err
    assert "the gap is filled with 2 events" in finished.err
    assert looks.waits == [2.0, 2.0, 4.0, 8.0, 2.0]


def test_what_was_before_is_told_where_it_is_asked_for(
    place: NotificationStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = place.now - LONG_AGO
    place.keep([archived(1, at), archived(2, at, sellerId="A1OTHER"), archived(3, at, stale=True)])
    Looks(monkeypatch, iter(()))
    assert ids(place.run("tail", "--since", "3h", "--seller", SELLER, "--json").out) == ["n1", "n3"]
    assert ids(place.run("tail", "--since", "1h", "--json").out) == []
    lines = place.run("tail", "--since", "3h").out.splitlines()
    assert ("order 1" in lines[0], "stale" in lines[2]) == (True, True)


def test_a_detail_is_shown_only_where_it_is_asked_for(
    place: NotificationStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.keep([archived(1, place.now - LONG_AGO, payload={"City": "Ann Arbor"})])
    Looks(monkeypatch, iter(()))
    tail = ("tail", "--since", "3h", "--count", "1")
    assert "Ann Arbor" not in place.run(*tail, "--json").out + place.run(*tail).out
    assert json.loads(place.run(*tail, "--json", "--detail").out)["detail"]["payload"] == {
        "City": "Ann Arbor"
    }
    assert "Ann Arbor" in place.run(*tail, "--detail").out


def test_it_ends_after_so_many_or_so_long(place: NotificationStage, monkeypatch: pytest.MonkeyPatch) -> None:
    at = place.now - LONG_AGO
    place.keep([archived(number, at) for number in range(5)])
    Looks(monkeypatch, iter(()))
    enough = place.run("tail", "--since", "3h", "--count", "2", "--json")
    assert (enough.code, ids(enough.out)) == (0, ["n0", "n1"])
    monkeypatch.setattr("ops.notification_tail.time.monotonic", iter(range(0, 1000, 10)).__next__)
    fewer = place.run("tail", "--since", "3h", "--count", "9", "--for", "5", "--json")
    assert (fewer.code, "5 of 9 came" in fewer.err) == (3, True)


def test_an_unreadable_object_does_not_end_it(
    place: NotificationStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = place.keep([archived(1, place.now - LONG_AGO)])
    place.s3.put_object(Bucket=BUCKET, Key=key, Body=b"no gzip")
    place.keep([archived(2, place.now - LONG_AGO)])
    Looks(monkeypatch, iter(()))
    finished = place.run("tail", "--since", "3h", "--json")
    assert (ids(finished.out), "can't be read" in finished.err) == (["n2"], True)


def test_one_is_shown_with_its_way_through_the_ledger(place: NotificationStage) -> None:
    at = place.now - LONG_AGO
    place.keep([archived(1, at, payload={"City": "Ann Arbor"}), archived(2, at)])
    milliseconds = str(round(at.timestamp() * 1000))
    place.remember(
        "n1",
        status={"S": "COMPLETE"},
        attempts={"N": "2"},
        firstSeenAt={"N": milliseconds},
        completedAt={"N": milliseconds},
        busEventId={"S": "b1"},
        messageIds={"SS": ["m2", "m1"]},
    )
    document = place.run("show", "n1", "--json").document
    assert document["eventId"] == event_id("n1")
    assert (document["ledger"]["status"], document["ledger"]["attempts"]) == ("COMPLETE", 2)
    assert document["ledger"]["messageIds"] == ["m1", "m2"]
    assert (document["event"]["sellerId"], "detail" in document["event"]) == (SELLER, False)
    shown = place.run("show", "n1")
    assert ("tried 2 times" in shown.out, "Ann Arbor" in shown.out) == (True, False)
    assert "notifications replay --id" in shown.err
    assert "Ann Arbor" in place.run("show", "n1", "--detail").out


def test_one_is_found_by_its_event_id(place: NotificationStage) -> None:
    place.keep([archived(1, place.now - LONG_AGO)])
    document = place.run("show", event_id("n1"), "--json").document
    assert (document["notificationId"], document["ledger"]) == ("n1", None)
    missing = place.run("show", event_id("n1"), "--since", "1h")
    assert (missing.code, "--since 7d" in missing.err) == (3, True)


def test_one_that_is_not_published_yet_is_told_so(place: NotificationStage) -> None:
    place.remember("n1", status={"S": "PENDING"}, attempts={"N": "1"}, firstSeenAt={"N": "1795341451503"})
    finished = place.run("show", "n1")
    assert (finished.code, "PENDING" in finished.out, "not in the archive" in finished.err) == (0, True, True)


def test_a_made_up_notification_takes_the_way_of_amazons(place: NotificationStage) -> None:
    place.stage.configure(FOR_TRYING)
    changed = ("--set", "Summary.OrderStatus=Unshipped", "--set", "summary.orderitems.0.quantity=7")
    finished = place.run("send", "order-change", "--seller", "A1MINE", *changed, "--json")
    ((told,), (body,)) = finished.document["notifications"], place.sent()
    envelope = parse_envelope(json.dumps(body))
    assert (envelope.notification_id, envelope.notification_type) == (told["notificationId"], "ORDER_CHANGE")
    assert (envelope.origin, told["eventId"]) == (Origin.SYNTHETIC, event_id(told["notificationId"]))
    order = envelope.payload["OrderChangeNotification"]
    assert (order["SellerId"], order["Summary"]["OrderStatus"]) == ("A1MINE", "Unshipped")
    assert order["Summary"]["OrderItems"][0]["Quantity"] == 7


def test_a_stage_that_works_for_sellers_takes_none(place: NotificationStage) -> None:
    refused = place.run("send", "ORDER_CHANGE")
    assert (refused.code, "test_events: true" in refused.err, place.sent()) == (2, True, [])
    place.stage.configure(("removal_policy: retain", "removal_policy: retain\ntest_events: true"))
    assert place.run("send", "ORDER_CHANGE").code == 0
    both = ("removal_policy: retain", "removal_policy: retain\ntest_events: true\nproduction: true")
    place.stage.configure(both)
    assert place.run("send", "ORDER_CHANGE").code == 2
    assert place.run("send", "ORDER_CHANGE", f"--confirm={STAGE}").code == 0


def test_a_dry_run_prints_the_notification_and_sends_nothing(place: NotificationStage) -> None:
    document = place.run("send", "PRICING_HEALTH", "--marketplace", "CA", "--dry-run").document
    assert document["payload"]["offerChangeTrigger"]["marketplaceId"] == "A2EUQ1WTGCTBG2"
    assert not place.sent()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("NOBODYS_TYPE",), "no example"),
        (("ORDER_CHANGE", "--set", "Summary"), "PATH=VALUE"),
        (
            ("ORDER_CHANGE", "--set", "Summary.Colour=red"),
            "no Summary.Colour in the example, only MarketplaceId",
        ),
        (("ORDER_CHANGE", "--set", "Summary.OrderItems.7.Quantity=1"), "no Summary.OrderItems.7"),
        (("ORDER_CHANGE", "--set", "Summary.NumberOfItemsShipped=many"), "must be a number"),
        (("ORDER_CHANGE", "--set", "Summary=1"), "must be an object"),
        (("ORDER_CHANGE", "--marketplace", "DE"), "none of stage"),
        (("ORDER_CHANGE", "--id", ""), "1 to 150"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    place: NotificationStage, arguments: tuple[str, ...], said: str
) -> None:
    place.stage.configure(FOR_TRYING)
    refused = place.run("send", *arguments)
    assert (refused.code, said in refused.err, place.sent()) == (2, True, [])


def test_many_have_ids_of_their_own_and_the_same_id_is_the_same_notification(
    place: NotificationStage,
) -> None:
    place.stage.configure(FOR_TRYING)
    many = place.run("send", "ORDER_CHANGE", "--count", "13", "--json").document["notifications"]
    assert len({one["notificationId"] for one in many}) == 13
    fixed = ("send", "ORDER_CHANGE", "--id", "mine", "--at", "2026-11-04T12:30", "--dry-run")
    assert place.run(*fixed).document == place.run(*fixed).document


def test_waiting_sees_the_event_in_the_archive(
    place: NotificationStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.stage.configure(FOR_TRYING)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        (body,) = place.sent()
        number = body["NotificationMetadata"]["NotificationId"].removeprefix("n")
        event = archived(1, place.now)
        named = {"event_id": event_id(number), "notification_id": number}
        place.keep([type(event)(**{**_fields(event), **named})], written=place.now)
        return False

    monkeypatch.setattr(console, "wait", wait)
    finished = place.run("send", "ORDER_CHANGE", "--wait", "--json")
    assert (finished.code, [one["archived"] for one in finished.document["notifications"]]) == (0, [True])
    assert waits == [1.0]


def test_what_is_not_seen_in_time_is_said(place: NotificationStage, monkeypatch: pytest.MonkeyPatch) -> None:
    place.stage.configure(FOR_TRYING)
    monkeypatch.setattr(console, "wait", lambda seconds: False)
    finished = place.run("send", "ORDER_CHANGE", "--wait", "--timeout", "1", "--json")
    assert (finished.code, "dead-letters list" in finished.err) == (5, True)
    assert finished.document["notifications"][0]["archived"] is False


def test_every_example_is_read_with_its_seller_and_marketplace(place: NotificationStage) -> None:
    for notification_type in notification_examples.types():
        wish = Wish(identity="1", seller_id="A1MINE", marketplace_id="A1F83G8C2ARO7P")
        text = json.dumps(notification_examples.notification(notification_type, wish))
        envelope = parse_envelope(text)
        assert (envelope.notification_type, envelope.notification_id) == (notification_type, "synthetic-1")
        assert "A2EW6EXAMPLE11" not in text
        assert "2026-01-01T00:00:00" not in text


def test_a_type_is_known_as_it_is_typed() -> None:
    assert notification_examples.known_type(" any_offer-changed ") == "ANY_OFFER_CHANGED"
    with pytest.raises(CommandError, match="only of"):
        notification_examples.known_type("X")


def _fields(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__slots__}
