"""The functions' logger: each line says what it belongs to, and nothing gets out that may not.

What a function raises is printed by Lambda itself, past any logger, and is in Step Functions' history: so it
leaves the function with what may be told of it, and nothing else.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from sellerbus.api.redaction import redacted, spoken
from sellerbus.runtime.correlation import correlated, current

LONGEST_SUBJECT: Final = 256

# At DEBUG it writes whole requests and answers, secrets and bodies of messages too, to Lambda's own logger;
# and whoever sets the function's log level in the console sets that one's.
logging.getLogger("botocore").setLevel(logging.WARNING)

Handler = TypeVar("Handler", bound=Callable[..., Any])


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Takes out what a log may not hold, as the last thing before a line is written."""

    def __init__(self) -> None:
        super().__init__(utc=True, serialize_stacktrace=False)

    def format(self, record: Any) -> str:
        """Write a line; one that can't be written is told of, without what it was to say.

        Python's own logging would print its text and its arguments to stderr, past all this.
        """
        try:
            return str(super().format(record))
        except Exception as error:  # noqa: BLE001 - of whatever was to be logged
            return json.dumps(
                {
                    "level": "ERROR",
                    "location": f"{record.funcName}:{record.lineno}",
                    "message": "a line of the log could not be written",
                    "reason": spoken(error),
                    "service": record.name,
                    "correlation_id": current(),
                }
            )

    def serialize(self, log: Any) -> str:
        # Python's own name for what was added to an exception afterwards, by whoever handled it.
        line = {key: value for key, value in log.items() if key != "exception_notes"}
        correlation_id = current()
        if correlation_id is not None:
            line.setdefault("correlation_id", correlation_id)
        return super().serialize(cast("Any", redacted(line)))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        return "\n".join(_told(ei[1]))


class FunctionLogger(Logger):
    """See RedactingFormatter. service: the function's name, from POWERTOOLS_SERVICE_NAME unless given."""

    def __init__(self, service: str | None = None, **options: Any) -> None:
        super().__init__(service, logger_formatter=RedactingFormatter(), **options)

    def inject_lambda_context(self, lambda_handler: Handler) -> Handler:  # type: ignore[override]
        """Decorate a handler: its lines say in which invocation they were written, and for what.

        That is the task or the deployment in its event; for others the handler says `correlated`. What it
        raises is logged, and raised as the same kind of error with what may be told of it.
        """

        @functools.wraps(lambda_handler)
        def handle(event: Any, context: Any) -> Any:
            self.append_keys(function_request_id=getattr(context, "aws_request_id", None))
            with correlated(_subject(event)):
                try:
                    return lambda_handler(event, context)
                except Exception as error:  # noqa: BLE001 - raised again below, without what it may repeat
                    self.error(
                        "the function failed",
                        error_type=type(error).__name__,
                        reason=spoken(error),
                        exc_info=error,
                    )
                    raise speakable(error) from None

        return cast("Handler", handle)


def speakable(error: Exception) -> Exception:
    """Return an error of the same kind and name, whose text may be read by anybody.

    The name stays because the state machine's rules go by it, the kind because callers do.
    """
    kind = type(error)
    text = spoken(error).removeprefix(f"{kind.__name__}: ")
    if text == str(error):
        return error
    said: Any = type(kind.__name__, (kind,), {"__module__": kind.__module__, "__str__": lambda _: text})
    stand_in = said.__new__(said)
    stand_in.args = (text,)
    return cast("Exception", stand_in.with_traceback(error.__traceback__))


def _subject(event: object) -> str | None:
    """What an invocation is about where its event is about one thing: a task, or a CloudFormation request."""
    if not isinstance(event, Mapping):
        return None
    subject = event.get("taskId", event.get("RequestId"))
    return subject if isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT else None


def _told(error: BaseException | None) -> Iterator[str]:
    """An exception and those it came from, newest first, each with its places and without source texts."""
    while error is not None:
        yield spoken(error)
        trace = error.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            yield f"  {code.co_filename}:{trace.tb_lineno} in {code.co_name}"
            trace = trace.tb_next
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
