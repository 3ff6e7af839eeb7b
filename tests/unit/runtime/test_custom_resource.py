"""CloudFormation gets an answer in every case, one that it can read, and none too late."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from sellerbus.api.errors import CredentialsError
from sellerbus.runtime import custom_resource
from sellerbus.runtime.custom_resource import (
    ANSWER_SECONDS,
    LONGEST_RESPONSE_BYTES,
    STOP_SECONDS,
    Request,
    Result,
    UnansweredError,
)

URL = "https://cloudformation.test/answer?Signature=SECRET"


@dataclass
class Context:
    seconds: float = 60.0
    started: float = field(default_factory=time.monotonic)
    aws_request_id: str = "request-1"
    log_group_name: str = "/aws/lambda/x"

    def get_remaining_time_in_millis(self) -> int:
        return int((self.seconds - (time.monotonic() - self.started)) * 1000)


@dataclass
class Reply:
    status_code: int


@dataclass
class Session:
    """Takes the answers; fails as scripted first."""

    failures: list[int | Exception] = field(default_factory=list)
    puts: list[dict[str, Any]] = field(default_factory=list)

    def put(self, url: str, *, data: bytes, headers: Mapping[str, str], timeout: float) -> Reply:
        assert url == URL
        assert dict(headers) == {"content-type": ""}
        assert timeout < ANSWER_SECONDS
        self.puts.append(json.loads(data))
        if self.failures:
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return Reply(failure)
        return Reply(200)


@dataclass
class Log:
    lines: list[str] = field(default_factory=list)

    def error(self, msg: object, *, exc_info: Any) -> None:
        self.lines.append(str(msg))


def event(kind: str = "Create", **changes: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "RequestType": kind,
        "ResponseURL": URL,
        "StackId": "stack-1",
        "RequestId": "cfn-1",
        "LogicalResourceId": "Destination",
        "ResourceProperties": {"Name": "n"},
    }
    if kind != "Create":
        whole["PhysicalResourceId"] = "old-id"
    return whole | changes


def run(
    work: Any,
    sent: Mapping[str, Any] | None = None,
    session: Session | None = None,
    context: Context | None = None,
) -> dict[str, Any]:
    taken = session or Session()
    custom_resource.answer(
        sent or event(),
        context or Context(),
        work=work,
        failed_create_id="not-created",
        session=lambda: taken,
        log=Log(),
        sleep=lambda seconds: None,
    )
    return taken.puts[-1]


def succeed(request: Request) -> Result:
    return Result("new-id", {"DestinationId": "new-id"})


def fail(request: Request) -> Result:
    raise RuntimeError("it broke")


def test_success() -> None:
    assert run(succeed) == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "new-id",
        "Data": {"DestinationId": "new-id"},
        "RequestId": "cfn-1",
        "StackId": "stack-1",
        "LogicalResourceId": "Destination",
    }


def test_failure_tells_an_operator_what_and_where_but_no_stack_trace() -> None:
    body = run(fail)
    assert body["Status"] == "FAILED"
    assert body["Reason"] == "RuntimeError: it broke (request request-1, log group /aws/lambda/x)"
    assert {"RequestId", "StackId", "LogicalResourceId"} <= set(body)


def test_our_own_errors_speak_for_themselves() -> None:
    def work(request: Request) -> Result:
        raise CredentialsError(
            "LWA credentials", "the secret has no value yet", hint="Run: sellerbus secrets set"
        )

    assert run(work)["Reason"].startswith(
        "LWA credentials: the secret has no value yet. Run: sellerbus secrets"
    )


def test_the_physical_id_of_a_failed_create_is_known_and_of_others_stays() -> None:
    assert run(fail)["PhysicalResourceId"] == "not-created"
    assert run(fail, event("Update"))["PhysicalResourceId"] == "old-id"
    assert run(fail, event("Delete"))["PhysicalResourceId"] == "old-id"


def test_the_delete_that_follows_a_failed_create_is_told_so() -> None:
    seen: list[bool] = []

    def work(request: Request) -> Result:
        seen.append(request.of_failed_create)
        return Result(request.physical_id)

    run(work, event("Delete", PhysicalResourceId="not-created"))
    run(work, event("Delete"))
    assert seen == [True, False]


def test_even_what_is_no_exception_is_answered() -> None:
    def work(request: Request) -> Result:
        raise SystemExit(3)

    assert run(work)["Status"] == "FAILED"


def test_an_unknown_request_type_is_answered() -> None:
    body = run(succeed, event("Replace"))
    assert body["Status"] == "FAILED"
    assert "'Replace'" in body["Reason"]


def test_a_second_delivery_is_answered_the_same() -> None:
    session = Session()
    assert run(succeed, session=session) == run(succeed, session=session)


def test_the_request_reads_its_properties() -> None:
    seen: list[Request] = []

    def work(request: Request) -> Result:
        seen.append(request)
        return Result("x")

    run(
        work,
        event("Update", OldResourceProperties={"Name": "o"}, ResourceProperties={"Name": "n"}),
    )
    (request,) = seen
    assert (request.request_type, request.physical_id) == ("Update", "old-id")
    assert (request.text("Name"), request.old_properties["Name"]) == ("n", "o")
    with pytest.raises(ValueError, match="QueueArn"):
        request.text("QueueArn")


def test_answered_before_the_time_is_over_and_the_work_is_told_to_stop() -> None:
    let_go = threading.Event()
    ended = threading.Event()
    remaining: list[float] = []

    def work(request: Request) -> Result:
        let_go.wait(5)
        remaining.append(request.remaining_seconds())
        ended.set()
        return succeed(request)

    session, context = Session(), Context(seconds=ANSWER_SECONDS + 0.3)
    body = run(work, session=session, context=context)
    assert body["Status"] == "FAILED"
    assert "time was over" in body["Reason"]
    assert context.get_remaining_time_in_millis() / 1000 > ANSWER_SECONDS - 1
    let_go.set()
    ended.wait(5)
    assert remaining == [0.0]
    assert len(session.puts) == 1


def test_the_work_knows_its_time() -> None:
    seen: list[float] = []

    def work(request: Request) -> Result:
        seen.append(request.remaining_seconds())
        return succeed(request)

    run(work, context=Context(seconds=60))
    assert seen[0] == pytest.approx(60 - ANSWER_SECONDS - STOP_SECONDS, abs=0.5)


def test_without_any_time_it_is_still_answered() -> None:
    def work(request: Request) -> Result:
        time.sleep(0.2)
        return succeed(request)

    assert run(work, context=Context(seconds=1))["Status"] == "FAILED"


@pytest.mark.parametrize(
    "failure", [500, 403, ConnectionError("GET /?Signature=SECRET"), TimeoutError("slow")]
)
def test_the_answer_is_delivered_again(failure: int | Exception) -> None:
    session = Session([failure, failure])
    run(succeed, session=session)
    assert len(session.puts) == 3


def test_an_answer_that_nobody_takes_is_an_error_without_the_signed_url() -> None:
    session = Session([ConnectionError("GET /?Signature=SECRET")] * 9)
    with pytest.raises(UnansweredError) as caught:
        run(succeed, session=session)
    assert "SECRET" not in str(caught.value)
    assert len(session.puts) == 4


@pytest.mark.parametrize("text", ["x" * 9000, "\u00fc" * 9000, "\U0001f4a5" * 9000])
def test_a_long_reason_is_cut_to_what_cloudformation_takes(text: str) -> None:
    def work(request: Request) -> Result:
        raise RuntimeError(text)

    body = run(work)
    assert len(json.dumps(body)) <= LONGEST_RESPONSE_BYTES
    assert body["Reason"].endswith("(request request-1, log group /aws/lambda/x)")


def test_attributes_that_are_too_long_fail_with_the_id_that_was_made() -> None:
    body = run(lambda request: Result("new-id", {"Summary": "x" * 5000}))
    assert body["Status"] == "FAILED"
    assert body["PhysicalResourceId"] == "new-id"
    assert "too long" in body["Reason"]


def test_reasons_hold_no_secrets() -> None:
    def work(request: Request) -> Result:
        raise RuntimeError("refused Atzr|IwSECRET at https://x.test/y?Signature=SECRET")

    assert "SECRET" not in run(work)["Reason"]
