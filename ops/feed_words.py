"""What the states and outcomes of feed tasks mean, and what a person can do then. docs/feeds.md says more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATES: Final[Mapping[str, str]] = {
    "RECEIVED": "handed over; it is checked within seconds",
    "WAITING": "checked and in order; it waits for its turn: a seller's feeds of one type go one by one",
    "SUBMITTING": "it is its turn: the document is uploaded to Amazon, then createFeed is called",
    "UNCERTAIN": "the answer of createFeed was lost, and getFeeds does not prove what became of it; a person "
    "decides",
    "PROCESSING": "Amazon has it and works on it, for minutes or hours",
    "COLLECTING": "Amazon is done; its processing report is fetched and read",
    "ENDED": "nothing more happens",
}

OUTCOMES: Final[Mapping[str, str]] = {
    "COMPLETED": "Amazon carried out every message",
    "COMPLETED_WITH_ERRORS": "Amazon carried out the feed, but not every message of it",
    "FATAL": "Amazon gave it up; it may have carried out some, all or none of it",
    "CANCELLED": "it was cancelled before Amazon began with it",
    "REFUSED": "it was refused, by the checks made here or by Amazon; Amazon carried out nothing",
    "GIVEN_UP": "it was uncertain and a person gave it up, or nobody decided within 90 days",
    "UNSEEN": "Amazon told no end of it within 90 days",
    "FAILED": "a step of the task failed for good",
}

_WAITS: Final[Mapping[str, str]] = {
    "RECEIVED": "for the check (the function check_feed)",
    "SUBMITTING": "for Amazon to take the document and the feed",
    "UNCERTAIN": "for a person's decision, for at most 90 days; the seller's other feeds go on",
    "PROCESSING": "for the notification FEED_PROCESSING_FINISHED; after a silence getFeed is asked, ever "
    "less often",
    "COLLECTING": "for the processing report (getFeedDocument, whose quota is one in 45 s)",
}
_SETTLING: Final = (
    "for the settle time: the answer of createFeed was lost, and getFeeds is looked at when it is over"
)


def meaning(state: str, outcome: str | None) -> str:
    """Return what the task's state, or the outcome of one that has ended, means."""
    if outcome:
        return OUTCOMES.get(outcome, outcome)
    return STATES.get(state, state)


def waits_for(state: str, submission: str | None) -> str | None:
    """Return what a task waits for; None where that takes a look at its lane, or where it has ended."""
    return _SETTLING if submission == "SETTLING" else _WAITS.get(state)


def advice(
    task_id: str,
    stage: str,
    state: str,
    outcome: str | None,
    *,
    stuck: bool = False,
    source: str = "",
    listed: bool = True,
    call_is_open: bool = False,
) -> tuple[str, ...]:
    """Return what a person can do, a sentence or a command each.

    source: the object that was handed over. listed: whether `errors` has something of it. call_is_open:
    whether createFeed is called now, or was and nobody knows yet what came of it.
    """

    def command(words: str) -> str:
        return f"bin/sellerbus feeds {words} --stage {stage}"

    if outcome == "COMPLETED_WITH_ERRORS":
        return (
            f"see which messages failed: {command(f'errors {task_id}')}",
            f"correct them and submit those again: {command(f'resubmit {task_id} --output FILE')}",
        )
    if outcome == "FATAL":
        read = f"read what Amazon says: {command(f'errors {task_id}')}"
        unread = "Amazon wrote no report that could be read: look in Seller Central for what it carried out"
        return (read if listed else unread, "correct the document and hand it over again, as a new task")
    if outcome == "REFUSED":
        found = f"see what was found: {command(f'errors {task_id}')}"
        return (
            found if listed else "read the reason above: it is all that was found",
            "correct it and hand it over again, with another task id or none",
        )
    if outcome == "UNSEEN":
        return ("ask Amazon's support, naming the feed id; then hand the document over again if need be",)
    if outcome == "FAILED":
        return (
            "read the reason above, and the failed step in the execution",
            "mend the cause, then hand the document over again, as a new task"
            + (f"; it is {source}" if source else ""),
        )
    if outcome == "GIVEN_UP":
        return ("look in Seller Central whether Amazon has the feed, before handing it over again",)
    if outcome:
        return ()
    if state == "UNCERTAIN":
        return (
            f"decide, after a look at Seller Central: {command(f'settle {task_id}')} with --adopt FEED_ID, "
            "--submit-again or --give-up",
        )
    if state in ("RECEIVED", "WAITING"):
        return (f"cancel it, before Amazon hears of it: {command(f'cancel {task_id}')}",)
    if state == "SUBMITTING":
        if call_is_open:
            return (
                "nothing yet: it can't be cancelled before it is known whether there is a feed, which shows "
                "by itself; where it doesn't, the task becomes UNCERTAIN and you decide",
            )
        return (
            "nothing has to be done: what was throttled or failed is tried again by itself",
            f"cancel it, before createFeed is called: {command(f'cancel {task_id}')}",
        )
    if state == "PROCESSING":
        told = (f"cancel it, while Amazon has it in its queue: {command(f'cancel {task_id}')}",)
        late = ("ask Amazon's support, naming the feed id: over eight hours is not usual",)
        return (*late, *told) if stuck else told
    return ()
