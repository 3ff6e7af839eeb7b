"""docs/runbook.md: every alarm's heading has six parts, and its commands are ones that there are."""

import re
from pathlib import Path

import pytest

from tests.command_lines import command_lines, fault

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")
PARTS = ["Meaning", "Impact", "Confirm", "Fix", "Verify", "Escalate"]
SECTIONS = dict(re.findall(r"^## (.+?)\n(.+?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


def part(section: str, name: str) -> str:
    found = re.search(rf"^\*\*{name}\.\*\* (.+?)$", section, re.MULTILINE)
    assert found, name
    return found.group(1)


def test_there_are_headings() -> None:
    assert len(SECTIONS) > 20


@pytest.mark.parametrize("heading", SECTIONS)
def test_each_alarm_is_told_in_six_parts(heading: str) -> None:
    section = SECTIONS[heading]
    assert re.findall(r"^\*\*(\w+)\.\*\* \S", section, re.MULTILINE) == PARTS
    # Whoever was woken types: where it is found out and mended, what to type stands there.
    assert re.search(r"`[a-z/]+ ?[a-z-]*[^`]*`|\]\(#", part(section, "Confirm")), heading
    assert re.search(r"`[^`]+`|\]\(#|of each; begin", part(section, "Fix")), heading


@pytest.mark.parametrize("line", sorted(set(command_lines(TEXT))))
def test_each_command_is_one_that_there_is(line: str) -> None:
    assert fault(line) is None


def test_links_lead_to_headings() -> None:
    names = {heading.lower().replace(" ", "-") for heading in SECTIONS}
    links = set(re.findall(r"\]\(#([a-z-]+)\)", TEXT))
    assert links <= names


def test_a_command_that_there_is_not_is_noticed() -> None:
    assert fault("bin/sellerbus nonsense") == "bin/sellerbus nonsense: no such command: nonsense"
    assert fault("bin/sellerbus feeds") == "bin/sellerbus feeds: no such command: the group alone"
    assert (
        fault("bin/sellerbus feeds list --nonsense")
        == "bin/sellerbus feeds list --nonsense: no such option: --nonsense"
    )
    assert (
        fault("bin/sellerbus feeds list --state") == "bin/sellerbus feeds list --state: --state wants a value"
    )
    assert fault("bin/sellerbus feeds show") == "bin/sellerbus feeds show: 0 arguments"
    assert fault("bin/sellerbus feeds show TASK OTHER") == "bin/sellerbus feeds show TASK OTHER: 2 arguments"
    assert fault("bin/sellerbus feeds show TASK --stage prod") is None
