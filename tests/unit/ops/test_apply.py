"""`sellerbus subscriptions apply`: who is queued, and how the runs are followed to their end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ops import console, following
from ops.following import Followed, Place, Region
from sellerbus.notifications.seller_record import EndedRequest, StateView
from tests.unit.ops.aws import STAGE, DeployedStage, notifications

TOKEN = "Atzr|IwEB0123456789"
APPLY = ("subscriptions", "apply", "--stage", STAGE)
LATER = "2099-01-01T00:00:00.000+00:00"


@pytest.fixture
def deployed(stage: DeployedStage) -> DeployedStage:
    for region, country in (("na", "US"), ("eu", "DE")):
        stage.deploy_notifications(region)
        stage.lambdas.answers[f"queue-{region}"] = lambda request: {"queued": 1}
        seller = ("sellers", "add", f"A{region.upper()}001", "--stage", STAGE, "--marketplaces", country)
        assert stage.run(*seller, piped=TOKEN).code == 0
    return stage


def revoke(stage: DeployedStage, seller_id: str) -> None:
    stage.client("dynamodb").update_item(
        TableName="sellers",
        Key={"sellerId": {"S": seller_id}},
        UpdateExpression="SET #status = :status",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":status": {"S": "revoked"}},
    )


def test_named_sellers_go_to_the_queue_of_their_region(deployed: DeployedStage) -> None:
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--seller", "AEU001", "--json")
    assert (finished.code, finished.document) == (0, {"stage": STAGE, "queued": 2, "revoked": []})
    assert deployed.jobs("na") == [{"sellerId": "ANA001"}]
    assert deployed.jobs("eu") == [{"sellerId": "AEU001"}]
    assert deployed.lambdas.calls == []


def test_all_are_queued_by_the_stages_own_function(deployed: DeployedStage) -> None:
    finished = deployed.run(*APPLY, "--all")
    assert finished.code == 0
    assert sorted(deployed.lambdas.calls) == [("queue-eu", {}), ("queue-na", {})]
    assert deployed.jobs("na") == []
    deployed.lambdas.calls.clear()
    deployed.run(*APPLY, "--all", "--region", "eu")
    assert deployed.lambdas.calls == [("queue-eu", {})]


def test_who_has_revoked_is_left_out_and_told(deployed: DeployedStage) -> None:
    revoke(deployed, "ANA001")
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--seller", "AEU001", "--json")
    assert finished.document["revoked"] == [{"sellerId": "ANA001", "region": "na"}]
    assert deployed.jobs("na") == []
    assert finished.code == 5
    alone = deployed.run(*APPLY, "--seller", "ANA001")
    assert alone.code == 5
    assert f"bin/sellerbus sellers show ANA001 --stage {STAGE}" in alone.err
    # Nobody asked for it in particular.
    everybody = deployed.run(*APPLY, "--all")
    assert everybody.code == 0
    assert "ANA001 (na)" in everybody.err
    assert deployed.run(*APPLY, "--all", "--region", "na").code == 0


@pytest.mark.parametrize(
    "arguments", [(), ("--all", "--seller", "ANA001"), ("--seller", "x y"), ("--all", "--time-limit", "0")]
)
def test_wrong_input_is_refused_before_anything_is_called(
    stage: DeployedStage, arguments: tuple[str, ...]
) -> None:
    stage.cloudformation.fault = "NothingShallBeCalled"
    assert stage.run(*APPLY, *arguments).code == 2


def test_nobody_to_queue(stage: DeployedStage) -> None:
    assert stage.run(*APPLY, "--all").code == 3


def test_a_queue_that_takes_only_some(deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    class HalfTaken:
        def __init__(self, client: Any) -> None:
            self._client = client

        def send_message_batch(self, **_: Any) -> Any:
            return {"Failed": [{"Id": "0", "Code": "InternalError"}]}

    clients = deployed.clients
    monkeypatch.setattr(
        "ops.options.clients",
        lambda service, region: HalfTaken(None) if service == "sqs" else clients(service, region),
    )
    finished = deployed.run(*APPLY, "--seller", "ANA001")
    assert finished.code == 1
    assert "InternalError: : ANA001" in finished.err


SETTLED: dict[str, Any] = {"types": {"SS": ["ORDER_CHANGE"]}, "settled": {"SS": ["ORDER_CHANGE digest"]}}


def while_waiting(monkeypatch: pytest.MonkeyPatch, *changes: Callable[[], None]) -> None:
    """Make one change at each wait of the command."""
    left = iter(changes)
    monkeypatch.setattr(console, "wait", lambda seconds: next(left)())


def done(stage: DeployedStage, error: str = "", **attributes: Any) -> Callable[[], None]:
    """A run that does the job on the queue, and notes its end."""

    def work() -> None:
        (job,) = stage.jobs("na")
        end = {"id": {"S": job["requestId"]}, "endedAt": {"N": "1000000"}}
        if error:
            end["error"] = {"S": error}
        stage.remember(
            "ANA001", **{"finishedAt": {"S": LATER}, **attributes, "requests": {"L": [{"M": end}]}}
        )

    return work


def test_waits_for_the_run_that_it_asked_for_whatever_others_do(
    deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    early = {"S": "2020-01-01T00:00:00.000+00:00"}
    deployed.remember("ANA001", finishedAt=early, lastError={"S": "old"})
    another = {"L": [{"M": {"id": {"S": "another"}, "endedAt": {"N": "1000000"}}}]}
    while_waiting(
        monkeypatch,
        # A run that began before the request ends, then one that somebody else asked for.
        lambda: deployed.remember("ANA001", finishedAt={"S": LATER}, **SETTLED),
        lambda: deployed.remember("ANA001", finishedAt={"S": LATER}, requests=another, **SETTLED),
        # The older error is not the request's.
        done(deployed, lastError={"S": "old"}, **SETTLED),
    )
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--wait", "--json")
    assert finished.code == 0
    with pytest.raises(StopIteration):
        console.wait(0)
    assert finished.document == {
        "stage": STAGE, "queued": 1, "revoked": [], "done": 1, "failed": [], "blocked": [], "open": [],
    }  # fmt: skip


def test_waiting_for_all_the_request_goes_through_the_stages_own_function(deployed: DeployedStage) -> None:
    finished = deployed.run(*APPLY, "--all", "--wait", "--time-limit", "1")
    assert finished.code == 5
    requests = [request for _, request in deployed.lambdas.calls]
    assert len(requests) == 2
    assert requests[0] == requests[1] != {}
    assert list(requests[0]) == ["requestId"]


def test_a_run_that_failed_is_told(deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch) -> None:
    while_waiting(monkeypatch, done(deployed, "create: 403", lastError={"S": "create: 403"}))
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--wait")
    assert finished.code == 5
    assert "ANA001 (na): create: 403" in finished.err
    assert "Failed" in finished.out


def test_what_others_keep_out_needs_a_person(
    deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = {"SS": ["ORDER_CHANGE 1.0"]}
    while_waiting(monkeypatch, done(deployed, blocked=blocked, **SETTLED))
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--wait", "--json")
    assert finished.code == 5
    assert finished.document["blocked"] == [
        {"sellerId": "ANA001", "region": "na", "subscriptions": ["ORDER_CHANGE 1.0"]}
    ]
    assert "ANA001 (na): ORDER_CHANGE 1.0" in finished.err


def test_a_run_that_finds_the_authorisation_revoked_needs_a_person(
    deployed: DeployedStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_waiting(monkeypatch, lambda: revoke(deployed, "ANA001"))
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--wait", "--json")
    assert finished.code == 5
    assert finished.document["revoked"] == [{"sellerId": "ANA001", "region": "na"}]
    assert finished.document["done"] == 0
    assert "as turned out: ANA001 (na)" in finished.err


def test_a_run_that_does_not_end_in_time_is_told(deployed: DeployedStage) -> None:
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--wait", "--time-limit", "1", "--json")
    assert finished.code == 5
    assert finished.document["open"] == [{"sellerId": "ANA001", "region": "na"}]
    assert "The time was over" in finished.err


def view(seller_id: str, request_id: str = "", error: str = "") -> StateView:
    return StateView(
        seller_id,
        subscriptions=(),
        types=(),
        blocked=(),
        settled=True,
        closed=False,
        finished_at=LATER,
        last_error="of another run",
        busy_until=None,
        requests=(EndedRequest(request_id, 0.0, error),) if request_id else (),
    )


@dataclass
class World:
    """What a cell's tables hold; each sleep makes the next change."""

    rows: dict[str, StateView] = field(default_factory=dict)
    statuses_now: dict[str, str] = field(default_factory=dict)
    changes: list[Callable[[], Any]] = field(default_factory=list)
    now: float = 0.0
    asked: list[int] = field(default_factory=list)

    def of(self, seller_ids: Sequence[str]) -> dict[str, StateView]:
        self.asked.append(len(seller_ids))
        return {name: self.rows[name] for name in seller_ids if name in self.rows}

    def statuses(self, seller_ids: Sequence[str], /) -> Mapping[str, str]:
        return {name: self.statuses_now[name] for name in seller_ids if name in self.statuses_now}

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.changes:
            self.changes.pop(0)()

    def follow(self, *seller_ids: str, limit_seconds: float = 60.0) -> Followed:
        regions = {"na": Region(self, self.statuses)}
        places: list[Place] = [("na", name) for name in seller_ids]
        return following.follow(
            regions,
            "mine",
            places,
            limit_seconds=limit_seconds,
            reached=lambda count: None,
            clock=lambda: self.now,
            sleep=self.sleep,
        )


def test_only_the_run_of_the_own_request_counts_and_its_own_error() -> None:
    world = World({"A1": view("A1"), "A2": view("A2")}, {"A1": "active", "A2": "active"})
    world.changes = [
        lambda: world.rows.update(A1=view("A1", "theirs", "down"), A2=view("A2", "mine", "refused")),
        lambda: world.rows.update(A1=view("A1", "mine")),
    ]
    followed = world.follow("A1", "A2")
    assert (len(followed.ended), followed.open) == (2, [])
    assert followed.failed == {("na", "A2"): "refused"}
    assert world.now == 4.0


def test_a_removed_seller_is_done_when_nothing_is_left_of_it() -> None:
    world = World({"A1": view("A1")}, {"A1": "removing"})
    world.changes = [lambda: world.rows.clear(), lambda: world.statuses_now.clear()]
    followed = world.follow("A1")
    assert followed.gone == [("na", "A1")]
    assert world.now == 4.0


def test_who_turns_out_to_have_revoked_is_done() -> None:
    world = World({"A1": view("A1")}, {"A1": "active"})
    world.changes = [lambda: world.statuses_now.update(A1="revoked")]
    followed = world.follow("A1")
    assert (followed.revoked, followed.open) == ([("na", "A1")], [])
    assert world.now == 2.0


def test_a_paused_seller_of_whom_nothing_is_remembered_has_its_run_too() -> None:
    world = World({}, {"A1": "paused"})
    world.changes = [lambda: None, lambda: world.rows.update(A1=view("A1", "mine"))]
    followed = world.follow("A1")
    assert list(followed.ended) == [("na", "A1")]
    assert world.now == 4.0


def test_who_is_done_is_not_looked_at_again_and_many_are_looked_at_seldom() -> None:
    names = [f"A{number:04}" for number in range(1000)]
    world = World({}, dict.fromkeys(names, "active"))

    def most_end() -> None:
        world.rows.update({name: view(name, "mine") for name in names[:999]})

    world.changes = [most_end]
    followed = world.follow(*names, limit_seconds=15.0)
    assert followed.count == 999
    assert followed.open == [("na", "A0999")]
    # Twice for all, then for the one that is left.
    assert world.asked[:2] == [1000, 1000]
    assert set(world.asked[2:]) == {1}
    assert world.now == 15.0


def test_a_stack_that_is_missing_in_one_region_leaves_nothing_half_done(deployed: DeployedStage) -> None:
    del deployed.cloudformation.stacks[notifications("eu")]
    finished = deployed.run(*APPLY, "--all")
    assert finished.code == 3
    assert notifications("eu") in finished.err
    assert deployed.lambdas.calls == []
    assert deployed.run(*APPLY, "--seller", "ANA001", "--seller", "AEU001").code == 3
    assert deployed.jobs("na") == []


def test_one_region_that_refuses_keeps_no_other_from_it_and_is_told(deployed: DeployedStage) -> None:
    deployed.refusals["sqs", "na"] = ("send_message_batch", "AccessDenied")
    finished = deployed.run(*APPLY, "--seller", "ANA001", "--seller", "AEU001", "--json")
    assert finished.code == 5
    assert "na: AWS refused" in finished.err
    assert "Queued are the sellers of eu" in finished.err
    assert deployed.jobs("eu") == [{"sellerId": "AEU001"}]
    assert deployed.run(*APPLY, "--seller", "ANA001").code == 1
