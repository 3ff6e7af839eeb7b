"""What gets out of a function: lines without secrets, and errors that say no more than they may."""

from __future__ import annotations

import itertools
import json
import logging
import traceback
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest

from sellerbus.api.errors import PermanentError
from sellerbus.runtime.correlation import correlated, current
from sellerbus.runtime.logs import FunctionLogger, RedactingFormatter, speakable

CONTEXT: Any = SimpleNamespace(aws_request_id="request-1")
NUMBERS = itertools.count()
BUYER = "48110 Buyer Street"


class Log:
    def __init__(self) -> None:
        self.stream = StringIO()
        self.log = FunctionLogger(f"logs-{next(NUMBERS)}", stream=self.stream)

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def it() -> Log:
    return Log()


def test_a_line_has_the_id_of_what_is_worked_on(it: Log) -> None:
    with correlated("task-1"):
        it.log.info("inside")
        it.log.info("told otherwise", correlation_id="event-1")
    it.log.info("outside")
    assert [line.get("correlation_id") for line in it.lines()] == ["task-1", "event-1", None]


def test_texts_and_keys_are_redacted_however_deep(it: Log) -> None:
    it.log.warning(
        "refused Atza|SECRET",
        reason="https://bucket.test/key?X-Amz-Signature=SECRET",
        findings=[{"why": "client_secret=SECRET", "buyerEmail": "x"}],
        payload={"anything": BUYER},
        refreshToken="SECRET",
        seller_id="A1",
    )
    (line,) = it.lines()
    assert "SECRET" not in json.dumps(line)
    assert BUYER not in json.dumps(line)
    assert (line["payload"], line["refreshToken"]) == ("[redacted]", "[redacted]")
    assert line["findings"] == [{"why": "client_secret=[redacted]", "buyerEmail": "[redacted]"}]
    assert line["seller_id"] == "A1"


def test_an_exception_is_told_by_kind_and_place_and_its_causes_too(it: Log) -> None:
    try:
        try:
            int(BUYER)
        except ValueError as error:
            raise PermanentError("getFeed", "refused Atza|SECRET") from error
    except PermanentError:
        it.log.exception("it went wrong")
    (line,) = it.lines()
    assert BUYER not in json.dumps(line)
    assert "SECRET" not in json.dumps(line)
    assert line["exception"].startswith("PermanentError: getFeed: refused [token]")
    assert "ValueError at test_logs.py:" in line["exception"]
    assert line["exception_name"] == "PermanentError"


def test_a_line_that_can_not_be_written_says_so_and_repeats_nothing() -> None:
    record = logging.LogRecord(
        "rotate_secret", logging.INFO, "handler.py", 7, "number %d", (BUYER,), None, "f"
    )
    line = json.loads(RedactingFormatter().format(record))
    assert line["message"] == "a line of the log could not be written"
    assert line["reason"].startswith("TypeError")
    assert (line["location"], line["service"]) == ("f:7", "rotate_secret")
    assert BUYER not in json.dumps(line)


def test_whatever_the_level_is_no_request_to_aws_is_logged_whole(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("botocore.endpoint").debug(
            "Making request with params: %s", {"SecretString": BUYER}
        )
        logging.getLogger("botocore.retries.standard").warning("a warning")
    assert caplog.messages == ["a warning"]


def test_what_was_added_to_an_exception_is_not_told(it: Log) -> None:
    error = PermanentError("getFeed", "refused")
    error.add_note(BUYER)
    it.log.error("it went wrong", exc_info=error)
    assert BUYER not in it.stream.getvalue()


@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ({"taskId": "task-1"}, "task-1"),
        ({"RequestType": "Create", "RequestId": "cfn-1"}, "cfn-1"),
        ({"Records": []}, None),
        ({"taskId": 7}, None),
        ({"taskId": "x" * 257}, None),
        ([], None),
    ],
)
def test_a_handlers_lines_belong_to_its_events_subject(it: Log, event: Any, subject: str | None) -> None:
    @it.log.inject_lambda_context
    def handler(event: Any, context: Any) -> str | None:
        it.log.info("working")
        return current()

    assert handler(event, CONTEXT) == subject
    assert current() is None
    (line,) = it.lines()
    assert (line.get("correlation_id"), line["function_request_id"]) == (subject, "request-1")


def left(it: Log, error: Exception) -> Exception:
    @it.log.inject_lambda_context
    def handler(event: Any, context: Any) -> None:
        try:
            raise KeyError(BUYER)  # noqa: TRY301 - so is it with code that does not care
        except KeyError:
            raise error  # noqa: B904

    with pytest.raises(type(error)) as caught:
        handler({"taskId": "task-1"}, CONTEXT)
    return caught.value


@pytest.mark.parametrize(
    "error", [ValueError(BUYER), KeyError(BUYER), json.JSONDecodeError("Expecting", BUYER, 0)]
)
def test_a_foreign_error_leaves_by_kind_and_place_alone(it: Log, error: Exception) -> None:
    raised = left(it, error)
    told = "".join(traceback.format_exception(raised)) + it.stream.getvalue()
    assert BUYER not in told
    assert type(raised).__name__ == type(error).__name__, "the state machine's rules go by the name"
    assert str(raised).startswith(f"{type(error).__name__} at test_logs.py:")


def test_our_own_error_leaves_with_its_text_redacted(it: Log) -> None:
    raised = left(it, PermanentError("getFeed", "too late"))
    assert str(raised) == "getFeed: too late"
    assert BUYER not in "".join(traceback.format_exception(raised))


def test_an_error_that_is_our_own_by_kind_but_not_redacted_by_its_maker(it: Log) -> None:
    class OwnError(Exception):
        pass

    OwnError.__module__ = "sellerbus.feeds"
    raised = left(it, OwnError("see https://bucket.test/key?X-Amz-Signature=SECRET"))
    assert str(raised) == "see https://bucket.test/key?[query]"
    assert "SECRET" not in it.stream.getvalue()


def test_a_failure_is_logged_with_its_subject_and_kind(it: Log) -> None:
    left(it, PermanentError("getFeed", "too late"))
    (line,) = it.lines()
    assert (line["level"], line["message"]) == ("ERROR", "the function failed")
    assert (line["error_type"], line["correlation_id"]) == ("PermanentError", "task-1")
    assert line["reason"] == "PermanentError: getFeed: too late"


def test_the_error_that_stands_in_is_of_the_same_kind() -> None:
    class StrictError(Exception):
        def __init__(self, one: str, *, two: str) -> None:
            super().__init__(f"{one} {two}")

    stand_in = speakable(StrictError(BUYER, two="x"))
    assert isinstance(stand_in, StrictError)
    assert BUYER not in str(stand_in)
    assert BUYER not in repr(stand_in)
