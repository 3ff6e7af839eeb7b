"""What became of the messages that hand message tasks over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sellerbus.aws.message_queue import Message


class Verdict(StrEnum):
    """What became of a message of the queue. FAILED comes again; the others are done.

    KNOWN: its task is there already. DUPLICATE: another task has the very same message for the buyer.
    REFUSED: its task has ended so. REJECTED: it can become no task, and is a dead letter.
    """

    TAKEN = "taken"
    KNOWN = "known"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    REJECTED = "rejected"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """reason: why, without content. retry_seconds: when a message that isn't done shall come again."""

    message: Message
    verdict: Verdict
    task_id: str | None = None
    reason: str | None = None
    retry_seconds: int = 0

    @property
    def is_done(self) -> bool:
        return self.verdict is not Verdict.FAILED


def defect(error: Exception) -> str:
    """What is told of an exception that nobody foresaw: its kind and place. Its text may hold content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
    return f"defect: {type(error).__name__}{where}"
