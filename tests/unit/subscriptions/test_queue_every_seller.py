"""Daily and by hand: everybody is queued, and nobody twice."""

from __future__ import annotations

import pytest

from lambdas.queue_every_seller import handler as module
from sellerbus.notifications.jobs import QueueError, SellerJob
from sellerbus.runtime import bootstrap
from sellerbus.sellers.rows import PAUSED, REMOVING, REVOKED
from tests.unit.subscriptions.fake_registry import FakeQueue, FakeRegistry, row
from tests.unit.subscriptions.fake_states import FakeStates
from tests.unit.subscriptions.handlers import Context, set_environment


class Setting:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        set_environment(monkeypatch)
        self.queue, self.states = FakeQueue(), FakeStates()
        self.registry = FakeRegistry.of(row("A1"), row("A2", PAUSED), row("A3", REVOKED), row("A4", REMOVING))
        monkeypatch.setattr(bootstrap, "seller_rows", lambda _: self.registry)
        monkeypatch.setattr(bootstrap, "subscription_states", lambda _: self.states)
        monkeypatch.setattr(bootstrap, "subscription_queue", lambda _: self.queue)

    def run(self, **event: str) -> dict[str, int]:
        return module.handler(event, Context())  # type: ignore[arg-type]


@pytest.fixture
def it(monkeypatch: pytest.MonkeyPatch) -> Setting:
    return Setting(monkeypatch)


def test_everybody_but_the_revoked(it: Setting, capsys: pytest.CaptureFixture[str]) -> None:
    assert it.run() == {"sellersQueued": 3}
    assert it.queue.jobs == [SellerJob("A1"), SellerJob("A2"), SellerJob("A4")]
    assert '"SellersQueued":[3]' in capsys.readouterr().out.replace(" ", "")


def test_also_those_of_whom_only_a_record_is_left_and_each_once(it: Setting) -> None:
    for name in ("A1", "A3", "GONE"):
        it.states.take(name, 10)
    it.run()
    assert [job.seller_id for job in it.queue.jobs] == ["A1", "A2", "A4", "GONE"]


def test_what_the_queue_refuses_fails_the_run_so_that_it_is_done_again(it: Setting) -> None:
    it.queue.fault = QueueError([SellerJob("A1")], "InternalError")
    with pytest.raises(QueueError):
        it.run()
    it.queue.fault = None
    assert it.run() == {"sellersQueued": 3}


def test_a_persons_request_is_passed_on_to_the_runs_that_the_person_waits_for(it: Setting) -> None:
    it.states.take("GONE", 10)
    it.run(requestId="r1", time="2025-01-01")
    assert {job.seller_id: job.request_id for job in it.queue.jobs} == {
        "A1": "r1", "A2": "r1", "A4": "r1", "GONE": "",
    }  # fmt: skip
