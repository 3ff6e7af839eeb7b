"""What the documents promise is what the code does."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from sellerbus.notifications.catalogue import ENTITY_RULES, describe
from sellerbus.notifications.envelope import parse_envelope
from sellerbus.notifications.publishing import build_event
from tests.builders import body, feed_finished, order_change

ROOT = Path(__file__).parents[2]
EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


def _schema() -> Any:
    return json.loads(EVENTS.split("```json\n")[1].split("```")[0])


DOCUMENTS = [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"]
LOCATION = {"bucket": "b", "key": "payloads/e.json", "bytes": 10, "sha256": "a" * 64}


@pytest.mark.parametrize(
    "notification", [order_change(), feed_finished(None), {"notificationType": "X", "payload": 1}]
)
@pytest.mark.parametrize("location", [None, LOCATION])
def test_every_event_fits_the_documented_schema(notification: Any, location: Any) -> None:
    envelope = parse_envelope(body(notification))
    identity = "5c2a5d3e-8b0f-5f1c-9a86-1d0e7d0c6b5e"
    event = build_event(envelope, describe(envelope), identity, stale=True, payload_location=location)
    assert event is not None
    jsonschema.validate(json.loads(event.detail), _schema())


def test_the_documented_kinds_of_entity_are_those_of_the_catalogue() -> None:
    known = {rule.kind for rule in ENTITY_RULES.values() if rule}
    assert set(_schema()["properties"]["entity"]["oneOf"][1]["properties"]["kind"]["enum"]) == known


def test_the_documented_reasons_are_those_of_the_code() -> None:
    source = "".join(
        (ROOT / "lambdas/layers/shared/python/sellerbus/notifications" / name).read_text(encoding="utf-8")
        for name in ("envelope.py", "processing.py")
    )
    used = set(re.findall(r"InvalidNotificationError\(\s*\"([a-z-]+)\"", source)) | {"content-differs"}
    (row,) = [line for line in EVENTS.splitlines() if line.startswith("| `reason`")]
    assert set(re.findall(r"`([a-z-]+)`", row)) - {"reason"} == used


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_and_named_files_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"
    for path in re.findall(
        r"`((?:stacks|tests|lambdas|docs|local|simulator|ops|config|bin)/[\w./-]+)`", text
    ):
        assert (ROOT / path).exists(), f"{document.name} names {path}"
