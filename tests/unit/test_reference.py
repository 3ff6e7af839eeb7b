"""docs/REFERENCE.md is what the commands say of themselves."""

import re

from ops.reference import FILE, reference

_COMMAND = re.compile(r"^\| \[`([a-z -]+)`\]\(#([a-z-]+)\) \| (.+) \|$", re.MULTILINE)


def test_the_committed_reference_is_of_the_present_commands() -> None:
    assert FILE.read_text(encoding="utf-8") == reference(), "run `make reference` and commit what it writes"


def test_every_command_is_listed_with_what_it_does_and_leads_to_its_section() -> None:
    text = reference()
    listed = _COMMAND.findall(text)
    sections = re.findall(r"^### (.+)$|^#### (.+)$", text, re.MULTILINE)
    headings = {first or second for first, second in sections}
    assert {"feeds submit", "messages templates put"} <= {name for name, _, _ in listed} <= headings
    assert all(anchor == name.replace(" ", "-") for name, anchor, _ in listed)


def test_options_say_what_they_take_and_what_they_are_without_it() -> None:
    section = reference().split("### messages send\n")[1].split("\n### ")[0]
    assert "| `--order ORDER` | Amazon's order id. (required) |" in section
    assert "| `--wait` |" in section
    assert "(default: 15.0)" in section
