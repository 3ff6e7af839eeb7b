"""What becomes of a client secret, from the asking to its use, where Amazon or people do the unexpected."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from sellerbus.api.errors import RetryableError, ThrottledError
from sellerbus.api.operations import NOTIFICATIONS_SCOPE, ROTATION_SCOPE
from sellerbus.rotation.keeping import WaitError
from sellerbus.rotation.messages import UnusableMessageError
from sellerbus.rotation.state import Answer, Because, Stage
from tests.unit.rotation.world import APPLICATION, DAY, FIRST, START, World, iso, new_secret, notice

SECOND = "amzn1.oa2-cs.v1.secret-1"


def problems(world: World) -> list[str]:
    return [trouble.problem for trouble in world.look().troubles]


def failures(world: World) -> list[str]:
    return [detail["problem"] for kind, detail in world.bus.events if kind == "ClientSecretRotationFailed"]


def rotated(world: World) -> str:
    """Asks, and stores what comes; returns the message."""
    assert world.ask()
    body = world.amazon.messages.pop()
    assert world.take(body).kind == "stored"
    return body


def write_by_hand(world: World, secret: str, client_id: str = APPLICATION) -> None:
    world.secrets.put_secret_value(
        SecretId="arn", SecretString=json.dumps({"clientId": client_id, "clientSecret": secret})
    )


def test_a_secret_that_works_late_is_put_to_use_when_it_works() -> None:
    world = World()
    world.amazon.works_after = 1800
    rotated(world)
    for _ in range(5):
        assert problems(world) == []
        assert world.secrets.value("AWSCURRENT") == FIRST
        world.check()
        world.now += 300
    successor = world.rotation.successor
    assert successor is not None
    assert (successor.stage, successor.tries) == (Stage.STORED, 5)
    assert "Client authentication failed" in successor.refusal
    world.now += 300
    world.look()
    assert world.secrets.value("AWSCURRENT") == SECOND
    assert world.secrets.value("AWSPREVIOUS") == FIRST
    assert world.secrets.value("AWSPENDING") is None


def test_a_secret_that_goes_on_not_to_work_is_told_once_and_counted_at_every_look() -> None:
    world = World()
    world.amazon.works_after = 8 * DAY
    rotated(world)
    world.now += 3601
    assert problems(world) == problems(world) == ["not-proved"]
    assert failures(world) == ["not-proved"]
    world.pass_days(7)
    # Neither works now, and that is said as well.
    assert world.look().is_refused
    world.pass_days(1)
    assert problems(world) == []
    assert world.secrets.value("AWSCURRENT") == SECOND


def test_where_the_old_one_ends_first_the_new_one_stands_in_before_it_is_proved() -> None:
    world = World()
    rotated(world)
    world.amazon.issued[0].ends_at = world.now
    world.amazon.revoked.update(world.sellers)
    world.check()
    assert not world.look().is_refused


def test_a_message_tells_the_events_of_it_when_its_secret_ends() -> None:
    world = World()
    rotated(world)
    look = world.look()
    assert look.expires_at == START + 180 * DAY
    (event,) = (detail for kind, detail in world.bus.events if kind == "ClientSecretRotated")
    successor = world.rotation.successor
    assert successor is not None
    assert event == {
        "eventId": event["eventId"],
        "correlationId": event["eventId"],
        "clientId": APPLICATION,
        "region": "na",
        "notificationId": "notification-2",
        "versionId": successor.version_id,
        "expiresAt": iso(START + 180 * DAY)[:19] + "Z",
        "previousEndsAt": iso(START + 7 * DAY)[:19] + "Z",
        "detectedAt": event["detectedAt"],
    }


def test_a_secret_from_the_future_keeps_no_later_one_out() -> None:
    world = World()
    assert world.take(new_secret("never-works", "forged", START + 5000 * DAY)).kind == "stored"
    world.now += 600
    world.look()
    world.amazon.rotate_client_secret()
    assert world.take(world.amazon.messages.pop()).kind == "stored"
    world.look()
    assert world.secrets.value("AWSCURRENT") == SECOND


def test_no_message_makes_a_secret_last_longer_than_secrets_do() -> None:
    world = World()
    world.take(notice(START + 5000 * DAY))
    assert world.look().expires_at == START + 180 * DAY


def test_the_secret_before_stays_for_as_long_as_it_works() -> None:
    """Here the message is an old one that was put back: what it replaces is newer, and lives longer."""
    world = World()
    world.amazon.rotate_client_secret()
    late = world.amazon.messages.pop()
    world.now += DAY
    world.amazon.rotate_client_secret()
    newer = "amzn1.oa2-cs.v1.secret-2"
    write_by_hand(world, newer)
    world.take(late)
    world.look()
    assert (world.secrets.value("AWSCURRENT"), world.secrets.value("AWSPREVIOUS")) == (SECOND, newer)
    world.now += 8 * DAY
    assert not world.amazon.works(SECOND)
    world.look()
    assert world.secrets.value("AWSPREVIOUS") == newer
    world.check()


class TestTwoSecrets:
    def test_the_later_one_counts_when_it_comes_last(self) -> None:
        world = World()
        rotated(world)
        world.now += 600
        assert world.ask(again=True)
        later = world.amazon.messages.pop()
        assert world.take(later).kind == "stored"
        world.look()
        assert world.secrets.value("AWSCURRENT") == "amzn1.oa2-cs.v1.secret-2"

    def test_the_later_one_counts_when_it_comes_first(self) -> None:
        world = World()
        world.ask()
        world.now += 600
        world.ask(again=True)
        earlier, later = world.amazon.messages
        assert world.take(later).kind == "stored"
        # Not lost while the later one is not proved; and not in its way afterwards.
        with pytest.raises(WaitError):
            world.take(earlier)
        world.look()
        assert world.take(earlier).kind == "superseded"
        assert world.secrets.value("AWSCURRENT") == "amzn1.oa2-cs.v1.secret-2"
        assert SECOND not in world.secrets.secrets()

    def test_the_later_one_takes_the_place_of_one_that_a_slow_look_put_to_use_meanwhile(self) -> None:
        """That one was proved before the later one came, and nobody has written it by hand."""
        world = World()
        rotated(world)
        earlier = world.rotation.successor
        assert earlier is not None
        world.now += 60
        assert world.ask(again=True)
        world.take(world.amazon.messages.pop())
        world.secrets.update_secret_version_stage(
            SecretId="arn",
            VersionStage="AWSCURRENT",
            MoveToVersionId=earlier.version_id,
            RemoveFromVersionId=earlier.replaces,
        )
        assert problems(world) == []
        assert world.secrets.value("AWSCURRENT") == "amzn1.oa2-cs.v1.secret-2"
        world.now += 8 * DAY
        world.look()
        assert set(world.secrets.labels) == {"AWSCURRENT"}

    def test_of_one_instant_the_same_one_counts_whichever_comes_first(self) -> None:
        found = set()
        bodies = [new_secret(f"amzn1.oa2-cs.v1.{name}-secret", name, START) for name in ("a", "b")]
        for order in (bodies, bodies[::-1]):
            world = World()
            for body in order * 2:
                try:
                    world.take(body)
                except WaitError:
                    continue
            found.add(world.secrets.value("AWSPENDING"))
        assert found == {"amzn1.oa2-cs.v1.b-secret"}

    def test_a_race_leaves_the_label_on_the_later_one(self) -> None:
        world = World()
        rotated(world)
        world.secrets.put_secret_value(
            SecretId="arn",
            SecretString=json.dumps({"clientId": APPLICATION, "clientSecret": "a slower function's"}),
            ClientRequestToken="00000000-0000-4000-8000-000000000000",
            VersionStages=["AWSPENDING"],
        )
        world.amazon.works_after = 60
        world.amazon.issued[-1].works_from = world.now + 60
        world.look()
        assert world.secrets.value("AWSPENDING") == SECOND


class TestWhatIsNoSecretOfOurs:
    def test_of_another_application(self) -> None:
        world = World()
        body = new_secret("amzn1.oa2-cs.v1.other", "n", START, "amzn1.application-oa2-client.2")
        with pytest.raises(UnusableMessageError, match=r"another-application.*client\.2") as caught:
            world.take(body)
        assert "oa2-cs" not in str(caught.value)
        assert world.secrets.secrets() == {FIRST}
        assert world.other.received == []

    def test_the_same_notification_with_another_secret(self) -> None:
        world = World()
        rotated(world)
        with pytest.raises(UnusableMessageError, match="other-value"):
            world.take(new_secret("amzn1.oa2-cs.v1.strange", "notification-2", START))
        assert world.secrets.value("AWSPENDING") == SECOND

    def test_before_credentials_are_set_the_message_waits(self) -> None:
        world = World()
        world.secrets.versions.clear()
        world.secrets.labels.clear()
        with pytest.raises(WaitError):
            world.take(new_secret("amzn1.oa2-cs.v1.new", "n", START))


class TestWrittenByHand:
    def test_credentials_that_work_stay_and_a_person_is_told(self) -> None:
        world = World()
        rotated(world)
        world.amazon.rotate_client_secret()
        by_hand = world.amazon.issued[-1].value
        write_by_hand(world, by_hand)
        assert problems(world) == ["written-by-hand"]
        assert world.secrets.value("AWSCURRENT") == by_hand

    def test_when_they_are_refused_the_new_secret_takes_their_place(self) -> None:
        world = World()
        rotated(world)
        write_by_hand(world, "amzn1.oa2-cs.v1.mistyped")
        world.check()
        assert problems(world) == []
        assert world.secrets.value("AWSCURRENT") == SECOND

    def test_the_old_secret_written_again_is_replaced_all_the_same(self) -> None:
        world = World()
        rotated(world)
        write_by_hand(world, FIRST)
        world.look()
        assert world.secrets.value("AWSCURRENT") == SECOND

    def test_the_new_secret_itself_is_what_was_wanted(self) -> None:
        world = World()
        rotated(world)
        write_by_hand(world, SECOND)
        world.look()
        successor = world.rotation.successor
        assert successor is not None
        assert successor.stage is Stage.PROMOTED
        assert world.secrets.value("AWSPENDING") is None
        assert world.bus.kinds()[-1] == "ClientSecretRotated"

    def test_another_applications_credentials_end_the_rotation_of_this_one(self) -> None:
        world = World()
        rotated(world)
        write_by_hand(world, "amzn1.oa2-cs.v1.other", "amzn1.application-oa2-client.2")
        look = world.look()
        assert look.rotation.client_id == "amzn1.application-oa2-client.2"
        assert world.secrets.value("AWSCURRENT") == "amzn1.oa2-cs.v1.other"

    def test_a_previous_version_of_somebody_elses_is_not_put_away(self) -> None:
        world = World()
        rotated(world)
        world.look()
        write_by_hand(world, "amzn1.oa2-cs.v1.by-hand")
        world.pass_days(8)
        world.look()
        assert world.secrets.value("AWSPREVIOUS") == SECOND


class TestProving:
    def test_a_scope_without_a_role_says_nothing_against_the_secret(self) -> None:
        world = World()
        world.amazon.refused_scopes.add(ROTATION_SCOPE)
        rotated(world)
        world.look()
        assert world.secrets.value("AWSCURRENT") == SECOND

    def test_nor_does_a_seller_who_has_withdrawn_another_is_asked(self) -> None:
        world = World()
        world.amazon.revoked.add("A1SELLER")
        rotated(world)
        world.look()
        assert world.secrets.value("AWSCURRENT") == SECOND

    def test_a_grant_that_only_the_present_secret_is_given_speaks_against(self) -> None:
        world = World()
        rotated(world)
        asked = world.amazon.ask

        def only_the_first(credentials: object, grant: object) -> None:
            secret = credentials.client_secret  # type: ignore[attr-defined]
            if grant == NOTIFICATIONS_SCOPE and secret == SECOND:
                world.amazon.refused_scopes = {NOTIFICATIONS_SCOPE}
            try:
                asked(credentials, grant)  # type: ignore[arg-type]
            finally:
                world.amazon.refused_scopes = set()

        world.amazon.ask = only_the_first  # type: ignore[method-assign]
        world.look()
        assert world.secrets.value("AWSCURRENT") == FIRST

    def test_where_nothing_can_be_asked_nothing_is_proved(self) -> None:
        world = World()
        world.amazon.refused_scopes.update({NOTIFICATIONS_SCOPE, ROTATION_SCOPE})
        world.sellers = []
        rotated(world)
        world.look()
        assert world.secrets.value("AWSCURRENT") == FIRST

    def test_verify_asks_with_every_secret_and_changes_nothing(self) -> None:
        world = World()
        world.amazon.works_after = 60
        rotated(world)
        before = dict(world.secrets.labels)
        answer = world.looker.verify()
        assert [(row["stage"], row["works"]) for row in answer["versions"]] == [
            ("AWSCURRENT", True),
            ("AWSPENDING", False),
        ]
        assert [grant["grant"] for grant in answer["versions"][0]["grants"]] == [
            NOTIFICATIONS_SCOPE,
            ROTATION_SCOPE,
            "seller A1SELLER",
        ]
        assert world.secrets.labels == before
        assert "oa2-cs" not in json.dumps(answer)


class TestAsking:
    def test_one_call_however_often_it_is_asked(self) -> None:
        world = World()
        assert world.ask()
        assert not world.ask()
        world.take(notice(START + 40 * DAY))
        world.pass_days(160)
        world.amazon.issued[0].ends_at = world.now + DAY
        world.look()
        assert world.wire.calls.count("rotate_client_secret") == 1

    def test_nor_while_the_new_secret_is_not_in_use(self) -> None:
        world = World()
        world.amazon.works_after = 9 * DAY
        rotated(world)
        assert not world.ask()
        assert world.take(notice(START + 40 * DAY)).kind == "noted"

    def test_a_lost_answer_is_not_asked_again_and_its_secret_is_taken(self) -> None:
        world = World()
        world.wire.kill = (4, "lost")
        world.ask()
        assert world.wire.calls[3] == "rotate_client_secret"
        request = world.rotation.request
        assert request is not None
        assert request.answer is Answer.UNKNOWN
        world.now += 3700
        assert problems(world) == ["no-new-secret"]
        assert len(world.amazon.issued) == 2
        assert world.take(world.amazon.messages[0]).kind == "stored"
        assert problems(world) == []
        assert world.secrets.value("AWSCURRENT") == SECOND

    def test_a_refusal_is_told_and_asked_again_a_day_later_while_it_is_due(self) -> None:
        world = World()
        world.amazon.enrolled = False
        world.pass_days(151)
        assert problems(world) == ["refused"]
        for _ in range(3):
            world.now += 300
            world.look()
        assert world.wire.calls.count("rotate_client_secret") == 1
        assert failures(world) == ["refused"]
        world.pass_days(1)
        world.amazon.enrolled = True
        assert problems(world) == []
        assert world.wire.calls.count("rotate_client_secret") == 2
        assert world.rotation.request is not None
        assert world.rotation.request.because is Because.AGE

    @pytest.mark.parametrize(
        "fault",
        [ThrottledError("rotateApplicationClientSecret", 60.0), RetryableError("rotate", "no connection")],
    )
    def test_what_was_certainly_not_carried_out_is_asked_again(self, fault: Exception) -> None:
        world = World()
        rotate, faults = world.amazon.rotate_client_secret, [fault]

        def fail_once() -> str:
            if faults:
                raise faults.pop()
            return rotate()

        world.amazon.rotate_client_secret = fail_once  # type: ignore[method-assign]
        body = notice(START + 40 * DAY)
        with pytest.raises((ThrottledError, RetryableError)):
            world.take(body)
        assert world.take(body).kind == "asked"
        assert len(world.amazon.issued) == 2

    def test_a_notice_of_the_secret_before_asks_for_nothing(self) -> None:
        world = World()
        rotated(world)
        world.look()
        assert world.take(notice(START + 7 * DAY)).kind == "old"
        assert world.wire.calls.count("rotate_client_secret") == 1
        assert world.take(notice(START + 180 * DAY, "later")).kind == "asked"

    def test_what_a_notice_says_is_known_of_the_secret_in_use(self) -> None:
        world = World(asks=False)
        world.take(notice(START + 20 * DAY))
        assert world.look().expires_at == START + 20 * DAY
        assert world.looker.status()["versions"][0]["expiresAt"] == iso(START + 20 * DAY)[:19] + "Z"

    def test_a_cell_that_does_not_ask_keeps_what_comes(self) -> None:
        world = World(asks=False)
        assert world.take(notice(START + DAY)).kind == "noted"
        world.pass_days(170)
        world.look()
        assert "rotate_client_secret" not in world.wire.calls
        body = new_secret("amzn1.oa2-cs.v1.secret-1", "n", world.now)
        assert world.take(body, is_forwarded=True).kind == "stored"
        assert world.other.received == []

    def test_again_is_a_persons_word(self) -> None:
        world = World()
        world.ask()
        assert world.ask(again=True)
        assert len(world.amazon.issued) == 3

    def test_a_secret_from_before_the_request_is_not_its_answer(self) -> None:
        world = World()
        world.now += 3600
        world.ask()
        world.take(new_secret("amzn1.oa2-cs.v1.earlier", "n", START))
        request = world.rotation.request
        assert request is not None
        assert request.is_open


def test_other_cells_get_every_new_secret_and_no_notice() -> None:
    world = World()
    world.take(notice(START + 40 * DAY))
    body = world.amazon.messages[0]
    kept = world.take(body)
    assert kept.forwarded_to == ("eu",)
    assert world.other.received == [body]


class TestStatus:
    def test_of_what_never_rotated(self) -> None:
        status = World().looker.status()
        assert status["clientId"] == APPLICATION
        assert status["rotation"] == {"state": "none", "request": None, "newSecret": None, "troubles": []}
        (version,) = status["versions"]
        assert (version["stage"], version["ageDays"]) == ("AWSCURRENT", 0)
        assert version["expiresAt"] == iso(START + 180 * DAY)[:19] + "Z"

    def test_says_how_far_it_is(self) -> None:
        world = World()
        steps: list[tuple[str, Callable[[], object]]] = [
            ("requested", world.ask),
            ("stored", lambda: world.take(world.amazon.messages[0])),
            ("promoted", world.look),
        ]
        for state, step in steps:
            step()
            status = world.looker.status()
            assert status["rotation"]["state"] == state
            assert "oa2-cs" not in json.dumps(status)
        assert [(row["stage"], row["expiresAt"]) for row in status["versions"]] == [
            ("AWSCURRENT", iso(START + 180 * DAY)[:19] + "Z"),
            ("AWSPREVIOUS", iso(START + 7 * DAY)[:19] + "Z"),
        ]
        world.pass_days(7.1)
        world.look()
        assert world.looker.status()["rotation"]["state"] == "settled"

    def test_of_a_refusal(self) -> None:
        world = World()
        world.amazon.enrolled = False
        world.ask()
        shown = world.looker.status()["rotation"]
        assert shown["state"] == "refused"
        assert "not enrolled" in shown["request"]["reason"]
        assert [trouble["problem"] for trouble in shown["troubles"]] == ["refused"]
