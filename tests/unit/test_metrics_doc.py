"""docs/metrics.md names every metric that the functions write, and none that they don't."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from sellerbus.feeds import answers, feed_events
from sellerbus.feeds.changes import events as changes_events
from sellerbus.feeds.changes.gathering import Gathered
from sellerbus.messaging import message_events
from sellerbus.runtime import notification_metrics
from sellerbus.runtime.emf import MetricUnit
from sellerbus.runtime.observability import ENDS
from tests.unit.runtime.test_observability import ENDED_FEED_EVENTS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
LAMBDAS = ROOT / "lambdas"
FUNCTIONS = {path.parent.name for path in LAMBDAS.glob("*/handler.py")}
CODE = sorted(path for path in LAMBDAS.rglob("*.py"))
CALLERS: Final = "every caller"
DIMENSIONS: Final = {"service", "notificationType", "operation", "outcome"}

COUNTERS = {"count", "_count", "add_metric", "warn"}
# Names that are not written where they are counted; what they can be is in NAMED_ELSEWHERE.
COMPUTED = {
    "feed_events.metric_of(event)",
    "METRICS[task.untold]",
    "metric",
    "name",
    "gauge.name",
}
NAMED_ELSEWHERE = {
    *ENDS,
    *(name for name, _ in ENDS.values()),
    *(
        feed_events._METRICS[event]
        for event in (*ENDED_FEED_EVENTS, feed_events.STUCK, feed_events.UNCERTAIN)
    ),
    *message_events.METRICS.values(),
    answers.SUBMITTED,
    answers.ADOPTED,
    *changes_events.counts([]),
    *Gathered().counted,
    *notification_metrics.ALWAYS,
}

Row = tuple[str, str, str, str]


def rows() -> dict[str, Row]:
    """Dimensions, unit, functions and meaning by metric."""
    found: dict[str, Row] = {}
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name = re.fullmatch(r"`([A-Z]\w+)`", cells[0])
        if name and len(cells) == 5:
            assert name[1] not in found, f"{name[1]} has two rows"
            found[name[1]] = (cells[1], cells[2], cells[3], cells[4])
    return found


def texts(node: ast.AST) -> Iterator[str]:
    """The constant texts that an expression can be."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from texts(node.body)
            yield from texts(node.orelse)


def counted(path: Path) -> Iterator[tuple[str | None, str]]:
    """(metric, expression) of each call in a file that counts; None where the name is computed."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    key is not None
                    and isinstance(value, ast.Call)
                    and called(value) in {"counted", "Measured"}
                ):
                    yield from ((text, text) for text in texts(key))
        if not isinstance(node, ast.Call) or not (node.args or node.keywords):
            continue
        metric = next((each.value for each in node.keywords if each.arg == "metric"), None)
        if called(node) in COUNTERS or (called(node) == "Gauge" and node.args):
            argument = metric or (node.args[0] if node.args else None)
            # str.count, and helpers that share the name and count something else, take no metric's name.
            if argument is None or (called(node) in {"count", "_count"} and not is_counter(node, argument)):
                continue
            names = list(texts(argument))
            yield from ((name, name) for name in names)
            if not names:
                yield None, ast.unparse(argument)


def called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def is_counter(node: ast.Call, argument: ast.expr) -> bool:
    names = list(texts(argument))
    if names:
        return all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in names)
    of_self = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "self"
    return of_self or (isinstance(node.func, ast.Name) and ast.unparse(argument) in COMPUTED)


WRITTEN: dict[str, set[str]] = {}
for _path in CODE:
    for _name, _ in counted(_path):
        if _name is not None:
            WRITTEN.setdefault(_name, set()).add(_path.relative_to(LAMBDAS).parts[0])


def test_the_document_has_every_metric_and_no_other() -> None:
    written = {*WRITTEN, *NAMED_ELSEWHERE, *SPELLED_ELSEWHERE}
    assert rows().keys() - written == set(), "documented, and written nowhere"
    assert written - rows().keys() == set(), "written, and not documented"


# Written by code that makes its metrics with names beside them; held by the tests of that code.
SPELLED_ELSEWHERE = {"AmazonDelay", "OwnDelay", "QuotaUsed", "ReportBytesDownloaded", "FeedDuration"} | {
    "FeedMessagesAccepted", "FeedMessagesRefused",
    "ApiThrottled", "ApiClientErrors", "ApiServerErrors",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SPELLED_ELSEWHERE))
def test_what_is_spelled_elsewhere_is_spelled(name: str) -> None:
    assert any(f'"{name}"' in path.read_text(encoding="utf-8") for path in CODE)


def test_no_other_name_is_computed() -> None:
    """One that is must be known here, or its metric could be missing from the document."""
    unknown = {
        f"{path.relative_to(ROOT)}: {expression}"
        for path in CODE
        for name, expression in counted(path)
        if name is None and expression not in COMPUTED
    }
    assert unknown == set()


def test_units_dimensions_and_functions_are_those_that_there_are() -> None:
    sets = {"`service`", "`service`; `service`, `notificationType`", "`service`; `operation`", "`outcome`"}
    for name, (dimensions, unit, functions, _) in rows().items():
        assert dimensions in sets, name
        assert unit in set(MetricUnit), name
        if functions != CALLERS:
            named = functions.split(", ")
            assert named == sorted(named), name
            assert set(named) <= FUNCTIONS, name


def test_a_function_that_counts_in_its_handler_is_in_the_row() -> None:
    for name, places in WRITTEN.items():
        functions = rows()[name][2]
        if functions != CALLERS:
            assert places & FUNCTIONS <= set(functions.split(", ")), name


def test_ends_have_their_outcomes() -> None:
    for metric in ("FeedsEnded", "MessagesEnded"):
        outcomes = {outcome for name, outcome in ENDS.values() if name == metric}
        assert (
            set(re.findall(r"\b[A-Z_]{4,}\b", rows()[metric][3].partition(": ")[2].split(".")[0])) == outcomes
        )


def test_the_stacks_ask_for_metrics_that_there_are() -> None:
    """A name that nobody writes, or other dimensions, make a graph that stays empty."""
    asked: dict[str, set[str]] = {}
    for path in sorted((ROOT / "stacks").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or called(node) not in {"metric", "own", "by"}:
                continue
            for name in (text for argument in node.args[:2] for text in texts(argument)):
                if called(node) == "by" or any(each.arg in DIMENSIONS for each in node.keywords):
                    asked.setdefault(name, set()).update(str(each.arg) for each in node.keywords)
    ours = {name for name in asked if re.fullmatch(r"[A-Z][a-z]+[A-Z][A-Za-z]+", name)}
    assert len(ours) > 20
    assert ours <= rows().keys()
    for name in ours:
        known = set(re.findall(r"`(\w+)`", rows()[name][0]))
        assert asked[name] & DIMENSIONS <= known, name


def test_every_handler_is_entered_through_the_logger() -> None:
    """It is what takes the secrets out of what a function raises."""
    for name in sorted(FUNCTIONS):
        tree = ast.parse((LAMBDAS / name / "handler.py").read_text(encoding="utf-8"))
        (handler,) = (
            each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "handler"
        )
        decorators = [ast.unparse(each).partition(".")[2] for each in handler.decorator_list]
        assert decorators == ["inject_lambda_context"], name
