"""Computes the tables of docs/cost.md: `python -m bench.cost` prints them, with --write it puts them there.

Counts come from bench/cost_counts.py, prices from bench/prices.py; what was neither counted nor listed is an
assumption, and named here.
"""

import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench import cost_counts
from bench.prices import PRICES
from tests.template.synthesis import settings_of, synthesise

_DOCS = Path(__file__).resolve().parent.parent / "docs"
DOCUMENT = _DOCS / "cost.md"
METRICS = _DOCS / "metrics.md"
STAGE = "example"
CALL_SECONDS = 0.02
"""Assumed of an AWS call that a function waits for, with its own code around it. Not measured on AWS."""
RUN_SECONDS = 1.0
"""Assumed of a scheduled run."""
STEP_SECONDS = 1.0
"""Assumed of a step of a feed with a document of ordinary size, or of sending a message."""
GIGABYTES = 0.5
NOTIFICATIONS = 1_000_000
TASKS = 1000
FEED_ROWS = 50
"""Assumed, and more than it is: units of DynamoDB for a feed, which were not counted."""

Amounts = Mapping[str, float]


def million(batch: int) -> Amounts:
    """What a million notifications take that come `batch` at a time, and are archived as many at a time."""
    each = cost_counts.notifications(batch)
    invocations = 2 * each["invocations"]
    # A trace is recorded of one invocation a second and of 5 % of the others.
    traced = min(invocations * NOTIFICATIONS, cost_counts.MONTH_SECONDS)
    traced += 0.05 * (invocations * NOTIFICATIONS - traced)
    once = {
        "SQS requests": each["SQS requests"] + 1 + 2 / batch,
        "Lambda invocations": invocations,
        "Lambda time": (each["calls"] + 1 / batch) * CALL_SECONDS * GIGABYTES,
        "DynamoDB writes": each["DynamoDB writes"],
        "EventBridge events": each["EventBridge events"],
        "S3 writes": 1 / batch,
        "Logs": each["Logs"] + cost_counts.PLATFORM_LOG_BYTES / batch,
    }
    return {**{name: amount * NOTIFICATIONS for name, amount in once.items()}, "Traces": traced}


def feeds() -> Amounts:
    """A thousand feeds of which each is a file of its own."""
    steps = (cost_counts.feed_transitions() - 1) / 2 + 2
    once = {
        "Step Functions": float(cost_counts.feed_transitions()),
        "Lambda invocations": steps,
        "Lambda time": steps * STEP_SECONDS * GIGABYTES,
        "DynamoDB writes": float(FEED_ROWS),
        "DynamoDB reads": float(FEED_ROWS),
        "SQS requests": 6.0,
        "S3 writes": 4.0,
        "EventBridge events": 1.0,
    }
    return {name: amount * TASKS for name, amount in once.items()}


def messages() -> Amounts:
    """A thousand messages to buyers."""
    each = cost_counts.messages()
    once = {
        name: each[name]
        for name in (
            "SQS requests",
            "SQS messages with a group",
            "DynamoDB writes",
            "DynamoDB reads",
            "EventBridge events",
        )
    }
    once["Lambda invocations"] = each["invocations"]
    once["Lambda time"] = each["invocations"] * STEP_SECONDS * GIGABYTES
    return {name: amount * TASKS for name, amount in once.items()}


def fixed(templates: Iterable[cost_counts.Template], *, canary_minutes: int) -> Amounts:
    """A month of a cell in which nothing comes but its own canaries, each a notification that comes alone."""
    counted = cost_counts.fixed(templates)
    runs = counted["Lambda invocations"]
    amounts = {name: float(amount) for name, amount in counted.items() if name in PRICES}
    amounts["Lambda time"] = runs * RUN_SECONDS * GIGABYTES / 2
    amounts["Traces"] = runs
    amounts["Own metrics"] = float(next(iter(_own_metrics().values())))
    canaries = cost_counts.MONTH_SECONDS / (60 * canary_minutes)
    # It isn't archived; coming back to its function is about as much.
    for name, amount in million(1).items():
        amounts[name] = amounts.get(name, 0) + amount / NOTIFICATIONS * canaries
    return amounts


def _own_metrics() -> Mapping[str, int]:
    return cost_counts.own_metrics(METRICS.read_text(encoding="utf-8"))


def dollars(amounts: Amounts) -> float:
    return sum(PRICES[name].of(amount) for name, amount in amounts.items())


def tables(templates: Iterable[cost_counts.Template], *, canary_minutes: int) -> dict[str, str]:
    """The document's tables by their names."""
    idle = fixed(templates, canary_minutes=canary_minutes)
    alone, in_tens, fed, sent = million(1), million(10), feeds(), messages()
    totals = {
        "the cell, idle": dollars(idle),
        "a million notifications, ten at a time": dollars(in_tens),
        "a million notifications, one at a time": dollars(alone),
        "a thousand feeds": dollars(fed),
        "a thousand messages to buyers": dollars(sent),
    }
    return {
        "totals": _table(("what", "USD"), [(name, f"{usd:,.2f}") for name, usd in totals.items()]),
        "idle": _amounts(idle),
        "own-metrics": _table(
            ("written", "metrics", "USD a month"),
            [
                (name, str(number), f"{PRICES['Own metrics'].of(number):.2f}")
                for name, number in _own_metrics().items()
            ],
        ),
        "notifications-in-tens": _amounts(in_tens),
        "notifications-alone": _amounts(alone),
        "feeds": _amounts(fed),
        "messages": _amounts(sent),
        "prices": _table(
            ("what", "USD", "for"),
            [(name, f"{each.usd:.10g}", f"{each.per:,} {each.unit}") for name, each in PRICES.items()],
        ),
    }


def _amounts(amounts: Amounts) -> str:
    ordered = sorted(amounts.items(), key=lambda pair: -PRICES[pair[0]].of(pair[1]))
    rows = [(name, f"{amount:,.0f}", f"{PRICES[name].of(amount):,.2f}") for name, amount in ordered]
    return _table(("what", "how many", "USD"), [*rows, ("**together**", "", f"**{dollars(amounts):,.2f}**")])


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    rule = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, rule, *rows))


def filled(text: str, made: Mapping[str, str]) -> str:
    """The document with its tables made anew; raises ValueError where one has no place in it."""
    for name, table in made.items():
        place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text, times = place.subn(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)  # type: ignore[misc]
        if times != 1:
            raise ValueError(f"{times} places for the table {name}")
    return text


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        # A stage in use tells somebody, and watches whether they hear it.
        settings = settings_of(STAGE).model_copy(update={"alarm_email": "operations@example.com"})
        synthesis = synthesise(STAGE, settings, Path(folder))
        made = tables(
            [each.body for each in synthesis.templates.values()], canary_minutes=settings.canary.minutes
        )
    if "--write" in sys.argv[1:]:
        DOCUMENT.write_text(filled(DOCUMENT.read_text(encoding="utf-8"), made), encoding="utf-8")
    else:
        sys.stdout.write("\n\n".join(f"{name}\n\n{table}" for name, table in made.items()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
