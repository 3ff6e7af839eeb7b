"""Messages of the subscription queue."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from sellerbus.api.booking import Booking
from sellerbus.notifications.jobs import DeadJobs, JobError, QueueError, SellerJob, SubscriptionQueue


@dataclass
class Sqs:
    failing: frozenset[str] = frozenset()
    bodies: list[str] = field(default_factory=list)
    calls: int = 0
    delays: list[int] = field(default_factory=list)
    single: list[dict[str, Any]] = field(default_factory=list)

    def send_message(self, **arguments: Any) -> None:
        self.single.append(arguments)

    def send_message_batch(self, **arguments: Any) -> Any:
        self.calls += 1
        assert arguments["QueueUrl"] == "https://queue"
        assert len(arguments["Entries"]) <= 10
        failed = []
        for entry in arguments["Entries"]:
            if json.loads(entry["MessageBody"])["sellerId"] in self.failing:
                failed.append({"Id": entry["Id"], "Code": "InternalError", "SenderFault": False})
            else:
                self.bodies.append(entry["MessageBody"])
                self.delays.append(entry["DelaySeconds"])
        return {"Failed": failed} if failed else {"Successful": []}


def test_a_job_survives_the_queue() -> None:
    job = SellerJob("A1", ("OLD_TYPE",), ("d0",), attempt=7, request_id="r1")
    assert SellerJob.from_text(job.to_text()) == job
    assert json.loads(SellerJob("A1").to_text()) == {"sellerId": "A1"}


def test_a_waiting_job_survives_the_queue_with_its_turns() -> None:
    booked = Booking("delete", "", 8, 1_000_100.5, 1.0)
    job = SellerJob("A1", deletions=8, booked=booked, look_seconds=4.25, waiting_since=1_000_000.125)
    assert SellerJob.from_text(job.to_text()) == job
    assert json.loads(job.to_text())["booked"] == booked.to_document()
    assert job.ready == SellerJob("A1", waiting_since=1_000_000.125)
    assert job.afresh == SellerJob("A1")
    assert job.waiting(2_000_000.0).waiting_since == 1_000_000.125, "since it first waited"


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"sellerId": 1}', '{"sellerId": "A", "retiredTypes": "x"}',
             '{"sellerId": "A", "retiredDestinationIds": [1]}', '{"sellerId": "A", "attempt": "1"}',
             '{"sellerId": "A", "attempt": 0}', '{"sellerId": "A", "attempt": true}',
             '{"sellerId": "A", "deletions": -1}', '{"sellerId": "A", "booked": "x"}',
             '{"sellerId": "A", "booked": {"count": 1}}', '{"sellerId": "A", "lookSeconds": -1}',
             '{"sellerId": "A", "waitingSince": "now"}', '{"sellerId": "A", "requestId": 1}',
             '{"sellerId": "A", "requestId": "' + "x" * 65 + '"}']
)  # fmt: skip
def test_what_is_no_job_is_refused(text: str) -> None:
    with pytest.raises(JobError):
        SellerJob.from_text(text)


def test_attempts_are_counted_and_counted_anew() -> None:
    job = SellerJob("A1", ("OLD_TYPE",), request_id="r1")
    assert job.waiting(1.0).next_attempt.request_id == "r1"
    assert job.next_attempt.next_attempt.attempt == 3
    assert job.next_attempt.afresh == job


def test_a_job_is_sent_with_a_delay_and_a_dead_one_with_its_reason() -> None:
    sqs = Sqs()
    SubscriptionQueue(sqs, "https://queue").put_later(SellerJob("A1"), 40)
    DeadJobs(sqs, "https://dead").put("text", "r" * 5000)
    later, dead = sqs.single
    assert later == {"QueueUrl": "https://queue", "MessageBody": '{"sellerId":"A1"}', "DelaySeconds": 40}
    assert (dead["QueueUrl"], dead["MessageBody"]) == ("https://dead", "text")
    assert dead["MessageAttributes"]["reason"] == {"DataType": "String", "StringValue": "r" * 1000}


def test_sends_ten_at_a_time() -> None:
    sqs = Sqs()
    SubscriptionQueue(sqs, "https://queue").put(SellerJob(f"A{n}") for n in range(23))
    assert sqs.calls == 3
    assert [json.loads(body)["sellerId"] for body in sqs.bodies] == [f"A{n}" for n in range(23)]


def test_each_is_sent_with_its_delay() -> None:
    sqs = Sqs()
    SubscriptionQueue(sqs, "https://queue").put_delayed([(SellerJob("A1"), 95), (SellerJob("A2"), 0)])
    assert sqs.delays == [95, 0]


def test_nothing_to_send_calls_nothing() -> None:
    sqs = Sqs()
    SubscriptionQueue(sqs, "https://queue").put([])
    assert sqs.calls == 0


def test_refused_entries_of_an_answer_200_are_told_by_name() -> None:
    sqs = Sqs(failing=frozenset({"A3", "A15"}))
    with pytest.raises(QueueError, match=r"2 sellers.*InternalError") as caught:
        SubscriptionQueue(sqs, "https://queue").put(SellerJob(f"A{n}") for n in range(20))
    assert [job.seller_id for job in caught.value.refused] == ["A3", "A15"]
    assert len(sqs.bodies) == 18
